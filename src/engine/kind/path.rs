//! A directory entry in the inventory: a file, a directory, a link, or its absence. How it is restored, and whether it
//! has drifted.

use std::mem::discriminant;

use super::file::is_like;
use super::{TakingBack, ThingKind, UndoKind};
use crate::engine::act::{ActError, Scene};
use crate::engine::baseline::Baseline;
use crate::engine::drift::Drifted;
use crate::engine::merge3::TakenBack;
use crate::engine::release::Release;
use crate::engine::undo::Back;
use crate::engine::view::{hidden, text_diff};
use crate::module::{Change, DirectoryChange, DirectoryRemoval, FileChange, FileContent, Share, SymlinkChange};
use crate::state::{Before, PathItem, PathState, PathUndo, Record, StateError, Step};
use crate::system::{Kind, Machine, Metadata, Root, System};
use crate::vocabulary::MASK;

impl ThingKind for PathItem {
    fn release(&self, generation: u32, machine: &Machine<'_>, baseline: &Baseline) -> Result<Release, StateError> {
        match self.lasting {
            true => Ok(Release::default()),
            false => release(self, generation, machine.root(), baseline),
        }
    }

    fn drift(&self, machine: &Machine<'_>, baseline: &Baseline) -> Result<Option<Drifted>, StateError> {
        drift(self, machine.root(), baseline)
    }

    fn stands(&self) -> Vec<&str> {
        let is_there = self.written != PathState::Absent;
        is_there.then_some(self.path.as_str()).into_iter().collect()
    }

    fn directory(&self) -> Option<&str> {
        matches!(self.written, PathState::Directory { .. }).then_some(self.path.as_str())
    }
}

impl UndoKind for PathUndo {
    fn in_words(&self) -> Option<String> {
        Some(match self.before {
            Before::Absent => format!("removed {}", self.path),
            Before::File { .. } | Before::Directory { .. } | Before::Symlink { .. } => {
                format!("restored {}", self.path)
            }
        })
    }

    fn take_back<'a>(&'a self, scene: &'a Scene<'a>, record: &'a Record) -> TakingBack<'a> {
        Box::pin(std::future::ready(take_back(self, scene, record).map(|()| Back::Taken)))
    }
}

/// Removes what a batch prepared but never put into place. It is still there after an earlier failure; the entry at
/// its path is not ours then.
pub(super) fn take_away_prepared(scene: &Scene<'_>, record: &Record) -> Result<bool, ActError> {
    let Some(Step::Publish { temporary }) = &record.step else {
        return Ok(false);
    };
    if scene.system.writer.metadata(temporary)?.is_none() {
        return Ok(false);
    }
    scene.system.writer.remove(temporary)?;
    Ok(true)
}

/// Restores what was there before, if anything was changed.
fn take_back(undo: &PathUndo, scene: &Scene<'_>, record: &Record) -> Result<(), ActError> {
    if take_away_prepared(scene, record)? {
        return Ok(());
    }
    // A parent directory that was created for a file: remove it only if it is an empty directory.
    if undo.before == Before::Absent && !record.immediate && record.step.is_none() {
        return Ok(scene.system.writer.remove_directory(&undo.path)?);
    }
    put_back(scene, &undo.path, &undo.before)
}

fn put_back(scene: &Scene<'_>, path: &str, before: &Before) -> Result<(), ActError> {
    let (system, writer) = (scene.system, &scene.system.writer);
    let is_directory = writer
        .metadata(path)?
        .is_some_and(|there| there.kind == Kind::Directory);
    match before {
        Before::Absent if is_directory => writer.remove_directory(path)?,
        Before::Absent => writer.remove(path)?,
        Before::File { image, mode, owner } => {
            let bytes = scene.store.image(scene.generation, image)?;
            // An unchanged file is left alone: what prevented the change would prevent restoring it too.
            if !is_file(system, path, &bytes, *mode, *owner)? {
                writer.write_file(path, &bytes, *mode, *owner)?;
            }
        }
        Before::Directory { mode, owner } => writer.make_directory(path, *mode, *owner)?,
        Before::Symlink { target } => writer.symlink(path, target)?,
    }
    Ok(())
}

/// Whether the file at `path` is exactly this one.
fn is_file(system: &System, path: &str, bytes: &[u8], mode: u32, owner: (u32, u32)) -> Result<bool, ActError> {
    let there = system.root.metadata(path)?;
    let alike = there.is_some_and(|m| m.kind == Kind::File && m.mode == mode && (m.uid, m.gid) == owner);
    Ok(alike && system.root.read(path)?.is_some_and(|now| now == bytes))
}

/// The changes that undo it, computed from what was there before, what was written, and what is there now.
fn release(item: &PathItem, generation: u32, root: &Root, baseline: &Baseline) -> Result<Release, StateError> {
    let (now, _) = PathState::look(root, &item.path)?;
    if item.before == item.written || now == item.before {
        return Ok(Release::default());
    }
    let stays = |what: &str| {
        Release::stays(format!(
            "the document no longer asks for {}, but {what} after generation {generation}: it stays as it is",
            item.path
        ))
    };
    let (now_digest, written_digest) = (now.digest(), item.written.digest());
    Ok(match (&item.written, &now) {
        (PathState::Directory { .. }, PathState::Directory { .. }) => release_directory(item, &now),
        (PathState::File { .. }, PathState::File { .. }) if item.share != Share::Whole => {
            match baseline.edit(&item.path) {
                Some(edit) => {
                    let change = part_of_file(item, &now, edit.now.clone());
                    let changed = (edit.changed > 0).then(|| {
                        format!(
                            "{}: lines of generation {generation} that were edited later stay as they are",
                            item.path
                        )
                    });
                    Release {
                        changes: change.into_iter().collect(),
                        notices: changed.into_iter().collect(),
                    }
                }
                None => stays("it was edited"),
            }
        }
        (PathState::File { .. }, PathState::File { .. }) if now_digest == written_digest => earlier(item, baseline)?,
        (written, now) if written == now => earlier(item, baseline)?,
        (_, PathState::Absent) => stays("it was removed"),
        _ => stays("it was edited"),
    })
}

/// The complete earlier content.
fn earlier(item: &PathItem, baseline: &Baseline) -> Result<Release, StateError> {
    let path = item.path.clone();
    let change = match &item.before {
        PathState::Absent if matches!(item.written, PathState::Symlink { .. }) => {
            Change::Symlink(SymlinkChange { path, target: None })
        }
        PathState::Absent => file_change(item, None),
        PathState::Symlink { target } => Change::Symlink(SymlinkChange {
            path,
            target: Some(target.clone()),
        }),
        PathState::File { digest, mode, owner } => match baseline.content(digest)? {
            Some(bytes) => {
                let (mode, owner) = (*mode, *owner);
                file_change(
                    item,
                    Some(FileContent {
                        bytes: bytes.into(),
                        mode,
                        owner,
                    }),
                )
            }
            None => {
                let notice = format!("{path} stays as it is: its earlier content was not saved");
                return Ok(Release::stays(notice));
            }
        },
        PathState::Directory { .. } | PathState::Other => {
            return Ok(Release::stays(format!("{path} stays: there was no file before")));
        }
    };
    Ok(Release::by([change]))
}

fn file_change(item: &PathItem, content: Option<FileContent>) -> Change {
    let change = FileChange::remove(item.path.clone()).share(item.share);
    Change::File(FileChange {
        content,
        dirties: item.dirties.clone(),
        secret: item.secret,
        ..change
    })
}

/// The file without our edits; a mode or owner that was changed later stays.
fn part_of_file(item: &PathItem, now: &PathState, bytes: Option<Vec<u8>>) -> Option<Change> {
    let Some(bytes) = bytes else {
        return Some(file_change(item, None));
    };
    let there = now.metadata()?;
    let (mode, owner) = match item.before.metadata() {
        Some(before) if item.written.metadata() == Some(there) => before,
        _ => there,
    };
    Some(file_change(
        item,
        Some(FileContent {
            bytes: bytes.into(),
            mode,
            owner,
        }),
    ))
}

/// A created directory is removed if it is empty; for an existing one, the mode and owner are restored.
fn release_directory(item: &PathItem, now: &PathState) -> Release {
    let path = item.path.clone();
    Release::by(match &item.before {
        PathState::Directory { mode, owner } if *now == item.written => Some(Change::Directory(DirectoryChange {
            path,
            mode: *mode,
            owner: *owner,
            on_the_way: false,
        })),
        PathState::Absent => Some(Change::RemoveDirectory(DirectoryRemoval { path })),
        PathState::Directory { .. } | PathState::File { .. } | PathState::Symlink { .. } | PathState::Other => None,
    })
}

fn drift(path: &PathItem, root: &Root, baseline: &Baseline) -> Result<Option<Drifted>, StateError> {
    let (now, bytes) = PathState::look(root, &path.path)?;
    let same_content = match (&path.written, &now) {
        (PathState::File { digest: written, .. }, PathState::File { digest: now, .. }) => {
            written == now || only_others_edited(path, baseline)
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
            let old = written.map_or(Ok(None), |written| baseline.content(written))?;
            let sizes = (old.unwrap_or_default().len(), bytes.unwrap_or_default().len());
            Some(hidden(sizes.0, sizes.1))
        }
        (false, true, _) => Some(format!("{MASK}\n")),
        (false, false, Some(written)) => {
            let old = baseline.content(written)?.unwrap_or_default();
            let after = if bytes.is_some() { &path.path } else { "/dev/null" };
            Some(text_diff(&old, &bytes.unwrap_or_default(), (&path.path, after)))
        }
        (false, false, None) => bytes.map(|bytes| text_diff(b"", &bytes, ("/dev/null", &path.path))),
    };
    let how = metadata.unwrap_or_else(|| describe(&path.written, &now));
    Ok(Some(Drifted {
        kind: kind(&path.written, &now),
        target: path.path.clone(),
        summary: how,
        diff,
    }))
}

/// In a file that firstlight does not own, only its own edits can drift.
fn only_others_edited(path: &PathItem, baseline: &Baseline) -> bool {
    let edit = baseline.edit(&path.path).filter(|_| path.share != Share::Whole);
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
    if discriminant(written) != discriminant(now) || is_like(&as_is, mode, owner) {
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
        (PathState::Absent, _) => "was removed but exists again".to_owned(),
        (_, PathState::Absent) => "is gone".to_owned(),
        (PathState::File { .. }, PathState::File { .. }) => "was edited".to_owned(),
        (PathState::Symlink { target }, PathState::Symlink { target: now }) => {
            format!("pointed to {target}, now points to {now}")
        }
        (written, now) => format!("was {}, now is {}", noun(written), noun(now)),
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
