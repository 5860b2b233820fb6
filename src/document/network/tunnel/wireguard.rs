//! WireGuard: the other ends of a tunnel.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde::Deserialize;

use super::key::{PublicKey, WireguardKey};
use crate::document::network::LinkName;
use crate::document::network::nameservers::check_label;
use crate::document::network::null_is_empty;

/// One other end of a WireGuard tunnel: `[WireGuardPeer]` of systemd.netdev(5).
///
/// ```yaml
/// keys: {public: rlbInAj0qV69CysWPQY7KEBnKxpYCpaWqOs/dLevdWc=}
/// allowed-ips: [198.51.100.0/24]
/// endpoint: vpn.example.com:51820
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Peer {
    /// The peer's keys.
    pub keys: PeerKeys,
    /// The networks whose packets go to the peer and are taken from it. `0.0.0.0/0` and `::/0`: all. These are no routes:
    /// what isn't in a network of `addresses` needs `routes`, too.
    ///
    /// ```yaml
    /// allowed-ips: [198.51.100.0/24, '2001:db8::/32']
    /// ```
    #[serde(default, deserialize_with = "null_is_empty")]
    pub allowed_ips: Vec<AllowedIps>,
    /// Where the peer is, if this end is to call it: its address or name, and its UDP port.
    pub endpoint: Option<Endpoint>,
    /// How often an empty packet is sent, in seconds, so that a firewall in between keeps the way open; 0: never.
    ///
    /// ```yaml
    /// keepalive: 25
    /// ```
    pub keepalive: Option<u16>,
}

/// The keys of a peer.
///
/// ```yaml
/// {public: rlbInAj0qV69CysWPQY7KEBnKxpYCpaWqOs/dLevdWc=, shared: /etc/wireguard/shared.key}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PeerKeys {
    /// The peer's public key.
    pub public: PublicKey,
    /// A key that both ends share, as `wg genpsk` makes it, or the absolute path of the file that it is in. A file needs
    /// systemd 248, and must be readable by the group `systemd-network`.
    pub shared: Option<WireguardKey>,
}

/// A network of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)/[0-9]{1,3}$", "examples" = ["198.51.100.0/24", "::/0"])))]
pub struct AllowedIps(IpNet);

impl AllowedIps {
    /// The network, without the bits that don't count.
    pub fn network(self) -> IpNet {
        self.0.trunc()
    }
}

impl TryFrom<String> for AllowedIps {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            let all = IpNet::from(ip);
            return Err(format!(
                "`{ip}` has no prefix length: write `{all}` for this address alone"
            ));
        }
        let shown = text.escape_debug();
        let net = text.parse().map_err(|_| {
            format!("`{shown}` is not a network with its prefix length, such as `198.51.100.0/24` or `2001:db8::/32`")
        });
        net.map(Self)
    }
}

impl fmt::Display for AllowedIps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a peer is: a host and a UDP port.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^(\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(%[^\]\s]+)?\]|[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?):[0-9]{1,5}$", "maxLength" = 270, "examples" = ["192.0.2.99:51820", "vpn.example.com:51820", "[2001:db8::99]:51820"])))]
pub struct Endpoint(String);

impl TryFrom<String> for Endpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let shown = text.escape_debug();
        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(format!("an IPv6 address has brackets around it here: `[{shown}]:PORT`"));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => {
                return Err(format!(
                    "`{shown}` has no port: write it behind the address, `{shown}:51820`"
                ));
            }
        };
        let is_plain = port.bytes().all(|byte| byte.is_ascii_digit()) && port.len() <= 5;
        match port.parse::<u16>() {
            Ok(1..) if is_plain => {}
            _ => return Err(format!("`{}` is not a port, expected 1 to 65535", port.escape_debug())),
        }
        if host.parse::<Ipv6Addr>().is_ok() {
            return Err(format!(
                "an IPv6 address has brackets around it here: `[{host}]:{port}`"
            ));
        }
        check_host(host).map_err(|why| format!("`{}` is not a host: {why}", host.escape_debug()))?;
        Ok(Self(text))
    }
}

/// Whether it is an address or a name.
fn check_host(host: &str) -> Result<(), String> {
    if let Some(inner) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        let (address, zone) = match inner.split_once('%') {
            Some((address, zone)) => (address, Some(zone)),
            None => (inner, None),
        };
        let _: Ipv6Addr = address
            .parse()
            .map_err(|_| "an IPv6 address belongs in the brackets".to_owned())?;
        return zone.map_or(Ok(()), |zone| LinkName::try_from(zone.to_owned()).map(|_| ()));
    }
    if host.parse::<Ipv4Addr>().is_ok() {
        return Ok(());
    }
    if host.len() > 253 {
        return Err("a name has at most 253 bytes".to_owned());
    }
    let labels = host.strip_suffix('.').unwrap_or(host).split('.');
    // RFC 3696: the last label of a name is not all digits.
    if labels
        .clone()
        .next_back()
        .is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err("expected a name, an IPv4 address or an IPv6 address in brackets".to_owned());
    }
    labels.into_iter().try_for_each(check_label)
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_host_and_a_port() {
        for text in [
            "192.0.2.99:51820",
            "vpn.example.com:1",
            "vpn.example.com.:65535",
            "vpn:5",
            "my_vpn:5",
            "[2001:db8::99]:51820",
            "[fe80::1%eth0]:51820",
        ] {
            assert_eq!(Endpoint::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        for (text, why) in [
            ("", "no port"),
            ("192.0.2.99", "no port"),
            ("vpn.example.com", "no port"),
            ("[2001:db8::99]", "no port"),
            ("2001:db8::99", "brackets around it here: `[2001:db8::99]:PORT`"),
            (
                "fe80:0:0:0:0:0:0:1:51820",
                "brackets around it here: `[fe80:0:0:0:0:0:0:1]:51820`",
            ),
            ("192.0.2.99:", "`` is not a port"),
            ("192.0.2.99:0", "`0` is not a port"),
            ("192.0.2.99:65536", "not a port"),
            ("192.0.2.99:+5", "not a port"),
            ("192.0.2.99:000005", "not a port"),
            ("192.0.2.99:5 ", "not a port"),
            ("192.0.2.99:5\nPresharedKey=x", "not a port"),
            ("a\nb:5", "not allowed in it"),
            ("a b:5", "not allowed in it"),
            ("a\\:5", "not allowed in it"),
            (":5", "not a host"),
            ("a..b:5", "empty label"),
            ("-a:5", "starts or ends with `-`"),
            ("192.0.2.256:5", "expected a name"),
            ("192.0.2:5", "expected a name"),
            ("[192.0.2.1]:5", "an IPv6 address belongs in the brackets"),
            ("[2001:db8::99%]:5", "not a host"),
            ("[2001:db8::99%a b]:5", "not a host"),
            ("[2001:db8::99%a]b]:5", "not a host"),
            ("[[2001:db8::99]]:5", "an IPv6 address belongs in the brackets"),
        ] {
            let said = Endpoint::try_from(text.to_owned()).unwrap_err();
            assert!(said.contains(why) && !said.contains('\n'), "{text}: {said}");
        }
    }

    #[test]
    fn allowed_ips_are_networks() {
        for (text, shown, network) in [
            ("192.0.2.7/24", "192.0.2.7/24", "192.0.2.0/24"),
            ("::/0", "::/0", "::/0"),
            ("2001:DB8::1/128", "2001:db8::1/128", "2001:db8::1/128"),
        ] {
            let allowed = AllowedIps::try_from(text.to_owned()).unwrap();
            assert_eq!(
                (allowed.to_string(), allowed.network().to_string()),
                (shown.to_owned(), network.to_owned())
            );
        }
        for (text, why) in [
            ("192.0.2.7", "write `192.0.2.7/32`"),
            ("2001:db8::7", "write `2001:db8::7/128`"),
            ("192.0.2.0/33", "not a network"),
            ("192.0.2.0/24,::/0", "not a network"),
            ("-192.0.2.0/24", "not a network"),
            ("192.0.2.0/24\n", "not a network"),
        ] {
            assert!(
                AllowedIps::try_from(text.to_owned()).unwrap_err().contains(why),
                "{text}"
            );
        }
    }
}
