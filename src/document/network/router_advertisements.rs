//! What is taken from IPv6 router advertisements, and which address a link makes of them.

use std::fmt;
use std::net::Ipv6Addr;

use serde::Deserialize;

use super::dhcp::UseDomains;

/// What of router advertisements is used: `[IPv6AcceptRA]` of systemd.network(5).
///
/// ```yaml
/// {use-dns: false, use-domains: true, table: 101}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RaOverrides {
    /// Use the router's DNS servers. Default: true.
    pub use_dns: Option<bool>,
    /// Use the router's domains for searching, or only for routing queries (`route`). Default: false.
    pub use_domains: Option<UseDomains>,
    /// The number of the routing table that the router's routes go into; the main one by default.
    ///
    /// ```yaml
    /// table: 101
    /// ```
    #[cfg_attr(test, schemars(extend("minimum" = 1)))]
    pub table: Option<u32>,
}

/// The lower half of the IPv6 addresses that a link makes for itself: `::10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*$", "examples" = ["::10"])))]
pub struct AddressToken(Ipv6Addr);

impl AddressToken {
    /// The lower half, which is all that counts.
    fn lower(self) -> u64 {
        let [.., a, b, c, d, e, f, g, h] = self.0.octets();
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// Whether it has an upper half, which a network's prefix takes the place of.
    pub fn has_upper_half(self) -> bool {
        u128::from(self.0) >> 64 != 0
    }
}

impl TryFrom<String> for AddressToken {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let shown = text.escape_debug();
        let address: Ipv6Addr = text
            .parse()
            .map_err(|_| format!("`{shown}` is not the lower half of an IPv6 address, such as `::10`"))?;
        let token = Self(address);
        match token.lower() {
            0 => Err(format!(
                "`{shown}` has nothing in its lower half: write for example `::10`"
            )),
            _ => Ok(token),
        }
    }
}

impl fmt::Display for AddressToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
