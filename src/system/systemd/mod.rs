//! systemd: its units, on a running system over D-Bus ([`bus`]) and in a tree that isn't running ([`unit_file`],
//! [`install`]).
//!
//! Both halves agree: `systemctl is-enabled` and [`unit_file_state`] give the same answer for the same files.
//! Everything except [`bus`] only reads.

pub mod bus;
pub mod install;
mod install_section;
mod links;
mod quadlet;
pub mod unit_file;
mod unit_name;
mod unit_state;

pub use bus::{
    BadEnd, Bus, BusError, NetworkReloaded, ServiceError, TransientService, TransientTimer, UnitStatus, Verb,
};
pub use install::{InstallError, InstallLink, disable_links, enable_links, mask_links, unmask_links};
pub use install_section::{InstallSection, Unexpandable};
pub use quadlet::{QUADLET_DIRECTORY, QuadletName, has_generator, source_of};
pub use unit_file::{CONFIG_DIRECTORY, UnitFile, unit_names};
pub use unit_name::{NameKind, UNIT_NAME_MAX, UNIT_TYPES, UnitName, escape_path};
pub use unit_state::{UnitFileState, unit_file_state};
