//! Items that the document no longer asks for are undone by ordinary changes in their module, unless they were edited.

use std::collections::BTreeSet;

use super::baseline::Baseline;
use super::plan::ModulePlan;
use crate::document::Document;
use crate::module::{Change, Expectation, FileChange, Level, Module, Note};
use crate::state::{Item, StateError};
use crate::system::{Machine, ReadError};

/// How to undo an item that the document no longer asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Release {
    /// The changes.
    pub changes: Vec<Change>,
    /// What stays, and why.
    pub notices: Vec<String>,
}

impl Release {
    /// These changes do it.
    pub(super) fn by(changes: impl IntoIterator<Item = Change>) -> Self {
        Self {
            changes: changes.into_iter().collect(),
            notices: Vec::new(),
        }
    }

    /// It stays as it is.
    pub(super) fn stays(notice: String) -> Self {
        Self {
            changes: Vec::new(),
            notices: vec![notice],
        }
    }
}

/// Where sshd's configuration is: restored files there are checked before sshd reloads.
const SSHD_CONFIG: &str = "/etc/ssh/sshd_config";

/// Adds to each module's plan the changes that undo what the document no longer asks for.
///
/// # Errors
/// The machine or the state can't be read.
pub(super) fn add(
    plans: &mut [ModulePlan],
    elsewhere: &[Change],
    document: &Document,
    machine: &Machine<'_>,
    baseline: &Baseline,
) -> Result<(), StateError> {
    let asked = Asked::of(plans.iter().flat_map(|plan| &plan.declared).chain(elsewhere));
    let mut released: Vec<(&String, &Item)> = baseline.inventory.items.iter().collect();
    released.retain(|(key, item)| {
        let planned = plans
            .iter()
            .any(|plan| plan.name == item.module && plan.problems.is_empty() && !plan.waits);
        planned && !asked.keys.contains(*key)
    });
    retain_empty_directories(&mut released, &asked, baseline);
    let removed = removed_accounts(&released);
    for plan in plans {
        let own: Vec<_> = released.iter().filter(|(_, item)| item.module == plan.name).collect();
        let mut items = baseline.inventory.items.iter();
        if plan.waits && items.any(|(key, item)| item.module == plan.name && !asked.keys.contains(key)) {
            plan.notes.push(notice(
                "items that the document may no longer ask for stay until the packages are installed".to_owned(),
            ));
        }
        if document.may_ask_for_more() && !own.is_empty() {
            // The document may ask for it with an error.
            plan.notes.push(notice(
                "items that the document no longer asks for stay until its errors are corrected".to_owned(),
            ));
            continue;
        }
        for (key, item) in own {
            if item.thing.account().is_some_and(|account| removed.contains(account)) {
                plan.released.push((*key).clone());
                continue;
            }
            let release = item.thing.kind().release(item.generation, machine, baseline)?;
            take_in(plan, release, machine)?;
            plan.released.push((*key).clone());
        }
        order(plan);
    }
    Ok(())
}

/// Undoes the file at `path`, which an earlier generation wrote and the machine's own program refuses: in an image it
/// could not be asked.
///
/// # Errors
/// The machine or the state can't be read.
pub(super) fn refused(
    plan: &mut ModulePlan,
    path: &str,
    machine: &Machine<'_>,
    baseline: &Baseline,
) -> Result<(), StateError> {
    let is_it = |item: &Item| item.thing.path().is_some_and(|item| item.path == path);
    if let Some((key, item)) = baseline.inventory.items.iter().find(|(_, item)| is_it(item)) {
        let release = item.thing.kind().release(item.generation, machine, baseline)?;
        take_in(plan, release, machine)?;
        plan.released.push(key.clone());
    }
    Ok(())
}

/// The accounts that go. With them go their passwords and memberships.
fn removed_accounts(released: &[(&String, &Item)]) -> BTreeSet<String> {
    let removed = released.iter().filter_map(|(_, item)| item.thing.created_account());
    removed.map(str::to_owned).collect()
}

/// What the modules that don't take part ask for: theirs is nobody's to undo. What can't be planned asks for nothing here.
pub(super) fn asked_elsewhere(modules: &[&dyn Module], document: &Document, machine: &Machine<'_>) -> Vec<Change> {
    let takes_part = |name: &str| modules.iter().any(|module| module.name() == name);
    let others = crate::module::all()
        .into_iter()
        .filter(|module| !takes_part(module.name()));
    let plans = others.filter_map(|module| module.plan(&document.config, machine).ok());
    plans.flat_map(|plan| plan.changes).collect()
}

/// What is asked for: the keys of the things, and the paths of files.
#[derive(Debug, Default)]
struct Asked {
    keys: BTreeSet<String>,
    paths: BTreeSet<String>,
}

impl Asked {
    fn of<'a>(changes: impl Iterator<Item = &'a Change>) -> Self {
        let mut asked = Self::default();
        for change in changes {
            asked.keys.extend(change.kind().key());
            asked.paths.extend(change.path().map(str::to_owned));
        }
        asked
    }
}

/// A directory is no longer needed once it contains none of our items.
fn retain_empty_directories(released: &mut Vec<(&String, &Item)>, asked: &Asked, baseline: &Baseline) {
    let gone: BTreeSet<&String> = released.iter().map(|(key, _)| *key).collect();
    let mut needed: BTreeSet<&str> = asked.paths.iter().map(String::as_str).collect();
    for (key, item) in &baseline.inventory.items {
        if !gone.contains(key) {
            needed.extend(item.thing.kind().stands());
        }
    }
    let is_needed = |directory: &str| {
        needed
            .iter()
            .any(|path| path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/')))
    };
    released.retain(|(_, item)| !item.thing.kind().directory().is_some_and(is_needed));
}

fn take_in(plan: &mut ModulePlan, release: Release, machine: &Machine<'_>) -> Result<(), ReadError> {
    plan.notes.extend(release.notices.into_iter().map(notice));
    for change in release.changes {
        let checks_sshd = matches!(&change, Change::File(FileChange { path, .. }) if path.starts_with(SSHD_CONFIG));
        if checks_sshd && !plan.expectations.contains(&Expectation::SshdAccepts) {
            plan.expectations.push(Expectation::SshdAccepts);
        }
        if !change.kind().holds(machine)? && !plan.changes.contains(&change) {
            plan.changes.push(change);
        }
    }
    Ok(())
}

/// Directories go last, the deepest first.
fn order(plan: &mut ModulePlan) {
    plan.changes.sort_by_key(|change| {
        let removal = change.kind().removes_directory();
        removal.map_or(0, |path| usize::MAX - path.split('/').count())
    });
}

fn notice(text: String) -> Note {
    Note {
        level: Level::Notice,
        text,
    }
}
