//! One Ethernet interface.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::address::{Address, Gateway4, Gateway6};
use super::dhcp::{Dhcp4Overrides, Dhcp6Overrides};
use super::name::{LinkName, Mac, Pattern};
use super::nameservers::Nameservers;
use super::route::Route;
use super::{Renderer, null_is_empty};
use crate::document::one_or_many::one_or_many;

/// One Ethernet interface: which link it is, and how it is configured.
///
/// ```yaml
/// addresses: [192.0.2.10/24]
/// gateway4: 192.0.2.1
/// nameservers: {addresses: [192.0.2.53], search: [example.com]}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ethernet {
    /// Which links to configure. Default: the link named like the interface's ID.
    #[serde(rename = "match")]
    pub matching: Option<Match>,
    /// The name that the link gets. Needs `match`.
    pub set_name: Option<LinkName>,
    /// What configures the interface: networkd.
    pub renderer: Option<Renderer>,
    /// The hardware address that the link gets.
    pub macaddress: Option<Mac>,
    /// The largest packet, in bytes.
    pub mtu: Option<Mtu>,
    /// The largest IPv6 packet, in bytes; at least 1280.
    pub ipv6_mtu: Option<Mtu>,
    /// The link wakes the machine on a magic packet. Default: false, which leaves it as it is.
    pub wakeonlan: Option<bool>,
    /// The boot does not wait for this interface. Default: false.
    pub optional: Option<bool>,
    /// Use DHCPv4. Default: false.
    pub dhcp4: Option<bool>,
    /// Use DHCPv6. Default: false.
    pub dhcp6: Option<bool>,
    /// How the DHCPv4 client identifies itself.
    pub dhcp_identifier: Option<DhcpIdentifier>,
    /// Which parts of DHCPv4 are used.
    pub dhcp4_overrides: Option<Dhcp4Overrides>,
    /// Which parts of DHCPv6 are used.
    pub dhcp6_overrides: Option<Dhcp6Overrides>,
    /// Take IPv6 router advertisements. Default: the system's.
    pub accept_ra: Option<bool>,
    /// The families in which the link gets a link-local address. Default: `[ipv6]`.
    pub link_local: Option<Vec<LinkLocal>>,
    /// Use temporary IPv6 addresses (RFC 8981). Default: false.
    pub ipv6_privacy: Option<bool>,
    /// How the link-local IPv6 address is generated.
    pub ipv6_address_generation: Option<AddressGeneration>,
    /// Keep addresses and routes when networkd stops and when leases end: the root file system depends on this link.
    pub critical: Option<bool>,
    /// Configure the link without waiting for a carrier.
    pub ignore_carrier: Option<bool>,
    /// Tell the neighbours about this machine (LLDP).
    pub emit_lldp: Option<bool>,
    /// The link's addresses, each with its prefix length.
    #[serde(default, deserialize_with = "super::addresses")]
    pub addresses: Vec<Address>,
    /// The IPv4 gateway; the same as a route `to: default`.
    pub gateway4: Option<Gateway4>,
    /// The IPv6 gateway; the same as a route `to: default`.
    pub gateway6: Option<Gateway6>,
    /// Static routes.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub routes: Vec<Route>,
    /// DNS servers and search domains.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub nameservers: Nameservers,
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

/// How the DHCPv4 client identifies itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum DhcpIdentifier {
    /// By the link's hardware address.
    Mac,
    /// By an ID made from the machine's: the same for two clones with the same `/etc/machine-id`.
    Duid,
}

/// A family of link-local addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum LinkLocal {
    /// 169.254.0.0/16, RFC 3927.
    Ipv4,
    /// fe80::/10.
    Ipv6,
}

/// How a link-local IPv6 address is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum AddressGeneration {
    /// From the hardware address.
    Eui64,
    /// From a secret and the network, RFC 7217.
    StablePrivacy,
}

/// The largest packet in bytes: 68 (RFC 791) to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "u32")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("minimum" = 68, "maximum" = 65535, "examples" = [1500, 9000])))]
pub struct Mtu(u32);

impl Mtu {
    /// The least that IPv6 works with, RFC 8200 §5.
    pub const IPV6_MIN: Self = Self(1280);

    /// The number of bytes.
    pub fn bytes(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Mtu {
    type Error = String;

    fn try_from(bytes: u32) -> Result<Self, String> {
        match bytes {
            68..=65535 => Ok(Self(bytes)),
            other => Err(format!("an MTU of {other} is not possible, expected 68 to 65535 bytes")),
        }
    }
}

impl fmt::Display for Mtu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
