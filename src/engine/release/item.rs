//! How one thing that nobody asks for any more is undone: by what was there before, what was written, what is there now.

use crate::engine::baseline::Baseline;
use crate::module::{
    AccountChange, Change, DirectoryChange, DirectoryRemoval, FileChange, FileContent, Share, SymlinkChange,
    UnitAction, UnitChange,
};
use crate::state::{Item, LinkItem, PathItem, PathState, StateError, Thing};
use crate::system::systemd::{InstallLink, disable_links, enable_links, mask_links, unmask_links};
use crate::system::{Machine, ReadError, Root};

/// What undoes something.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Undoing {
    /// The changes.
    pub changes: Vec<Change>,
    /// What stays, and why.
    pub notices: Vec<String>,
}

impl Undoing {
    fn by(changes: impl IntoIterator<Item = Change>) -> Self {
        Self {
            changes: changes.into_iter().collect(),
            notices: Vec::new(),
        }
    }

    fn stays(notice: String) -> Self {
        Self {
            changes: Vec::new(),
            notices: vec![notice],
        }
    }
}

/// What undoes `item` on this machine.
///
/// # Errors
/// The machine or the state can't be read.
pub(super) fn undo(item: &Item, machine: &Machine<'_>, baseline: &Baseline) -> Result<Undoing, StateError> {
    let root = machine.root();
    Ok(match &item.thing {
        // What the host name is says the other item.
        Thing::Path(path) if path.lasting => Undoing::default(),
        Thing::Path(path) => undo_path(path, item.generation, root, baseline)?,
        Thing::UnitFile { unit, action, links } => undo_unit_file(unit, *action, links, root)?,
        Thing::UnitActive { unit, before, written } => {
            let is_as_written = machine.unit(unit).is_some_and(|facts| facts.runs() == *written);
            let action = if *before { UnitAction::Start } else { UnitAction::Stop };
            Undoing::by((before != written && is_as_written).then(|| act(unit, action)))
        }
        Thing::Member { before: true, .. } => Undoing::default(),
        Thing::Member { group, user, .. } => {
            let (group, user) = (group.clone(), user.clone());
            Undoing::by([Change::Account(AccountChange::NotGroupMember { group, user })])
        }
        Thing::Password { digest: None, .. } => Undoing::default(),
        Thing::Password { user, .. } => Undoing::stays(format!(
            "the document no longer gives {user} a password: the one that is set stays, an earlier one is never put back"
        )),
        Thing::Hostname { name } => Undoing::stays(format!(
            "the document no longer names the machine: it keeps the name {name}"
        )),
    })
}

fn act(unit: &str, action: UnitAction) -> Change {
    Change::Unit(UnitChange {
        unit: unit.to_owned(),
        action,
    })
}

fn undo_path(item: &PathItem, generation: u32, root: &Root, baseline: &Baseline) -> Result<Undoing, StateError> {
    let (now, _) = PathState::look(root, &item.path)?;
    if item.before == item.written || now == item.before {
        return Ok(Undoing::default());
    }
    let stays = |what: &str| {
        Undoing::stays(format!(
            "{} is no longer asked for, but {what} since generation {generation}: it stays as it is",
            item.path
        ))
    };
    let (now_digest, written_digest) = (now.digest(), item.written.digest());
    Ok(match (&item.written, &now) {
        (PathState::Directory { .. }, PathState::Directory { .. }) => undo_directory(item, &now),
        (PathState::File { .. }, PathState::File { .. }) if item.share != Share::Whole => {
            match baseline.edit(&item.path) {
                Some(edit) => {
                    let change = part_of_file(item, &now, edit.now.clone());
                    let changed = (edit.changed > 0).then(|| {
                    format!(
                        "{}: what generation {generation} had written there and somebody has changed since stays as it is",
                        item.path
                    )
                });
                    Undoing {
                        changes: change.into_iter().collect(),
                        notices: changed.into_iter().collect(),
                    }
                }
                None => stays("it was edited"),
            }
        }
        (PathState::File { .. }, PathState::File { .. }) if now_digest == written_digest => put_back(item, baseline)?,
        (written, now) if written == now => put_back(item, baseline)?,
        (_, PathState::Absent) => stays("it was removed"),
        _ => stays("it was edited"),
    })
}

/// What was there before, in full.
fn put_back(item: &PathItem, baseline: &Baseline) -> Result<Undoing, StateError> {
    let path = item.path.clone();
    let change = match &item.before {
        PathState::Absent if matches!(item.written, PathState::Symlink { .. }) => {
            Change::Symlink(SymlinkChange { path, target: None })
        }
        PathState::Absent => file(item, None),
        PathState::Symlink { target } => Change::Symlink(SymlinkChange {
            path,
            target: Some(target.clone()),
        }),
        PathState::File { digest, mode, owner } => match baseline.content(digest)? {
            Some(bytes) => {
                let (mode, owner) = (*mode, *owner);
                file(
                    item,
                    Some(FileContent {
                        bytes: bytes.into(),
                        mode,
                        owner,
                    }),
                )
            }
            None => {
                let notice = format!("{path} stays as it is: what it said before was not kept");
                return Ok(Undoing::stays(notice));
            }
        },
        PathState::Directory { .. } | PathState::Other => {
            return Ok(Undoing::stays(format!("{path} stays: no file was there before")));
        }
    };
    Ok(Undoing::by([change]))
}

fn file(item: &PathItem, content: Option<FileContent>) -> Change {
    let change = FileChange::remove(item.path.clone()).share(item.share);
    Change::File(FileChange {
        content,
        dirties: item.dirties.clone(),
        secret: item.secret,
        ..change
    })
}

/// The file without our edits; a mode or owner that somebody has changed stays.
fn part_of_file(item: &PathItem, now: &PathState, bytes: Option<Vec<u8>>) -> Option<Change> {
    let Some(bytes) = bytes else {
        return Some(file(item, None));
    };
    let there = now.metadata()?;
    let (mode, owner) = match item.before.metadata() {
        Some(before) if item.written.metadata() == Some(there) => before,
        _ => there,
    };
    Some(file(
        item,
        Some(FileContent {
            bytes: bytes.into(),
            mode,
            owner,
        }),
    ))
}

/// A directory that was made goes if nothing is left in it; one that was there gets its mode and owner back.
fn undo_directory(item: &PathItem, now: &PathState) -> Undoing {
    let path = item.path.clone();
    Undoing::by(match &item.before {
        PathState::Directory { mode, owner } if *now == item.written => Some(Change::Directory(DirectoryChange {
            path,
            mode: *mode,
            owner: *owner,
        })),
        PathState::Absent => Some(Change::RemoveDirectory(DirectoryRemoval { path })),
        _ => None,
    })
}

/// The links that systemd's own verb would put back are left to it; what it would do otherwise is put right link by link.
fn undo_unit_file(unit: &str, action: UnitAction, links: &[LinkItem], root: &Root) -> Result<Undoing, ReadError> {
    let mut undoing = Undoing::default();
    let mut wanted: Vec<&LinkItem> = Vec::new();
    for link in links.iter().filter(|link| link.before != link.written) {
        let now = root.read_link(&link.path)?;
        if now == link.before {
            continue;
        }
        if leads_alike(now.as_deref(), link.written.as_deref()) {
            wanted.push(link);
        } else {
            undoing
                .notices
                .push(format!("{} leads elsewhere since: it stays as it is", link.path));
        }
    }
    if wanted.is_empty() {
        return Ok(undoing);
    }
    let (inverse, by_systemd) = inverse(unit, action, root);
    let ours = |link: &InstallLink| wanted.iter().any(|wanted| wanted.path == link.path);
    let by_systemd: Vec<InstallLink> = if by_systemd.iter().all(ours) {
        by_systemd
    } else {
        Vec::new()
    };
    if !by_systemd.is_empty() {
        undoing.changes.push(act(unit, inverse));
    }
    let left = wanted.into_iter().filter(|link| {
        let made = by_systemd.iter().find(|made| made.path == link.path);
        made.is_none_or(|made| made.target != link.before)
    });
    undoing.changes.extend(left.map(|link| {
        Change::Symlink(SymlinkChange {
            path: link.path.clone(),
            target: link.before.clone(),
        })
    }));
    Ok(undoing)
}

/// The verb that undoes another, and the links that it would make and remove; none where it can't be told.
fn inverse(unit: &str, action: UnitAction, root: &Root) -> (UnitAction, Vec<InstallLink>) {
    let (inverse, links) = match action {
        UnitAction::Enable => (UnitAction::Disable, disable_links(root, unit)),
        UnitAction::Disable => (UnitAction::Enable, enable_links(root, unit)),
        UnitAction::Mask => (UnitAction::Unmask, unmask_links(root, unit)),
        _ => (UnitAction::Mask, mask_links(root, unit)),
    };
    (inverse, links.unwrap_or_default())
}

/// systemd may write another path to the same unit's file than we would.
fn leads_alike(one: Option<&str>, other: Option<&str>) -> bool {
    let name = |target: Option<&str>| target.map(|target| target.rsplit('/').next().unwrap_or_default().to_owned());
    name(one) == name(other)
}
