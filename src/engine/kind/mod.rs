//! One file a kind of change, which holds all that the engine knows of it. [`Change::kind`] is the one place that tells
//! the kinds apart.

mod account;
mod command;
mod directory;
mod file;
mod hostname;
mod link;
mod network;
mod unit;

use std::pin::Pin;

use super::act::{ActError, Scene};
use super::batch::Batch;
use super::next_inventory::Taker;
use super::plan::ModulePlan;
use super::preflight::{Needs, PreflightError};
use super::view::ChangeView;
use crate::module::{Change, Dirty};
use crate::system::{Kind, Machine, ReadError, Root, System};
pub(super) use account::is_member;
pub(super) use file::is_like;

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

    /// What is where once it is made: it needs a place, and the directories on the way.
    fn makes(&self) -> Option<(&str, Kind)> {
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
            Self::Unit(unit) => unit,
            Self::NetworkReload => &network::NetworkReload,
            Self::Command(command) => command,
        }
    }
}

/// What has been made by a batch.
fn nothing<'a>() -> Acting<'a> {
    Box::pin(std::future::ready(Ok(())))
}

/// What no batch takes.
fn no_file() -> Result<(), ActError> {
    Ok(())
}
