//! Addresses of links and of gateways.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize, Serializer};

/// An address of a link with its prefix length: `192.0.2.10/24`, `2001:db8::10/64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)/[0-9]{1,3}$", "examples" = ["192.0.2.10/24", "2001:db8::10/64"])))]
pub struct Address(IpNet);

impl Address {
    /// The address alone.
    pub fn ip(self) -> IpAddr {
        self.0.addr()
    }

    /// The length of its prefix, in bits.
    pub fn prefix_len(self) -> u8 {
        self.0.prefix_len()
    }

    /// The subnet that the address is in.
    pub fn subnet(self) -> IpNet {
        self.0.trunc()
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let address: IpNet = text.parse().map_err(|_| not_an_address(&text))?;
        // networkd would pick a free subnet for these: systemd.network(5), Address=.
        if address.addr().is_unspecified() {
            return Err(format!("`{text}` is not a link's address"));
        }
        if address.addr().is_multicast() {
            return Err(format!("`{text}` is a multicast address, which no link can have"));
        }
        Ok(Self(address))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What is wrong with `text`, and how it would be right.
fn not_an_address(text: &str) -> String {
    let shown = text.escape_debug();
    if let Ok(ip) = text.parse::<IpAddr>() {
        let usual = if ip.is_ipv4() { 24 } else { 64 };
        return format!("`{ip}` has no prefix length, write for example `{ip}/{usual}`");
    }
    if let Some((ip, mask)) = text.split_once('/')
        && let (Ok(ip), Ok(mask)) = (ip.parse::<Ipv4Addr>(), mask.parse::<Ipv4Addr>())
        && let Ok(length) = ipnet::ipv4_mask_to_prefix(mask)
    {
        return format!("`{shown}` has a netmask, write it as a prefix length: `{ip}/{length}`");
    }
    format!("`{shown}` is not an address with its prefix length, such as `192.0.2.10/24` or `2001:db8::10/64`")
}

/// An IP address alone, of either family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)$", "examples" = ["192.0.2.53", "2001:db8::53"])))]
pub struct Ip(pub IpAddr);

impl TryFrom<String> for Ip {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let shown = text.escape_debug();
        let ip = text.parse().map_err(|_| format!("`{shown}` is not an IP address"))?;
        Ok(Self(ip))
    }
}

/// The IPv4 address of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$", "examples" = ["192.0.2.1"])))]
pub struct Gateway4(pub Ipv4Addr);

impl TryFrom<String> for Gateway4 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match gateway(&text)? {
            IpAddr::V4(ip) => Ok(Self(ip)),
            IpAddr::V6(ip) => Err(format!("`{ip}` is an IPv6 address: use `gateway6`")),
        }
    }
}

/// The IPv6 address of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*$", "examples" = ["2001:db8::1"])))]
pub struct Gateway6(pub Ipv6Addr);

impl TryFrom<String> for Gateway6 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match gateway(&text)? {
            IpAddr::V6(ip) => Ok(Self(ip)),
            IpAddr::V4(ip) => Err(format!("`{ip}` is an IPv4 address: use `gateway4`")),
        }
    }
}

fn gateway(text: &str) -> Result<IpAddr, String> {
    let shown = text.escape_debug();
    let ip: IpAddr = text.parse().map_err(|_| match text.parse::<IpNet>() {
        Ok(net) => format!("a gateway has no prefix length, write `{}`", net.addr()),
        Err(_) => format!("`{shown}` is not the address of a gateway"),
    })?;
    if ip.is_unspecified() || ip.is_multicast() {
        return Err(format!("`{ip}` can't be a gateway"));
    }
    Ok(ip)
}

/// The address of a route's next hop, of either family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)$", "examples" = ["192.0.2.1", "2001:db8::1"])))]
pub struct NextHop(pub IpAddr);

impl TryFrom<String> for NextHop {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        gateway(&text).map(Self)
    }
}
