//! What systemd does with a unit.

use super::{Acting, ChangeKind};
use crate::engine::act::{ActError, JOB_LIMIT, Scene};
use crate::engine::batch::Batch;
use crate::engine::next_inventory::Taker;
use crate::engine::plan::ModulePlan;
use crate::engine::preflight::{Needs, PreflightError};
use crate::engine::view::{ChangeView, view};
use crate::module::{Dirty, UnitAction, UnitChange, services};
use crate::state::{LinkItem, Thing, Undo};
use crate::system::systemd::{self, Bus, InstallError, InstallLink, Verb};
use crate::system::{Machine, ReadError, Root, System};

/// Where systemd, or firstlight for a tree, makes the links of units.
const UNIT_LINKS: &str = "/etc/systemd/system/multi-user.target.wants/unit";

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

    fn need(&self, needs: &mut Needs<'_>, system: &System) -> Result<(), PreflightError> {
        match is_of_links(self.action) {
            true => needs.add_entry(system, UNIT_LINKS),
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
        let links = unit_links(self, batch.files())?;
        let mut each = links.iter();
        each.try_for_each(|link| batch.add_link(module, &link.path, link.target.as_deref(), &[Dirty::Manager]))
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(scene.change_unit(self))
    }
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
        _ => systemd::unmask_links(root, unit)?,
    })
}

fn remember(change: &UnitChange, taker: &mut Taker<'_>, module: &ModulePlan) -> Result<(), ReadError> {
    let unit = change.unit.clone();
    let old = change.key().and_then(|key| taker.baseline.inventory.items.get(&key));
    let old = old.map(|item| &item.thing);
    let thing = match change.action {
        UnitAction::Restart | UnitAction::Reload => return Ok(()),
        UnitAction::Start | UnitAction::Stop => {
            let runs = taker.machine.unit(&unit).is_some_and(crate::system::UnitFacts::runs);
            let before = match old {
                Some(Thing::UnitActive { before, .. }) => *before,
                _ => runs,
            };
            let written = change.action == UnitAction::Start;
            Thing::UnitActive { unit, before, written }
        }
        action => {
            let links = links(change, taker, module, old)?;
            Thing::UnitFile { unit, action, links }
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
    let new = unit_links(change, taker.files);
    let mut links = match old {
        Some(Thing::UnitFile { links, .. }) => links.clone(),
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
