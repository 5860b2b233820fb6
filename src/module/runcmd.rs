//! `runcmd` and scripts: what runs once, when the rest is done.

use std::time::Duration;

use super::bootcmd;
use super::script_directory::ScriptDirectory;
use super::{DocumentCommand, Module, Once, Plan, PlanError, Program, Stage, Supply, When};
use crate::document::Config;
use crate::document::commands::UserScript;
use crate::document::commands::script::Script;
use crate::document::format::Often;
use crate::system::Machine;

/// The name of the script of all commands, among the names of the other scripts.
const NAME: &str = "runcmd";

/// Runs commands and scripts.
#[derive(Debug, Clone, Copy)]
pub struct Runcmd;

impl Module for Runcmd {
    fn name(&self) -> &'static str {
        NAME
    }

    fn stage(&self) -> Stage {
        Stage::Final
    }

    /// A script that fails doesn't keep the next one from running.
    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn needs(&self) -> &'static [Supply] {
        &[Supply::Files, Supply::Accounts]
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        for command in in_order(want, machine)? {
            command.plan_once(machine, &mut plan);
        }
        Ok(plan)
    }
}

/// All that runs once, in the order of cloud-init: the vendor's scripts, those for the machine, those of each boot for the
/// first time, the directory for the instance, and those for the instance by name, `runcmd` among them.
fn in_order(want: &Config, machine: &Machine<'_>) -> Result<Vec<DocumentCommand>, PlanError> {
    let limit = want.command_limit();
    let mut all: Vec<(u8, String, DocumentCommand)> = Vec::new();
    for script in want.scripts.all().iter().filter(|script| !script.is_boothook) {
        let (rank, command) = match (script.is_vendors, script.often) {
            (_, Often::Boot) => (2, first_start(&bootcmd::name(script), limit)),
            (true, _) => (0, of_script(script, limit)),
            (false, Often::Once) => (1, of_script(script, limit)),
            (false, Often::Instance) => (4, of_script(script, limit)),
        };
        all.push((rank, script.name.clone(), command));
    }
    for (rank, often) in [(1, Often::Once), (2, Often::Boot), (3, Often::Instance)] {
        let directory = ScriptDirectory(often);
        if let Some((script, many)) = directory.script(want.stops_on_error(), machine)? {
            let command = match often {
                Often::Boot => first_start(directory.name(), limit),
                Often::Once | Often::Instance => of_directory(directory, script, many, limit),
            };
            all.push((rank, directory.name().to_owned(), command));
        }
    }
    if let Some(commands) = want.runcmd.as_ref().filter(|commands| !commands.is_empty()) {
        let command = DocumentCommand {
            name: NAME.to_owned(),
            program: Program::Script(Script::of_commands(commands, want.stops_on_error())),
            limit,
            purpose: match commands.each().count() {
                1 => "1 command, once for this instance".to_owned(),
                many => format!("{many} commands, once for this instance"),
            },
            once: Once::PerInstance,
            when: When::InTurn,
        };
        all.push((4, NAME.to_owned(), command));
    }
    all.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    Ok(all.into_iter().map(|(_, _, command)| command).collect())
}

/// Starts a unit that systemd starts at each later boot: before this one there was none.
fn first_start(name: &str, limit: Duration) -> DocumentCommand {
    let unit = bootcmd::unit(name);
    DocumentCommand {
        name: format!("first-{name}"),
        program: Program::Argv(["systemctl", "start", &unit].map(str::to_owned).to_vec()),
        limit,
        purpose: "what runs at each boot, for the first time".to_owned(),
        once: Once::PerInstance,
        when: When::InTurn,
    }
}

fn of_directory(directory: ScriptDirectory, script: Script, many: usize, limit: Duration) -> DocumentCommand {
    let (once, how_often) = once(directory.0);
    let scripts = if many == 1 {
        "1 script"
    } else {
        &format!("{many} scripts")
    };
    DocumentCommand {
        name: directory.name().to_owned(),
        program: Program::Script(script),
        limit,
        purpose: format!("{scripts} of a directory, {how_often}"),
        once,
        when: When::InTurn,
    }
}

fn once(often: Often) -> (Once, &'static str) {
    match often {
        Often::Once => (Once::PerMachine, "once on this machine"),
        Often::Instance | Often::Boot => (Once::PerInstance, "once for this instance"),
    }
}

fn of_script(script: &UserScript, limit: Duration) -> DocumentCommand {
    let whose = match (script.is_vendors, script.script.prefix()) {
        (true, []) => "the vendor's script".to_owned(),
        (true, prefix) => format!("the vendor's script, run by `{}`", prefix.join(" ")),
        (false, _) => "a script".to_owned(),
    };
    let (once, when) = once(script.often);
    DocumentCommand {
        name: format!("script-{}", script.name),
        program: Program::Script(script.script.clone()),
        limit,
        purpose: format!("{whose}, {when}"),
        once,
        when: When::InTurn,
    }
}

#[cfg(test)]
mod tests;
