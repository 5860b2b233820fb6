//! The public keys that other sites had when they were last asked: what a site can't say now is what it said then.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{STATE_DIRECTORY, STATE_VERSION, StateError, Store};

const NAME: &str = "imported-keys.json";

#[derive(Debug, Default, Serialize, Deserialize)]
struct ImportedKeys {
    version: u32,
    /// The lines, by whose they are: `gh:octocat`.
    keys: BTreeMap<String, Vec<String>>,
}

impl Store {
    /// The lines of keys, by whose they are.
    ///
    /// # Errors
    /// The record is damaged, or was written by a newer firstlight.
    pub fn imported_keys(&self) -> Result<BTreeMap<String, Vec<String>>, StateError> {
        let found = self.read_versioned(&Self::path(NAME))?;
        Ok(found.map_or_else(BTreeMap::new, |(_, ImportedKeys { keys, .. })| keys))
    }

    /// Keeps these, and no others.
    ///
    /// # Errors
    /// The record can't be read or written.
    pub fn keep_imported_keys(&self, keys: BTreeMap<String, Vec<String>>) -> Result<(), StateError> {
        if self.imported_keys().is_ok_and(|kept| kept == keys) {
            return Ok(());
        }
        self.make(STATE_DIRECTORY)?;
        let version = STATE_VERSION;
        self.write_json(&Self::path(NAME), &ImportedKeys { version, keys })
    }
}
