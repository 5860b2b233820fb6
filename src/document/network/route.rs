//! Routes of an interface.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize, Serializer};

use super::address::{Ip, NextHop};
use super::common::Mtu;

/// One static route.
///
/// ```yaml
/// {to: 198.51.100.0/24, via: 192.0.2.254}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Route {
    /// The destination: `default`, a network (`198.51.100.0/24`), or one address.
    pub to: Destination,
    /// The gateway; leave it out if the destination is reached directly.
    pub via: Option<NextHop>,
    /// The preferred source address of packets on this route.
    pub from: Option<Ip>,
    /// The route's metric: a lower one is preferred.
    ///
    /// ```yaml
    /// metric: 100
    /// ```
    pub metric: Option<u32>,
    /// The gateway is reached directly, although it is in no subnet of the interface.
    #[serde(rename = "on-link")]
    pub on_link: Option<bool>,
    /// The number of the routing table; the main one by default.
    ///
    /// ```yaml
    /// table: 101
    /// ```
    #[cfg_attr(test, schemars(extend("minimum" = 1)))]
    pub table: Option<u32>,
    /// What kind of route it is. Default: unicast.
    #[serde(rename = "type")]
    pub kind: Option<RouteType>,
    /// The route's scope (IPv4 only).
    pub scope: Option<RouteScope>,
    /// The largest packet on this route, in bytes.
    pub mtu: Option<Mtu>,
    /// TCP's initial congestion window, in segments.
    #[serde(rename = "congestion-window")]
    pub congestion_window: Option<Window>,
    /// TCP's initial receive window, in segments.
    #[serde(rename = "advertised-receive-window")]
    pub advertised_receive_window: Option<Window>,
    /// The largest TCP segment that others are asked to send, in bytes. Needs systemd 248.
    ///
    /// ```yaml
    /// advertised-mss: 1400
    /// ```
    #[serde(rename = "advertised-mss")]
    pub advertised_mss: Option<AdvertisedMss>,
}

impl Route {
    /// The gateway's address.
    pub fn gateway(&self) -> Option<IpAddr> {
        self.via.map(|hop| hop.0)
    }

    /// Whether it is for everything that no other route is for.
    pub fn is_default(&self) -> bool {
        self.to.network().is_none_or(|net| net.prefix_len() == 0)
    }

    /// Whether it is a plain route, not one that refuses or is for the kernel's own tables.
    pub fn is_unicast(&self) -> bool {
        matches!(self.kind, None | Some(RouteType::Unicast))
    }

    /// Whether it says nothing but destination and gateway.
    pub fn is_plain(&self) -> bool {
        *self == Self::plain(self.to, self.via)
    }

    /// The default route over a gateway: what `gateway4` and `gateway6` say.
    pub fn default_via(gateway: IpAddr) -> Self {
        Self::plain(Destination::Default, Some(NextHop(gateway)))
    }

    fn plain(to: Destination, via: Option<NextHop>) -> Self {
        Self {
            to,
            via,
            from: None,
            metric: None,
            on_link: None,
            table: None,
            kind: None,
            scope: None,
            mtu: None,
            congestion_window: None,
            advertised_receive_window: None,
            advertised_mss: None,
        }
    }
}

impl fmt::Display for Route {
    /// Destination, gateway and metric, as ip-route(8) writes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to)?;
        if let Some(gateway) = self.gateway() {
            write!(f, " via {gateway}")?;
        }
        if let Some(metric) = self.metric {
            write!(f, " metric {metric}")?;
        }
        Ok(())
    }
}

/// Where a route leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^(default|([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)(/[0-9]{1,3})?)$", "examples" = ["default", "198.51.100.0/24"])))]
pub enum Destination {
    /// Everywhere, in the family of the gateway.
    Default,
    /// To a network; a single address is a network too.
    Network(IpNet),
}

impl Destination {
    /// The network; `None` for `default`.
    pub fn network(self) -> Option<IpNet> {
        match self {
            Self::Default => None,
            Self::Network(net) => Some(net),
        }
    }
}

impl TryFrom<String> for Destination {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "default" {
            return Ok(Self::Default);
        }
        let net = text
            .parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        net.map(|net| Self::Network(net.trunc())).map_err(|_| {
            let shown = text.escape_debug();
            format!(
                "`{shown}` is not a destination, expected `default`, a network such as `198.51.100.0/24`, or an address"
            )
        })
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Network(net) => net.fmt(f),
        }
    }
}

impl Serialize for Destination {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What kind of route it is, ip-route(8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "&'static str")]
#[allow(missing_docs, reason = "ip-route(8)'s words")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("enum" = Self::ALL.map(Self::as_str))))]
pub enum RouteType {
    Unicast,
    Local,
    Broadcast,
    Anycast,
    Multicast,
    Blackhole,
    Unreachable,
    Prohibit,
    Throw,
}

impl RouteType {
    const ALL: [Self; 9] = [
        Self::Unicast,
        Self::Local,
        Self::Broadcast,
        Self::Anycast,
        Self::Multicast,
        Self::Blackhole,
        Self::Unreachable,
        Self::Prohibit,
        Self::Throw,
    ];

    /// The word, the same for netplan, networkd and ip-route(8).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unicast => "unicast",
            Self::Local => "local",
            Self::Broadcast => "broadcast",
            Self::Anycast => "anycast",
            Self::Multicast => "multicast",
            Self::Blackhole => "blackhole",
            Self::Unreachable => "unreachable",
            Self::Prohibit => "prohibit",
            Self::Throw => "throw",
        }
    }

    /// Whether what it is for goes nowhere.
    pub fn refuses(self) -> bool {
        matches!(self, Self::Blackhole | Self::Unreachable | Self::Prohibit | Self::Throw)
    }
}

impl TryFrom<String> for RouteType {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == word);
        known.ok_or_else(|| match word.as_str() {
            "nat" => "the kernel has no `nat` routes any more: translate addresses with nftables".to_owned(),
            "xresolve" => "the kernel has no `xresolve` routes: leave it out".to_owned(),
            other => format!(
                "`{}` is not a type of route, expected one of {}",
                other.escape_debug(),
                Self::ALL.map(Self::as_str).join(", ")
            ),
        })
    }
}

impl From<RouteType> for &'static str {
    fn from(kind: RouteType) -> Self {
        kind.as_str()
    }
}

/// How far a route reaches, ip-route(8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "ip-route(8)'s words")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum RouteScope {
    Global,
    Link,
    Host,
}

impl RouteScope {
    /// The word, the same for netplan, networkd and ip-route(8).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Link => "link",
            Self::Host => "host",
        }
    }
}

/// A TCP window in segments: 1 to 1023 (systemd.network(5), InitialCongestionWindow=).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "u32")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("minimum" = 1, "maximum" = 1023, "examples" = [10])))]
pub struct Window(u32);

impl TryFrom<u32> for Window {
    type Error = String;

    fn try_from(segments: u32) -> Result<Self, String> {
        match segments {
            1..=1023 => Ok(Self(segments)),
            other => Err(format!(
                "a window of {other} segments is not possible, expected 1 to 1023"
            )),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The largest TCP segment in bytes: 1 to 65535, as many as its option has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "u32")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("minimum" = 1, "maximum" = 65535, "examples" = [1400])))]
pub struct AdvertisedMss(u32);

impl TryFrom<u32> for AdvertisedMss {
    type Error = String;

    fn try_from(bytes: u32) -> Result<Self, String> {
        match bytes {
            1..=65535 => Ok(Self(bytes)),
            other => Err(format!(
                "a TCP segment of {other} bytes is not possible, expected 1 to 65535"
            )),
        }
    }
}

impl fmt::Display for AdvertisedMss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
