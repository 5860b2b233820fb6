//! A symbolic link with exactly this target; or none.

use super::{Acting, ChangeKind, nothing};
use crate::engine::act::{ActError, Scene};
use crate::engine::batch::Batch;
use crate::engine::next_inventory::Taker;
use crate::engine::plan::ModulePlan;
use crate::engine::preflight::{Needs, PreflightError};
use crate::engine::view::{ChangeView, view};
use crate::module::SymlinkChange;
use crate::state::PathState;
use crate::system::{Imagined, Kind, Machine, ReadError, Root, System};

impl ChangeKind for SymlinkChange {
    fn key(&self) -> Option<String> {
        Some(format!("path {}", self.path))
    }

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        Ok(match &self.target {
            Some(target) => view("symlink", &self.path, "create", &format!("link to {target}")),
            None => view("symlink", &self.path, "remove", "link removed"),
        })
    }

    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        match &self.target {
            Some(target) => Ok(machine.root().read_link(&self.path)?.as_ref() == Some(target)),
            None => Ok(machine.root().metadata(&self.path)?.is_none()),
        }
    }

    fn makes(&self) -> Option<(&str, Kind)> {
        self.target.is_some().then_some((self.path.as_str(), Kind::Symlink))
    }

    fn imagine(&self, files: &mut Root) -> Result<(), ReadError> {
        let target = self.target.clone();
        files.imagine(&self.path, target.map(|target| Imagined::Symlink { target }))
    }

    fn need(&self, needs: &mut Needs<'_>, _system: &System) -> Result<(), PreflightError> {
        needs.add_entry(&self.path)
    }

    fn remember(&self, taker: &mut Taker<'_>, module: &ModulePlan, _missing: bool) -> Result<(), ReadError> {
        let target = self.target.clone();
        let written = target.map_or(PathState::Absent, |target| PathState::Symlink { target });
        taker.entry(module, &self.path, written)
    }

    fn is_of_files(&self, _system: &System) -> bool {
        true
    }

    fn prepare(&self, batch: &mut Batch<'_>, module: &str) -> Result<(), ActError> {
        batch.add_link(module, &self.path, self.target.as_deref(), &[])
    }

    fn act<'a>(&'a self, _scene: &'a Scene<'a>) -> Acting<'a> {
        nothing()
    }
}
