//! Ethernet links: which one it is, and what only they have.

use serde::Deserialize;

use super::common::device;
use super::name::{LinkName, Mac, Pattern};
use crate::document::one_or_many::one_or_many;

device! {
    /// One Ethernet interface: which link it is, and how it is configured.
    ///
    /// ```yaml
    /// addresses: [192.0.2.10/24]
    /// gateway4: 192.0.2.1
    /// nameservers: {addresses: [192.0.2.53], search: [example.com]}
    /// ```
    pub struct Ethernet {
        /// Which links to configure. Default: the link named like the interface's ID.
        #[serde(rename = "match")]
        pub matching: Option<Match>,
        /// The name that the link gets. Needs `match`.
        pub set_name: Option<LinkName>,
        /// The link wakes the machine on a magic packet. Default: false, which leaves it as it is.
        pub wakeonlan: Option<bool>,
    }
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
