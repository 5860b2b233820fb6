//! A home directory, with copies of a skeleton directory's files if it is new.

use std::sync::Arc;

use super::{Acting, ChangeKind, TakingBack, ThingKind, UndoKind, nothing};
use crate::engine::act::{ActError, Scene};
use crate::engine::baseline::Baseline;
use crate::engine::batch::{Batch, Prepared};
use crate::engine::drift::Drifted;
use crate::engine::next_inventory::Taker;
use crate::engine::plan::ModulePlan;
use crate::engine::preflight::{Needs, PreflightError};
use crate::engine::release::Release;
use crate::engine::undo::Back;
use crate::engine::view::{ChangeView, view};
use crate::module::HomeChange;
use crate::state::{CopyUndo, HomeItem, Record, StateError, Thing, Undo, digest};
use crate::system::root::FILE_LIMIT;
use crate::system::{Imagined, Kind, Machine, ReadError, Root, System, Writer};

/// The most entries of a skeleton directory that are copied, directories included: some twenty are usual.
const ENTRIES_MAX: usize = 1000;

/// The most levels of directories in a skeleton directory.
const DEPTH_MAX: usize = 8;

impl ChangeKind for HomeChange {
    fn key(&self) -> Option<String> {
        Some(format!("home {}", self.path))
    }

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        let (uid, gid) = self.owner;
        let how = format!(
            "home directory, mode {:04o}, owner {uid}:{gid}, with the files of {}",
            self.mode, self.skeleton
        );
        Ok(view("directory", &self.path, "create", &how))
    }

    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        machine.root().exists(&self.path)
    }

    fn makes(&self) -> Option<(&str, Kind)> {
        Some((&self.path, Kind::Directory))
    }

    fn imagine(&self, files: &mut Root) -> Result<(), ReadError> {
        if files.exists(&self.path)? {
            return Ok(());
        }
        let (mode, owner) = (self.mode, self.owner);
        files.imagine(&self.path, Some(Imagined::Directory { mode, owner }))
    }

    fn need(&self, needs: &mut Needs<'_>, system: &System) -> Result<(), PreflightError> {
        needs.add_entry(&self.path)?;
        for copy in copies(&system.root, self)? {
            needs.add(&copy.path, copy.size, 1)?;
            needs.add_record(0)?;
        }
        Ok(())
    }

    fn remember(&self, taker: &mut Taker<'_>, module: &ModulePlan, _missing: bool) -> Result<(), ReadError> {
        taker.parents(module, &self.path)?;
        let path = self.path.clone();
        taker.put(module, Thing::Home(HomeItem { path }));
        Ok(())
    }

    fn is_of_files(&self, _system: &System) -> bool {
        true
    }

    fn prepare(&self, batch: &mut Batch<'_>, module: &str) -> Result<(), ActError> {
        if batch.system.root.exists(&self.path)? {
            return Ok(());
        }
        batch.add_directory(module, self.path.clone(), self.mode, self.owner)?;
        for copy in copies(&batch.system.root, self)? {
            batch.add_copy(module, copy, self.owner)?;
        }
        Ok(())
    }

    fn act<'a>(&'a self, _scene: &'a Scene<'a>) -> Acting<'a> {
        nothing()
    }
}

impl ThingKind for HomeItem {
    /// There may be data in it: it is nobody's to remove.
    fn release(&self, _generation: u32, _machine: &Machine<'_>, _baseline: &Baseline) -> Result<Release, StateError> {
        Ok(Release::default())
    }

    fn drift(&self, machine: &Machine<'_>, _baseline: &Baseline) -> Result<Option<Drifted>, StateError> {
        let gone = || Drifted::new("directory", &self.path, "is gone".to_owned());
        Ok((!machine.root().exists(&self.path)?).then(gone))
    }

    fn stands(&self) -> Vec<&str> {
        vec![&self.path]
    }
}

impl UndoKind for CopyUndo {
    fn in_words(&self) -> Option<String> {
        None
    }

    fn take_back<'a>(&'a self, scene: &'a Scene<'a>, record: &'a Record) -> TakingBack<'a> {
        Box::pin(std::future::ready(take_back(self, scene, record)))
    }
}

/// Removes the copy, unless somebody has edited it.
fn take_back(undo: &CopyUndo, scene: &Scene<'_>, record: &Record) -> Result<Back, ActError> {
    if super::path::take_away_prepared(scene, record)? {
        return Ok(Back::Taken);
    }
    let root = &scene.system.root;
    let is_file = root.metadata(&undo.path)?.is_some_and(|there| there.kind == Kind::File);
    let now = is_file.then(|| root.read(&undo.path)).transpose()?.flatten();
    match now {
        Some(now) if digest(&now) == undo.digest => {
            scene.system.writer.remove(&undo.path)?;
            Ok(Back::Taken)
        }
        Some(_) => Ok(Back::Impossible(format!("{} was edited: it stays", undo.path))),
        None => Ok(Back::Taken),
    }
}

/// An entry of a skeleton directory, and where its copy goes.
struct Copy {
    /// The copy's path.
    path: String,
    mode: u32,
    /// Bytes, of a file.
    size: u64,
    what: Copied,
}

enum Copied {
    File(Vec<u8>),
    Symlink(String),
    Directory,
}

/// What is copied into a new home directory: each directory before what is in it. What is neither a file, a directory nor
/// a link is left out, and so is what is beyond the limits.
fn copies(root: &Root, home: &HomeChange) -> Result<Vec<Copy>, ReadError> {
    let mut copies = Vec::new();
    let mut directories = vec![(home.skeleton.clone(), home.path.clone(), 0)];
    while let Some((from, to, depth)) = directories.pop() {
        for name in root.list(&from)? {
            let (source, path) = (format!("{from}/{name}"), format!("{to}/{name}"));
            let Some(there) = root.metadata(&source)? else {
                continue;
            };
            if copies.len() >= ENTRIES_MAX || there.size > FILE_LIMIT {
                tracing::warn!("{source} isn't copied into {}: it is too much", home.path);
                continue;
            }
            let what = match there.kind {
                Kind::File => Copied::File(root.read(&source)?.unwrap_or_default()),
                Kind::Symlink => Copied::Symlink(root.read_link(&source)?.unwrap_or_default()),
                Kind::Directory if depth < DEPTH_MAX => {
                    directories.push((source, path.clone(), depth + 1));
                    Copied::Directory
                }
                Kind::Directory | Kind::Other => continue,
            };
            copies.push(Copy {
                path,
                mode: there.mode & 0o777,
                size: there.size,
                what,
            });
        }
    }
    Ok(copies)
}

impl Batch<'_> {
    fn add_copy(&mut self, module: &str, copy: Copy, owner: (u32, u32)) -> Result<(), ActError> {
        let Copy { path, mode, what, .. } = copy;
        match what {
            Copied::Directory => self.add_directory(module, path, mode, owner),
            Copied::Symlink(target) => self.add_link(module, &path, Some(&target), &[]),
            Copied::File(bytes) => {
                let digest = digest(&bytes);
                let prepared = Prepared::File {
                    temporary: Writer::temporary_beside(&path),
                    bytes: Arc::from(bytes),
                    mode,
                    owner,
                };
                self.push(module, Undo::Copy(CopyUndo { path, digest }), &[], prepared);
                Ok(())
            }
        }
    }
}
