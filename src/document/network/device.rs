//! What the kinds of devices have in common: checks and rendering go over all of them.

use std::collections::BTreeMap;

use super::{
    Bond, Bridge, Common, Ethernet, InterfaceId, Network, Route, RoutingRule, Tunnel, VirtualEthernet, Vlan, Vrf,
};

/// The keys below `network` that devices are under.
pub const KINDS: [&str; 8] = [
    "ethernets",
    "dummy-devices",
    "virtual-ethernets",
    "bonds",
    "bridges",
    "vlans",
    "tunnels",
    "vrfs",
];

/// A device of a network, of any kind.
pub trait Device {
    /// The key below `network` that devices of its kind are under: `ethernets`.
    fn kind(&self) -> &'static str;

    /// What every device can be told.
    fn common(&self) -> &Common;

    /// What the kernel makes it as: a link that doesn't exist by itself.
    fn netdev(&self) -> Netdev<'_>;

    /// The devices that it is made of, or on top of.
    fn links_to(&self) -> Vec<LinkTo<'_>> {
        Vec::new()
    }
}

/// What a device is for the kernel: systemd.netdev(5), `Kind=`.
#[derive(Debug, Clone, Copy)]
pub enum Netdev<'n> {
    /// A link that is there, or comes: an Ethernet card.
    There(&'n Ethernet),
    /// `Kind=bond`.
    Bond(&'n Bond),
    /// `Kind=bridge`.
    Bridge(&'n Bridge),
    /// `Kind=dummy`.
    Dummy,
    /// `Kind=veth`: one end of the pair.
    VirtualEthernet(&'n VirtualEthernet),
    /// `Kind=vlan`.
    Vlan(&'n Vlan),
    /// What its mode says.
    Tunnel(&'n Tunnel),
    /// `Kind=vrf`.
    Vrf(&'n Vrf),
}

impl dyn Device + '_ {
    /// The routes to create: those that are given, and those that `gateway4` and `gateway6` stand for. Those of a VRF are
    /// in its table.
    pub fn all_routes(&self) -> Vec<Route> {
        super::check::all_routes(self)
    }

    /// The rules by which a routing table is chosen. Those of a VRF choose its own.
    pub fn all_rules(&self) -> Vec<RoutingRule> {
        let rules = self.common().routing_policy.iter().cloned();
        rules
            .map(|rule| RoutingRule {
                table: rule.table.or(self.table()),
                ..rule
            })
            .collect()
    }

    /// The routing table that it has for itself, as a VRF.
    pub fn table(&self) -> Option<u32> {
        self.netdev().table()
    }
}

impl<'n> Netdev<'n> {
    /// The routing table of a VRF.
    pub fn table(self) -> Option<u32> {
        match self {
            Self::Vrf(vrf) => Some(vrf.table),
            _ => None,
        }
    }

    /// The Ethernet link, where it is one.
    pub fn there(self) -> Option<&'n Ethernet> {
        match self {
            Self::There(ethernet) => Some(ethernet),
            _ => None,
        }
    }
}

/// Another device that a device is made of, or on top of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTo<'n> {
    /// Its ID.
    pub id: &'n InterfaceId,
    /// The keys below the device that say so: `interfaces`, and the number of the item.
    pub place: Vec<String>,
    /// What it is for the device.
    pub role: Role,
}

impl<'n> LinkTo<'n> {
    /// The only one under a key.
    pub fn one(key: &str, id: &'n InterfaceId, role: Role) -> Self {
        Self {
            id,
            place: vec![key.to_owned()],
            role,
        }
    }

    /// All that are listed under `interfaces`.
    pub fn members(ids: &'n [InterfaceId], role: Role) -> Vec<Self> {
        let numbered = ids.iter().enumerate();
        numbered
            .map(|(number, id)| Self {
                id,
                place: vec!["interfaces".to_owned(), number.to_string()],
                role,
            })
            .collect()
    }
}

/// What a device is for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is a member of the bond.
    BondMember,
    /// It is a port of the bridge.
    BridgePort,
    /// It is in the VRF.
    VrfMember,
    /// The VLAN's packets go over it.
    VlanLink,
    /// The VXLAN's packets go over it.
    VxlanLink,
    /// It is the other end of the pair.
    Peer,
    /// It is the physical function that the device is a virtual one of.
    PhysicalFunction,
}

impl Role {
    /// Whether a device has it for one other device at most.
    pub fn is_exclusive(self) -> bool {
        matches!(self, Self::BondMember | Self::BridgePort | Self::VrfMember)
    }

    /// Whether a device that has it has no addresses of its own: its packets are those of the device that it is a part of.
    pub fn is_part(self) -> bool {
        matches!(self, Self::BondMember | Self::BridgePort)
    }
}

/// That a device uses another one.
#[derive(Debug, Clone, Copy)]
pub struct Use<'n> {
    /// The ID of the device that does.
    pub by: &'n InterfaceId,
    /// What that device is.
    pub netdev: Netdev<'n>,
    /// What the other one is for it.
    pub role: Role,
}

/// Which devices use a device, by its ID.
pub type Uses<'n> = BTreeMap<&'n InterfaceId, Vec<Use<'n>>>;

/// Goes over all kinds, in this order; [`KINDS`] has their keys.
macro_rules! over_all_kinds {
    ($first:ident $(, $kind:ident)*) => {
        impl Network {
            /// All devices, with their IDs, kind by kind.
            pub fn devices(&self) -> impl Iterator<Item = (&InterfaceId, &dyn Device)> {
                fn all<D: Device>(kind: &BTreeMap<InterfaceId, D>) -> impl Iterator<Item = (&InterfaceId, &dyn Device)> {
                    kind.iter().map(|(id, device)| (id, device as &dyn Device))
                }
                all(&self.$first)$(.chain(all(&self.$kind)))*
            }

            /// The device of this ID, of whatever kind. IDs are unique.
            pub fn device(&self, id: &str) -> Option<&dyn Device> {
                fn find<'n, D: Device>(kind: &'n BTreeMap<InterfaceId, D>, id: &str) -> Option<&'n dyn Device> {
                    kind.get(id).map(|device| device as &dyn Device)
                }
                find(&self.$first, id)$(.or_else(|| find(&self.$kind, id)))*
            }

            /// Takes out the devices that `keep` refuses.
            pub fn retain(&mut self, keep: impl Fn(&InterfaceId, &dyn Device) -> bool) {
                self.$first.retain(|id, device| keep(id, device));
                $(self.$kind.retain(|id, device| keep(id, device));)*
            }
        }
    };
}
over_all_kinds!(
    ethernets,
    dummy_devices,
    virtual_ethernets,
    bonds,
    bridges,
    vlans,
    tunnels,
    vrfs
);

impl Network {
    /// Which devices use which.
    pub fn uses(&self) -> Uses<'_> {
        let mut uses = Uses::new();
        for (by, device) in self.devices() {
            for LinkTo { id, role, .. } in device.links_to() {
                let netdev = device.netdev();
                uses.entry(id).or_default().push(Use { by, netdev, role });
            }
        }
        uses
    }
}

/// Implements what all kinds have in the same way.
macro_rules! of_kind {
    ($key:literal, $netdev:expr) => {
        fn kind(&self) -> &'static str {
            $key
        }

        fn common(&self) -> &$crate::document::network::Common {
            &self.common
        }

        fn netdev(&self) -> $crate::document::network::Netdev<'_> {
            $netdev(self)
        }
    };
}
pub(super) use of_kind;
