//! Bridges: software switches.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::common::device;
use super::device::{Device, LinkTo, Netdev, Role, of_kind};
use super::interval::Interval;
use super::name::InterfaceId;
use super::null_is_empty;

device! {
    /// One bridge, with its ports.
    ///
    /// ```yaml
    /// interfaces: [eth0]
    /// parameters: {stp: false}
    /// dhcp4: true
    /// ```
    pub struct Bridge {
        /// The IDs of its ports.
        #[serde(default, deserialize_with = "null_is_empty")]
        pub interfaces: Vec<InterfaceId>,
        /// How it works.
        #[serde(default, deserialize_with = "null_is_empty")]
        pub parameters: BridgeParameters,
    }
}

impl Device for Bridge {
    of_kind!("bridges", Netdev::Bridge);

    fn links_to(&self) -> Vec<LinkTo<'_>> {
        LinkTo::members(&self.interfaces, Role::BridgePort)
    }
}

/// How a bridge works: `[Bridge]` of systemd.netdev(5), and of systemd.network(5) for its ports.
///
/// ```yaml
/// {stp: true, forward-delay: 4}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BridgeParameters {
    /// How long an address is remembered; in seconds without a unit.
    ///
    /// ```yaml
    /// ageing-time: 300
    /// ```
    #[serde(alias = "aging-time")]
    pub ageing_time: Option<Interval>,
    /// The bridge's priority: the lowest one becomes the root.
    ///
    /// ```yaml
    /// priority: 32768
    /// ```
    #[cfg_attr(test, schemars(extend("maximum" = 65535)))]
    pub priority: Option<u16>,
    /// The priority of each port, 0 to 63, by ID.
    ///
    /// ```yaml
    /// port-priority: {eth0: 32}
    /// ```
    #[serde(default, deserialize_with = "null_is_empty")]
    pub port_priority: BTreeMap<InterfaceId, PortPriority>,
    /// How long a port listens and learns before it forwards; in seconds without a unit.
    ///
    /// ```yaml
    /// forward-delay: 4
    /// ```
    pub forward_delay: Option<Interval>,
    /// How often the root says that it is there; in seconds without a unit.
    ///
    /// ```yaml
    /// hello-time: 2
    /// ```
    pub hello_time: Option<Interval>,
    /// How old what the root says may be; in seconds without a unit.
    ///
    /// ```yaml
    /// max-age: 20
    /// ```
    pub max_age: Option<Interval>,
    /// The cost of each port, by ID: a cheaper one is preferred.
    ///
    /// ```yaml
    /// path-cost: {eth0: 100}
    /// ```
    #[serde(default, deserialize_with = "null_is_empty")]
    pub path_cost: BTreeMap<InterfaceId, PathCost>,
    /// Use the spanning tree protocol, IEEE 802.1D. Default: true where there are parameters, as in netplan.
    pub stp: Option<bool>,
}

impl BridgeParameters {
    /// Whether the spanning tree protocol is used. netplan's default holds only where it reads parameters at all.
    pub fn spanning_tree(&self) -> Option<bool> {
        let is_said = *self != Self::default();
        self.stp.or(is_said.then_some(true))
    }
}

/// The priority of a port: 0 to 63.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("minimum" = 0, "maximum" = 63, "examples" = [32])))]
pub struct PortPriority(u32);

impl PortPriority {
    /// The number.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for PortPriority {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        match number {
            0..=63 => Ok(Self(number)),
            other => Err(format!(
                "a port's priority of {other} is not possible, expected 0 to 63"
            )),
        }
    }
}

/// The cost of a port: 1 to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("minimum" = 1, "maximum" = 65535, "examples" = [100])))]
pub struct PathCost(u32);

impl PathCost {
    /// The number.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for PathCost {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        match number {
            1..=65535 => Ok(Self(number)),
            other => Err(format!("a port's cost of {other} is not possible, expected 1 to 65535")),
        }
    }
}
