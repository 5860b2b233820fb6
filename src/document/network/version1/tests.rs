//! What version 1 becomes in version 2, and what is wrong with it.

use serde_json::{Value, json};

use super::*;
use crate::document::yaml::{parse, to_json};
use crate::document::{Document, Texts};

/// The network of version 2 that these items become, with what is said of them.
fn translated(items: &str) -> (Value, Vec<String>) {
    let text = format!("version: 1\nconfig:\n{items}");
    let network = parse(&text, 0).unwrap().root.unwrap();
    assert!(is_version_1(&network));
    let made = to_version_2(&network, &[], &mut Budget::default());
    let said = made.found.into_iter();
    let mut network = to_json(&made.network);
    assert_eq!(network.as_object_mut().unwrap().remove("version"), Some(json!(1)));
    (
        network,
        said.map(|finding| format!("{}: {}", finding.span.line(), finding.told.message))
            .collect(),
    )
}

/// The one Ethernet link that these subnets make, without what is its own.
fn eth0(subnets: &str) -> Value {
    let (network, said) = translated(&format!("- {{type: physical, name: eth0, subnets: {subnets}}}\n"));
    assert_eq!(said, [""; 0], "{subnets}");
    network["ethernets"]["eth0"].clone()
}

#[test]
fn subnets_say_how_a_link_gets_its_addresses() {
    for (subnets, expected) in [
        ("[{type: dhcp}]", json!({"dhcp4": true})),
        ("[{type: dhcp4}, {type: dhcp6}]", json!({"dhcp4": true, "dhcp6": true})),
        ("[{type: ipv6_dhcpv6-stateful}]", json!({"dhcp6": true})),
        ("[{type: ipv6_dhcpv6-stateless}]", json!({"accept-ra": true})),
        ("[{type: ipv6_slaac}]", json!({"accept-ra": true})),
        ("[{type: manual}, {type: loopback}]", json!({})),
        ("[]", json!({})),
        ("null", json!({})),
        (
            "[{type: static, address: 192.0.2.10/24}]",
            json!({"addresses": ["192.0.2.10/24"]}),
        ),
        (
            "[{type: static, address: 192.0.2.10, netmask: 255.255.252.0, gateway: 192.0.2.1}]",
            json!({"addresses": ["192.0.2.10/22"], "routes": [{"to": "default", "via": "192.0.2.1"}]}),
        ),
        (
            "[{type: static, address: 192.0.2.10, netmask: 24}]",
            json!({"addresses": ["192.0.2.10/24"]}),
        ),
        (
            "[{type: static, address: 192.0.2.10, netmask: '24'}]",
            json!({"addresses": ["192.0.2.10/24"]}),
        ),
        (
            "[{type: static, address: 192.0.2.10, prefix: 24}]",
            json!({"addresses": ["192.0.2.10/24"]}),
        ),
        (
            "[{type: static, ip_address: 192.0.2.10/255.255.255.0}]",
            json!({"addresses": ["192.0.2.10/24"]}),
        ),
        (
            "[{type: static6, address: '2001:db8::10', netmask: 64}]",
            json!({"addresses": ["2001:db8::10/64"]}),
        ),
        (
            "[{type: static6, address: '2001:db8::10', netmask: 'ffff:ffff:ffff:ffff::'}]",
            json!({"addresses": ["2001:db8::10/64"]}),
        ),
        (
            "[{type: static, address: 192.0.2.10/24, gateway: null, netmask: '', dns_nameservers: []}]",
            json!({"addresses": ["192.0.2.10/24"]}),
        ),
        // Hosters: the gateway is beside the only address.
        (
            "[{type: static, address: 192.0.2.10/32, gateway: 203.0.113.1}]",
            json!({"addresses": ["192.0.2.10/32"], "routes": [{"to": "default", "via": "203.0.113.1", "on-link": true}]}),
        ),
        (
            "[{type: static, address: 192.0.2.10, netmask: 255.255.255.255, pointopoint: 203.0.113.1, gateway: 203.0.113.1}]",
            json!({"addresses": ["192.0.2.10/32"], "routes": [
                {"to": "203.0.113.1/32", "scope": "link"}, {"to": "default", "via": "203.0.113.1"},
            ]}),
        ),
        (
            "[{type: static6, address: '2001:db8::10/64', gateway: 'fe80::1'}]",
            json!({"addresses": ["2001:db8::10/64"], "routes": [{"to": "default", "via": "fe80::1"}]}),
        ),
        (
            "[{type: static, address: 192.0.2.10/24, dns_nameservers: [192.0.2.53, 192.0.2.54], dns_search: a.test b.test}]",
            json!({"addresses": ["192.0.2.10/24"], "nameservers": {
                "addresses": ["192.0.2.53", "192.0.2.54"], "search": ["a.test", "b.test"],
            }}),
        ),
        (
            "[{type: dhcp4, dns_nameservers: '192.0.2.53,192.0.2.54'}]",
            json!({"dhcp4": true, "nameservers": {"addresses": ["192.0.2.53", "192.0.2.54"]}}),
        ),
        (
            "[{type: dhcp4, metric: 200}, {type: static, address: 192.0.2.10/24, gateway: 192.0.2.1, metric: 100}]",
            json!({"dhcp4": true, "dhcp4-overrides": {"route-metric": 200}, "addresses": ["192.0.2.10/24"],
                "routes": [{"to": "default", "via": "192.0.2.1", "metric": 100}]}),
        ),
        (
            "[{type: static, address: 192.0.2.10/24, mtu: 9000}, {type: static6, address: '2001:db8::1/64', mtu: 1500}]",
            json!({"mtu": 9000, "ipv6-mtu": 1500, "addresses": ["192.0.2.10/24", "2001:db8::1/64"]}),
        ),
        (
            "[{type: dhcp4, control: hotplug}]",
            json!({"dhcp4": true, "optional": true}),
        ),
        ("[{type: dhcp4, control: auto}]", json!({"dhcp4": true})),
        (
            "[{type: manual, control: manual}]",
            json!({"activation-mode": "manual", "optional": true}),
        ),
    ] {
        assert_eq!(eth0(subnets), expected, "{subnets}");
    }
}

#[test]
fn routes_lead_where_they_say() {
    for (route, expected) in [
        (
            "{destination: 198.51.100.0/24, gateway: 192.0.2.2}",
            json!({"to": "198.51.100.0/24", "via": "192.0.2.2"}),
        ),
        (
            "{network: 198.51.100.0, netmask: 255.255.255.0, gateway: 192.0.2.2, metric: 5}",
            json!({"to": "198.51.100.0/24", "via": "192.0.2.2", "metric": 5}),
        ),
        (
            "{network: 198.51.100.9, prefix: 24, gateway: 192.0.2.2, mtu: 1400, table: 7}",
            json!({"to": "198.51.100.0/24", "via": "192.0.2.2", "mtu": 1400, "table": 7}),
        ),
        (
            "{network: 0.0.0.0, netmask: 0.0.0.0, gateway: 192.0.2.2}",
            json!({"to": "default", "via": "192.0.2.2"}),
        ),
        (
            "{network: 0.0.0.0, gateway: 192.0.2.2}",
            json!({"to": "default", "via": "192.0.2.2"}),
        ),
        (
            "{destination: default, gateway: 192.0.2.2}",
            json!({"to": "default", "via": "192.0.2.2"}),
        ),
        (
            "{destination: '::/0', gateway: 'fe80::1'}",
            json!({"to": "default", "via": "fe80::1"}),
        ),
        (
            "{network: '::', netmask: '::', gateway: 'fe80::1'}",
            json!({"to": "default", "via": "fe80::1"}),
        ),
        ("{destination: 198.51.100.0/24}", json!({"to": "198.51.100.0/24"})),
    ] {
        let subnets = format!("[{{type: static, address: 192.0.2.10/24, routes: [{route}]}}]");
        assert_eq!(eth0(&subnets)["routes"], json!([expected]), "{route}");
    }
}

#[test]
fn each_kind_of_item_becomes_a_device_of_its_kind() {
    let mac = "mac_address: 00:50:56:AA:BB:CC";
    for (items, expected) in [
        (
            format!("- {{type: physical, name: eth0, {mac}, mtu: 1400, accept-ra: 'no', keep_configuration: true, wakeonlan: 1, optional: true}}\n"),
            json!({"ethernets": {"eth0": {
                "mtu": 1400, "accept-ra": false, "optional": true, "critical": true, "wakeonlan": true,
                "match": {"macaddress": "00:50:56:AA:BB:CC"}, "set-name": "eth0",
            }}}),
        ),
        (
            "- {type: infiniband, name: ib0, subnets: [{type: dhcp4}]}\n".to_owned(),
            json!({"ethernets": {"ib0": {"dhcp4": true}}}),
        ),
        ("- {type: loopback, name: lo, subnets: [{type: loopback}]}\n".to_owned(), json!({})),
        (
            "- {type: loopback, name: lo, subnets: [{type: static, address: 192.0.2.1/32}]}\n".to_owned(),
            json!({"ethernets": {"lo": {"addresses": ["192.0.2.1/32"]}}}),
        ),
        (
            format!("- {{type: physical, name: eth0}}\n- {{type: vlan, name: eth0.101, vlan_link: eth0, vlan_id: 101, {mac}}}\n"),
            json!({"ethernets": {"eth0": {}}, "vlans": {"eth0.101": {
                "link": "eth0", "id": 101, "macaddress": "00:50:56:AA:BB:CC",
            }}}),
        ),
        (
            format!(
                "- {{type: physical, name: a}}\n- {{type: physical, name: b}}\n\
                 - type: bond\n  name: bond0\n  {mac}\n  bond_interfaces: [a, b]\n  params: {{bond-mode: 1, bond_miimon: 100, \
                 bond-lacp_rate: fast, bond_xmit_hash_policy: layer3+4, bond-arp_ip_target: '192.0.2.1 192.0.2.2', \
                 bond-primary: a, bond-all_slaves_active: 1, bond-num_grat_arp: 3, bond_num_unsol_na: 3}}\n"
            ),
            json!({"ethernets": {"a": {}, "b": {}}, "bonds": {"bond0": {
                "macaddress": "00:50:56:AA:BB:CC", "interfaces": ["a", "b"],
                "parameters": {
                    "mode": "active-backup", "mii-monitor-interval": 100, "lacp-rate": "fast",
                    "transmit-hash-policy": "layer3+4", "arp-ip-targets": ["192.0.2.1", "192.0.2.2"], "primary": "a",
                    "all-members-active": true, "gratuitous-arp": 3,
                },
            }}}),
        ),
        (
            "- {type: physical, name: a}\n\
             - {type: bridge, name: br0, bridge_interfaces: [a], params: {bridge_stp: 'off', bridge_fd: 4, bridge_pathcost: \
             [a 50], bridge_portprio: a 28, bridge_bridgeprio: 22, bridge_ageing: 250, bridge_hello: 1, bridge_maxage: 10, \
             bridge_hw: '00:50:56:00:00:01'}}\n"
                .to_owned(),
            json!({"ethernets": {"a": {}}, "bridges": {"br0": {
                "interfaces": ["a"], "macaddress": "00:50:56:00:00:01", "parameters": {
                    "ageing-time": 250, "priority": 22, "forward-delay": 4, "hello-time": 1, "max-age": 10,
                    "path-cost": {"a": 50}, "port-priority": {"a": 28}, "stp": false,
                },
            }}}),
        ),
        (
            "- {type: physical, name: a}\n- {type: bridge, name: br0, params: {bridge_ports: [a]}}\n".to_owned(),
            json!({"ethernets": {"a": {}}, "bridges": {"br0": {"interfaces": ["a"]}}}),
        ),
    ] {
        let (network, said) = translated(&items);
        assert_eq!((network, said), (expected, Vec::new()), "{items}");
    }
}

#[test]
fn name_servers_and_routes_go_to_the_links_that_they_are_for() {
    let links = "- {type: physical, name: a, subnets: [{type: static, address: 192.0.2.10/24, dns_nameservers: [192.0.2.53]}]}\n\
                 - {type: physical, name: b, subnets: [{type: dhcp4}]}\n- {type: physical, name: c}\n";
    for (items, expected) in [
        (
            "- {type: nameserver, address: 192.0.2.54, search: [x.test]}\n",
            [
                json!({"nameservers": {"addresses": ["192.0.2.53", "192.0.2.54"], "search": ["x.test"]}}),
                json!({"nameservers": {"addresses": ["192.0.2.54"], "search": ["x.test"]}}),
                json!({}),
            ],
        ),
        (
            "- {type: nameserver, search: [x.test]}\n- {type: nameserver, interface: b, address: [192.0.2.55]}\n",
            [
                json!({"nameservers": {"addresses": ["192.0.2.53"], "search": ["x.test"]}}),
                json!({"nameservers": {"addresses": ["192.0.2.55"]}}),
                json!({}),
            ],
        ),
        (
            "- {type: route, destination: 198.51.100.0/24, gateway: 192.0.2.1, metric: 3}\n",
            [
                json!({"routes": [{"to": "198.51.100.0/24", "via": "192.0.2.1", "metric": 3}]}),
                json!({}),
                json!({}),
            ],
        ),
        // Nobody's subnet: the link whose lease may have it.
        (
            "- {type: route, network: 198.51.100.0, netmask: 255.255.255.0, gateway: 203.0.113.1}\n",
            [
                json!({}),
                json!({"routes": [{"to": "198.51.100.0/24", "via": "203.0.113.1"}]}),
                json!({}),
            ],
        ),
    ] {
        let (network, said) = translated(&format!("{links}{items}"));
        assert_eq!(said, [""; 0], "{items}");
        for (link, expected) in ["a", "b", "c"].into_iter().zip(expected) {
            let has = network["ethernets"][link].clone();
            for (key, value) in expected.as_object().unwrap() {
                assert_eq!(&has[key], value, "{link} {items}");
            }
            if expected.get("routes").is_none() {
                assert_eq!(has.get("routes"), None, "{link} {items}");
            }
        }
    }
    // A default route without a subnet around its gateway goes to the only link with addresses, and is on it.
    let (network, said) = translated(
        "- {type: physical, name: a, subnets: [{type: static, address: 192.0.2.10/32}]}\n- {type: physical, name: c}\n\
         - {type: route, destination: 0.0.0.0/0, gateway: 203.0.113.1}\n",
    );
    assert_eq!(
        (network["ethernets"]["a"]["routes"].clone(), said),
        (
            json!([{"to": "default", "via": "203.0.113.1", "on-link": true}]),
            Vec::new()
        )
    );
}

/// The interfaces that are taken, what is left out, and what is said: its path and its line.
fn read(network: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let text = format!("network:\n  version: 1\n  config:\n{network}");
    let document = Document::read(&Texts::of_user_data("user-data", text.as_bytes()));
    let said = document.diagnostics.iter();
    let said = said.map(|told| format!("{} {}: {}", told.path.join("."), told.line, told.message));
    let ids = document
        .config
        .network
        .iter()
        .flat_map(|network| network.ethernets.keys());
    let left = document.config.left_out.network.iter();
    (
        ids.map(|id| id.as_str().to_owned()).collect(),
        left.map(|cost| cost.split(": ").next().unwrap().to_owned()).collect(),
        said.collect(),
    )
}

#[test]
fn what_is_wrong_with_a_link_leaves_it_alone_and_takes_the_others() {
    for (keys, at) in [
        ("subnets: [{type: dhcp4}], adress: 192.0.2.1", "config.0.adress"),
        ("subnets: [{type: dhpc4}]", "config.0.subnets.0.type"),
        ("subnets: [{address: 192.0.2.1/24}]", "config.0.subnets.0"),
        ("subnets: [{type: static}]", "config.0.subnets.0"),
        (
            "subnets: [{type: static, address: 192.0.2.999/24}]",
            "config.0.subnets.0.address",
        ),
        (
            "subnets: [{type: static, address: 192.0.2.1, netmask: 255.0.255.0}]",
            "config.0.subnets.0.netmask",
        ),
        (
            "subnets: [{type: static, address: 192.0.2.0/24}]",
            "config.0.subnets.0.address",
        ),
        (
            "subnets: [{type: static, address: 192.0.2.1/24, gateway: 192.0.2.300}]",
            "config.0.subnets.0.gateway",
        ),
        (
            "subnets: [{type: static, address: 192.0.2.1/24, gateway: 192.0.2.1}]",
            "config.0.subnets.0.gateway",
        ),
        ("subnets: {type: dhcp4}", "config.0.subnets"),
        ("subnets: dhcp4", "config.0.subnets"),
        ("subnets: [dhcp4]", "config.0.subnets.0"),
        ("subnets: [{type: dhcp4}], mtu: 5", "config.0.mtu"),
        (
            "subnets: [{type: dhcp4}], mac_address: nonsense",
            "config.0.mac_address",
        ),
        ("subnets: [{type: dhcp4}], accept-ra: maybe", "config.0.accept-ra"),
        (
            "subnets: [{type: static, address: 192.0.2.1/24, routes: [{network: 0.0.0.0, prefix: 0, gateway: x}]}]",
            "config.0.subnets.0.routes.0.gateway",
        ),
    ] {
        let (ids, left, said) = read(&format!(
            "  - {{type: physical, name: eth0, {keys}}}\n  - {{type: physical, name: eth1, subnets: [{{type: dhcp4}}]}}\n"
        ));
        assert_eq!(said.len(), 1, "{keys}: {said:?}");
        assert!(said[0].starts_with(&format!("network.{at} 4: ")), "{keys}: {said:?}");
        assert_eq!(
            (ids, left),
            (
                vec!["eth1".to_owned()],
                vec!["eth0 keeps its current configuration".to_owned()]
            ),
            "{keys}: {said:?}"
        );
    }
}

#[test]
fn an_item_that_nobody_can_name_costs_no_other() {
    let eth1 = "  - {type: physical, name: eth1, subnets: [{type: dhcp4}]}\n";
    for item in [
        "{type: physical, name: [a]}",
        "{type: physical, subnets: [{type: dhcp4}]}",
        "{type: bond, bond_interfaces: []}",
        "{name: ''}",
        "[a]",
        "null",
        "{type: [x]}",
        "{type: route, destination: 10.0.0.0/8}",
        "{type: nameserver, address: {a: b}}",
        "{type: physical, name: \"a\\nb\", subnets: [{type: dhcp4}]}",
        "{type: physical, name: ../x, subnets: [{type: dhcp4}]}",
    ] {
        let (ids, left, said) = read(&format!("  - {item}\n{eth1}"));
        assert_eq!(
            (ids, left.len()),
            (vec!["eth1".to_owned()], 1),
            "{item}: {left:?} {said:?}"
        );
        assert_eq!(said.len(), 1, "{item}: {said:?}");
    }
    // Who is made of a link that is refused is left alone with it, and nothing is said of that.
    let bond = "  - {type: phsical, name: eth0}\n  - {type: bond, name: bond0, bond_interfaces: [eth0], subnets: [{type: dhcp4}]}\n";
    let (ids, left, said) = read(&format!("{bond}{eth1}"));
    assert_eq!((ids, said.len()), (vec!["eth1".to_owned()], 1), "{left:?} {said:?}");
    assert_eq!(
        left,
        [
            "eth0 keeps its current configuration",
            "bond0 keeps its current configuration"
        ]
    );
}

#[test]
fn what_only_adds_to_a_link_goes_alone() {
    for (keys, cost, at) in [
        (
            "routes: [{network: 10.0.0.0, netmask: 255.0.0.0, gateway: 192.0.2.300}]",
            "a route of eth0 is left out",
            "routes.0.gateway",
        ),
        (
            "routes: [{destination: 10.0.0.0/8, gateway: 198.51.100.1}]",
            "a route of eth0 is left out",
            "routes.0",
        ),
        (
            "routes: [{destination: 10.0.0.0/8, gateway: 192.0.2.2, metrc: 5}]",
            "a route of eth0 is left out",
            "routes.0.metrc",
        ),
        (
            "dns_nameservers: [192.0.2.5333]",
            "the name servers of eth0 are left out",
            "dns_nameservers.0",
        ),
        (
            "dns_search: ['a b', c..d]",
            "the name servers of eth0 are left out",
            "dns_search.1",
        ),
    ] {
        let (ids, left, said) = read(&format!(
            "  - {{type: physical, name: eth0, subnets: [{{type: static, address: 192.0.2.1/24, {keys}}}]}}\n"
        ));
        let at = format!("network.config.0.subnets.0.{at} 4: ");
        assert!(said.len() == 1 && said[0].starts_with(&at), "{keys}: {said:?}");
        assert_eq!((ids, left), (vec!["eth0".to_owned()], vec![cost.to_owned()]), "{keys}");
    }
}
