//! `network`: the network, in netplan's format version 2 (<https://netplan.readthedocs.io/en/stable/netplan-yaml/>).
//!
//! The keys that systemd-networkd has an equivalent of. Each text that ends up in a networkd file is a
//! type of its own here, whose values can't hold a control character: so nothing can smuggle a line into those files.

mod address;
mod assigned_address;
mod bond;
mod bridge;
mod check;
mod common;
mod declared;
mod device;
mod dhcp;
mod dummy;
mod ethernet;
mod interval;
mod kind;
mod left_out;
mod mac;
mod name;
mod nameservers;
mod online;
mod prefix;
mod route;
mod router_advertisements;
mod routing_policy;
mod sriov;
pub mod tunnel;
mod unsupported;
pub mod version1;
mod virtual_ethernet;
mod vlan;
mod vrf;
mod whole;
mod word;

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

pub use address::{Address, Gateway4, Gateway6, Ip, NextHop};
pub use assigned_address::{AssignedAddress, Label, Lifetime};
pub use bond::{Bond, BondParameters};
pub use bridge::{Bridge, BridgeParameters};
pub use common::{AddressGeneration, Common, DhcpIdentifier, LinkLocal, Mtu};
pub use declared::Declared;
pub use device::{Device, Netdev, Role, Use, Uses};
pub use dhcp::{Dhcp4Overrides, Dhcp6Overrides, UseDomains};
pub use dummy::DummyDevice;
pub use ethernet::{Ethernet, InfinibandMode, Match};
pub use interval::Interval;
pub use left_out::{LeftOut, leave_out};
pub use mac::{Mac, MacPolicy};
pub use name::{IFNAMSIZ, InterfaceId, LinkName, Pattern};
pub use nameservers::{Nameservers, SearchDomain};
pub use online::{ActivationMode, Awaited, OptionalAddress};
pub use prefix::with_prefix;
pub use route::{AdvertisedMss, Destination, Route, RouteScope, RouteType, Window};
pub use router_advertisements::{AddressToken, RaOverrides};
pub use routing_policy::{Prefix, RoutingRule};
pub use sriov::VirtualFunctionCount;
pub use tunnel::Tunnel;
pub use unsupported::Unsupported;
pub use virtual_ethernet::VirtualEthernet;
pub use vlan::{Vlan, VlanId};
pub use vrf::Vrf;
pub use whole::whole;

/// `network`: the network, netplan version 2 or cloud-init's version 1.
///
/// ```yaml
/// network:
///   version: 2
///   ethernets:
///     eth0:
///       addresses: [192.0.2.10/24]
///       gateway4: 192.0.2.1
///       nameservers: {addresses: [192.0.2.53], search: [example.com]}
/// ```
/// ```yaml
/// network: {config: disabled}
/// ```
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(transform = left_as_it_is))]
pub struct Network {
    /// The version of the format: 1 for a list in `config`, else 2, also if it is left out.
    pub version: Option<Version>,
    /// What configures the network: networkd.
    pub renderer: Option<Renderer>,
    /// The items of version 1; or `disabled`: the network keeps its current configuration.
    pub config: Option<NetworkConfig>,
    /// The Ethernet links, by ID: the link's name if there is no `match`.
    ///
    /// ```yaml
    /// ethernets: {eth0: {dhcp4: true}}
    /// ```
    #[serde(default, deserialize_with = "kind::devices")]
    #[cfg_attr(test, schemars(with = "Option<kind::Devices<Ethernet>>"))]
    pub ethernets: BTreeMap<InterfaceId, Ethernet>,
    /// Dummy devices, by name: links that go nowhere.
    /// Each takes the keys that all devices have, as under `ethernets`, too.
    ///
    /// ```yaml
    /// dummy-devices: {dm0: {addresses: [192.0.2.100/32]}}
    /// ```
    #[serde(default, rename = "dummy-devices", deserialize_with = "kind::devices")]
    #[cfg_attr(test, schemars(with = "Option<kind::Devices<DummyDevice>>"))]
    pub dummy_devices: BTreeMap<InterfaceId, DummyDevice>,
    /// The ends of pairs of virtual Ethernet links, by name.
    /// Each takes the keys that all devices have, as under `ethernets`, too.
    ///
    /// ```yaml
    /// virtual-ethernets: {veth0: {peer: veth1}, veth1: {peer: veth0}}
    /// ```
    #[serde(default, rename = "virtual-ethernets", deserialize_with = "kind::devices")]
    #[cfg_attr(test, schemars(with = "Option<kind::Devices<VirtualEthernet>>"))]
    pub virtual_ethernets: BTreeMap<InterfaceId, VirtualEthernet>,
    /// Bonds, by name.
    /// Each takes the keys that all devices have, as under `ethernets`, too.
    ///
    /// ```yaml
    /// bonds: {bond0: {interfaces: [eth0, eth1], dhcp4: true}}
    /// ```
    #[serde(default, deserialize_with = "kind::devices")]
    #[cfg_attr(test, schemars(with = "Option<kind::Devices<Bond>>"))]
    pub bonds: BTreeMap<InterfaceId, Bond>,
    /// Bridges, by name.
    /// Each takes the keys that all devices have, as under `ethernets`, too.
    ///
    /// ```yaml
    /// bridges: {br0: {interfaces: [eth0], dhcp4: true}}
    /// ```
    #[serde(default, deserialize_with = "kind::devices")]
    #[cfg_attr(test, schemars(with = "Option<kind::Devices<Bridge>>"))]
    pub bridges: BTreeMap<InterfaceId, Bridge>,
    /// VLANs, by name.
    /// Each takes the keys that all devices have, as under `ethernets`, too.
    ///
    /// ```yaml
    /// vlans: {eth0.15: {id: 15, link: eth0, dhcp4: true}}
    /// ```
    #[serde(default, deserialize_with = "kind::devices")]
    #[cfg_attr(test, schemars(with = "Option<kind::Devices<Vlan>>"))]
    pub vlans: BTreeMap<InterfaceId, Vlan>,
    /// Tunnels, by name.
    /// Each takes the keys that all devices have, as under `ethernets`, too.
    ///
    /// ```yaml
    /// tunnels: {gre1: {mode: gre, local: 192.0.2.10, remote: 198.51.100.10, addresses: [203.0.113.1/30]}}
    /// ```
    #[serde(default, deserialize_with = "kind::devices")]
    #[cfg_attr(test, schemars(with = "Option<kind::Devices<Tunnel>>"))]
    pub tunnels: BTreeMap<InterfaceId, Tunnel>,
    /// Devices with routing tables of their own, by name.
    /// Each takes the keys that all devices have, as under `ethernets`, too.
    ///
    /// ```yaml
    /// vrfs: {blue: {table: 1005, interfaces: [eth0]}}
    /// ```
    #[serde(default, deserialize_with = "kind::devices")]
    #[cfg_attr(test, schemars(with = "Option<kind::Devices<Vrf>>"))]
    pub vrfs: BTreeMap<InterfaceId, Vrf>,
    /// Not supported: networkd doesn't log into wireless networks.
    #[cfg_attr(test, schemars(with = "Option<NotYet>"))]
    pub wifis: Option<Unsupported>,
    /// Not supported: networkd doesn't dial.
    #[cfg_attr(test, schemars(with = "Option<NotYet>"))]
    pub modems: Option<Unsupported>,
    /// Not supported: they are profiles of NetworkManager.
    #[serde(rename = "nm-devices")]
    #[cfg_attr(test, schemars(with = "Option<NotYet>"))]
    pub nm_devices: Option<Unsupported>,
    /// Not supported: Open vSwitch has a database of its own.
    #[cfg_attr(test, schemars(with = "Option<NotYet>"))]
    pub openvswitch: Option<Unsupported>,
    /// What devices the document has, and what they say of each other, whether they are taken or not.
    #[serde(skip)]
    pub declared: Declared,
}

/// What is not supported is refused, except where the network is left as it is anyway.
#[cfg(test)]
fn left_as_it_is(schema: &mut schemars::Schema) {
    use serde_json::{Map, json};
    let mut asked = Map::from_iter(device::KINDS.map(|kind| (kind.to_owned(), json!({"maxProperties": 0}))));
    asked.insert("config".to_owned(), json!({"const": "disabled"}));
    let disabled = json!({"required": ["config"], "properties": asked});
    let mut refused = Map::new();
    let properties = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut);
    for (key, property) in properties.into_iter().flatten() {
        if property.to_string().contains("/NotYet") {
            property["doNotSuggest"] = true.into();
            let message = format!("`{key}` is not supported: networkd has nothing for it");
            refused.insert(
                key.clone(),
                json!({
                    "type": ["null", "array", "object"],
                    "maxItems": 0,
                    "maxProperties": 0,
                    "errorMessage": message,
                }),
            );
        }
    }
    schema.insert("if".to_owned(), disabled);
    let versions = version1::schema::list_or_devices();
    schema.insert("else".to_owned(), json!({"properties": refused, "allOf": [versions]}));
}

impl Network {
    /// Whether the network keeps its current configuration.
    pub fn is_disabled(&self) -> bool {
        self.config == Some(NetworkConfig::Disabled)
    }
}

/// The version of the network format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "u32")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("enum" = [1, 2, "1", "2"], "examples" = [2])))]
pub enum Version {
    /// cloud-init's own format, a list: see [`version1`].
    One,
    /// netplan's format.
    Two,
}

impl TryFrom<u32> for Version {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, String> {
        match version {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            other => Err(format!("network version {other} doesn't exist: expected 2")),
        }
    }
}

/// Who configures the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("enum" = ["networkd"])))]
pub enum Renderer {
    /// systemd-networkd(8).
    Networkd,
}

impl TryFrom<String> for Renderer {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "networkd" => Ok(Self::Networkd),
            "NetworkManager" => Err(
                "the renderer `NetworkManager` is not supported, networkd is the only one: leave `renderer` out, or put \
                 NetworkManager's own profiles into place with `write_files`"
                    .to_owned(),
            ),
            other => Err(format!(
                "the renderer `{}` is not supported, networkd is the only one",
                other.escape_debug()
            )),
        }
    }
}

/// What `network.config` can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "version1::schema::Config"))]
pub enum NetworkConfig {
    /// The network keeps its current configuration.
    Disabled,
}

impl<'de> Deserialize<'de> for NetworkConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;

        impl<'de> Visitor<'de> for Shape {
            type Value = NetworkConfig;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`disabled`")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<NetworkConfig, E> {
                match word {
                    "disabled" => Ok(NetworkConfig::Disabled),
                    other => Err(E::custom(format!(
                        "expected `disabled`, not `{}`",
                        other.escape_debug()
                    ))),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, _items: A) -> Result<NetworkConfig, A::Error> {
                Err(A::Error::custom(
                    "a list of items is network version 1: write `version: 1`",
                ))
            }
        }

        deserializer.deserialize_any(Shape)
    }
}

/// A part of netplan that is refused if it holds anything.
#[cfg(test)]
#[derive(Debug, schemars::JsonSchema)]
#[schemars(with = "serde_json::Value", extend("deprecated" = true))]
pub struct NotYet;

/// A key without a value (`addresses:`) says no more than an empty one.
fn null_is_empty<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A list of addresses; a single address is not a list, and the message shows how to write one.
fn addresses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AssignedAddress>, D::Error> {
    struct Shape;

    impl<'de> Visitor<'de> for Shape {
        type Value = Vec<AssignedAddress>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list such as `[192.0.2.10/24]`")
        }

        fn visit_unit<E: Error>(self) -> Result<Vec<AssignedAddress>, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<AssignedAddress>, A::Error> {
            let mut all = Vec::new();
            while let Some(address) = items.next_element()? {
                all.push(address);
            }
            Ok(all)
        }
    }

    deserializer.deserialize_any(Shape)
}

#[cfg(test)]
mod tests;
