//! The time servers: a drop-in of systemd-timesyncd, or a file of chrony's where that sets the clock.

mod chrony;
mod timesyncd;

use super::services::{left_to_ask, plan_unit};
use super::{Module, Plan, PlanError, Stage};
use crate::document::Config;
use crate::document::ntp::{Ntp as Wanted, NtpClient};
use crate::document::services::Service;
use crate::system::systemd::{UnitFile, UnitFileState, UnitName, unit_file_state};
use crate::system::{Machine, ReadError};

/// Has the machine's clock set by the document's servers.
#[derive(Debug, Clone, Copy)]
pub struct Ntp;

/// What sets the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Client {
    /// systemd-timesyncd.
    Timesyncd,
    /// chrony, whose unit has this name.
    Chrony(UnitName),
}

impl Module for Ntp {
    fn name(&self) -> &'static str {
        "ntp"
    }

    fn stage(&self) -> Stage {
        Stage::System
    }

    fn observes(&self, want: &Config) -> Vec<String> {
        let units = chrony::UNITS.iter().chain([&timesyncd::UNIT]);
        let wanted = want.ntp.iter().filter(|ntp| ntp.is_enabled());
        wanted.flat_map(|_| units.clone()).map(ToString::to_string).collect()
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let Some(ntp) = want.ntp.as_ref().filter(|ntp| ntp.is_enabled()) else {
            return Ok(plan);
        };
        let client = client(want, machine)?;
        note_client(ntp, &client, &mut plan);
        // Without servers the distribution's own are asked.
        if ntp.all().next().is_some() {
            plan_servers(ntp, &client, machine, &mut plan)?;
        }
        let unit = client.unit()?;
        if let Some(service) = left_to_ask(want, unit.as_str(), Service::on(true)) {
            plan_unit(&["ntp"], &unit, &service, machine, &mut plan)?;
        }
        Ok(plan)
    }
}

impl Client {
    fn unit(&self) -> Result<UnitName, PlanError> {
        match self {
            Self::Timesyncd => unit_name(timesyncd::UNIT),
            Self::Chrony(unit) => Ok(unit.clone()),
        }
    }
}

fn note_client(ntp: &Wanted, client: &Client, plan: &mut Plan) {
    let is = match client {
        Client::Timesyncd => NtpClient::SystemdTimesyncd,
        Client::Chrony(_) => NtpClient::Chrony,
    };
    match ntp.ntp_client {
        Some(asked) if asked != is && asked != NtpClient::Auto => plan.warn(format!(
            "`ntp.ntp_client` asks for {}, but {} sets the clock on this machine: firstlight configures that one",
            asked.as_str(),
            is.as_str()
        )),
        _ => {}
    }
}

fn plan_servers(ntp: &Wanted, client: &Client, machine: &Machine<'_>, plan: &mut Plan) -> Result<(), PlanError> {
    match client {
        Client::Timesyncd => {
            timesyncd::plan(ntp, plan);
            Ok(())
        }
        Client::Chrony(unit) => chrony::plan(ntp, unit, machine, plan),
    }
}

/// What sets the clock on this machine: chrony where it is enabled, or where there is nothing else.
fn client(want: &Config, machine: &Machine<'_>) -> Result<Client, PlanError> {
    let chrony = chrony(machine)?;
    let timesyncd = is_there(&unit_name(timesyncd::UNIT)?, machine)?;
    match chrony {
        Some(unit) if !timesyncd || will_be_enabled(&unit, want, machine)? => Ok(Client::Chrony(unit)),
        _ if timesyncd => Ok(Client::Timesyncd),
        _ => {
            let message = "this machine has no time client: neither systemd-timesyncd nor chrony";
            let hint = "install the package `systemd-timesyncd` on Debian, or `chrony`";
            Err(PlanError::at(&["ntp"], message).hint(hint))
        }
    }
}

/// The unit of chrony by the name that its file has.
fn chrony(machine: &Machine<'_>) -> Result<Option<UnitName>, PlanError> {
    for name in chrony::UNITS {
        if let Some(file) = UnitFile::find_behind_mask(machine.root(), &unit_name(name)?)? {
            return Ok(Some(file.name));
        }
    }
    Ok(None)
}

/// Whether the unit is enabled once the document is applied: what `services` says about it takes precedence over its
/// current state.
fn will_be_enabled(unit: &UnitName, want: &Config, machine: &Machine<'_>) -> Result<bool, ReadError> {
    let services = want.services.iter().flat_map(|services| &services.0);
    let asked = services.filter(|(name, _)| name.unit() == unit || chrony::UNITS.contains(&name.unit().as_str()));
    if let Some(enabled) = asked.filter_map(|(_, service)| service.enabled).next_back() {
        return Ok(enabled);
    }
    Ok(unit_file_state(machine.root(), unit.as_str())? == Some(UnitFileState::Enabled))
}

fn is_there(unit: &UnitName, machine: &Machine<'_>) -> Result<bool, ReadError> {
    Ok(UnitFile::find_behind_mask(machine.root(), unit)?.is_some())
}

fn unit_name(name: &str) -> Result<UnitName, PlanError> {
    UnitName::parse(name).map_err(|why| PlanError::at(&["ntp"], why))
}

#[cfg(test)]
mod tests;
