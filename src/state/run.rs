//! The state of this boot, in `/run/firstlight`; it is gone with the next boot.
//!
//! `seed/` holds what the local stage found, secrets included, for the system stage; it is in memory, for root only, and
//! removed as soon as the system stage has read it. It does not outlive a power cut, so nothing of it waits for a disk.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{StateError, Store};
use crate::source::{Part, Seed};

/// Where this boot's state lives.
pub const RUN_DIRECTORY: &str = "/run/firstlight";

/// While this file exists, a failure of firstlight's units stops the boot; `firstlight-emergency.service` checks it.
const EMERGENCY: &str = "/run/firstlight/emergency";

/// While this file exists, `firstlight.service` is skipped: the system stage has nothing left to do.
const COMPLETE: &str = "/run/firstlight/complete";

const SEED_DIRECTORY: &str = "/run/firstlight/seed";

#[derive(Serialize, Deserialize)]
struct Origins {
    source: String,
    place: String,
    parts: Vec<(String, String)>,
    /// As it was written, a password included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seedfrom: Option<String>,
}

impl Store {
    /// Passes a seed to the next stage of this boot.
    ///
    /// # Errors
    /// `/run/firstlight` can't be written.
    pub fn hand_on(&self, seed: &Seed) -> Result<(), StateError> {
        self.make_run(SEED_DIRECTORY)?;
        let mut origins = Origins {
            source: seed.source.to_owned(),
            place: seed.place.clone(),
            parts: Vec::new(),
            seedfrom: seed.seedfrom.as_ref().map(|address| address.written().to_owned()),
        };
        for (name, part) in seed.parts() {
            self.put(&format!("{SEED_DIRECTORY}/{name}"), &part.bytes, 0o600)?;
            origins.parts.push((name.to_owned(), part.origin.clone()));
        }
        self.put_json(&format!("{SEED_DIRECTORY}/origins.json"), &origins)
    }

    /// The seed that an earlier stage of this boot passed on, if there is one.
    ///
    /// # Errors
    /// It can't be read.
    pub fn handed_on(&self) -> Result<Option<Seed>, StateError> {
        let Some(origins) = self.read_json::<Origins>(&format!("{SEED_DIRECTORY}/origins.json"))? else {
            return Ok(None);
        };
        let mut seed = Seed::empty(&origins.source, origins.place);
        seed.seedfrom = origins.seedfrom.and_then(|address| address.parse().ok());
        for (name, origin) in origins.parts {
            if let Some(bytes) = self.read(&format!("{SEED_DIRECTORY}/{name}"))? {
                // The stage that passed it on has checked its signature.
                seed.set(&name, Part::new(origin, bytes).settled());
            }
        }
        Ok(Some(seed))
    }

    /// Removes the seed that was passed on.
    ///
    /// # Errors
    /// It can't be removed.
    pub fn forget_handed_on(&self) -> Result<(), StateError> {
        for name in self.root.list(SEED_DIRECTORY)? {
            self.writer.discard(&format!("{SEED_DIRECTORY}/{name}"))?;
        }
        Ok(self.writer.discard_directory(SEED_DIRECTORY)?)
    }

    /// Writes a file of this boot that everybody may read: `status.json`, `result.json`.
    ///
    /// # Errors
    /// `/run/firstlight` can't be written.
    pub fn publish(&self, name: &str, bytes: &[u8]) -> Result<(), StateError> {
        self.make_run(RUN_DIRECTORY)?;
        self.put(&Self::run_path(name), bytes, 0o644)
    }

    /// Removes what was published under this name.
    ///
    /// # Errors
    /// `/run/firstlight` can't be written.
    pub fn forget_published(&self, name: &str) -> Result<(), StateError> {
        Ok(self.writer.discard(&Self::run_path(name))?)
    }

    /// A file that was published in this boot.
    ///
    /// # Errors
    /// It can't be read.
    pub fn published(&self, name: &str) -> Result<Option<Vec<u8>>, StateError> {
        self.read(&Self::run_path(name))
    }

    /// Notes something for the next stage of this boot, which takes it with [`Store::take_noted`].
    ///
    /// # Errors
    /// `/run/firstlight` can't be written.
    pub fn note<T: Serialize>(&self, name: &str, value: &T) -> Result<(), StateError> {
        self.make_run(RUN_DIRECTORY)?;
        self.put_json(&Self::run_path(name), value)
    }

    /// What an earlier stage of this boot has noted, once.
    ///
    /// # Errors
    /// It can't be read or removed, or is not what was written.
    pub fn take_noted<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StateError> {
        let path = Self::run_path(name);
        let noted = self.read_json(&path)?;
        if noted.is_some() {
            self.writer.discard(&path)?;
        }
        Ok(noted)
    }

    /// From here on a failure stops the boot; a crash and the units' time limit are failures too.
    ///
    /// # Errors
    /// `/run/firstlight` can't be written.
    pub fn arm_emergency(&self) -> Result<(), StateError> {
        self.make_run(RUN_DIRECTORY)?;
        self.put(EMERGENCY, b"", 0o600)
    }

    /// A failure no longer stops the boot.
    ///
    /// # Errors
    /// `/run/firstlight` can't be written.
    pub fn disarm_emergency(&self) -> Result<(), StateError> {
        Ok(self.writer.discard(EMERGENCY)?)
    }

    /// Nothing is left for the system stage of this boot: its unit is skipped.
    ///
    /// # Errors
    /// `/run/firstlight` can't be written.
    pub fn skip_system_stage(&self) -> Result<(), StateError> {
        self.make_run(RUN_DIRECTORY)?;
        self.put(COMPLETE, b"", 0o600)
    }

    /// The system stage is not to be skipped.
    ///
    /// # Errors
    /// `/run/firstlight` can't be written.
    pub fn ask_for_system_stage(&self) -> Result<(), StateError> {
        Ok(self.writer.discard(COMPLETE)?)
    }

    /// Where what is published under this name is.
    pub fn run_path(name: &str) -> String {
        format!("{RUN_DIRECTORY}/{name}")
    }

    fn make_run(&self, path: &str) -> Result<(), StateError> {
        for missing in self.writer.missing_parents(&format!("{path}/x"))? {
            let mode = if missing == SEED_DIRECTORY { 0o700 } else { 0o755 };
            self.writer.stage_directory(&missing, mode, super::current_owner())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Root;

    #[test]
    fn an_emergency_is_a_file_that_the_unit_looks_for() {
        let tree = tempfile::tempdir().unwrap();
        let store = Store::new(Root::open(tree.path()).unwrap());
        let unit = include_str!("../../units/firstlight-emergency.service");
        assert!(unit.contains(&format!("\nConditionPathExists={EMERGENCY}\n")));
        store.disarm_emergency().unwrap();
        store.arm_emergency().unwrap();
        assert!(tree.path().join(&EMERGENCY[1..]).exists());
        store.disarm_emergency().unwrap();
        assert!(!tree.path().join(&EMERGENCY[1..]).exists());
    }

    /// Only this unit checks the file: the local stage and a requested fetch are never skipped.
    #[test]
    fn the_system_stage_is_skipped_by_a_file_that_its_unit_looks_for() {
        let tree = tempfile::tempdir().unwrap();
        let store = Store::new(Root::open(tree.path()).unwrap());
        let skipped = include_str!("../../units/firstlight.service");
        assert!(skipped.contains(&format!("\nConditionPathExists=!{COMPLETE}\n")));
        for unit in [
            include_str!("../../units/firstlight-local.service"),
            include_str!("../../units/firstlight-final.service"),
        ] {
            assert!(!unit.contains(COMPLETE));
        }
        store.ask_for_system_stage().unwrap();
        store.skip_system_stage().unwrap();
        assert!(tree.path().join(&COMPLETE[1..]).exists());
        store.ask_for_system_stage().unwrap();
        assert!(!tree.path().join(&COMPLETE[1..]).exists());
    }

    #[test]
    fn a_seed_is_handed_on_once() {
        let tree = tempfile::tempdir().unwrap();
        let store = Store::new(Root::open(tree.path()).unwrap());
        assert_eq!(store.handed_on().unwrap(), None);
        let mut seed = Seed::empty("nocloud", "/dev/sr0".into());
        seed.set(
            "user-data",
            Part::new("/dev/sr0:user-data", b"hostname: web1\n").settled(),
        );
        seed.seedfrom = Some("https://me:hunter2@seeds.example.test/".parse().unwrap());
        store.hand_on(&seed).unwrap();
        assert_eq!(store.handed_on().unwrap(), Some(seed));
        store.forget_handed_on().unwrap();
        assert_eq!(store.handed_on().unwrap(), None);
        assert!(!tree.path().join("run/firstlight/seed").exists());
    }
}
