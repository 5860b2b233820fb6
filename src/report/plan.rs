//! A plan, as a diff for people and as JSON.

use std::fmt::Write;

use serde::Serialize;

use super::SCHEMA;
use super::style::Style;
use crate::document::Diagnostic;
use crate::engine::view::describe_expectation;
use crate::engine::{ChangeView, GenerationPlan};
use crate::module::{Expectation, Level, Note};
use crate::system::{ReadError, Root};

/// A plan as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanReport {
    /// The version of this form.
    pub schema: u32,
    /// How many changes are missing.
    pub changes: usize,
    /// By module, in the order in which it would be done.
    pub modules: Vec<ModuleReport>,
    /// What is told to reload afterwards.
    pub reactions: Vec<ChangeView>,
    /// What is wrong with the document.
    pub diagnostics: Vec<Diagnostic>,
}

/// What one module would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModuleReport {
    /// The module's name.
    pub name: String,
    /// The changes that are missing.
    pub changes: Vec<ChangeView>,
    /// How many of its changes hold already.
    pub holding: usize,
    /// What is looked at afterwards, in words.
    pub checks: Vec<String>,
    /// What only the booted machine can look at, in words; empty on a running machine.
    pub left_for_boot: Vec<String>,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// Why it can't be planned, if it can't.
    pub problem: Option<Diagnostic>,
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
        let modules = plan.modules.iter().map(|module| {
            let later = |expectation: &&Expectation| !live && expectation.needs_running();
            let (left, now): (Vec<_>, Vec<_>) = module.expectations.iter().partition(later);
            let words = |some: Vec<&Expectation>| some.into_iter().map(describe_expectation).collect();
            Ok(ModuleReport {
                name: module.name.to_owned(),
                changes: view(&module.changes)?,
                holding: module.holding,
                checks: words(now),
                left_for_boot: words(left),
                notes: module.notes.clone(),
                problem: module.problem.clone(),
            })
        });
        Ok(Self {
            schema: SCHEMA,
            changes: plan.change_count(),
            modules: modules.collect::<Result<_, ReadError>>()?,
            reactions: view(&plan.reactions)?,
            diagnostics: diagnostics.to_vec(),
        })
    }

    /// For people.
    pub fn render(&self, style: Style) -> String {
        let mut text = String::new();
        for module in &self.modules {
            module.render(&mut text, style);
        }
        for reaction in &self.reactions {
            let _ = writeln!(text, "{} then {}", style.changed("~"), reaction.summary);
        }
        let holding: usize = self.modules.iter().map(|module| module.holding).sum();
        let _ = match self.changes {
            0 => writeln!(text, "Nothing to do: all {holding} settings hold."),
            1 => writeln!(text, "1 change, {holding} settings hold already."),
            changes => writeln!(text, "{changes} changes, {holding} settings hold already."),
        };
        text
    }
}

impl ModuleReport {
    fn render(&self, text: &mut String, style: Style) {
        let remarks = self.notes.iter().any(|note| note.level != Level::Info);
        if self.changes.is_empty() && !remarks && self.problem.is_none() {
            return;
        }
        let _ = writeln!(text, "{}", style.strong(&self.name));
        for change in &self.changes {
            render_change(text, change, style);
        }
        for note in &self.notes {
            let word = if note.level == Level::Warning {
                style.changed("warning")
            } else {
                style.faint("note")
            };
            let _ = writeln!(text, "  {word}: {}", note.text);
        }
        for (when, checks) in [
            ("then checked", &self.checks),
            ("left for the boot to check", &self.left_for_boot),
        ] {
            if !self.changes.is_empty() && !checks.is_empty() {
                let _ = writeln!(text, "  {}", style.faint(&format!("{when}: {}", checks.join("; "))));
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
    let _ = writeln!(text, "  {sign} {}", change.summary);
    render_diff(text, change.diff.as_deref(), style);
}

/// A diff, indented.
pub(super) fn render_diff(text: &mut String, diff: Option<&str>, style: Style) {
    for line in diff.into_iter().flat_map(str::lines) {
        let shown = escape(line);
        let dressed = match line.as_bytes().first() {
            Some(b'+') => style.added(&shown),
            Some(b'-') => style.removed(&shown),
            _ => style.faint(&shown),
        };
        let _ = writeln!(text, "      {dressed}");
    }
}

/// A file of the machine may hold control characters: none of them reaches the terminal.
fn escape(line: &str) -> String {
    let plain = |c: char| {
        if c.is_control() && c != '\t' {
            c.escape_default().to_string()
        } else {
            c.to_string()
        }
    };
    line.chars().map(plain).collect()
}
