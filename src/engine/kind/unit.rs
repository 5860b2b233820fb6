//! Changes of a unit.

mod release;

use super::{Acting, ChangeKind, TakingBack, ThingKind, UndoKind};
use crate::engine::act::{ActError, JOB_LIMIT, Scene};
use crate::engine::baseline::Baseline;
use crate::engine::batch::Batch;
use crate::engine::drift::Drifted;
use crate::engine::next_inventory::Taker;
use crate::engine::plan::ModulePlan;
use crate::engine::preflight::{Needs, PreflightError};
use crate::engine::release::Release;
use crate::engine::undo::Back;
use crate::engine::unmasked::without_mask;
use crate::engine::view::{ChangeView, view};
use crate::module::{Change, Dirty, UnitAction, UnitChange, services};
use crate::state::{LinkItem, Record, StateError, Thing, Undo, UnitActiveItem, UnitActiveUndo, UnitFileItem};
use crate::system::network::Session;
use crate::system::systemd::{self, Bus, InstallError, InstallLink, Verb};
use crate::system::{Machine, ReadError, Root, System, UnitFacts};

/// Where systemd, or firstlight for a tree, makes the links of units.
const UNIT_LINKS: &str = "/etc/systemd/system/multi-user.target.wants/unit";

/// The unit whose containers stop with it.
const DOCKER: &str = "docker.service";

impl ChangeKind for UnitChange {
    fn key(&self) -> Option<String> {
        let unit = &self.unit;
        match self.action {
            UnitAction::Enable | UnitAction::Disable => Some(format!("enabled {unit}")),
            UnitAction::Mask | UnitAction::Unmask => Some(format!("masked {unit}")),
            UnitAction::Start | UnitAction::Stop => Some(format!("active {unit}")),
            UnitAction::Restart | UnitAction::Reload => None,
        }
    }

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        Ok(view("unit", &self.unit, verb(self.action), verb(self.action)))
    }

    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        // Nothing runs under a root that is not booted, and what is enabled there starts with the boot.
        if machine.live().is_none() && !is_of_links(self.action) {
            return Ok(true);
        }
        services::holds(self, machine)
    }

    /// What runs, and what starts with the boot, modules learn of each other from the document.
    fn imagine(&self, _files: &mut Root) -> Result<(), ReadError> {
        Ok(())
    }

    fn settles(&self) -> Option<&str> {
        matches!(self.action, UnitAction::Start | UnitAction::Stop).then_some(self.unit.as_str())
    }

    fn disturbs(&self, _session: Option<&Session>) -> Option<String> {
        let verb = match self.action {
            _ if self.unit != DOCKER => return None,
            UnitAction::Restart => "restarts",
            UnitAction::Stop => "stops",
            UnitAction::Enable
            | UnitAction::Disable
            | UnitAction::Mask
            | UnitAction::Unmask
            | UnitAction::Start
            | UnitAction::Reload => return None,
        };
        Some(format!(
            "docker {verb}: its containers stop, unless `live-restore` is on"
        ))
    }

    fn tells(&self, dirty: &Dirty) -> bool {
        match dirty {
            Dirty::Manager | Dirty::Network | Dirty::Netdev(_) | Dirty::TakenOver { .. } | Dirty::Certificates => false,
            Dirty::Reload(unit) | Dirty::Restart(unit) => *unit == self.unit,
        }
    }

    fn need(&self, needs: &mut Needs<'_>, _system: &System) -> Result<(), PreflightError> {
        match is_of_links(self.action) {
            true => needs.add_entry(UNIT_LINKS),
            false => Ok(()),
        }
    }

    fn remember(&self, taker: &mut Taker<'_>, module: &ModulePlan, _missing: bool) -> Result<(), ReadError> {
        remember(self, taker, module)
    }

    /// What systemd does where it runs are links where it doesn't.
    fn is_of_files(&self, system: &System) -> bool {
        system.bus.is_none() && is_of_links(self.action)
    }

    fn prepare(&self, batch: &mut Batch<'_>, module: &str) -> Result<(), ActError> {
        let links = unit_links(self, &behind_mask(self, batch.files())?)?;
        let mut each = links.iter();
        each.try_for_each(|link| batch.add_link(module, &link.path, link.target.as_deref(), &[Dirty::Manager]))
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(scene.change_unit(self))
    }
}

impl ThingKind for UnitFileItem {
    fn release(&self, _generation: u32, machine: &Machine<'_>, _baseline: &Baseline) -> Result<Release, StateError> {
        Ok(release::release(self, machine.root())?)
    }

    fn drift(&self, machine: &Machine<'_>, _baseline: &Baseline) -> Result<Option<Drifted>, StateError> {
        let change = UnitChange {
            unit: self.unit.clone(),
            action: self.action,
        };
        let how = match self.action {
            UnitAction::Enable => "is no longer enabled",
            UnitAction::Disable => "was disabled but is enabled again",
            UnitAction::Mask => "is no longer masked",
            UnitAction::Unmask | UnitAction::Start | UnitAction::Stop | UnitAction::Restart | UnitAction::Reload => {
                "is now masked"
            }
        };
        let drifted = || Drifted::new("unit", &self.unit, how.to_owned());
        Ok((!services::holds(&change, machine)?).then(drifted))
    }

    fn stands(&self) -> Vec<&str> {
        let made = self.links.iter().filter(|link| link.written.is_some());
        made.map(|link| link.path.as_str()).collect()
    }
}

impl ThingKind for UnitActiveItem {
    fn release(&self, _generation: u32, machine: &Machine<'_>, _baseline: &Baseline) -> Result<Release, StateError> {
        let facts = machine.unit(&self.unit);
        let is_as_written = facts.is_some_and(|facts| facts.runs_or_will() == self.written);
        let action = if self.before {
            UnitAction::Start
        } else {
            UnitAction::Stop
        };
        let is_to_change = self.before != self.written && is_as_written;
        Ok(Release::by(is_to_change.then(|| unit_change(&self.unit, action))))
    }

    fn drift(&self, machine: &Machine<'_>, _baseline: &Baseline) -> Result<Option<Drifted>, StateError> {
        let facts = machine.unit(&self.unit);
        let changed = facts.filter(|facts| facts.runs() != self.written && !(self.written && facts.rests));
        let was = if self.written { "started" } else { "stopped" };
        Ok(changed.map(|facts| Drifted::new("unit", &self.unit, format!("was {was}, now is {}", facts.active_state))))
    }
}

impl UndoKind for UnitActiveUndo {
    fn in_words(&self) -> Option<String> {
        let verb = if self.active { "started" } else { "stopped" };
        Some(format!("{verb} {} again", self.unit))
    }

    fn take_back<'a>(&'a self, scene: &'a Scene<'a>, _record: &'a Record) -> TakingBack<'a> {
        Box::pin(scene.take_unit_back(self))
    }
}

fn unit_change(unit: &str, action: UnitAction) -> Change {
    Change::Unit(UnitChange {
        unit: unit.to_owned(),
        action,
    })
}

fn verb(action: UnitAction) -> &'static str {
    match action {
        UnitAction::Enable => "enable",
        UnitAction::Disable => "disable",
        UnitAction::Mask => "mask",
        UnitAction::Unmask => "unmask",
        UnitAction::Start => "start",
        UnitAction::Stop => "stop",
        UnitAction::Restart => "restart",
        UnitAction::Reload => "reload",
    }
}

fn is_of_links(action: UnitAction) -> bool {
    matches!(
        action,
        UnitAction::Enable | UnitAction::Disable | UnitAction::Mask | UnitAction::Unmask
    )
}

/// The links that a change of a unit's file state makes and removes.
pub(in crate::engine) fn unit_links(change: &UnitChange, root: &Root) -> Result<Vec<InstallLink>, InstallError> {
    let unit = change.unit.as_str();
    Ok(match change.action {
        UnitAction::Enable => systemd::enable_links(root, unit)?,
        UnitAction::Disable => systemd::disable_links(root, unit)?,
        UnitAction::Mask => systemd::mask_links(root, unit)?,
        UnitAction::Unmask => systemd::unmask_links(root, unit)?,
        UnitAction::Start | UnitAction::Stop | UnitAction::Restart | UnitAction::Reload => Vec::new(),
    })
}

/// The files that say which links are made: what a change enables or disables is unmasked before it.
fn behind_mask(change: &UnitChange, files: &Root) -> Result<Root, ReadError> {
    match change.action {
        UnitAction::Enable | UnitAction::Disable => without_mask(files, &change.unit),
        UnitAction::Mask
        | UnitAction::Unmask
        | UnitAction::Start
        | UnitAction::Stop
        | UnitAction::Restart
        | UnitAction::Reload => Ok(files.clone()),
    }
}

fn remember(change: &UnitChange, taker: &mut Taker<'_>, module: &ModulePlan) -> Result<(), ReadError> {
    let unit = change.unit.clone();
    let old = change.key().and_then(|key| taker.baseline.inventory.items.get(&key));
    let old = old.map(|item| &item.thing);
    let thing = match change.action {
        UnitAction::Restart | UnitAction::Reload => return Ok(()),
        UnitAction::Start | UnitAction::Stop => {
            let runs = taker.machine.unit(&unit).is_some_and(UnitFacts::runs_or_will);
            let before = match old {
                Some(Thing::UnitActive(item)) => item.before,
                _ => runs,
            };
            let written = change.action == UnitAction::Start;
            Thing::UnitActive(UnitActiveItem { unit, before, written })
        }
        action @ (UnitAction::Enable | UnitAction::Disable | UnitAction::Mask | UnitAction::Unmask) => {
            let links = links(change, taker, module, old)?;
            Thing::UnitFile(UnitFileItem { unit, action, links })
        }
    };
    taker.put(module, thing);
    Ok(())
}

/// The links that the change makes and removes now, and those that an earlier one did.
fn links(
    change: &UnitChange,
    taker: &mut Taker<'_>,
    module: &ModulePlan,
    old: Option<&Thing>,
) -> Result<Vec<LinkItem>, ReadError> {
    let root = taker.machine.root();
    let new = unit_links(change, &behind_mask(change, taker.files)?);
    let mut links = match old {
        Some(Thing::UnitFile(item)) => item.links.clone(),
        Some(_) | None => Vec::new(),
    };
    // What can't be told fails when it is done, with its own words.
    for link in new.unwrap_or_default() {
        if link.target.is_some() {
            taker.parents(module, &link.path)?;
        }
        match links.iter_mut().find(|known| known.path == link.path) {
            Some(known) => known.written = link.target,
            None => links.push(LinkItem {
                before: root.read_link(&link.path)?,
                path: link.path,
                written: link.target,
            }),
        }
    }
    Ok(links)
}

impl Scene<'_> {
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
            let active = facts.get(unit).is_some_and(UnitFacts::runs_or_will);
            let unit_was = UnitActiveUndo {
                unit: unit.to_owned(),
                active,
            };
            self.record(Undo::UnitActive(unit_was), &[])?;
            if verb == Verb::Start && !active {
                self.remember_triggers(bus, unit).await?;
            }
        }
        // A unit is stopped as it was started: without its files, systemd would not know how.
        if verb != Verb::Stop && bus.is_outdated(unit).await? {
            bus.reload_manager().await?;
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
                self.record(Undo::UnitActive(UnitActiveUndo { unit, active: false }), &[])?;
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
            UnitAction::Unmask => bus.unmask(&[unit]).await?,
            UnitAction::Start | UnitAction::Stop | UnitAction::Restart | UnitAction::Reload => Vec::new(),
        };
        Ok(bus.reload_manager().await?)
    }

    /// In a tree nothing runs: what a running machine has besides its files is not there to be taken back.
    async fn take_unit_back(&self, undo: &UnitActiveUndo) -> Result<Back, ActError> {
        let unit = undo.unit.as_str();
        let verb = if undo.active { Verb::Start } else { Verb::Stop };
        let bus = match &self.system.bus {
            _ if !self.system.live => return Ok(Back::Taken),
            None => return Ok(Back::Later(format!("{verb} {unit}"))),
            Some(bus) => bus,
        };
        if undo.active {
            // A mask that was taken away a moment ago still holds for systemd until it reads its files again.
            bus.reload_manager().await?;
            bus.reset_failed(unit).await;
        }
        bus.run_job(verb, unit, JOB_LIMIT).await?;
        Ok(Back::Taken)
    }
}

#[cfg(test)]
mod tests;
