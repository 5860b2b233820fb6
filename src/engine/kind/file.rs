//! A file with exactly this content, mode and owner; or no file.

use std::sync::Arc;

use super::{Acting, ChangeKind, nothing};
use crate::document::redact;
use crate::engine::act::{ActError, Scene};
use crate::engine::batch::{Batch, Prepared};
use crate::engine::merge3::TakenBack;
use crate::engine::next_inventory::Taker;
use crate::engine::plan::ModulePlan;
use crate::engine::preflight::{Needs, PreflightError};
use crate::engine::view::{ChangeView, hidden, text_diff, view};
use crate::module::{Dirty, FileChange, FileContent, Share};
use crate::state::{PathItem, PathState, Thing, digest};
use crate::system::{Imagined, Kind, Machine, Metadata, ReadError, Root, System, Writer, write};
use crate::vocabulary::MASK;

impl ChangeKind for FileChange {
    fn key(&self) -> Option<String> {
        Some(format!("path {}", self.path))
    }

    fn view(&self, root: &Root) -> Result<ChangeView, ReadError> {
        view_file(self, root)
    }

    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        let root = machine.root();
        let there = root.metadata(&self.path)?;
        let Some(content) = &self.content else {
            return Ok(there.is_none());
        };
        let alike = there.is_some_and(|m| m.kind == Kind::File && is_like(&m, content.mode, content.owner));
        Ok(alike && root.read(&self.path)?.is_some_and(|bytes| *bytes == *content.bytes))
    }

    fn makes(&self) -> Option<(&str, Kind)> {
        self.content.is_some().then_some((self.path.as_str(), Kind::File))
    }

    fn imagine(&self, files: &mut Root) -> Result<(), ReadError> {
        let imagined = self.content.as_ref().map(|content| Imagined::File {
            bytes: Arc::clone(&content.bytes),
            mode: content.mode,
            owner: content.owner,
        });
        files.imagine(&self.path, imagined)
    }

    fn size(&self) -> u64 {
        self.content.as_ref().map_or(0, |content| content.bytes.len() as u64)
    }

    fn dirties(&self) -> &[Dirty] {
        &self.dirties
    }

    /// The new content lies beside the old until all of it is there, and the old is kept with the generation.
    fn need(&self, needs: &mut Needs<'_>, system: &System) -> Result<(), PreflightError> {
        let old = system.root.metadata(&self.path)?.map_or(0, |there| there.size);
        needs.add_to_state(old, 1)?;
        needs.add(&self.path, self.size(), 1)?;
        needs.add_entry(&self.path)
    }

    fn remember(&self, taker: &mut Taker<'_>, module: &ModulePlan, missing: bool) -> Result<(), ReadError> {
        remember(self, taker, module, missing)
    }

    fn is_of_files(&self, _system: &System) -> bool {
        true
    }

    fn prepare(&self, batch: &mut Batch<'_>, module: &str) -> Result<(), ActError> {
        let prepared = match &self.content {
            Some(content) => Prepared::File {
                temporary: Writer::temporary_beside(&self.path),
                bytes: Arc::clone(&content.bytes),
                mode: content.mode,
                owner: content.owner,
            },
            None => Prepared::Nothing,
        };
        batch.add_path(module, &self.path, &self.dirties, prepared)
    }

    fn act<'a>(&'a self, _scene: &'a Scene<'a>) -> Acting<'a> {
        nothing()
    }
}

/// Owners count only for who can set them.
pub(in crate::engine) fn is_like(metadata: &Metadata, mode: u32, owner: (u32, u32)) -> bool {
    metadata.mode == mode && (!write::may_own() || (metadata.uid, metadata.gid) == owner)
}

fn view_file(file: &FileChange, root: &Root) -> Result<ChangeView, ReadError> {
    let there = root.metadata(&file.path)?;
    let old = match there {
        Some(metadata) if metadata.kind == Kind::File => Some(root.read(&file.path)?.unwrap_or_default()),
        _ => None,
    };
    let diff = match &old {
        Some(old) if !root.is_public(&file.path) => hidden_diff(file, old),
        _ => diff(file, old.as_deref().unwrap_or_default()),
    };
    let Some(content) = &file.content else {
        let shown = view("file", &file.path, "remove", "remove");
        return Ok(ChangeView { diff, ..shown });
    };
    let action = if there.is_some() { "modify" } else { "create" };
    let mut shown = view("file", &file.path, action, action);
    shown.summary = format!("{}{}", file.path, describe_metadata(there, content));
    Ok(ChangeView { diff, ..shown })
}

/// The mode and owner, where they are news.
fn describe_metadata(there: Option<Metadata>, content: &FileContent) -> String {
    let as_is = there.filter(|metadata| metadata.kind == Kind::File);
    let mut words = String::new();
    match as_is {
        None => words = format!(", mode {:04o}", content.mode),
        Some(m) if m.mode != content.mode => words = format!(", mode {:04o} → {:04o}", m.mode, content.mode),
        Some(_) => {}
    }
    let (uid, gid) = content.owner;
    if as_is.map_or(content.owner != (0, 0), |m| (m.uid, m.gid) != content.owner) {
        words.push_str(&format!(", owner {uid}:{gid}"));
    }
    words
}

/// That a file changes which not everybody may read. What it says is no more to be seen in a plan than in the file.
fn hidden_diff(file: &FileChange, old: &[u8]) -> Option<String> {
    let new = file.content.as_ref().map(|content| &*content.bytes);
    if file.secret || new == Some(old) {
        return diff(file, old);
    }
    Some(hidden(old.len(), new.unwrap_or_default().len()))
}

fn diff(file: &FileChange, old: &[u8]) -> Option<String> {
    let new = file.content.as_ref().map_or(&b""[..], |content| &*content.bytes);
    if old == new {
        return None;
    }
    if file.secret {
        return Some(format!("{MASK}\n"));
    }
    let before = if old.is_empty() { "/dev/null" } else { &file.path };
    let after = if file.content.is_none() {
        "/dev/null"
    } else {
        &file.path
    };
    Some(text_diff(old, new, (before, after)))
}

fn remember(file: &FileChange, taker: &mut Taker<'_>, module: &ModulePlan, missing: bool) -> Result<(), ReadError> {
    if file.content.is_some() {
        taker.parents(module, &file.path)?;
    }
    let old = taker.baseline.inventory.path(&file.path);
    let edit = taker.baseline.edit(&file.path).filter(|_| file.share != Share::Whole);
    let is_ours_still = edit.is_some_and(TakenBack::is_intact);
    if let (Some(old), true, false) = (old, is_ours_still, missing) {
        // Somebody else's edit in somebody else's file is not news.
        taker.put(module, Thing::Path(old.clone()));
        return Ok(());
    }
    let written = match &file.content {
        Some(content) => PathState::File {
            digest: digest(&content.bytes),
            mode: content.mode,
            owner: content.owner,
        },
        None => PathState::Absent,
    };
    let (before, content) = match (old, edit) {
        // The file was planned from what others made of it: that is what comes back.
        (Some(old), Some(edit)) => {
            let metadata = old.before.metadata().or(old.written.metadata());
            match (&edit.original, metadata) {
                (Some(bytes), Some((mode, owner))) => {
                    let digest = digest(bytes);
                    (PathState::File { digest, mode, owner }, Some(bytes.clone()))
                }
                _ => (PathState::Absent, None),
            }
        }
        (Some(old), None) => (old.before.clone(), None),
        (None, _) => PathState::look(taker.machine.root(), &file.path)?,
    };
    if file.existing && old.is_none() && before == PathState::Absent {
        // To believe it would mean to remove the file one day.
        return Err(ReadError {
            what: "plan for",
            path: file.path.clone(),
            why: "it existed but is gone now: another program is changing this machine; try again".to_owned(),
        });
    }
    let new = file.content.as_ref();
    let secret = file.secret || new.is_some_and(|content| holds_a_secret(&content.bytes));
    // A secret that was there already is not ours to keep.
    taker.next.contents.extend(
        content
            .filter(|_| !secret || before.digest() != written.digest())
            .map(Arc::from),
    );
    let new = new.filter(|_| !secret);
    taker
        .next
        .contents
        .extend(new.map(|content| Arc::clone(&content.bytes)));
    let item = PathItem {
        path: file.path.clone(),
        before,
        written,
        share: file.share,
        secret,
        lasting: file.lasting,
        dirties: file.dirties.clone(),
    };
    taker.put(module, Thing::Path(item));
    Ok(())
}

fn holds_a_secret(bytes: &[u8]) -> bool {
    !redact::secrets(&String::from_utf8_lossy(bytes)).is_empty()
}
