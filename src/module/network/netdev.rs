//! The `.netdev` files: what the kernel makes a device as, systemd.netdev(5).

mod bond;
mod bridge;
mod tunnel;
mod vxlan;
mod wireguard;

use std::collections::BTreeMap;

use crate::document::network::{Device, InterfaceId, MacPolicy, Netdev};

use super::files::NetworkdFile;
use super::ini::{Section, file, parse};
use super::{Interface, Other};
use crate::module::Plan;

/// The `.netdev` file of a device; `None` for a link that is there.
pub fn netdev_file(id: &InterfaceId, device: &dyn Device) -> Option<String> {
    let (kind, own) = kind(id, device.netdev())?;
    let mut netdev = Section::new("NetDev");
    netdev.set("Name", id.as_str());
    netdev.set("Kind", kind);
    netdev.set_if("MACAddress", device.common().macaddress.and_then(MacPolicy::fixed));
    netdev.set_if("MTUBytes", device.common().mtu);
    let sections: Vec<Section> = [netdev].into_iter().chain(own).collect();
    Some(file(&sections))
}

/// The key of the document that is a secret in the `.netdev` file of a device, if there is one.
pub fn inline_key(netdev: Netdev<'_>) -> Option<&'static str> {
    match netdev {
        Netdev::Tunnel(tunnel) => wireguard::inline_key(tunnel),
        _ => None,
    }
}

/// Its kind, and what only that has.
fn kind(id: &InterfaceId, netdev: Netdev<'_>) -> Option<(&'static str, Vec<Section>)> {
    let (kind, own) = match netdev {
        Netdev::Tunnel(tunnel) => return Some(tunnel::sections(tunnel)),
        Netdev::There(_) => return None,
        Netdev::Bond(bond) => ("bond", bond::section(&bond.parameters)),
        Netdev::Bridge(bridge) => ("bridge", bridge::section(&bridge.parameters)),
        Netdev::Dummy => ("dummy", Section::new("NetDev")),
        Netdev::VirtualEthernet(end) => {
            // One file makes both: that of the end whose name comes first.
            if end.peer < *id {
                return None;
            }
            let mut section = Section::new("Peer");
            section.set("Name", end.peer.as_str());
            ("veth", section)
        }
        Netdev::Vlan(vlan) => {
            let mut section = Section::new("VLAN");
            section.set("Id", vlan.id.number());
            ("vlan", section)
        }
        Netdev::Vrf(vrf) => {
            let mut section = Section::new("VRF");
            section.set("Table", vrf.table);
            ("vrf", section)
        }
    };
    Some((kind, vec![own]))
}

/// The files of others by the name of the link that they make.
pub fn by_name(others: Vec<Other>) -> BTreeMap<String, Vec<NetworkdFile>> {
    let mut by_name: BTreeMap<String, Vec<NetworkdFile>> = BTreeMap::new();
    for Other { file, .. } in others {
        let said = parse(&file.text);
        if let Some(name) = said.into_iter().rfind(|it| it.section == "NetDev" && it.key == "Name") {
            by_name.entry(name.value).or_default().push(file);
        }
    }
    by_name
}

/// Warns of each file that makes a link of the same name: networkd takes the first one.
pub fn note_others(own: &Interface<'_>, others: &BTreeMap<String, Vec<NetworkdFile>>, plan: &mut Plan) {
    let (id, name) = (own.id.as_str(), own.file_name(".netdev"));
    for NetworkdFile { name: other, path, .. } in others.get(id).into_iter().flatten() {
        plan.warn(match *other < name {
            true => format!(
                "{path} sorts before {name} and also makes {id}, so it would be used instead; remove or rename it"
            ),
            false => format!("{path} also makes {id}, and is no longer used: {name} sorts before it"),
        });
    }
}
