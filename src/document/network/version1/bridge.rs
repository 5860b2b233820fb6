//! Bridges.

use super::device::Device;
use super::keys::{BRIDGE, BRIDGE_PARAMS};
use super::reader::{Place, Reader, at};
use super::tree::{entry, mapping, plain, text, text_of};
use crate::document::code::Code;
use crate::document::yaml::{Entry, Node, Span, Value};

/// The parameters with a number, and what they are called in version 2.
const NUMBERS: [(&str, &str); 5] = [
    ("bridge_ageing", "ageing-time"),
    ("bridge_bridgeprio", "priority"),
    ("bridge_fd", "forward-delay"),
    ("bridge_hello", "hello-time"),
    ("bridge_maxage", "max-age"),
];

/// Those with a number for each port.
const BY_PORT: [(&str, &str); 2] = [("bridge_pathcost", "path-cost"), ("bridge_portprio", "port-priority")];

/// What its keys of version 2 are called in version 1.
pub fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = NUMBERS.iter().chain(&BY_PORT);
    all.map(|(name, own)| (*own, *name))
        .chain([("stp", "bridge_stp"), ("interfaces", "bridge_interfaces")])
}

impl Reader {
    /// A bridge, and the names of its ports.
    pub fn bridge(&mut self, node: &Node) -> Option<(Device, Vec<(String, Span)>)> {
        let (keys, mut device) = self.link(node, &BRIDGE, "bridges")?;
        self.own_mac(&keys, &mut device);
        let mut ports = keys.entry("bridge_interfaces");
        if let Some(params) = keys.entry("params") {
            let in_params = self.bridge_params(params, &mut device);
            ports = ports.or(in_params);
        }
        let members = match ports {
            Some(ports) => self.members(ports, &mut device),
            None => Vec::new(),
        };
        Some((device, members))
    }

    /// The parameters; the ports, where they are among them.
    fn bridge_params<'n>(&mut self, params: &'n Entry, device: &mut Device) -> Option<&'n Entry> {
        let place = device.place().below(&["parameters"]);
        let keys = self.keys(&params.value, &BRIDGE_PARAMS, &place)?;
        let mut parameters: Vec<Entry> = Vec::new();
        for (key, own) in NUMBERS {
            if let Some(given) = keys.entry(key)
                && self.text(given, &place).is_some()
            {
                parameters.push(entry(own, given.key.span, given.value.clone()));
            }
        }
        for (key, own) in BY_PORT {
            if let Some(given) = keys.entry(key) {
                let ports = self.by_port(given, &place.below(&[own]));
                parameters.push(entry(own, given.key.span, mapping(ports, given.key.span)));
            }
        }
        if let Some(given) = keys.entry("bridge_stp")
            && let Some(stp) = self.flag(given, &place)
        {
            parameters.push(entry("stp", given.key.span, stp));
        }
        if let Some(given) = keys.entry("bridge_hw")
            && let Some(mac) = self.text(given, &place)
        {
            device.set("macaddress", given.key.span, text(mac, given.value.span));
        }
        if !parameters.is_empty() {
            device.set("parameters", params.key.span, mapping(parameters, params.key.span));
        }
        keys.entry("bridge_ports")
    }

    /// `eth0 50`: a port and its number, one or a list of them.
    fn by_port(&mut self, given: &Entry, place: &Place) -> Vec<Entry> {
        let items = match &given.value.value {
            Value::Sequence(items) => items.as_slice(),
            _ => std::slice::from_ref(&given.value),
        };
        let mut ports = Vec::new();
        for item in items {
            let mut words = text_of(item).unwrap_or_default().split_whitespace();
            match (words.next(), words.next(), words.next()) {
                (Some(port), Some(number), None) => ports.push(entry(port, item.span, plain(number, item.span))),
                _ => {
                    let message = "expected a port and its number, such as `eth0 50`";
                    self.error(at(item), Code::InvalidValue, place, message, None);
                }
            }
        }
        ports
    }
}
