//! How the commands and scripts of a document went, for people.

use std::fmt::Write;

use super::style::Style;
use super::words::count;
use crate::document::plain::plain;
use crate::state::{CommandRecord, CommandState};

/// How many commands of a script are listed.
const LISTED: usize = 50;

/// A line for the script, and one for each of its commands.
pub fn render(record: &CommandRecord, style: Style) -> String {
    let mut text = String::new();
    let word = match record.state {
        CommandState::Running => style.changed("running"),
        CommandState::Done => style.added("done"),
        CommandState::Failed => style.removed("failed"),
    };
    let what = match record.commands.len() {
        0 => String::new(),
        many => format!("{} of {}, ", count(many, "command"), record.last),
    };
    let _ = writeln!(
        text,
        "commands: {} {word}, {what}{} ms; output in {}",
        plain(&record.name),
        record.milliseconds,
        plain(&record.output)
    );
    for command in record.commands.iter().take(LISTED) {
        let how = match command.exit {
            Some(0) => "done".to_owned(),
            Some(exit) => format!("exit status {exit}"),
            None => "no end".to_owned(),
        };
        let said = match (command.exit, command.last_line.as_str()) {
            (Some(0), _) | (_, "") => String::new(),
            (_, line) => format!(": {}", plain(line)),
        };
        let _ = writeln!(
            text,
            "  {:>3} {} ({how}, {} ms){said}",
            command.number,
            plain(&command.command),
            command.milliseconds
        );
    }
    if record.commands.len() > LISTED {
        let _ = writeln!(text, "  … and {} more", record.commands.len() - LISTED);
    }
    text
}
