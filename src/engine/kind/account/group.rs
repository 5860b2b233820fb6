//! A group: its item in the inventory.

use crate::engine::baseline::Baseline;
use crate::engine::drift::Drifted;
use crate::engine::kind::ThingKind;
use crate::engine::next_inventory::Taker;
use crate::engine::release::Release;
use crate::module::{AccountChange, Change};
use crate::state::{GroupItem, StateError, Thing};
use crate::system::account::{AccountFile, group, passwd};
use crate::system::{Machine, ReadError, Root};

/// The item of a group.
pub(super) fn item(name: &str, taker: &Taker<'_>) -> Result<Thing, ReadError> {
    let known = taker.baseline.inventory.items.get(&format!("group {name}"));
    let before = match known.map(|item| &item.thing) {
        Some(Thing::Group(item)) => item.before,
        _ => number(taker.machine.root(), name)?.is_some(),
    };
    let name = name.to_owned();
    Ok(Thing::Group(GroupItem { name, before }))
}

impl ThingKind for GroupItem {
    fn release(&self, _generation: u32, machine: &Machine<'_>, baseline: &Baseline) -> Result<Release, StateError> {
        let Some(gid) = number(machine.root(), &self.name)?.filter(|_| !self.before) else {
            return Ok(Release::default());
        };
        // Accounts that were created with it are removed with it.
        let accounts = machine.root().read(AccountFile::Passwd.path())?.unwrap_or_default();
        let others = passwd::with_group(&accounts, gid).into_iter();
        let mut others = others.filter(|name| !baseline.inventory.items.contains_key(&format!("account {name}")));
        if let Some(other) = others.next() {
            return Ok(Release::stays(format!(
                "the document no longer asks for the group {}, but it is the primary group of {other}: it stays",
                self.name
            )));
        }
        let name = self.name.clone();
        Ok(Release::by([Change::Account(AccountChange::NoGroup { name })]))
    }

    fn drift(&self, machine: &Machine<'_>, _baseline: &Baseline) -> Result<Option<Drifted>, StateError> {
        let gone = || Drifted::new("group", &self.name, "is gone".to_owned());
        Ok(number(machine.root(), &self.name)?.is_none().then(gone))
    }
}

/// The number of a group, if it exists.
fn number(root: &Root, name: &str) -> Result<Option<u32>, ReadError> {
    let groups = root.read(AccountFile::Group.path())?.unwrap_or_default();
    Ok(group::number(&groups, name))
}
