//! An account's password: how the change is displayed, and its item in the inventory.

use crate::engine::baseline::Baseline;
use crate::engine::drift::Drifted;
use crate::engine::kind::ThingKind;
use crate::engine::release::Release;
use crate::engine::view::{ChangeView, view};
use crate::module::PasswordChange;
use crate::state::{PasswordItem, StateError, Thing, digest};
use crate::system::clock::date;
use crate::system::{Machine, ReadError, Root, account};

/// How the change is displayed. It never shows the hash.
pub(super) fn view_password(password: &PasswordChange) -> ChangeView {
    let hash = match &password.hash {
        Some(hash) if hash.expose().starts_with('!') => "password locked, ",
        Some(_) => "password set, ",
        None => "",
    };
    let day = describe_day(password);
    let expiry = if password.clear_expiry {
        ", account expiry cleared"
    } else {
        ""
    };
    view("account", &password.user, "modify", &format!("{hash}{day}{expiry}"))
}

fn describe_day(password: &PasswordChange) -> String {
    match password.last_change {
        Some(0) => "must be changed at the next login".to_owned(),
        Some(day) => format!("last changed on {}", date(day.into())),
        None => "without a date of its last change".to_owned(),
    }
}

/// The item of a password.
pub(super) fn item(password: &PasswordChange) -> Thing {
    Thing::Password(PasswordItem {
        user: password.user.clone(),
        digest: password.hash.as_ref().map(|hash| digest(hash.expose().as_bytes())),
        expired: password.last_change == Some(0),
    })
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
