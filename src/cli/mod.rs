//! The command line: one file per subcommand, no logic.

mod apply;
mod boot;
mod completions;
mod confirm;
mod context;
mod exit;
mod explain;
#[cfg(test)]
mod generated;
mod history;
mod logging;
mod plan;
mod rollback;
mod run_script;
mod schema;
mod sources;
mod status;
mod validate;

use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::source::Choice;
use context::Context;
pub use exit::Exit;

/// How many file descriptors must be free before anything starts: for the event loop, path resolution, temporary
/// files, the lock and the streams of a program.
const SPARE_DESCRIPTORS: usize = 24;

/// Turns one YAML document into a configured machine.
#[derive(Debug, Parser)]
#[command(name = "firstlight", version, about, max_term_width = 100, after_help = exit::HELP)]
pub struct Arguments {
    /// Work on the system in this directory instead of the running one; nothing in it is executed
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Use only this source, optionally at this place (see `firstlight sources --help`)
    #[arg(long, global = true, value_name = "NAME[:PLACE]")]
    source: Option<Choice>,
    /// Print more details; give it twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// For programs; the format is stable.
    Json,
    /// For CI systems, which show it beside the line; only of `validate`.
    Sarif,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what would change as a diff
    Plan(plan::Arguments),
    /// Configure the machine as the document specifies
    Apply(apply::Arguments),
    /// Keep the changes of `apply --confirm`
    Confirm,
    /// Undo a generation and all later ones
    Rollback(rollback::Arguments),
    /// List the generations
    History,
    /// Show what each source has and which one is chosen
    #[command(after_help = sources::help())]
    Sources,
    /// Show how the boot went and which generation is in force
    Status(status::Arguments),
    /// Check documents and report all problems; changes nothing
    Validate(validate::Arguments),
    /// Explain the code of a diagnostic, such as unknown-key, with an example
    Explain(explain::Arguments),
    /// Print the JSON Schema of an input or an output, for editors and programs
    Schema(schema::Arguments),
    /// Print the completion script of a shell
    Completions(completions::Arguments),
    /// Run one stage of the boot (used by the systemd units)
    Boot(boot::Arguments),
    /// Run a script of the document and record how it goes (used by the units of commands)
    #[command(hide = true)]
    RunScript(run_script::Arguments),
}

/// Runs the program: parses the command line, runs the subcommand, turns its end into an exit status.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.format == Format::Sarif && !matches!(arguments.command, Command::Validate(_)) {
        let message = "`--format sarif` is only for `validate`";
        Arguments::command().error(ErrorKind::ArgumentConflict, message).exit();
    }
    logging::start(arguments.verbose);
    let context = Context::new(
        arguments.root,
        arguments.format,
        arguments.source,
        arguments.verbose > 0,
    );
    match run(arguments.command, &context) {
        Ok(exit) => exit.into(),
        Err(error) => context.fail(&error),
    }
}

/// The runtime that waits for buses, programs and timers.
#[expect(clippy::disallowed_methods, reason = "what is there on every host: its root")]
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    // Without free descriptors tokio and other libraries panic, so check first.
    let any = || std::fs::File::open("/");
    let spare: std::io::Result<Vec<std::fs::File>> = std::iter::repeat_with(any).take(SPARE_DESCRIPTORS).collect();
    drop(spare.context("too few files may be opened; raise the limit (ulimit -n)")?);
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.context("can't start the asynchronous runtime")
}

/// Waits for what talks to buses and programs. Commands that only read files and print need no runtime.
fn wait(work: Pin<Box<dyn Future<Output = anyhow::Result<Exit>> + '_>>) -> anyhow::Result<Exit> {
    runtime()?.block_on(work)
}

fn run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    match command {
        Command::Plan(arguments) => wait(Box::pin(plan::run(arguments, context))),
        Command::Apply(arguments) => wait(Box::pin(apply::run(arguments, context))),
        Command::Confirm => wait(Box::pin(confirm::run(context))),
        Command::Rollback(arguments) => wait(Box::pin(rollback::run(&arguments, context))),
        Command::History => history::run(context),
        Command::Sources => sources::run(context),
        Command::Status(arguments) => wait(Box::pin(status::run(&arguments, context))),
        Command::Validate(arguments) => validate::run(&arguments, context),
        Command::Explain(arguments) => explain::run(&arguments, context),
        Command::Schema(arguments) => schema::run(&arguments, context),
        Command::Completions(arguments) => completions::run(&arguments, context),
        Command::RunScript(arguments) => run_script::run(&arguments, context),
        Command::Boot(arguments) => wait(Box::pin(boot::run(&arguments, context))),
    }
}
