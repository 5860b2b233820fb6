//! Ethernet links: which one it is, and what only they have.

use serde::Deserialize;

use super::common::device;
use super::device::{Device, LinkTo, Netdev, Role, of_kind};
use super::mac::Mac;
use super::name::{InterfaceId, LinkName, Pattern};
use super::sriov::VirtualFunctionCount;
use super::unsupported::{AUTH, DELAY_REBIND, EMBEDDED_SWITCH_MODE, OPENVSWITCH, Refusal, Unsupported};
use crate::document::one_or_many::one_or_many;

device! {
    /// One Ethernet interface: which link it is, and how it is configured.
    ///
    /// ```yaml
    /// addresses: [192.0.2.10/24]
    /// gateway4: 192.0.2.1
    /// nameservers: {addresses: [192.0.2.53], search: [example.com]}
    /// ```
    #[derive(Default)]
    pub struct Ethernet {
        /// Which links to configure. Default: the link named like the interface's ID.
        #[serde(rename = "match")]
        pub matching: Option<Match>,
        /// The name that the link gets. Needs `match`.
        pub set_name: Option<LinkName>,
        /// The link wakes the machine on a magic packet. Default: false, which leaves it as it is.
        pub wakeonlan: Option<bool>,
        /// Let the hardware check what it receives (checksums). Default: the driver's.
        pub receive_checksum_offload: Option<bool>,
        /// Let the hardware compute the checksums of what is sent. Default: the driver's.
        pub transmit_checksum_offload: Option<bool>,
        /// Let the hardware cut TCP over IPv4 into packets (TSO). Default: the driver's.
        pub tcp_segmentation_offload: Option<bool>,
        /// Let the hardware cut TCP over IPv6 into packets. Default: the driver's.
        pub tcp6_segmentation_offload: Option<bool>,
        /// Cut into packets as late as possible (GSO). Default: the kernel's.
        pub generic_segmentation_offload: Option<bool>,
        /// Join received packets before they are looked at (GRO). Default: the kernel's.
        pub generic_receive_offload: Option<bool>,
        /// Let the hardware join received packets (LRO): not for machines that forward them. Default: the driver's.
        pub large_receive_offload: Option<bool>,
        /// How InfiniBand carries IP. Default: the kernel's. Needs systemd 250.
        pub infiniband_mode: Option<InfinibandMode>,
        /// The ID of the physical function that this link is a virtual function of (SR-IOV). It gets as many as there are
        /// such links.
        ///
        /// ```yaml
        /// link: pf0
        /// ```
        pub link: Option<InterfaceId>,
        /// How many virtual functions the link gets (SR-IOV), also those that no entry's `link` asks for. Needs systemd
        /// 251.
        pub virtual_function_count: Option<VirtualFunctionCount>,
        /// Not supported: neither networkd nor udev sets it.
        pub embedded_switch_mode: Option<Unsupported>,
        /// Not supported: it is for `embedded-switch-mode`.
        pub delay_virtual_functions_rebind: Option<Unsupported>,
        /// Not supported: 802.1x is wpa_supplicant's.
        pub auth: Option<Unsupported>,
        /// Not supported: Open vSwitch has a database of its own.
        pub openvswitch: Option<Unsupported>,
    }
}

impl Ethernet {
    /// The keys that are refused, with what stands below them.
    pub fn refusals(&self) -> [(Refusal, Option<&Unsupported>); 4] {
        [
            (EMBEDDED_SWITCH_MODE, self.embedded_switch_mode.as_ref()),
            (DELAY_REBIND, self.delay_virtual_functions_rebind.as_ref()),
            (AUTH, self.auth.as_ref()),
            (OPENVSWITCH, self.openvswitch.as_ref()),
        ]
    }
}

/// How InfiniBand carries IP: `[IPoIB]` of systemd.network(5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum InfinibandMode {
    /// Unreliable, with an MTU of up to 4092 bytes.
    Datagram,
    /// Reliable, with an MTU of up to 65520 bytes.
    Connected,
}

impl InfinibandMode {
    /// The word, the same for netplan and networkd.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Datagram => "datagram",
            Self::Connected => "connected",
        }
    }
}

impl Device for Ethernet {
    of_kind!("ethernets", Netdev::There);

    fn links_to(&self) -> Vec<LinkTo<'_>> {
        let physical = self.link.iter();
        physical
            .map(|id| LinkTo::one("link", id, Role::PhysicalFunction))
            .collect()
    }
}

/// Which links are meant: everything given must hold.
///
/// ```yaml
/// macaddress: '00:50:56:aa:bb:cc'
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("minProperties" = 1)))]
pub struct Match {
    /// Patterns of the name, one of which must match.
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(test, schemars(with = "crate::vocabulary::schema::OneOrMany<Pattern>"))]
    pub name: Vec<Pattern>,
    /// The hardware address.
    pub macaddress: Option<Mac>,
    /// Patterns of the driver's name, one of which must match.
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(test, schemars(with = "crate::vocabulary::schema::OneOrMany<Pattern>"))]
    pub driver: Vec<Pattern>,
}

impl Match {
    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The only name that a link can have that is meant, where it is one.
    pub fn one_name(&self) -> Option<&str> {
        match self.name.as_slice() {
            [name] if !name.is_glob() => Some(name.as_str()),
            _ => None,
        }
    }
}
