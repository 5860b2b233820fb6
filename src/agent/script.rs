//! Runs a script of the document in the unit that systemd has made for it, and records how each of its commands goes.

mod output;

use std::time::{Duration, Instant};

use anyhow::Context as _;
use nix::sys::signal::{SigSet, Signal};

use crate::document::commands::script::{MARK_VARIABLE, names};
use crate::module::packages;
use crate::state::{CommandRecord, CommandState, ItemRecord, Store};
use crate::system::clock::{self, BootTime};
use crate::system::{System, run};
use output::{Output, Piece};

/// The interpreter of a script that names none.
const SHELL: &str = "/bin/sh";

/// How many commands are recorded at once as they begin and end; of more, as often as [`SAVING`] says.
const SAVED_AT_ONCE: usize = 100;

/// How often the record of many commands is written: it is written as a whole.
const SAVING: Duration = Duration::from_secs(1);

/// Runs the script at `path` to its end, by the program in `prefix` if there is one. What it prints goes to our standard
/// output, and to the state.
///
/// # Errors
/// It can't be read or started, or the state can't be written.
pub fn run_script(name: &str, path: &str, prefix: &[String]) -> anyhow::Result<CommandRecord> {
    // systemd ends the script first, at its time limit and at a shutdown: how that went is still recorded. What is
    // started from here on has no signal blocked.
    let mut term = SigSet::empty();
    term.add(Signal::SIGTERM);
    let _ = term.thread_block();
    let system = System::running()?;
    let store = Store::new(system.root.clone());
    let text = system.root.read_text(path)?;
    let text = text.with_context(|| format!("there is no script {path}"))?;
    let names = names(&text);
    let instance = store.current()?.map_or_else(String::new, |current| current.instance_id);
    let boot = BootTime::now(&system.root).boot_id;
    let mut recorder = Recorder::begin(&store, name, &names, (&instance, &boot))?;
    let mark = recorder.output.mark().to_owned();
    let variables = [(MARK_VARIABLE, mark.as_str()), ("INSTANCE_ID", instance.as_str())];
    let argv = [prefix, &interpreter(&text, path)].concat();
    let ended = run::follow(&argv, &variables, &mut |bytes| recorder.take_in(bytes));
    let exit = ended.with_context(|| format!("can't run {path}"))?;
    recorder.end(exit)
}

/// Waits until no other firstlight is changing this machine, at most so long.
pub fn wait_for_others(patience: Duration) {
    let Ok(system) = System::running() else { return };
    // What it can't be had for is no reason not to go on.
    let _ = Store::new(system.root).lock_within(patience);
}

/// The program that runs a script, as execve(2) finds it: so it may be on a file system that is mounted `noexec`.
fn interpreter(text: &str, path: &str) -> Vec<String> {
    let first = text.lines().next().unwrap_or_default();
    let named = first
        .strip_prefix("#!")
        .map(str::trim)
        .filter(|named| !named.is_empty());
    let (program, argument) = match named {
        Some(named) => named.split_once([' ', '\t']).unwrap_or((named, "")),
        None => (SHELL, ""),
    };
    let argument = Some(argument.trim()).filter(|argument| !argument.is_empty());
    let words = [Some(program), argument, Some(path)];
    words.into_iter().flatten().map(str::to_owned).collect()
}

/// Keeps the record while a script runs.
struct Recorder<'a> {
    store: &'a Store,
    names: &'a [(usize, String)],
    record: CommandRecord,
    output: Output,
    begun: Instant,
    command_begun: Instant,
    saved: Instant,
}

impl<'a> Recorder<'a> {
    /// `at`: the instance, and the boot.
    fn begin(store: &'a Store, name: &str, names: &'a [(usize, String)], at: (&str, &str)) -> anyhow::Result<Self> {
        let record = CommandRecord {
            name: name.to_owned(),
            begun: clock::now(),
            boot: at.1.to_owned(),
            instance_id: at.0.to_owned(),
            state: CommandState::Running,
            exit: None,
            milliseconds: 0,
            last: names.last().map_or(0, |(number, _)| *number),
            commands: Vec::new(),
            last_line: String::new(),
            output: Store::output_path(name),
        };
        store.begin_output(name)?;
        store.save_command(&record)?;
        Ok(Self {
            store,
            names,
            record,
            // dnf shows all settings of a repository that it can't use.
            output: match name == packages::NAME {
                true => Output::masked(),
                false => Output::default(),
            },
            begun: Instant::now(),
            command_begun: Instant::now(),
            saved: Instant::now(),
        })
    }

    /// Takes in what the script has printed. What can't be recorded doesn't stop it.
    fn take_in(&mut self, bytes: &[u8]) {
        for piece in self.output.split(bytes) {
            match piece {
                Piece::Text(text) => self.output.print(&text),
                Piece::Mark { number, exit } => {
                    self.output.flush();
                    self.end_command(Some(exit));
                    self.begin_command(number);
                    if self.is_to_be_saved(number) {
                        self.save();
                    }
                }
            }
        }
        self.save_output(false);
    }

    fn begin_command(&mut self, number: usize) {
        let found = self.names.binary_search_by_key(&number, |(known, _)| *known);
        let Some((_, name)) = found.ok().and_then(|at| self.names.get(at)) else {
            return;
        };
        self.command_begun = Instant::now();
        self.output.head(&format!("==> {number}: {name} <=="));
        self.record.commands.push(ItemRecord {
            number,
            command: name.clone(),
            exit: None,
            milliseconds: 0,
            last_line: String::new(),
        });
    }

    fn end_command(&mut self, exit: Option<i32>) {
        if let Some(command) = self.record.commands.last_mut() {
            command.exit = exit;
            command.milliseconds = milliseconds(self.command_begun);
            command.last_line = self.output.last_line();
        }
    }

    /// That the last one has begun is always recorded: it may restart the machine.
    fn is_to_be_saved(&self, number: usize) -> bool {
        self.record.commands.len() <= SAVED_AT_ONCE || number == self.record.last || self.saved.elapsed() >= SAVING
    }

    fn save(&mut self) {
        self.saved = Instant::now();
        self.save_output(true);
        if let Err(error) = self.store.save_command(&self.record) {
            tracing::warn!("{error}");
        }
    }

    fn save_output(&mut self, all: bool) {
        let lines = self.output.take_kept(all);
        if !lines.is_empty()
            && let Err(error) = self.store.add_output(&self.record.name, &lines)
        {
            tracing::warn!("{error}");
        }
    }

    fn end(mut self, exit: Option<i32>) -> anyhow::Result<CommandRecord> {
        let rest = self.output.rest();
        self.output.print(&rest);
        self.output.flush();
        // A command that ends the script, as `exit` does, is not told.
        if self.record.commands.last().is_some_and(|last| last.exit.is_none()) {
            self.end_command(exit);
        }
        let is_well = self.record.commands.iter().all(|command| command.exit == Some(0));
        self.record.state = match exit == Some(0) && is_well {
            true => CommandState::Done,
            false => CommandState::Failed,
        };
        self.record.exit = exit;
        self.record.milliseconds = milliseconds(self.begun);
        self.record.last_line = self.output.last_line();
        self.save_output(true);
        self.store.save_command(&self.record)?;
        Ok(self.record)
    }
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
