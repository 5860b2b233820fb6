//! Carries out what is no file: units, the host name, reloads, commands. Each is in the journal, on disk, before it is done.

use std::time::Duration;

use super::batch::{before, unit_links};
use crate::module::{Change, Dirty, UnitAction, UnitChange};
use crate::state::{Record, StateError, Store, Undo};
use crate::system::systemd::{Bus, BusError, InstallError, Verb};
use crate::system::{ReadError, System, WriteError, account, command};

/// How long systemd may take for one unit: docker waits for the network, which may take two minutes.
pub(super) const JOB_LIMIT: Duration = Duration::from_secs(240);

/// Why a change could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// Something could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Something could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The journal could not be written: nothing was touched.
    #[error(transparent)]
    State(#[from] StateError),
    /// An account file could not be changed.
    #[error(transparent)]
    Account(#[from] account::AccountError),
    /// The account files are locked by somebody else.
    #[error(transparent)]
    AccountLock(#[from] account::LockError),
    /// systemd refused, or failed.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// A unit's `[Install]` section can't be followed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// A program failed.
    #[error(transparent)]
    Command(#[from] command::CommandError),
    /// It needs a system bus and there is none.
    #[error("there is no system bus to {0}")]
    NoBus(String),
    /// The kernel refused.
    #[error("can't set the host name: {0}")]
    Hostname(String),
}

/// Where changes are made, and where they are written down first.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The machine.
    pub system: &'a System,
    /// Its state.
    pub store: &'a Store,
    /// The generation that the changes belong to.
    pub generation: u32,
    /// The module whose changes they are.
    pub module: &'a str,
}

impl Scene<'_> {
    /// Makes one change.
    ///
    /// # Errors
    /// It could not be made. What was written down tells how to undo what was.
    pub async fn act(&self, change: &Change) -> Result<(), ActError> {
        match change {
            // These go through a batch.
            Change::File(_)
            | Change::Directory(_)
            | Change::RemoveDirectory(_)
            | Change::Symlink(_)
            | Change::Account(_) => {}
            Change::Hostname(name) => self.set_hostname(name).await?,
            Change::Unit(unit) => self.change_unit(unit).await?,
            Change::NetworkReload => {
                // networkd reconfigures the links whose files have changed by itself.
                self.bus("reload the network")?.reload_network(&[], JOB_LIMIT).await?;
            }
            Change::Command(command) => {
                self.record(
                    Undo::Impossible {
                        what: command.purpose.clone(),
                    },
                    &[],
                )?;
                command::run(&command.argv, JOB_LIMIT).await?;
            }
        }
        Ok(())
    }

    fn bus(&self, what: &str) -> Result<&Bus, ActError> {
        self.system.bus.as_ref().ok_or_else(|| ActError::NoBus(what.to_owned()))
    }

    fn record(&self, undo: Undo, dirties: &[Dirty]) -> Result<(), ActError> {
        Ok(self.store.record(self.generation, &self.immediate(undo, dirties))?)
    }

    fn immediate(&self, undo: Undo, dirties: &[Dirty]) -> Record {
        Record {
            module: self.module.to_owned(),
            undo,
            dirties: dirties.to_vec(),
            immediate: true,
            step: None,
        }
    }

    /// Writes down what is at `path`, which somebody else will change.
    fn remember_path(&self, path: &str, dirties: &[Dirty]) -> Result<(), ActError> {
        let before = before(self.system, self.store, self.generation, path)?;
        self.record(
            Undo::Path {
                path: path.to_owned(),
                before,
            },
            dirties,
        )
    }

    /// Before the bus is there hostnamed has not started, and reads `/etc/hostname` when it does.
    async fn set_hostname(&self, name: &str) -> Result<(), ActError> {
        let before = nix::unistd::gethostname().map_err(|errno| ActError::Hostname(errno.desc().to_owned()))?;
        let before = before.to_string_lossy().into_owned();
        self.record(Undo::Hostname { before }, &[])?;
        set_kernel_hostname(self.system, name).await
    }

    async fn change_unit(&self, change: &UnitChange) -> Result<(), ActError> {
        let verb = match change.action {
            UnitAction::Start => Verb::Start,
            UnitAction::Stop => Verb::Stop,
            UnitAction::Restart => Verb::Restart,
            UnitAction::Reload => Verb::ReloadOrRestart,
            UnitAction::Enable | UnitAction::Disable | UnitAction::Mask | UnitAction::Unmask => {
                return self.change_unit_file(change).await;
            }
        };
        let unit = change.unit.as_str();
        let bus = self.bus(&format!("{verb} {unit}"))?;
        if matches!(verb, Verb::Start | Verb::Stop) {
            let facts = bus.unit_facts(&[unit]).await?;
            let active = facts.get(unit).is_some_and(crate::system::UnitFacts::runs);
            self.record(
                Undo::UnitActive {
                    unit: unit.to_owned(),
                    active,
                },
                &[],
            )?;
            if verb == Verb::Start && !active {
                self.remember_triggers(bus, unit).await?;
            }
        }
        Ok(bus.run_job(verb, unit, JOB_LIMIT).await?)
    }

    /// A service that is started starts the socket it needs. Written down after the service, the socket is stopped
    /// before it: nobody who connects in between starts the service again.
    async fn remember_triggers(&self, bus: &Bus, unit: &str) -> Result<(), ActError> {
        let triggers = bus.triggers(unit).await?;
        let names: Vec<&str> = triggers.iter().map(String::as_str).collect();
        for (unit, facts) in bus.unit_facts(&names).await? {
            if !facts.runs() {
                self.record(Undo::UnitActive { unit, active: false }, &[])?;
            }
        }
        Ok(())
    }

    /// The links that systemd will make are worked out and written down first.
    async fn change_unit_file(&self, change: &UnitChange) -> Result<(), ActError> {
        let unit = change.unit.as_str();
        let bus = self.bus(&format!("change the file state of {unit}"))?;
        for link in unit_links(change, &self.system.root)? {
            // systemd makes the directories as well; those that were not there are gone again after an undo.
            for parent in self.system.writer.missing_parents(&link.path)? {
                self.remember_path(&parent, &[])?;
            }
            self.remember_path(&link.path, &[Dirty::Manager])?;
        }
        match change.action {
            UnitAction::Enable => bus.enable(&[unit]).await?,
            UnitAction::Disable => bus.disable(&[unit]).await?,
            UnitAction::Mask => bus.mask(&[unit]).await?,
            _ => bus.unmask(&[unit]).await?,
        };
        Ok(bus.reload_manager().await?)
    }
}

/// Sets the kernel's host name: through hostnamed where there is a bus, directly where there is none.
///
/// hostnamed does nothing when the name is the static one that it knows already, and a hostnamed that starts now knows the
/// `/etc/hostname` that was just written: what it leaves undone is done here.
pub(super) async fn set_kernel_hostname(system: &System, name: &str) -> Result<(), ActError> {
    if let Some(bus) = &system.bus {
        bus.set_static_hostname(name).await?;
    }
    if nix::unistd::gethostname().is_ok_and(|is| is.to_str() == Some(name)) {
        return Ok(());
    }
    nix::unistd::sethostname(name).map_err(|errno| ActError::Hostname(errno.desc().to_owned()))
}
