//! Which kinds of places may tell this machine anything.

use serde::Deserialize;

/// A kind of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Kind {
    Removable,
    Fixed,
    Directory,
    Hypervisor,
    Network,
    Program,
}

/// The kinds of places that may tell this machine anything; all, unless its owner says otherwise. The kernel command line
/// is the owner's own and always may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(from = "Vec<Kind>")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "Vec<Kind>"))]
pub struct Allow {
    /// Block devices whose medium can be changed: CD-ROMs, memory sticks.
    pub removable: bool,
    /// The other block devices.
    pub fixed: bool,
    /// Directories and files of the machine's own file system.
    pub directory: bool,
    /// The hypervisor or container manager: guestinfo, credentials, the firmware's tables.
    pub hypervisor: bool,
    /// Addresses from which a seed is fetched.
    pub network: bool,
    /// Programs of the machine that are run for a seed.
    pub program: bool,
}

/// Why a source doesn't look where it may not.
pub const NOT_ALLOWED: &str = "not allowed by /etc/firstlight/config.yaml";

impl Default for Allow {
    fn default() -> Self {
        Self {
            removable: true,
            fixed: true,
            directory: true,
            hypervisor: true,
            network: true,
            program: true,
        }
    }
}

impl Allow {
    /// Which devices are not looked at, in words; `None` if all are.
    pub fn forbidden_devices(self) -> Option<String> {
        let which = match (self.removable, self.fixed) {
            (true, true) => return None,
            (false, true) => "removable devices are",
            (true, false) => "fixed devices are",
            (false, false) => "devices are",
        };
        Some(format!("{which} {NOT_ALLOWED}"))
    }

    /// Why the machine's directories are not looked at; `None` if they are.
    pub fn forbidden_directories(self) -> Option<String> {
        (!self.directory).then(|| format!("directories are {NOT_ALLOWED}"))
    }
}

impl From<Vec<Kind>> for Allow {
    fn from(kinds: Vec<Kind>) -> Self {
        let has = |kind| kinds.contains(&kind);
        Self {
            removable: has(Kind::Removable),
            fixed: has(Kind::Fixed),
            directory: has(Kind::Directory),
            hypervisor: has(Kind::Hypervisor),
            network: has(Kind::Network),
            program: has(Kind::Program),
        }
    }
}
