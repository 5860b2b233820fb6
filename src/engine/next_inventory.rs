//! The inventory after a plan. It is computed and written before anything is changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::baseline::Baseline;
use super::plan::{GenerationPlan, ModulePlan};
use crate::module::{Change, Share};
use crate::state::{Expected, Inventory, Item, PathItem, PathState, StateError, Thing};
use crate::system::write::parent_of;
use crate::system::{Machine, ReadError, Root};

/// What a file takes at least, in bytes, on the file systems there are.
const BLOCK: usize = 4096;

/// The size of an inventory item in bytes, an upper estimate.
const ITEM_BYTES: usize = 1024;

/// The next inventory, and the contents to save for it.
#[derive(Debug)]
pub struct NextInventory {
    /// The inventory. What is new in it has the generation 0 until it has a number.
    pub inventory: Inventory,
    /// Contents to be kept.
    pub contents: Vec<Arc<[u8]>>,
}

impl NextInventory {
    /// What `plan` makes of the inventory. Modules that it does not have keep theirs.
    ///
    /// # Errors
    /// The machine can't be read.
    pub fn take(plan: &GenerationPlan, baseline: &Baseline, machine: &Machine<'_>) -> Result<Self, ReadError> {
        let mut taker = Taker {
            baseline,
            machine,
            files: plan.imagined.as_ref().unwrap_or(machine.root()),
            next: Self {
                inventory: baseline.inventory.clone(),
                contents: Vec::new(),
            },
        };
        for module in &plan.modules {
            for key in &module.released {
                taker.next.inventory.items.remove(key);
            }
        }
        for module in &plan.modules {
            let mut changes: BTreeMap<Option<&str>, Vec<&Change>> = BTreeMap::new();
            for change in &module.changes {
                changes.entry(change.path()).or_default().push(change);
            }
            for change in &module.declared {
                let missing = changes.get(&change.path()).is_some_and(|there| there.contains(&change));
                change.kind().remember(&mut taker, module, missing)?;
            }
        }
        for module in &plan.modules {
            taker.expect(module);
        }
        Ok(taker.next)
    }

    /// How much it takes on disk: bytes, and files. The inventory is there twice: as it was, and as it is.
    pub fn size(&self) -> (u64, u64) {
        let blocks = |bytes: usize| u64::try_from(bytes.div_ceil(BLOCK) * BLOCK).unwrap_or(u64::MAX);
        let contents: u64 = self.contents.iter().map(|bytes| blocks(bytes.len())).sum();
        let items = 2 * self.inventory.items.len() * ITEM_BYTES;
        let files = u64::try_from(self.contents.len() + 2).unwrap_or(u64::MAX);
        (contents.saturating_add(blocks(items)), files)
    }

    /// Gives what is new the number of its generation, and keeps the contents that it needs.
    ///
    /// # Errors
    /// The state directory can't be written.
    pub fn begin(mut self, generation: u32, store: &crate::state::Store) -> Result<(), StateError> {
        for item in self.inventory.items.values_mut().filter(|item| item.generation == 0) {
            item.generation = generation;
        }
        let expected = self.inventory.expected.values_mut();
        for expected in expected.filter(|expected| expected.generation == 0) {
            expected.generation = generation;
        }
        store.keep_contents(self.contents.iter().map(|bytes| &**bytes))?;
        store.begin_inventory(generation, &self.inventory)
    }
}

/// Computes the next inventory.
pub(super) struct Taker<'a> {
    pub(super) baseline: &'a Baseline,
    pub(super) machine: &'a Machine<'a>,
    /// The files as they would be: a unit that is enabled may be one of them.
    pub(super) files: &'a Root,
    pub(super) next: NextInventory,
}

impl Taker<'_> {
    /// An item that is as it was keeps the generation that made it so.
    pub(super) fn put(&mut self, module: &ModulePlan, thing: Thing) {
        let key = thing.key();
        let old = self.baseline.inventory.items.get(&key);
        let generation = old.filter(|old| old.thing == thing).map_or(0, |old| old.generation);
        let item = Item {
            module: module.name.to_owned(),
            generation,
            thing,
        };
        self.next.inventory.items.insert(key, item);
    }

    /// What a module expects that is to be looked at later. What could not be planned says nothing of it.
    fn expect(&mut self, module: &ModulePlan) {
        if module.declared.is_empty() && (!module.problems.is_empty() || module.waits) {
            return;
        }
        // What is only taken back is looked at once.
        let asked = module.expectations.iter().filter(|_| !module.declared.is_empty());
        let kept = asked.filter(|expectation| expectation.is_kept());
        let expectations: Vec<_> = kept.filter_map(|it| serde_json::to_value(it).ok()).collect();
        let expected = &mut self.next.inventory.expected;
        if expectations.is_empty() {
            expected.remove(module.name);
        } else if expected
            .get(module.name)
            .is_none_or(|old| old.expectations != expectations)
        {
            let generation = 0;
            let new = Expected {
                generation,
                expectations,
            };
            expected.insert(module.name.to_owned(), new);
        }
    }

    /// A directory, a link, or nothing.
    pub(super) fn entry(&mut self, module: &ModulePlan, path: &str, written: PathState) -> Result<(), ReadError> {
        if written != PathState::Absent {
            self.parents(module, path)?;
        }
        let (before, content) = match self.baseline.inventory.path(path) {
            Some(old) => (old.before.clone(), None),
            None => PathState::look(self.machine.root(), path)?,
        };
        self.next.contents.extend(content.map(Arc::from));
        let item = PathItem {
            path: path.to_owned(),
            before,
            written,
            share: Share::Whole,
            secret: false,
            lasting: false,
            dirties: Vec::new(),
        };
        self.put(module, Thing::Path(item));
        Ok(())
    }

    /// The directories on the way that are not there yet are made too.
    pub(super) fn parents(&mut self, module: &ModulePlan, path: &str) -> Result<(), ReadError> {
        let root = self.machine.root();
        let mut parent = parent_of(path);
        while parent != "/" && !root.exists(parent)? {
            // A directory that is asked for by itself has a mode of its own.
            // So has a home directory.
            let is_home = self.next.inventory.items.contains_key(&format!("home {parent}"));
            let known = self.next.inventory.path(parent);
            if is_home || known.is_some_and(|known| matches!(known.written, PathState::Directory { .. })) {
                parent = parent_of(parent);
                continue;
            }
            let imagined = self.files.metadata(parent)?;
            let owner = imagined.map_or((0, 0), |imagined| (imagined.uid, imagined.gid));
            let item = PathItem {
                path: parent.to_owned(),
                before: PathState::Absent,
                written: PathState::Directory { mode: 0o755, owner },
                share: Share::Whole,
                secret: false,
                lasting: false,
                dirties: Vec::new(),
            };
            self.put(module, Thing::Path(item));
            parent = parent_of(parent);
        }
        Ok(())
    }
}
