//! What is taken from a DHCP server, and what it is told.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use crate::document::hostname::HostName;

/// What of DHCPv4 is used: `[DHCPv4]` of systemd.network(5).
///
/// ```yaml
/// {use-dns: false, route-metric: 200}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Dhcp4Overrides {
    /// Use the server's DNS servers. Default: true.
    pub use_dns: Option<bool>,
    /// Use the server's domain for searching, or only for routing queries (`route`). Default: false.
    pub use_domains: Option<UseDomains>,
    /// Use the host name that the server gives as the transient one. Default: true.
    pub use_hostname: Option<bool>,
    /// Use the server's NTP servers. Default: true.
    pub use_ntp: Option<bool>,
    /// Use the server's MTU, unless `mtu` says another. Default: true.
    pub use_mtu: Option<bool>,
    /// Use the server's routes, including the default route. Default: true.
    pub use_routes: Option<bool>,
    /// Tell the server the host name. Default: true.
    pub send_hostname: Option<bool>,
    /// Tell the server this host name instead of the machine's own.
    pub hostname: Option<HostName>,
    /// The metric of the server's routes. Default: 100.
    ///
    /// ```yaml
    /// route-metric: 200
    /// ```
    pub route_metric: Option<u32>,
}

/// What of DHCPv6 is used: `[DHCPv6]` of systemd.network(5). netplan takes the same keys for both. Routes and the MTU come
/// with router advertisements, not with DHCPv6: `use-routes` and `use-mtu` have no effect here, and a warning says so.
///
/// ```yaml
/// {use-dns: false}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Dhcp6Overrides {
    /// Use the server's DNS servers. Default: true.
    pub use_dns: Option<bool>,
    /// Use the server's domain for searching, or only for routing queries (`route`). Default: false.
    pub use_domains: Option<UseDomains>,
    /// Use the host name that the server gives as the transient one. Default: true.
    pub use_hostname: Option<bool>,
    /// Use the server's NTP servers. Default: true.
    pub use_ntp: Option<bool>,
    /// Tell the server the host name; systemd can since version 255. Default: true.
    pub send_hostname: Option<bool>,
    /// Tell the server this host name instead of the machine's own.
    pub hostname: Option<HostName>,
    /// Only for DHCPv4: no effect here.
    pub use_mtu: Option<bool>,
    /// Only for DHCPv4: no effect here.
    pub use_routes: Option<bool>,
    /// The metric of the routes that come with router advertisements. Default: 100. Needs systemd 249.
    ///
    /// ```yaml
    /// route-metric: 200
    /// ```
    pub route_metric: Option<u32>,
}

impl Dhcp6Overrides {
    /// The keys that are given and only mean something for DHCPv4.
    pub fn without_effect(&self) -> impl Iterator<Item = &'static str> {
        let keys = [
            ("use-mtu", self.use_mtu.is_some()),
            ("use-routes", self.use_routes.is_some()),
        ];
        keys.into_iter().filter_map(|(key, given)| given.then_some(key))
    }
}

/// What is done with the domain that a DHCP server gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", transform = crate::vocabulary::schema::words(&["true", "false", "route"], &["yes", "no", "on", "off"])))]
pub enum UseDomains {
    /// Nothing.
    No,
    /// It is a search domain.
    Yes,
    /// It routes queries, nothing else.
    Route,
}

impl<'de> Deserialize<'de> for UseDomains {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;

        impl Visitor<'_> for Shape {
            type Value = UseDomains;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or route")
            }

            fn visit_bool<E: Error>(self, yes: bool) -> Result<UseDomains, E> {
                Ok(if yes { UseDomains::Yes } else { UseDomains::No })
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<UseDomains, E> {
                match word {
                    "route" => Ok(UseDomains::Route),
                    // netplan hands networkd the word as it is written.
                    "yes" | "true" | "on" => Ok(UseDomains::Yes),
                    "no" | "false" | "off" => Ok(UseDomains::No),
                    other => {
                        let shown = other.escape_debug();
                        Err(E::custom(format!("expected true, false or route, not `{shown}`")))
                    }
                }
            }
        }

        deserializer.deserialize_any(Shape)
    }
}
