//! Virtual routing and forwarding: devices with a routing table of their own.

use super::common::device;
use super::device::{Device, LinkTo, Netdev, Role, of_kind};
use super::name::InterfaceId;
use super::null_is_empty;

device! {
    /// One VRF, with the devices that use its routing table.
    ///
    /// ```yaml
    /// table: 1005
    /// interfaces: [eth1]
    /// ```
    pub struct Vrf {
        /// The number of its routing table. Routes of the VRF are in it.
        ///
        /// ```yaml
        /// table: 1005
        /// ```
        #[cfg_attr(test, schemars(extend("minimum" = 1)))]
        pub table: u32,
        /// The IDs of the devices in it.
        #[serde(default, deserialize_with = "null_is_empty")]
        pub interfaces: Vec<InterfaceId>,
    }
}

impl Device for Vrf {
    of_kind!("vrfs", Netdev::Vrf);

    fn links_to(&self) -> Vec<LinkTo<'_>> {
        LinkTo::members(&self.interfaces, Role::VrfMember)
    }
}
