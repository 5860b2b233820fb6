//! The account files as the changes planned so far make them: numbers are chosen, and looked up, in these.

use std::collections::{BTreeMap, BTreeSet};

use super::home;
use crate::document::GroupName;
use crate::document::users::Uid;
use crate::module::{AccountChange, Change, PlanError, Subordinate};
use crate::system::account::login_defs::LoginDefs;
use crate::system::account::passwd::PasswdEntry;
use crate::system::account::{self, AccountFile, free, group, passwd, subordinate};
use crate::system::{Kind, Machine, ReadError, write};

/// The account files.
pub struct Files {
    contents: BTreeMap<&'static str, Vec<u8>>,
    /// What new accounts are like here.
    pub defs: LoginDefs,
    /// The owners of home directories: the number of one whose account is gone is nobody else's.
    owners: BTreeSet<u32>,
    /// The numbers that accounts of the document ask for.
    reserved: BTreeSet<u32>,
    /// The home directories of the accounts planned so far, with whose they are.
    homes: BTreeMap<String, String>,
    /// The groups that were asked for so far.
    asked: BTreeSet<String>,
}

/// All account files.
const ALL: [AccountFile; 6] = [
    AccountFile::Passwd,
    AccountFile::Shadow,
    AccountFile::Group,
    AccountFile::Gshadow,
    AccountFile::Subuid,
    AccountFile::Subgid,
];

impl Files {
    /// Those of the machine.
    ///
    /// # Errors
    /// One that every machine has is not there, or one can't be read.
    pub fn read(machine: &Machine<'_>) -> Result<Self, PlanError> {
        let mut contents = BTreeMap::new();
        for file in ALL {
            match machine.root().read(file.path())? {
                Some(bytes) => drop(contents.insert(file.path(), bytes)),
                None if file.is_optional() => {}
                None => {
                    let error = PlanError::at(&[], format!("the machine has no {file}"));
                    return Err(error.hint("is this the root directory of a machine?"));
                }
            }
        }
        let defs = LoginDefs::read(machine)?;
        let owners = owners(defs.homes(), machine)?;
        Ok(Self {
            contents,
            defs,
            owners,
            reserved: BTreeSet::new(),
            homes: BTreeMap::new(),
            asked: BTreeSet::new(),
        })
    }

    /// Keeps the numbers that accounts of the document ask for from being given to others.
    pub fn reserve(&mut self, uids: impl Iterator<Item = Uid>) {
        self.reserved.extend(uids.map(Uid::get));
    }

    /// Takes in the home directory of a new account, or says why it can't be that: it is another account's, within one, or
    /// has one within it, or the system needs it. `is_made`: whether it becomes the account's.
    ///
    /// # Errors
    /// It can't be: why.
    pub fn take_home(&mut self, home: &str, name: &str, is_made: bool) -> Result<(), String> {
        let meets = |other: &str| home::is_within(home, other) || home::is_within(other, home);
        if let Some((_, name)) = self.homes.iter().find(|(other, _)| meets(other)) {
            return Err(format!("meets that of `{name}`"));
        }
        let others = passwd::all(self.bytes(AccountFile::Passwd));
        if let Some(why) = home::objection(home, is_made, &others, &self.defs.uids(false)) {
            return Err(why);
        }
        self.homes.insert(home.to_owned(), name.to_owned());
        Ok(())
    }

    fn bytes(&self, file: AccountFile) -> &[u8] {
        self.contents.get(file.path()).map_or(&[], Vec::as_slice)
    }

    /// The entry of an account.
    pub fn account(&self, name: &str) -> Option<PasswdEntry> {
        passwd::entry(self.bytes(AccountFile::Passwd), name)
    }

    /// Whether there is such an account.
    pub fn has_account(&self, name: &str) -> bool {
        self.account(name).is_some()
    }

    /// The name of the account with this number.
    pub fn owner_of(&self, uid: u32) -> Option<String> {
        let all = passwd::numbers(self.bytes(AccountFile::Passwd));
        all.into_iter().find(|(_, number)| *number == uid).map(|(name, _)| name)
    }

    /// The number of a group.
    pub fn group(&self, name: &str) -> Option<u32> {
        group::number(self.bytes(AccountFile::Group), name)
    }

    /// Whether the machine had this group before the document asked for it.
    pub fn is_of_the_machine(&self, group: &str) -> bool {
        self.group(group).is_some() && !self.asked.contains(group)
    }

    /// Whether there is a group with this number.
    pub fn has_group(&self, gid: u32) -> bool {
        group::numbers(self.bytes(AccountFile::Group))
            .iter()
            .any(|(_, number)| *number == gid)
    }

    /// Takes a change in, so that what is planned next builds on it.
    ///
    /// # Errors
    /// An entry is damaged: what is wrong with it.
    pub fn add(&mut self, change: &AccountChange) -> Result<(), String> {
        for file in account::files(change) {
            if let Some(bytes) = self.contents.get_mut(file.path()) {
                *bytes = account::apply(change, *file, bytes).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    /// The change that a group needs to exist; `None` where it was asked for before.
    ///
    /// # Errors
    /// There is no free number, or its entry is damaged.
    pub fn ensure_group(&mut self, name: &GroupName) -> Result<Option<Change>, String> {
        self.ensure_group_near(name, false, None)
    }

    /// The same for a group of the system's own, or with this number if it is free.
    ///
    /// # Errors
    /// As [`Self::ensure_group`].
    pub fn ensure_group_near(
        &mut self,
        name: &GroupName,
        system: bool,
        near: Option<u32>,
    ) -> Result<Option<Change>, String> {
        let all = group::numbers(self.bytes(AccountFile::Group)).into_iter();
        let taken: BTreeSet<u32> = all.map(|(_, number)| number).collect();
        let there = self.group(name.as_str());
        let gid = there
            .or(near.filter(|near| !taken.contains(near)))
            .or_else(|| free_number(&self.defs.gids(system), &taken, system))
            .ok_or_else(|| format!("no number is free for the group `{name}` (login.defs(5))"))?;
        let (name, is_new) = (name.to_string(), there.is_none());
        let is_asked_first = self.asked.insert(name.clone());
        let change = AccountChange::Group { name, gid, is_new };
        self.add(&change)?;
        Ok(is_asked_first.then_some(Change::Account(change)))
    }

    /// That the group with this number stays; `None` where there is none, or it was asked for before.
    pub fn keep_group(&mut self, gid: u32) -> Option<Change> {
        let all = group::numbers(self.bytes(AccountFile::Group));
        let (name, gid) = all.into_iter().find(|(_, number)| *number == gid)?;
        let is_asked_first = self.asked.insert(name.clone());
        let is_new = false;
        is_asked_first.then_some(Change::Account(AccountChange::Group { name, gid, is_new }))
    }

    /// A free number for a new account.
    pub fn free_uid(&self, system: bool) -> Option<u32> {
        let all = passwd::numbers(self.bytes(AccountFile::Passwd)).into_iter();
        let left = self.owners.iter().chain(&self.reserved).copied();
        let taken = all.map(|(_, number)| number).chain(left);
        free_number(&self.defs.uids(system), &taken.collect(), system)
    }

    /// The number, and the group's, of an account that is gone and left this home directory, where both can be given again.
    ///
    /// # Errors
    /// The directory can't be looked at.
    pub fn left_behind(
        &self,
        home: &str,
        system: bool,
        machine: &Machine<'_>,
    ) -> Result<Option<(u32, Option<u32>)>, ReadError> {
        let there = machine.root().metadata(home)?;
        let Some(there) = there.filter(|there| there.kind == Kind::Directory && write::may_own()) else {
            return Ok(None);
        };
        let is_free = self.defs.uids(system).contains(&there.uid)
            && self.owner_of(there.uid).is_none()
            && !self.reserved.contains(&there.uid);
        let is_group_free = self.defs.gids(system).contains(&there.gid) && !self.has_group(there.gid);
        Ok(is_free.then_some((there.uid, is_group_free.then_some(there.gid))))
    }

    /// Free subordinate numbers for a new account, where the machine gives any.
    pub fn free_subordinate(&self, name: &str) -> Option<Subordinate> {
        let (uids, gids) = (self.contents.get("/etc/subuid")?, self.contents.get("/etc/subgid")?);
        if subordinate::has(uids, name) || subordinate::has(gids, name) {
            return None;
        }
        let (within, count) = self.defs.subordinate_uids();
        let uid = subordinate::gap(uids, within, count).filter(|_| count > 0)?;
        let gid = subordinate::gap(gids, self.defs.subordinate_gids().0, count)?;
        Some(Subordinate { uid, gid, count })
    }
}

fn free_number(within: &std::ops::RangeInclusive<u32>, taken: &BTreeSet<u32>, system: bool) -> Option<u32> {
    match system {
        true => free::of_the_system(within, taken),
        false => free::of_persons(within, taken),
    }
}

/// The owners of the directories in `homes`.
fn owners(homes: &str, machine: &Machine<'_>) -> Result<BTreeSet<u32>, PlanError> {
    let mut owners = BTreeSet::new();
    if !machine
        .metadata(homes)?
        .is_some_and(|there| there.kind == Kind::Directory)
    {
        return Ok(owners);
    }
    for name in machine.root().list(homes)? {
        owners.extend(machine.metadata(&format!("{homes}/{name}"))?.map(|there| there.uid));
    }
    Ok(owners)
}
