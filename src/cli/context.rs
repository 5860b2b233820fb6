//! What every subcommand needs: the machine, the document, the output.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde::Serialize;

use super::{Exit, Format};
use crate::agent::imports;
use crate::agent::remote::fetch;
use crate::agent::selection::selection;
use crate::agent::texts::texts_on;
use crate::document::import_id::Imported;
use crate::document::plain::plain;
use crate::document::{Diagnostic, Document};
use crate::report::SCHEMA;
use crate::report::style::Style;
use crate::report::words::count;
use crate::settings::{self, Invalid, Settings};
use crate::source::{Choice, Fault, FaultKind, Seed, Verdict, file, search};
use crate::state::{Store, instance_id, scrubbed};
use crate::system::System;

/// The options that all subcommands share.
#[derive(Debug)]
pub struct Context {
    root: Option<PathBuf>,
    format: Format,
    /// The sources that `--source` names.
    pub source: Option<Choice>,
    /// Whether details that need no attention are shown too.
    pub verbose: bool,
}

/// Why there is no result. Its JSON form is stable.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Failure<'a> {
    /// The version of this form.
    schema: u32,
    /// Why, in a sentence.
    error: String,
    /// If a source is the cause: whether a retry may help.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<FaultKind>,
    /// What is wrong with the document, if that is why.
    diagnostics: &'a [Diagnostic],
}

/// A document and its origin.
#[derive(Debug)]
pub struct Input {
    /// Where it came from.
    pub seed: Seed,
    /// What it says.
    pub document: Document,
    /// Which machine it is for.
    pub instance_id: String,
}

impl Context {
    /// The context given by the command line.
    #[expect(clippy::disallowed_methods, reason = "a path of the host, given on the command line")]
    pub fn new(root: Option<PathBuf>, format: Format, source: Option<Choice>, verbose: bool) -> Self {
        // `--root /` is the running machine.
        let root = root.filter(|path| path.canonicalize().ok().as_deref() != Some(Path::new("/")));
        Self {
            root,
            format,
            source,
            verbose,
        }
    }

    /// The machine: the running one, or the tree under `--root`.
    pub fn system(&self) -> anyhow::Result<System> {
        match &self.root {
            Some(path) => System::tree(path).context("--root"),
            None => Ok(System::running()?),
        }
    }

    /// The sources to search, and the rules for them. All problems of the settings are shown.
    pub fn selection(&self, system: &System) -> anyhow::Result<(Choice, Settings)> {
        selection(system, self.source.as_ref()).map_err(|error| match error.downcast::<Invalid>() {
            Ok(Invalid(diagnostics)) => {
                self.show_diagnostics(&diagnostics);
                anyhow::anyhow!(
                    "{} is invalid; no source is searched until this is corrected",
                    settings::PATH
                )
            }
            Err(error) => error,
        })
    }

    /// The machine with its bus, for planning. Planning also works if the bus does not answer.
    pub async fn connected(&self) -> anyhow::Result<System> {
        let mut system = self.system()?;
        if let Err(error) = system.connect().await {
            tracing::warn!("{error}");
        }
        Ok(system)
    }

    /// Refuses to change the running machine without root privileges, before anything starts.
    pub fn must_be_root(&self) -> anyhow::Result<()> {
        if self.root.is_none() && users::get_effective_uid() != 0 {
            bail!("changing this machine needs root privileges; use sudo, or try it on a tree with --root DIR");
        }
        Ok(())
    }

    /// The document: the given file, or what the sources have. `None` if no source has one, which is then already
    /// reported.
    pub async fn input(&self, path: Option<&Path>, system: &System) -> anyhow::Result<Option<Input>> {
        let seed = match path {
            Some(path) => {
                let seed = file::read(path)?;
                match seed.is_whole() {
                    true => seed,
                    false => self.fetched(&seed, &self.selection(system)?.1.of_a_person()).await?,
                }
            }
            None => {
                let (choice, settings) = self.selection(system)?;
                match search(&system.root, system.live, &choice, &settings.rules) {
                    Verdict::Present(seed) if seed.is_whole() => not_the_rest(*seed, system)?,
                    // A tree may not be trusted, so its URLs are not fetched from this host.
                    Verdict::Present(seed) if !system.live && !matches!(choice, Choice::At(..)) => bail!(
                        "the document is at {}: the machine fetches it when it boots; to fetch it now, use --source \
                         nocloud:ADDRESS",
                        seed.rest()
                    ),
                    Verdict::Present(seed) => self.fetched(&seed, &settings).await?,
                    Verdict::Broken(fault) | Verdict::Unknown(fault) => return Err(fault.into()),
                    Verdict::Absent(why) => {
                        let text = "no source has a document; `firstlight sources` says why";
                        self.say(text);
                        tracing::info!("{why}");
                        self.print_failure(text, None, &[]);
                        return Ok(None);
                    }
                }
            }
        };
        let mut document = Document::read(&texts_on(system, &seed));
        if path.is_some() && document.is_empty() {
            document.add_error(
                &seed.place,
                "the document is empty",
                "write at least one key, like `hostname: web1`",
            );
        }
        let own = document.meta_data.instance_id.as_deref();
        let store = Store::new(system.root.clone());
        // A file applies to the existing instance; only a seed can declare a new one.
        let known = if path.is_some() {
            store.instance().ok().flatten()
        } else {
            None
        };
        let instance_id = match known {
            Some(known) => known,
            None => instance_id(own, &system.root, system.live)?,
        };
        self.show_diagnostics(&document.diagnostics);
        let imported = self.imported(&document, path.is_some(), system).await?;
        imports::give(&mut document, imported.as_ref(), &store);
        Ok(Some(Input {
            seed,
            document,
            instance_id,
        }))
    }

    /// The complete seed, fetched by this host. Errors in the local part are reported before anything is fetched.
    async fn fetched(&self, seed: &Seed, settings: &Settings) -> anyhow::Result<Seed> {
        if Document::read(&seed.texts()).has_errors() {
            return Ok(seed.clone());
        }
        let rules = settings.clone().attended().rules;
        let fetched = fetch(&System::running()?, seed, &rules).await;
        Ok(fetched?)
    }

    /// The public keys that other sites have, asked by this host. A document of a tree that nobody has named may not be
    /// trusted: the machine asks when it boots.
    async fn imported(&self, document: &Document, is_named: bool, system: &System) -> anyhow::Result<Option<Imported>> {
        let is_named = is_named || matches!(self.source, Some(Choice::At(..)));
        if !document.config.awaits_keys() || document.has_errors() || !(is_named || system.live) {
            return Ok(None);
        }
        let (_, settings) = self.selection(system)?;
        let settings = if is_named { settings.of_a_person() } else { settings };
        let running = System::running()?;
        Ok(Some(imports::ask(&running, document, &settings.attended().rules).await))
    }

    fn show_diagnostics(&self, diagnostics: &[Diagnostic]) {
        let style = Style::for_stream(&std::io::stderr());
        for diagnostic in diagnostics {
            self.say(&diagnostic.render(style.is_coloured()));
        }
    }

    /// Prints a result: as JSON, or as `human` renders it.
    pub fn print<T: Serialize>(&self, value: &T, human: impl FnOnce(Style) -> String) -> anyhow::Result<()> {
        self.print_text(&match self.format {
            Format::Json | Format::Sarif => serde_json::to_string_pretty(value)? + "\n",
            Format::Human => human(Style::for_stream(&std::io::stdout())),
        })
    }

    /// Whether problems are printed for CI systems.
    pub fn is_for_ci(&self) -> bool {
        self.format == Format::Sarif
    }

    /// Prints a text that is the same in every format.
    pub fn print_text(&self, text: &str) -> anyhow::Result<()> {
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            // The reader has closed the pipe.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            result => result.context("can't print the result"),
        }
    }

    /// Prints a message to standard error.
    pub fn say(&self, text: &str) {
        // If this fails, the error can't be reported anywhere.
        let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
    }

    /// Reports why the program fails.
    pub fn fail(&self, error: &anyhow::Error) -> ExitCode {
        let text = format!("{error:#}");
        let style = Style::for_stream(&std::io::stderr());
        self.say(&format!("{}: {}", style.removed("error"), plain_lines(&text)));
        let kind = error.downcast_ref::<Fault>().map(|fault| fault.kind);
        self.print_failure(&text, kind, &[]);
        Exit::Failed.into()
    }

    /// Rejects a document whose diagnostics were already shown.
    pub fn refuse(&self, document: &Document) -> Exit {
        let errors = document.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
        let text = format!(
            "the document has {}; nothing was changed",
            count(errors.count(), "error")
        );
        self.say(&text);
        self.print_failure(&text, None, &document.diagnostics);
        Exit::Invalid
    }

    /// Programs get JSON even where there is no result.
    fn print_failure(&self, error: &str, kind: Option<FaultKind>, diagnostics: &[Diagnostic]) {
        if self.format != Format::Human {
            let failure = Failure {
                schema: SCHEMA,
                error: error.to_owned(),
                kind,
                diagnostics,
            };
            // The error is already on standard error and in the exit status.
            let _ = self.print(&failure, |_| String::new());
        }
    }
}

/// The lines of a message, without terminal control characters.
fn plain_lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

/// The rest of a document whose secrets were overwritten must not be applied: that would undo everything else.
fn not_the_rest(seed: Seed, system: &System) -> anyhow::Result<Seed> {
    let generations = Store::new(system.root.clone()).generations().unwrap_or_default();
    match scrubbed(&generations, &seed.digest()) {
        Some(generation) => bail!(
            "the document of generation {} was overwritten in the hypervisor after use, and {} has only part of it; \
             name the document's file",
            generation.number,
            seed.place
        ),
        None => Ok(seed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_that_is_the_running_machines_is_none() {
        let elsewhere = tempfile::tempdir().unwrap();
        let link = elsewhere.path().join("link");
        std::os::unix::fs::symlink("/", &link).unwrap();
        let live = |root: &Path| {
            let context = Context::new(Some(root.to_owned()), Format::Human, None, false);
            context.system().unwrap().live
        };
        for root in ["/", "//", "/.", "/etc/..", "/proc/self/root"] {
            assert!(live(Path::new(root)), "{root}");
        }
        assert!(live(&link), "a link to /");
        assert!(!live(elsewhere.path()));
    }
}
