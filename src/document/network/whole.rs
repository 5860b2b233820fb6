//! What is left out of a network where a value of it is wrong.
//!
//! A boot must never leave a machine with less network than it had. So an interface is taken whole or left as the machine
//! has it: half of one would outrank the image's own file, and lead nowhere. Routes, rules and name servers only add to an
//! interface; each goes as a whole, but for a route that may be the default one, without which nothing else helps.

use super::Destination;
use super::device::KINDS;
use super::kind::RENDERER;
use crate::document::yaml::{Node, Value};

/// Keys of the network that say how all the rest is meant.
pub const SHARED: [&str; 3] = ["version", "renderer", "config"];

/// The part of the network that goes where `path`, which begins with `network`, is to blame.
pub fn whole<'p>(tree: &Node, path: &'p [String]) -> &'p [String] {
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    let length = match keys.as_slice() {
        [_, key, ..] if SHARED.contains(key) => 1,
        // What configures all devices of a kind: the same as of the whole network.
        [_, kind] | [_, kind, RENDERER, ..] if KINDS.contains(kind) => 1,
        [_, _, _, "routing-policy", _, ..] if is_addressed(tree, path) => 5,
        [_, _, _, "routes", _, ..] if is_addressed(tree, path) && is_beside_the_default(tree, path) => 5,
        [_, _, _, "nameservers", ..] if is_addressed(tree, path) => 4,
        [_, _, _, ..] => 3,
        _ => path.len(),
    };
    path.get(..length).unwrap_or(path)
}

/// Keys that say how a link gets an address. An interface without any would take one away, for nothing.
const ADDRESSING: [&str; 5] = ["dhcp4", "dhcp6", "addresses", "link-local", "accept-ra"];

fn is_addressed(tree: &Node, path: &[String]) -> bool {
    let interface = path.get(..3).and_then(|interface| tree.find(interface));
    interface.is_some_and(|interface| ADDRESSING.iter().any(|key| interface.get(key).is_some()))
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
