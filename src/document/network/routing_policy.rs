//! Rules that choose the routing table of a packet.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

/// One rule of policy routing, ip-rule(8): packets that it holds for are routed by its table. It needs `from` or `to`.
///
/// ```yaml
/// {from: 192.0.2.0/24, table: 101, priority: 100}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RoutingRule {
    /// The network, or the one address, that packets come from.
    pub from: Option<Prefix>,
    /// The network, or the one address, that packets go to.
    pub to: Option<Prefix>,
    /// The number of the routing table; the main one by default.
    ///
    /// ```yaml
    /// table: 101
    /// ```
    #[cfg_attr(test, schemars(extend("minimum" = 1)))]
    pub table: Option<u32>,
    /// The place among the rules: a lower number is looked at first. Give each rule its own.
    ///
    /// ```yaml
    /// priority: 100
    /// ```
    pub priority: Option<u32>,
    /// The mark that the firewall has put on the packets; 1 or more.
    ///
    /// ```yaml
    /// mark: 7
    /// ```
    #[cfg_attr(test, schemars(extend("minimum" = 1)))]
    pub mark: Option<u32>,
    /// The packets' type of service, the byte of their header. Its two lowest bits are not looked at, and 0 in the kernel.
    ///
    /// ```yaml
    /// type-of-service: 16
    /// ```
    pub type_of_service: Option<u8>,
}

/// The network or the address that a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)(/[0-9]{1,3})?$", "examples" = ["192.0.2.0/24", "2001:db8::/32"])))]
pub struct Prefix(IpNet);

impl Prefix {
    /// Whether it is IPv4.
    pub fn is_ipv4(self) -> bool {
        self.0.addr().is_ipv4()
    }
}

impl TryFrom<String> for Prefix {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let net = text
            .parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        net.map(|net| Self(net.trunc())).map_err(|_| {
            let shown = text.escape_debug();
            let everywhere = match text.as_str() {
                "default" | "any" | "all" => "; everything is `0.0.0.0/0` or `::/0`",
                _ => "",
            };
            format!("`{shown}` is not a network such as `192.0.2.0/24`, nor an address{everywhere}")
        })
    }
}

impl fmt::Display for Prefix {
    /// A single address without its prefix length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.prefix_len() == self.0.max_prefix_len() {
            true => self.0.addr().fmt(f),
            false => self.0.fmt(f),
        }
    }
}
