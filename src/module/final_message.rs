//! `final_message`: said on the console, and in the journal, when all is done.

use super::{DocumentCommand, Module, Once, Plan, PlanError, Program, Stage, When};
use crate::document::Config;
use crate::document::commands::script::Script;
use crate::document::commands::{Commands, quoted};
use crate::document::final_message::{FinalMessage as Message, Piece, Variable};
use crate::document::power_state::PowerState;
use crate::system::Machine;

/// The name of its unit, and of its entry in the ledger.
const NAME: &str = "final_message";

/// Says the last word.
#[derive(Debug, Clone, Copy)]
pub struct FinalMessage;

impl Module for FinalMessage {
    fn name(&self) -> &'static str {
        NAME
    }

    fn stage(&self) -> Stage {
        Stage::Final
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let Some(message) = want
            .final_message
            .as_ref()
            .filter(|message| !message.pieces().is_empty())
        else {
            return Ok(plan);
        };
        let command = DocumentCommand {
            name: NAME.to_owned(),
            program: Program::Script(Script::of_commands(&Commands::of_lines(vec![says(message)]), false)),
            limit: want.command_limit(),
            purpose: "when all is done, the console says the message; once for this instance".to_owned(),
            once: Once::PerInstance,
            when: When::AfterAll(PowerState::TIMEOUT),
        };
        command.plan_once(machine, &mut plan);
        Ok(plan)
    }
}

/// The command that says it, to the journal too. A machine without a console has none to say it on.
fn says(message: &Message) -> String {
    let pieces = message.pieces().iter().map(|piece| match piece {
        Piece::Text(text) | Piece::Unknown(text) => quoted(std::slice::from_ref(text)),
        Piece::Variable(variable) => value(*variable).to_owned(),
    });
    let words: String = pieces.collect();
    format!(
        "message={words}\nprintf '%s\\n' \"$message\"\n{{ printf '%s\\n' \"$message\" >/dev/console; }} 2>/dev/null || :"
    )
}

/// What the shell has for a variable.
fn value(variable: Variable) -> &'static str {
    match variable {
        Variable::Uptime => "\"$(cut -d ' ' -f 1 /proc/uptime)\"",
        Variable::Timestamp => "\"$(LC_ALL=C date '+%a, %d %b %Y %H:%M:%S %z')\"",
        Variable::Version => concat!("'", env!("CARGO_PKG_VERSION"), "'"),
        Variable::Datasource => "\"$(sed -n 's/^  \"source\": \"\\(.*\\)\",$/\\1/p' /run/firstlight/status.json)\"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Texts};
    use crate::module::Change;
    use crate::system::{Facts, Root};
    use crate::vocabulary::{Run, RunOutcome};

    /// What is planned where this ran before.
    fn plan(message: &str, ran: Option<RunOutcome>) -> Plan {
        let yaml = serde_json::json!({ "final_message": message }).to_string();
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        let tree = tempfile::tempdir().unwrap();
        let root = Root::open(tree.path()).unwrap();
        let run = |outcome| Run {
            outcome,
            ..Run::begun("i-1", 7)
        };
        let facts = Facts {
            ran: ran.map(|outcome| (NAME.to_owned(), run(outcome))).into_iter().collect(),
            ..Facts::default()
        };
        FinalMessage
            .plan(&document.config, &Machine::new(&root, &facts))
            .unwrap()
    }

    /// What the script of this message says.
    fn said(message: &str) -> String {
        let plan = plan(message, None);
        let [Change::DocumentCommand(command)] = &plan.changes[..] else {
            panic!("{plan:?}")
        };
        let Program::Script(script) = &command.program else {
            panic!("{command:?}")
        };
        let tree = tempfile::tempdir().unwrap();
        let path = |name: &str| tree.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("status"), "{\n  \"source\": \"nocloud\",\n  \"place\": \"x\"\n}\n").unwrap();
        let script = script.shown().replace("/dev/console", &path("console"));
        let script = script.replace("/run/firstlight/status.json", &path("status"));
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(std::fs::read_to_string(path("console")).unwrap(), said);
        said
    }

    #[test]
    fn the_console_and_the_journal_say_it() {
        assert_eq!(said("it's \"done\" `x` \\n $(y)"), "it's \"done\" `x` \\n $(y)\n");
        assert_eq!(
            said("$VERSION from $DATASOURCE"),
            format!("{} from nocloud\n", env!("CARGO_PKG_VERSION"))
        );
        let uptime = said("$UPTIME");
        assert!(uptime.trim().parse::<f64>().is_ok(), "{uptime}");
        let timestamp = said("$TIMESTAMP");
        assert!(timestamp.contains(", ") && timestamp.contains(':'), "{timestamp}");
    }

    #[test]
    fn it_is_said_once_for_an_instance() {
        assert_eq!(plan("", None).changes, []);
        assert_eq!(plan("x", Some(RunOutcome::Done)).changes, []);
    }
}
