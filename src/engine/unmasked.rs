//! Units that are to be disabled and whose mask goes: behind a mask systemd disables nothing, so that it looks done.

use std::collections::BTreeSet;

use super::plan::ModulePlan;
use crate::module::{Change, UnitAction, UnitChange};
use crate::system::systemd::{InstallError, unmask_links};
use crate::system::{Machine, ReadError, Root};

/// Adds after each change that unmasks a unit the one that disables it, where the document asks for that.
///
/// # Errors
/// The machine can't be read.
pub(super) fn disable(plans: &mut [ModulePlan], machine: &Machine<'_>) -> Result<(), ReadError> {
    let disabled = |change: &Change| unit_of(change, UnitAction::Disable).map(str::to_owned);
    let declared: BTreeSet<String> = plans
        .iter()
        .flat_map(|plan| &plan.declared)
        .filter_map(disabled)
        .collect();
    let mut added: Vec<Change> = Vec::new();
    for plan in &mut *plans {
        for change in std::mem::take(&mut plan.changes) {
            let unit = unit_of(&change, UnitAction::Unmask).filter(|unit| declared.contains(*unit));
            let unit = unit.map(str::to_owned);
            plan.changes.push(change);
            let Some(unit) = unit else { continue };
            let files = without_mask(machine.root(), &unit)?;
            let action = UnitAction::Disable;
            let disable = Change::Unit(UnitChange { unit, action });
            if !disable.kind().holds(&machine.with_root(&files))? {
                added.push(disable.clone());
                plan.changes.push(disable);
            }
        }
    }
    for plan in plans {
        let pending = plan.declared.iter().filter(|change| added.contains(change)).count();
        plan.holding = plan.holding.saturating_sub(pending);
    }
    Ok(())
}

/// The files without the administrator's mask of the unit, if it has one that can be removed.
pub(super) fn without_mask(root: &Root, unit: &str) -> Result<Root, ReadError> {
    let links = match unmask_links(root, unit) {
        Ok(links) => links,
        Err(InstallError::Read(error)) => return Err(error),
        Err(_) => Vec::new(),
    };
    let mut files = root.clone();
    for link in links {
        files.imagine(&link.path, None)?;
    }
    Ok(files)
}

/// The unit to which a change does this.
fn unit_of(change: &Change, wanted: UnitAction) -> Option<&str> {
    if let Change::Unit(UnitChange { unit, action }) = change
        && *action == wanted
    {
        return Some(unit);
    }
    None
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::module::Stage;
    use crate::system::Facts;

    fn change(action: UnitAction) -> Change {
        let unit = "a.service".to_owned();
        Change::Unit(UnitChange { unit, action })
    }

    /// `masked: true` of an earlier document goes, and `enabled: false` of the new one is done in the same run.
    #[test]
    fn what_is_unmasked_is_disabled_where_that_is_asked_for() {
        let tree = tempfile::tempdir().unwrap();
        let (etc, lib) = (
            tree.path().join("etc/systemd/system"),
            tree.path().join("usr/lib/systemd/system"),
        );
        std::fs::create_dir_all(etc.join("multi-user.target.wants")).unwrap();
        std::fs::create_dir_all(&lib).unwrap();
        std::fs::write(lib.join("a.service"), "[Install]\nWantedBy=multi-user.target\n").unwrap();
        let want = etc.join("multi-user.target.wants/a.service");
        symlink("/usr/lib/systemd/system/a.service", &want).unwrap();
        symlink("/dev/null", etc.join("a.service")).unwrap();
        let root = Root::open(tree.path()).unwrap();
        let facts = Facts::default();
        let machine = Machine::new(&root, &facts);
        let (disable, unmask) = (change(UnitAction::Disable), change(UnitAction::Unmask));
        // Behind the mask it looks done.
        assert!(disable.kind().holds(&machine).unwrap());
        let changes = |declared: &[Change]| {
            let mut asks = ModulePlan::empty("services", Stage::System);
            let mut unmasks = ModulePlan::empty("units", Stage::System);
            (asks.declared, asks.holding) = (declared.to_vec(), declared.len());
            unmasks.changes = vec![unmask.clone()];
            let mut plans = [asks, unmasks];
            super::disable(&mut plans, &machine).unwrap();
            plans.map(|plan| (plan.holding, plan.changes))
        };
        assert_eq!(
            changes(std::slice::from_ref(&disable)),
            [(0, vec![]), (0, vec![unmask.clone(), disable.clone()])]
        );
        assert_eq!(changes(&[]), [(0, vec![]), (0, vec![unmask.clone()])]);
        std::fs::remove_file(&want).unwrap();
        assert_eq!(changes(&[disable]), [(1, vec![]), (0, vec![unmask.clone()])]);
    }
}
