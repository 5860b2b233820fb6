//! A device of version 2 that is put together piece by piece.

use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::reader::{At, Place, Reader};
use super::route::Route;
use super::tree::{entry, list, mapping, plain, text};
use crate::document::code::Code;
use crate::document::yaml::{Entry, Node, Span};

/// A device.
#[derive(Debug)]
pub struct Device {
    /// The key below `network` that it goes under.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Where it is named.
    pub span: Span,
    /// What doesn't come in pieces.
    keys: Vec<Entry>,
    addresses: Vec<Node>,
    /// Its subnets, without those that it learns.
    pub subnets: Vec<IpNet>,
    /// Other networks that the link reaches directly.
    pub direct: Vec<IpNet>,
    /// Routes of all kinds.
    pub routes: Vec<Route>,
    /// DNS servers, then search domains.
    servers: [Vec<(String, Span)>; 2],
    /// Whether name servers are for this device by name: those for all links are not, then.
    pub has_own_servers: bool,
    /// What the subnets say of bringing up the link.
    pub control: Vec<(Control, At)>,
}

/// How a link is brought up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// At boot.
    Auto,
    /// When it is there.
    Hotplug,
    /// By hand.
    Manual,
}

impl Device {
    /// One of which nothing is known yet.
    pub fn new(kind: &'static str, name: impl Into<String>, span: Span) -> Self {
        Self {
            kind,
            name: name.into(),
            span,
            keys: Vec::new(),
            addresses: Vec::new(),
            subnets: Vec::new(),
            direct: Vec::new(),
            routes: Vec::new(),
            servers: [Vec::new(), Vec::new()],
            has_own_servers: false,
            control: Vec::new(),
        }
    }

    /// Where it is in version 2.
    pub fn place(&self) -> Place {
        Place::new(&[self.kind, &self.name])
    }

    /// Gives it a key. The last value counts.
    pub fn set(&mut self, key: &str, at: Span, value: Node) {
        self.keys.retain(|entry| entry.key.text != key);
        self.keys.push(entry(key, at, value));
    }

    /// Gives it a key below another one.
    pub fn set_below(&mut self, around: &str, key: &str, at: Span, value: Node) {
        let below = entry(key, at, value);
        let found = self.keys.iter_mut().find(|entry| entry.key.text == around);
        match found.map(|entry| &mut entry.value.value) {
            Some(crate::document::yaml::Value::Mapping(entries)) => entries.push(below),
            _ => self.keys.push(entry(around, at, mapping(vec![below], at))),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let found = self.keys.iter().find(|entry| entry.key.text == key);
        found.map(|entry| &entry.value)
    }

    /// Gives it an address with its prefix length.
    pub fn add_address(&mut self, address: IpNet, at: Span) {
        self.addresses.push(text(address.to_string(), at));
        self.subnets.push(address.trunc());
    }

    /// Gives it DNS servers.
    pub fn add_servers(&mut self, servers: impl IntoIterator<Item = (String, Span)>) {
        self.add_names(0, servers);
    }

    /// Gives it search domains.
    pub fn add_search(&mut self, domains: impl IntoIterator<Item = (String, Span)>) {
        self.add_names(1, domains);
    }

    fn add_names(&mut self, which: usize, names: impl IntoIterator<Item = (String, Span)>) {
        let Some(own) = self.servers.get_mut(which) else { return };
        let mut seen: HashSet<String> = own.iter().map(|(name, _)| name.clone()).collect();
        own.extend(names.into_iter().filter(|(name, _)| seen.insert(name.clone())));
    }

    /// Whether it learns addresses of this family.
    pub fn learns(&self, is_ipv4: bool) -> bool {
        let keys: &[&str] = if is_ipv4 { &["dhcp4"] } else { &["dhcp6", "accept-ra"] };
        keys.iter().any(|key| self.get(key).is_some_and(is_true))
    }

    /// Whether it has addresses, or gets some.
    pub fn has_addresses(&self) -> bool {
        !self.addresses.is_empty() || self.learns(true) || self.learns(false)
    }

    /// Whether a gateway is outside of all that it reaches, as far as that is known.
    pub fn is_outside(&self, gateway: IpAddr) -> bool {
        let is_link_local = match gateway {
            IpAddr::V4(ip) => ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_unicast_link_local(),
        };
        let mut own = self
            .subnets
            .iter()
            .filter(|net| net.addr().is_ipv4() == gateway.is_ipv4());
        let is_known = self.learns(gateway.is_ipv4()) || is_link_local;
        !is_known
            && own.clone().next().is_some()
            && !own.any(|net| net.contains(&gateway))
            && !self.direct.iter().any(|net| net.contains(&gateway))
    }

    /// The entry below its kind. `is_alone`: no other device has addresses.
    pub fn finish(mut self, is_alone: bool, reader: &mut Reader) -> Entry {
        self.settle_control(is_alone, reader);
        let place = self.place();
        let routes = std::mem::take(&mut self.routes);
        let mut finished = Vec::new();
        for (number, route) in routes.iter().enumerate() {
            finished.push(route.finish(&self, &place.below(&["routes", &number.to_string()]), reader));
        }
        let [servers, search] = std::mem::take(&mut self.servers);
        let nodes = |texts: Vec<(String, Span)>| texts.into_iter().map(|(name, span)| text(name, span)).collect();
        let (servers, search): (Vec<Node>, Vec<Node>) = (nodes(servers), nodes(search));
        let mut entries = self.keys;
        for (key, items) in [("addresses", self.addresses), ("routes", finished)] {
            if let Some(first) = items.first() {
                let span = first.span;
                entries.push(entry(key, span, list(items, span)));
            }
        }
        let mut names = Vec::new();
        for (key, items) in [("addresses", servers), ("search", search)] {
            if let Some(first) = items.first() {
                let span = first.span;
                names.push(entry(key, span, list(items, span)));
            }
        }
        if let Some(first) = names.first() {
            let span = first.key.span;
            entries.push(entry("nameservers", span, mapping(names, span)));
        }
        entry(self.name, self.span, mapping(entries, self.span))
    }

    /// Brings the link up as all of its subnets ask for.
    fn settle_control(&mut self, is_alone: bool, reader: &mut Reader) {
        let Some((first, at)) = self.control.first().copied() else {
            return;
        };
        if self.control.iter().any(|(other, _)| *other != first) {
            let message = "the subnets of this link have more than one `control`: it is brought up at boot";
            return reader.warning(at, Code::Conflict, &self.place(), message, None);
        }
        match first {
            Control::Auto => {}
            Control::Hotplug => self.set("optional", at.0, plain("true", at.0)),
            Control::Manual if is_alone && self.has_addresses() => {
                let message = "no other link has addresses: this one is brought up at boot all the same";
                let hint = "leave out `control: manual`".to_owned();
                reader.warning(at, Code::NoEffect, &self.place(), message, Some(hint));
            }
            Control::Manual => {
                self.set("activation-mode", at.0, plain("manual", at.0));
                self.set("optional", at.0, plain("true", at.0));
            }
        }
    }
}

fn is_true(node: &Node) -> bool {
    super::tree::text_of(node).and_then(crate::document::yaml::scalar::boolean) == Some(true)
}
