//! What the inventory is once a plan is carried out: worked out, and written, before anything is touched.

use super::baseline::Baseline;
use super::merge3::TakenBack;
use super::plan::{GenerationPlan, ModulePlan};
use crate::document::redact;
use crate::module::{AccountChange, Change, FileChange, Share, UnitAction, UnitChange};
use crate::state::{Inventory, Item, LinkItem, PathItem, PathState, StateError, Thing, digest};
use crate::system::systemd::{disable_links, enable_links, mask_links, unmask_links};
use crate::system::write::parent_of;
use crate::system::{Machine, ReadError, Root, account};

/// What a file takes at least, in bytes, on the file systems there are.
const BLOCK: usize = 4096;

/// What an item of the inventory takes, in bytes, generously.
const ITEM_BYTES: usize = 1024;

/// The next inventory, and the contents that it needs.
#[derive(Debug)]
pub struct NextInventory {
    /// The inventory. What is new in it has the generation 0 until it has a number.
    pub inventory: Inventory,
    /// Contents to be kept.
    pub contents: Vec<Vec<u8>>,
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
            for change in &module.declared {
                taker.add(module, change)?;
            }
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
        store.keep_contents(self.contents.iter().map(Vec::as_slice))?;
        store.begin_inventory(generation, &self.inventory)
    }
}

/// The key of the thing that a change is about; `None` where it is not one that lasts.
pub(super) fn key(change: &Change) -> Option<String> {
    if let Some(path) = change.path() {
        return Some(format!("path {path}"));
    }
    Some(match change {
        Change::Account(AccountChange::GroupMember { group, user } | AccountChange::NotGroupMember { group, user }) => {
            format!("member {group} {user}")
        }
        Change::Account(AccountChange::Password(password)) => format!("password {}", password.user),
        Change::Hostname(_) => "hostname".to_owned(),
        Change::Unit(UnitChange { unit, action }) => match action {
            UnitAction::Enable | UnitAction::Disable => format!("enabled {unit}"),
            UnitAction::Mask | UnitAction::Unmask => format!("masked {unit}"),
            UnitAction::Start | UnitAction::Stop => format!("active {unit}"),
            UnitAction::Restart | UnitAction::Reload => return None,
        },
        _ => return None,
    })
}

struct Taker<'a> {
    baseline: &'a Baseline,
    machine: &'a Machine<'a>,
    /// The files as they would be: a unit that is enabled may be one of them.
    files: &'a Root,
    next: NextInventory,
}

impl Taker<'_> {
    fn add(&mut self, module: &ModulePlan, change: &Change) -> Result<(), ReadError> {
        let missing = module.changes.contains(change);
        match change {
            Change::File(file) => self.file(module, file, missing)?,
            Change::Directory(directory) => {
                let (mode, owner) = (directory.mode, directory.owner);
                self.entry(module, &directory.path, PathState::Directory { mode, owner })?;
            }
            Change::RemoveDirectory(path) => self.entry(module, path, PathState::Absent)?,
            Change::Symlink(link) => {
                let written = match link.target.clone() {
                    Some(target) => PathState::Symlink { target },
                    None => PathState::Absent,
                };
                self.entry(module, &link.path, written)?;
            }
            Change::Account(account) => self.account(module, account)?,
            Change::Hostname(name) => self.put(module, Thing::Hostname { name: name.clone() }),
            Change::Unit(unit) => self.unit(module, unit)?,
            Change::NetworkReload | Change::Command(_) => {}
        }
        Ok(())
    }

    /// An item that is as it was keeps the generation that made it so.
    fn put(&mut self, module: &ModulePlan, thing: Thing) {
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

    /// A directory, a link, or nothing.
    fn entry(&mut self, module: &ModulePlan, path: &str, written: PathState) -> Result<(), ReadError> {
        if written != PathState::Absent {
            self.parents(module, path)?;
        }
        let (before, content) = match self.baseline.inventory.path(path) {
            Some(old) => (old.before.clone(), None),
            None => PathState::look(self.machine.root(), path)?,
        };
        self.next.contents.extend(content);
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

    fn file(&mut self, module: &ModulePlan, file: &FileChange, missing: bool) -> Result<(), ReadError> {
        if file.content.is_some() {
            self.parents(module, &file.path)?;
        }
        let old = self.baseline.inventory.path(&file.path);
        let edit = self.baseline.edit(&file.path).filter(|_| file.share != Share::Whole);
        let is_ours_still = edit.is_some_and(TakenBack::is_intact);
        if let (Some(old), true, false) = (old, is_ours_still, missing) {
            // Somebody else's edit in somebody else's file is not news.
            self.put(module, Thing::Path(old.clone()));
            return Ok(());
        }
        let written = match &file.content {
            Some(content) => PathState::File {
                digest: digest(&content.bytes),
                mode: content.mode,
                owner: content.owner,
            },
            None => PathState::Absent,
        };
        let (before, content) = match (old, edit) {
            // The file was planned from what others made of it: that is what comes back.
            (Some(old), Some(edit)) => {
                let metadata = old.before.metadata().or(old.written.metadata());
                match (&edit.original, metadata) {
                    (Some(bytes), Some((mode, owner))) => {
                        let digest = digest(bytes);
                        (PathState::File { digest, mode, owner }, Some(bytes.clone()))
                    }
                    _ => (PathState::Absent, None),
                }
            }
            (Some(old), None) => (old.before.clone(), None),
            (None, _) => PathState::look(self.machine.root(), &file.path)?,
        };
        if file.existing && before == PathState::Absent {
            // To believe it would mean to remove the file one day.
            return Err(ReadError {
                what: "plan for",
                path: file.path.clone(),
                why: "it was there, and is gone now: something else is changing this machine; try again".to_owned(),
            });
        }
        let new = file.content.as_ref();
        let secret = file.secret || new.is_some_and(|content| holds_a_secret(&content.bytes));
        // A secret that was there already is not ours to keep.
        self.next
            .contents
            .extend(content.filter(|_| !secret || before.digest() != written.digest()));
        let new = new.filter(|_| !secret);
        self.next.contents.extend(new.map(|content| content.bytes.clone()));
        let item = PathItem {
            path: file.path.clone(),
            before,
            written,
            share: file.share,
            secret,
            lasting: file.lasting,
            dirties: file.dirties.clone(),
        };
        self.put(module, Thing::Path(item));
        Ok(())
    }

    /// The directories on the way that are not there yet are made too.
    fn parents(&mut self, module: &ModulePlan, path: &str) -> Result<(), ReadError> {
        let root = self.machine.root();
        let mut parent = parent_of(path);
        while parent != "/" && !root.exists(parent)? {
            // A directory that is asked for by itself has a mode of its own.
            let known = self.next.inventory.path(parent);
            if known.is_some_and(|known| matches!(known.written, PathState::Directory { .. })) {
                parent = parent_of(parent);
                continue;
            }
            let item = PathItem {
                path: parent.to_owned(),
                before: PathState::Absent,
                written: PathState::Directory {
                    mode: 0o755,
                    owner: (0, 0),
                },
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

    fn account(&mut self, module: &ModulePlan, change: &AccountChange) -> Result<(), ReadError> {
        let thing = match change {
            AccountChange::Password(password) => Thing::Password {
                user: password.user.clone(),
                digest: password.hash.as_ref().map(|hash| digest(hash.expose().as_bytes())),
                expired: password.last_change == Some(0),
            },
            AccountChange::GroupMember { group, user } => {
                let before = match self.baseline.inventory.items.get(&format!("member {group} {user}")) {
                    Some(Item {
                        thing: Thing::Member { before, .. },
                        ..
                    }) => *before,
                    _ => is_member(self.machine.root(), group, user)?,
                };
                Thing::Member {
                    group: group.clone(),
                    user: user.clone(),
                    before,
                }
            }
            AccountChange::NotGroupMember { .. } => return Ok(()),
        };
        self.put(module, thing);
        Ok(())
    }

    fn unit(&mut self, module: &ModulePlan, change: &UnitChange) -> Result<(), ReadError> {
        let unit = change.unit.clone();
        let old = key(&Change::Unit(change.clone())).and_then(|key| self.baseline.inventory.items.get(&key));
        let old = old.map(|item| &item.thing);
        let thing = match change.action {
            UnitAction::Restart | UnitAction::Reload => return Ok(()),
            UnitAction::Start | UnitAction::Stop => {
                let runs = self.machine.unit(&unit).is_some_and(crate::system::UnitFacts::runs);
                let before = match old {
                    Some(Thing::UnitActive { before, .. }) => *before,
                    _ => runs,
                };
                let written = change.action == UnitAction::Start;
                Thing::UnitActive { unit, before, written }
            }
            action => {
                let links = self.links(module, change, old)?;
                Thing::UnitFile { unit, action, links }
            }
        };
        self.put(module, thing);
        Ok(())
    }

    /// The links that the change makes and removes now, and those that an earlier one did.
    fn links(
        &mut self,
        module: &ModulePlan,
        change: &UnitChange,
        old: Option<&Thing>,
    ) -> Result<Vec<LinkItem>, ReadError> {
        let (root, unit) = (self.machine.root(), change.unit.as_str());
        let new = match change.action {
            UnitAction::Enable => enable_links(self.files, unit),
            UnitAction::Disable => disable_links(self.files, unit),
            UnitAction::Mask => mask_links(self.files, unit),
            _ => unmask_links(self.files, unit),
        };
        let mut links = match old {
            Some(Thing::UnitFile { links, .. }) => links.clone(),
            _ => Vec::new(),
        };
        // What can't be told fails when it is done, with its own words.
        for link in new.unwrap_or_default() {
            if link.target.is_some() {
                self.parents(module, &link.path)?;
            }
            match links.iter_mut().find(|known| known.path == link.path) {
                Some(known) => known.written = link.target,
                None => links.push(LinkItem {
                    before: root.read_link(&link.path)?,
                    path: link.path,
                    written: link.target,
                }),
            }
        }
        Ok(links)
    }
}

fn holds_a_secret(bytes: &[u8]) -> bool {
    !redact::secrets(&String::from_utf8_lossy(bytes)).is_empty()
}

/// Whether an account is listed as a member of a group.
pub(super) fn is_member(root: &Root, group: &str, user: &str) -> Result<bool, ReadError> {
    let bytes = root.read(account::AccountFile::Group.path())?.unwrap_or_default();
    Ok(account::group::has_member(&bytes, group, user) == Some(true))
}
