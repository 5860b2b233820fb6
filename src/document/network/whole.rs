//! What is left out of a network where a value of it is wrong.
//!
//! A boot must never leave a machine with less network than it had. So an interface is taken whole or left as the machine
//! has it: half of one would outrank the image's own file, and lead nowhere. Routes and name servers only add to an
//! interface; each goes as a whole, but for a route that may be the default one, without which nothing else helps.

use std::collections::BTreeSet;

use super::{Destination, InterfaceId, Network};
use crate::document::diagnostic::Diagnostic;
use crate::document::yaml::{Node, Value};

/// Keys of the network that say how all the rest is meant.
const SHARED: [&str; 3] = ["version", "renderer", "config"];

/// The part of the network that goes where `path`, which begins with `network`, is to blame.
pub fn whole<'p>(tree: &Node, path: &'p [String]) -> &'p [String] {
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    let length = match keys.as_slice() {
        [_, key, ..] if SHARED.contains(key) => 1,
        [_, "ethernets", _, "routes", _, ..] if is_beside_the_default(tree, path) => 5,
        [_, "ethernets", _, "nameservers", ..] => 4,
        [_, "ethernets", _, ..] => 3,
        _ => path.len(),
    };
    path.get(..length).unwrap_or(path)
}

/// Whether the route that `path` leads to, or into, is for sure none for everything that no other route is for.
fn is_beside_the_default(tree: &Node, path: &[String]) -> bool {
    let to = path
        .get(..5)
        .and_then(|route| tree.find(route))
        .and_then(|route| route.get("to"));
    let Some(Value::Scalar(to)) = to.map(|to| &to.value) else {
        return false;
    };
    let network = Destination::try_from(to.text.to_string())
        .ok()
        .and_then(Destination::network);
    network.is_some_and(|network| network.prefix_len() > 0)
}

/// What of the network is not taken, in words: complete sentences without a full stop at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut(pub Vec<String>);

/// Notes in `network` what the errors among `diagnostics` have cost it, the first error of each part.
pub fn note_left_out(network: &mut Option<Network>, diagnostics: &[Diagnostic]) {
    let mut told: BTreeSet<String> = BTreeSet::new();
    let mut left = LeftOut::default();
    for problem in diagnostics.iter().filter(|problem| problem.is_error()) {
        let Some(cost) = cost(network.as_ref(), &problem.path) else {
            continue;
        };
        if told.insert(cost.clone()) {
            left.0
                .push(format!("{cost}: {} ({})", problem.message, problem.place()));
        }
    }
    if !told.is_empty() {
        network.get_or_insert_default().left_out = left;
    }
}

const A_ROUTE: &str = "a route";

/// What an error at `path` has cost the network, in words.
fn cost(network: Option<&Network>, path: &[String]) -> Option<String> {
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    Some(match keys.as_slice() {
        ["network"] | ["network", "ethernets"] => "the network is left as the machine has it".to_owned(),
        ["network", key, ..] if SHARED.contains(key) => "the network is left as the machine has it".to_owned(),
        ["network", "ethernets", id, ..] if !is_taken(network, id) => {
            format!("{} is left as the machine has it", id.escape_debug())
        }
        ["network", "ethernets", id, part, ..] => match *part {
            "routes" => format!("{A_ROUTE} of {id} is left out"),
            _ => format!("the name servers of {id} are left out"),
        },
        ["network", key, ..] => format!("`{}` is left out", key.escape_debug()),
        _ => return None,
    })
}

fn is_taken(network: Option<&Network>, id: &str) -> bool {
    let id = InterfaceId::try_from(id.to_owned());
    network.is_some_and(|network| id.is_ok_and(|id| network.ethernets.contains_key(&id)))
}

#[cfg(test)]
mod tests {
    use crate::document::{Document, Text, Texts};

    fn read(text: &str) -> Document {
        Document::read(&Texts {
            user_data: Some(Text {
                origin: "user-data",
                bytes: text.as_bytes(),
            }),
            ..Texts::default()
        })
    }

    /// The IDs of the interfaces that are taken, and what is not taken, without the reasons.
    fn taken(network: &str) -> (Vec<String>, Vec<String>) {
        let network = read(&format!("network: {network}\n")).config.network.unwrap();
        let ids = network.ethernets.keys().map(|id| id.as_str().to_owned()).collect();
        let costs = network.left_out.0.iter();
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
        ] {
            let expected = (
                vec!["eth1".to_owned()],
                vec!["eth0 is left as the machine has it".to_owned()],
            );
            let network = format!("{{ethernets: {{eth0: {{{keys}}}, eth1: {{dhcp4: true}}}}}}");
            assert_eq!(taken(&network), expected, "{keys}");
        }
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
            let network = document.config.network.unwrap();
            let eth0 = network.ethernets.values().next().expect(keys);
            assert_eq!(
                (eth0.routes.len(), &eth0.nameservers),
                (0, &Default::default()),
                "{keys}"
            );
            assert_eq!(document.diagnostics.len(), 1, "{keys}: {:?}", document.diagnostics);
            assert!(
                network.left_out.0[0].starts_with(cost),
                "{keys}: {:?}",
                network.left_out
            );
        }
    }

    #[test]
    fn what_all_interfaces_depend_on_leaves_the_whole_network_alone() {
        let expected = (Vec::new(), vec!["the network is left as the machine has it".to_owned()]);
        for network in [
            "{version: 3, ethernets: {eth0: {dhcp4: true}}}",
            "{version: two, ethernets: {eth0: {dhcp4: true}}}",
            "{renderer: NetworkManager, ethernets: {eth0: {dhcp4: true}}}",
            "{config: disabld, ethernets: {eth0: {dhcp4: true}}}",
            "{version: 1, config: [{type: physical, name: eth0}]}",
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
        let network = document.config.network.unwrap();
        assert_eq!((network.ethernets.len(), network.left_out.0.len()), (1, 1));
        assert!(
            network.left_out.0[0].ends_with("(user-data:4:7)"),
            "{:?}",
            network.left_out
        );
    }
}
