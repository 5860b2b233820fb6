//! VLANs: IEEE 802.1Q.

use serde::Deserialize;

use super::common::device;
use super::device::{Device, LinkTo, Netdev, Role, of_kind};
use super::name::InterfaceId;

device! {
    /// One VLAN on top of another device.
    ///
    /// ```yaml
    /// id: 15
    /// link: eth0
    /// addresses: [192.0.2.10/24]
    /// ```
    pub struct Vlan {
        /// The number that marks its packets.
        pub id: VlanId,
        /// The ID of the device that it is on.
        pub link: InterfaceId,
    }
}

impl Device for Vlan {
    of_kind!("vlans", Netdev::Vlan);

    fn links_to(&self) -> Vec<LinkTo<'_>> {
        vec![LinkTo::one("link", &self.link, Role::VlanLink)]
    }
}

/// The number of a VLAN: 0 to 4094.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "u32")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("minimum" = 0, "maximum" = 4094, "examples" = [15])))]
pub struct VlanId(u16);

impl VlanId {
    /// The number.
    pub fn number(self) -> u16 {
        self.0
    }
}

impl TryFrom<u32> for VlanId {
    type Error = String;

    fn try_from(id: u32) -> Result<Self, String> {
        match u16::try_from(id) {
            Ok(number @ 0..=4094) => Ok(Self(number)),
            _ => Err(format!("there is no VLAN {id}, expected 0 to 4094")),
        }
    }
}
