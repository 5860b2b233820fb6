//! A directory with this mode and owner; or none, unless something is in it.

use super::file::is_like;
use super::{Acting, ChangeKind, nothing};
use crate::engine::act::{ActError, Scene};
use crate::engine::batch::Batch;
use crate::engine::next_inventory::Taker;
use crate::engine::plan::ModulePlan;
use crate::engine::preflight::{Needs, PreflightError};
use crate::engine::view::{ChangeView, view};
use crate::module::{DirectoryChange, DirectoryRemoval};
use crate::state::PathState;
use crate::system::{Imagined, Kind, Machine, ReadError, Root, System};

impl ChangeKind for DirectoryChange {
    fn key(&self) -> Option<String> {
        Some(format!("path {}", self.path))
    }

    fn view(&self, root: &Root) -> Result<ChangeView, ReadError> {
        let there = root.metadata(&self.path)?.is_some();
        let (uid, gid) = self.owner;
        let how = format!("directory, mode {:04o}, owner {uid}:{gid}", self.mode);
        Ok(view(
            "directory",
            &self.path,
            if there { "modify" } else { "create" },
            &how,
        ))
    }

    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        let there = machine.root().metadata(&self.path)?;
        Ok(there.is_some_and(|m| m.kind == Kind::Directory && is_like(&m, self.mode, self.owner)))
    }

    fn makes(&self) -> Option<(&str, Kind)> {
        Some((&self.path, Kind::Directory))
    }

    fn imagine(&self, files: &mut Root) -> Result<(), ReadError> {
        let (mode, owner) = (self.mode, self.owner);
        files.imagine(&self.path, Some(Imagined::Directory { mode, owner }))
    }

    fn need(&self, needs: &mut Needs<'_>, _system: &System) -> Result<(), PreflightError> {
        needs.add_entry(&self.path)
    }

    fn remember(&self, taker: &mut Taker<'_>, module: &ModulePlan, _missing: bool) -> Result<(), ReadError> {
        let (mode, owner) = (self.mode, self.owner);
        taker.entry(module, &self.path, PathState::Directory { mode, owner })
    }

    fn is_of_files(&self, _system: &System) -> bool {
        true
    }

    fn prepare(&self, batch: &mut Batch<'_>, module: &str) -> Result<(), ActError> {
        batch.add_directory(module, self.path.clone(), self.mode, self.owner)
    }

    fn act<'a>(&'a self, _scene: &'a Scene<'a>) -> Acting<'a> {
        nothing()
    }
}

impl ChangeKind for DirectoryRemoval {
    fn key(&self) -> Option<String> {
        Some(format!("path {}", self.path))
    }

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        Ok(view("directory", &self.path, "remove", "directory removed"))
    }

    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        Ok(machine.root().metadata(&self.path)?.is_none())
    }

    fn removes_directory(&self) -> Option<&str> {
        Some(&self.path)
    }

    fn imagine(&self, files: &mut Root) -> Result<(), ReadError> {
        files.imagine(&self.path, None)
    }

    fn need(&self, needs: &mut Needs<'_>, _system: &System) -> Result<(), PreflightError> {
        needs.add_entry(&self.path)
    }

    fn remember(&self, taker: &mut Taker<'_>, module: &ModulePlan, _missing: bool) -> Result<(), ReadError> {
        taker.entry(module, &self.path, PathState::Absent)
    }

    fn is_of_files(&self, _system: &System) -> bool {
        true
    }

    fn prepare(&self, batch: &mut Batch<'_>, module: &str) -> Result<(), ActError> {
        batch.add_removed_directory(module, &self.path)
    }

    fn act<'a>(&'a self, _scene: &'a Scene<'a>) -> Acting<'a> {
        nothing()
    }
}
