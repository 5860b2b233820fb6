//! What every device of a network can be told.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Hands the settings that all devices share to the macro `then`, behind what is already in its braces. `super` is
/// `document::network`, here and in the file of each kind.
macro_rules! with_common {
    ($then:ident! { $($before:tt)* }) => {
        $crate::document::network::common::$then! {
            $($before)*
            {
                /// What configures the interface: networkd.
                pub renderer: Option<super::Renderer>,
                /// The hardware address that the link gets; `random`: another one each time the link appears; `permanent`:
                /// the one that it was made with. The 20 bytes of InfiniBand need systemd 250.
                pub macaddress: Option<super::MacPolicy>,
                /// The largest packet, in bytes.
                pub mtu: Option<super::Mtu>,
                /// The largest IPv6 packet, in bytes; at least 1280.
                pub ipv6_mtu: Option<super::Mtu>,
                /// The boot does not wait for this interface. Default: false.
                pub optional: Option<bool>,
                /// The addresses that the boot does not wait for, though the link gets them. Where those of only one family
                /// are left, that is the one that it waits for (systemd 249); where none is left, it waits for nothing.
                ///
                /// ```yaml
                /// optional-addresses: [dhcp6]
                /// ```
                #[serde(default, deserialize_with = "super::null_is_empty")]
                pub optional_addresses: Vec<super::OptionalAddress>,
                /// Who sets the link up: by default it is done when the link is there; `manual`: the administrator;
                /// `off`: nobody, it stays down. The boot waits for neither. Needs systemd 248: older ones set it up.
                pub activation_mode: Option<super::ActivationMode>,
                /// Use DHCPv4. Default: false.
                pub dhcp4: Option<bool>,
                /// Use DHCPv6. Default: false.
                pub dhcp6: Option<bool>,
                /// How the DHCPv4 client identifies itself.
                pub dhcp_identifier: Option<super::DhcpIdentifier>,
                /// Which parts of DHCPv4 are used.
                pub dhcp4_overrides: Option<super::Dhcp4Overrides>,
                /// Which parts of DHCPv6 are used.
                pub dhcp6_overrides: Option<super::Dhcp6Overrides>,
                /// Take IPv6 router advertisements. Default: the system's.
                pub accept_ra: Option<bool>,
                /// Which parts of router advertisements are used.
                pub ra_overrides: Option<super::RaOverrides>,
                /// The families in which the link gets a link-local address. Default: `[ipv6]`.
                pub link_local: Option<Vec<super::LinkLocal>>,
                /// Use temporary IPv6 addresses (RFC 8981). Default: false.
                pub ipv6_privacy: Option<bool>,
                /// How IPv6 addresses are made: the link-local one, and those of router advertisements.
                pub ipv6_address_generation: Option<super::AddressGeneration>,
                /// The lower half of the address that the link makes for itself in the network of a router. Not together
                /// with `ipv6-address-generation`.
                pub ipv6_address_token: Option<super::AddressToken>,
                /// Keep addresses and routes when networkd stops and when leases end: the root file system depends on this link.
                pub critical: Option<bool>,
                /// Configure the link without waiting for a carrier.
                pub ignore_carrier: Option<bool>,
                /// Tell the neighbours about this machine (LLDP).
                pub emit_lldp: Option<bool>,
                /// The link's addresses, each with its prefix length.
                ///
                /// ```yaml
                /// addresses: [192.0.2.10/24, {192.0.2.11/24: {label: 'eth0:web'}}]
                /// ```
                #[serde(default, deserialize_with = "super::addresses")]
                pub addresses: Vec<super::AssignedAddress>,
                /// The IPv4 gateway; the same as a route `to: default`.
                pub gateway4: Option<super::Gateway4>,
                /// The IPv6 gateway; the same as a route `to: default`.
                pub gateway6: Option<super::Gateway6>,
                /// Static routes.
                #[serde(default, deserialize_with = "super::null_is_empty")]
                pub routes: Vec<super::Route>,
                /// Rules that choose the routing table of a packet.
                #[serde(default, deserialize_with = "super::null_is_empty")]
                pub routing_policy: Vec<super::RoutingRule>,
                /// DNS servers and search domains.
                #[serde(default, deserialize_with = "super::null_is_empty")]
                pub nameservers: super::Nameservers,
                /// As a bridge's port: answer ARP and neighbour discovery for those behind it that are known. Default: the
                /// kernel's, which is not to.
                pub neigh_suppress: Option<bool>,
                /// As a bridge's port: send packets back out of the port that they came in by. Default: false.
                pub hairpin: Option<bool>,
                /// As a bridge's port: learn the hardware addresses behind it. Default: true.
                pub port_mac_learning: Option<bool>,
            }
        }
    };
}
pub(super) use with_common;

/// Declares [`Common`].
macro_rules! common {
    (
        {$(#[$about:meta])* pub struct $Common:ident}
        {$($(#[doc = $doc:literal])* $(#[serde $serde:tt])? pub $field:ident: $type:ty,)*}
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $Common {
            $($(#[doc = $doc])* pub $field: $type,)*
        }
    };
}
use common;

with_common! { common! {
    {
        /// What every device can be told, whatever its kind.
        pub struct Common
    }
} }

/// Declares a kind of device: a [`Common`], and settings of its own. A document has both side by side.
///
/// ```text
/// device! {
///     /// One VLAN.
///     pub struct Vlan {
///         /// Its number.
///         pub id: VlanId,
///     }
/// }
/// ```
macro_rules! device {
    ($(#[$about:meta])* pub struct $Device:ident { $($own:tt)* }) => {
        $crate::document::network::common::with_common! {
            device_of! { {$(#[$about])* pub struct $Device} {$($own)*} }
        }
    };
}
pub(super) use device;

/// What [`device`] becomes with the shared settings: one structure as the document has it, and one for the rest of the
/// program.
macro_rules! device_of {
    (
        {$(#[$about:meta])* pub struct $Device:ident}
        {$($(#[doc = $doc:literal])* $(#[serde $serde:tt])? $(#[cfg_attr $cfg:tt])? pub $own:ident: $own_type:ty,)*}
        {$($(#[doc = $common_doc:literal])* $(#[serde $common_serde:tt])? pub $common:ident: $common_type:ty,)*}
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $Device {
            $($(#[doc = $doc])* pub $own: $own_type,)*
            /// What every device can be told.
            pub common: $crate::document::network::common::Common,
        }

        const _: () = {
            $(#[$about])*
            #[derive(serde::Deserialize)]
            #[serde(deny_unknown_fields, rename_all = "kebab-case")]
            #[cfg_attr(test, derive(schemars::JsonSchema))]
            struct AsWritten {
                $($(#[doc = $doc])* $(#[serde $serde])? $(#[cfg_attr $cfg])? $own: $own_type,)*
                $($(#[doc = $common_doc])* $(#[serde $common_serde])? $common: $common_type,)*
            }

            impl<'de> serde::Deserialize<'de> for $Device {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let written = AsWritten::deserialize(deserializer)?;
                    Ok(Self {
                        $($own: written.$own,)*
                        common: $crate::document::network::common::Common {
                            $($common: written.$common,)*
                        },
                    })
                }
            }

            #[cfg(test)]
            impl schemars::JsonSchema for $Device {
                fn schema_name() -> std::borrow::Cow<'static, str> {
                    stringify!($Device).into()
                }

                fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                    AsWritten::json_schema(generator)
                }
            }
        };
    };
}
pub(super) use device_of;

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
