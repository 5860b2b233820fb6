//! What ran once per instance: commands, key generation, disk growth. It is separate from generations, so that neither
//! a changed document nor a rollback repeats it.
//!
//! An entry is recorded before it runs. After an interruption it is unknown how much was done; that is reported, and
//! it is not repeated.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{STATE_DIRECTORY, STATE_VERSION, StateError, Store};
use crate::vocabulary::{Run, RunOutcome};

const NAME: &str = "ledger.json";

/// Everything that ran once, by key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// The version of this format.
    pub version: u32,
    /// By name: `runcmd`, `host-keys`.
    pub runs: BTreeMap<String, Run>,
}

/// Whether to run something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once {
    /// Run it. The start is recorded on disk; [`Store::end_once`] must follow.
    Run,
    /// It already ran or was started for this instance.
    Already(Run),
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            version: STATE_VERSION,
            runs: BTreeMap::new(),
        }
    }
}

/// The instance of what runs once on a machine, whatever instance it is.
pub const ANY_INSTANCE: &str = "*";

impl Store {
    /// What ran once for this instance, or for any, by name.
    ///
    /// # Errors
    /// As [`Store::ledger`].
    pub fn ran_for(&self, instance_id: &str) -> Result<BTreeMap<String, Run>, StateError> {
        let mut runs = self.ledger()?.runs;
        runs.retain(|_, run| run.instance_id == instance_id || run.instance_id == ANY_INSTANCE);
        Ok(runs)
    }

    /// The ledger.
    ///
    /// # Errors
    /// The ledger is damaged, or was written by a newer firstlight.
    pub fn ledger(&self) -> Result<Ledger, StateError> {
        let found = self.read_versioned(&Self::path(NAME))?;
        Ok(found.map(|(_, ledger)| ledger).unwrap_or_default())
    }

    /// Records how what was begun ended, where its own record says so. `boot`: the ID of this boot.
    ///
    /// # Errors
    /// As [`Store::ledger`].
    pub fn settle_runs(&self, boot: &str) -> Result<(), StateError> {
        let begun = self
            .ledger()?
            .runs
            .into_iter()
            .filter(|(_, run)| run.outcome == RunOutcome::Begun);
        for (key, _) in begun {
            let record = self.command(&key).ok().flatten();
            if let Some(outcome) = record.and_then(|record| record.outcome(boot)) {
                self.end_once(&key, outcome)?;
            }
        }
        Ok(())
    }

    /// Forgets that anything ran for this instance.
    ///
    /// # Errors
    /// As [`Store::ledger`].
    pub fn forget_runs(&self, instance_id: &str) -> Result<(), StateError> {
        let mut ledger = self.ledger()?;
        let before = ledger.runs.len();
        ledger
            .runs
            .retain(|_, run| run.instance_id != instance_id && run.instance_id != ANY_INSTANCE);
        match ledger.runs.len() == before {
            true => Ok(()),
            false => self.write_json(&Self::path(NAME), &ledger),
        }
    }

    /// Records the start of `key` for this instance, unless it was started before. The caller holds the lock.
    ///
    /// # Errors
    /// The ledger can't be read or written; don't run it then.
    pub fn begin_once(&self, key: &str, instance_id: &str, now: u64) -> Result<Once, StateError> {
        let mut ledger = self.ledger()?;
        if let Some(run) = ledger.runs.get(key).filter(|run| run.instance_id == instance_id) {
            return Ok(Once::Already(run.clone()));
        }
        let run = Run {
            instance_id: instance_id.to_owned(),
            begun: now,
            outcome: RunOutcome::Begun,
            what: None,
        };
        ledger.runs.insert(key.to_owned(), run);
        self.make(STATE_DIRECTORY)?;
        self.write_json(&Self::path(NAME), &ledger)?;
        Ok(Once::Run)
    }

    /// Records the start of something that is tried until it succeeds: `what` is to be done.
    ///
    /// # Errors
    /// The ledger can't be read or written.
    pub fn begin_again(&self, key: &str, instance_id: &str, now: u64, what: &str) -> Result<(), StateError> {
        let mut ledger = self.ledger()?;
        let run = Run {
            instance_id: instance_id.to_owned(),
            begun: now,
            outcome: RunOutcome::Begun,
            what: Some(what.to_owned()),
        };
        ledger.runs.insert(key.to_owned(), run);
        self.make(STATE_DIRECTORY)?;
        self.write_json(&Self::path(NAME), &ledger)
    }

    /// Records how it ended.
    ///
    /// # Errors
    /// The ledger can't be read or written.
    pub fn end_once(&self, key: &str, outcome: RunOutcome) -> Result<(), StateError> {
        let mut ledger = self.ledger()?;
        if let Some(run) = ledger.runs.get_mut(key) {
            run.outcome = outcome;
        }
        self.write_json(&Self::path(NAME), &ledger)
    }

    /// Forgets that `key` ran: what it did was undone.
    ///
    /// # Errors
    /// The ledger can't be read or written.
    pub fn forget_once(&self, key: &str) -> Result<(), StateError> {
        let mut ledger = self.ledger()?;
        match ledger.runs.remove(key) {
            Some(_) => self.write_json(&Self::path(NAME), &ledger),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Root;

    fn store(tree: &tempfile::TempDir) -> Store {
        Store::new(Root::open(tree.path()).unwrap())
    }

    #[test]
    fn what_ran_for_an_instance_is_not_run_for_it_again() {
        let tree = tempfile::tempdir().unwrap();
        let begin = |key: &str, instance: &str| store(&tree).begin_once(key, instance, 7).unwrap();
        assert_eq!(begin("runcmd", "i-1"), Once::Run);
        store(&tree).end_once("runcmd", RunOutcome::Failed).unwrap();
        let Once::Already(run) = begin("runcmd", "i-1") else {
            panic!("it is run again")
        };
        assert_eq!((run.outcome, run.begun), (RunOutcome::Failed, 7));
        assert_eq!(begin("host-keys", "i-1"), Once::Run, "another thing");
        assert_eq!(begin("runcmd", "i-2"), Once::Run, "another instance");
        store(&tree).forget_once("runcmd").unwrap();
        assert_eq!(begin("runcmd", "i-2"), Once::Run, "it was undone");
    }

    #[test]
    fn what_was_cut_off_is_told_and_not_repeated() {
        let tree = tempfile::tempdir().unwrap();
        assert_eq!(store(&tree).begin_once("runcmd", "i-1", 7).unwrap(), Once::Run);
        // Nobody ends it: the power fails. Another process comes.
        let Once::Already(run) = store(&tree).begin_once("runcmd", "i-1", 8).unwrap() else {
            panic!("it is run again")
        };
        assert_eq!((run.outcome, run.begun), (RunOutcome::Begun, 7));
        assert!(run.to_string().contains("interrupted"), "{run}");
    }

    #[test]
    fn a_ledger_that_cant_be_used_runs_nothing_and_says_what_to_type() {
        let tree = tempfile::tempdir().unwrap();
        store(&tree).begin_once("runcmd", "i-1", 7).unwrap();
        let path = tree.path().join("var/lib/firstlight/ledger.json");
        for (text, words) in [
            ("torn", "mv /var/lib/firstlight/ledger.json"),
            (r#"{"version": 99}"#, "update firstlight"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = store(&tree).begin_once("runcmd", "i-1", 8).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
