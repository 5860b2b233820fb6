//! An account's membership in a group: its item in the inventory.

use crate::engine::baseline::Baseline;
use crate::engine::drift::Drifted;
use crate::engine::kind::ThingKind;
use crate::engine::next_inventory::Taker;
use crate::engine::release::Release;
use crate::module::{AccountChange, Change};
use crate::state::{MemberItem, StateError, Thing};
use crate::system::{Machine, ReadError, Root, account};

/// The item of a membership.
pub(super) fn item(group: &str, user: &str, taker: &Taker<'_>) -> Result<Thing, ReadError> {
    let known = taker.baseline.inventory.items.get(&format!("member {group} {user}"));
    let before = match known.map(|item| &item.thing) {
        Some(Thing::Member(item)) => item.before,
        _ => is_member(taker.machine.root(), group, user)?,
    };
    Ok(Thing::Member(MemberItem {
        group: group.to_owned(),
        user: user.to_owned(),
        before,
    }))
}

/// Whether an account is listed as a member of a group.
fn is_member(root: &Root, group: &str, user: &str) -> Result<bool, ReadError> {
    let bytes = root.read(account::AccountFile::Group.path())?.unwrap_or_default();
    Ok(account::group::has_member(&bytes, group, user) == Some(true))
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
