//! A plan, as a diff for people and as JSON.

use std::fmt::Write;

use serde::Serialize;

use super::SCHEMA;
use super::style::Style;
use super::words::count;
use crate::document::Diagnostic;
use crate::document::plain::plain;
use crate::engine::{ChangeView, GenerationPlan, disturbances};
use crate::module::{Expectation, Level, Note};
use crate::system::network::Session;
use crate::system::{Facts, Machine, ReadError, Root};

/// A plan as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlanReport {
    /// The version of this format.
    pub schema: u32,
    /// How many changes are missing.
    pub changes: usize,
    /// By module, in the order of execution.
    pub modules: Vec<ModuleReport>,
    /// What is told to reload afterwards.
    pub reactions: Vec<ChangeView>,
    /// What is wrong with the document.
    pub diagnostics: Vec<Diagnostic>,
    /// What is interrupted meanwhile, in sentences.
    pub disturbances: Vec<String>,
}

/// The plan of one module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ModuleReport {
    /// The module's name.
    pub name: String,
    /// The changes that are missing.
    pub changes: Vec<ChangeView>,
    /// How many of its changes already hold.
    pub holding: usize,
    /// What is looked at afterwards, in words.
    pub checks: Vec<String>,
    /// What only the booted machine can look at, in words; empty on a running machine.
    pub left_for_boot: Vec<String>,
    /// What is run at the first boot, in full, secrets masked; empty on a running machine.
    pub at_first_boot: Vec<ChangeView>,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// Why it can't be planned, or some entries of it.
    pub problems: Vec<Diagnostic>,
    /// Why it was planned after other modules: what it needs from which module.
    pub after: Vec<String>,
}

impl PlanReport {
    /// How `plan` is shown, for a machine at `root`.
    ///
    /// # Errors
    /// What would be replaced can't be read.
    pub fn of(plan: &GenerationPlan, diagnostics: &[Diagnostic], root: &Root, live: bool) -> Result<Self, ReadError> {
        let view = |changes: &[crate::module::Change]| -> Result<Vec<_>, _> {
            changes.iter().map(|change| ChangeView::of(change, root)).collect()
        };
        let facts = Facts::default();
        let tree = Machine::new(root, &facts);
        let view_of = |change| ChangeView::of(change, root);
        let modules = plan.modules.iter().map(|module| {
            let at_first_boot = if live { Vec::new() } else { module.left_for_boot(&tree)? };
            let later = |expectation: &&Expectation| !live && expectation.needs_running();
            let (left, now): (Vec<_>, Vec<_>) = module.expectations.iter().partition(later);
            let words = |some: Vec<&Expectation>| some.into_iter().map(Expectation::in_words).collect();
            Ok(ModuleReport {
                name: module.name.to_owned(),
                changes: view(&module.changes)?,
                holding: module.holding,
                checks: words(now),
                left_for_boot: words(left),
                at_first_boot: at_first_boot.into_iter().map(view_of).collect::<Result<_, _>>()?,
                notes: module.notes.clone(),
                problems: module.problems.clone(),
                after: module
                    .after
                    .iter()
                    .map(|(name, supply)| format!("{name}, for its {supply}"))
                    .collect(),
            })
        });
        Ok(Self {
            schema: SCHEMA,
            changes: plan.change_count(),
            modules: modules.collect::<Result<_, ReadError>>()?,
            reactions: view(&plan.reactions)?,
            diagnostics: diagnostics.to_vec(),
            disturbances: Vec::new(),
        })
    }

    /// The same, for a person whose `session` it is.
    #[must_use]
    pub fn disturbing(mut self, plan: &GenerationPlan, session: Option<&Session>) -> Self {
        self.disturbances = disturbances(plan, session);
        self
    }

    /// For people. What is as asked already is left out, unless `verbose`.
    pub fn render(&self, style: Style, verbose: bool) -> String {
        let mut text = String::new();
        for disturbance in &self.disturbances {
            let _ = writeln!(text, "{} {}", style.removed("!"), plain(disturbance));
        }
        if !self.disturbances.is_empty() {
            text.push('\n');
        }
        for module in &self.modules {
            module.render(&mut text, style, verbose);
        }
        for reaction in &self.reactions {
            let _ = writeln!(text, "{} then {}", style.changed("~"), plain(&reaction.summary));
        }
        self.render_sum(&mut text, style);
        text
    }

    /// The last lines: how much it is, and what stands in the way, an error a line. They are what a long plan leaves on
    /// the screen.
    fn render_sum(&self, text: &mut String, style: Style) {
        let unchanged: usize = self.modules.iter().map(|module| module.holding).sum();
        let errors: Vec<&Diagnostic> = self.errors().collect();
        if errors.is_empty() {
            let waits = self.modules.iter().any(|module| !module.at_first_boot.is_empty());
            let _ = match (self.changes, unchanged) {
                (0, 0) if waits => writeln!(text, "Nothing to do now: all of it is left for the first boot."),
                (0, 0) => writeln!(text, "Nothing to do: the document configures nothing."),
                (0, unchanged) => writeln!(text, "Nothing to do: {unchanged} unchanged."),
                (changes, unchanged) => writeln!(text, "{}, {unchanged} unchanged.", count(changes, "change")),
            };
            return;
        }
        let _ = writeln!(
            text,
            "{}, {unchanged} unchanged, {}; `firstlight apply` would refuse this:",
            count(self.changes, "change"),
            style.removed(&count(errors.len(), "error"))
        );
        for error in errors {
            let _ = writeln!(text, "  {}: {}", plain(&error.place()), plain(&error.message));
        }
    }

    /// What keeps `apply` from doing this: errors of the document, and what the machine can't do.
    fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        let planned = self.modules.iter().flat_map(|module| &module.problems);
        let all = self.diagnostics.iter().chain(planned);
        let mut errors: Vec<_> = all.filter(|diagnostic| diagnostic.is_error()).collect();
        errors.sort_by_key(|error| error.order());
        errors.into_iter()
    }
}

impl ModuleReport {
    fn render(&self, text: &mut String, style: Style, verbose: bool) {
        let told = |note: &&Note| verbose || note.level != Level::Info;
        let held = verbose && self.holding > 0;
        if self.changes.is_empty() && !held && !self.notes.iter().any(|note| told(&note)) {
            return;
        }
        let _ = writeln!(text, "{}", style.strong(&self.name));
        for change in &self.changes {
            render_change(text, change, style);
        }
        if held {
            let _ = writeln!(text, "  {}", style.faint(&format!("{} unchanged", self.holding)));
        }
        for after in self.after.iter().filter(|_| verbose && !self.changes.is_empty()) {
            let _ = writeln!(text, "  {}", style.faint(&format!("planned after {after}")));
        }
        for note in self.notes.iter().filter(told) {
            let word = if note.level.is_short() {
                style.changed("warning")
            } else {
                style.faint("note")
            };
            let _ = writeln!(text, "  {word}: {}", plain(&note.text));
        }
        for command in &self.at_first_boot {
            render_diff(text, command.diff.as_deref(), style);
        }
        for (when, checks) in [("then checked", &self.checks), ("checked at boot", &self.left_for_boot)] {
            for check in checks.iter().filter(|_| verbose || !self.changes.is_empty()) {
                let _ = writeln!(text, "  {}", style.faint(&format!("{when}: {}", plain(check))));
            }
        }
        let _ = writeln!(text);
    }
}

/// One change: its line, and its diff below it.
pub fn render_change(text: &mut String, change: &ChangeView, style: Style) {
    let sign = match change.sign() {
        '+' => style.added("+"),
        '-' => style.removed("-"),
        _ => style.changed("~"),
    };
    let _ = writeln!(text, "  {sign} {}", plain(&change.summary));
    render_diff(text, change.diff.as_deref(), style);
}

/// A diff, indented, without its headings: the line above names the file.
pub(super) fn render_diff(text: &mut String, diff: Option<&str>, style: Style) {
    let lines: Vec<&str> = diff.into_iter().flat_map(str::lines).collect();
    let lines = match lines.as_slice() {
        [before, after, hunks @ ..] if before.starts_with("--- ") && after.starts_with("+++ ") => hunks,
        all => all,
    };
    for line in lines {
        let shown = plain(line);
        let dressed = match line.as_bytes().first() {
            Some(b'+') => style.added(&shown),
            Some(b'-') => style.removed(&shown),
            _ => style.faint(&shown),
        };
        let _ = writeln!(text, "      {dressed}");
    }
}
