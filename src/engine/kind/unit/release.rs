//! How the file state of a unit is restored.

use super::unit_links;
use crate::engine::release::Release;
use crate::module::{Change, SymlinkChange, UnitAction, UnitChange};
use crate::state::{LinkItem, UnitFileItem};
use crate::system::systemd::InstallLink;
use crate::system::{ReadError, Root};

/// The links that systemd's own verb would put back are left to it; what it would do otherwise is put right link by link.
pub(super) fn release(item: &UnitFileItem, root: &Root) -> Result<Release, ReadError> {
    let UnitFileItem { unit, action, links } = item;
    let mut release = Release::default();
    let mut wanted: Vec<&LinkItem> = Vec::new();
    for link in links.iter().filter(|link| link.before != link.written) {
        let now = root.read_link(&link.path)?;
        if now == link.before {
            continue;
        }
        if leads_alike(now.as_deref(), link.written.as_deref()) {
            wanted.push(link);
        } else {
            release
                .notices
                .push(format!("{} now points elsewhere: it stays as it is", link.path));
        }
    }
    if wanted.is_empty() {
        return Ok(release);
    }
    let inverse = UnitChange {
        unit: unit.clone(),
        action: inverse(*action),
    };
    // None where it can't be told.
    let by_systemd = unit_links(&inverse, root).unwrap_or_default();
    let ours = |link: &InstallLink| wanted.iter().any(|wanted| wanted.path == link.path);
    let by_systemd: Vec<InstallLink> = if by_systemd.iter().all(ours) {
        by_systemd
    } else {
        Vec::new()
    };
    if !by_systemd.is_empty() {
        release.changes.push(Change::Unit(inverse));
    }
    let left = wanted.into_iter().filter(|link| {
        let made = by_systemd.iter().find(|made| made.path == link.path);
        made.is_none_or(|made| made.target != link.before)
    });
    release.changes.extend(left.map(|link| {
        Change::Symlink(SymlinkChange {
            path: link.path.clone(),
            target: link.before.clone(),
        })
    }));
    Ok(release)
}

/// What undoes what `action` does to a unit's links.
fn inverse(action: UnitAction) -> UnitAction {
    match action {
        UnitAction::Enable => UnitAction::Disable,
        UnitAction::Disable => UnitAction::Enable,
        UnitAction::Mask => UnitAction::Unmask,
        UnitAction::Unmask => UnitAction::Mask,
        UnitAction::Start => UnitAction::Stop,
        UnitAction::Stop => UnitAction::Start,
        UnitAction::Restart | UnitAction::Reload => action,
    }
}

/// systemd may write another path to the same unit's file than we would.
fn leads_alike(one: Option<&str>, other: Option<&str>) -> bool {
    let name = |target: Option<&str>| target.map(|target| target.rsplit('/').next().unwrap_or_default().to_owned());
    name(one) == name(other)
}
