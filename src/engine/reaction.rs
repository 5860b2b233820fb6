//! The reloads and restarts that changed files need, once all files are in place.

use std::collections::BTreeSet;

use super::plan::ModulePlan;
use crate::module::{Change, Dirty, NetworkReloadChange, UnitAction, UnitChange};
use crate::system::Machine;

/// What the pending changes make dirty, each once and only if it runs: a stopped service reads its files when it
/// starts.
pub(super) fn reactions(modules: &[ModulePlan], machine: &Machine<'_>) -> Vec<Change> {
    let changes = || modules.iter().flat_map(|module| &module.changes);
    let dirties: BTreeSet<&Dirty> = changes().flat_map(|change| change.kind().dirties()).collect();
    // A unit that is started reads its files then, and a stopped unit needs no reload.
    let settled: BTreeSet<&str> = changes().filter_map(|change| change.kind().settles()).collect();
    let is_settled = |dirty: &Dirty| match dirty {
        Dirty::Manager | Dirty::Network => false,
        Dirty::Reload(unit) | Dirty::Restart(unit) => settled.contains(unit.as_str()),
    };
    react(dirties.into_iter().filter(|dirty| !is_settled(dirty)), machine)
}

/// The reactions that these dirty things need on this machine.
pub(super) fn react<'a>(dirties: impl Iterator<Item = &'a Dirty>, machine: &Machine<'_>) -> Vec<Change> {
    let runs = |unit: &str| machine.unit(unit).is_some_and(crate::system::UnitFacts::runs);
    let unit = |unit: &str, action| {
        Change::Unit(UnitChange {
            unit: unit.to_owned(),
            action,
        })
    };
    let mut reactions = Vec::new();
    for dirty in dirties {
        let reaction = match dirty {
            // Every unit change that needs it reloads the unit files itself.
            Dirty::Manager => None,
            Dirty::Network => {
                runs("systemd-networkd.service").then(|| Change::NetworkReload(NetworkReloadChange::default()))
            }
            Dirty::Reload(name) => runs(name).then(|| unit(name, UnitAction::Reload)),
            Dirty::Restart(name) => runs(name).then(|| unit(name, UnitAction::Restart)),
        };
        reactions.extend(reaction.filter(|reaction| !reactions.contains(reaction)));
    }
    reactions
}
