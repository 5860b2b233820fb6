//! What devices say of each other, and what only their kind has.

use super::*;

const ETH: &str = "ethernets: {eth0: {}, eth1: {}}";

#[test]
fn devices_that_go_together_pass() {
    for yaml in [
        "bonds: {bond0: {interfaces: [eth0, eth1], parameters: {mode: active-backup, primary: eth1}}}",
        "bonds: {bond0: {}}",
        "bridges: {br0: {interfaces: [eth0], parameters: {path-cost: {eth0: 1}, port-priority: {eth0: 63}}}}",
        "vlans: {v0: {id: 0, link: eth0}, v4094: {id: 4094, link: eth0}, v5: {id: 5, link: eth0}, w5: {id: 5, link: v5}}",
        "vrfs: {blue: {table: 4294967295, interfaces: [eth0], routes: [{to: default, via: 192.0.2.1, table: 4294967295}]}}",
        "virtual-ethernets: {a: {peer: b}, b: {peer: a}}",
        "dummy-devices: {dm0: {}}",
        "bonds: {bond0: {interfaces: [eth0]}}\nvlans: {v5: {id: 5, link: bond0}}\nbridges: {br0: {interfaces: [v5, eth1], dhcp4: true}}",
    ] {
        assert_eq!(check(&format!("{ETH}\n{yaml}")), [], "{yaml}");
    }
}

#[test]
fn devices_that_do_not_go_together_are_refused_where_they_say_so() {
    for (yaml, place, message, warning) in [
        (
            "vlans: {v5: {id: 5, link: eth7}}",
            "vlans/v5/link",
            "no device `eth7`",
            false,
        ),
        (
            "bonds: {b: {interfaces: [eth0, eth7]}}",
            "bonds/b/interfaces/1",
            "no device `eth7`",
            false,
        ),
        (
            "bonds: {b: {interfaces: [eth0, eth0]}}",
            "bonds/b/interfaces/1",
            "listed twice",
            false,
        ),
        (
            "bonds: {b: {interfaces: [eth0]}}\nbridges: {br: {interfaces: [eth0]}}",
            "bridges/br/interfaces/0",
            "already belongs to `b`",
            false,
        ),
        (
            "bridges: {a: {interfaces: [b]}, b: {}}",
            "bridges/a/interfaces/0",
            "no bridge can be a port of one",
            false,
        ),
        (
            "vrfs: {a: {table: 1, interfaces: [b]}, b: {table: 2}}",
            "vrfs/a/interfaces/0",
            "no VRF can be in one",
            false,
        ),
        (
            "virtual-ethernets: {a: {peer: b}}",
            "virtual-ethernets/a/peer",
            "no device `b`",
            false,
        ),
        (
            "virtual-ethernets: {a: {peer: eth0}}",
            "virtual-ethernets/a/peer",
            "is one of `ethernets`",
            false,
        ),
        (
            "virtual-ethernets: {a: {peer: b}, b: {peer: c}, c: {peer: b}}",
            "virtual-ethernets/a/peer",
            "the `peer` of `b` is `c`",
            false,
        ),
        (
            "dummy-devices: {eth0: {}}",
            "dummy-devices/eth0",
            "already one of `ethernets`",
            false,
        ),
        (
            "dummy-devices: {an-interface-name: {}}",
            "dummy-devices/an-interface-name",
            "15 is the most",
            false,
        ),
        (
            "vlans: {a: {id: 5, link: eth0}, b: {id: 5, link: eth0}}",
            "vlans/b/id",
            "`a` is already VLAN 5",
            false,
        ),
        (
            "vlans: {a: {id: 5, link: a}}",
            "vlans/a/link",
            "made of itself: a",
            false,
        ),
        (
            "vlans: {a: {id: 5, link: b}, b: {id: 5, link: c}, c: {id: 5, link: a}}",
            "vlans/c/link",
            "made of itself: a, b, c",
            false,
        ),
        (
            "bridges: {br: {interfaces: [eth0], parameters: {path-cost: {eth1: 5}}}}",
            "bridges/br/parameters/path-cost/eth1",
            "not one of `interfaces`",
            false,
        ),
        (
            "bonds: {b: {interfaces: [eth0], parameters: {mode: active-backup, primary: eth1}}}",
            "bonds/b/parameters/primary",
            "not one of `interfaces`",
            false,
        ),
        (
            "bonds: {b: {parameters: {mode: balance-alb, arp-interval: '100', arp-ip-targets: [192.0.2.1]}}}",
            "bonds/b/parameters/arp-interval",
            "can't ask ARP",
            false,
        ),
        (
            "bonds: {b: {parameters: {mode: active-backup, arp-interval: 100ms}}}",
            "bonds/b/parameters/arp-interval",
            "needs `arp-ip-targets`",
            false,
        ),
        (
            "bonds: {b: {parameters: {lacp-rate: fast}}}",
            "bonds/b/parameters/lacp-rate",
            "no effect in mode",
            true,
        ),
        (
            "bonds: {b: {parameters: {up-delay: 1s}}}",
            "bonds/b/parameters/up-delay",
            "no effect without",
            true,
        ),
        ("vrfs: {a: {table: 0}}", "vrfs/a/table", "table 0 doesn't exist", false),
        (
            "vrfs: {a: {table: 5, routes: [{to: default, via: 192.0.2.1, table: 6}]}}",
            "vrfs/a/routes/0/table",
            "in its own table 5",
            false,
        ),
        (
            "dummy-devices: {d: {dhcp4: true}}\nbridges: {br: {interfaces: [d]}}",
            "dummy-devices/d",
            "its own addresses are of no use",
            true,
        ),
    ] {
        let found = check(&format!("{ETH}\n{yaml}"));
        let said: Vec<_> = found
            .iter()
            .map(|p| (p.path.join("/"), p.message.as_str(), p.warning))
            .collect();
        let [(at, words, is_warning)] = said.as_slice() else {
            panic!("{yaml}: {said:?}")
        };
        assert_eq!((at.as_str(), *is_warning), (place, warning), "{yaml}: {said:?}");
        assert!(words.contains(message), "{yaml}: {words}");
    }
}

#[test]
fn a_name_that_a_netdev_has_is_not_given_to_a_link() {
    let found = check("ethernets: {a: {match: {driver: e1000}, set-name: br0}}\nbridges: {br0: {}}");
    assert_eq!(found[0].path.join("/"), "ethernets/a/set-name", "{found:?}");
}

/// In a chain and in a star, as deep and as wide as a document can be.
#[test]
fn many_devices_are_checked_at_once() {
    use std::fmt::Write as _;
    let (mut chain, mut star) = (
        String::from("vlans:\n"),
        String::from("bridges: {br0: {interfaces: [eth0]}}\nvlans:\n"),
    );
    for number in 0..3000 {
        let _ = writeln!(chain, "  v{number}: {{id: 5, link: v{}}}", (number + 1) % 3000);
        let _ = writeln!(star, "  v{number}: {{id: {number}, link: br0}}");
    }
    assert_eq!(check(&chain).len(), 1);
    assert_eq!(check(&format!("{ETH}\n{star}")), []);
}
