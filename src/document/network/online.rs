//! What a boot waits for: systemd-networkd-wait-online.service(8).

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::{Common, LinkLocal};

/// A way to get an address that a boot doesn't wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum OptionalAddress {
    /// The link-local IPv4 address.
    Ipv4Ll,
    /// Addresses by router advertisements.
    Ipv6Ra,
    /// The address that DHCPv4 gives.
    Dhcp4,
    /// The address that DHCPv6 gives.
    Dhcp6,
    /// Those of `addresses`.
    Static,
}

/// Who sets a link up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", transform = crate::vocabulary::schema::words(&["manual", "off"], &["false"])))]
pub enum ActivationMode {
    /// The administrator does: `networkctl up eth0`.
    Manual,
    /// Nobody does: it stays down.
    Off,
}

impl<'de> Deserialize<'de> for ActivationMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;

        impl Visitor<'_> for Shape {
            type Value = ActivationMode;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("manual or off")
            }

            // `off` is a word for false in YAML.
            fn visit_bool<E: Error>(self, is_on: bool) -> Result<ActivationMode, E> {
                match is_on {
                    true => self.visit_str("on"),
                    false => Ok(ActivationMode::Off),
                }
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<ActivationMode, E> {
                match word.to_ascii_lowercase().as_str() {
                    "manual" => Ok(ActivationMode::Manual),
                    "off" | "false" => Ok(ActivationMode::Off),
                    _ => Err(E::custom("expected manual or off")),
                }
            }
        }

        deserializer.deserialize_any(Shape)
    }
}

/// What a link needs before a boot takes it to be online.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// Nothing: the boot doesn't wait for it.
    Nothing,
    /// A carrier: no address comes.
    Carrier,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// An address of either family, which is networkd's own way.
    AnyAddress,
}

impl Common {
    /// Whether the link may be without a carrier and addresses: nobody waits for it, and nothing of it is verified.
    pub fn is_optional(&self) -> bool {
        self.optional == Some(true) || self.activation_mode.is_some()
    }

    /// What a boot waits for.
    pub fn awaited(&self) -> Awaited {
        if self.is_optional() {
            return Awaited::Nothing;
        }
        let ways = self.ways_to_an_address();
        if ways.is_empty() {
            let is_link_local = self.link_local.as_ref().is_none_or(|families| !families.is_empty());
            return match (is_link_local, self.ignore_carrier == Some(true)) {
                (true, _) => Awaited::AnyAddress,
                (false, true) => Awaited::Nothing,
                (false, false) => Awaited::Carrier,
            };
        }
        let is_optional = |way: &OptionalAddress| self.optional_addresses.contains(way);
        let (optional, needed): (Vec<_>, Vec<_>) = ways.into_iter().partition(|(way, _)| is_optional(way));
        let has = |ways: &[(OptionalAddress, LinkLocal)], family| ways.iter().any(|(_, other)| *other == family);
        let only = |family, other| has(&needed, family) && !has(&needed, other) && has(&optional, other);
        match needed.is_empty() {
            true => Awaited::Nothing,
            false if only(LinkLocal::Ipv4, LinkLocal::Ipv6) => Awaited::Ipv4,
            false if only(LinkLocal::Ipv6, LinkLocal::Ipv4) => Awaited::Ipv6,
            false => Awaited::AnyAddress,
        }
    }

    /// How the link gets addresses that others can reach, and of which family they are.
    fn ways_to_an_address(&self) -> Vec<(OptionalAddress, LinkLocal)> {
        let is_static = |ipv4: bool| self.addresses.iter().any(|one| one.address.ip().is_ipv4() == ipv4);
        let has_link_local = |family, by_itself| match &self.link_local {
            None => by_itself,
            Some(families) => families.contains(&family),
        };
        // networkd takes router advertisements where nothing is said of them. That alone asks for no address.
        let is_ra = OptionalAddress::Ipv6Ra;
        let learns = self.accept_ra.is_none() && self.optional_addresses.contains(&is_ra);
        let ra = self.accept_ra == Some(true) || learns && has_link_local(LinkLocal::Ipv6, true);
        let ways = [
            (self.dhcp4 == Some(true), OptionalAddress::Dhcp4, LinkLocal::Ipv4),
            (is_static(true), OptionalAddress::Static, LinkLocal::Ipv4),
            (
                has_link_local(LinkLocal::Ipv4, false),
                OptionalAddress::Ipv4Ll,
                LinkLocal::Ipv4,
            ),
            (self.dhcp6 == Some(true), OptionalAddress::Dhcp6, LinkLocal::Ipv6),
            (is_static(false), OptionalAddress::Static, LinkLocal::Ipv6),
            (ra, is_ra, LinkLocal::Ipv6),
        ];
        let asked = ways.into_iter().filter(|(is_asked, ..)| *is_asked);
        asked.map(|(_, way, family)| (way, family)).collect()
    }

    /// The numbers of those in `optional-addresses` that nothing asks for.
    pub fn optional_for_nothing(&self) -> impl Iterator<Item = usize> {
        let ways = self.ways_to_an_address();
        let named = self.optional_addresses.iter().enumerate();
        named.filter_map(move |(number, named)| (!ways.iter().any(|(way, _)| way == named)).then_some(number))
    }
}
