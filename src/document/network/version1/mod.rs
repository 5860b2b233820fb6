//! cloud-init's own format, version 1, becomes netplan's: tree to tree.
//!
//! <https://docs.cloud-init.io/en/latest/reference/network-config-format-v1.html>. Each node of the result is at the place
//! of what it comes from. So whatever version 2 has against it is said at the line of version 1, and an interface that is
//! left as it is here is left as it is there. What is told here has the path that it would have in version 2.

mod bond;
mod bridge;
mod device;
mod keys;
mod link;
mod nameserver;
mod reader;
mod route;
#[cfg(test)]
pub mod schema;
mod subnet;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::HashMap;

use device::Device;
use keys::TYPES;
use reader::{At, Place, Reader, at, at_key, at_value};
use tree::{entry, mapping, plain, text_of};

pub use reader::Finding;

use crate::document::budget::Budget;
use crate::document::code::Code;
use crate::document::yaml::{Entry, Node, Span, Value};

/// What became of a network of version 1.
#[derive(Debug)]
pub struct Translated {
    /// The network of version 2.
    pub network: Node,
    /// What is wrong.
    pub found: Vec<Finding>,
    /// Where keys are given twice, of which only one can hold.
    pub doomed: Vec<Vec<String>>,
}

/// Whether a network is one of version 1, and asks for something.
pub fn is_version_1(network: &Node) -> bool {
    let version = network.get("version").and_then(text_of);
    let config = network.get("config");
    match config.map(|config| &config.value) {
        Some(Value::Sequence(_)) => version != Some("2"),
        Some(Value::Scalar(scalar)) if &**scalar.text == "disabled" => false,
        _ => version == Some("1"),
    }
}

/// The same network in version 2. `twice`: where keys are that are given twice.
pub fn to_version_2(network: &Node, twice: &[Span], budget: &mut Budget) -> Translated {
    let mut reader = Reader::new(twice);
    let mut all = All::default();
    reader.top(network);
    if let Some(config) = network.get("config") {
        for (number, item) in items(config).iter().enumerate() {
            all.add(item, number, &mut reader);
        }
    }
    let network = all.finish(network.span, budget, &mut reader);
    Translated {
        network,
        found: reader.found,
        doomed: reader.doomed,
    }
}

/// What keys of version 2 are called in version 1, where that is something else; those first that devices of this kind
/// have.
pub fn words(kind: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let links = [
        ("macaddress", "mac_address"),
        ("link", "vlan_link"),
        ("id", "vlan_id"),
        ("critical", "keep_configuration"),
        ("via", "gateway"),
        ("to", "destination"),
    ];
    let bridges = kind == "bridges";
    let first = bridge::words().filter(move |_| bridges);
    let all = bond::words().chain(bridge::words());
    links.into_iter().chain(first).chain(all)
}

fn items(config: &Node) -> &[Node] {
    match &config.value {
        Value::Sequence(items) => items,
        _ => &[],
    }
}

impl Reader {
    /// The keys beside the list.
    fn top(&mut self, network: &Node) {
        let everything = Place::new(&[]);
        let Value::Mapping(entries) = &network.value else {
            return;
        };
        for given in entries {
            match given.key.text.as_str() {
                "version" if text_of(&given.value) == Some("1") || given.value.is_null() => {}
                "version" => {
                    let found = match text_of(&given.value) {
                        Some(text) => format!("`{}`", text.escape_debug()),
                        None => given.value.kind().to_owned(),
                    };
                    let message = format!("a list in `config` is network version 1, not {found}");
                    let hint = Some("write `version: 1`".to_owned());
                    self.error(at_value(given), Code::InvalidValue, &everything, message, hint);
                }
                "config" if matches!(given.value.value, Value::Sequence(_)) || given.value.is_null() => {}
                "config" => {
                    let message = format!("expected a list of items, found {}", given.value.kind());
                    let hint = "begin each item with `- type: physical`".to_owned();
                    self.error(at_value(given), Code::WrongType, &everything, message, Some(hint));
                }
                // It is said of networkd alone, and networkd it is.
                "renderer" if text_of(&given.value) == Some("networkd") => {}
                name => {
                    let shown = name.escape_debug();
                    let message = format!("network version 1 has no key `{shown}`");
                    let hint = "write `version: 2`, or the links as items of `config`".to_owned();
                    self.error(at_key(given), Code::MisplacedKey, &everything, message, Some(hint));
                }
            }
        }
        if network.get("config").is_none() && entries.len() == 1 {
            let hint =
                "add `config:`, a list of items such as `{type: physical, name: eth0, subnets: [{type: dhcp4}]}`";
            let message = "network version 1 needs the key `config`";
            let place = (network.span, None);
            self.error(place, Code::MissingKey, &everything, message, Some(hint.to_owned()));
        }
    }
}

/// What the items say.
#[derive(Debug, Default)]
struct All {
    devices: Vec<Device>,
    by_name: HashMap<String, usize>,
    /// Links that others are made of, and where they are named.
    members: Vec<(String, Span)>,
    nameservers: Vec<nameserver::Nameserver>,
    routes: Vec<route::Global>,
}

impl All {
    fn add(&mut self, item: &Node, number: usize, reader: &mut Reader) {
        let name = item.get("name").and_then(text_of).filter(|name| !name.is_empty());
        let place = match name {
            Some(name) => Place::new(&["ethernets", name]),
            None => Place::new(&[&format!("config[{number}]")]),
        };
        let Some(kind) = kind(item, &place, reader) else {
            // It is there all the same: who is made of it is not told that it isn't.
            if let Some(name) = name {
                self.add_device(Device::new("ethernets", name, item.span), reader);
            }
            return;
        };
        let device = match kind {
            "nameserver" => return self.nameservers.extend(reader.nameserver(item)),
            "route" => return self.routes.extend(reader.route_item(item)),
            "physical" => reader.physical(item),
            "infiniband" => reader.infiniband(item),
            "loopback" => reader.loopback(item),
            "vlan" => reader.vlan(item),
            "bond" => self.with_members(reader.bond(item)),
            "bridge" => self.with_members(reader.bridge(item)),
            _ => None,
        };
        if let Some(device) = device {
            self.add_device(device, reader);
        }
    }

    fn with_members(&mut self, made: Option<(Device, Vec<(String, Span)>)>) -> Option<Device> {
        let (device, members) = made?;
        self.members.extend(members);
        Some(device)
    }

    /// Of two items about one link, nobody knows which is meant.
    fn add_device(&mut self, device: Device, reader: &mut Reader) {
        match self
            .by_name
            .get(&device.name)
            .and_then(|number| self.devices.get(*number))
        {
            Some(first) => {
                let message = format!("there is more than one item for `{}`", device.name.escape_debug());
                let hint = "write all of its `subnets` into one item".to_owned();
                let at: At = (device.span, Some(device.span));
                reader.error(at, Code::DuplicateKey, &first.place(), message, Some(hint));
            }
            None => {
                self.by_name.insert(device.name.clone(), self.devices.len());
                self.devices.push(device);
            }
        }
    }

    /// A link that another one is made of needs no item: it is the one with that name.
    fn add_members(&mut self, reader: &mut Reader) {
        for (name, span) in std::mem::take(&mut self.members) {
            if self.by_name.contains_key(&name) {
                continue;
            }
            let message = format!(
                "there is no item for `{}`: firstlight takes the link with that name",
                name.escape_debug()
            );
            let hint = "add an item with `type: physical` and this name".to_owned();
            let device = Device::new("ethernets", name, span);
            reader.warning((span, Some(span)), Code::Doubtful, &device.place(), message, Some(hint));
            self.add_device(device, reader);
        }
    }

    /// The network of version 2.
    fn finish(mut self, span: Span, budget: &mut Budget, reader: &mut Reader) -> Node {
        self.add_members(reader);
        nameserver::distribute(self.nameservers, &mut self.devices, &self.by_name, budget, reader);
        route::distribute(self.routes, &mut self.devices, reader);
        let addressed = self.devices.iter().filter(|device| device.has_addresses()).count();
        let mut kinds: Vec<(&'static str, Vec<Entry>)> = Vec::new();
        for device in self.devices {
            let kind = device.kind;
            let finished = device.finish(addressed == 1, reader);
            match kinds.iter_mut().find(|(other, _)| *other == kind) {
                Some((_, devices)) => devices.push(finished),
                None => kinds.push((kind, vec![finished])),
            }
        }
        let kinds = kinds.into_iter().map(|(kind, devices)| {
            let span = devices.first().map_or(span, |first| first.key.span);
            entry(kind, span, mapping(devices, span))
        });
        let version = entry("version", span, plain("1", span));
        mapping(std::iter::once(version).chain(kinds).collect(), span)
    }
}

/// What an item is about.
fn kind(item: &Node, place: &Place, reader: &mut Reader) -> Option<&'static str> {
    let Value::Mapping(entries) = &item.value else {
        let message = format!("expected an item such as `type: physical`, found {}", item.kind());
        let hint = "write its keys below each other: `type`, `name`, `subnets`".to_owned();
        reader.error(at(item), Code::WrongType, place, message, Some(hint));
        return None;
    };
    match entries.iter().find(|entry| entry.key.text == "type") {
        Some(given) if !given.value.is_empty() => reader.word(given, &TYPES, "type of an item", place),
        _ => {
            let message = "this item has no `type`";
            let hint = format!("add one of {}", TYPES.join(", "));
            reader.error((item.span, None), Code::MissingKey, place, message, Some(hint));
            None
        }
    }
}
