//! What no longer is as the last generation left it. Looks, and changes nothing.

use serde::Serialize;

use super::baseline::Baseline;
use super::kind::{is_like, is_member};
use super::merge3::TakenBack;
use super::view::{hidden, text_diff};
use crate::module::{Share, UnitAction, UnitChange, services};
use crate::state::{Item, PathItem, PathState, StateError, Thing, digest};
use crate::system::{Kind, Machine, Metadata, ReadError, Root, account};
use crate::vocabulary::MASK;

/// One thing that is not as it was left. Its JSON form is stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The module that had made it so.
    pub module: String,
    /// The generation that had.
    pub generation: u32,
    /// The kind: `file`, `directory`, `symlink`, `account`, `hostname`, `unit`.
    pub kind: &'static str,
    /// What it is: a path, an account, a unit.
    pub target: String,
    /// How it is and how it was left, in words.
    pub summary: String,
    /// A unified diff from what was left to what is there, where there is text to compare; secrets are masked.
    pub diff: Option<String>,
}

/// Everything of the inventory that is not as it was left, in its order.
///
/// # Errors
/// The machine or the state can't be read.
pub fn drift(machine: &Machine<'_>, past: &Baseline) -> Result<Vec<Drift>, StateError> {
    let mut found = Vec::new();
    for item in past.inventory.items.values() {
        found.extend(look(item, machine, past)?);
    }
    found.sort_by(|a, b| (place(&a.module), &a.target).cmp(&(place(&b.module), &b.target)));
    Ok(found)
}

/// Modules are shown in the order in which they act.
fn place(module: &str) -> usize {
    let names = crate::module::names();
    names.iter().position(|name| *name == module).unwrap_or(names.len())
}

fn look(item: &Item, machine: &Machine<'_>, past: &Baseline) -> Result<Option<Drift>, StateError> {
    let root = machine.root();
    let drifted = |kind, target: &str, summary: String| {
        Some(Drift {
            module: item.module.clone(),
            generation: item.generation,
            kind,
            target: target.to_owned(),
            summary,
            diff: None,
        })
    };
    Ok(match &item.thing {
        Thing::Path(path) => look_at_path(item, path, root, past)?,
        Thing::UnitFile { unit, action, .. } => {
            let change = UnitChange {
                unit: unit.clone(),
                action: *action,
            };
            match services::holds(&change, machine)? {
                true => None,
                false => drifted("unit", unit, not_any_more(*action).to_owned()),
            }
        }
        Thing::UnitActive { unit, written, .. } => match machine.unit(unit) {
            Some(facts) if facts.runs() != *written && !(*written && facts.rests) => {
                let was = if *written { "started" } else { "stopped" };
                drifted("unit", unit, format!("was {was}, is {}", facts.active_state))
            }
            _ => None,
        },
        Thing::Member { group, user, .. } => match is_member(root, group, user)? {
            true => None,
            false => drifted("account", user, format!("is no longer a member of {group}")),
        },
        Thing::Password { user, digest, expired } => {
            look_at_password(user, digest.as_deref(), *expired, root)?.and_then(|how| drifted("account", user, how))
        }
        Thing::Hostname { name } => match machine.live() {
            Some(live) if live.hostname != *name => {
                let how = format!("the kernel's host name was set to {name}, is {}", live.hostname);
                drifted("hostname", name, how)
            }
            _ => None,
        },
    })
}

fn not_any_more(action: UnitAction) -> &'static str {
    match action {
        UnitAction::Enable => "was enabled, is not any more",
        UnitAction::Disable => "was disabled, is enabled again",
        UnitAction::Mask => "was masked, is not any more",
        _ => "was not masked, is now",
    }
}

/// How the entry differs; `None` where it does not. Never what the hash is.
fn look_at_password(
    user: &str,
    written: Option<&str>,
    expired: bool,
    root: &Root,
) -> Result<Option<String>, ReadError> {
    let shadow = root.read(account::AccountFile::Shadow.path())?.unwrap_or_default();
    let Some(entry) = account::shadow::entry(&shadow, user) else {
        return Ok(Some("has no entry in /etc/shadow any more".to_owned()));
    };
    if written.is_some_and(|written| digest(entry.hash.expose().as_bytes()) != written) {
        return Ok(Some("has another password".to_owned()));
    }
    Ok((!expired && entry.last_change == Some(0)).then(|| "has to change the password at the next login".to_owned()))
}

fn look_at_path(item: &Item, path: &PathItem, root: &Root, past: &Baseline) -> Result<Option<Drift>, StateError> {
    let (now, bytes) = PathState::look(root, &path.path)?;
    let same_content = match (&path.written, &now) {
        (PathState::File { digest: written, .. }, PathState::File { digest: now, .. }) => {
            written == now || only_others_edited(path, past)
        }
        (PathState::Directory { .. }, PathState::Directory { .. }) => true,
        (written, now) => written == now,
    };
    let metadata = metadata_drift(&path.written, &now);
    if same_content && metadata.is_none() {
        return Ok(None);
    }
    let is_hidden = !root.is_public(&path.path) || path.written.metadata().is_some_and(|(mode, _)| mode & 0o004 == 0);
    let diff = match (same_content, path.secret, path.written.digest()) {
        (true, ..) => None,
        (false, false, written) if is_hidden => {
            let old = written.map_or(Ok(None), |written| past.content(written))?;
            let sizes = (old.unwrap_or_default().len(), bytes.unwrap_or_default().len());
            Some(hidden(sizes.0, sizes.1))
        }
        (false, true, _) => Some(format!("{MASK}\n")),
        (false, false, Some(written)) => {
            let old = past.content(written)?.unwrap_or_default();
            let after = if bytes.is_some() { &path.path } else { "/dev/null" };
            Some(text_diff(&old, &bytes.unwrap_or_default(), (&path.path, after)))
        }
        (false, false, None) => bytes.map(|bytes| text_diff(b"", &bytes, ("/dev/null", &path.path))),
    };
    let how = metadata.unwrap_or_else(|| describe(&path.written, &now));
    Ok(Some(Drift {
        module: item.module.clone(),
        generation: item.generation,
        kind: kind(&path.written, &now),
        target: path.path.clone(),
        summary: how,
        diff,
    }))
}

/// In a file that is somebody else's, only our own edits can drift.
fn only_others_edited(path: &PathItem, past: &Baseline) -> bool {
    let edit = past.edit(&path.path).filter(|_| path.share != Share::Whole);
    edit.is_some_and(TakenBack::is_intact)
}

fn metadata_drift(written: &PathState, now: &PathState) -> Option<String> {
    let ((mode, owner), (mode_now, owner_now)) = (written.metadata()?, now.metadata()?);
    let as_is = Metadata {
        kind: Kind::Other,
        mode: mode_now,
        uid: owner_now.0,
        gid: owner_now.1,
        size: 0,
    };
    if std::mem::discriminant(written) != std::mem::discriminant(now) || is_like(&as_is, mode, owner) {
        return None;
    }
    let mut words = Vec::new();
    if mode != mode_now {
        words.push(format!("mode {mode:04o} → {mode_now:04o}"));
    }
    if owner != owner_now {
        let ((uid, gid), (uid_now, gid_now)) = (owner, owner_now);
        words.push(format!("owner {uid}:{gid} → {uid_now}:{gid_now}"));
    }
    Some(words.join(", "))
}

fn describe(written: &PathState, now: &PathState) -> String {
    match (written, now) {
        (PathState::Absent, _) => "was removed, is there again".to_owned(),
        (_, PathState::Absent) => "is gone".to_owned(),
        (PathState::File { .. }, PathState::File { .. }) => "was edited".to_owned(),
        (PathState::Symlink { target }, PathState::Symlink { target: now }) => {
            format!("led to {target}, leads to {now}")
        }
        (written, now) => format!("was {}, is {}", noun(written), noun(now)),
    }
}

fn noun(state: &PathState) -> &'static str {
    match state {
        PathState::Absent => "nothing",
        PathState::File { .. } => "a file",
        PathState::Directory { .. } => "a directory",
        PathState::Symlink { .. } => "a link",
        PathState::Other => "a device, a socket or a pipe",
    }
}

fn kind(written: &PathState, now: &PathState) -> &'static str {
    match (written, now) {
        (PathState::Directory { .. }, _) | (PathState::Absent, PathState::Directory { .. }) => "directory",
        (PathState::Symlink { .. }, _) | (PathState::Absent, PathState::Symlink { .. }) => "symlink",
        _ => "file",
    }
}
