//! Each path has one owner. The module that writes a whole file owns it, and other modules edit on top of it. If two
//! need different things at one path, that is an error that names both.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{GenerationPlan, ModulePlan};
use crate::document::{Diagnostic, Document};
use crate::module::{Change, FileChange, Level, Note, Share, asked_at};
use crate::system::write::parent_of;
use crate::system::{Kind, Machine, ReadError};

/// Denied changes: by module and path, with the reason.
pub(super) type Denied = BTreeMap<(&'static str, String), String>;

/// A module's claim on a path.
#[derive(Clone, Copy)]
struct Claim<'a> {
    module: &'a ModulePlan,
    change: &'a Change,
    path: &'a str,
}

/// The changes that can't be beside others: of two that ask for different things at one path, or for a file and for
/// something below it, the one that stands later in the document.
pub(super) fn clashes(plan: &GenerationPlan, document: &Document) -> Denied {
    let mut owners: BTreeMap<&str, Claim<'_>> = BTreeMap::new();
    let mut denied = Denied::new();
    let claims: Vec<Claim<'_>> = claims(plan).collect();
    for claim in &claims {
        match owners.get(claim.path) {
            Some(first) if !go_together(*first, *claim) => deny(&mut denied, document, *first, *claim),
            _ => drop(owners.insert(claim.path, *claim)),
        }
    }
    for claim in claims.iter().filter(|claim| claim.change.kind().makes().is_some()) {
        let mut parent = parent_of(claim.path);
        while parent != "/" {
            if let Some(first) = owners.get(parent).filter(|first| is_no_directory(first.change)) {
                deny(&mut denied, document, *first, *claim);
            }
            parent = parent_of(parent);
        }
    }
    for (module, change) in plan
        .modules
        .iter()
        .flat_map(|module| module.declared.iter().map(move |change| (module, change)))
    {
        for path in change.kind().edits() {
            if let Some(whole) = owners.get(path) {
                deny_whole(&mut denied, document, Claim { module, change, path }, *whole);
            }
        }
    }
    denied
}

/// Writing a whole account file would discard a requested change of one account, so the file is left as it is.
fn deny_whole(denied: &mut Denied, document: &Document, editor: Claim<'_>, whole: Claim<'_>) {
    let why = format!(
        "{} can't be written: `{}` changes an entry of it ({})",
        whole.path,
        editor.module.name,
        place(document, editor).place()
    );
    denied.insert((whole.module.name, whole.path.to_owned()), why);
}

/// What is declared at a path, in the order in which it was planned.
fn claims(plan: &GenerationPlan) -> impl Iterator<Item = Claim<'_>> {
    let modules = plan.order.iter().filter_map(|at| plan.modules.get(*at));
    modules.flat_map(|module| {
        module.declared.iter().filter_map(move |change| {
            let path = change.path()?;
            Some(Claim { module, change, path })
        })
    })
}

/// Whether the later one was planned on the earlier one, or wants the same.
fn go_together(first: Claim<'_>, second: Claim<'_>) -> bool {
    if first.module.name == second.module.name {
        return true;
    }
    match (first.change, second.change) {
        (Change::File(below), Change::File(above)) => below.content == above.content || is_edit(below, above),
        (Change::Directory(one), Change::Directory(other)) => one == other || one.on_the_way || other.on_the_way,
        (one, other) => one == other,
    }
}

/// Whether something of the file below is left: an edit that leaves no line of it gives the file other content.
fn is_edit(below: &FileChange, above: &FileChange) -> bool {
    let (Some(below), Some(now)) = (&below.content, &above.content) else {
        return false;
    };
    let lines = |bytes: &[u8]| -> BTreeSet<Vec<u8>> {
        let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
    };
    match above.share {
        Share::Whole => false,
        Share::Keys => true,
        Share::Lines => {
            let (below, now) = (lines(&below.bytes), lines(&now.bytes));
            below.is_empty() || !below.is_disjoint(&now)
        }
    }
}

fn is_no_directory(change: &Change) -> bool {
    change.kind().makes().is_some_and(|(_, kind)| kind == Kind::File)
}

fn deny(denied: &mut Denied, document: &Document, one: Claim<'_>, other: Claim<'_>) {
    let (place, other_place) = (place(document, one), place(document, other));
    let stands_later = place.file == other_place.file
        && (place.line, place.column) > (other_place.line, other_place.column)
        && other_place.line > 0;
    let (kept, kept_place, lost) = match stands_later {
        true => (other, other_place, one),
        false => (one, place, other),
    };
    let what = match kept.path == lost.path {
        true => "gives that path different content".to_owned(),
        false if is_no_directory(kept.change) => format!("makes {} a file", kept.path),
        false => format!("needs {} to be a directory", lost.path),
    };
    let why = format!(
        "{} can't be written: `{}` {what} ({})",
        lost.path,
        kept.module.name,
        kept_place.place()
    );
    denied.insert((lost.module.name, lost.path.to_owned()), why);
}

/// The place in the document that asks for it.
fn place(document: &Document, claim: Claim<'_>) -> Diagnostic {
    document.diagnose(&asked_at(claim.module.name, claim.change, &document.config), "")
}

/// Leaves each path to one module: a file to the last one that edits it, whose content has all that those before it gave;
/// a directory to the first one that asks for it by itself; what several want alike to the first.
pub(super) fn merge_edits(plan: &mut GenerationPlan, machine: &Machine<'_>) -> Result<(), ReadError> {
    for shared in shared(plan) {
        match shared {
            Shared::File { below, above, path } => merge(&mut plan.modules, (below, above), &path, machine)?,
            Shared::Needless { module, change } => {
                if let Some(module) = plan.modules.get_mut(module) {
                    take(module, |other| *other == *change, machine)?;
                }
            }
        }
    }
    Ok(())
}

/// What two modules declare at one path; the modules by their places.
enum Shared {
    /// A file, and the one before it.
    File { below: usize, above: usize, path: String },
    /// What another module makes already.
    Needless { module: usize, change: Box<Change> },
}

fn shared(plan: &GenerationPlan) -> Vec<Shared> {
    let mut owners: BTreeMap<&str, (usize, &Change)> = BTreeMap::new();
    let mut shared = Vec::new();
    for at in plan.order.iter().copied() {
        let declared = plan.modules.get(at).map_or(&[][..], |module| &module.declared);
        for (path, change) in declared.iter().filter_map(|change| Some((change.path()?, change))) {
            let (first, earlier) = *owners.entry(path).or_insert((at, change));
            if first == at {
                continue;
            }
            let is_file = matches!(change, Change::File(_));
            let is_asked = is_on_the_way(earlier) && !is_on_the_way(change);
            if is_file || is_asked {
                owners.insert(path, (at, change));
            }
            let path = path.to_owned();
            let (below, above) = (first, at);
            let (module, needless) = if is_asked { (first, earlier) } else { (at, change) };
            let change = Box::new(needless.clone());
            shared.push(match is_file {
                true => Shared::File { below, above, path },
                false => Shared::Needless { module, change },
            });
        }
    }
    shared
}

fn is_on_the_way(change: &Change) -> bool {
    matches!(change, Change::Directory(directory) if directory.on_the_way)
}

fn merge(
    modules: &mut [ModulePlan],
    (first, second): (usize, usize),
    path: &str,
    machine: &Machine<'_>,
) -> Result<(), ReadError> {
    let is_it = |change: &Change| matches!(change, Change::File(file) if file.path == path);
    let editor = modules[second].name;
    let Some(Change::File(below)) = take(&mut modules[first], is_it, machine)? else {
        return Ok(());
    };
    modules[first].notes.push(Note {
        level: Level::Info,
        text: format!("{path} is written by `{editor}`, which also edits it"),
    });
    let module = &mut modules[second];
    let Some(declared) = module.declared.iter_mut().find(|change| is_it(change)) else {
        return Ok(());
    };
    let before = declared.clone();
    if let Change::File(above) = declared {
        put_on_top(above, below);
    }
    if let Some(missing) = module.changes.iter_mut().find(|change| **change == before) {
        missing.clone_from(declared);
    }
    Ok(())
}

/// The file as it is edited is what the one below it is: as much firstlight's, as secret, and read by as many.
fn put_on_top(above: &mut FileChange, below: FileChange) {
    if below.share == Share::Whole {
        above.share = Share::Whole;
    }
    above.existing = below.existing;
    above.secret |= below.secret;
    above.lasting |= below.lasting;
    for dirty in below.dirties {
        if !above.dirties.contains(&dirty) {
            above.dirties.push(dirty);
        }
    }
}

/// Removes a change from a module's plan.
fn take(
    module: &mut ModulePlan,
    is_it: impl Fn(&Change) -> bool,
    machine: &Machine<'_>,
) -> Result<Option<Change>, ReadError> {
    let Some(at) = module.declared.iter().position(&is_it) else {
        return Ok(None);
    };
    let change = module.declared.remove(at);
    match module.changes.iter().position(is_it) {
        Some(at) => drop(module.changes.remove(at)),
        None if change.kind().holds(machine)? => module.holding = module.holding.saturating_sub(1),
        None => {}
    }
    Ok(Some(change))
}

#[cfg(test)]
mod tests;
