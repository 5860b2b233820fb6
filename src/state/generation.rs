//! Generations: each time a document changed the machine, numbered from 1.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{STATE_VERSION, StateError, Store};
use crate::system::clock::BootTime;
use crate::vocabulary::Stage;

/// One generation, as `generation.json` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Generation {
    /// The version of this format.
    pub version: u32,
    /// Its number.
    pub number: u32,
    /// When it began, in seconds since 1970-01-01 UTC.
    pub created: u64,
    /// The instance it was made for.
    pub instance_id: String,
    /// The source of the document: `nocloud`, `file`.
    pub source: String,
    /// The place in that source.
    pub place: String,
    /// SHA-256 of the document, hexadecimal.
    pub digest: String,
    /// How it stands.
    pub outcome: Outcome,
    /// The modules that it covers (`--only`); empty if it covers all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// The stages that its plan needs. It is finished when the last of them has run.
    #[serde(default)]
    pub needs: BTreeSet<Stage>,
    /// The stages that have run, with their results.
    #[serde(default)]
    pub stages: BTreeMap<Stage, StageRecord>,
    /// What of the document was not applied, and why.
    #[serde(default)]
    pub incomplete: Incomplete,
    /// The deadline for confirming it; absent if it needs no confirmation or is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconfirmed: Option<Deadline>,
    /// Its rollback has begun and not finished: the journal has the rest. `outcome` is the outcome after the rollback.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undoing: bool,
    /// SHA-256 of the source's own seed, if that refers to a document that must be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// SHA-256 of what the source has left after its secrets were overwritten. It is recorded before the values are
    /// overwritten one at a time, so any of several may apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scrubbed: Option<Vec<String>>,
}

/// What of a document was not applied, by remedy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Incomplete {
    /// The errors of the document, one line each. A retry doesn't fix them.
    #[serde(default)]
    pub document: Vec<String>,
    /// The modules that failed or did not finish. Each boot retries them.
    #[serde(default)]
    pub modules: BTreeSet<String>,
}

/// A deadline. It doesn't use the wall clock, which anyone, including the network, can set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Deadline {
    /// The boot that the clock belongs to; the deadline ends with it.
    pub boot_id: String,
    /// Milliseconds of CLOCK_MONOTONIC.
    pub monotonic: u64,
}

impl Deadline {
    /// The moment `after` now.
    pub fn after(now: &BootTime, after: Duration) -> Self {
        Self {
            boot_id: now.boot_id.clone(),
            monotonic: u64::try_from((now.monotonic + after).as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// The seconds left, rounded up; 0 after the deadline.
    pub fn seconds_left(&self, now: &BootTime) -> u64 {
        if self.boot_id != now.boot_id {
            return 0;
        }
        let left = Duration::from_millis(self.monotonic).saturating_sub(now.monotonic);
        u64::try_from(left.as_millis().div_ceil(1000)).unwrap_or(u64::MAX)
    }
}

/// How one stage of a generation went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StageRecord {
    /// How many changes it made.
    pub changed: usize,
    /// How it ended.
    pub outcome: Outcome,
}

/// The outcome of a generation or of one of its stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Outcome {
    /// Everything matches the document.
    Done,
    /// Applied as far as possible; something does not match the document.
    Degraded,
    /// Started and not finished: it is running or was interrupted.
    Running,
    /// It failed, and what it had changed was undone.
    Failed,
    /// It was undone later.
    RolledBack,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::Degraded => "degraded",
            Self::Running => "running",
            Self::Failed => "failed",
            Self::RolledBack => "rolled back",
        })
    }
}

impl Generation {
    /// Whether all or some of its changes are on the machine.
    pub fn is_in_force(&self) -> bool {
        self.undoing || matches!(self.outcome, Outcome::Done | Outcome::Degraded | Outcome::Running)
    }

    /// Whether it covers its whole document.
    pub fn is_whole(&self) -> bool {
        self.scope.is_empty()
    }

    /// Whether no boot has anything left to do for it: every needed stage has run, and every module succeeded or fails
    /// only because of the document; or it was rolled back.
    pub fn is_settled(&self) -> bool {
        match self.outcome {
            Outcome::RolledBack => true,
            Outcome::Done | Outcome::Degraded => {
                self.incomplete.modules.is_empty() && self.stages.keys().max() >= self.needs.iter().max()
            }
            Outcome::Running | Outcome::Failed => false,
        }
    }

    /// Converts a record of version 1, which did not record the failed modules, so all of them are retried once.
    fn into_todays_form(self) -> Self {
        let all = || crate::module::NAMES.into_iter().map(str::to_owned).collect();
        let modules = match self.outcome {
            Outcome::Degraded | Outcome::Running => all(),
            Outcome::Done | Outcome::Failed | Outcome::RolledBack => BTreeSet::new(),
        };
        Self {
            version: STATE_VERSION,
            needs: [Stage::System].into(),
            incomplete: Incomplete {
                modules,
                ..self.incomplete
            },
            ..self
        }
    }

    /// Whether the source may have this digest after its secrets were overwritten: it is the rest of the same document.
    pub fn leaves(&self, digest: &str) -> bool {
        self.scrubbed.iter().flatten().any(|left| left == digest)
    }

    /// The deadline for confirming it, if it is unconfirmed.
    pub fn confirm_by(&self) -> Option<&Deadline> {
        self.unconfirmed.as_ref().filter(|_| self.is_in_force())
    }
}

#[cfg(test)]
impl Generation {
    /// One of a person's file, ended well, for tests.
    pub fn sample() -> Self {
        Self {
            version: STATE_VERSION,
            number: 0,
            created: 0,
            instance_id: "i-1".into(),
            source: "file".into(),
            place: "-".into(),
            digest: "00".into(),
            outcome: Outcome::Done,
            scope: Vec::new(),
            needs: BTreeSet::new(),
            stages: BTreeMap::new(),
            incomplete: Incomplete::default(),
            unconfirmed: None,
            undoing: false,
            pointer: None,
            scrubbed: None,
        }
    }
}

/// The generation whose document had this digest left after its secrets were overwritten. It is the newest generation
/// from a source, without failed ones.
pub fn scrubbed<'a>(generations: &'a [Generation], digest: &str) -> Option<&'a Generation> {
    let newest = generations
        .iter()
        .rev()
        .filter(|generation| generation.source != crate::source::FILE && generation.is_whole())
        .find(|generation| generation.outcome != Outcome::Failed);
    newest.filter(|newest| newest.digest != digest && newest.leaves(digest))
}

impl Store {
    pub(super) fn generation_path(number: u32) -> String {
        Self::path(&format!("generations/{number}"))
    }

    fn record_path(number: u32) -> String {
        format!("{}/generation.json", Self::generation_path(number))
    }

    /// The generations there are, oldest first.
    ///
    /// # Errors
    /// One of them is damaged, or was written by a newer firstlight.
    pub fn generations(&self) -> Result<Vec<Generation>, StateError> {
        let mut numbers: Vec<u32> = self
            .root
            .list(&Self::path("generations"))?
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
        numbers.sort_unstable();
        let found: Result<Vec<_>, _> = numbers.into_iter().map(|number| self.generation(number)).collect();
        // A directory without a record is from a run that crashed before it changed anything.
        Ok(found?.into_iter().flatten().collect())
    }

    /// Generation `number`, if there is one.
    ///
    /// # Errors
    /// It is damaged, or was written by a newer firstlight.
    pub fn generation(&self, number: u32) -> Result<Option<Generation>, StateError> {
        let found = self.read_versioned::<Generation>(&Self::record_path(number))?;
        Ok(found.map(|(version, generation)| match version {
            1 => generation.into_todays_form(),
            _ => generation,
        }))
    }

    /// The newest generation whose changes are on the machine.
    ///
    /// # Errors
    /// As [`Store::generations`].
    pub fn current(&self) -> Result<Option<Generation>, StateError> {
        Ok(self.generations()?.into_iter().rev().find(Generation::is_in_force))
    }

    /// The unconfirmed generation, if there is one.
    ///
    /// # Errors
    /// As [`Store::generations`].
    pub fn unconfirmed(&self) -> Result<Option<Generation>, StateError> {
        let mut newest_first = self.generations()?.into_iter().rev();
        Ok(newest_first.find(|generation| generation.confirm_by().is_some()))
    }

    /// Begins a generation: gives it the next number and writes its record, which is on disk before anything is
    /// changed.
    ///
    /// # Errors
    /// The state directory can't be written.
    pub fn begin(&self, mut generation: Generation) -> Result<Generation, StateError> {
        let names = self.root.list(&Self::path("generations"))?;
        let last = names
            .iter()
            .filter_map(|name| name.parse::<u32>().ok())
            .max()
            .unwrap_or(0);
        generation.number = last + 1;
        self.make(&Self::generation_path(generation.number))?;
        self.put_json(&Self::record_path(generation.number), &generation)?;
        Ok(generation)
    }

    /// Writes a generation's record; it is on disk when this returns.
    ///
    /// # Errors
    /// The state directory can't be written.
    pub fn save(&self, generation: &Generation) -> Result<(), StateError> {
        self.write_json(&Self::record_path(generation.number), generation)
    }

    /// Writes one of a generation's files for people and programs: `plan.json`, `report.json`, `document`. It is on disk
    /// with the generation's record, at the latest.
    ///
    /// # Errors
    /// The state directory can't be written.
    pub fn save_part(&self, number: u32, name: &str, bytes: &[u8]) -> Result<(), StateError> {
        self.put(&format!("{}/{name}", Self::generation_path(number)), bytes, 0o600)
    }

    /// What [`Store::save_part`] has written, if it has.
    ///
    /// # Errors
    /// It can't be read.
    pub fn part(&self, number: u32, name: &str) -> Result<Option<Vec<u8>>, StateError> {
        self.read(&format!("{}/{name}", Self::generation_path(number)))
    }

    /// Where the report of generation `number` is.
    pub fn report_path(number: u32) -> String {
        format!("{}/report.json", Self::generation_path(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Root;

    fn sample() -> Generation {
        Generation {
            version: STATE_VERSION,
            number: 0,
            created: 1,
            instance_id: "i-1".into(),
            source: "file".into(),
            place: "doc.yaml".into(),
            digest: "00".into(),
            outcome: Outcome::Running,
            stages: BTreeMap::from([(
                Stage::Local,
                StageRecord {
                    changed: 1,
                    outcome: Outcome::Done,
                },
            )]),
            unconfirmed: None,
            undoing: false,
            pointer: None,
            scope: Vec::new(),
            needs: BTreeSet::new(),
            incomplete: Incomplete::default(),
            scrubbed: None,
        }
    }

    #[test]
    fn a_deadline_is_of_one_boot() {
        let at = |boot_id: &str, seconds| BootTime {
            boot_id: boot_id.into(),
            monotonic: Duration::from_secs(seconds),
        };
        let deadline = Deadline::after(&at("a", 100), Duration::from_secs(20));
        for (now, left) in [
            (at("a", 100), 20),
            (at("a", 119), 1),
            (at("a", 120), 0),
            (at("a", 500), 0),
            (at("b", 100), 0),
        ] {
            assert_eq!(deadline.seconds_left(&now), left, "{now:?}");
        }
    }

    #[test]
    fn what_is_unconfirmed_is_found_until_it_is_undone() {
        let tree = tempfile::tempdir().unwrap();
        let store = Store::new(Root::open(tree.path()).unwrap());
        let deadline = Deadline {
            boot_id: "a".into(),
            monotonic: 1,
        };
        let trial = Generation {
            outcome: Outcome::Done,
            unconfirmed: Some(deadline),
            ..sample()
        };
        store.begin(sample()).unwrap();
        let trial = store.begin(trial).unwrap();
        assert_eq!(store.unconfirmed().unwrap().as_ref(), Some(&trial));
        let undone = Generation {
            outcome: Outcome::RolledBack,
            undoing: true,
            ..trial
        };
        store.save(&undone).unwrap();
        assert_eq!(store.unconfirmed().unwrap().as_ref(), Some(&undone));
        store
            .save(&Generation {
                undoing: false,
                ..undone
            })
            .unwrap();
        assert_eq!(store.unconfirmed().unwrap(), None);
    }

    #[test]
    fn a_generation_of_before_has_neither() {
        let text = serde_json::to_string(&sample()).unwrap();
        assert!(!text.contains("unconfirmed") && !text.contains("undoing"), "{text}");
        assert_eq!(serde_json::from_str::<Generation>(&text).unwrap(), sample());
    }

    #[test]
    fn generations_are_numbered_and_come_back() {
        let tree = tempfile::tempdir().unwrap();
        let store = Store::new(Root::open(tree.path()).unwrap());
        assert_eq!(store.current().unwrap(), None);
        let first = store.begin(sample()).unwrap();
        let second = store.begin(sample()).unwrap();
        assert_eq!((first.number, second.number), (1, 2));
        store
            .save(&Generation {
                outcome: Outcome::RolledBack,
                ..second
            })
            .unwrap();
        assert_eq!(store.current().unwrap(), Some(first));
        assert_eq!(store.generations().unwrap().len(), 2);
        std::fs::create_dir(tree.path().join("var/lib/firstlight/generations/7")).unwrap();
        assert_eq!(store.generations().unwrap().len(), 2);
        assert_eq!(store.begin(sample()).unwrap().number, 8);
    }

    #[test]
    fn a_newer_state_is_refused_with_its_version() {
        let tree = tempfile::tempdir().unwrap();
        let store = Store::new(Root::open(tree.path()).unwrap());
        store.begin(sample()).unwrap();
        let path = tree.path().join("var/lib/firstlight/generations/1/generation.json");
        std::fs::write(&path, r#"{"version": 99, "unheard": true}"#).unwrap();
        let error = store.generations().unwrap_err().to_string();
        assert!(error.contains("99") && error.contains("update firstlight"), "{error}");
    }
}
