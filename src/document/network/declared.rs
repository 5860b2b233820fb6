//! What the devices of a document say of each other, also those that are left out because of an error.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::RENDERER;
use crate::document::yaml::{Node, Value};

/// Keys of a device whose values are IDs of others.
const LINKS: [&str; 3] = ["interfaces", "link", "peer"];

/// The IDs of all devices under any key of `network`, and which of them are made of which.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declared {
    links: BTreeMap<String, BTreeSet<String>>,
    users: BTreeMap<String, BTreeSet<String>>,
}

impl Declared {
    /// Of a document's tree, before anything is taken out of it.
    pub fn by(tree: &Node) -> Self {
        let mut declared = Self::default();
        let kinds = tree.get("network").into_iter().flat_map(values);
        let devices = kinds.flat_map(|(_, kind)| values(kind));
        for (id, device) in devices.filter(|(id, _)| *id != RENDERER) {
            let links = links(device);
            for link in &links {
                let users = declared.users.entry(link.clone()).or_default();
                users.insert(id.to_owned());
            }
            declared.links.entry(id.to_owned()).or_default().extend(links);
        }
        declared
    }

    /// The IDs of all devices.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.links.keys().map(String::as_str)
    }

    /// Whether a device has this ID.
    pub fn has(&self, id: &str) -> bool {
        self.links.contains_key(id)
    }

    /// The devices that are made of this one, or on top of it.
    pub fn users(&self, id: &str) -> impl Iterator<Item = &str> {
        self.users.get(id).into_iter().flatten().map(String::as_str)
    }

    /// The devices that this one is made of, or on top of.
    pub fn links_to(&self, id: &str) -> impl Iterator<Item = &str> {
        self.links.get(id).into_iter().flatten().map(String::as_str)
    }
}

fn values(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let entries = match &node.value {
        Value::Mapping(entries) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().map(|entry| (entry.key.text.as_str(), &entry.value))
}

fn links(device: &Node) -> BTreeSet<String> {
    let lists = LINKS.iter().filter_map(|key| device.get(key));
    let texts = lists.flat_map(|list| match &list.value {
        Value::Sequence(items) => items.iter().collect(),
        _ => vec![list],
    });
    texts
        .filter_map(|text| match &text.value {
            Value::Scalar(id) => Some(id.text.to_string()),
            _ => None,
        })
        .collect()
}
