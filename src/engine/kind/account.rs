//! One entry of an account file, edited under the lock `/etc/.pwd.lock`.

use super::path::take_away_prepared;
use super::{Acting, ChangeKind, TakingBack, ThingKind, UndoKind, nothing};
use crate::engine::act::{ActError, Scene};
use crate::engine::baseline::Baseline;
use crate::engine::batch::{Batch, Prepared};
use crate::engine::drift::Drifted;
use crate::engine::next_inventory::Taker;
use crate::engine::plan::ModulePlan;
use crate::engine::preflight::{Needs, PreflightError};
use crate::engine::release::Release;
use crate::engine::undo::Back;
use crate::engine::view::{ChangeView, view};
use crate::module::{AccountChange, Change, PasswordChange};
use crate::state::{AccountEntryUndo, MemberItem, PasswordItem, Record, StateError, Thing, Undo, digest};
use crate::system::clock::date;
use crate::system::{Imagined, Kind, Machine, ReadError, Root, System, Writer, account};

/// By how much an account file grows with one entry, in bytes, at most.
const ENTRY_BYTES: u64 = 1024;

impl ChangeKind for AccountChange {
    fn key(&self) -> Option<String> {
        Some(match self {
            Self::GroupMember { group, user } | Self::NotGroupMember { group, user } => {
                format!("member {group} {user}")
            }
            Self::Password(password) => format!("password {}", password.user),
        })
    }

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        Ok(view_account(self))
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
        remember(self, taker, module)
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

impl ThingKind for MemberItem {
    fn release(&self, _generation: u32, _machine: &Machine<'_>, _baseline: &Baseline) -> Result<Release, StateError> {
        let (group, user) = (self.group.clone(), self.user.clone());
        let leaves = Change::Account(AccountChange::NotGroupMember { group, user });
        Ok(Release::by((!self.before).then_some(leaves)))
    }

    fn drift(&self, machine: &Machine<'_>, _baseline: &Baseline) -> Result<Option<Drifted>, StateError> {
        let left = || {
            Drifted::new(
                "account",
                &self.user,
                format!("is no longer a member of {}", self.group),
            )
        };
        Ok((!is_member(machine.root(), &self.group, &self.user)?).then(left))
    }
}

impl ThingKind for PasswordItem {
    fn release(&self, _generation: u32, _machine: &Machine<'_>, _baseline: &Baseline) -> Result<Release, StateError> {
        if self.digest.is_none() {
            return Ok(Release::default());
        }
        Ok(Release::stays(format!(
            "the document no longer sets a password for {}; the current password stays, and an earlier one is never \
             restored",
            self.user
        )))
    }

    fn drift(&self, machine: &Machine<'_>, _baseline: &Baseline) -> Result<Option<Drifted>, StateError> {
        let how = password_drift(self, machine.root())?;
        Ok(how.map(|how| Drifted::new("account", &self.user, how)))
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

fn view_account(change: &AccountChange) -> ChangeView {
    match change {
        AccountChange::Password(password) => {
            let hash = if password.hash.is_some() { "password set, " } else { "" };
            let day = describe_day(password);
            let expiry = if password.clear_expiry {
                ", account expiry cleared"
            } else {
                ""
            };
            view("account", &password.user, "modify", &format!("{hash}{day}{expiry}"))
        }
        AccountChange::GroupMember { group, user } => {
            view("account", user, "modify", &format!("becomes a member of {group}"))
        }
        AccountChange::NotGroupMember { group, user } => {
            let how = format!("is no longer a member of {group}");
            view("account", user, "modify", &how)
        }
    }
}

fn describe_day(password: &PasswordChange) -> String {
    match password.last_change {
        Some(0) => "must be changed at the next login".to_owned(),
        Some(day) => format!("last changed on {}", date(day.into())),
        None => "without a date of its last change".to_owned(),
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

fn remember(change: &AccountChange, taker: &mut Taker<'_>, module: &ModulePlan) -> Result<(), ReadError> {
    let thing = match change {
        AccountChange::Password(password) => Thing::Password(PasswordItem {
            user: password.user.clone(),
            digest: password.hash.as_ref().map(|hash| digest(hash.expose().as_bytes())),
            expired: password.last_change == Some(0),
        }),
        AccountChange::GroupMember { group, user } => {
            let known = taker.baseline.inventory.items.get(&format!("member {group} {user}"));
            let before = match known.map(|item| &item.thing) {
                Some(Thing::Member(item)) => item.before,
                _ => is_member(taker.machine.root(), group, user)?,
            };
            Thing::Member(MemberItem {
                group: group.clone(),
                user: user.clone(),
                before,
            })
        }
        AccountChange::NotGroupMember { .. } => return Ok(()),
    };
    taker.put(module, thing);
    Ok(())
}

impl Batch<'_> {
    fn add_account(&mut self, module: &str, change: &AccountChange) -> Result<(), ActError> {
        self.take_lock()?;
        let root = &self.system.root;
        for file in account::files(change) {
            let path = file.path();
            let Some(as_is) = root.metadata_followed(path)?.filter(|as_is| as_is.kind == Kind::File) else {
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
            };
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
            let (mode, owner) = (as_is.mode, (as_is.uid, as_is.gid));
            let temporary = Writer::temporary_beside(path);
            self.push(
                module,
                undo,
                &[],
                Prepared::File {
                    temporary,
                    bytes: new.as_slice().into(),
                    mode,
                    owner,
                },
            );
            self.accounts.insert(path, new);
        }
        Ok(())
    }
}

/// The name of the entry that a change is about, the first field of its line.
fn entry_name(change: &AccountChange) -> &str {
    match change {
        AccountChange::Password(password) => &password.user,
        AccountChange::GroupMember { group, .. } | AccountChange::NotGroupMember { group, .. } => group,
    }
}

/// Whether an account is listed as a member of a group.
pub(in crate::engine) fn is_member(root: &Root, group: &str, user: &str) -> Result<bool, ReadError> {
    let bytes = root.read(account::AccountFile::Group.path())?.unwrap_or_default();
    Ok(account::group::has_member(&bytes, group, user) == Some(true))
}

/// How the entry differs; `None` if it does not. It never contains the hash.
fn password_drift(item: &PasswordItem, root: &Root) -> Result<Option<String>, ReadError> {
    let shadow = root.read(account::AccountFile::Shadow.path())?.unwrap_or_default();
    let Some(entry) = account::shadow::entry(&shadow, &item.user) else {
        return Ok(Some("no longer has an entry in /etc/shadow".to_owned()));
    };
    let written = item.digest.as_ref();
    if written.is_some_and(|written| digest(entry.hash.expose().as_bytes()) != *written) {
        return Ok(Some("has another password".to_owned()));
    }
    Ok(
        (!item.expired && entry.last_change == Some(0))
            .then(|| "must change the password at the next login".to_owned()),
    )
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
