//! The kernel's host name.

use super::{Acting, ChangeKind, TakingBack, ThingKind, UndoKind};
use crate::engine::act::{Scene, no_hostname, set_kernel_hostname};
use crate::engine::baseline::Baseline;
use crate::engine::drift::Drifted;
use crate::engine::next_inventory::Taker;
use crate::engine::plan::ModulePlan;
use crate::engine::release::Release;
use crate::engine::undo::Back;
use crate::engine::view::{ChangeView, view};
use crate::module::HostnameChange;
use crate::state::{HostnameItem, HostnameUndo, Record, StateError, Thing, Undo};
use crate::system::{Machine, ReadError, Root};

impl ChangeKind for HostnameChange {
    by_itself!();

    fn key(&self) -> Option<String> {
        Some("hostname".to_owned())
    }

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        Ok(view("hostname", &self.name, "set", "the kernel's host name"))
    }

    /// Without a running kernel there is no name to set: the file is what the next boot reads.
    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        Ok(machine.live().is_none_or(|live| live.hostname == self.name))
    }

    fn remember(&self, taker: &mut Taker<'_>, module: &ModulePlan, _missing: bool) -> Result<(), ReadError> {
        let name = self.name.clone();
        taker.put(module, Thing::Hostname(HostnameItem { name }));
        Ok(())
    }

    /// Before the bus is there hostnamed has not started, and reads `/etc/hostname` when it does.
    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(async move {
            let before = nix::unistd::gethostname().map_err(no_hostname)?;
            let before = before.to_string_lossy().into_owned();
            scene.record(Undo::Hostname(HostnameUndo { before }), &[])?;
            set_kernel_hostname(scene.system, &self.name).await
        })
    }
}

impl ThingKind for HostnameItem {
    fn release(&self, _generation: u32, _machine: &Machine<'_>, _baseline: &Baseline) -> Result<Release, StateError> {
        let name = &self.name;
        Ok(Release::stays(format!(
            "the document no longer sets a hostname; the machine keeps the name {name}"
        )))
    }

    fn drift(&self, machine: &Machine<'_>, _baseline: &Baseline) -> Result<Option<Drifted>, StateError> {
        let name = &self.name;
        let renamed = machine.live().filter(|live| live.hostname != *name);
        Ok(renamed.map(|live| {
            let how = format!("the kernel's host name was set to {name}, is {}", live.hostname);
            Drifted::new("hostname", name, how)
        }))
    }
}

impl UndoKind for HostnameUndo {
    fn in_words(&self) -> Option<String> {
        Some(format!("restored the host name {}", self.before))
    }

    /// In a tree there is no kernel of its own, and a machine that had no name keeps the one that it has.
    fn take_back<'a>(&'a self, scene: &'a Scene<'a>, _record: &'a Record) -> TakingBack<'a> {
        Box::pin(async move {
            if scene.system.live && !self.before.is_empty() {
                set_kernel_hostname(scene.system, &self.before).await?;
            }
            Ok(Back::Taken)
        })
    }
}
