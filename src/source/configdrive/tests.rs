use super::*;
use crate::document::Document;
use crate::source::Rules;
use crate::source::media::images::{folder, iso};
use crate::system::Root;

const META: &str = r#"{"uuid": "0f3c-1", "hostname": "web1.novalocal", "name": "web1", "admin_pass": "hunter2", "keys": [],
        "public_keys": {"laptop": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5 me\n"}}"#;
const NETWORK: &str = r#"{
  "links": [
    {"id": "tap1a", "vif_id": "1", "type": "ovs", "mtu": 1450, "ethernet_mac_address": "FA:16:3E:00:00:01"},
    {"id": "tap2b", "type": "phy", "ethernet_mac_address": "fa:16:3e:00:00:02"}
  ],
  "networks": [
    {"id": "n0", "type": "ipv4", "link": "tap1a", "ip_address": "192.0.2.10", "netmask": "255.255.255.0",
     "routes": [{"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "192.0.2.1"},
                {"network": "198.51.100.0", "netmask": "255.255.255.0", "gateway": "192.0.2.2"}],
     "services": [{"type": "dns", "address": "192.0.2.54"}]},
    {"id": "n1", "type": "ipv6", "link": "tap1a", "ip_address": "2001:db8::10", "netmask": "ffff:ffff:ffff:ffff::",
     "gateway": "2001:db8::1"},
    {"id": "n2", "type": "ipv4_dhcp", "link": "tap2b"}
  ],
  "services": [{"type": "dns", "address": "192.0.2.53"}]
}"#;

fn files<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut files = vec![("openstack/latest/meta_data.json", META)];
    files.extend(more);
    files
}

fn present(verdict: Verdict) -> Seed {
    match verdict {
        Verdict::Present(seed) => *seed,
        other => panic!("{other:?}"),
    }
}

fn broken(verdict: Verdict) -> String {
    match verdict {
        Verdict::Broken(fault) => fault.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_drive_as_nova_writes_it() {
    let vendor = r##"{"cloud-init": "#cloud-config\ndocker: true\n"}"##;
    let files = files(&[
        ("openstack/latest/user_data", "#cloud-config\nhostname: mine\n"),
        ("openstack/latest/vendor_data.json", vendor),
        ("openstack/latest/network_data.json", NETWORK),
    ]);
    let directory = folder(&files);
    let mut seeds = vec![present(from_path(directory.path()))];
    for options in [&["-J", "-r"][..], &["-r"]] {
        if let Some(image) = iso("xorriso", "config-2", options, &files) {
            seeds.push(present(from_path(&image.path)));
            let root = Root::open(directory.path()).unwrap();
            let devices = vec![image.path.clone()];
            seeds.push(present(search(&Places {
                root,
                live: true,
                devices,
                rules: Rules::default(),
            })));
        }
    }
    for seed in seeds {
        let document = Document::read(&seed.texts());
        let shown: Vec<_> = document.diagnostics.iter().map(|d| d.render(false)).collect();
        assert!(!document.has_errors(), "{}", shown.join("\n"));
        assert_eq!(document.meta_data.instance_id.as_deref(), Some("0f3c-1"));
        assert_eq!(document.config.hostname.unwrap().as_str(), "mine");
        let keys = document.config.platform_keys;
        assert!(
            matches!(keys.as_slice(), [key] if key.line().ends_with("5 me")),
            "{keys:?}"
        );
        assert_eq!(document.config.docker.unwrap().enabled, Some(true));
        let network: serde_json::Value = serde_json::from_slice(&seed.network_config.unwrap().bytes).unwrap();
        let expected = json!({"version": 2, "ethernets": {
            "tap1a": {
                "match": {"macaddress": "fa:16:3e:00:00:01"},
                "mtu": 1450,
                "addresses": ["192.0.2.10/24", "2001:db8::10/64"],
                "routes": [
                    {"to": "default", "via": "192.0.2.1"},
                    {"to": "198.51.100.0/24", "via": "192.0.2.2"},
                    {"to": "default", "via": "2001:db8::1"}
                ],
                "nameservers": {"addresses": ["192.0.2.53", "192.0.2.54"]}
            },
            "tap2b": {
                "match": {"macaddress": "fa:16:3e:00:00:02"},
                "dhcp4": true,
                "nameservers": {"addresses": ["192.0.2.53"]}
            }
        }});
        assert_eq!(network, expected);
    }
}

#[test]
fn what_is_no_drive_is_refused_without_being_shown() {
    for (files, words) in [
        (vec![("readme", "x")], "there is no openstack/latest/meta_data.json"),
        (
            vec![("openstack/latest/meta_data.json", "{\"uuid\": hunter2}")],
            "meta_data.json:1:10: is not the JSON",
        ),
        (
            vec![("openstack/latest/meta_data.json", "[\"hunter2\"]")],
            "meta_data.json: the text is not an object",
        ),
    ] {
        let why = broken(from_path(folder(&files).path()));
        assert!(why.contains(words) && !why.contains("hunter2"), "{why}");
    }
}

/// What a drive with this beside [`META`] says, and what is wrong with it: `PLACE: MESSAGE`, the place without the path.
fn read(more: &[(&str, &str)]) -> (Document, Vec<String>) {
    let directory = folder(&files(more));
    let document = Document::read(&present(from_path(directory.path())).texts());
    let told = document.diagnostics.iter().map(|found| {
        let place = found.place();
        let place = place.rsplit_once('/').map_or(place.as_str(), |(_, place)| place);
        let is_own = found.file != "user_data" && !found.file.ends_with("/user_data");
        assert!(
            !is_own || found.excerpt.is_none() && found.hint.as_deref() == Some(ADVICE),
            "{found:?}"
        );
        format!("{place}: {}", found.message)
    });
    let told = told.collect();
    (document, told)
}

/// What a mistake in the network must not cost.
fn assert_identity(document: &Document, case: &str) {
    let config = &document.config;
    assert_eq!(config.hostname.as_ref().unwrap().as_str(), "web1.novalocal", "{case}");
    assert_eq!(config.platform_keys.len(), 1, "{case}");
    assert_eq!(document.meta_data.instance_id.as_deref(), Some("0f3c-1"), "{case}");
}

/// The interfaces of a drive with this `network_data.json`, as Rust shows them, and what is wrong with it.
fn network(text: &str) -> (Vec<(String, crate::document::network::Ethernet)>, Vec<String>) {
    let (document, told) = read(&[("openstack/latest/network_data.json", text)]);
    assert_identity(&document, text);
    let network = document.config.network.unwrap_or_default();
    let ethernets = network.ethernets.into_iter();
    (
        ethernets
            .map(|(id, ethernet)| (id.as_str().to_owned(), ethernet))
            .collect(),
        told,
    )
}

/// A drive with the link `x` and these members of it, and one network on it with these.
fn one(link: &str, network: &str) -> String {
    format!(
        r#"{{"links": [{{"id": "x", "ethernet_mac_address": "fa:16:3e:00:00:02"{link}}}],
            "networks": [{{"link": "x"{network}}}], "services": null}}"#
    )
}

#[test]
fn what_is_null_or_empty_is_absent_and_a_number_may_be_a_text() {
    let dhcp = r#", "type": "ipv4_dhcp""#;
    for (link, mtu) in [
        (r#", "type": null, "mtu": 1450"#, Some(1450)),
        (r#", "type": "phy", "mtu": """#, None),
        (r#", "type": "phy", "mtu": null"#, None),
        (r#", "type": "", "mtu": "1450""#, Some(1450)),
        (r#", "mtu": 1450.0, "vif_id": null"#, Some(1450)),
        ("", None),
    ] {
        let (ethernets, told) = network(&one(link, dhcp));
        assert_eq!(told, Vec::<String>::new(), "{link}");
        let [(id, ethernet)] = ethernets.as_slice() else {
            panic!("{link}")
        };
        assert_eq!((id.as_str(), ethernet.common.dhcp4), ("x", Some(true)), "{link}");
        assert_eq!(ethernet.common.mtu.map(|mtu| mtu.bytes()), mtu, "{link}");
    }
    for (members, address) in [
        (
            r#", "type": "ipv4", "ip_address": "192.0.2.10", "netmask": "255.255.255.0", "gateway": null, "routes": null"#,
            "192.0.2.10/24",
        ),
        (
            r#", "type": null, "ip_address": "192.0.2.10", "netmask": 24, "gateway": "", "services": null"#,
            "192.0.2.10/24",
        ),
        (
            r#", "type": "ipv4", "ip_address": "192.0.2.10/25", "netmask": null, "dns_nameservers": [null, ""]"#,
            "192.0.2.10/25",
        ),
        (
            r#", "type": "ipv6", "ip_address": "2001:db8::1", "netmask": "64", "routes": []"#,
            "2001:db8::1/64",
        ),
        (
            r#", "type": "ipv4", "ip_address": "192.0.2.10", "netmask": """#,
            "192.0.2.10/32",
        ),
    ] {
        let (ethernets, told) = network(&one("", members));
        assert_eq!(told, Vec::<String>::new(), "{members}");
        let addresses: Vec<_> = ethernets[0]
            .1
            .common
            .addresses
            .iter()
            .map(|one| one.address.to_string())
            .collect();
        assert_eq!(
            (addresses, ethernets[0].1.common.routes.len()),
            (vec![address.to_owned()], 0),
            "{members}"
        );
    }
    for text in [
        "",
        " \n",
        "null",
        "{}",
        "\u{feff}{}",
        r#"{"links": null, "networks": "", "services": []}"#,
    ] {
        let (document, told) = read(&[("openstack/latest/network_data.json", text)]);
        assert_identity(&document, text);
        assert_eq!((document.config.network, told), (None, Vec::new()), "{text:?}");
    }
    for text in [
        "",
        "null",
        "{}",
        r#""""#,
        r#"{"cloud-init": null}"#,
        r#"{"cloud-init": ""}"#,
        r#"{"static": {"a": 1}}"#,
    ] {
        let (document, told) = read(&[("openstack/latest/vendor_data.json", text)]);
        assert_identity(&document, text);
        assert_eq!(told, Vec::<String>::new(), "{text:?}");
    }
}

#[test]
fn who_the_machine_is_with_a_detail_off() {
    let uuid = "meta_data.json: uuid: `uuid` is missing";
    for (text, id, name, keys, wrong) in [
        (
            r#"{"uuid": "u", "hostname": null, "public_keys": null}"#,
            Some("u"),
            None,
            0,
            &[][..],
        ),
        (
            r#"{"uuid": "u", "hostname": "", "public_keys": {"a": null, "b": ""}}"#,
            Some("u"),
            None,
            0,
            &[],
        ),
        (
            r#"{"uuid": 17, "hostname": " web1 ", "public_keys": {}}"#,
            Some("17"),
            Some("web1"),
            0,
            &[],
        ),
        (
            r#"{"uuid": "u", "hostname": "web1.", "launch_index": null}"#,
            Some("u"),
            None,
            0,
            &["hostname"],
        ),
        (r#"{"uuid": null, "hostname": "web1"}"#, None, Some("web1"), 0, &[uuid]),
        ("", None, None, 0, &[uuid]),
        (
            r#"{"uuid": "u", "hostname": ["web1"]}"#,
            Some("u"),
            None,
            0,
            &["meta_data.json: hostname: `hostname` is not a text"],
        ),
        (
            r#"{"uuid": "u", "public_keys": {"a": "hunter2", "b": null}}"#,
            Some("u"),
            None,
            0,
            &["meta_data.json: public_keys: "],
        ),
    ] {
        let directory = folder(&[("openstack/latest/meta_data.json", text)]);
        let document = Document::read(&present(from_path(directory.path())).texts());
        let told: Vec<_> = document
            .diagnostics
            .iter()
            .map(|one| format!("{}: {}", one.place(), one.message))
            .collect();
        // One final dot of a name is nothing wrong, where the document's reader takes it.
        let is_dotted = text.contains("web1.");
        let wrong = if is_dotted { &wrong[..told.len()] } else { wrong };
        assert_eq!(told.len(), wrong.len(), "{text}: {told:?}");
        for (told, wrong) in told.iter().zip(wrong) {
            assert!(told.contains(wrong) && !told.contains("hunter2"), "{text}: {told}");
        }
        assert_eq!(document.meta_data.instance_id.as_deref(), id, "{text}");
        if !is_dotted {
            let hostname = document.config.hostname.as_ref().map(|name| name.as_str());
            assert_eq!(hostname, name, "{text}");
        }
        assert_eq!(document.config.platform_keys.len(), keys, "{text}");
    }
}

#[test]
fn a_mistake_costs_its_own_link_and_is_said_where_it_is() {
    let good = r#"{"id": "good", "type": "phy", "ethernet_mac_address": "fa:16:3e:00:00:01"}"#;
    let dhcp = r#"{"link": "good", "type": "ipv4_dhcp"}"#;
    let x = r#"{"id": "x", "type": "phy", "ethernet_mac_address": "fa:16:3e:00:00:02"}"#;
    let address = r#""type": "ipv4", "ip_address": "192.0.2.10", "netmask": "255.255.255.0""#;
    let cases = [
        (
            r#"{"id": "x", "type": "bond", "bond_links": ["eno1", null]}"#,
            "",
            "links[1].bond_links: there is no device `eno1`",
        ),
        (
            r#"{"id": "x", "type": "bond", "bond_links": 7}"#,
            "",
            "links[1].bond_links: `bond_links` is not a list",
        ),
        (
            r#"{"id": "x", "type": "bond", "bond_links": [], "bond_mode": "hunter2"}"#,
            "",
            "links[1]: ",
        ),
        (
            r#"{"id": "x", "type": "vlan", "vlan_id": 7}"#,
            "",
            "links[1].vlan_link: `vlan_link` is missing",
        ),
        (
            r#"{"id": "x", "type": "vlan", "vlan_id": "seven", "vlan_link": "good"}"#,
            "",
            "links[1].vlan_id: `vlan_id` is not a whole number",
        ),
        (
            r#"{"id": "x", "type": "vlan", "vlan_id": 7, "vlan_link": "bad"}"#,
            "",
            "links[1].vlan_link: there is no device `bad`",
        ),
        (
            r#"{"id": "x", "type": "phy"}"#,
            "",
            "links[1].ethernet_mac_address: `ethernet_mac_address` is missing",
        ),
        (
            r#"{"id": "x", "ethernet_mac_address": "hunter2"}"#,
            "",
            "links[1].ethernet_mac_address: ",
        ),
        (
            r#"{"id": null, "ethernet_mac_address": "fa:16:3e:00:00:02"}"#,
            "",
            "links[1].id: `id` is missing",
        ),
        (r#""hunter2""#, "", "links[1]: `links[1]` is not an object"),
        (
            x,
            r#""type": "carrier-pigeon""#,
            "networks[1].type: `type` is not a known network type",
        ),
        (x, r#""type": ["ipv4"]"#, "networks[1].type: `type` is not a text"),
        (
            x,
            "\"id\": 1",
            "networks[1].type: `type` is missing, and so is `ip_address`",
        ),
        (
            x,
            r#""type": "ipv4", "ip_address": "hunter2""#,
            "networks[1].ip_address: `ip_address` is not an IP address",
        ),
        (
            x,
            r#""type": "ipv4", "ip_address": "192.0.2.1", "netmask": "255.0.255.0""#,
            "networks[1].ip_address: `ip_address` has an invalid netmask",
        ),
        (
            x,
            &format!(r#"{address}, "gateway": "hunter2""#),
            "networks[1].gateway: `gateway` is not an IP address",
        ),
        (
            x,
            &format!(r#"{address}, "routes": [{{"network": "0.0.0.0", "netmask": 0, "gateway": null}}]"#),
            "networks[1].routes[0].gateway: `gateway` is missing",
        ),
        (
            x,
            &format!(r#"{address}, "routes": [{{"network": "hunter2", "gateway": "192.0.2.1"}}]"#),
            "networks[1].routes[0].network: `network` is not an IP address",
        ),
        (
            x,
            &format!(r#"{address}, "routes": 7"#),
            "networks[1].routes: `routes` is not a list",
        ),
        (
            x,
            &format!(r#"{address}, "gateway": "192.0.2.10""#),
            "networks[1].gateway: the gateway 192.0.2.10 is the link's own",
        ),
        (
            x,
            r#""type": "ipv4_dhcp", "gateway": "2001:db8::1""#,
            "networks[1].gateway: the gateway 2001:db8::1 can't be reached",
        ),
        (
            x,
            r#""type": "ipv4", "ip_address": "224.0.0.1""#,
            "networks[1].ip_address: `224.0.0.1/32` is a multicast",
        ),
    ];
    for (link, members, words) in cases {
        let on_x = match members {
            "" => String::new(),
            members => format!(r#", {{"link": "x", {members}}}"#),
        };
        let (ethernets, told) = network(&format!(r#"{{"links": [{good}, {link}], "networks": [{dhcp}{on_x}]}}"#));
        let [told] = told.as_slice() else {
            panic!("{words}: {told:?}")
        };
        assert!(
            told.starts_with(&format!("network_data.json: {words}")) && !told.contains("hunter2 "),
            "{told}"
        );
        let ids: Vec<_> = ethernets
            .iter()
            .map(|(id, ethernet)| (id.as_str(), ethernet.common.dhcp4))
            .collect();
        assert_eq!(ids, [("good", Some(true))], "{words}");
    }
}

#[test]
fn a_mistake_beside_the_addressing_costs_no_link() {
    let address = r#", "type": "ipv4", "ip_address": "192.0.2.10/24""#;
    for (link, members, routes, servers, words) in [
        (r#", "mtu": "0""#, "", 0, 0, "links[0].mtu: `mtu` is not a valid MTU"),
        (
            r#", "mtu": "hunter2""#,
            "",
            0,
            0,
            "links[0].mtu: `mtu` is not a whole number",
        ),
        (
            "",
            r#", "routes": [{"network": "10.0.0.0/8", "gateway": "hunter2"}, {"network": "10.0.0.0/8", "gateway": "192.0.2.1"}]"#,
            1,
            0,
            "networks[0].routes[0].gateway: `gateway` is not an IP address",
        ),
        (
            "",
            r#", "routes": [{"network": "10.0.0.0/8"}]"#,
            0,
            0,
            "networks[0].routes[0].gateway: `gateway` is missing",
        ),
        (
            "",
            r#", "dns_nameservers": ["hunter2", "192.0.2.53"]"#,
            0,
            1,
            "networks[0].dns_nameservers[0]: `dns_nameservers[0]` is not an IP",
        ),
        (
            "",
            r#", "services": [{"type": "dns", "address": "hunter2"}, {"type": "dns", "address": "192.0.2.53"}]"#,
            0,
            1,
            "networks[0].services[0].address: `address` is not an IP address",
        ),
        (
            "",
            r#", "services": {"type": "dns"}"#,
            0,
            0,
            "networks[0].services: `services` is not a list",
        ),
        (
            "",
            r#", "services": [7, {"type": "ntp", "address": "x"}]"#,
            0,
            0,
            "networks[0].services[0]: `services[0]` is not an object",
        ),
    ] {
        let (ethernets, told) = network(&one(link, &format!("{address}{members}")));
        let [told] = told.as_slice() else {
            panic!("{words}: {told:?}")
        };
        assert!(told.starts_with(&format!("network_data.json: {words}")), "{told}");
        let ethernet = &ethernets[0].1;
        assert_eq!(
            (
                ethernet.common.routes.len(),
                ethernet.common.nameservers.addresses.len()
            ),
            (routes, servers),
            "{words}"
        );
    }
    for (text, words) in [
        (
            "{\"links\": hunter2}",
            "network_data.json:1:11: the file is not the JSON",
        ),
        ("{\"links\": [", "network_data.json:1:11: the file is not the JSON"),
        ("[7]", "network_data.json: the text is not an object"),
        (
            r#"{"links": {"a": 1}}"#,
            "network_data.json: links: `links` is not a list",
        ),
        (
            r#"{"networks": [{"link": "x", "type": "ipv4_dhcp"}]}"#,
            "networks[0].link: `link` names a link that doesn't exist",
        ),
        (
            r#"{"networks": [{"type": "ipv4_dhcp"}, null]}"#,
            "networks[0].link: `link` is missing",
        ),
    ] {
        let (ethernets, told) = network(text);
        assert!(
            told.len() == 1 && told[0].contains(words) && !told[0].contains("hunter2"),
            "{told:?}"
        );
        assert!(ethernets.is_empty());
    }
    let (document, told) = read(&[("openstack/latest/vendor_data.json", r#"{"cloud-init": ["hunter2"]}"#)]);
    assert_identity(&document, "vendor_data");
    assert_eq!(told, ["vendor_data.json: cloud-init: `cloud-init` is not a text"]);
}

#[test]
fn bonds_and_vlans_are_made_of_the_links_that_they_name() {
    let data = json!({
        "links": [
            {"id": "a", "type": "phy", "ethernet_mac_address": "FA:16:3E:00:00:01", "mtu": 9000},
            {"id": "b", "type": "ovs", "ethernet_mac_address": "fa:16:3e:00:00:02"},
            {"id": "interface-bond0-of-nova", "type": "bond", "bond_links": ["a", "b"], "bond_mode": "802.3ad", "bond_miimon": 100,
             "bond_xmit_hash_policy": "layer3+4", "ethernet_mac_address": "fa:16:3e:00:00:01"},
            {"id": "vlan2", "type": "vlan", "vlan_id": "2", "vlan_link": "interface-bond0-of-nova",
             "vlan_mac_address": "fa:16:3e:00:00:03"},
            {"id": "vlan3", "type": "vlan", "vlan_id": 3, "vlan_link": "interface-bond0-of-nova",
             "vlan_mac_address": "fa:16:3e:00:00:01"},
            {"id": "tap7", "type": "tap", "ethernet_mac_address": "fa:16:3e:00:00:07"},
        ],
        "networks": [
            {"link": "interface-bond0-of-nova", "type": "ipv4_dhcp"},
            {"link": "vlan2", "type": "ipv4", "ip_address": "192.0.2.10", "netmask": "255.255.255.0", "gateway": "192.0.2.1"},
            {"link": "tap7", "type": "ipv4_dhcp"},
        ],
    });
    let mut conversion = Conversion::default();
    let netplan = network::netplan(&data, "x", &mut conversion).unwrap();
    let matching = |mac: &str| json!({"match": {"macaddress": format!("fa:16:3e:00:00:{mac}")}});
    let mut a = matching("01");
    a["mtu"] = json!(9000);
    let mut tap7 = matching("07");
    tap7["dhcp4"] = json!(true);
    let expected = json!({
        "version": 2,
        "ethernets": {"a": a, "b": matching("02"), "tap7": tap7},
        "bonds": {"bond0": {
            "interfaces": ["a", "b"], "macaddress": "fa:16:3e:00:00:01", "dhcp4": true,
            "parameters": {"mode": "802.3ad", "mii-monitor-interval": 100, "transmit-hash-policy": "layer3+4"},
        }},
        "vlans": {
            "vlan2": {
                "id": 2, "link": "bond0", "macaddress": "fa:16:3e:00:00:03", "addresses": ["192.0.2.10/24"],
                "routes": [{"to": "default", "via": "192.0.2.1"}],
            },
            "vlan3": {"id": 3, "link": "bond0"},
        },
    });
    assert_eq!(netplan, expected);
    let (ethernets, told) = network(&data.to_string());
    assert_eq!((ethernets.len(), told), (3, Vec::new()));
}

#[test]
fn a_bond_that_is_wrong_takes_its_members_with_it() {
    let (ethernets, told) = network(
        r#"{"links": [{"id": "a", "type": "phy", "ethernet_mac_address": "fa:16:3e:00:00:01"},
                      {"id": "b", "type": "phy", "ethernet_mac_address": "fa:16:3e:00:00:02"},
                      {"id": "bond0", "type": "bond", "bond_links": ["a"], "bond_mode": "x", "ethernet_mac_address": "fa:16:3e:00:00:01"}],
            "networks": [{"link": "bond0", "type": "ipv4_dhcp"}, {"link": "b", "type": "ipv4_dhcp"}]}"#,
    );
    let ids: Vec<_> = ethernets.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!((ids, told.len()), (vec!["b"], 1), "{told:?}");
}

#[test]
fn dns_servers_of_routes_networks_and_the_whole() {
    let (ethernets, told) = network(
        r#"{"links": [{"id": "x", "ethernet_mac_address": "FA:16:3E:00:00:01"}], "networks": [
            {"type": "ipv4", "link": "x", "ip_address": "192.0.2.10", "netmask": "255.255.255.0", "dns_nameservers": ["192.0.2.52"],
             "routes": [{"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "192.0.2.1",
                         "services": [{"type": "dns", "address": "192.0.2.53"}, {"type": "dns", "address": "192.0.2.55"}]}],
             "services": [{"type": "dns", "address": "192.0.2.54"}]}],
            "services": [{"type": "dns", "address": "192.0.2.55"}]}"#,
    );
    let servers: Vec<_> = ethernets[0]
        .1
        .common
        .nameservers
        .addresses
        .iter()
        .map(|ip| ip.0.to_string())
        .collect();
    assert_eq!(servers, ["192.0.2.55", "192.0.2.52", "192.0.2.54", "192.0.2.53"]);
    assert_eq!(told, Vec::<String>::new());
}

#[test]
fn a_gateway_outside_of_the_subnet_is_on_link() {
    let (ethernets, told) = network(
        r#"{"links": [{"id": "x", "ethernet_mac_address": "fa:16:3e:00:00:01"}], "networks": [
            {"type": "ipv4", "link": "x", "ip_address": "198.51.100.20/32", "gateway": "203.0.113.1", "routes": []},
            {"type": "ipv6", "link": "x", "ip_address": "2001:db8:cafe::5/64", "gateway": "2001:db8:ffff::1"}]}"#,
    );
    let routes: Vec<_> = ethernets[0]
        .1
        .common
        .routes
        .iter()
        .map(|route| (route.to_string(), route.on_link))
        .collect();
    let expected = [
        ("default via 203.0.113.1", Some(true)),
        ("default via 2001:db8:ffff::1", Some(true)),
    ];
    assert_eq!(routes, expected.map(|(route, on_link)| (route.to_owned(), on_link)));
    assert_eq!(told, Vec::<String>::new());
}

#[test]
fn a_drive_is_bounded() {
    let links: Vec<_> = (0..50_000)
        .map(|n| json!({"id": format!("l{n}"), "ethernet_mac_address": format!("fa:16:3e:00:{:02x}:{:02x}", n / 256 % 256, n % 256)}))
        .collect();
    let networks: Vec<_> = (0..50_000)
        .map(|n| json!({"link": format!("l{n}"), "type": "ipv4_dhcp"}))
        .collect();
    let services: Vec<_> = (0..50_000)
        .map(|n: u32| json!({"type": "dns", "address": std::net::Ipv4Addr::from(n + 1)}))
        .collect();
    let mut conversion = Conversion::default();
    let data = json!({"links": links, "networks": networks, "services": services});
    let netplan = network::netplan(&data, "x", &mut conversion).unwrap();
    assert_eq!(netplan["ethernets"].as_object().unwrap().len(), 1024);
    assert_eq!(
        netplan["ethernets"]["l7"]["nameservers"]["addresses"]
            .as_array()
            .unwrap()
            .len(),
        64
    );
    let told: Vec<_> = conversion.diagnostics().iter().map(|one| one.place()).collect();
    assert_eq!(told[..3], ["x: links[1024]", "x: networks[1024]", "x: services[1024]"]);
    assert!(told.len() <= 50, "{}", told.len());
}

#[test]
fn a_network_in_the_user_data_makes_up_for_what_the_drive_can_not_say() {
    let bond = r#"{"links": [{"id": "b0", "type": "bond", "ethernet_mac_address": "fa:16:3e:00:00:01"}, {"id": "t",
        "ethernet_mac_address": "fa:16:3e:00:00:02"}], "networks": [{"link": "t", "type": "ipv4_dhcp"}]}"#;
    for network in [bond, "{hunter2", "[7]"] {
        let user = (
            "openstack/latest/user_data",
            "network: {ethernets: {eth0: {dhcp4: true}}}\n",
        );
        let (document, told) = read(&[("openstack/latest/network_data.json", network), user]);
        assert!(!document.has_errors() && !told.is_empty(), "{told:?}");
        let network = document.config.network.unwrap();
        let ids: Vec<_> = network.ethernets.keys().map(|id| id.as_str()).collect();
        assert_eq!(ids, ["eth0"]);
    }
}

#[test]
fn what_would_take_more_room_in_memory_than_in_its_text_is_not_read() {
    let many = format!("{{\"links\": [{}[]]}}", "[],".repeat(1_000_000));
    let (document, told) = read(&[("openstack/latest/network_data.json", many.as_str())]);
    assert_identity(&document, "many members");
    assert_eq!(
        told,
        ["network_data.json: the file has more than 250000 members, the limit"]
    );
}

fn places(devices: &[&std::path::PathBuf], root: &std::path::Path) -> Places {
    Places {
        root: Root::open(root).unwrap(),
        live: true,
        devices: devices.iter().map(|device| (*device).clone()).collect(),
        rules: Rules::default(),
    }
}

/// A drive that fails, or is cut off, is not one that isn't there.
#[test]
fn a_drive_that_cannot_be_read_is_not_absent() {
    let root = tempfile::tempdir().unwrap();
    let look = |devices: &[&std::path::PathBuf]| search(&places(devices, root.path()));
    let (failing, gone) = ("/dev/null".into(), "/nonexistent/sr0".into());
    assert!(matches!(look(&[&gone]), Verdict::Absent(_)));
    let verdict = look(&[&gone, &failing]);
    assert!(
        matches!(&verdict, Verdict::Unknown(fault) if fault.place == "/dev/null"),
        "{verdict:?}"
    );
    let Some(drive) = iso("xorriso", "config-2", &["-J", "-r"], &files(&[])) else {
        return;
    };
    present(look(&[&failing, &drive.path]));
    drive.cut(drive.bytes().len() as u64 / 2);
    let why = broken(look(&[&failing, &drive.path]));
    assert!(why.contains("it was cut off; copy or rebuild it"), "{why}");
}
