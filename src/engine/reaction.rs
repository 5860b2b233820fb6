//! The reloads and restarts that changed files need, once all files are in place.

use std::collections::BTreeSet;

use super::plan::ModulePlan;
use crate::module::ca_certs::Store;
use crate::module::{Change, Dirty, FileChange, NetworkReloadChange, UnitAction, UnitChange};
use crate::system::systemd::{CONFIG_DIRECTORY, QUADLET_DIRECTORY, UnitFile, UnitName};
use crate::system::write::parent_of;
use crate::system::{Machine, Root};

/// What the pending changes make dirty, each once and only if it runs: a stopped service reads its files when it
/// starts.
pub(super) fn reactions(modules: &[ModulePlan], machine: &Machine<'_>) -> Vec<Change> {
    let changes = || modules.iter().flat_map(|module| &module.changes);
    let dirties: BTreeSet<&Dirty> = changes().flat_map(|change| change.kind().dirties()).collect();
    // A unit that is started reads its files then, and a stopped unit needs no reload.
    let mut settled: BTreeSet<&str> = changes().filter_map(|change| change.kind().settles()).collect();
    settled.extend(units_gone(changes(), machine.root()));
    let is_settled = |dirty: &Dirty| match dirty {
        Dirty::Manager | Dirty::Network | Dirty::Netdev(_) | Dirty::TakenOver { .. } => false,
        // Its module has it made again by itself.
        Dirty::Certificates => changes().any(|change| change.kind().tells(dirty)),
        Dirty::Reload(unit) | Dirty::Restart(unit) => settled.contains(unit.as_str()),
    };
    react(dirties.into_iter().filter(|dirty| !is_settled(dirty)), machine)
}

/// The units whose last file is removed: nothing is left that could be restarted.
fn units_gone<'a>(changes: impl Iterator<Item = &'a Change>, root: &Root) -> Vec<&'a str> {
    let mut removed: Vec<&FileChange> = Vec::new();
    for change in changes {
        if let Change::File(file) = change
            && file.content.is_none()
        {
            removed.push(file);
        }
    }
    let mut left = root.clone();
    for file in &removed {
        // What can't be looked at is taken to be there still.
        let _unseen = left.imagine(&file.path, None);
    }
    let units = removed
        .iter()
        .flat_map(|file| file.dirties.iter().filter_map(move |dirty| Some((file, dirty.unit()?))));
    units
        .filter(|(file, unit)| is_gone(&file.path, unit, &left))
        .map(|(_, unit)| unit)
        .collect()
}

/// Whether the file at `path`, which is not there any more, was the last one of `unit`.
pub(super) fn is_gone(path: &str, unit: &str, left: &Root) -> bool {
    match parent_of(path) {
        QUADLET_DIRECTORY => true,
        CONFIG_DIRECTORY => UnitName::parse(unit).is_ok_and(|unit| matches!(UnitFile::find(left, &unit), Ok(None))),
        _ => false,
    }
}

/// The reactions that these dirty things need on this machine.
pub(super) fn react<'a>(dirties: impl Iterator<Item = &'a Dirty>, machine: &Machine<'_>) -> Vec<Change> {
    let runs = |unit: &str| machine.unit(unit).is_some_and(crate::system::UnitFacts::runs);
    let unit = |unit: &str, action| {
        Change::Unit(UnitChange {
            unit: unit.to_owned(),
            action,
        })
    };
    let dirties: Vec<&Dirty> = dirties.collect();
    let netdevs = netdevs(&dirties, machine);
    let mut reactions = Vec::new();
    for dirty in dirties {
        let reaction = match dirty {
            // Every unit change that needs it reloads the unit files itself.
            Dirty::Manager => None,
            Dirty::Network | Dirty::Netdev(_) | Dirty::TakenOver { .. } => {
                runs("systemd-networkd.service").then(|| {
                    Change::NetworkReload(NetworkReloadChange {
                        links: Vec::new(),
                        netdevs: netdevs.clone(),
                    })
                })
            }
            Dirty::Certificates => certificates(machine),
            Dirty::Reload(name) => runs(name).then(|| unit(name, UnitAction::Reload)),
            Dirty::Restart(name) => runs(name).then(|| unit(name, UnitAction::Restart)),
        };
        reactions.extend(reaction.filter(|reaction| !reactions.contains(reaction)));
    }
    reactions
}

/// The file of all certificate authorities, on a machine that runs and has the program for it.
fn certificates(machine: &Machine<'_>) -> Option<Change> {
    machine.live()?;
    let store = Store::of(machine.root()).ok().flatten()?;
    Some(Change::Certificates(store.bundle(Vec::new())))
}

/// The links that networkd makes again, each once. One that somebody else has made is not deleted.
fn netdevs(dirties: &[&Dirty], machine: &Machine<'_>) -> Vec<String> {
    let is_now = |boot: &String| machine.live().is_some_and(|live| live.boot == *boot);
    let names = dirties.iter().filter_map(|dirty| match dirty {
        Dirty::Netdev(link) => Some(link.clone()),
        Dirty::TakenOver { link, boot } => (!is_now(boot)).then(|| link.clone()),
        Dirty::Manager | Dirty::Network | Dirty::Certificates | Dirty::Reload(_) | Dirty::Restart(_) => None,
    });
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Facts, Live, UnitFacts};

    #[test]
    fn a_unit_that_is_gone_is_not_restarted() {
        let tree = tempfile::tempdir().unwrap();
        for path in [
            "etc/systemd/system/own.service",
            "etc/systemd/system/over.service",
            "usr/lib/systemd/system/over.service",
            "etc/systemd/system/own.service.d/a.conf",
            "etc/containers/systemd/web.container",
        ] {
            let path = tree.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "[Service]\n").unwrap();
        }
        let root = Root::open(tree.path()).unwrap();
        let removed =
            |path: &str, unit: &str| Change::File(FileChange::remove(path).dirties(Dirty::Restart(unit.to_owned())));
        let changes = [
            removed("/etc/systemd/system/own.service", "own.service"),
            removed("/etc/systemd/system/over.service", "over.service"),
            removed("/etc/systemd/system/own.service.d/a.conf", "own.service"),
            removed("/etc/containers/systemd/web.container", "web.service"),
            Change::File(FileChange::write("/etc/systemd/system/x.service", "", 0o644).dirties(Dirty::Manager)),
        ];
        assert_eq!(units_gone(changes.iter(), &root), ["own.service", "web.service"]);
        assert_eq!(units_gone(changes[2..3].iter(), &root), [""; 0], "a drop-in alone");
    }

    #[test]
    fn networkd_is_told_once_of_all_that_it_makes_again() {
        let tree = tempfile::tempdir().unwrap();
        let root = Root::open(tree.path()).unwrap();
        let netdev = |name: &str| Dirty::Netdev(name.to_owned());
        let taken_over = |link: &str, boot: &str| Dirty::TakenOver {
            link: link.to_owned(),
            boot: boot.to_owned(),
        };
        let dirties = [
            Dirty::Network,
            netdev("br0"),
            netdev("bond0"),
            netdev("br0"),
            // The first is somebody else's, the other one has been networkd's own since this boot began.
            taken_over("docker0", "now"),
            taken_over("br1", "earlier"),
            Dirty::Network,
        ];
        let stopped = Facts {
            live: Some(Live {
                boot: "now".to_owned(),
                ..Live::default()
            }),
            ..Facts::default()
        };
        assert_eq!(react(dirties.iter(), &Machine::new(&root, &stopped)), []);
        let runs = UnitFacts {
            load_state: "loaded".to_owned(),
            active_state: "active".to_owned(),
            ..UnitFacts::default()
        };
        let mut running = stopped.clone();
        let units = &mut running.live.as_mut().unwrap().units;
        units.insert("systemd-networkd.service".to_owned(), runs);
        let reload = NetworkReloadChange {
            links: Vec::new(),
            netdevs: vec!["bond0".to_owned(), "br0".to_owned(), "br1".to_owned()],
        };
        let told = react(dirties.iter(), &Machine::new(&root, &running));
        assert_eq!(told, [Change::NetworkReload(reload)]);
        assert!(dirties.iter().all(|dirty| told[0].kind().tells(dirty)));
    }
}
