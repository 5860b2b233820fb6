//! Which devices are drawn, and what they have to do with each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::LinksNow;
use super::describe::{lines, short, what};
use crate::document::network::{Device, InterfaceId, Network, Role};
use crate::report::words::count;

/// The most devices that are drawn: about twenty screens of them.
pub const DEVICES_MAX: usize = 200;

/// The most letters of an ID that are drawn.
const NAME_MAX: usize = 32;

/// The most letters of a line that are drawn: a route over an IPv6 gateway has fewer.
const LINE_MAX: usize = 56;

/// The devices that are drawn.
#[derive(Debug, Default)]
pub struct Graph {
    /// The devices, in the order in which they are listed.
    pub nodes: Vec<Node>,
    /// What they have to do with each other, each once.
    pub edges: Vec<Edge>,
    /// Of each kind, how many devices are drawn and how many are not.
    pub kinds: Vec<(&'static str, usize, usize)>,
}

/// A device.
#[derive(Debug)]
pub struct Node {
    /// The key below `network` that it is under.
    pub kind: &'static str,
    /// Its ID.
    pub name: String,
    /// What it is.
    pub what: String,
    /// How it is configured.
    pub lines: Vec<String>,
    /// The number of devices in the longest chain below it.
    pub column: usize,
}

/// That two devices have to do with each other, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The one that the other is made of, or on top of.
    pub below: usize,
    /// The one that is made of it, or on top of it.
    pub above: usize,
    /// What they have to do with each other.
    pub tie: Tie,
}

/// What two devices have to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tie {
    /// One is a part of the other.
    Part,
    /// One is on top of the other.
    On,
    /// They are the two ends of a pair.
    Pair,
}

impl Tie {
    /// What it is to the other device.
    fn of(role: Role) -> Self {
        match role {
            Role::BondMember | Role::BridgePort | Role::VrfMember => Self::Part,
            Role::VlanLink | Role::VxlanLink | Role::PhysicalFunction => Self::On,
            Role::Peer => Self::Pair,
        }
    }
}

impl Edge {
    /// The device that others of the same kind meet at: they share a line up to it.
    pub fn hub(&self) -> usize {
        if self.tie == Tie::Part { self.above } else { self.below }
    }
}

impl Graph {
    /// What is drawn of a network.
    pub fn of(network: &Network, now: Option<&LinksNow<'_>>) -> Self {
        let mut devices: Vec<(&InterfaceId, &dyn Device)> = network.devices().collect();
        let kinds = kinds(&devices);
        devices.sort_by_cached_key(|(id, device)| {
            let place = kinds.iter().position(|kind| *kind == device.kind());
            (place, natural(id.as_str()))
        });
        let all = edges(&devices);
        let mut drawn: Vec<usize> = some_of(components(devices.len(), &all));
        drawn.sort_unstable();
        let number: BTreeMap<usize, usize> = drawn.iter().enumerate().map(|(new, old)| (*old, new)).collect();

        let mut unseen = vec![0; drawn.len()];
        let mut edges = Vec::new();
        for edge in all {
            match (number.get(&edge.below), number.get(&edge.above)) {
                (Some(&below), Some(&above)) => edges.push(Edge { below, above, ..edge }),
                (Some(&seen), None) | (None, Some(&seen)) => unseen[seen] += 1,
                (None, None) => {}
            }
        }
        let columns = columns(drawn.len(), &edges);
        // A circle is refused before anybody draws it: no column can hold it.
        edges.retain(|edge| edge.tie == Tie::Pair || columns[edge.below] < columns[edge.above]);
        let chosen = drawn
            .iter()
            .filter_map(|old| devices.get(*old))
            .zip(unseen)
            .zip(columns);
        let nodes: Vec<Node> = chosen
            .map(|(((id, device), unseen), column)| Node {
                kind: device.kind(),
                name: short(id.as_str(), NAME_MAX),
                what: what(*device),
                lines: described(id, *device, now, unseen),
                column,
            })
            .collect();
        let counted = kinds.into_iter().map(|kind| {
            let all = devices.iter().filter(|(_, device)| device.kind() == kind).count();
            let drawn = nodes.iter().filter(|node| node.kind == kind).count();
            (kind, drawn, all - drawn)
        });
        Self {
            kinds: counted.collect(),
            nodes,
            edges,
        }
    }
}

fn described(id: &InterfaceId, device: &dyn Device, now: Option<&LinksNow<'_>>, unseen: usize) -> Vec<String> {
    let mut described = lines(id, device, now);
    if unseen > 0 {
        described.push(format!("and {}, not drawn", count(unseen, "more device")));
    }
    described.iter().map(|line| short(line, LINE_MAX)).collect()
}

/// The kinds that there are, in the order of the devices.
fn kinds(devices: &[(&InterfaceId, &dyn Device)]) -> Vec<&'static str> {
    let mut kinds: Vec<&'static str> = devices.iter().map(|(_, device)| device.kind()).collect();
    kinds.dedup();
    kinds
}

/// What sorts `eth0.2` before `eth0.10`, and `en2a` before `en10a`: letters and numbers in turn.
fn natural(id: &str) -> Vec<(&str, u64)> {
    let mut parts = Vec::new();
    let mut rest = id;
    while !rest.is_empty() {
        let (letters, from) = rest.split_at(rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len()));
        let (digits, more) = from.split_at(from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len()));
        parts.push((letters, digits.parse().unwrap_or(0)));
        rest = more;
    }
    parts
}

/// What the devices have to do with each other; a pair, which both ends name, once.
fn edges(devices: &[(&InterfaceId, &dyn Device)]) -> BTreeSet<Edge> {
    let numbers = devices.iter().enumerate().map(|(number, (id, _))| (*id, number));
    let numbers: BTreeMap<&InterfaceId, usize> = numbers.collect();
    let mut edges = BTreeSet::new();
    for (above, (_, device)) in devices.iter().enumerate() {
        let links = device.links_to().into_iter().map(|link| (link.id, Tie::of(link.role)));
        for (id, tie) in links {
            let Some(&below) = numbers.get(id).filter(|below| **below != above) else {
                continue;
            };
            let turned = tie == Tie::Pair && above < below;
            let (below, above) = if turned { (above, below) } else { (below, above) };
            edges.insert(Edge { below, above, tie });
        }
    }
    edges
}

/// The devices that have to do with each other, in order of their distance from the first of them.
pub fn components<'e>(count: usize, edges: impl IntoIterator<Item = &'e Edge>) -> Vec<Vec<usize>> {
    let mut near = vec![Vec::new(); count];
    for edge in edges {
        near[edge.below].push(edge.above);
        near[edge.above].push(edge.below);
    }
    let mut seen = vec![false; count];
    let mut components = Vec::new();
    for first in 0..count {
        let mut waiting = VecDeque::from([first]);
        let mut component = Vec::new();
        while let Some(next) = waiting.pop_front() {
            if !std::mem::replace(&mut seen[next], true) {
                component.push(next);
                waiting.extend(near[next].iter().filter(|node| !seen[**node]));
            }
        }
        if !component.is_empty() {
            components.push(component);
        }
    }
    components
}

/// As many devices as are drawn: small networks as a whole, then the beginning of the next one.
fn some_of(mut components: Vec<Vec<usize>>) -> Vec<usize> {
    components.sort_by_key(Vec::len);
    components.into_iter().flatten().take(DEVICES_MAX).collect()
}

/// The number of devices in the longest chain below each.
fn columns(count: usize, edges: &[Edge]) -> Vec<usize> {
    let mut open = vec![0; count];
    let mut above = vec![Vec::new(); count];
    for edge in edges.iter().filter(|edge| edge.tie != Tie::Pair) {
        open[edge.above] += 1;
        above[edge.below].push(edge.above);
    }
    let mut columns = vec![0; count];
    let mut ready: Vec<usize> = (0..count).filter(|node| open[*node] == 0).collect();
    while let Some(node) = ready.pop() {
        for &next in &above[node] {
            columns[next] = columns[next].max(columns[node] + 1);
            open[next] -= 1;
            if open[next] == 0 {
                ready.push(next);
            }
        }
    }
    for (column, _) in columns.iter_mut().zip(open).filter(|(_, open)| *open > 0) {
        *column = 0;
    }
    columns
}
