//! `units`: files of units and their drop-ins, and whether they start.
//!
//! They are written in the system stage, when systemd can be told to read them: earlier in a boot it can't, and has read
//! its own before.

use super::on_the_way::with_directories;
use super::services::{left_by_services, plan_unit};
use super::{Change, Dirty, Expectation, FileChange, Module, Plan, PlanError, Stage, Supply, UnitAction, UnitChange};
use crate::document::Config;
use crate::document::services::{Service, ServiceState};
use crate::document::units::{Unit, UnitFile};
use crate::system::systemd::{self, InstallSection, NameKind, QuadletName, UnitName, has_generator};
use crate::system::{Imagined, Machine, Root};

/// The targets that a usual boot reaches: what they want, it starts.
const REACHED: [&str; 12] = [
    "basic.target",
    "default.target",
    "graphical.target",
    "local-fs.target",
    "multi-user.target",
    "network-online.target",
    "network.target",
    "paths.target",
    "remote-fs.target",
    "sockets.target",
    "sysinit.target",
    "timers.target",
];

/// Units that are not restarted where they run: others, or who is logged in, would go down with them.
const KEPT: [&str; 8] = [
    "dbus",
    "dbus-broker",
    "firstlight",
    "firstlight-final",
    "firstlight-local",
    "getty",
    "serial-getty",
    "user",
];

/// Writes the units that the document has, and has them start.
#[derive(Debug, Clone, Copy)]
pub struct Units;

impl Module for Units {
    fn name(&self) -> &'static str {
        "units"
    }

    fn stage(&self) -> Stage {
        Stage::System
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn starts_services(&self) -> bool {
        true
    }

    fn gives(&self) -> &'static [Supply] {
        &[Supply::Units]
    }

    fn observes(&self, want: &Config) -> Vec<String> {
        want.units
            .iter()
            .flatten()
            .filter_map(unit_of)
            .map(|unit| unit.to_string())
            .collect()
    }

    fn asked_at(&self, change: &Change, want: &Config) -> Vec<String> {
        let keys = want.units.iter().flatten().enumerate().find_map(|(number, unit)| {
            let below = place(change, unit)?;
            Some([number.to_string()].into_iter().chain(below))
        });
        ["units".to_owned()]
            .into_iter()
            .chain(keys.into_iter().flatten())
            .collect()
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let units: Vec<&Unit> = want.units.iter().flatten().collect();
        let files: Vec<FileChange> = units.iter().flat_map(|unit| files(unit)).collect();
        let imagined = imagine(&files, machine.root())?;
        plan.changes = with_directories(files, machine);
        let machine = machine.with_root(&imagined);
        for (number, unit) in units.into_iter().enumerate() {
            let number = number.to_string();
            let mut own = Plan::default();
            let planned = match &unit.name {
                UnitFile::Systemd(name) => plan_of_systemd(&number, unit, name, want, &machine, &mut own),
                UnitFile::Quadlet(name) => plan_of_podman(&number, unit, name, want, &machine, &mut own),
            };
            match planned {
                Ok(()) => plan.add(own),
                Err(problem) => plan.problems.push(problem),
            }
        }
        Ok(plan)
    }
}

/// The unit that systemd has of it; `None` where podman's file has no name for one.
fn unit_of(unit: &Unit) -> Option<UnitName> {
    match &unit.name {
        UnitFile::Systemd(name) => Some(name.clone()),
        UnitFile::Quadlet(name) => name.service(unit.texts()),
    }
}

/// Where the drop-ins of a unit are.
fn drop_in_directory(unit: &Unit) -> String {
    format!("{}.d", unit.name.path())
}

/// The keys below a unit's entry that ask for `change`.
fn place(change: &Change, unit: &Unit) -> Option<Vec<String>> {
    if let Change::Unit(change) = change {
        let is_it = unit_of(unit).is_some_and(|unit| unit.as_str() == change.unit);
        return is_it.then(Vec::new);
    }
    let path = change.path()?;
    if path == unit.name.path() {
        return Some(vec!["name".to_owned()]);
    }
    let below = path.strip_prefix(&drop_in_directory(unit))?;
    let name = below.strip_prefix('/').unwrap_or(below);
    let number = unit.dropins.iter().position(|drop_in| drop_in.name.as_str() == name);
    match number {
        Some(number) => Some(vec!["dropins".to_owned(), number.to_string(), "name".to_owned()]),
        // The directory.
        None => below.is_empty().then(|| vec!["dropins".to_owned()]),
    }
}

/// Its own file and its drop-ins.
fn files(unit: &Unit) -> Vec<FileChange> {
    let directory = drop_in_directory(unit);
    let own = unit.contents.iter().map(|contents| (unit.name.path(), contents));
    let drop_ins = unit.dropins.iter().map(|drop_in| {
        let path = format!("{directory}/{}", drop_in.name.as_str());
        (path, &drop_in.contents)
    });
    let file = |(path, contents): (String, &crate::document::Secret)| {
        let mut text = contents.expose().to_owned();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        // An empty drop-in hides the distribution's of that name; one with a comment in it would not.
        let is_headed = !text.is_empty();
        let mut change = match unit.secret == Some(true) {
            true => FileChange::write(path, text, 0o600).secret(),
            false => FileChange::write(path, text, 0o644),
        };
        change = change.dirties(Dirty::Manager);
        change.dirties.extend(unit_of(unit).as_ref().and_then(told));
        if is_headed { change.headed() } else { change }
    };
    own.chain(drop_ins).map(file).collect()
}

/// How a unit that runs is told of its new files.
fn told(unit: &UnitName) -> Option<Dirty> {
    if unit.kind() == NameKind::Template || KEPT.contains(&unit.prefix()) {
        return None;
    }
    match unit.suffix() {
        "service" | "timer" | "path" => Some(Dirty::Restart(unit.to_string())),
        // It is mounted with the new options, and stays mounted.
        "mount" => Some(Dirty::Reload(unit.to_string())),
        // A socket can't be restarted while its service runs; what else there is has nothing to read again.
        _ => None,
    }
}

/// The machine's files with these among them.
fn imagine(files: &[FileChange], root: &Root) -> Result<Root, PlanError> {
    let mut imagined = root.clone();
    for file in files {
        let entry = file.content.as_ref().map(|content| Imagined::File {
            bytes: content.bytes.clone(),
            mode: content.mode,
            owner: content.owner,
        });
        imagined.imagine(&file.path, entry)?;
    }
    Ok(imagined)
}

fn plan_of_systemd(
    number: &str,
    unit: &Unit,
    name: &UnitName,
    want: &Config,
    machine: &Machine<'_>,
    plan: &mut Plan,
) -> Result<(), PlanError> {
    let mut asked = unit.service();
    if asked.enabled == Some(true) && asked.state.is_none() && starts_with_boot(name, machine.root())? {
        asked.state = Some(ServiceState::Started);
    }
    if unit.contents.is_some() || !unit.dropins.is_empty() {
        note_later(name, machine, plan);
    }
    match left_by_services(want, name.as_str(), asked) {
        Some(left) => plan_unit(&["units", number], name, &left, machine, plan),
        None => Ok(()),
    }
}

/// Whether a boot would start the unit, were it enabled.
fn starts_with_boot(name: &UnitName, root: &Root) -> Result<bool, PlanError> {
    if name.kind() == NameKind::Template {
        return Ok(false);
    }
    let found = systemd::UnitFile::find_behind_mask(root, name)?;
    Ok(found.is_some_and(|file| is_reached(&file.install)))
}

/// Whether a usual boot reaches what wants the unit.
fn is_reached(install: &InstallSection) -> bool {
    let mut targets = install
        .wanted_by
        .iter()
        .chain(&install.required_by)
        .chain(&install.upheld_by);
    targets.any(|target| REACHED.contains(&target.as_str()))
}

/// Whether podman's service is started now. A boot does it by `[Install]` alone; this one has begun without the file.
fn starts_of_podman(unit: &Unit, service: &UnitName) -> bool {
    let mut install = InstallSection::new(service.clone());
    unit.texts().into_iter().for_each(|text| install.read(text));
    unit.enabled.unwrap_or_else(|| is_reached(&install))
}

/// Says where new files of a unit that runs are used later.
fn note_later(name: &UnitName, machine: &Machine<'_>, plan: &mut Plan) {
    let runs = machine.unit(name.as_str()).is_some_and(crate::system::UnitFacts::runs);
    if runs && told(name).is_none() && matches!(name.suffix(), "service" | "socket" | "swap" | "automount") {
        plan.info(format!(
            "{name} runs: it uses a change of its files when it is started again"
        ));
    }
}

/// podman's generator makes a service of the file when systemd reads its unit files.
fn plan_of_podman(
    number: &str,
    unit: &Unit,
    name: &QuadletName,
    want: &Config,
    machine: &Machine<'_>,
    plan: &mut Plan,
) -> Result<(), PlanError> {
    let Some(service) = name.service(unit.texts()) else {
        let message = format!("the ServiceName= of {} is not the name of a service", name.as_str());
        return Err(PlanError::at(&["units", number], message));
    };
    if !has_generator(machine.root())? {
        plan.warn(format!(
            "{}: this machine has no podman with Quadlet, so nothing makes a service of it; add podman 4.4 or newer to \
             the image",
            name.as_str()
        ));
        return Ok(());
    }
    plan.info(format!(
        "podman makes {service} of {}; whether it starts at boot is up to its [Install]",
        name.as_str()
    ));
    let asked = Service {
        enabled: None,
        masked: None,
        state: unit
            .state
            .or_else(|| starts_of_podman(unit, &service).then_some(ServiceState::Started)),
    };
    let asked = asked.state.filter(|_| service.kind() != NameKind::Template);
    let left = left_by_services(
        want,
        service.as_str(),
        Service {
            state: asked,
            ..Service::default()
        },
    );
    let Some(state) = left.and_then(|left| left.state) else {
        return Ok(());
    };
    let starts = state == ServiceState::Started;
    if machine.live().is_none() {
        return Ok(());
    }
    plan.changes.push(Change::Unit(UnitChange {
        unit: service.to_string(),
        action: if starts { UnitAction::Start } else { UnitAction::Stop },
    }));
    plan.expectations.push(Expectation::UnitIs {
        unit: service.to_string(),
        active: starts,
    });
    Ok(())
}

#[cfg(test)]
mod tests;
