//! Links, and what all of them have: cards, VLANs, the loopback link.

use super::device::Device;
use super::keys::{PHYSICAL, PLAIN, Table, VLAN};
use super::reader::{Keys, Place, Reader};
use super::tree::{entry, mapping, text};
use crate::document::yaml::Node;

/// Keys whose values are numbers or texts in both versions.
const SAME: [(&str, &str); 1] = [("mtu", "mtu")];

/// Keys whose values are true or false.
const FLAGS: [(&str, &str); 4] = [
    ("accept-ra", "accept-ra"),
    ("optional", "optional"),
    ("keep_configuration", "critical"),
    ("wakeonlan", "wakeonlan"),
];

impl Reader {
    /// A network card: it is found by its hardware address, where that is given, and gets the name.
    pub fn physical(&mut self, node: &Node) -> Option<Device> {
        self.card(node, &PHYSICAL)
    }

    /// An InfiniBand card.
    pub fn infiniband(&mut self, node: &Node) -> Option<Device> {
        self.card(node, &PLAIN)
    }

    fn card(&mut self, node: &Node, table: &'static Table) -> Option<Device> {
        let (keys, mut device) = self.link(node, table, "ethernets")?;
        if let Some(mac) = keys.entry("mac_address")
            && let Some(address) = self.text(mac, &device.place())
        {
            let (span, name) = (mac.key.span, text(device.name.as_str(), device.span));
            let address = entry("macaddress", span, text(address, mac.value.span));
            device.set("match", span, mapping(vec![address], span));
            device.set("set-name", device.span, name);
        }
        Some(device)
    }

    /// The loopback link, where it gets an address.
    pub fn loopback(&mut self, node: &Node) -> Option<Device> {
        let (_, device) = self.link(node, &PLAIN, "ethernets")?;
        (!device.subnets.is_empty()).then_some(device)
    }

    /// A VLAN.
    pub fn vlan(&mut self, node: &Node) -> Option<Device> {
        let (keys, mut device) = self.link(node, &VLAN, "vlans")?;
        for (key, own) in [("vlan_link", "link"), ("vlan_id", "id")] {
            if let Some(given) = keys.entry(key)
                && let Some(value) = self.text(given, &device.place())
            {
                let value = match own {
                    "link" => text(value, given.value.span),
                    _ => given.value.clone(),
                };
                device.set(own, given.key.span, value);
            }
        }
        self.own_mac(&keys, &mut device);
        Some(device)
    }

    /// The hardware address that a link gets which is no card.
    pub fn own_mac(&mut self, keys: &Keys<'_>, device: &mut Device) {
        if let Some(mac) = keys.entry("mac_address")
            && let Some(address) = self.text(mac, &device.place())
        {
            device.set("macaddress", mac.key.span, text(address, mac.value.span));
        }
    }

    /// A link by its name, with what all links have.
    pub fn link<'n>(
        &mut self,
        node: &'n Node,
        table: &'static Table,
        kind: &'static str,
    ) -> Option<(Keys<'n>, Device)> {
        let name = node.get("name").and_then(super::tree::text_of).unwrap_or_default();
        let place = match name {
            // Not `config`: that is what all of them are in.
            "" => Place::new(&["item"]),
            name => Place::new(&[kind, name]),
        };
        let keys = self.keys(node, table, &place)?;
        let named = keys.entry("name")?;
        let mut device = Device::new(kind, self.text(named, &place)?, named.value.span);
        for (key, own) in SAME {
            if let Some(given) = keys.entry(key)
                && self.text(given, &place).is_some()
            {
                device.set(own, given.key.span, given.value.clone());
            }
        }
        for (key, own) in FLAGS {
            if let Some(given) = keys.entry(key)
                && let Some(flag) = self.flag(given, &place)
            {
                device.set(own, given.key.span, flag);
            }
        }
        if let Some(subnets) = keys.entry("subnets") {
            self.subnets(subnets, &mut device);
        }
        Some((keys, device))
    }
}
