//! Virtual Ethernet links: a pair, each end of which is a device of its own.

use super::common::device;
use super::device::{Device, LinkTo, Netdev, Role, of_kind};
use super::name::InterfaceId;

device! {
    /// One end of a pair of virtual Ethernet links.
    ///
    /// ```yaml
    /// peer: veth1
    /// ```
    pub struct VirtualEthernet {
        /// The other end, which names this one as its `peer` too.
        pub peer: InterfaceId,
    }
}

impl Device for VirtualEthernet {
    of_kind!("virtual-ethernets", Netdev::VirtualEthernet);

    fn links_to(&self) -> Vec<LinkTo<'_>> {
        vec![LinkTo::one("peer", &self.peer, Role::Peer)]
    }
}
