//! An account: how it is displayed, and its item in the inventory.

use crate::engine::baseline::Baseline;
use crate::engine::drift::Drifted;
use crate::engine::kind::ThingKind;
use crate::engine::next_inventory::Taker;
use crate::engine::release::Release;
use crate::engine::view::{ChangeView, view};
use crate::module::{AccountChange, Change, UserAccount};
use crate::state::{AccountItem, AccountTexts, StateError, Thing};
use crate::system::account::passwd::{self, PasswdEntry};
use crate::system::account::{AccountFile, group};
use crate::system::clock::date;
use crate::system::{Machine, ReadError, Root};
use crate::vocabulary::Aging;

/// How the change is displayed.
pub(super) fn view_user(user: &UserAccount, root: &Root) -> Result<ChangeView, ReadError> {
    let Some(now) = entry(root, &user.name)? else {
        let shell = user.shell.as_deref().unwrap_or("/bin/sh");
        let how = format!(
            "account {}, number {}:{}, home {}, shell {shell}",
            user.name, user.uid, user.gid, user.home
        );
        return Ok(view("account", &user.name, "create", &how));
    };
    let texts = [("comment", &now.gecos, &user.gecos), ("shell", &now.shell, &user.shell)];
    let differs = texts
        .into_iter()
        .filter_map(|(what, now, new)| Some((what, now, new.as_ref()?)));
    let mut how: Vec<String> = differs
        .filter(|(_, now, new)| now != new)
        .map(|(what, now, new)| format!("{what} {now:?} → {new:?}"))
        .collect();
    how.extend(user.expires.map(|day| format!("expires on {}", date(day.into()))));
    how.extend(user.inactive.map(|days| format!("inactive after {days} days")));
    if how.is_empty() {
        how.push("subordinate numbers".to_owned());
    }
    Ok(view("account", &user.name, "modify", &how.join(", ")))
}

/// The item of an account.
pub(super) fn item(user: &UserAccount, taker: &Taker<'_>) -> Result<Thing, ReadError> {
    let known = taker.baseline.inventory.items.get(&format!("account {}", user.name));
    let now = entry(taker.machine.root(), &user.name)?;
    let texts = |entry: &PasswdEntry| AccountTexts {
        gecos: Some(entry.gecos.clone()),
        shell: Some(entry.shell.clone()),
    };
    let before = match known.map(|item| &item.thing) {
        Some(Thing::Account(item)) => item.before.clone(),
        _ => now.as_ref().map(texts),
    };
    Ok(Thing::Account(AccountItem {
        name: user.name.clone(),
        uid: now.and_then(|entry| entry.uid).unwrap_or(user.uid),
        written: AccountTexts {
            gecos: user.gecos.clone(),
            shell: user.shell.clone(),
        },
        before,
    }))
}

impl ThingKind for AccountItem {
    fn release(&self, _generation: u32, machine: &Machine<'_>, _baseline: &Baseline) -> Result<Release, StateError> {
        let Some(now) = entry(machine.root(), &self.name)? else {
            return Ok(Release::default());
        };
        let Some(before) = &self.before else {
            if now.uid != Some(self.uid) {
                return Ok(Release::stays(format!(
                    "the document no longer asks for the account {}, but it has another number now: it stays",
                    self.name
                )));
            }
            return removal(self, &now, machine.root());
        };
        let put_back = |now: &str, written: &Option<String>, before: &Option<String>| {
            before.clone().filter(|_| written.as_deref() == Some(now))
        };
        let texts = AccountTexts {
            gecos: put_back(&now.gecos, &self.written.gecos, &before.gecos),
            shell: put_back(&now.shell, &self.written.shell, &before.shell),
        };
        let as_before = UserAccount {
            name: self.name.clone(),
            uid: now.uid.unwrap_or(self.uid),
            gid: now.gid.unwrap_or(self.uid),
            home: now.home,
            gecos: texts.gecos,
            shell: texts.shell,
            expires: None,
            inactive: None,
            today: None,
            aging: Aging::default(),
            subordinate: None,
        };
        Ok(Release::by([Change::Account(AccountChange::User(Box::new(as_before)))]))
    }

    fn drift(&self, machine: &Machine<'_>, _baseline: &Baseline) -> Result<Option<Drifted>, StateError> {
        let Some(now) = entry(machine.root(), &self.name)? else {
            return Ok(Some(Drifted::new("account", &self.name, "is gone".to_owned())));
        };
        let mut how = Vec::new();
        if now.uid != Some(self.uid) {
            let number = now.uid.map_or_else(|| "none".to_owned(), |uid| uid.to_string());
            how.push(format!("number {} → {number}", self.uid));
        }
        for (what, written, now) in [
            ("comment", &self.written.gecos, &now.gecos),
            ("shell", &self.written.shell, &now.shell),
        ] {
            if let Some(written) = written.as_ref().filter(|written| *written != now) {
                how.push(format!("{what} {written:?} → {now:?}"));
            }
        }
        Ok((!how.is_empty()).then(|| Drifted::new("account", &self.name, how.join(", "))))
    }
}

/// The account goes, and with it its memberships. Its home directory stays: there may be data in it.
fn removal(item: &AccountItem, now: &PasswdEntry, root: &Root) -> Result<Release, StateError> {
    let groups = root.read(AccountFile::Group.path())?.unwrap_or_default();
    let memberships = group::of_user(&groups, &item.name, None).into_iter();
    let leaves = |group| {
        let user = item.name.clone();
        Change::Account(AccountChange::NotGroupMember { group, user })
    };
    let name = item.name.clone();
    let mut changes: Vec<Change> = memberships.map(leaves).collect();
    changes.push(Change::Account(AccountChange::NoUser { name }));
    let mut release = Release::by(changes);
    if root.exists(&now.home)? {
        release.notices.push(format!(
            "the account {} is removed; its home directory {} stays",
            item.name, now.home
        ));
    }
    Ok(release)
}

/// The entry of an account, if it exists.
fn entry(root: &Root, name: &str) -> Result<Option<PasswdEntry>, ReadError> {
    let accounts = root.read(AccountFile::Passwd.path())?.unwrap_or_default();
    Ok(passwd::entry(&accounts, name))
}
