//! What firstlight configured on a machine, and the machine without firstlight's edits in files that it does not own.
//!
//! Modules plan against that machine, so they edit the file as it is without earlier edits. An edit that the document
//! no longer asks for disappears, and the edits of others stay.

use std::collections::BTreeMap;

use super::merge3::{TakenBack, is_same_json, take_back_json, take_back_lines};
use crate::module::{Change, Share, UnitAction, UnitChange};
use crate::state::{Inventory, PathItem, PathState, StateError, Store};
use crate::system::root::FILE_LIMIT;
use crate::system::{Imagined, Machine, ReadError, Root};

/// What earlier generations configured.
#[derive(Debug, Default)]
pub struct Baseline {
    /// All their items.
    pub inventory: Inventory,
    /// The edited files of others, without those edits, by path.
    edits: BTreeMap<String, TakenBack>,
    /// What was there before, for those in which our edit can't be told from what somebody made of them.
    unclear: BTreeMap<String, Option<Imagined>>,
    store: Option<Store>,
}

impl Baseline {
    /// Reads the inventory, and computes the files of others without our edits.
    ///
    /// # Errors
    /// The state or one of the files can't be read.
    pub fn read(store: &Store, root: &Root) -> Result<Self, StateError> {
        let mut baseline = Self {
            inventory: store.inventory()?,
            edits: BTreeMap::new(),
            unclear: BTreeMap::new(),
            store: Some(store.clone()),
        };
        for item in baseline.inventory.paths().filter(|item| item.share != Share::Whole) {
            if let Some(edit) = baseline.take_back(item, root)? {
                baseline.edits.insert(item.path.clone(), edit);
            } else if is_unclear(item, root)?
                && let Some(before) = baseline.before(item)?
            {
                let before = before.and_then(|bytes| imagine(item, &bytes));
                baseline.unclear.insert(item.path.clone(), before);
            }
        }
        Ok(baseline)
    }

    /// The file without our edits; `None` if unknown: the file is gone, or is a secret whose content was not saved and
    /// has changed.
    pub fn edit(&self, path: &str) -> Option<&TakenBack> {
        self.edits.get(path)
    }

    /// Whether our edit in the file at `path` can no longer be recognised.
    pub fn is_unclear(&self, path: &str) -> bool {
        self.unclear.contains_key(path)
    }

    /// A saved content.
    ///
    /// # Errors
    /// It is missing, or can't be read.
    pub fn content(&self, digest: &str) -> Result<Option<Vec<u8>>, StateError> {
        self.store.as_ref().map_or(Ok(None), |store| store.content(digest))
    }

    /// Whether `planned` makes the same edit of the file at `path` as the one in `now`, only in another place because
    /// of what others added.
    ///
    /// # Errors
    /// A saved content can't be read.
    pub fn repeats(&self, path: &str, planned: &[u8], now: &[u8]) -> Result<bool, StateError> {
        let (Some(item), Some(edit)) = (self.inventory.path(path), self.edit(path)) else {
            return Ok(false);
        };
        if item.share == Share::Keys {
            return Ok(edit.is_intact() && is_same_json(planned, now));
        }
        let content = |state: &PathState| state.digest().map_or(Ok(None), |digest| self.content(digest));
        let Some(written) = content(&item.written)? else {
            return Ok(false);
        };
        let before = content(&item.before)?.unwrap_or_default();
        let without = edit.now.as_deref().unwrap_or_default();
        Ok(edit.is_intact() && difference((&before, &written)) == difference((without, planned)))
    }

    /// Whether `change` starts a unit that an earlier generation started and that is inactive because its work is done.
    pub fn has_started(&self, change: &Change, machine: &Machine<'_>) -> bool {
        let Change::Unit(UnitChange {
            unit,
            action: UnitAction::Start,
        }) = change
        else {
            return false;
        };
        let item = self.inventory.items.get(&format!("active {unit}"));
        let started = item.is_some_and(|item| item.thing.runs().is_some_and(|item| item.written));
        started && machine.unit(unit).is_some_and(|facts| facts.rests)
    }

    /// The machine's files without our edits.
    pub fn without_edits(&self, root: &Root) -> Root {
        let imagined = self.inventory.paths().filter_map(|item| {
            let edit = self.edits.get(&item.path)?;
            let file = edit.now.as_ref().and_then(|bytes| imagine(item, bytes));
            Some((item.path.clone(), file))
        });
        let unclear = self.unclear.iter().map(|(path, before)| (path.clone(), before.clone()));
        root.imagining(imagined.chain(unclear).collect())
    }

    /// A file's content before firstlight; the inner `None` if there was none, the outer if it was not saved.
    #[allow(clippy::option_option, reason = "no file is not the same as one that is not known")]
    fn before(&self, item: &PathItem) -> Result<Option<Option<Vec<u8>>>, StateError> {
        Ok(match &item.before {
            PathState::Absent => Some(None),
            PathState::File { digest, .. } => self.content(digest)?.map(Some),
            PathState::Directory { .. } | PathState::Symlink { .. } | PathState::Other => None,
        })
    }

    fn take_back(&self, item: &PathItem, root: &Root) -> Result<Option<TakenBack>, StateError> {
        if is_too_large(&item.path, root)? {
            return Ok(None);
        }
        let (there, Some(now)) = PathState::look(root, &item.path)? else {
            return Ok(None);
        };
        let Some(before) = self.before(item)? else {
            return Ok(None);
        };
        let Some(written) = item.written.digest() else {
            return Ok(None);
        };
        if there.digest() == Some(written) {
            return Ok(Some(TakenBack {
                now: before.clone(),
                original: before,
                changed: 0,
                gone: 0,
            }));
        }
        let Some(written) = self.content(written)? else {
            return Ok(None);
        };
        Ok(match item.share {
            Share::Keys => take_back_json(before.as_deref(), &written, &now),
            Share::Whole | Share::Lines => Some(take_back_lines(before.as_deref(), &written, &now)),
        })
    }
}

/// Whether the file is not a text or JSON object from which our part could be removed.
fn is_unclear(item: &PathItem, root: &Root) -> Result<bool, ReadError> {
    if is_too_large(&item.path, root)? {
        return Ok(true);
    }
    Ok(match PathState::look(root, &item.path)? {
        (PathState::Absent, _) => false,
        (PathState::File { .. }, Some(now)) => item.share == Share::Keys && !is_same_json(&now, &now),
        _ => true,
    })
}

/// Whether a file has grown beyond the size limit: only this file is affected.
fn is_too_large(path: &str, root: &Root) -> Result<bool, ReadError> {
    Ok(root.metadata(path)?.is_some_and(|there| there.size > FILE_LIMIT))
}

/// With the mode and owner of before: a plan then writes what it wrote at first.
fn imagine(item: &PathItem, bytes: &[u8]) -> Option<Imagined> {
    let (mode, owner) = item.before.metadata().or(item.written.metadata())?;
    let bytes = bytes.into();
    Some(Imagined::File { bytes, mode, owner })
}

/// How many more of each line there are afterwards; negative where there are fewer.
fn difference<'a>((before, after): (&'a [u8], &'a [u8])) -> BTreeMap<&'a [u8], i64> {
    let mut counts = BTreeMap::new();
    for (bytes, step) in [(before, -1), (after, 1)] {
        for line in bytes.split(|b| *b == b'\n') {
            *counts.entry(line).or_insert(0) += step;
        }
    }
    counts.retain(|line, count| *count != 0 && !line.is_empty());
    counts
}
