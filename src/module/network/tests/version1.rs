//! Recordings of cloud-init: what its renderer for networkd makes of version 1, we do too, but for its bugs.

use std::collections::BTreeSet;

use super::oracle::{meaning, recorded};
use super::*;
use crate::document::{Document, Text, Texts};

/// Where we mean something else on purpose: which input, and why.
const DIFFERENCES: &[(&str, &str)] = &[
    (
        "artifacts/openstack_net_config_v1",
        "the hardware address of a group is refused: no link can have it",
    ),
    (
        "bond_v1",
        "two routes over gateways outside of the subnets are left out, and said. The kernel would refuse them",
    ),
    (
        "bridge/yaml_v1",
        "`bridge_stp: 0` is taken; cloud-init drops what is false",
    ),
    (
        "doc/network-config-v1-bridge.yaml",
        "costs and priorities of ports are taken; cloud-init crashes",
    ),
    (
        "doc/network-config-v1-bonded-vlan.yaml",
        "`bond-lacp_rate` is taken; cloud-init drops it",
    ),
    (
        "large_v1",
        "a bridge with the hardware address of a group is refused; cloud-init crashes",
    ),
    ("dhcpv6_stateful", "DHCPv6 is asked for; cloud-init does nothing"),
    (
        "dhcpv6_stateless",
        "router advertisements are asked for; cloud-init does nothing",
    ),
    ("ipv6_slaac", "the same"),
    (
        "doc/network-config-v1-route.yaml",
        "no link reaches the gateway of the route: it is left out, and said. The kernel would refuse it",
    ),
    (
        "doc/network-config-v1-subnet-routes.yaml",
        "the metric of a subnet is that of its routes and of its lease; cloud-init drops it",
    ),
    ("manual", "`control: manual` is taken; cloud-init ignores it"),
    (
        "probe/v1_global_route_two_nics",
        "a global route goes to the link that reaches its gateway; cloud-init gives it to all links",
    ),
    (
        "small_suse_dhcp6/yaml_v1",
        "a link without addresses gets no name servers: it reaches none",
    ),
    ("small_v1", "the same"),
    (
        "v1_ipv4_and_ipv6_static/yaml_v1",
        "the MTU of a subnet is taken, and that of the IPv6 one for IPv6; cloud-init drops both",
    ),
];

#[test]
fn version_1_means_what_it_means_for_cloud_init() {
    let cases = recorded();
    let listed = DIFFERENCES.iter().map(|(name, _)| *name);
    let mut unused: BTreeSet<&str> = listed.filter(|name| cases.contains_key(*name)).collect();
    let (mut compared, mut wrong) = (0, Vec::new());
    for (name, case) in &cases {
        let Some(text) = case["input_yaml"].as_str().filter(|text| is_version_1(text)) else {
            continue;
        };
        compared += 1;
        let is_listed = unused.remove(name.as_str());
        match outcome(text, case) {
            Ok(()) if is_listed => wrong.push(format!("{name}: is listed as different, and is the same")),
            Err(why) if !is_listed => wrong.push(format!("{name}: {why}")),
            _ => {}
        }
    }
    assert!(compared >= 3, "only {compared} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(unused.is_empty(), "listed but not there: {unused:?}");
}

fn is_version_1(text: &str) -> bool {
    text.lines().any(|line| line.trim() == "version: 1")
}

/// Whether our files mean what cloud-init's mean; else how they differ, or why there are none.
fn outcome(text: &str, case: &serde_json::Value) -> Result<(), String> {
    let document = Document::read(&Texts {
        network_config: Some(Text::new("network-config", text.as_bytes())),
        ..Texts::default()
    });
    if let Some(error) = document.diagnostics.iter().find(|told| told.is_error()) {
        return Err(error.in_one_line());
    }
    let rig = Rig::offline();
    let root = Root::open(rig.tree.path()).unwrap();
    let plan = Network
        .plan(&document.config, &Machine::new(&root, &rig.facts))
        .unwrap();
    let mut theirs: Vec<BTreeSet<String>> = case["files"]
        .as_object()
        .ok_or("cloud-init fails")?
        .values()
        .filter_map(|text| text.as_str())
        .map(meaning)
        .collect();
    for (name, text) in files(&plan).iter().filter(|(name, _)| !name.ends_with(".link")) {
        let mut ours = meaning(text);
        // As netplan has it: what is made of other links is there before they have a carrier, and those have no address.
        for netplans in ["Network.ConfigureWithoutCarrier=yes", "Network.LinkLocalAddressing=no"] {
            ours.remove(netplans);
        }
        match theirs.iter().position(|other| *other == ours) {
            Some(place) => drop(theirs.remove(place)),
            None => return Err(format!("{name}: ours {ours:?}, theirs {theirs:?}")),
        }
    }
    match theirs.is_empty() {
        true => Ok(()),
        false => Err(format!("missing {theirs:?}")),
    }
}
