//! Random networks: what is written says what the document says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn address() -> impl Strategy<Value = String> {
    prop_oneof![
        (1u32..0xdfff_ffff, 1u8..=32).prop_map(|(ip, len)| format!("{}/{len}", Ipv4Addr::from_bits(ip))),
        (1u128..0xfe00 << 112, 1u8..=128).prop_map(|(ip, len)| format!("{}/{len}", Ipv6Addr::from_bits(ip))),
    ]
}

/// Destination and gateway of one family, and a metric.
fn route() -> impl Strategy<Value = (String, String, Option<u32>)> {
    let v4 = (any::<u32>(), 0u8..=32, 1u32..0xdfff_ffff).prop_map(|(to, len, via)| {
        let to = ipnet::Ipv4Net::new(Ipv4Addr::from_bits(to), len).unwrap().trunc();
        (to.to_string(), Ipv4Addr::from_bits(via).to_string())
    });
    let v6 = (any::<u128>(), 0u8..=128, 1u128..0xfe00 << 112).prop_map(|(to, len, via)| {
        let to = ipnet::Ipv6Net::new(Ipv6Addr::from_bits(to), len).unwrap().trunc();
        (to.to_string(), Ipv6Addr::from_bits(via).to_string())
    });
    let default = (1u32..0xdfff_ffff).prop_map(|via| ("default".to_owned(), Ipv4Addr::from_bits(via).to_string()));
    (prop_oneof![v4, v6, default], any::<Option<u32>>()).prop_map(|((to, via), metric)| (to, via, metric))
}

/// The routes of a file, each as destination, gateway and metric; `default` and `/0` are the same.
fn written_routes(text: &str) -> Vec<(String, String, Option<u32>)> {
    let zero = |via: &str| if via.contains(':') { "::/0" } else { "0.0.0.0/0" }.to_owned();
    let mut routes: Vec<_> = values(text, "Network", "Gateway")
        .into_iter()
        .map(|via| (zero(via), via.to_owned(), None))
        .collect();
    let lines = read_ini(text);
    let sections: std::collections::BTreeSet<usize> = lines
        .iter()
        .filter(|line| line.1 == "Route")
        .map(|line| line.0)
        .collect();
    for section in sections {
        let get = |key| {
            lines
                .iter()
                .find(|line| line.0 == section && line.2 == key)
                .map(|line| line.3.to_owned())
        };
        let via = get("Gateway").unwrap();
        let metric = get("Metric").map(|metric| metric.parse().unwrap());
        routes.push((get("Destination").unwrap_or_else(|| zero(&via)), via, metric));
    }
    routes.sort();
    routes
}

proptest! {
    #[test]
    fn the_file_says_what_the_document_says(
        addresses in prop::collection::vec(address(), 0..4),
        routes in prop::collection::vec(route(), 0..4),
        servers in prop::collection::vec(any::<IpAddr>(), 0..4),
        search in prop::collection::vec("~?[a-z0-9_]{1,8}(\\.[a-z0-9]{1,8}){0,3}", 0..4),
        (dhcp4, dhcp6, optional) in any::<(bool, bool, bool)>(),
    ) {
        let listed: Vec<_> = routes.iter().map(|(to, via, metric)| serde_json::json!({"to": to, "via": via, "metric": metric})).collect();
        let document = serde_json::json!({"ethernets": {"eth0": {
            "addresses": addresses, "routes": listed, "dhcp4": dhcp4, "dhcp6": dhcp6, "optional": optional,
            "nameservers": {"addresses": servers, "search": search},
        }}});
        let plan = Rig::offline().plan(&document.to_string());
        let text = &files(&plan)["10-firstlight-eth0.network"];

        prop_assert_eq!(values(text, "Network", "Address"), addresses);
        let shown: Vec<String> = servers.iter().map(ToString::to_string).collect();
        prop_assert_eq!(values(text, "Network", "DNS"), shown);
        prop_assert_eq!(values(text, "Network", "Domains").join(" "), search.join(" "));
        let mut expected: Vec<_> = routes
            .into_iter()
            .map(|(to, via, metric)| (if to == "default" { "0.0.0.0/0".to_owned() } else { to }, via, metric))
            .collect();
        expected.sort();
        prop_assert_eq!(written_routes(text), expected);
        let dhcp = ["no", "ipv4", "ipv6", "yes"][usize::from(dhcp4) + 2 * usize::from(dhcp6)];
        prop_assert_eq!(values(text, "Network", "DHCP"), [dhcp]);
        prop_assert_eq!(values(text, "Link", "RequiredForOnline").len(), usize::from(optional));
        prop_assert_eq!(values(text, "Match", "Name"), ["eth0"]);
    }

    /// Whatever texts a document holds: an error, or files in their directory whose lines are sections and assignments of
    /// keys that are ours.
    #[test]
    fn no_text_leaves_its_line(texts in prop::collection::vec(any::<String>(), 7)) {
        let document = serde_json::json!({"ethernets": {&texts[0]: {
            "match": {"name": &texts[1], "driver": [&texts[2]]},
            "set-name": &texts[3],
            "nameservers": {"search": [&texts[4]]},
            "dhcp4-overrides": {"hostname": &texts[5]},
            "macaddress": &texts[6],
        }}});
        // One bad text hides the others: each is tried alone as well.
        let keys = ["match", "set-name", "nameservers", "dhcp4-overrides", "macaddress"];
        for kept in keys {
            let mut one = document.clone();
            let interface = one["ethernets"][&texts[0]].as_object_mut().unwrap();
            interface.retain(|key, _| key == kept || key == "match");
            if kept != "match" {
                interface["match"] = serde_json::json!({"name": "eth0"});
            }
            let Ok(network) = serde_json::from_value(one) else { continue };
            let config = Config { network: Some(network), ..Config::default() };
            let rig = Rig::offline();
            let root = Root::open(rig.tree.path()).unwrap();
            let plan = Network.plan(&config, &Machine::new(&root, &rig.facts)).unwrap();
            for (name, text) in files(&plan) {
                prop_assert!(name.starts_with("10-firstlight-") && !name.contains('/'));
                prop_assert!(name.len() <= 255);
                prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
                let sections = text.lines().filter(|line| line.starts_with('[')).count();
                prop_assert!(sections <= 4, "{}", text);
                prop_assert_eq!(text.matches("[Match]\n").count(), 1);
            }
        }
    }
}
