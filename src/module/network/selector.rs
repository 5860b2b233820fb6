//! Which link an interface of the document is, in the words of the document, of networkd and of udev.

use crate::document::network::{Device, InterfaceId, LinkName, Mac, MacPolicy, Role, Use};
use crate::module::{LinkSelector, PlanError};
use crate::system::LinkFacts;

use super::glob::{is_pattern, overlap};

/// Which links an interface of the document means. Empty lists say nothing; everything else must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// Patterns of the name the link has by the time networkd looks at it.
    pub names: Vec<String>,
    /// Patterns of the name the link has before it is renamed.
    pub original_names: Vec<String>,
    /// The hardware addresses that the link may have: its own, and the one that it gets.
    pub macs: Vec<Mac>,
    /// Whether those are the ones that links were made with. What they have now is random, or that of the bond that they
    /// belong to.
    pub is_by_permanent_mac: bool,
    /// Patterns of the driver's name.
    pub drivers: Vec<String>,
}

impl Selector {
    /// The links that the device `id` means; `uses` are the devices that use it.
    ///
    /// # Errors
    /// It has no `match`, and its ID is not a link's name; or its `match` is empty.
    pub fn new(id: &InterfaceId, device: &dyn Device, uses: &[Use<'_>]) -> Result<Self, PlanError> {
        let path = ["network", device.kind(), id.as_str()];
        let matched = device.netdev().there();
        let Some((ethernet, matching)) = matched.and_then(|it| Some((it, it.matching.as_ref()?))) else {
            let name = LinkName::try_from(id.as_str().to_owned()).map_err(|why| PlanError::at(&path, why))?;
            let names = vec![name.as_str().to_owned()];
            return Ok(Self {
                original_names: names.clone(),
                names,
                ..Self::default()
            });
        };
        if matching.is_empty() {
            return Err(PlanError::at(&path, "an empty `match` would match every link"));
        }
        let original_names: Vec<String> = matching.name.iter().map(|p| p.as_str().to_owned()).collect();
        // A link that gets another address must be found by either, before and after.
        let given = ethernet.common.macaddress.and_then(MacPolicy::fixed);
        let macs: Vec<Mac> = matching
            .macaddress
            .into_iter()
            .flat_map(|mac| [Some(mac), given.filter(|new| *new != mac)])
            .flatten()
            .collect();
        let names = match &ethernet.set_name {
            // The hardware address finds it under any name: also where nothing renames, as in a container.
            Some(_) if !macs.is_empty() => Vec::new(),
            Some(name) => vec![name.as_str().to_owned()],
            None => original_names.clone(),
        };
        let is_random = ethernet.common.macaddress == Some(MacPolicy::Random);
        let is_in_bond = uses.iter().any(|it| it.role == Role::BondMember);
        Ok(Self {
            names,
            original_names,
            is_by_permanent_mac: !macs.is_empty() && (is_random || is_in_bond),
            macs,
            drivers: matching.driver.iter().map(|p| p.as_str().to_owned()).collect(),
        })
    }

    /// Whether `link` is meant, by the name that it has now or by the one that it gets.
    pub fn claims(&self, link: &LinkFacts) -> bool {
        let mac = self.macs.is_empty() || self.macs.iter().any(|mac| mac.to_string() == link.mac);
        let named = |names: &[String]| {
            let names = names.to_vec();
            let drivers = self.drivers.clone();
            LinkSelector {
                names,
                macs: Vec::new(),
                drivers,
            }
            .matches(link)
        };
        mac && (named(&self.names) || named(&self.original_names))
    }

    /// Whether no two links of a machine can be meant.
    pub fn is_one_link(&self) -> bool {
        self.expected().is_one_link()
    }

    /// Whether nothing keeps it from the loopback link: then it also applies to links that its author didn't think of.
    pub fn is_for_every_link(&self) -> bool {
        let mut patterns = self.names.iter().filter(|name| is_pattern(name));
        self.macs.is_empty() && self.drivers.is_empty() && patterns.any(|pattern| overlap(pattern, "lo"))
    }

    /// The link once it is configured, for an expectation.
    pub fn expected(&self) -> LinkSelector {
        LinkSelector {
            names: self.names.clone(),
            macs: self.macs.iter().map(ToString::to_string).collect(),
            drivers: self.drivers.clone(),
        }
    }
}

impl LinkSelector {
    /// Whether no two links of a machine can be meant.
    pub fn is_one_link(&self) -> bool {
        let one_name = matches!(self.names.as_slice(), [name] if !is_pattern(name));
        one_name || !self.macs.is_empty()
    }

    /// Whether `link` is meant. A driver that is not known, as that of a container's veth, speaks against nothing.
    pub fn matches(&self, link: &LinkFacts) -> bool {
        let name = self.names.is_empty() || any_overlap(&self.names, &link.name);
        let mac = self.macs.is_empty() || self.macs.contains(&link.mac);
        let driver = self.drivers.is_empty() || link.driver.is_empty() || any_overlap(&self.drivers, &link.driver);
        name && mac && driver
    }
}

/// Whether any of the patterns can match what `other` matches.
pub fn any_overlap(patterns: &[String], other: &str) -> bool {
    patterns.iter().any(|pattern| overlap(pattern, other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_given_must_hold() {
        let link = LinkFacts {
            name: "eth0".to_owned(),
            mac: "00:50:56:aa:bb:cc".to_owned(),
            driver: "vmxnet3".to_owned(),
        };
        for (names, mac, drivers, expected) in [
            ("", None, "", true),
            ("en* eth?", Some("00:50:56:aa:bb:cc"), "e1000 vmx*", true),
            ("en*", None, "", false),
            ("", Some("00:50:56:aa:bb:cd"), "", false),
            ("eth0", None, "e1000", false),
        ] {
            let words = |list: &str| list.split_whitespace().map(str::to_owned).collect();
            let selector = LinkSelector {
                names: words(names),
                macs: mac.map(str::to_owned).into_iter().collect(),
                drivers: words(drivers),
            };
            assert_eq!(selector.matches(&link), expected, "{selector:?}");
        }
    }
}
