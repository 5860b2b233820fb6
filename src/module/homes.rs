//! The home directories of persons: accounts with the numbers that login.defs(5) gives people.

use std::collections::BTreeMap;

use crate::system::account::login_defs::LoginDefs;
use crate::system::account::passwd;
use crate::system::{Machine, ReadError};

/// Home directories, and whose they are.
#[derive(Debug, Default)]
pub(super) struct Homes {
    owners: BTreeMap<String, (u32, u32)>,
    /// The mode of a new one.
    pub(super) mode: u32,
}

impl Homes {
    /// Those of the machine's accounts.
    ///
    /// # Errors
    /// A file of accounts can't be read.
    pub(super) fn read(machine: &Machine<'_>) -> Result<Self, ReadError> {
        let passwords = machine.root().read("/etc/passwd")?.unwrap_or_default();
        let defs = LoginDefs::read(machine)?;
        let persons = defs.uids(false);
        let accounts = passwd::all(&passwords).into_iter();
        let owners = accounts.filter_map(|(_, account)| {
            let owner = (account.uid.filter(|uid| persons.contains(uid))?, account.gid?);
            let home = account.home.trim_end_matches('/');
            home.starts_with('/').then(|| (home.to_owned(), owner))
        });
        Ok(Self {
            owners: owners.collect(),
            mode: defs.home_mode(),
        })
    }

    /// Whose home directory this is.
    pub(super) fn owner(&self, directory: &str) -> Option<(u32, u32)> {
        self.owners.get(directory).copied()
    }
}
