//! What a boot leaves out of a plan if there is too little room or a file system is read-only, so that the rest is
//! applied.

use super::plan::GenerationPlan;
use super::preflight::{PreflightError, refuses};
use crate::document::Document;
use crate::module::Change;
use crate::system::write::parent_of;
use crate::system::{Machine, System};

/// Takes out of `plan` what `cause` is about: everything that would be written to a file system that is read-only, or the
/// largest files on one that has too little room, as many as it takes. Returns whether anything was taken out.
pub fn relieve(
    plan: &mut GenerationPlan,
    cause: &PreflightError,
    document: &Document,
    (system, machine): (&System, &Machine<'_>),
) -> bool {
    let changes = || {
        let modules = plan.modules.iter().enumerate();
        modules.flat_map(|(at, module)| module.changes.iter().map(move |change| (at, change)))
    };
    let blocked: Vec<(usize, Change)> = match cause {
        PreflightError::ReadOnly { .. } => changes()
            .filter(|(_, change)| refuses(system, change))
            .map(|(at, change)| (at, change.clone()))
            .collect(),
        PreflightError::Space {
            directory,
            free,
            needed,
        } => largest(changes(), directory, needed.saturating_sub(*free), system, size),
        PreflightError::Inodes {
            directory,
            free,
            needed,
        } => largest(changes(), directory, needed.saturating_sub(*free), system, |_| 1),
        PreflightError::Read(_) => Vec::new(),
    };
    for (at, change) in &blocked {
        if leads_to_another(change, &blocked) {
            plan.forget_change(*at, change);
            continue;
        }
        let what = change.path().unwrap_or("this");
        plan.leave_out_change(
            *at,
            change,
            &format!("{what} is left out: {}", cause.reason()),
            document,
            machine,
        );
    }
    !blocked.is_empty()
}

/// Whether it is a directory on the way to something else that is left out, which is named.
fn leads_to_another(change: &Change, blocked: &[(usize, Change)]) -> bool {
    let Change::Directory(directory) = change else {
        return false;
    };
    let below = format!("{}/", directory.path);
    let mut paths = blocked.iter().filter_map(|(_, other)| other.path());
    paths.any(|path| path.starts_with(&below))
}

/// The largest files on the file system of `directory` that together are worth `missing`.
fn largest<'a>(
    changes: impl Iterator<Item = (usize, &'a Change)>,
    directory: &str,
    missing: u64,
    system: &System,
    worth: fn(&Change) -> u64,
) -> Vec<(usize, Change)> {
    let mut files: Vec<_> = changes.filter(|(_, change)| is_on(change, directory, system)).collect();
    files.sort_by_key(|(_, change)| std::cmp::Reverse(size(change)));
    let mut found = 0u64;
    let enough = files.iter().position(|(_, change)| {
        found = found.saturating_add(worth(change));
        found >= missing
    });
    files.truncate(enough.map_or(files.len(), |last| last + 1));
    files.into_iter().map(|(at, change)| (at, change.clone())).collect()
}

/// Whether the file that a change writes is on the file system of `directory`.
fn is_on(change: &Change, directory: &str, system: &System) -> bool {
    let Change::File(file) = change else { return false };
    let device = |path: &str| system.root.file_system(path).map(|on| on.device);
    file.content.is_some() && matches!((device(parent_of(&file.path)), device(directory)), (Ok(a), Ok(b)) if a == b)
}

fn size(change: &Change) -> u64 {
    change.kind().size()
}
