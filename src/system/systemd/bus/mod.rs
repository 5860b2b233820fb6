//! A running systemd, over the system bus.
//!
//! Only the system bus is used, never `/run/systemd/private`: there systemd sets a sender that zbus rejects, up to a
//! panic. Early in the boot there is no bus; [`Bus::connect`] reports that, and nothing waits for it.

mod error;
mod job;
mod network;
mod proxy;
mod status;
mod transient;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use zbus::connection::Builder;
use zbus::fdo::DBusProxy;

use super::install::InstallLink;
use super::unit_name::{NameKind, UnitName};
use super::unit_state::UnitFileState;
use crate::system::UnitFacts;
use error::{name_and_message, refused};
use proxy::{FileChange, ManagerProxy, UnitRow};

pub use error::BusError;
pub use job::Verb;
pub use network::NetworkReloaded;
pub use status::UnitStatus;
pub use transient::{BadEnd, ServiceError, TransientService, TransientTimer};

/// How long one call may take. Reloading all unit files takes longest.
const METHOD_TIMEOUT: Duration = Duration::from_secs(60);

/// How often to check whether systemd is on the bus.
const OWNER_INTERVAL: Duration = Duration::from_millis(20);

/// systemd's name on the bus.
const SYSTEMD_NAME: &str = "org.freedesktop.systemd1";

/// The system bus with systemd on it.
#[derive(Debug, Clone)]
pub struct Bus {
    connection: zbus::Connection,
    manager: ManagerProxy<'static>,
}

impl Bus {
    /// Connects to the system bus, within `timeout`. `None` when there is none (early in the boot, in a container), or no
    /// systemd on it.
    ///
    /// # Errors
    /// There is a bus, but the connection fails.
    #[expect(clippy::disallowed_methods, reason = "only the running machine has a bus")]
    pub async fn connect(timeout: Duration) -> Result<Option<Self>, BusError> {
        // What sd_booted(3) looks at.
        let booted = Path::new("/run/systemd/system").is_dir();
        Self::connect_with(Builder::system().method_timeout(METHOD_TIMEOUT), booted, timeout).await
    }

    async fn connect_with(builder: Builder<'_>, booted: bool, timeout: Duration) -> Result<Option<Self>, BusError> {
        match tokio::time::timeout(timeout, Self::build(builder, booted)).await {
            Ok(Ok(bus)) => Ok(bus),
            Ok(Err(error)) if is_absent(&error) => Ok(None),
            Ok(Err(error)) => Err(BusError::Connect(name_and_message(&error).1)),
            Err(_) => Err(BusError::Connect(format!("it did not answer within {timeout:?}"))),
        }
    }

    async fn build(builder: Builder<'_>, booted: bool) -> zbus::Result<Option<Self>> {
        let connection = builder.build().await?;
        let names = DBusProxy::new(&connection).await?;
        while !names.name_has_owner(SYSTEMD_NAME.try_into()?).await? {
            if !booted {
                return Ok(None);
            }
            // The bus is up, and PID 1 is on its way to it: it connects when the bus tells it so.
            tokio::time::sleep(OWNER_INTERVAL).await;
        }
        let manager = ManagerProxy::new(&connection).await?;
        // Without it, systemd tells nobody that a job has ended. A second time would be an error.
        manager.subscribe().await?;
        Ok(Some(Self { connection, manager }))
    }

    /// The states of these units, by name. A unit that doesn't exist has the LoadState `not-found`. Templates are left
    /// out, because only their instances are units.
    ///
    /// # Errors
    /// A name is not a unit's, or systemd doesn't answer.
    pub async fn unit_facts(&self, names: &[&str]) -> Result<BTreeMap<String, UnitFacts>, BusError> {
        let mut facts = BTreeMap::new();
        for name in names {
            let is_template = UnitName::parse(name).is_ok_and(|name| name.kind() == NameKind::Template);
            if !is_template {
                facts.insert((*name).to_owned(), self.facts(name).await?);
            }
        }
        Ok(facts)
    }

    /// The state of the unit file; `None` if there is none.
    ///
    /// # Errors
    /// systemd refuses the name or doesn't answer.
    pub async fn unit_file_state(&self, unit: &str) -> Result<Option<UnitFileState>, BusError> {
        match self.manager.get_unit_file_state(unit).await {
            Ok(word) => Ok(Some(UnitFileState::from_word(&word))),
            Err(error) if is_no_such_file(&error) => Ok(None),
            Err(error) => Err(self.refused(&format!("look up {unit}"), &error)),
        }
    }

    /// Makes the links that the units' `[Install]` asks for; returns those that were made. As `systemctl enable`, it
    /// replaces no alias that leads elsewhere. The manager has to be reloaded then.
    ///
    /// # Errors
    /// systemd refuses: no such unit, masked, …; or doesn't answer.
    pub async fn enable(&self, units: &[&str]) -> Result<Vec<InstallLink>, BusError> {
        let answer = self.manager.enable_unit_files(units, false, false).await;
        answer
            .map(|(_, changes)| links(changes))
            .map_err(|e| self.refused(&format!("enable {}", units.join(", ")), &e))
    }

    /// Removes those links; returns what was removed.
    ///
    /// # Errors
    /// As [`Bus::enable`].
    pub async fn disable(&self, units: &[&str]) -> Result<Vec<InstallLink>, BusError> {
        let answer = self.manager.disable_unit_files(units, false).await;
        answer
            .map(links)
            .map_err(|e| self.refused(&format!("disable {}", units.join(", ")), &e))
    }

    /// Links the units to `/dev/null`; returns the links that were made.
    ///
    /// # Errors
    /// As [`Bus::enable`].
    pub async fn mask(&self, units: &[&str]) -> Result<Vec<InstallLink>, BusError> {
        let answer = self.manager.mask_unit_files(units, false, false).await;
        answer
            .map(links)
            .map_err(|e| self.refused(&format!("mask {}", units.join(", ")), &e))
    }

    /// Removes the units' links to `/dev/null`; returns what was removed.
    ///
    /// # Errors
    /// As [`Bus::enable`].
    pub async fn unmask(&self, units: &[&str]) -> Result<Vec<InstallLink>, BusError> {
        let answer = self.manager.unmask_unit_files(units, false).await;
        answer
            .map(links)
            .map_err(|e| self.refused(&format!("unmask {}", units.join(", ")), &e))
    }

    /// Makes systemd reload all unit files.
    ///
    /// # Errors
    /// systemd refuses (since v253 it limits the rate), or doesn't answer.
    pub async fn reload_manager(&self) -> Result<(), BusError> {
        self.manager
            .reload()
            .await
            .map_err(|e| self.refused("reload the unit files", &e))
    }

    /// The state of one unit.
    async fn facts(&self, name: &str) -> Result<UnitFacts, BusError> {
        let row = self.row(name).await?;
        let rests = row.3 == "inactive" && row.2 == "loaded" && self.has_ended_well(name, &row.6).await;
        Ok(UnitFacts {
            load_state: row.2,
            rests,
            is_queued: row.3 == "inactive" && row.8 == "start",
            active_state: row.3,
        })
    }

    /// Whether one of the units is being started, reloaded or stopped, or is about to be.
    ///
    /// # Errors
    /// A name is not a unit's, or systemd doesn't answer.
    pub async fn is_under_way(&self, units: &[&str]) -> Result<bool, BusError> {
        let rows = self.manager.list_units_by_names(units).await;
        let rows = rows.map_err(|e| self.refused(&format!("look up {}", units.join(", ")), &e))?;
        let is_under_way =
            |row: &UnitRow| row.7 != 0 || matches!(row.3.as_str(), "activating" | "reloading" | "deactivating");
        Ok(rows.iter().any(is_under_way))
    }

    async fn row(&self, name: &str) -> Result<UnitRow, BusError> {
        let what = format!("look up {name}");
        let rows = self
            .manager
            .list_units_by_names(&[name])
            .await
            .map_err(|e| self.refused(&what, &e))?;
        rows.into_iter().next().ok_or_else(|| BusError::Refused {
            what,
            who: "systemd",
            name: String::new(),
            message: "it is not a unit name".to_owned(),
        })
    }

    fn refused(&self, what: &str, error: &zbus::Error) -> BusError {
        refused(what, "systemd", self.connection.method_timeout(), error)
    }
}

fn links(changes: Vec<FileChange>) -> Vec<InstallLink> {
    let made_or_removed = |(kind, path, target): FileChange| match kind.as_str() {
        "symlink" => Some(InstallLink {
            path,
            target: Some(target),
        }),
        "unlink" => Some(InstallLink { path, target: None }),
        // Remarks: `masked`, `dangling`, `destination-not-present`, …
        _ => None,
    };
    changes.into_iter().filter_map(made_or_removed).collect()
}

/// Whether there is no bus to connect to, rather than one that doesn't work.
fn is_absent(error: &zbus::Error) -> bool {
    let kind = match error {
        zbus::Error::InputOutput(io) => io.kind(),
        zbus::Error::Connection(io, _) => io.kind(),
        _ => return false,
    };
    matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn is_no_such_file(error: &zbus::Error) -> bool {
    let name = name_and_message(error).0;
    name.ends_with(".FileNotFound") || name.ends_with(".NoSuchUnit")
}

#[cfg(test)]
mod tests;
