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

impl Store {
    /// What ran once for this instance, or for any, by name.
    ///
    /// # Errors
    /// As [`Store::ledger`].
    pub fn ran_for(&self, instance_id: &str) -> Result<BTreeMap<String, Run>, StateError> {
        let mut runs = self.ledger()?.runs;
        runs.retain(|_, run| run.is_for(instance_id));
        Ok(runs)
    }

    /// The same for those who must not write what [`Store::settle_runs`] would: what ended unseen is over where its own
    /// record says so.
    ///
    /// # Errors
    /// As [`Store::ledger`].
    pub fn ran_by_now(&self, instance_id: &str, boot: &str) -> Result<BTreeMap<String, Run>, StateError> {
        let mut runs = self.ran_for(instance_id)?;
        for (key, run) in &mut runs {
            run.outcome = self.end_of(key, run, boot).unwrap_or(run.outcome);
        }
        Ok(runs)
    }

    /// How something ended that is only known to have begun, as its own record has it.
    fn end_of(&self, key: &str, run: &Run, boot: &str) -> Option<RunOutcome> {
        if run.outcome != RunOutcome::Begun {
            return None;
        }
        self.command(key).ok().flatten()?.outcome(boot)
    }

    /// The ledger.
    ///
    /// # Errors
    /// The ledger is damaged, or was written by a newer firstlight.
    pub fn ledger(&self) -> Result<Ledger, StateError> {
        let found = self.read_versioned(&Self::path(NAME))?;
        Ok(found.map(|(_, ledger)| ledger).unwrap_or_default())
    }

    /// Records how what was begun ended, where its own record says so; its script, which may hold secrets, goes. `boot`: the ID of this boot.
    ///
    /// # Errors
    /// As [`Store::ledger`].
    pub fn settle_runs(&self, boot: &str) -> Result<(), StateError> {
        for (key, run) in self.ledger()?.runs {
            if let Some(outcome) = self.end_of(&key, &run, boot) {
                self.end_once(&key, outcome)?;
                self.discard_script(&key)?;
            }
        }
        Ok(())
    }

    /// Forgets that commands and scripts ran for this instance; other things that are done once stay done.
    ///
    /// # Errors
    /// As [`Store::ledger`].
    pub fn forget_commands(&self, instance_id: &str) -> Result<(), StateError> {
        self.forget_where(|_, run| run.command && run.is_for(instance_id))
    }

    /// Records the start of a command, unless it was started before for this instance. The caller holds the lock. `what`
    /// tells it from another one of the name, where that is to be known later.
    ///
    /// # Errors
    /// The ledger can't be read or written; don't run it then.
    pub fn begin_once(&self, key: &str, instance_id: &str, now: u64, what: Option<String>) -> Result<Once, StateError> {
        let earlier = self.ledger()?.runs.remove(key);
        if let Some(run) = earlier.filter(|run| run.instance_id == instance_id) {
            return Ok(Once::Already(run));
        }
        let run = Run {
            what,
            ..Run::begun(instance_id, now)
        };
        self.put_run(key, run).map(|()| Once::Run)
    }

    /// Records the start of a command that is tried until it succeeds: `what` is to be done.
    ///
    /// # Errors
    /// The ledger can't be read or written.
    pub fn begin_again(&self, key: &str, instance_id: &str, now: u64, what: &str) -> Result<(), StateError> {
        let run = Run {
            what: Some(what.to_owned()),
            ..Run::begun(instance_id, now)
        };
        self.put_run(key, run)
    }

    /// Records how it ended.
    ///
    /// # Errors
    /// The ledger can't be read or written.
    pub fn end_once(&self, key: &str, outcome: RunOutcome) -> Result<(), StateError> {
        match self.ledger()?.runs.remove(key) {
            Some(run) => self.put_run(key, Run { outcome, ..run }),
            None => Ok(()),
        }
    }

    /// Records that something which is no command was done for this instance.
    ///
    /// # Errors
    /// The ledger can't be read or written.
    pub fn note_done(&self, key: &str, instance_id: &str, now: u64) -> Result<(), StateError> {
        let run = Run {
            outcome: RunOutcome::Done,
            command: false,
            ..Run::begun(instance_id, now)
        };
        self.put_run(key, run)
    }

    /// Forgets that `key` ran: what it did was undone.
    ///
    /// # Errors
    /// The ledger can't be read or written.
    pub fn forget_once(&self, key: &str) -> Result<(), StateError> {
        self.forget_where(|known, _| known == key)
    }

    fn put_run(&self, key: &str, run: Run) -> Result<(), StateError> {
        let mut ledger = self.ledger()?;
        ledger.runs.insert(key.to_owned(), run);
        self.make(STATE_DIRECTORY)?;
        self.write_json(&Self::path(NAME), &ledger)
    }

    fn forget_where(&self, is_gone: impl Fn(&str, &Run) -> bool) -> Result<(), StateError> {
        let mut ledger = self.ledger()?;
        let before = ledger.runs.len();
        ledger.runs.retain(|key, run| !is_gone(key, run));
        match ledger.runs.len() == before {
            true => Ok(()),
            false => self.write_json(&Self::path(NAME), &ledger),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{CommandRecord, CommandState};
    use crate::system::Root;
    use crate::vocabulary::ANY_INSTANCE;

    fn store(tree: &tempfile::TempDir) -> Store {
        Store::new(Root::open(tree.path()).unwrap())
    }

    #[test]
    fn what_ran_for_an_instance_is_not_run_for_it_again() {
        let tree = tempfile::tempdir().unwrap();
        let begin = |key: &str, instance: &str| store(&tree).begin_once(key, instance, 7, None).unwrap();
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
    fn commands_run_again_where_that_is_asked_for_and_nothing_else_does() {
        let tree = tempfile::tempdir().unwrap();
        let store = store(&tree);
        store.begin_once("runcmd", "i-1", 7, None).unwrap();
        store.begin_again("packages", "i-1", 7, "vim").unwrap();
        store.end_once("packages", RunOutcome::Done).unwrap();
        store.begin_once("script-once", ANY_INSTANCE, 7, None).unwrap();
        store.begin_once("script-other", "i-2", 7, None).unwrap();
        store.note_done("host-keys", "i-1", 7).unwrap();
        let packages = &store.ran_for("i-1").unwrap()["packages"];
        assert_eq!(
            (packages.outcome, packages.what.as_deref()),
            (RunOutcome::Done, Some("vim"))
        );
        store.forget_commands("i-1").unwrap();
        let left: Vec<String> = store.ledger().unwrap().runs.into_keys().collect();
        assert_eq!(left, ["host-keys", "script-other"]);
    }

    #[test]
    fn what_was_cut_off_is_told_and_not_repeated() {
        let tree = tempfile::tempdir().unwrap();
        assert_eq!(store(&tree).begin_once("runcmd", "i-1", 7, None).unwrap(), Once::Run);
        // Nobody ends it: the power fails. Another process comes.
        let Once::Already(run) = store(&tree).begin_once("runcmd", "i-1", 8, None).unwrap() else {
            panic!("it is run again")
        };
        assert_eq!((run.outcome, run.begun), (RunOutcome::Begun, 7));
        assert!(run.to_string().contains("interrupted"), "{run}");
    }

    /// `power_state` ends when nobody looks any more: its record knows.
    #[test]
    fn what_ended_unseen_is_known_by_its_record_before_that_is_noted() {
        let tree = tempfile::tempdir().unwrap();
        let store = store(&tree);
        store.begin_once("final_message", "i-1", 7, None).unwrap();
        let outcome = || store.ran_by_now("i-1", "boot").unwrap()["final_message"].outcome;
        assert_eq!(outcome(), RunOutcome::Begun);
        let record = CommandRecord {
            name: "final_message".to_owned(),
            instance_id: "i-1".to_owned(),
            begun: 7,
            boot: "boot".to_owned(),
            state: CommandState::Done,
            exit: Some(0),
            milliseconds: 1,
            last: 0,
            commands: Vec::new(),
            last_line: String::new(),
            output: String::new(),
        };
        store.save_command(&record).unwrap();
        assert_eq!(outcome(), RunOutcome::Done);
        assert_eq!(
            store.ran_for("i-1").unwrap()["final_message"].outcome,
            RunOutcome::Begun
        );
    }

    #[test]
    fn a_ledger_that_cant_be_used_runs_nothing_and_says_what_to_type() {
        let tree = tempfile::tempdir().unwrap();
        store(&tree).begin_once("runcmd", "i-1", 7, None).unwrap();
        let path = tree.path().join("var/lib/firstlight/ledger.json");
        for (text, words) in [
            ("torn", "mv /var/lib/firstlight/ledger.json"),
            (r#"{"version": 99}"#, "update firstlight"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = store(&tree)
                .begin_once("runcmd", "i-1", 8, None)
                .unwrap_err()
                .to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
