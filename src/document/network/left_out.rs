//! What of the network a document does not get because of its errors, in words, and what goes with it.

use std::collections::BTreeSet;

use super::device::KINDS;
use super::kind::RENDERER;
use super::whole::SHARED;
use super::{Ethernet, Network};
use crate::document::Config;
use crate::document::diagnostic::Diagnostic;

/// What is not taken, in words: sentences without a full stop at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Of `network`.
    pub network: Vec<String>,
    /// Of `networkd_files`.
    pub networkd_files: Vec<String>,
}

impl LeftOut {
    /// Whether something is left out that the machine may have no network without.
    pub fn is_empty(&self) -> bool {
        self.network.is_empty() && self.networkd_files.is_empty()
    }
}

const A_ROUTE: &str = "a route";
const A_RULE: &str = "a rule";
const A_FILE: &str = "a networkd file";

/// Notes in `config` what the errors among `diagnostics` have cost its network, and leaves out what goes with that.
pub fn leave_out(config: &mut Config, diagnostics: &[Diagnostic]) {
    let mut left = LeftOut::default();
    let mut told: BTreeSet<String> = BTreeSet::new();
    for problem in diagnostics.iter().filter(|problem| problem.is_error()) {
        let Some(cost) = cost(config.network.as_ref(), &problem.path) else {
            continue;
        };
        let is_file = cost.starts_with(A_FILE);
        // Each route, rule and file is one of its own; the first error of all else is enough.
        let is_one_of_many = [A_ROUTE, A_RULE, A_FILE].iter().any(|one| cost.starts_with(one));
        if told.insert(cost.clone()) || is_one_of_many {
            let list = if is_file {
                &mut left.networkd_files
            } else {
                &mut left.network
            };
            list.push(format!("{cost}: {} ({})", problem.message, problem.place()));
        }
    }
    if let Some(network) = &mut config.network
        && network.declared.ids().any(|id| !is_taken(network, id))
    {
        leave_wide(network, &mut left.network);
        leave_related(network, &mut left.network);
    }
    config.left_out = left;
}

/// How the sentences end that are about a link that stays as it is.
const AS_IT_IS: &str = "keeps its current configuration";

/// What an error at `path` has cost the network, in words.
fn cost(network: Option<&Network>, path: &[String]) -> Option<String> {
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    Some(match keys.as_slice() {
        ["networkd_files", ..] => format!("{A_FILE} is left out"),
        ["network"] => format!("the network {AS_IT_IS}"),
        ["network", key] if KINDS.contains(key) => format!("the network {AS_IT_IS}"),
        ["network", key, ..] if SHARED.contains(key) => format!("the network {AS_IT_IS}"),
        ["network", kind, RENDERER, ..] if KINDS.contains(kind) => format!("the network {AS_IT_IS}"),
        ["network", kind, id, ..] if KINDS.contains(kind) && !network.is_some_and(|it| has(it, kind, id)) => {
            format!("{} {AS_IT_IS}", id.escape_debug())
        }
        ["network", kind, id, part, ..] if KINDS.contains(kind) => match *part {
            "routes" => format!("{A_ROUTE} of {id} is left out"),
            "routing-policy" => format!("{A_RULE} of {id} is left out"),
            _ => format!("the name servers of {id} are left out"),
        },
        ["network", key, ..] => format!("`{}` is left out", key.escape_debug()),
        _ => return None,
    })
}

/// Whether a device of this kind and ID is taken.
fn has(network: &Network, kind: &str, id: &str) -> bool {
    network.device(id).is_some_and(|device| device.kind() == kind)
}

/// Whether a device of this ID is taken, of whatever kind.
fn is_taken(network: &Network, id: &str) -> bool {
    network.device(id).is_some()
}

/// An entry for many links was written for those without an entry of their own. It would take the links of those that
/// are left alone.
fn leave_wide(network: &mut Network, left: &mut Vec<String>) {
    network.ethernets.retain(|id, ethernet| {
        if is_wide(ethernet) {
            let id = id.as_str();
            left.push(format!(
                "{id} {AS_IT_IS}: this entry would also apply to the links that keep theirs"
            ));
        }
        !is_wide(ethernet)
    });
}

/// What is made of a device that is left alone, or on top of it, would lead nowhere. A part of one would lose its network
/// to a device that is not there, unless it has addresses of its own.
fn leave_related(network: &mut Network, left: &mut Vec<String>) {
    let declared = std::mem::take(&mut network.declared);
    let mut gone: BTreeSet<&str> = declared.ids().filter(|id| !is_taken(network, id)).collect();
    let mut queue: Vec<&str> = gone.iter().copied().collect();
    while let Some(id) = queue.pop() {
        for user in declared.users(id) {
            if gone.insert(user) {
                left.push(format!("{user} {AS_IT_IS}: it needs {id}"));
                queue.push(user);
            }
        }
        for part in declared.links_to(id) {
            let is_used = declared.users(part).any(|user| !gone.contains(user));
            let device = network.device(part);
            if !is_used && device.is_some_and(|device| !device.common().has_addressing()) && gone.insert(part) {
                left.push(format!("{part} {AS_IT_IS}: it is a part of {id}"));
                queue.push(part);
            }
        }
    }
    network.retain(|id, _| !gone.contains(id.as_str()));
    network.declared = declared;
}

/// Whether it is matched by a pattern or a driver alone.
fn is_wide(ethernet: &Ethernet) -> bool {
    let matching = ethernet.matching.as_ref();
    matching.is_some_and(|matching| matching.macaddress.is_none() && matching.one_name().is_none())
}

#[cfg(test)]
mod tests {
    use crate::document::{Document, Texts};

    fn read(text: &str) -> Document {
        Document::read(&Texts::of_user_data("user-data", text.as_bytes()))
    }

    /// The IDs of the interfaces that are taken, and what is not taken, without the reasons.
    fn taken(network: &str) -> (Vec<String>, Vec<String>) {
        let config = read(&format!("network: {network}\n")).config;
        let network = config.network.unwrap_or_default();
        let ids = network.ethernets.keys().map(|id| id.as_str().to_owned()).collect();
        let costs = config.left_out.network.iter();
        (
            ids,
            costs
                .map(|sentence| sentence.split(": ").next().unwrap().to_owned())
                .collect(),
        )
    }

    #[test]
    fn an_interface_is_taken_whole_or_left_alone() {
        for keys in [
            "dhcp: true",
            "dhcp4: treu",
            "adresses: [192.0.2.10/24]",
            "addresses: [192.0.2.10]",
            "addresses: [192.0.2.10/24, 2001:db8::1]",
            "addresses: [192.0.2.999/24]",
            "addresses: {192.0.2.10/24: }",
            "addresses: [192.0.2.10], gateway4: 192.0.2.1",
            "addresses: [192.0.2.10/24], gateway4: 192.0.2.300",
            "addresses: [192.0.2.10/24], gateway4: 192.0.2.10",
            "match: {macaddress: nonsense}, dhcp4: true",
            "match: {nmae: 'e*'}, dhcp4: true",
            "match: {}, dhcp4: true",
            "dhcp4: true, set-name: lan",
            "dhcp4: true, optional: ture",
            "dhcp4: true, dhcp4-overrides: {use-routes: fals}",
            "dhcp4: true, link-local: [ipv5]",
            "dhcp4: true, renderer: NetworkManager",
            "addresses: [192.0.2.10/24], routes: {to: default, via: 192.0.2.1}",
            "addresses: [192.0.2.10/24], routes: [{to: default, via: 192.0.2.300}]",
            "addresses: [192.0.2.10/24], routes: [{to: 0.0.0.0/0, via: 198.51.100.1}]",
            "addresses: [192.0.2.10/24], routes: [{to: 0/0, via: 192.0.2.1}]",
            "addresses: [192.0.2.10/24], routes: [{via: 192.0.2.1}]",
            // Without an address of its own it would only take the image's away.
            "nameservers: [192.0.2.53]",
            "nameservers: {addresses: [192.0.2.5333]}",
            "routes: [{to: 10.0.0.0/8, scope: lnk}]",
        ] {
            let expected = (
                vec!["eth1".to_owned()],
                vec!["eth0 keeps its current configuration".to_owned()],
            );
            let network = format!("{{ethernets: {{eth0: {{{keys}}}, eth1: {{dhcp4: true}}}}}}");
            assert_eq!(taken(&network), expected, "{keys}");
        }
    }

    #[test]
    fn an_interface_that_nothing_is_asked_of_is_left_alone() {
        let expected = (
            vec!["eth1".to_owned()],
            vec!["eth0 keeps its current configuration".to_owned()],
        );
        for nothing in ["", "~", "null"] {
            let network = format!("{{ethernets: {{eth0: {nothing}, eth1: {{dhcp4: true}}}}}}");
            assert_eq!(taken(&network), expected, "{nothing}");
        }
        // Settings that are not indented below their interface.
        let (ids, left) = taken("\n  ethernets:\n    eth0:\n    dhcp4: true\n    eth1: {dhcp4: true}");
        assert_eq!(ids, ["eth1"], "{left:?}");
        assert!(
            left.iter()
                .any(|cost| cost.starts_with("eth0 keeps its current configuration")),
            "{left:?}"
        );
    }

    #[test]
    fn what_only_adds_to_an_interface_goes_as_a_whole() {
        let route = "a route of eth0 is left out";
        for (keys, cost) in [
            ("routes: [{to: 10.0.0.0/8, via: 192.0.2.300}]", route),
            ("routes: [{to: 10.0.0.0/8, via: 192.0.2.2, type: blackhol}]", route),
            ("routes: [{to: 10.0.0.0/8, via: 192.0.2.2, table: abc}]", route),
            ("routes: [{to: 10.0.0.0/8, via: 192.0.2.2, metric: -1}]", route),
            ("routes: [{to: 10.0.0.0/8, via: 192.0.2.2, scope: bogus}]", route),
            ("routes: [{to: 10.0.0.0/8, gateway: 192.0.2.2}]", route),
            ("routes: [{to: 10.0.0.0/8, via: 198.51.100.1}]", route),
            ("routes: [{to: 10.0.0.0/8, via: 192.0.2.2, table: 0}]", route),
            (
                "nameservers: {addresses: [192.0.2.53, 192.0.2.5333], search: [a.test]}",
                "the name servers of eth0 are left out",
            ),
            (
                "nameservers: {adresses: [192.0.2.53]}",
                "the name servers of eth0 are left out",
            ),
        ] {
            let document = read(&format!(
                "network: {{ethernets: {{eth0: {{addresses: [192.0.2.10/24], gateway4: 192.0.2.1, {keys}}}}}}}\n"
            ));
            let left_out = &document.config.left_out.network;
            let network = document.config.network.as_ref().unwrap();
            let eth0 = network.ethernets.values().next().expect(keys);
            assert_eq!(
                (eth0.common.routes.len(), &eth0.common.nameservers),
                (0, &Default::default()),
                "{keys}"
            );
            assert_eq!(document.diagnostics.len(), 1, "{keys}: {:?}", document.diagnostics);
            assert!(left_out[0].starts_with(cost), "{keys}: {:?}", left_out);
        }
    }

    #[test]
    fn a_rule_that_is_wrong_goes_alone() {
        for rule in [
            "{to: 10.0.0.0/8, table: 0}",
            "{to: 10.0.0.0/33}",
            "{table: 5}",
            "{to: 10.0.0.0/8, from: '2001:db8::/32'}",
            "{to: 10.0.0.0/8, mark: 0}",
            "{to: 10.0.0.0/8, priority: -1}",
            "{to: 10.0.0.0/8, via: 192.0.2.1}",
            "{to: 10.0.0.0/8, type-of-service: 256}",
        ] {
            let document = read(&format!(
                "network: {{ethernets: {{eth0: {{dhcp4: true, routing-policy: [{rule}, {{to: 192.0.2.0/24, table: 5}}]}}}}}}\n"
            ));
            let network = document.config.network.as_ref().unwrap();
            let eth0 = network.ethernets.values().next().expect(rule);
            assert_eq!(eth0.common.routing_policy.len(), 1, "{rule}");
            let left_out = &document.config.left_out.network;
            assert!(
                left_out[0].starts_with("a rule of eth0 is left out"),
                "{rule}: {left_out:?}"
            );
        }
        // Without an address of its own it would only take the image's away.
        let expected = (Vec::new(), vec!["eth0 keeps its current configuration".to_owned()]);
        assert_eq!(taken("{ethernets: {eth0: {routing-policy: [{table: 5}]}}}"), expected);
    }

    #[test]
    fn what_all_interfaces_depend_on_leaves_the_whole_network_alone() {
        let expected = (
            Vec::new(),
            vec!["the network keeps its current configuration".to_owned()],
        );
        for network in [
            "{version: 3, ethernets: {eth0: {dhcp4: true}}}",
            "{version: two, ethernets: {eth0: {dhcp4: true}}}",
            "{renderer: NetworkManager, ethernets: {eth0: {dhcp4: true}}}",
            "{ethernets: {renderer: NetworkManager, eth0: {dhcp4: true}}}",
            "{config: disabld, ethernets: {eth0: {dhcp4: true}}}",
            "{version: 1, config: {type: physical, name: eth0}}",
            "{version: 2, config: [{type: physical, name: eth0}]}",
            "{version: 1, ethernets: {eth0: {dhcp4: true}}}",
            "{ethernets: [eth0]}",
            "eth0",
        ] {
            assert_eq!(taken(network), expected, "{network}");
        }
    }

    #[test]
    fn all_that_is_wrong_with_an_interface_is_said_in_one_run_and_nothing_that_follows() {
        let document = read(
            "network:\n  ethernets:\n    eth0:\n      dhcp: true\n      addresses: [192.0.2.10, 192.0.2.11]\n      \
             gateway4: 192.0.2.1\n      routes:\n      - {to: 10.0.0/8, via: 192.0.2.300}\n      \
             - {to: 172.16.0.0/12, via: 192.0.2.300}\n      - {via: 192.0.2.3}\n    eth1: {dhcp4: true}\n",
        );
        let lines: Vec<usize> = document.diagnostics.iter().map(|found| found.line).collect();
        assert_eq!(lines, [4, 5, 5, 8, 8, 9, 10], "{:#?}", document.diagnostics);
        let left_out = &document.config.left_out.network;
        let taken = document.config.network.as_ref().map(|network| network.ethernets.len());
        assert_eq!((taken, left_out.len()), (Some(1), 1));
        assert!(left_out[0].ends_with("(user-data:4:7)"), "{:?}", left_out);
    }

    #[test]
    fn what_is_there_twice_leaves_no_half_behind() {
        let alone = |id: &str| format!("{id} keeps its current configuration");
        for (network, ids, costs) in [
            (
                "\n  ethernets:\n    eth0:\n      addresses: [192.0.2.10/24]\n      addresses: ['2001:db8::1/64']\n    eth1: {dhcp4: true}",
                vec!["eth1"],
                vec![alone("eth0")],
            ),
            (
                "\n  ethernets:\n    eth0: {dhcp4: true}\n    eth0: {dhcp6: true}\n    eth1: {dhcp4: true}",
                vec!["eth1"],
                vec![alone("eth0")],
            ),
            (
                "\n  ethernets:\n    eth0: {dhcp4: true}\n  ethernets:\n    eth1: {dhcp4: true}",
                vec![],
                vec![alone("the network")],
            ),
            (
                "\n  ethernets:\n    eth0: {dhcp4: true, routes: [{to: 10.0.0.0/8, via: 192.0.2.1, via: 192.0.2.2}]}",
                vec!["eth0"],
                vec!["a route of eth0 is left out".to_owned()],
            ),
        ] {
            assert_eq!(
                taken(network),
                (ids.into_iter().map(str::to_owned).collect(), costs),
                "{network}"
            );
        }
        let files = read(
            "write_files:\n- {path: /a, permissions: '0600', content: x}\n- {path: /b, content: x, path: /c}\n\
             hostname: a\nhostname: b\n",
        );
        assert_eq!(files.config.write_files.unwrap().len(), 1);
        assert_eq!(files.config.hostname.unwrap().as_str(), "b");
    }

    #[test]
    fn an_entry_for_many_links_does_not_take_those_that_are_left_alone() {
        for (wide, stays) in [
            ("{match: {name: 'e*'}, dhcp4: true}", false),
            ("{match: {name: [eth0, eth1]}, dhcp4: true}", false),
            ("{match: {driver: vmxnet3}, dhcp4: true}", false),
            ("{match: {name: eth7}, dhcp4: true}", true),
            (
                "{match: {name: 'e*', macaddress: '00:50:56:00:00:01'}, dhcp4: true}",
                true,
            ),
        ] {
            let (ids, _) = taken(&format!(
                "{{ethernets: {{eth0: {{adresses: [192.0.2.10/24]}}, wide: {wide}}}}}"
            ));
            assert_eq!(ids.len(), usize::from(stays), "{wide}");
            // Where only a route is lost, nothing is left alone.
            let routes = "dhcp4: true, routes: [{to: 10.0.0.0/8, via: 192.0.2.300}]";
            let (ids, _) = taken(&format!("{{ethernets: {{eth0: {{{routes}}}, wide: {wide}}}}}"));
            assert_eq!(ids.len(), 2, "{wide}");
        }
    }

    #[test]
    fn what_a_device_needs_and_what_is_only_for_it_go_with_it() {
        for (network, ids) in [
            // What is on top of it, and what is on top of that.
            (
                "{ethernets: {eth0: {dhcp: true}, eth1: {dhcp4: true}}, vlans: {v5: {id: 5, link: eth0}}, bridges: {br0: {interfaces: [v5]}}}",
                vec!["eth1"],
            ),
            // The parts of it, but not those with addresses of their own, nor those that something else needs.
            (
                "{ethernets: {eth0: {}, eth1: {dhcp4: true}, eth2: {}}, bonds: {bond0: {interfaces: [eth0, eth1], dhcp4: maybe}}}",
                vec!["eth1", "eth2"],
            ),
            (
                "{ethernets: {eth0: {}}, vlans: {v5: {id: 5, link: eth0}, v6: {id: 6666, link: eth0}}}",
                vec!["eth0", "v5"],
            ),
            ("{ethernets: {eth0: {}}, vlans: {v6: {id: 6666, link: eth0}}}", vec![]),
            // A member of it may be the only one that is lost.
            (
                "{ethernets: {eth0: {}, eth1: {mtu: 1}, eth2: {dhcp4: true}}, bonds: {bond0: {interfaces: [eth0, eth1]}}}",
                vec!["eth2"],
            ),
            (
                "{virtual-ethernets: {a: {peer: b, mtu: 1}, b: {peer: a}, c: {peer: d}, d: {peer: c}}}",
                vec!["c", "d"],
            ),
            // A kind that firstlight doesn't know.
            (
                "{ethernets: {eth0: {}, eth1: {dhcp4: true}}, brigdes: {br0: {interfaces: [eth0]}}}",
                vec!["eth1"],
            ),
            ("{ethernets: {eth0: {dhcp4: true}}, bonds: [eth0]}", vec![]),
            // A loop, a device in two others, one ID of two kinds.
            (
                "{bridges: {br0: {interfaces: [v5]}}, vlans: {v5: {id: 5, link: br0}}, ethernets: {eth0: {dhcp4: true}}}",
                vec!["eth0"],
            ),
            (
                "{ethernets: {eth0: {}}, bonds: {bond0: {interfaces: [eth0]}, bond1: {interfaces: [eth0], dhcp4: true}}}",
                vec!["bond0", "eth0"],
            ),
            (
                "{ethernets: {x: {dhcp4: true}}, dummy-devices: {x: {dhcp4: true}}}",
                vec!["x"],
            ),
        ] {
            let document = read(&format!("network: {network}\n"));
            let errors: Vec<_> = document.diagnostics.iter().filter(|found| found.is_error()).collect();
            assert_eq!(errors.len(), 1, "{network}: {errors:#?}");
            let network_taken = document.config.network.unwrap_or_default();
            let mut taken: Vec<&str> = network_taken.devices().map(|(id, _)| id.as_str()).collect();
            taken.sort_unstable();
            assert_eq!(taken, ids, "{network}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_the_order_of_the_text() {
        let document = read(
            "network:\n  ethernets:\n    eth0: {addresses: [192.0.2.10/24], gateway4: 192.0.2.10}\n    eth1: {dhcp: true}\n\
             hostname: a b\nroot: {password: ''}\n",
        );
        let lines: Vec<usize> = document.diagnostics.iter().map(|found| found.line).collect();
        assert_eq!(lines, [3, 4, 5, 6], "{:#?}", document.diagnostics);
    }
}
