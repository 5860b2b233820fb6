//! `runcmd` and scripts: what runs once, when the rest is done.

use std::time::Duration;

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
        for command in in_order(want) {
            command.plan_once(machine, &mut plan);
        }
        Ok(plan)
    }
}

/// All that runs once, in the order of cloud-init: the vendor's scripts, those for the machine, those for the instance by
/// name, `runcmd` among them.
fn in_order(want: &Config) -> Vec<DocumentCommand> {
    let limit = want.command_limit();
    let mut all: Vec<(u8, String, DocumentCommand)> = Vec::new();
    for script in want.scripts.all().iter().filter(|script| !script.is_of_each_boot()) {
        let rank = match (script.is_vendors, script.often) {
            (true, _) => 0,
            (false, Often::Once) => 1,
            (false, Often::Instance | Often::Boot) => 2,
        };
        all.push((rank, script.name.clone(), of_script(script, limit)));
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
        all.push((2, NAME.to_owned(), command));
    }
    all.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    all.into_iter().map(|(_, _, command)| command).collect()
}

fn of_script(script: &UserScript, limit: Duration) -> DocumentCommand {
    let whose = if script.is_vendors {
        "the vendor's script"
    } else {
        "a script"
    };
    let (once, when) = match script.often {
        Often::Once => (Once::PerMachine, "once on this machine"),
        Often::Instance | Often::Boot => (Once::PerInstance, "once for this instance"),
    };
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
