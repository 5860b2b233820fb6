//! The inventory: everything on the machine that a document configured, with what was there before.
//!
//! It is written with a generation before anything is changed, and undone with it: each generation keeps the previous
//! inventory.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::thing::{Item, PathItem, PathState};
use super::{STATE_VERSION, StateError, Store};
use crate::vocabulary::Dirty;

/// All items, each by its [`super::Thing::key`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The version of this format.
    pub version: u32,
    /// The items.
    pub items: BTreeMap<String, Item>,
    /// What the running machine must show because of them, by module.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expected: BTreeMap<String, Expected>,
}

/// What a module expects on the running machine, in addition to the items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The generation that configured it.
    pub generation: u32,
    /// The expectations, in the engine's format.
    pub expectations: Vec<serde_json::Value>,
}

impl Default for Inventory {
    fn default() -> Self {
        Self {
            version: STATE_VERSION,
            items: BTreeMap::new(),
            expected: BTreeMap::new(),
        }
    }
}

impl Inventory {
    /// The item at this path.
    pub fn path(&self, path: &str) -> Option<&PathItem> {
        self.items.get(&format!("path {path}"))?.thing.path()
    }

    /// The paths, in their order.
    pub fn paths(&self) -> impl Iterator<Item = &PathItem> {
        self.items.values().filter_map(|item| item.thing.path())
    }

    /// How many items and expectations there are.
    pub fn len(&self) -> usize {
        let expected = self.expected.values().map(|expected| expected.expectations.len());
        self.items.len() + expected.sum::<usize>()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The units that it expects to run or not to run.
    pub fn units(&self) -> Vec<String> {
        let units = self.items.values().filter_map(|item| item.thing.runs());
        units.map(|item| item.unit.clone()).collect()
    }

    /// The links that somebody else had made when a document first asked for them, each with the ID of that boot.
    pub fn taken_over(&self) -> BTreeMap<String, String> {
        let dirties = self.paths().flat_map(|item| &item.dirties);
        let links = dirties.filter_map(|dirty| match dirty {
            Dirty::TakenOver { link, boot } => Some((link.clone(), boot.clone())),
            Dirty::Manager
            | Dirty::Network
            | Dirty::Netdev(_)
            | Dirty::Certificates
            | Dirty::Reload(_)
            | Dirty::Restart(_) => None,
        });
        links.collect()
    }
}

const NAME: &str = "inventory.json";

impl Store {
    /// The current inventory; empty before the first generation.
    ///
    /// # Errors
    /// It is damaged, or was written by a newer firstlight.
    pub fn inventory(&self) -> Result<Inventory, StateError> {
        self.read_inventory(&Self::path(NAME)).map(Option::unwrap_or_default)
    }

    fn read_inventory(&self, path: &str) -> Result<Option<Inventory>, StateError> {
        Ok(self.read_versioned(path)?.map(|(_, inventory)| inventory))
    }

    /// Writes the inventory for after generation `number`. The previous one is kept with the generation, unless an
    /// earlier stage already did that. Both are on disk before the generation changes anything.
    ///
    /// # Errors
    /// The state directory can't be written.
    pub fn begin_inventory(&self, number: u32, inventory: &Inventory) -> Result<(), StateError> {
        let before = Self::inventory_before(number);
        if self.read_inventory(&before)?.is_none() {
            self.put_json(&before, &self.inventory()?)?;
        }
        self.put_json(&Self::path(NAME), inventory)
    }

    /// Checks that everything needed to undo generation `number` can be read: its journal and the previous inventory.
    ///
    /// # Errors
    /// It can't.
    pub fn check_undo(&self, number: u32) -> Result<(), StateError> {
        self.journal(number)?;
        self.read_inventory(&Self::inventory_before(number))?;
        Ok(())
    }

    /// Restores the inventory from before generation `number`: all of it, or the part of one module.
    ///
    /// # Errors
    /// The state directory can't be read or written.
    pub fn restore_inventory(&self, number: u32, module: Option<&str>) -> Result<(), StateError> {
        if let Some(module) = module {
            return self.restore_some(number, |item| item.module == module, |name| name == module);
        }
        match self.read_inventory(&Self::inventory_before(number))? {
            Some(before) => self.write_json(&Self::path(NAME), &before),
            None => Ok(()),
        }
    }

    /// Restores the items of `paths` from before generation `number`, whose changes there were not made.
    ///
    /// # Errors
    /// The state directory can't be read or written.
    pub fn restore_paths(&self, number: u32, paths: &[String]) -> Result<(), StateError> {
        if paths.is_empty() {
            return Ok(());
        }
        let is_one = |item: &Item| item.thing.path().is_some_and(|item| paths.contains(&item.path));
        self.restore_some(number, is_one, |_| false)
    }

    /// Puts back which items, and what which modules expect.
    fn restore_some(
        &self,
        number: u32,
        which: impl Fn(&Item) -> bool,
        expecting: impl Fn(&str) -> bool,
    ) -> Result<(), StateError> {
        let Some(before) = self.read_inventory(&Self::inventory_before(number))? else {
            return Ok(());
        };
        let mut mixed = self.inventory()?;
        mixed.items.retain(|_, item| !which(item));
        for (key, item) in before.items.into_iter().filter(|(_, item)| which(item)) {
            mixed.items.entry(key).or_insert(item);
        }
        mixed.expected.retain(|module, _| !expecting(module));
        let earlier = before.expected.into_iter();
        mixed.expected.extend(earlier.filter(|(module, _)| expecting(module)));
        self.write_json(&Self::path(NAME), &mixed)
    }

    /// Adds back the items that only the inventory from before generation `number` has.
    ///
    /// # Errors
    /// The state directory can't be read or written.
    pub fn readopt_inventory(&self, number: u32) -> Result<(), StateError> {
        let Some(before) = self.read_inventory(&Self::inventory_before(number))? else {
            return Ok(());
        };
        let mut inventory = self.inventory()?;
        let known = (inventory.items.len(), inventory.expected.len());
        for (key, item) in before.items {
            inventory.items.entry(key).or_insert(item);
        }
        for (module, expected) in before.expected {
            inventory.expected.entry(module).or_insert(expected);
        }
        if (inventory.items.len(), inventory.expected.len()) == known {
            return Ok(());
        }
        self.write_json(&Self::path(NAME), &inventory)
    }

    /// Removes kept contents that neither the inventory nor that of any generation needs.
    ///
    /// # Errors
    /// The state directory can't be read or written.
    pub fn sweep_inventory(&self) -> Result<(), StateError> {
        let mut needed = BTreeSet::new();
        let mut need = |inventory: &Inventory| {
            let states = inventory.paths().flat_map(|item| [&item.before, &item.written]);
            needed.extend(states.filter_map(PathState::digest).map(str::to_owned));
        };
        need(&self.inventory()?);
        for generation in self.generations()? {
            if let Some(before) = self.read_inventory(&Self::inventory_before(generation.number))? {
                need(&before);
            }
        }
        self.sweep_contents(&needed)
    }

    fn inventory_before(number: u32) -> String {
        format!("{}/{NAME}", Self::generation_path(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Generation, MemberItem, Thing, digest};
    use crate::system::Root;
    use crate::vocabulary::Share;

    fn member(module: &str, generation: u32, user: &str) -> Item {
        Item {
            module: module.to_owned(),
            generation,
            thing: Thing::Member(MemberItem {
                group: "docker".to_owned(),
                user: user.to_owned(),
                before: false,
            }),
        }
    }

    fn file(path: &str, bytes: &[u8]) -> Item {
        let written = PathState::File {
            digest: digest(bytes),
            mode: 0o600,
            owner: (0, 0),
        };
        Item {
            module: "network".to_owned(),
            generation: 1,
            thing: Thing::Path(PathItem {
                path: path.to_owned(),
                before: PathState::Absent,
                written,
                share: Share::Whole,
                secret: false,
                lasting: false,
                dirties: vec![Dirty::Network],
            }),
        }
    }

    fn inventory(items: &[Item]) -> Inventory {
        Inventory {
            items: items.iter().map(|item| (item.thing.key(), item.clone())).collect(),
            ..Inventory::default()
        }
    }

    fn store() -> (tempfile::TempDir, Store) {
        let tree = tempfile::tempdir().unwrap();
        let store = Store::new(Root::open(tree.path()).unwrap());
        for _ in 0..2 {
            let generation = Generation {
                created: 1,
                place: "doc.yaml".into(),
                ..Generation::sample()
            };
            store.begin(generation).unwrap();
        }
        (tree, store)
    }

    #[test]
    fn it_is_undone_with_its_generation() {
        let (_tree, store) = store();
        assert_eq!(store.inventory().unwrap(), Inventory::default());
        let one = inventory(&[member("docker", 1, "core"), file("/etc/a", b"a")]);
        let two = inventory(&[member("docker", 2, "bob"), member("other", 2, "eve")]);
        store.begin_inventory(1, &one).unwrap();
        store.begin_inventory(2, &inventory(&[])).unwrap();
        store.begin_inventory(2, &two).unwrap();
        assert_eq!(store.inventory().unwrap(), two);
        store.restore_inventory(2, Some("docker")).unwrap();
        let mixed = inventory(&[member("docker", 1, "core"), member("other", 2, "eve")]);
        assert_eq!(store.inventory().unwrap(), mixed);
        store.restore_inventory(2, None).unwrap();
        assert_eq!(store.inventory().unwrap(), one);
        store.begin_inventory(2, &two).unwrap();
        store.readopt_inventory(2).unwrap();
        let all = inventory(&[
            member("docker", 1, "core"),
            file("/etc/a", b"a"),
            member("docker", 2, "bob"),
        ]);
        assert_eq!(store.inventory().unwrap().items.len(), all.items.len() + 1);
        assert!(
            all.items
                .iter()
                .all(|(key, item)| store.inventory().unwrap().items.get(key) == Some(item))
        );
        store.restore_inventory(1, None).unwrap();
        assert_eq!(store.inventory().unwrap(), Inventory::default());
    }

    #[test]
    fn contents_stay_as_long_as_a_generation_can_come_back() {
        let (_tree, store) = store();
        store.keep_contents([&b"a"[..], b"b", b"c"]).unwrap();
        store.begin_inventory(1, &inventory(&[file("/etc/a", b"a")])).unwrap();
        store.begin_inventory(2, &inventory(&[file("/etc/a", b"b")])).unwrap();
        store.sweep_inventory().unwrap();
        let is_kept = |bytes: &[u8]| store.content(&digest(bytes)).unwrap().is_some();
        assert_eq!((is_kept(b"a"), is_kept(b"b"), is_kept(b"c")), (true, true, false));
    }

    #[test]
    fn what_a_module_expects_goes_back_with_its_items() {
        let (_tree, store) = store();
        let expecting = |generation, modules: &[&str]| {
            let expected = Expected {
                generation,
                expectations: vec![serde_json::json!("sshd-accepts")],
            };
            let expected = modules.iter().map(|module| ((*module).to_owned(), expected.clone()));
            Inventory {
                expected: expected.collect(),
                ..Inventory::default()
            }
        };
        let (one, two) = (expecting(1, &["network", "sshd"]), expecting(2, &["network"]));
        store.begin_inventory(1, &one).unwrap();
        store.begin_inventory(2, &two).unwrap();
        store.restore_paths(2, &["/etc/a".to_owned()]).unwrap();
        assert_eq!(store.inventory().unwrap(), two);
        store.restore_inventory(2, Some("network")).unwrap();
        assert_eq!(store.inventory().unwrap(), expecting(1, &["network"]));
        store.readopt_inventory(2).unwrap();
        assert_eq!(store.inventory().unwrap(), one);
        assert_eq!(
            (one.len(), one.is_empty(), Inventory::default().is_empty()),
            (2, false, true)
        );
    }

    #[test]
    fn a_newer_one_is_refused_and_its_form_is_stable() {
        let (tree, store) = store();
        store.begin_inventory(1, &inventory(&[file("/etc/a", b"a")])).unwrap();
        let path = tree.path().join("var/lib/firstlight/inventory.json");
        let text = std::fs::read_to_string(&path).unwrap();
        let expected = serde_json::json!({"version": 2, "items": {"path /etc/a": {
            "module": "network", "generation": 1, "kind": "path", "path": "/etc/a",
            "before": {"kind": "absent"},
            "written": {"kind": "file", "digest": digest(b"a"), "mode": 384, "owner": [0, 0]},
            "share": "whole", "secret": false, "lasting": false, "dirties": ["network"],
        }}});
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), expected);
        std::fs::write(&path, r#"{"version": 99}"#).unwrap();
        assert!(store.inventory().unwrap_err().to_string().contains("update firstlight"));
    }
}
