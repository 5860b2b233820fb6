//! Recordings of cloud-init: what it makes of plain networks, we do too.

use std::collections::BTreeSet;

use super::*;
use crate::document::{Document, Text, Texts};

/// Where we mean something else on purpose: which input, and why.
const DIFFERENCES: &[(&str, &str)] = &[
    (
        "artifacts/no_matching_mac_v2",
        "`match.name` is used; cloud-init writes the ID as the name",
    ),
    (
        "artifacts/photon_net_config_v2",
        "a value that is no word of `arp-all-targets` is refused; cloud-init passes it on, and networkd ignores it",
    ),
    (
        "bond_v2",
        "a gateway outside of the subnets is refused without `on-link`",
    ),
    ("bridge/yaml_v2", "`stp: false` is written; cloud-init leaves it out"),
    (
        "large_v2",
        "a group's hardware address is refused: the kernel gives it to no link",
    ),
    (
        "probe/bond_arp_ip_targets",
        "a list of addresses is taken; cloud-init fails",
    ),
    ("probe/bridge", "`stp: false` is written; cloud-init leaves it out"),
    (
        "probe/bridge_no_interfaces_key",
        "a bridge without ports is made; cloud-init fails",
    ),
    (
        "probe/bridge_stp_false_default",
        "`stp: false` is written; cloud-init leaves it out",
    ),
    ("probe/dummy_devices", "dummy devices are made; cloud-init fails"),
    (
        "probe/vlan_link_by_id_setname",
        "the link of a VLAN is found by its ID; cloud-init leaves the VLAN without one",
    ),
    ("probe/vrfs", "VRFs are made; cloud-init fails"),
    ("probe/wifis", "networkd has nothing for it, and says so"),
    (
        "v2-bridges-set-name",
        "the ports of a bridge are found by their IDs; cloud-init leaves the bridge without any",
    ),
    (
        "probe/address_options",
        "addresses with options are refused with a reason; cloud-init crashes",
    ),
    (
        "probe/dhcp6_overrides_all",
        "the host name for DHCPv6 is written; cloud-init ignores it",
    ),
    (
        "probe/gateway_without_addresses",
        "the gateway of a DHCP link is kept; cloud-init drops it",
    ),
    (
        "probe/injection_ifname_path",
        "an ID with `/` is refused; cloud-init writes outside of its directory",
    ),
    (
        "probe/match_name_glob",
        "`match.name` is used; cloud-init writes the ID as the name",
    ),
    (
        "probe/routes_without_address",
        "a gateway that can't be reached is refused; cloud-init drops the route",
    ),
    ("probe/typo_key", "unknown keys are refused; cloud-init ignores them"),
    (
        "test_netconfig/V2_PASSTHROUGH_NET_CFG",
        "a gateway outside of the subnets is refused without `on-link`",
    ),
    ("test_netconfig/V2_PASSTHROUGH_NET_CFG_OUTPUT", "the same"),
    (
        "test_networkd/dhcp4domain_vs_override",
        "dhcp4domain is no key of netplan: refused",
    ),
    (
        "test_networkd/dhcp6domain_vs_override",
        "dhcp6domain is no key of netplan: refused",
    ),
    (
        "v2-mixed-routes",
        "one IPv6 address is a /128; cloud-init makes a /64 of it. A route's MTU is kept",
    ),
    ("v2-mixed-routes-reversed", "the same"),
];

#[test]
fn plain_networks_mean_what_they_mean_for_cloud_init() {
    let cases = recorded();
    let listed = DIFFERENCES.iter().map(|(name, _)| *name);
    let mut unused: BTreeSet<&str> = listed.filter(|name| cases.contains_key(*name)).collect();
    let (mut compared, mut wrong) = (0, Vec::new());
    for (name, case) in &cases {
        let Some(input) = version_2(case) else { continue };
        compared += 1;
        let is_listed = unused.remove(name.as_str());
        let outcome = outcome(&input, case);
        match outcome {
            Ok(()) if is_listed => wrong.push(format!("{name}: is listed as different, and is the same")),
            Err(why) if !is_listed => wrong.push(format!("{name}: {why}")),
            _ => {}
        }
    }
    assert!(compared > 10, "only {compared} cases");
    assert!(unused.is_empty(), "listed but not there: {unused:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What cloud-init makes of inputs of our own; and of those of its own tests, where a recording of them lies beside the
/// repository: they are its authors' text, so that none of them is in it.
pub(super) fn recorded() -> BTreeMap<String, serde_json::Value> {
    let own = include_str!("../../../../tests/oracles/networkd.json");
    let mut cases: BTreeMap<String, serde_json::Value> = serde_json::from_str(own).unwrap();
    // The repository's root, or a worktree two folders below the house.
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = ["../shared", "../../shared"].map(|shared| repository.join(shared));
    let mut beside = beside
        .iter()
        .filter_map(|shared| std::fs::read_to_string(shared.join("oracles/cloud-init-networkd.json")).ok());
    if let Some(text) = beside.next() {
        let theirs: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
        cases.extend(theirs);
    }
    cases
}

/// The `network` mapping of an input that is version 2.
fn version_2(case: &serde_json::Value) -> Option<serde_json::Value> {
    let input: serde_json::Value = serde_yaml::from_str(case["input_yaml"].as_str()?).ok()?;
    let network = input.get("network").cloned().unwrap_or(input);
    (network.get("version")? == 2).then_some(network)
}

/// Whether our files mean what cloud-init's mean; else how they differ, or why there are none.
fn outcome(input: &serde_json::Value, case: &serde_json::Value) -> Result<(), String> {
    let text = input.to_string();
    let document = Document::read(&Texts {
        network_config: Some(Text::new("network-config", text.as_bytes())),
        ..Texts::default()
    });
    for problem in &document.diagnostics {
        let path = problem.path.get(1..).unwrap_or_default();
        assert!(is_there(input, path), "no such place: {problem:?}");
    }
    if let Some(error) = document.diagnostics.iter().find(|problem| problem.is_error()) {
        return Err(error.message.clone());
    }
    let config = document.config;
    let rig = Rig::offline();
    let root = Root::open(rig.tree.path()).unwrap();
    let plan = Network.plan(&config, &Machine::new(&root, &rig.facts)).unwrap();
    let ours: Vec<BTreeSet<String>> = files(&plan)
        .iter()
        .filter(|(name, _)| !name.ends_with(".link"))
        .map(|(_, text)| meaning(text))
        .collect();
    let theirs = case["files"].as_object().ok_or("cloud-init fails")?;
    let mut theirs: Vec<BTreeSet<String>> = theirs.values().filter_map(|text| text.as_str()).map(meaning).collect();
    for file in &ours {
        match theirs.iter().position(|other| other == file) {
            Some(place) => drop(theirs.remove(place)),
            None => return Err(format!("ours {file:?}, theirs {theirs:?}")),
        }
    }
    if theirs.is_empty() {
        Ok(())
    } else {
        Err(format!("missing {theirs:?}"))
    }
}

/// Whether there is something at the end of the path.
fn is_there(value: &serde_json::Value, path: &[String]) -> bool {
    path.iter()
        .try_fold(value, |value, key| match value {
            serde_json::Value::Array(items) => key.parse::<usize>().ok().and_then(|number| items.get(number)),
            other => other.get(key),
        })
        .is_some()
}

/// What a file says, however it is written: addresses, routes, servers and settings, without order.
pub(super) fn meaning(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut routes: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (number, section, key, value) in read_ini(text) {
        let value = &canonical(value);
        match (section, key) {
            // cloud-init adds the name to every address and driver, and nothing says that VLANs aren't meant.
            ("Match", "Type") => {}
            // A member of a bond has the bond's address.
            ("Match", "PermanentMACAddress") => {
                all.insert(format!("Match.MACAddress={value}"));
            }
            // netplan's own, which cloud-init leaves out: a link that only exists here waits for no cable, and a part of
            // another one has no address.
            ("Network", "ConfigureWithoutCarrier") => {}
            ("Network", "LinkLocalAddressing") if text.contains("Bond=") || text.contains("Bridge=") => {}
            ("Match", "Name") if text.contains("MACAddress=") || text.contains("Driver=") => {}
            // What netplan says to every DHCP client, and so we do.
            ("DHCPv4", "UseMTU") if value == "yes" => {}
            ("DHCPv4" | "IPv6AcceptRA", "RouteMetric") if value == "100" => {}
            // The default destination goes without saying.
            ("Route", "Destination") if value.ends_with("/0") && text.contains("Gateway=") => {
                routes.entry(number).or_default();
            }
            ("Route", _) => {
                routes.entry(number).or_default().insert(format!("{key}={value}"));
            }
            ("Network", "Gateway") => {
                all.insert(format!("route {:?}", BTreeSet::from([format!("Gateway={value}")])));
            }
            ("Network", "DNS" | "Domains") => {
                all.extend(value.split(' ').map(|one| format!("{key}={}", canonical(one))));
            }
            (_, "Address") => {
                all.insert(format!("Address={value}"));
            }
            _ => {
                all.insert(format!("{section}.{key}={value}"));
            }
        }
    }
    all.extend(routes.values().map(|route| format!("route {route:?}")));
    all
}

/// Values as we write them: cloud-init writes Python's booleans, and addresses as they come.
fn canonical(value: &str) -> String {
    if let Ok(ip) = value.parse::<std::net::IpAddr>() {
        return ip.to_string();
    }
    match (value.parse::<ipnet::IpNet>(), value) {
        (Ok(net), _) => net.to_string(),
        (_, "True") => "yes".to_owned(),
        (_, "False") => "no".to_owned(),
        (_, other) => other.to_owned(),
    }
}
