//! Removes old generations, so that the state does not grow without limit.
//!
//! Undoing a generation needs its journal and what it replaced. A rollback starts with the newest generation, so
//! removing the oldest only limits how far back it can go; their changes stay.

use super::{Generation, StateError, Store};
use crate::system::Kind;

/// How many generations are kept by default.
pub const KEEP_GENERATIONS: usize = 10;

/// A marker in the directory of a generation that has only its record left.
const MARKER: &str = "pruned";

/// How deep a generation's directory is: it has files and `before/`.
const DEPTH: usize = 4;

impl Store {
    /// Removes old generations and returns their numbers, oldest first. Keeps the newest `keep` whose changes are on
    /// the machine, and as many that failed or were rolled back, so that failures don't shorten the history that can
    /// be undone. Always keeps the newest whose changes are on the machine, and the record of the newest from a
    /// source, which a boot needs to decide whether there is anything to do.
    ///
    /// # Errors
    /// The state can't be read or written. What is still there is whole.
    pub fn prune(&self, keep: usize) -> Result<Vec<u32>, StateError> {
        let generations = self.generations()?;
        let doomed = doomed(&generations, keep.max(1));
        let decisive = decisive(&generations);
        let mut forgotten = Vec::new();
        for number in doomed {
            if !decisive.contains(&number) {
                self.forget(number)?;
            } else if !self.is_pruned(number)? {
                self.strip(number)?;
            } else {
                continue;
            }
            forgotten.push(number);
        }
        self.sweep(&generations)?;
        Ok(forgotten)
    }

    /// Whether generation `number` has only its record left, so that it can't be undone.
    ///
    /// # Errors
    /// The state can't be read.
    pub fn is_pruned(&self, number: u32) -> Result<bool, StateError> {
        Ok(self
            .root
            .exists(&format!("{}/{MARKER}", Self::generation_path(number)))?)
    }

    /// The marker comes first, as the record goes first elsewhere.
    fn strip(&self, number: u32) -> Result<(), StateError> {
        let path = Self::generation_path(number);
        self.write(&format!("{path}/{MARKER}"), b"")?;
        for name in self.root.list(&path)? {
            if name != MARKER && name != "generation.json" {
                self.remove_entry(&format!("{path}/{name}"), DEPTH)?;
            }
        }
        Ok(())
    }

    /// Removes the record first: a generation exists with everything needed to undo it, or not at all.
    fn forget(&self, number: u32) -> Result<(), StateError> {
        let path = Self::generation_path(number);
        self.writer.remove(&format!("{path}/generation.json"))?;
        self.remove_tree(&path, DEPTH)
    }

    /// Directories without a record, older than some generation: leftovers of an interrupted removal.
    fn sweep(&self, generations: &[Generation]) -> Result<(), StateError> {
        let newest = generations.last().map_or(0, |generation| generation.number);
        let names = self.root.list(&Self::path("generations"))?;
        for number in names.iter().filter_map(|name| name.parse::<u32>().ok()) {
            if number < newest && self.generation(number)?.is_none() {
                self.remove_tree(&Self::generation_path(number), DEPTH)?;
            }
        }
        Ok(())
    }

    fn remove_tree(&self, path: &str, depth: usize) -> Result<(), StateError> {
        for name in self.root.list(path)? {
            self.remove_entry(&format!("{path}/{name}"), depth)?;
        }
        Ok(self.writer.discard_directory(path)?)
    }

    fn remove_entry(&self, path: &str, depth: usize) -> Result<(), StateError> {
        let there = self.root.metadata(path)?;
        match (there.is_some_and(|there| there.kind == Kind::Directory), depth) {
            (true, 0) => Ok(()),
            (true, _) => self.remove_tree(path, depth - 1),
            (false, _) => Ok(self.writer.discard(path)?),
        }
    }
}

/// The numbers of those that are not kept.
fn doomed(generations: &[Generation], keep: usize) -> Vec<u32> {
    let numbers = |in_force: bool| {
        let mut numbers: Vec<u32> = generations
            .iter()
            .filter(|generation| generation.is_in_force() == in_force)
            .map(|generation| generation.number)
            .collect();
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        numbers
    };
    let mut doomed: Vec<u32> = [numbers(true), numbers(false)]
        .into_iter()
        .flat_map(|numbers| numbers.into_iter().skip(keep))
        .collect();
    doomed.sort_unstable();
    doomed
}

/// The newest that came from a source, and the newest of them that is about a whole document.
fn decisive(generations: &[Generation]) -> Vec<u32> {
    let from_a_source = || generations.iter().rev().filter(|g| g.source != crate::source::FILE);
    let newest = [from_a_source().next(), from_a_source().find(|g| g.is_whole())];
    newest
        .into_iter()
        .flatten()
        .map(|generation| generation.number)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{HostnameUndo, Outcome, Record, STATE_VERSION, Undo};
    use crate::system::Root;

    fn generation(number: u32, source: &str, outcome: Outcome) -> Generation {
        Generation {
            version: STATE_VERSION,
            number,
            created: 0,
            instance_id: String::new(),
            source: source.to_owned(),
            place: String::new(),
            digest: String::new(),
            outcome,
            stages: std::collections::BTreeMap::new(),
            unconfirmed: None,
            undoing: false,
            pointer: None,
            scrubbed: None,
            scope: Vec::new(),
            needs: std::collections::BTreeSet::new(),
            incomplete: crate::state::Incomplete::default(),
        }
    }

    #[test]
    fn which_are_kept() {
        use Outcome::{Done, Failed, RolledBack};
        let file = |number, outcome| generation(number, "file", outcome);
        let table: [(&str, Vec<Generation>, Vec<u32>); 4] = [
            ("few", vec![file(1, Done), file(2, Done)], vec![]),
            ("the oldest go", (1..=5).map(|n| file(n, Done)).collect(), vec![1, 2, 3]),
            (
                "failures take nothing away",
                vec![file(1, Done), file(2, Failed), file(3, Failed), file(4, RolledBack)],
                vec![2],
            ),
            ("none", vec![], vec![]),
        ];
        for (what, generations, expected) in table {
            assert_eq!(doomed(&generations, 2), expected, "{what}");
        }
    }

    #[test]
    fn nothing_is_left_of_them_and_numbers_are_not_given_again() {
        let tree = tempfile::tempdir().unwrap();
        let store = Store::new(Root::open(tree.path()).unwrap());
        for _ in 0..4 {
            let number = store.begin(generation(0, "file", Outcome::Done)).unwrap().number;
            let image = store.keep_image(number, b"before").unwrap();
            let record = Record {
                module: "hostname".into(),
                undo: Undo::Hostname(HostnameUndo { before: image }),
                dirties: Vec::new(),
                immediate: true,
                step: None,
            };
            store.record(number, &record).unwrap();
        }
        assert_eq!(store.prune(0).unwrap(), [1, 2, 3], "one is always kept");
        let left = store.root.list("/var/lib/firstlight/generations").unwrap();
        assert_eq!(left, ["4"]);
        assert_eq!(store.records(4).unwrap().len(), 1);
        // Cut off between the record and the rest.
        std::fs::create_dir_all(tree.path().join("var/lib/firstlight/generations/2/before")).unwrap();
        store.prune(1).unwrap();
        assert_eq!(store.root.list("/var/lib/firstlight/generations").unwrap(), ["4"]);
        assert_eq!(store.begin(generation(0, "file", Outcome::Done)).unwrap().number, 5);
    }

    #[test]
    fn of_what_a_boot_decides_by_the_record_stays() {
        let tree = tempfile::tempdir().unwrap();
        let store = Store::new(Root::open(tree.path()).unwrap());
        for source in ["nocloud", "nocloud", "file", "file"] {
            let number = store.begin(generation(0, source, Outcome::Done)).unwrap().number;
            store.keep_image(number, b"before").unwrap();
        }
        assert_eq!(store.prune(1).unwrap(), [1, 2, 3]);
        let numbers: Vec<u32> = store.generations().unwrap().iter().map(|g| g.number).collect();
        assert_eq!(numbers, [2, 4]);
        assert_eq!(
            (store.is_pruned(2).unwrap(), store.is_pruned(4).unwrap()),
            (true, false)
        );
        assert_eq!(
            store.root.list("/var/lib/firstlight/generations/2").unwrap(),
            ["generation.json", "pruned"]
        );
        assert_eq!(store.prune(1).unwrap(), Vec::<u32>::new(), "once is enough");
    }
}
