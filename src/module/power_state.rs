//! `power_state` and `package_reboot_if_required`: the machine restarts, or is switched off, when all is done.

use super::{Change, DocumentCommand, Module, Once, Plan, PlanError, Program, Stage, When, packages};
use crate::document::Config;
use crate::document::commands::script::Script;
use crate::document::commands::{Command, Commands, quoted};
use crate::document::power_state::{Condition, PowerMode, PowerState as Wanted};
use crate::system::Machine;
use crate::vocabulary::script_record;

/// The name of its unit, and of its entry in the ledger.
const NAME: &str = "power_state";

/// The same for the restart after packages.
const AFTER_PACKAGES: &str = "package_reboot";

/// Whether packages that were installed want the machine restarted: Debian's and SUSE's marks; Fedora's program; on Photon the modules
/// of the kernel that runs go with its package, and a container has those of its host.
const IS_REQUIRED: &str = r#"[ -e /run/reboot-required ] || [ -e /run/reboot-needed ] ||
  { needs-restarting -r >/dev/null 2>&1; [ $? = 1 ]; } ||
  { [ ! -e "/lib/modules/$(uname -r)" ] && ! systemd-detect-virt --container --quiet; } ||"#;

/// Restarts the machine, or switches it off.
#[derive(Debug, Clone, Copy)]
pub struct PowerState;

impl Module for PowerState {
    fn name(&self) -> &'static str {
        NAME
    }

    fn stage(&self) -> Stage {
        Stage::Final
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn asked_at(&self, change: &Change, _want: &Config) -> Vec<String> {
        let key = match change {
            Change::DocumentCommand(command) if command.name == AFTER_PACKAGES => "package_reboot_if_required",
            _ => NAME,
        };
        vec![key.to_owned()]
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let has_run = machine.ran(NAME).is_some();
        let state = want.power_state.as_ref();
        let state = state.filter(|state| has_run || state.condition != Condition::Always(false));
        let is_decided = state.is_some() && !has_run;
        if let Some(state) = state {
            of_state(state, want).plan_once(machine, &mut plan);
        }
        let has_packages = packages::is_pending(want, machine) || machine.had_turn(packages::NAME);
        if want.package_reboot_if_required != Some(true) || !has_packages {
            return Ok(plan);
        }
        match is_decided {
            true => {
                plan.info("`package_reboot_if_required` adds nothing: `power_state` says what happens to the machine")
            }
            false => plan.changes.push(Change::DocumentCommand(after_packages(want))),
        }
        Ok(plan)
    }
}

fn of_state(state: &Wanted, want: &Config) -> DocumentCommand {
    let message = state.message.as_ref().map_or("", |message| message.as_str());
    let shutdown = shutdown(state.mode, &state.delay.as_argument(), message);
    let (mut lines, mut when) = (vec![shutdown], String::new());
    if let Condition::Command(command) = &state.condition {
        lines.insert(0, condition(command));
        when = ", where its condition is met".to_owned();
    }
    let what = match state.mode {
        PowerMode::Poweroff => "the machine is switched off",
        PowerMode::Reboot => "the machine restarts",
        PowerMode::Halt => "the machine stops",
    };
    let delay = match state.delay.minutes() {
        0 => String::new(),
        1 => " a minute later".to_owned(),
        minutes => format!(" {minutes} minutes later"),
    };
    DocumentCommand {
        once: Once::PerInstance,
        when: When::AfterAll(state.timeout()),
        ..command(
            NAME,
            lines,
            format!("when all is done, {what}{delay}{when}; once for this instance"),
            want,
        )
    }
}

fn after_packages(want: &Config) -> DocumentCommand {
    let lines = vec![
        format!(
            "grep -q '\"state\": \"done\"' {} || {{ echo 'not all packages are installed: no restart'; exit 0; }}",
            script_record(packages::NAME)
        ),
        format!("{IS_REQUIRED}\n  {{ echo 'no restart is required'; exit 0; }}"),
        shutdown(PowerMode::Reboot, "now", "installed packages require a restart"),
    ];
    let purpose = "when all is done, the machine restarts, where the installed packages require it".to_owned();
    command(AFTER_PACKAGES, lines, purpose, want)
}

fn command(name: &str, lines: Vec<String>, purpose: String, want: &Config) -> DocumentCommand {
    DocumentCommand {
        name: name.to_owned(),
        program: Program::Script(Script::of_commands(&Commands::of_lines(lines), false)),
        limit: want.command_limit(),
        purpose,
        once: Once::No,
        when: When::AfterAll(Wanted::TIMEOUT),
    }
}

/// Goes on where the condition is met. Another shell runs it: an `exit` in it ends that one.
fn condition(command: &Command) -> String {
    let words = match command {
        Command::Line(line) => quoted(&["sh", "-c", line].map(str::to_owned)),
        Command::Words(words) => quoted(words),
    };
    format!("{words} || {{ echo 'the condition is not met: nothing happens'; exit 0; }}")
}

/// shutdown(8) tells those who are logged in, and can be cancelled. An image without it has systemctl, which knows no delay.
fn shutdown(mode: PowerMode, delay: &str, message: &str) -> String {
    let (option, verb) = match mode {
        PowerMode::Poweroff => ("-P", "poweroff"),
        PowerMode::Reboot => ("-r", "reboot"),
        PowerMode::Halt => ("-H", "halt"),
    };
    let message = match message {
        "" => String::new(),
        message => format!(" {}", quoted(&[message.to_owned()])),
    };
    let shutdown = format!("shutdown {option} -- {delay}{message}");
    match delay {
        // The shell gets to its end, and its record with it: the machine that goes down stops it.
        "now" => format!("trap '' TERM; {shutdown} || systemctl {verb}"),
        _ => shutdown,
    }
}

#[cfg(test)]
mod tests;
