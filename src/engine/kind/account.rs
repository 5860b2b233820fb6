//! One entry of an account file, edited under the lock `/etc/.pwd.lock`.

mod group;
mod member;
mod password;
mod user;

use super::path::take_away_prepared;
use super::{Acting, ChangeKind, TakingBack, UndoKind, nothing};
use crate::engine::act::{ActError, Scene};
use crate::engine::batch::Batch;
use crate::engine::next_inventory::Taker;
use crate::engine::plan::ModulePlan;
use crate::engine::preflight::{Needs, PreflightError};
use crate::engine::undo::Back;
use crate::engine::view::{ChangeView, view};
use crate::module::AccountChange;
use crate::state::{AccountEntryUndo, Record, Undo};
use crate::system::{Imagined, Kind, Machine, ReadError, Root, System, account};

/// By how much an account file grows with one entry, in bytes, at most.
const ENTRY_BYTES: u64 = 1024;

impl ChangeKind for AccountChange {
    fn key(&self) -> Option<String> {
        Some(match self {
            Self::User(user) => format!("account {}", user.name),
            Self::NoUser { name } => format!("account {name}"),
            Self::Group { name, .. } | Self::NoGroup { name } => format!("group {name}"),
            Self::GroupMember { group, user } | Self::NotGroupMember { group, user } => {
                format!("member {group} {user}")
            }
            Self::Password(password) => format!("password {}", password.user),
        })
    }

    fn view(&self, root: &Root) -> Result<ChangeView, ReadError> {
        Ok(match self {
            Self::User(user) => user::view_user(user, root)?,
            Self::NoUser { name } => view("account", name, "remove", "account removed; its home directory stays"),
            Self::Group { name, gid, .. } => view("group", name, "create", &format!("group {name}, number {gid}")),
            Self::NoGroup { name } => view("group", name, "remove", "group removed"),
            Self::Password(password) => password::view_password(password),
            Self::GroupMember { group, user } => {
                view("account", user, "modify", &format!("becomes a member of {group}"))
            }
            Self::NotGroupMember { group, user } => {
                let how = format!("is no longer a member of {group}");
                view("account", user, "modify", &how)
            }
        })
    }

    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        for file in account::files(self) {
            let holds = match machine.root().read(file.path())? {
                Some(bytes) => account::holds(self, *file, &bytes),
                None => file.is_optional(),
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn edits(&self) -> Vec<&'static str> {
        account::files(self).iter().map(|file| file.path()).collect()
    }

    fn imagine(&self, files: &mut Root) -> Result<(), ReadError> {
        imagine_account(files, self)
    }

    fn need(&self, needs: &mut Needs<'_>, system: &System) -> Result<(), PreflightError> {
        for file in account::files(self) {
            let size = system
                .root
                .metadata_followed(file.path())?
                .map_or(0, |there| there.size);
            needs.add(file.path(), size.saturating_add(ENTRY_BYTES), 1)?;
            needs.add_record(ENTRY_BYTES)?;
        }
        Ok(())
    }

    fn remember(&self, taker: &mut Taker<'_>, module: &ModulePlan, _missing: bool) -> Result<(), ReadError> {
        let thing = match self {
            Self::User(user) => user::item(user, taker)?,
            Self::Group { name, .. } => group::item(name, taker)?,
            Self::Password(password) => password::item(password),
            Self::GroupMember { group, user } => member::item(group, user, taker)?,
            Self::NoUser { .. } | Self::NoGroup { .. } | Self::NotGroupMember { .. } => return Ok(()),
        };
        taker.put(module, thing);
        Ok(())
    }

    fn is_of_files(&self, _system: &System) -> bool {
        true
    }

    fn prepare(&self, batch: &mut Batch<'_>, module: &str) -> Result<(), ActError> {
        batch.add_account(module, self)
    }

    fn act<'a>(&'a self, _scene: &'a Scene<'a>) -> Acting<'a> {
        nothing()
    }
}

impl UndoKind for AccountEntryUndo {
    fn in_words(&self) -> Option<String> {
        Some(format!("restored {} in {}", self.name, self.path))
    }

    fn take_back<'a>(&'a self, scene: &'a Scene<'a>, record: &'a Record) -> TakingBack<'a> {
        Box::pin(std::future::ready(put_back(self, scene, record).map(|()| Back::Taken)))
    }
}

fn imagine_account(files: &mut Root, change: &AccountChange) -> Result<(), ReadError> {
    for file in account::files(change) {
        let Some(there) = files
            .metadata_followed(file.path())?
            .filter(|there| there.kind == Kind::File)
        else {
            continue;
        };
        let before = files.read(file.path())?.unwrap_or_default();
        let Ok(after) = account::apply(change, *file, &before) else {
            continue;
        };
        let entry = Imagined::File {
            bytes: after.into(),
            mode: there.mode,
            owner: (there.uid, there.gid),
        };
        files.imagine(file.path(), Some(entry))?;
    }
    Ok(())
}

impl Batch<'_> {
    fn add_account(&mut self, module: &str, change: &AccountChange) -> Result<(), ActError> {
        self.take_lock()?;
        let root = &self.system.root;
        for file in account::files(change) {
            let path = file.path();
            if root
                .metadata_followed(path)?
                .is_none_or(|there| there.kind != Kind::File)
            {
                if file.is_optional() {
                    continue;
                }
                let why = "it doesn't exist".to_owned();
                return Err(ReadError {
                    what: "read",
                    path: path.to_owned(),
                    why,
                }
                .into());
            }
            let old = match self.accounts.get(path) {
                Some(staged) => staged.clone(),
                None => root.read(path)?.unwrap_or_default(),
            };
            let new = account::apply(change, *file, &old)?;
            if new == old {
                continue;
            }
            let name = entry_name(change).to_owned();
            let line = account::restore::line(&old, &name);
            let image = line
                .map(|line| self.store.keep_image(self.generation, line))
                .transpose()?;
            let undo = Undo::AccountEntry(AccountEntryUndo {
                path: path.to_owned(),
                name,
                image,
            });
            self.push_account(module, undo, change, *file);
            self.accounts.insert(path, new);
        }
        Ok(())
    }
}

/// The name of the entry that a change is about, the first field of its line.
fn entry_name(change: &AccountChange) -> &str {
    match change {
        AccountChange::User(user) => &user.name,
        AccountChange::NoUser { name } | AccountChange::Group { name, .. } | AccountChange::NoGroup { name } => name,
        AccountChange::Password(password) => &password.user,
        AccountChange::GroupMember { group, .. } | AccountChange::NotGroupMember { group, .. } => group,
    }
}

/// The other entries stay as they are.
fn put_back(undo: &AccountEntryUndo, scene: &Scene<'_>, record: &Record) -> Result<(), ActError> {
    if take_away_prepared(scene, record)? {
        return Ok(());
    }
    let (system, path) = (scene.system, undo.path.as_str());
    let image = undo.image.as_ref();
    let line = image
        .map(|image| scene.store.image(scene.generation, image))
        .transpose()?;
    let _lock = system.lock_accounts()?;
    let Some(as_is) = system.root.metadata_followed(path)? else {
        return Ok(());
    };
    let now = system.root.read(path)?.unwrap_or_default();
    let restored = account::restore::with_line(&now, &undo.name, line.as_deref());
    if restored == now {
        return Ok(());
    }
    Ok(system
        .writer
        .write_file(path, &restored, as_is.mode, (as_is.uid, as_is.gid))?)
}
