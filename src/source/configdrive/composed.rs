//! Links of `network_data.json` that are made of others: bonds and VLANs.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::network::Reader;
use crate::document::network::LinkName;
use crate::source::interface::Interface;
use crate::source::lenient::{Member, Wrong};

/// How a link is made of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Composed {
    /// Several links as one.
    Bond,
    /// A network of its own on another link.
    Vlan,
}

impl Composed {
    /// How a link is made; `None`: it is a card, whatever the hypervisor does behind it.
    ///
    /// # Errors
    /// Its type is no text.
    pub fn of(link: &Member<'_>) -> Result<Option<Self>, Wrong> {
        Ok(match link.get("type").text()?.as_deref() {
            Some("bond") => Some(Self::Bond),
            Some("vlan") => Some(Self::Vlan),
            _ => None,
        })
    }

    /// The key that it goes under in netplan's format.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Bond => "bonds",
            Self::Vlan => "vlans",
        }
    }
}

/// What the links are called in the network that is made, by their IDs. A card keeps its ID, since it is found by its
/// hardware address; a bond and a VLAN are called so on the machine.
#[derive(Debug, Default)]
pub struct Names {
    composed: HashMap<String, (&'static str, String)>,
    /// The hardware addresses of the links.
    macs: HashMap<String, String>,
}

impl Names {
    /// Of all links.
    pub fn of(links: &[Member<'_>]) -> Self {
        let ids: Vec<Option<String>> = links.iter().map(|link| link.get("id").text().ok().flatten()).collect();
        let mut taken: HashSet<String> = ids.iter().flatten().cloned().collect();
        let mut names = Self::default();
        for (link, id) in links.iter().zip(ids) {
            let Some(id) = id else { continue };
            if let Ok(Some(mac)) = link.get("ethernet_mac_address").text() {
                names.macs.insert(id.clone(), mac);
            }
            let Ok(Some(composed)) = Composed::of(link) else {
                continue;
            };
            let name = match LinkName::try_from(id.clone()) {
                Ok(_) => id.clone(),
                Err(_) => free_name(composed, &taken),
            };
            taken.insert(name.clone());
            names.composed.entry(id).or_insert((composed.kind(), name));
        }
        names
    }

    /// What the link with this ID is called.
    pub fn of_link<'n>(&'n self, id: &'n str) -> &'n str {
        self.composed.get(id).map_or(id, |(_, name)| name)
    }

    /// The key that it goes under in netplan's format.
    pub fn kind_of(&self, id: &str) -> &'static str {
        self.composed.get(id).map_or("ethernets", |(kind, _)| kind)
    }
}

/// `bond0`, or the first such name that no link has.
fn free_name(composed: Composed, taken: &HashSet<String>) -> String {
    let kind = match composed {
        Composed::Bond => "bond",
        Composed::Vlan => "vlan",
    };
    let mut names = (0..=taken.len()).map(|number| format!("{kind}{number}"));
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}

/// The parameters of a bond, and what netplan calls them.
const PARAMETERS: [(&str, &str); 5] = [
    ("bond_mode", "mode"),
    ("bond_miimon", "mii-monitor-interval"),
    ("bond_xmit_hash_policy", "transmit-hash-policy"),
    ("bond_lacp_rate", "lacp-rate"),
    ("bond_primary", "primary"),
];

impl Reader<'_> {
    /// What a bond is made of.
    pub(super) fn bond(&mut self, link: &Member<'_>, interface: &mut Interface) -> Result<(), Wrong> {
        let members = link.get("bond_links");
        let mut ids = Vec::new();
        for member in members.items()? {
            let id = member.required()?;
            ids.push(self.names().of_link(&id).to_owned());
        }
        interface.set("interfaces", ids, self.place(members.place()));
        let mut parameters = Map::new();
        for (key, own) in PARAMETERS {
            let given = link.get(key);
            if let (Some(_), Some(value)) = (given.text()?, given.value()) {
                parameters.insert(own.to_owned(), value.clone());
            }
        }
        if !parameters.is_empty() {
            interface.set("parameters", Value::Object(parameters), self.place(link.place()));
        }
        let mac = link.get("ethernet_mac_address");
        if let Some(address) = mac.text()? {
            interface.set_mac(&address, self.place(mac.place()));
        }
        Ok(())
    }

    /// What a VLAN is on. Its hardware address is said where it isn't that of the link below.
    pub(super) fn vlan(&mut self, link: &Member<'_>, interface: &mut Interface) -> Result<(), Wrong> {
        let (id, below) = (link.get("vlan_id"), link.get("vlan_link"));
        let number = id.number::<u32>()?.ok_or_else(|| id.wrong("is missing"))?;
        interface.set("id", number, self.place(id.place()));
        let parent = below.required()?;
        interface.set("link", self.names().of_link(&parent), self.place(below.place()));
        let mac = link.get("vlan_mac_address");
        let own = mac.text()?.filter(|own| self.names().macs.get(&parent) != Some(own));
        if let Some(address) = own {
            interface.set_mac(&address, self.place(mac.place()));
        }
        Ok(())
    }
}
