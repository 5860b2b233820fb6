//! What commands and scripts of a document have done: for each a directory `commands/NAME` with its record, its output,
//! and its script while it runs.

use serde::{Deserialize, Serialize};

use super::{StateError, Store, current_owner};
use crate::vocabulary::{COMMANDS_DIRECTORY, RunOutcome, script_record};

/// The most bytes of output that are kept of one script; the journal has the rest.
pub const OUTPUT_LIMIT: usize = 1024 * 1024;

/// How a script went, as `record.json` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CommandRecord {
    /// Its name: `runcmd`.
    pub name: String,
    /// The instance for which it ran.
    pub instance_id: String,
    /// When it began, in seconds since 1970-01-01 UTC.
    pub begun: u64,
    /// The ID of the boot in which it began, random(4).
    pub boot: String,
    /// How it stands.
    pub state: CommandState,
    /// Its exit status; absent while it runs, and where a signal ended it.
    pub exit: Option<i32>,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// The number of its last command in the document; 0 for a script that is not made of commands.
    #[serde(default)]
    pub last: usize,
    /// Its commands, as far as they have begun.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<ItemRecord>,
    /// The last line that it printed, secrets masked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last_line: String,
    /// The path of its output. Only root may read it.
    pub output: String,
}

/// How a script stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum CommandState {
    /// It runs, or was cut off.
    Running,
    /// It and all its commands ended with the exit status 0.
    Done,
    /// It failed, or a command of it.
    Failed,
}

/// How one command of a script went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ItemRecord {
    /// Its number in the document, which begins with 1.
    pub number: usize,
    /// Its first words, secrets masked.
    pub command: String,
    /// Its exit status; absent while it runs, and where it ended the script.
    pub exit: Option<i32>,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// The last line that it printed, secrets masked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last_line: String,
}

/// Whose words a failure is told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// The command and its output too: for root alone, unless they are firstlight's own.
    All,
    /// Only ours, which everybody may read.
    Ours,
}

fn behind_colon(line: &str) -> String {
    match line {
        "" => String::new(),
        line => format!(": {line}"),
    }
}

impl ItemRecord {
    /// What went wrong with it, in words; `None` where it ended well. `words`: with its own.
    pub fn failure(&self, words: Words) -> Option<String> {
        let Self { number, command, .. } = self;
        let (command, said) = match words {
            Words::All => (format!(" (`{command}`)"), behind_colon(&self.last_line)),
            Words::Ours => (String::new(), String::new()),
        };
        match self.exit {
            Some(0) => None,
            Some(exit) => Some(format!(
                "command {number}{command} failed with exit status {exit}{said}"
            )),
            None => Some(format!("command {number}{command} did not end{said}")),
        }
    }
}

impl CommandRecord {
    /// Whether a run whose end nobody has seen is over, and how it went. `boot`: the ID of this boot.
    ///
    /// A script whose last command is to restart the machine doesn't get to its end.
    pub fn outcome(&self, boot: &str) -> Option<RunOutcome> {
        let earlier = || self.commands.iter().filter(|command| command.number != self.last);
        let restarted = self.last > 0
            && self.boot != boot
            && self
                .commands
                .last()
                .is_some_and(|last| last.number == self.last && last.exit.is_none());
        match self.state {
            CommandState::Done => Some(RunOutcome::Done),
            _ if restarted && earlier().all(|command| command.exit == Some(0)) => Some(RunOutcome::Done),
            CommandState::Failed => Some(RunOutcome::Failed),
            CommandState::Running if restarted => Some(RunOutcome::Failed),
            CommandState::Running => None,
        }
    }

    /// What went wrong, in words: by command where there are some.
    pub fn failures(&self, words: Words) -> Vec<String> {
        let of_commands = self.commands.iter().filter_map(|command| command.failure(words));
        let of_commands: Vec<String> = of_commands.collect();
        match (self.state, of_commands.is_empty()) {
            (CommandState::Done, _) => Vec::new(),
            (_, false) => of_commands,
            (CommandState::Running, true) => vec!["it did not end".to_owned()],
            (CommandState::Failed, true) => {
                let said = match words {
                    Words::All => behind_colon(&self.last_line),
                    Words::Ours => String::new(),
                };
                let how = match self.exit {
                    Some(exit) => format!("it failed with exit status {exit}"),
                    None => "a signal ended it".to_owned(),
                };
                vec![format!("{how}{said}")]
            }
        }
    }
}

impl Store {
    /// The path of the script of this name.
    pub fn script_path(name: &str) -> String {
        format!("{}/script", Self::command_directory(name))
    }

    /// The path of its output.
    pub fn output_path(name: &str) -> String {
        format!("{}/output", Self::command_directory(name))
    }

    fn command_directory(name: &str) -> String {
        format!("{COMMANDS_DIRECTORY}/{name}")
    }

    fn record_of(name: &str) -> String {
        script_record(name)
    }

    /// Writes a script, which only root may read and run; returns its path.
    ///
    /// # Errors
    /// The disk failed, or is full.
    pub fn put_script(&self, name: &str, text: &str) -> Result<String, StateError> {
        self.make(&Self::command_directory(name))?;
        let path = Self::script_path(name);
        Ok(self
            .writer
            .write_file(&path, text.as_bytes(), 0o700, current_owner())
            .map(|()| path)?)
    }

    /// Removes a script, which may hold secrets.
    ///
    /// # Errors
    /// It can't be removed.
    pub fn discard_script(&self, name: &str) -> Result<(), StateError> {
        Ok(self.writer.discard(&Self::script_path(name))?)
    }

    /// Writes a record.
    ///
    /// # Errors
    /// The disk failed, or is full.
    pub fn save_command(&self, record: &CommandRecord) -> Result<(), StateError> {
        self.make(&Self::command_directory(&record.name))?;
        self.put_json(&Self::record_of(&record.name), record)
    }

    /// Removes the output of an earlier run.
    ///
    /// # Errors
    /// It can't be removed.
    pub fn begin_output(&self, name: &str) -> Result<(), StateError> {
        self.make(&Self::command_directory(name))?;
        Ok(self.writer.discard(&Self::output_path(name))?)
    }

    /// Adds whole lines to the output of a script.
    ///
    /// # Errors
    /// The disk failed, or is full.
    pub fn add_output(&self, name: &str, lines: &[u8]) -> Result<(), StateError> {
        Ok(self.writer.append_lines(&Self::output_path(name), lines)?)
    }

    /// The record of a script, if it ran.
    ///
    /// # Errors
    /// It is damaged.
    pub fn command(&self, name: &str) -> Result<Option<CommandRecord>, StateError> {
        self.read_json(&Self::record_of(name))
    }

    /// The records of all scripts that ran for this instance, in the order in which they began.
    ///
    /// # Errors
    /// One of them is damaged.
    pub fn commands(&self, instance_id: &str) -> Result<Vec<CommandRecord>, StateError> {
        let names = self.root.list(COMMANDS_DIRECTORY)?;
        let records: Result<Vec<_>, _> = names.iter().map(|name| self.command(name)).collect();
        let mut records: Vec<CommandRecord> = records?.into_iter().flatten().collect();
        records.retain(|record| record.instance_id == instance_id);
        records.sort_by_key(|record| record.begun);
        Ok(records)
    }
}
