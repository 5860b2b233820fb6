//! One file a kind, which holds all that the engine knows of it: how it is changed, how what is remembered of it goes back or
//! has drifted, how a change is undone. [`Change::kind`], [`Thing::kind`] and [`Undo::kind`] are the places that tell the
//! kinds apart.

/// A kind says so that it has nothing to do with files: it is made by itself, and no batch takes it.
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

/// A kind says so that nothing of it lasts: the inventory has nothing to remember.
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
mod command;
mod directory;
mod document_command;
mod file;
mod hostname;
mod kernel;
mod link;
mod network;
mod path;
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

/// A change on its way.
pub(super) type Acting<'a> = Pin<Box<dyn Future<Output = Result<(), ActError>> + 'a>>;

/// All that the engine knows of one kind of change.
pub(super) trait ChangeKind {
    /// The key in the inventory of what it is about; none where nothing of it lasts.
    fn key(&self) -> Option<String>;

    /// How it looks on the machine at `root`.
    fn view(&self, root: &Root) -> Result<ChangeView, ReadError>;

    /// Whether the machine is so already: what makes a second `apply` plan nothing.
    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError>;

    /// That it is not made here, in words, where only the booted machine can make it. It is still wanted at the first boot.
    fn left_for_boot(&self, _machine: &Machine<'_>) -> Result<Option<String>, ReadError> {
        Ok(None)
    }

    /// What is where once it is made: it needs a place, and the directories on the way.
    fn makes(&self) -> Option<(&str, Kind)> {
        None
    }

    /// The directory that it removes.
    fn removes_directory(&self) -> Option<&str> {
        None
    }

    /// The files of which it changes an entry.
    fn edits(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Thinks of the files as it makes them, so that the next module plans on that. What can't be done is not thought of: it
    /// fails when it is done, with its own words.
    fn imagine(&self, files: &mut Root) -> Result<(), ReadError>;

    /// How large it is, in bytes, as far as it could be left out for want of room.
    fn size(&self) -> u64 {
        0
    }

    /// What has to notice once it is made.
    fn dirties(&self) -> &[Dirty] {
        &[]
    }

    /// The unit that needs no telling after it, because it starts or stops then.
    fn settles(&self) -> Option<&str> {
        None
    }

    /// What a person who is at work on the machine notices of it, in a sentence; `session` is their login.
    fn disturbs(&self, _session: Option<&Session>) -> Option<String> {
        None
    }

    /// Whether it is how `dirty` is told.
    fn tells(&self, _dirty: &Dirty) -> bool {
        false
    }

    /// Adds the room that it takes.
    fn need(&self, needs: &mut Needs<'_>, system: &System) -> Result<(), PreflightError>;

    /// Puts what lasts of it into the next inventory. `missing`: it is not so yet.
    fn remember(&self, taker: &mut Taker<'_>, module: &ModulePlan, missing: bool) -> Result<(), ReadError>;

    /// Whether it is about files on this machine: it then goes through a batch, else it is made by itself.
    fn is_of_files(&self, system: &System) -> bool;

    /// Takes it into a batch.
    fn prepare(&self, batch: &mut Batch<'_>, module: &str) -> Result<(), ActError>;

    /// Makes it, where it is not about files.
    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a>;
}

/// Taking something back, on its way.
pub(super) type TakingBack<'a> = Pin<Box<dyn Future<Output = Result<Back, ActError>> + 'a>>;

/// All that the engine knows of one kind of thing that the inventory remembers.
pub(super) trait ThingKind {
    /// What undoes it once nobody asks for it any more; `generation` made it.
    fn release(&self, generation: u32, machine: &Machine<'_>, baseline: &Baseline) -> Result<Release, StateError>;

    /// How it is no longer as it was left; `None` where it is.
    fn drift(&self, machine: &Machine<'_>, baseline: &Baseline) -> Result<Option<Drifted>, StateError>;

    /// The paths that are there because of it, and need the directories on the way.
    fn stands(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Its path where it is a directory: one stays as long as something of ours is in it.
    fn directory(&self) -> Option<&str> {
        None
    }
}

/// All that the engine knows of one kind of undoing.
pub(super) trait UndoKind {
    /// What was done once it is taken back, for a report; `None` where nothing is.
    fn in_words(&self) -> Option<String>;

    /// Takes it back.
    fn take_back<'a>(&'a self, scene: &'a Scene<'a>, record: &'a Record) -> TakingBack<'a>;
}

impl Thing {
    /// What the engine knows of its kind.
    pub(super) fn kind(&self) -> &dyn ThingKind {
        match self {
            Self::Path(item) => item,
            Self::UnitFile(item) => item,
            Self::UnitActive(item) => item,
            Self::Member(item) => item,
            Self::Password(item) => item,
            Self::Hostname(item) => item,
            Self::Kernel(wanted) => wanted,
        }
    }
}

impl Undo {
    /// What the engine knows of its kind.
    pub(super) fn kind(&self) -> &dyn UndoKind {
        match self {
            Self::Path(undo) => undo,
            Self::AccountEntry(undo) => undo,
            Self::Hostname(undo) => undo,
            Self::KernelParameter(undo) => undo,
            Self::UnitActive(undo) => undo,
            Self::Impossible(undo) => undo,
        }
    }
}

impl Change {
    /// What the engine knows of its kind.
    pub(super) fn kind(&self) -> &dyn ChangeKind {
        match self {
            Self::File(file) => file,
            Self::Directory(directory) => directory,
            Self::RemoveDirectory(removal) => removal,
            Self::Symlink(link) => link,
            Self::Account(account) => account,
            Self::Hostname(name) => name,
            Self::Kernel(kernel) => kernel,
            Self::Unit(unit) => unit,
            Self::NetworkReload(reload) => reload,
            Self::Command(command) => command,
            Self::DocumentCommand(command) => command,
        }
    }
}

/// What has been made by a batch.
fn nothing<'a>() -> Acting<'a> {
    Box::pin(std::future::ready(Ok(())))
}
