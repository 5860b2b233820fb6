//! `units`: unit files and their drop-ins, and whether they start.

mod check;
mod form;
mod name;

use serde::Deserialize;

use super::services::{Service, ServiceState};
use crate::vocabulary::Secret;
pub use check::check_with_services;
pub use name::{DropInName, UnitFile};

/// A unit: its file, its drop-ins, and whether it starts.
///
/// ```yaml
/// units:
///   - name: app.service
///     contents: |
///       [Service]
///       ExecStart=/usr/local/bin/app
///       [Install]
///       WantedBy=multi-user.target
///     enabled: true
///     dropins:
///       - name: 10-port.conf
///         contents: |
///           [Service]
///           Environment=PORT=8080
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Unit {
    /// Its full name, such as `app.service`. Files of Quadlet, such as `web.container`, are for podman, which makes services
    /// of them.
    pub name: UnitFile,
    /// The content of its file in `/etc/systemd/system`, or in `/etc/containers/systemd` for podman. Without it, the unit is
    /// one that the machine has. Everybody on the machine can see what a running unit has in `Environment=`, also of a file
    /// that is a secret.
    ///
    /// ```yaml
    /// contents: "[Service]\nExecStart=/usr/local/bin/app\n"
    /// ```
    pub contents: Option<Secret>,
    /// Files that add to it, or change it.
    #[serde(default)]
    pub dropins: Vec<DropIn>,
    /// Whether it starts at boot: its `[Install]` links are made, or removed. With true, one that a usual boot starts is
    /// started now too, unless `state` says something else. Of podman's files, `[Install]` alone decides: what a usual boot
    /// starts is started now too.
    pub enabled: Option<bool>,
    /// Whether it is masked, so that nothing can start it.
    pub mask: Option<bool>,
    /// Whether it runs now.
    pub state: Option<ServiceState>,
    /// Whether only root may read its files, and no plan shows them. Default: false.
    pub secret: Option<bool>,
}

/// A file that adds to a unit.
///
/// ```yaml
/// name: 10-port.conf
/// contents: |
///   [Service]
///   Environment=PORT=8080
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DropIn {
    /// Its name in the unit's `.d` directory.
    pub name: DropInName,
    /// The file's content. If empty, the distribution's file of this name is not used.
    ///
    /// ```yaml
    /// contents: "[Service]\nEnvironment=PORT=8080\n"
    /// ```
    pub contents: Secret,
}

impl Unit {
    /// What it asks of the unit besides its files.
    pub fn service(&self) -> Service {
        Service {
            enabled: self.enabled,
            masked: self.mask,
            state: self.state,
        }
    }

    /// Its texts: those of its file and of its drop-ins, in the order in which they are read.
    pub fn texts(&self) -> Vec<&str> {
        let mut dropins: Vec<&DropIn> = self.dropins.iter().collect();
        dropins.sort_by_key(|dropin| dropin.name.as_str());
        let own = self.contents.iter().map(Secret::expose);
        own.chain(dropins.into_iter().map(|dropin| dropin.contents.expose()))
            .collect()
    }
}

#[cfg(test)]
mod tests;
