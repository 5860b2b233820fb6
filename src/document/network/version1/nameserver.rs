//! Name servers that are not in a subnet: for one link, or for all.

use std::collections::HashMap;

use super::device::Device;
use super::keys::NAMESERVER;
use super::reader::{At, Place, Reader, at_value};
use crate::document::advice::nearest;
use crate::document::budget::Budget;
use crate::document::code::Code;
use crate::document::network::{Ip, SearchDomain};
use crate::document::yaml::{Node, Span};

/// Name servers, and whom they are for.
#[derive(Debug)]
pub struct Nameserver {
    at: At,
    /// The link that they are for, and where it is named.
    interface: Option<(String, At)>,
    servers: Vec<(String, Span)>,
    search: Vec<(String, Span)>,
}

impl Reader {
    /// An item with name servers. What is wrong is told here, once, and left out: it may be for many links.
    pub fn nameserver(&mut self, node: &Node) -> Option<Nameserver> {
        let place = Place::new(&["nameserver"]);
        let keys = self.keys(node, &NAMESERVER, &place)?;
        let interface = keys
            .entry("interface")
            .and_then(|entry| Some((self.text(entry, &place)?.to_owned(), at_value(entry))));
        let mut texts = |key: &str| {
            let entry = keys.entry(key);
            entry.map(|entry| self.texts(entry, &place)).unwrap_or_default()
        };
        let (servers, search) = (texts("address"), texts("search"));
        let servers = self.valid(servers, &place, |text| Ip::try_from(text).map(|_| ()));
        let search = self.valid(search, &place, |text| SearchDomain::try_from(text).map(|_| ()));
        Some(Nameserver {
            at: (keys.span, None),
            interface,
            servers,
            search,
        })
    }

    fn valid(
        &mut self,
        texts: Vec<(String, Span)>,
        place: &Place,
        check: impl Fn(String) -> Result<(), String>,
    ) -> Vec<(String, Span)> {
        let mut valid = Vec::new();
        for (text, span) in texts {
            match check(text.clone()) {
                Ok(()) => valid.push((text, span)),
                Err(why) => self.error((span, Some(span)), Code::InvalidValue, place, why, None),
            }
        }
        valid
    }
}

/// Gives each link its name servers: those that are for it by name, else those for all links. `false`: they are too many
/// for a document.
pub fn distribute(
    items: Vec<Nameserver>,
    devices: &mut [Device],
    by_name: &HashMap<String, usize>,
    budget: &mut Budget,
    reader: &mut Reader,
) {
    let (mut servers, mut search, mut first) = (Vec::new(), Vec::new(), None);
    for item in items {
        let Some((name, at)) = &item.interface else {
            first = first.or(Some(item.at));
            servers.extend(item.servers);
            search.extend(item.search);
            continue;
        };
        match by_name.get(name).and_then(|number| devices.get_mut(*number)) {
            Some(device) => {
                device.has_own_servers = true;
                device.add_servers(item.servers);
                device.add_search(item.search);
            }
            None => {
                let names: Vec<String> = by_name.keys().cloned().collect();
                let hint = nearest(name, &names).map(|near| format!("did you mean `{near}`?"));
                let message = format!("there is no link `{}` in this document", name.escape_debug());
                reader.error(*at, Code::InvalidValue, &Place::new(&["nameserver"]), message, hint);
            }
        }
    }
    let Some(at) = first else { return };
    let others: Vec<&mut Device> = devices
        .iter_mut()
        .filter(|device| device.has_addresses() && !device.has_own_servers)
        .collect();
    if others.is_empty() {
        if !devices.iter().any(|device| device.has_own_servers) {
            let message = "these name servers have no effect: no link has addresses";
            reader.warning(at, Code::NoEffect, &Place::new(&["nameserver"]), message, None);
        }
        return;
    }
    let (nodes, bytes) = servers
        .iter()
        .chain(&search)
        .fold((0, 0), |(nodes, bytes), (text, _)| (nodes + 1, bytes + text.len()));
    if budget.spend(nodes * others.len(), bytes * others.len()).is_none() {
        let message = "these name servers, for each of the links, are too much for a document";
        let place = Place::new(&["nameserver"]);
        return reader.error(
            at,
            Code::TooLarge,
            &place,
            message,
            Some("write fewer of them".to_owned()),
        );
    }
    for device in others {
        device.add_servers(servers.iter().cloned());
        device.add_search(search.iter().cloned());
    }
}
