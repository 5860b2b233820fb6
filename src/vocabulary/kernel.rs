//! What can be done with the running kernel.

use std::fmt;

/// A module or parameter for the running kernel. It lasts until shutdown; the next boot reads files.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum KernelChange {
    /// A module, loaded or built in.
    Module {
        /// Its name, with underscores, as lsmod(8) shows it.
        name: String,
    },
    /// A parameter with this value.
    Parameter {
        /// Its name with dots, as sysctl(8) shows it.
        name: String,
        /// The value.
        value: String,
    },
}

impl KernelChange {
    /// The name of the module or parameter.
    pub fn name(&self) -> &str {
        match self {
            Self::Module { name } | Self::Parameter { name, .. } => name,
        }
    }

    /// What tells it from all others: `kernel module overlay`, `kernel parameter vm.swappiness`.
    pub fn key(&self) -> String {
        match self {
            Self::Module { name } => format!("kernel module {name}"),
            Self::Parameter { name, .. } => format!("kernel parameter {name}"),
        }
    }
}

impl fmt::Display for KernelChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module { name } => write!(f, "the kernel has the module {name}"),
            Self::Parameter { name, value } => write!(f, "{name} is {value}"),
        }
    }
}

/// The other spelling of a parameter's name: a dot for each slash, and a slash for each dot (sysctl.d(5)).
/// `net.ipv4.conf.eth0/5.rp_filter` is `net/ipv4/conf/eth0.5/rp_filter`.
pub fn dots_for_slashes(name: &str) -> String {
    let swapped = name.chars().map(|c| match c {
        '.' => '/',
        '/' => '.',
        other => other,
    });
    swapped.collect()
}
