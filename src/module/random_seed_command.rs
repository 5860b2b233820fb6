//! `random_seed.command`: a program that gets the kernel more random numbers, from the network.

use super::{DocumentCommand, Module, Once, Plan, PlanError, Program, Stage, Supply, When};
use crate::document::Config;
use crate::system::Machine;
use crate::system::command::{self, CommandError};

/// The name of its unit, and of its entry in the ledger.
const NAME: &str = "random-seed-command";

/// Runs the command of `random_seed`.
#[derive(Debug, Clone, Copy)]
pub struct RandomSeedCommand;

impl Module for RandomSeedCommand {
    fn name(&self) -> &'static str {
        "random_seed_command"
    }

    fn stage(&self) -> Stage {
        Stage::System
    }

    fn needs(&self) -> &'static [Supply] {
        &[Supply::Files]
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let Some(seed) = &want.random_seed else { return Ok(plan) };
        let Some(command) = &seed.command else { return Ok(plan) };
        let program = command.words().first().map(String::as_str).unwrap_or_default();
        match command::locate(machine.root(), program) {
            Ok(_) => {}
            Err(CommandError::Read(error)) => return Err(error.into()),
            Err(why) if seed.command_required == Some(true) => {
                let hint = "add the program to the image, or leave out `command_required`";
                return Err(PlanError::at(&["random_seed", "command"], why.to_string()).hint(hint));
            }
            Err(why) => {
                plan.notice(format!("no more random numbers are fetched: {why}"));
                return Ok(plan);
            }
        }
        let mut argv = vec!["env".to_owned(), format!("RANDOM_SEED_FILE={}", seed.target())];
        argv.extend_from_slice(command.words());
        let command = DocumentCommand {
            name: NAME.to_owned(),
            program: Program::Argv(argv),
            limit: want.command_limit(),
            purpose: "more random numbers, once for this instance".to_owned(),
            once: Once::PerInstance,
            when: When::InTurn,
        };
        command.plan_once(machine, &mut plan);
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Change;
    use crate::system::{Facts, Root};
    use crate::vocabulary::{Run, RunOutcome};
    use serde_json::{Value, json};
    use std::os::unix::fs::PermissionsExt;

    /// The command line, the notes, or why there is none.
    fn plan(seed: Value, ran: Option<RunOutcome>) -> Result<(Option<String>, Vec<String>), String> {
        let tree = tempfile::tempdir().unwrap();
        let bin = tree.path().join("usr/bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::write(bin.join("pollinate"), "").unwrap();
        std::fs::set_permissions(bin.join("pollinate"), PermissionsExt::from_mode(0o755)).unwrap();
        let root = Root::open(tree.path()).unwrap();
        let config: Config = crate::document::yaml::from_json(&json!({"random_seed": seed})).unwrap();
        let mut facts = Facts::default();
        if let Some(outcome) = ran {
            let run = Run {
                outcome,
                ..Run::begun("i-1", 7)
            };
            facts.ran.insert(NAME.to_owned(), run);
        }
        let plan = RandomSeedCommand.plan(&config, &Machine::new(&root, &facts));
        let mut plan = plan.map_err(|error| format!("{}: {error}", error.path.join(".")))?;
        let argv = plan.changes.pop().map(|change| match change {
            Change::DocumentCommand(DocumentCommand {
                program: Program::Argv(argv),
                ..
            }) => argv.join(" "),
            other => panic!("{other:?}"),
        });
        Ok((argv, plan.notes.into_iter().map(|note| note.text).collect()))
    }

    #[test]
    fn it_runs_once_where_there_is_the_program() {
        let command = json!({"command": ["pollinate", "-r; x"], "file": "/var/lib/seed"});
        let argv = "env RANDOM_SEED_FILE=/var/lib/seed pollinate -r; x".to_owned();
        assert_eq!(plan(command.clone(), None), Ok((Some(argv), vec![])));
        assert_eq!(plan(json!({"data": "abc"}), None), Ok((None, vec![])));
        for (outcome, words) in [
            (RunOutcome::Done, "has run"),
            (RunOutcome::Failed, "failed"),
            (RunOutcome::Begun, "interrupted"),
        ] {
            let (argv, notes) = plan(command.clone(), Some(outcome)).unwrap();
            assert!(argv.is_none() && notes.concat().contains(words), "{notes:?}");
        }
    }

    #[test]
    fn a_program_that_is_missing_is_an_error_only_where_it_is_required() {
        let (argv, notes) = plan(json!({"command": ["elsewhere"]}), None).unwrap();
        assert!(
            argv.is_none() && notes.concat().contains("no such program"),
            "{notes:?}"
        );
        let why = plan(json!({"command": ["elsewhere"], "command_required": true}), None).unwrap_err();
        assert!(why.starts_with("random_seed.command: can't run elsewhere"), "{why}");
    }
}
