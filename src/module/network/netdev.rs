//! The `.netdev` files: what the kernel makes a device as, systemd.netdev(5).

mod bond;
mod bridge;

use crate::document::network::{Device, InterfaceId, MacPolicy, Netdev};

use super::ini::{Section, file};

/// The `.netdev` file of a device; `None` for a link that is there.
pub fn netdev_file(id: &InterfaceId, device: &dyn Device) -> Option<String> {
    let (kind, own) = kind(id, device.netdev())?;
    let mut netdev = Section::new("NetDev");
    netdev.set("Name", id.as_str());
    netdev.set("Kind", kind);
    netdev.set_if("MACAddress", device.common().macaddress.and_then(MacPolicy::fixed));
    netdev.set_if("MTUBytes", device.common().mtu);
    Some(file(&[netdev, own]))
}

/// Its kind, and what only that has.
fn kind(id: &InterfaceId, netdev: Netdev<'_>) -> Option<(&'static str, Section)> {
    Some(match netdev {
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
    })
}
