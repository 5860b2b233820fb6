//! `services`: which units are enabled and running.

mod holds;
mod missing;

use super::{Change, Expectation, Module, Plan, PlanError, Stage, Supply, UnitAction, UnitChange};
use crate::document::Config;
use crate::document::services::{Service, ServiceState};
use crate::system::systemd::{
    CONFIG_DIRECTORY, InstallError, UnitFile, UnitFileState, UnitName, enable_links, mask_links, source_of,
    unit_file_state,
};
use crate::system::{Machine, ReadError};

pub use holds::holds;
pub(super) use missing::missing_unit;

/// Enables, disables, masks, starts and stops the units that the document names.
#[derive(Debug, Clone, Copy)]
pub struct Services;

impl Module for Services {
    fn name(&self) -> &'static str {
        "services"
    }

    fn stage(&self) -> Stage {
        Stage::System
    }

    fn needs(&self) -> &'static [Supply] {
        &[Supply::Files, Supply::Units]
    }

    fn starts_services(&self) -> bool {
        true
    }

    fn observes(&self, want: &Config) -> Vec<String> {
        let services = want.services.iter().flat_map(|services| &services.0);
        services.map(|(name, _)| name.unit().to_string()).collect()
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        for (name, service) in want.services.iter().flat_map(|services| &services.0) {
            let mut own = Plan::default();
            match plan_unit(&["services", name.written()], name.unit(), service, machine, &mut own) {
                Ok(()) => plan.add(own),
                Err(problem) => plan.problems.push(problem),
            }
        }
        Ok(plan)
    }
}

/// Adds to the plan what brings one unit into its desired state. `path` is where the document asks for it.
///
/// # Errors
/// The unit isn't there, or can't be enabled or masked on this machine.
pub(super) fn plan_unit(
    path: &[&str],
    asked: &UnitName,
    service: &Service,
    machine: &Machine<'_>,
    plan: &mut Plan,
) -> Result<(), PlanError> {
    let at_path = |error: ReadError| PlanError::at(path, error.to_string());
    let found = UnitFile::find(machine.root(), asked).map_err(at_path)?;
    let behind = UnitFile::find_behind_mask(machine.root(), asked).map_err(at_path)?;
    let known_to_systemd = machine
        .unit(asked.as_str())
        .is_some_and(|unit| unit.load_state == "loaded");
    let planner = Planner {
        path,
        asked,
        service,
        machine,
    };
    match behind {
        Some(file) => planner.plan_existing(found.as_ref(), &file, plan),
        None => match source_of(machine.root(), asked).map_err(at_path)? {
            Some(source) => planner.plan_of_podman(&source, plan),
            None if known_to_systemd => planner.plan_without_file(plan),
            None if service.is_wanted() => Err(missing_unit(machine.root(), asked, path)),
            None => {
                planner.plan_absent(plan);
                Ok(())
            }
        },
    }
}

/// What `asked`, another area's wish, leaves to be planned for the unit: what `services` and `units` do not say already.
pub(super) fn left_to_ask(want: &Config, unit: &str, asked: Service) -> Option<Service> {
    let units = want.units.iter().flatten().filter(|other| other.name.as_str() == unit);
    let left = units.fold(asked, |left, said| without(left, &said.service()));
    left_by_services(want, unit, left)
}

/// The same, of `units` itself.
pub(super) fn left_by_services(want: &Config, unit: &str, asked: Service) -> Option<Service> {
    let services = want.services.iter().flat_map(|services| &services.0);
    let same = services.filter(|(name, _)| name.unit().as_str() == unit);
    let left = same.fold(asked, |left, (_, said)| without(left, said));
    (left != Service::default()).then_some(left)
}

fn without(asked: Service, said: &Service) -> Service {
    Service {
        enabled: asked.enabled.filter(|_| said.enabled.is_none()),
        masked: asked.masked.filter(|_| said.masked.is_none()),
        state: asked.state.filter(|_| said.state.is_none()),
    }
}

/// One unit, and what is asked of it.
struct Planner<'a> {
    path: &'a [&'a str],
    asked: &'a UnitName,
    service: &'a Service,
    machine: &'a Machine<'a>,
}

impl Planner<'_> {
    /// The unit has a file. Unmask, enable, start; or stop, disable, mask.
    fn plan_existing(&self, found: Option<&UnitFile>, file: &UnitFile, plan: &mut Plan) -> Result<(), PlanError> {
        if file.name != *self.asked {
            plan.info(format!("{} is another name of {}", self.asked, file.name));
        }
        let mask = found.filter(|found| found.masked);
        if self.service.is_wanted() || self.service.masked == Some(false) {
            self.unmask(mask, file, plan)?;
        }
        if self.service.enabled == Some(true) {
            self.enable(mask, file, plan)?;
        }
        self.set_state(plan);
        if self.service.enabled == Some(false) {
            self.disable(file, plan)?;
        }
        if self.service.masked == Some(true) {
            self.mask(file, plan)?;
        }
        Ok(())
    }

    fn unmask(&self, mask: Option<&UnitFile>, file: &UnitFile, plan: &mut Plan) -> Result<(), PlanError> {
        if let Some(mask) = mask {
            if !mask.path.starts_with(CONFIG_DIRECTORY) {
                let message = format!("{} is masked by {}", file.name, mask.path);
                let hint = format!("firstlight removes only masks in {CONFIG_DIRECTORY}; remove this one by hand");
                return Err(PlanError::at(self.path, message).hint(hint));
            }
            if self.service.masked.is_none() {
                plan.info(format!("{} is masked; firstlight unmasks it", file.name));
            }
        }
        self.act(&file.name, UnitAction::Unmask, plan);
        Ok(())
    }

    fn enable(&self, mask: Option<&UnitFile>, file: &UnitFile, plan: &mut Plan) -> Result<(), PlanError> {
        if !can_be_enabled(file) {
            plan.warn(format!(
                "{} can't be enabled: it has no [Install] section ({}); it starts when another unit needs it",
                file.name, file.path
            ));
            return Ok(());
        }
        // Behind a mask, only making the links shows whether they can be made.
        if mask.is_none() {
            match enable_links(self.machine.root(), file.name.as_str()) {
                Ok(_) => {}
                Err(InstallError::Unexpandable { .. }) if self.machine.live().is_some() => {}
                Err(error) => return Err(PlanError::at(self.path, format!("can't enable {}: {error}", file.name))),
            }
        }
        self.act(&file.name, UnitAction::Enable, plan);
        if file.install.has_rules() {
            self.expect_file(file, UnitFileState::Enabled, plan);
        }
        Ok(())
    }

    fn disable(&self, file: &UnitFile, plan: &mut Plan) -> Result<(), PlanError> {
        if !can_be_enabled(file) {
            if self.service.masked != Some(true) {
                plan.warn(format!(
                    "{} can't be disabled: it has no [Install] section ({}); `masked: true` keeps it from starting",
                    file.name, file.path
                ));
            }
            return Ok(());
        }
        self.act(&file.name, UnitAction::Disable, plan);
        let state = unit_file_state(self.machine.root(), file.name.as_str());
        let state = state.map_err(|error| PlanError::at(self.path, error.to_string()))?;
        // Links of other kinds (an alias of the vendor's, a link in /run) give other states, and stay.
        let becomes_disabled = matches!(state, Some(UnitFileState::Enabled | UnitFileState::Disabled));
        if becomes_disabled && self.service.masked != Some(true) {
            self.expect_file(file, UnitFileState::Disabled, plan);
        }
        Ok(())
    }

    fn mask(&self, file: &UnitFile, plan: &mut Plan) -> Result<(), PlanError> {
        mask_links(self.machine.root(), file.name.as_str())
            .map_err(|error| PlanError::at(self.path, format!("can't mask {}: {error}", file.name)))?;
        self.act(&file.name, UnitAction::Mask, plan);
        self.expect_file(file, UnitFileState::Masked, plan);
        Ok(())
    }

    /// Starts or stops the unit, by the name that was asked for: that is the one whose state is known.
    fn set_state(&self, plan: &mut Plan) {
        let Some(state) = self.service.state else { return };
        let starts = state == ServiceState::Started;
        if self.machine.live().is_none() {
            if self.service.enabled != Some(starts) {
                let verb = if starts { "start" } else { "stop" };
                plan.info(format!("can't {verb} {} now: this machine isn't booted", self.asked));
            }
            return;
        }
        let action = if starts { UnitAction::Start } else { UnitAction::Stop };
        self.act(self.asked, action, plan);
        plan.expectations.push(Expectation::UnitIs {
            unit: self.asked.to_string(),
            active: starts,
        });
    }

    /// systemd knows the unit, but it has no file: it was generated or made at run time.
    fn plan_without_file(&self, plan: &mut Plan) -> Result<(), PlanError> {
        if self.service.enabled.is_some() || self.service.masked.is_some() {
            let message = format!(
                "{} has no unit file: it can be started and stopped, but not enabled or masked",
                self.asked
            );
            return Err(PlanError::at(self.path, message).hint("set only `state`"));
        }
        self.set_state(plan);
        Ok(())
    }

    /// podman makes the unit of the file at `source`, if it hasn't yet.
    fn plan_of_podman(&self, source: &str, plan: &mut Plan) -> Result<(), PlanError> {
        match self.service.enabled {
            Some(false) => {
                let message = format!("{} can't be disabled: podman makes it of {source}", self.asked);
                return Err(PlanError::at(self.path, message).hint("take [Install] out of that file, or mask the unit"));
            }
            Some(true) => plan.info(format!(
                "podman makes {} of {source}: it is enabled if that has an [Install]",
                self.asked
            )),
            None => {}
        }
        if self.service.is_wanted() || self.service.masked == Some(false) {
            self.act(self.asked, UnitAction::Unmask, plan);
        }
        self.set_state(plan);
        if self.service.masked == Some(true) {
            self.act(self.asked, UnitAction::Mask, plan);
        }
        Ok(())
    }

    /// The unit isn't there and isn't wanted: it can only be masked.
    fn plan_absent(&self, plan: &mut Plan) {
        plan.info(format!(
            "there is no unit {} on this machine, so nothing has to be stopped",
            self.asked
        ));
        match self.service.masked {
            Some(true) => self.act(self.asked, UnitAction::Mask, plan),
            Some(false) => self.act(self.asked, UnitAction::Unmask, plan),
            None => {}
        }
    }

    fn act(&self, unit: &UnitName, action: UnitAction, plan: &mut Plan) {
        plan.changes.push(Change::Unit(UnitChange {
            unit: unit.to_string(),
            action,
        }));
    }

    fn expect_file(&self, file: &UnitFile, state: UnitFileState, plan: &mut Plan) {
        plan.expectations.push(Expectation::UnitFileIs {
            unit: file.name.to_string(),
            state,
        });
    }
}

/// Whether enabling creates any link: of its own, or of the units in its `Also=`.
fn can_be_enabled(file: &UnitFile) -> bool {
    file.install.has_rules() || !file.install.also.is_empty()
}

#[cfg(test)]
mod tests;
