//! Makes the changes that are not files: units, the host name, reloads, commands. Each is recorded in the journal on
//! disk first.

use std::time::Duration;

use super::batch::before;
use crate::module::{Change, Dirty};
use crate::state::{Record, StateError, Store, Undo};
use crate::system::systemd::{Bus, BusError, InstallError, ServiceError};
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
    /// The journal could not be written: nothing was changed.
    #[error(transparent)]
    State(#[from] StateError),
    /// An account file could not be changed.
    #[error(transparent)]
    Account(#[from] account::AccountError),
    /// Another process has locked the account files.
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
    /// A command of the document failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A unit name is invalid.
    #[error("{0}")]
    UnitName(String),
    /// It needs a system bus and there is none.
    #[error("there is no system bus to {0}")]
    NoBus(String),
    /// The kernel refused, in words.
    #[error("{0}")]
    Refused(String),
}

/// Where changes are made and where they are recorded.
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
    /// Whether a person waits for it, who has asked for it: not a boot.
    pub by_hand: bool,
}

impl Scene<'_> {
    /// Makes one change.
    ///
    /// # Errors
    /// It could not be made. The records say how to undo what was done.
    pub async fn act(&self, change: &Change) -> Result<(), ActError> {
        change.kind().act(self).await
    }

    pub(super) fn bus(&self, what: &str) -> Result<&Bus, ActError> {
        self.system.bus.as_ref().ok_or_else(|| ActError::NoBus(what.to_owned()))
    }

    pub(super) fn record(&self, undo: Undo, dirties: &[Dirty]) -> Result<(), ActError> {
        Ok(self.store.record(self.generation, &self.immediate(undo, dirties))?)
    }

    /// The instance that the generation is for.
    pub(super) fn instance_id(&self) -> Result<String, ActError> {
        let generation = self.store.generation(self.generation)?;
        Ok(generation.map_or_else(String::new, |generation| generation.instance_id))
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

    /// Records what is at `path`, which another program will change.
    pub(super) fn remember_path(&self, path: &str, dirties: &[Dirty]) -> Result<(), ActError> {
        let before = before(self.system, self.store, self.generation, path)?;
        self.record(Undo::of_path(path, before), dirties)
    }
}

/// The error for a host name that could not be read or set.
pub(super) fn no_hostname(errno: nix::errno::Errno) -> ActError {
    ActError::Refused(format!("can't set the host name: {}", errno.desc()))
}

/// Sets the kernel's host name: with hostnamed if there is a bus, otherwise directly.
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
    nix::unistd::sethostname(name).map_err(no_hostname)
}
