//! One file per kind, with everything that the engine knows about it: how it is changed, how its items are restored or
//! have drifted, how a change is undone. Only [`Change::kind`], [`Thing::kind`] and [`Undo::kind`] distinguish the
//! kinds.

/// Declares that a kind does not change files: each change is made separately, outside the batch.
macro_rules! by_itself {
    () => {
        fn imagine(&self, _files: &mut crate::system::Root) -> Result<(), crate::system::ReadError> {
            Ok(())
        }

        fn need(
            &self,
            _needs: &mut crate::engine::preflight::Needs<'_>,
            _system: &crate::system::System,
        ) -> Result<(), crate::engine::preflight::PreflightError> {
            Ok(())
        }

        fn is_of_files(&self, _system: &crate::system::System) -> bool {
            false
        }

        fn prepare(
            &self,
            _batch: &mut crate::engine::batch::Batch<'_>,
            _module: &str,
        ) -> Result<(), crate::engine::act::ActError> {
            Ok(())
        }
    };
}

/// Declares that a kind has no lasting effect, so the inventory has no item for it.
macro_rules! nothing_lasts {
    () => {
        fn key(&self) -> Option<String> {
            None
        }

        fn remember(
            &self,
            _taker: &mut crate::engine::next_inventory::Taker<'_>,
            _module: &crate::engine::plan::ModulePlan,
            _missing: bool,
        ) -> Result<(), crate::system::ReadError> {
            Ok(())
        }
    };
}

mod account;
mod certificates;
mod command;
mod console;
mod directory;
mod document_command;
mod file;
mod home;
mod host_keys;
mod hostname;
mod kernel;
mod link;
mod network;
mod path;
mod phone_home;
mod random_password;
mod random_seed;
mod unit;

use std::pin::Pin;

use super::act::{ActError, Scene};
use super::baseline::Baseline;
use super::batch::Batch;
use super::drift::Drifted;
use super::next_inventory::Taker;
use super::plan::ModulePlan;
use super::preflight::{Needs, PreflightError};
use super::release::Release;
use super::undo::Back;
use super::view::ChangeView;
use crate::module::{Change, Dirty};
use crate::state::{Record, StateError, Thing, Undo};
use crate::system::network::Session;
use crate::system::{Kind, Machine, ReadError, Root, System};

/// A change in progress.
pub(super) type Acting<'a> = Pin<Box<dyn Future<Output = Result<(), ActError>> + 'a>>;

/// Everything that the engine knows about one kind of change.
pub(super) trait ChangeKind {
    /// The inventory key of its item; none if it has no lasting effect.
    fn key(&self) -> Option<String>;

    /// How it is displayed for the machine at `root`.
    fn view(&self, root: &Root) -> Result<ChangeView, ReadError>;

    /// Whether the machine already matches; then a second `apply` plans no change.
    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError>;

    /// A sentence that says that only the booted machine can make it, if so. The first boot still has to make it.
    fn left_for_boot(&self, _machine: &Machine<'_>) -> Result<Option<String>, ReadError> {
        Ok(None)
    }

    /// What it creates and where: it needs room and the parent directories.
    fn makes(&self) -> Option<(&str, Kind)> {
        None
    }

    /// The directory that it removes.
    fn removes_directory(&self) -> Option<&str> {
        None
    }

    /// The files in which it changes an entry.
    fn edits(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Applies the change to the imagined files, so that the next module plans on top of it. A change that is
    /// impossible is skipped here and fails with its own message when it is made.
    fn imagine(&self, files: &mut Root) -> Result<(), ReadError>;

    /// Its size in bytes, if it can be left out when there is too little room.
    fn size(&self) -> u64 {
        0
    }

    /// What must be notified once it is made.
    fn dirties(&self) -> &[Dirty] {
        &[]
    }

    /// The unit that needs no reload after it, because it starts or stops.
    fn settles(&self) -> Option<&str> {
        None
    }

    /// What a user who is logged in notices, in one sentence; `session` is their login session.
    fn disturbs(&self, _session: Option<&Session>) -> Option<String> {
        None
    }

    /// Whether it is how `dirty` is told.
    fn tells(&self, _dirty: &Dirty) -> bool {
        false
    }

    /// Adds the room that it needs.
    fn need(&self, needs: &mut Needs<'_>, system: &System) -> Result<(), PreflightError>;

    /// Adds its item to the next inventory. `missing`: the change has yet to be made.
    fn remember(&self, taker: &mut Taker<'_>, module: &ModulePlan, missing: bool) -> Result<(), ReadError>;

    /// Whether it changes files on this machine. Then it is part of a batch, otherwise it is made separately.
    fn is_of_files(&self, system: &System) -> bool;

    /// Adds it to a batch.
    fn prepare(&self, batch: &mut Batch<'_>, module: &str) -> Result<(), ActError>;

    /// Makes it, if it does not change files.
    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a>;
}

/// An undo in progress.
pub(super) type TakingBack<'a> = Pin<Box<dyn Future<Output = Result<Back, ActError>> + 'a>>;

/// Everything that the engine knows about one kind of inventory item.
pub(super) trait ThingKind {
    /// The changes that undo it once the document no longer asks for it; `generation` configured it.
    fn release(&self, generation: u32, machine: &Machine<'_>, baseline: &Baseline) -> Result<Release, StateError>;

    /// How it has drifted; `None` if it has not.
    fn drift(&self, machine: &Machine<'_>, baseline: &Baseline) -> Result<Option<Drifted>, StateError>;

    /// The paths that exist because of it, and need their parent directories.
    fn stands(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Its path if it is a directory: it stays while it contains one of our items.
    fn directory(&self) -> Option<&str> {
        None
    }
}

/// Everything that the engine knows about one kind of undo.
pub(super) trait UndoKind {
    /// What the undo did, for a report; `None` for nothing.
    fn in_words(&self) -> Option<String>;

    /// Undoes it.
    fn take_back<'a>(&'a self, scene: &'a Scene<'a>, record: &'a Record) -> TakingBack<'a>;
}

impl Thing {
    /// Its kind.
    pub(super) fn kind(&self) -> &dyn ThingKind {
        match self {
            Self::Path(item) => item,
            Self::UnitFile(item) => item,
            Self::UnitActive(item) => item,
            Self::Account(item) => item,
            Self::Group(item) => item,
            Self::Home(item) => item,
            Self::Member(item) => item,
            Self::Password(item) => item,
            Self::Hostname(item) => item,
            Self::Kernel(wanted) => wanted,
        }
    }
}

impl Undo {
    /// Its kind.
    pub(super) fn kind(&self) -> &dyn UndoKind {
        match self {
            Self::Path(undo) => undo,
            Self::AccountEntry(undo) => undo,
            Self::Copy(undo) => undo,
            Self::Hostname(undo) => undo,
            Self::KernelParameter(undo) => undo,
            Self::UnitActive(undo) => undo,
            Self::Ledger(undo) => undo,
            Self::Impossible(undo) => undo,
        }
    }
}

impl Change {
    /// Its kind.
    pub(super) fn kind(&self) -> &dyn ChangeKind {
        match self {
            Self::File(file) => file,
            Self::Directory(directory) => directory,
            Self::RemoveDirectory(removal) => removal,
            Self::Symlink(link) => link,
            Self::Account(account) => account,
            Self::RandomPassword(password) => password,
            Self::HostKeys(keys) => keys,
            Self::RandomSeed(seed) => seed,
            Self::Console(text) => text,
            Self::Home(home) => home,
            Self::Hostname(name) => name,
            Self::Kernel(kernel) => kernel,
            Self::Unit(unit) => unit,
            Self::NetworkReload(reload) => reload,
            Self::Certificates(bundle) => bundle,
            Self::Command(command) => command,
            Self::DocumentCommand(command) => command,
            Self::PhoneHome(home) => home,
        }
    }
}

/// Nothing to do: the batch has already made the change.
fn nothing<'a>() -> Acting<'a> {
    Box::pin(std::future::ready(Ok(())))
}
