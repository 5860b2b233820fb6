//! What the `.network` file of a device says of those that it is a part of, and of those on top of it.

use crate::document::network::{Netdev, Role};

use super::Interface;
use super::ini::{Section, yes_or_no};

/// Adds it to the `[Network]` section.
pub fn add(own: &Interface<'_>, section: &mut Section) {
    for it in &own.uses {
        let key = match it.role {
            Role::BondMember => "Bond",
            Role::BridgePort => "Bridge",
            Role::VrfMember => "VRF",
            Role::VlanLink => "VLAN",
            Role::VxlanLink => "VXLAN",
            // The `.netdev` file says it.
            Role::Peer | Role::PhysicalFunction => continue,
        };
        section.set(key, it.by.as_str());
        if let Netdev::Bond(bond) = it.netdev
            && bond.parameters.primary.as_ref() == Some(own.id)
        {
            section.set("PrimarySlave", yes_or_no(true));
        }
    }
}

/// What it is as a port of a bridge.
pub fn bridge_section(own: &Interface<'_>) -> Section {
    let common = own.common();
    let mut section = Section::new("Bridge");
    section.set_bool("HairPin", common.hairpin);
    section.set_bool("Learning", common.port_mac_learning);
    section.set_bool("NeighborSuppression", common.neigh_suppress);
    for it in &own.uses {
        if let Netdev::Bridge(bridge) = it.netdev {
            let parameters = &bridge.parameters;
            section.set_if("Cost", parameters.path_cost.get(own.id).map(|cost| cost.number()));
            section.set_if(
                "Priority",
                parameters.port_priority.get(own.id).map(|priority| priority.number()),
            );
        }
    }
    section
}
