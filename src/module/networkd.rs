//! systemd-networkd itself: whether anybody reads the files that the document asks for.
//!
//! If nothing else manages the network, it is enabled and started. A mask, or another manager that is enabled, is
//! somebody's decision: neither is overruled, both are named. Two managers of one link would take turns at it.

use super::services::{left_to_ask, plan_unit};
use super::{Module, Plan, PlanError, Stage, Supply};
use crate::document::Config;
use crate::document::networkd_files::NetworkdFileKind;
use crate::document::services::{Service, ServiceState};
use crate::system::systemd::{UnitFile, UnitFileState, UnitName, unit_file_state};
use crate::system::{Machine, ReadError, UnitFacts};

/// The unit that reads the files.
const UNIT: &str = "systemd-networkd.service";

/// Debian's ifupdown. Its unit is enabled everywhere; it manages what its files name.
const IFUPDOWN: &str = "networking.service";

/// The units of whoever else configures links.
const OTHER_MANAGERS: [&str; 6] = [
    "NetworkManager.service",
    IFUPDOWN,
    "connman.service",
    "wicked.service",
    "dhcpcd.service",
    "network.service",
];

/// Sees to it that networkd reads what `network` and `networkd_files` write.
#[derive(Debug, Clone, Copy)]
pub struct Networkd;

impl Module for Networkd {
    fn name(&self) -> &'static str {
        "networkd"
    }

    fn stage(&self) -> Stage {
        Stage::System
    }

    fn needs(&self) -> &'static [Supply] {
        &[Supply::Files, Supply::NetworkFiles]
    }

    fn observes(&self, want: &Config) -> Vec<String> {
        let units = [UNIT].into_iter().chain(OTHER_MANAGERS);
        let needed = key_that_needs_it(want).into_iter();
        needed.flat_map(|_| units.clone()).map(str::to_owned).collect()
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let Some(key) = key_that_needs_it(want) else {
            return Ok(plan);
        };
        let unit = UnitName::parse(UNIT).map_err(|why| PlanError::at(&[key], why))?;
        let said = said_of(want, UNIT);
        let found = UnitFile::find(machine.root(), &unit)?;
        let others = other_managers(want, machine)?;
        let nobody_reads = format!("so nothing applies `{key}`");
        match found {
            _ if is_refused(&said) => plan.warn(format!(
                "the document keeps {UNIT} from running, {nobody_reads}: keep one of them"
            )),
            None => plan.warn(format!(
                "systemd-networkd is not installed on this machine, {nobody_reads}{}",
                managed_by(&others)
            )),
            // `services` takes the mask away.
            Some(file) if file.masked && said.is_wanted() => {}
            Some(file) if file.masked => plan.warn(format!(
                "{UNIT} is masked by {}, {nobody_reads}; to unmask it: `services: {{systemd-networkd: true}}`",
                file.path
            )),
            Some(_) if !others.is_empty() => {
                let enabled = unit_file_state(machine.root(), UNIT)? == Some(UnitFileState::Enabled);
                note_others(&others, enabled || said.is_wanted(), &mut plan);
            }
            Some(_) => {
                if let Some(service) = left_to_ask(want, UNIT, Service::on(true)) {
                    plan_unit(&[key], &unit, &service, machine, &mut plan)?;
                }
            }
        }
        Ok(plan)
    }
}

/// The first key of the document that somebody has to read files for.
fn key_that_needs_it(want: &Config) -> Option<&'static str> {
    let network = want.network.as_ref().filter(|network| !network.is_disabled());
    let links = network.is_some_and(|network| network.devices().next().is_some());
    let files = want.networkd_files.iter().flatten().any(|file| {
        // An empty file hides another; udev reads the `.link` files.
        file.name.kind() != NetworkdFileKind::Link && !file.contents.expose().is_empty()
    });
    links.then_some("network").or(files.then_some("networkd_files"))
}

/// What `services` says about a unit.
fn said_of(want: &Config, unit: &str) -> Service {
    let mut services = want.services.iter().flat_map(|services| &services.0);
    let said = services.find(|(name, _)| name.unit().as_str() == unit);
    said.map(|(_, service)| *service).unwrap_or_default()
}

fn is_refused(service: &Service) -> bool {
    service.enabled == Some(false) || service.masked == Some(true) || service.state == Some(ServiceState::Stopped)
}

/// Who else configures links here: enabled, or running already; less those that the document switches off.
fn other_managers(want: &Config, machine: &Machine<'_>) -> Result<Vec<&'static str>, ReadError> {
    let mut found = Vec::new();
    for unit in OTHER_MANAGERS {
        let enabled = unit_file_state(machine.root(), unit)? == Some(UnitFileState::Enabled);
        let runs = machine.unit(unit).is_some_and(UnitFacts::runs);
        let idle = unit == IFUPDOWN && !ifupdown_has_links(machine)?;
        if (enabled || runs) && !idle && !is_refused(&said_of(want, unit)) {
            found.push(unit);
        }
    }
    Ok(found)
}

/// Whether interfaces(5) names a link that is not the loopback one.
fn ifupdown_has_links(machine: &Machine<'_>) -> Result<bool, ReadError> {
    let directory = "/etc/network/interfaces.d";
    let mut files = vec!["/etc/network/interfaces".to_owned()];
    files.extend(
        machine
            .root()
            .list(directory)?
            .iter()
            .map(|name| format!("{directory}/{name}")),
    );
    for file in files {
        let text = machine.read_text(&file)?.unwrap_or_default();
        let mut words = text
            .lines()
            .map(|line| line.split_whitespace().take(2).collect::<Vec<_>>());
        if words.any(|words| matches!(words.as_slice(), ["iface", link] if *link != "lo")) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn managed_by(others: &[&str]) -> String {
    match others.is_empty() {
        true => String::new(),
        false => format!("; the network is managed by {}", others.join(", ")),
    }
}

/// Two managers, or the other one alone.
fn note_others(others: &[&str], enabled: bool, plan: &mut Plan) {
    let names = others.join(", ");
    let hint = "keep one of them: `services: {UNIT: false}` turns a unit off";
    plan.warn(match enabled {
        true => {
            format!("{names} manages the network as well as systemd-networkd: both configure the same links; {hint}")
        }
        false => format!("{names} manages the network, so {UNIT} is not enabled and its files are not read; {hint}"),
    });
}

#[cfg(test)]
mod tests;
