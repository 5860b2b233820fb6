//! The result of an `apply`, for people and as JSON; also, by stage, in `report.json`.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::SCHEMA;
use super::plan::render_change;
use super::style::Style;
use super::words::time;
use crate::document::plain::plain;
use crate::document::{Diagnostic, Document};
use crate::engine::verify::{Finding, Verdict};
use crate::engine::{Applied, ChangeView, GenerationPlan, ModuleResult};
use crate::module::{Level, Note, keys_of};
use crate::state::Outcome;

/// The result of a generation, or of one of its stages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AppliedReport {
    /// The version of this format.
    pub schema: u32,
    /// The generation; `None` when there was nothing to do.
    pub generation: Option<u32>,
    /// How it stands.
    pub outcome: Outcome,
    /// By module.
    pub modules: Vec<ModuleOutcome>,
    /// What of the document can't be done on this machine, in the order of the document. Its modules have it too, in words.
    pub problems: Vec<Diagnostic>,
    /// The seconds until the changes are undone unless confirmed; `None` if they need no confirmation.
    pub reverts_in: Option<u64>,
}

/// The result of one module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ModuleOutcome {
    /// The module's name.
    pub name: String,
    /// How it stands.
    pub outcome: Outcome,
    /// What the document requests, one setting per line (`sshd.permit_root_login: yes`), with secrets masked.
    pub asked: Vec<String>,
    /// What was changed.
    pub changed: Vec<ChangeView>,
    /// How many settings were already as requested.
    pub holding: usize,
    /// The results of the checks.
    pub findings: Vec<Finding>,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// What went wrong.
    pub problems: Vec<String>,
    /// What could not be done although the rest was.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// Whether the changes were undone.
    pub undone: bool,
    /// The milliseconds for the changes, and for the checks before any reload.
    pub milliseconds: u64,
    /// The milliseconds until the other checks had a result. All modules wait together.
    pub verify_milliseconds: u64,
}

impl AppliedReport {
    /// The report of what was applied of `plan`, which `document` asks for.
    pub fn of(document: &Document, generation: Option<u32>, plan: &GenerationPlan, applied: &Applied) -> Self {
        let outcome = |result| ModuleOutcome::of(document, result);
        let modules = applied.modules.iter().map(outcome).collect();
        Self {
            schema: SCHEMA,
            generation,
            outcome: applied.outcome,
            modules,
            problems: plan.problems().cloned().collect(),
            reverts_in: None,
        }
    }

    /// The same after `first`, the report of what was applied before in the same run: what that has changed counts too, and
    /// so do the modules that only it has.
    #[must_use]
    pub fn after(self, first: Self) -> Self {
        let mut rest = self.modules;
        let mut modules = Vec::new();
        for before in first.modules {
            match rest.iter().position(|module| module.name == before.name) {
                Some(at) => modules.push(rest.remove(at).after(Some(&before))),
                None => modules.push(before),
            }
        }
        modules.extend(rest);
        let is_told = |words: &String| {
            let mut told = modules
                .iter()
                .flat_map(|module| module.problems.iter().chain(&module.left_out));
            told.any(|other| other == words)
        };
        let mut problems = self.problems;
        for problem in first.problems {
            if is_told(&problem.in_one_line()) && !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        problems.sort_by(|one, other| one.order().cmp(&other.order()));
        let outcome = match self.outcome {
            Outcome::Done if modules.iter().any(|module| module.outcome != Outcome::Done) => Outcome::Degraded,
            outcome => outcome,
        };
        if outcome == Outcome::Failed {
            for module in &mut modules {
                module.undone = !module.changed.is_empty();
            }
        }
        Self {
            outcome,
            modules,
            problems,
            ..self
        }
    }

    /// For people.
    pub fn render(&self, style: Style) -> String {
        let mut text = String::new();
        let of_the_document = self.in_words();
        for module in &self.modules {
            module.render(&mut text, style, &of_the_document);
        }
        for problem in &of_the_document {
            let is_part = self.modules.iter().any(|module| module.left_out.contains(problem));
            let word = if is_part { "left out" } else { "failed" };
            let _ = writeln!(text, "{}: {}", style.removed(word), plain(problem));
        }
        if !of_the_document.is_empty() {
            text.push('\n');
        }
        let changed: usize = self.modules.iter().map(|module| module.changed.len()).sum();
        let verified: usize = self.modules.iter().map(ModuleOutcome::verified).sum();
        let unseen: usize = self.modules.iter().map(ModuleOutcome::unseen).sum();
        let _ = write!(text, "{}: ", style.strong(&self.outcome.to_string()));
        let _ = match self.outcome {
            Outcome::Failed if changed == 0 => write!(text, "nothing was changed"),
            Outcome::Failed => write!(text, "{changed} changed, all undone, {verified} verified"),
            _ => write!(text, "{changed} changed, {verified} verified"),
        };
        if unseen > 0 {
            let _ = write!(text, ", {unseen} can't be verified here");
        }
        if let Some(generation) = self.generation {
            let _ = write!(text, " (generation {generation})");
        }
        text.push('\n');
        if let Some(seconds) = self.reverts_in {
            let _ = writeln!(
                text,
                "{}: all changes are undone in {}; `firstlight confirm` keeps them",
                style.changed("unconfirmed"),
                time(seconds)
            );
        }
        text
    }

    /// What of the document can't be done, as its modules have it.
    pub(super) fn in_words(&self) -> Vec<String> {
        self.problems.iter().map(Diagnostic::in_one_line).collect()
    }
}

impl ModuleOutcome {
    fn of(document: &Document, result: &ModuleResult) -> Self {
        Self {
            name: result.name.to_owned(),
            outcome: result.outcome(),
            asked: document.asked(&keys_of(result.name)),
            changed: result.changed.clone(),
            holding: result.holding,
            findings: result.findings.clone(),
            notes: result.notes.clone(),
            problems: result.problems.clone(),
            left_out: result.left_out.clone(),
            undone: result.undone,
            milliseconds: result.milliseconds,
            verify_milliseconds: result.verify_milliseconds,
        }
    }

    /// The same with what the module has changed `before`, unless that was undone.
    #[must_use]
    pub(super) fn after(self, before: Option<&Self>) -> Self {
        let before = before.filter(|before| !before.undone);
        let before = before.into_iter().flat_map(|before| before.changed.iter().cloned());
        Self {
            changed: before.chain(self.changed).collect(),
            ..self
        }
    }

    /// How many expectations were verified.
    pub fn verified(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Verified))
    }

    /// How many expectations could not be checked.
    pub fn unseen(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Unseen(_)))
    }

    fn count(&self, which: impl Fn(&Verdict) -> bool) -> usize {
        self.findings.iter().filter(|finding| which(&finding.verdict)).count()
    }

    /// Whether the document says anything about this area.
    pub fn is_asked_for(&self) -> bool {
        let said =
            self.asked.len() + self.findings.len() + self.problems.len() + self.left_out.len() + self.notes.len();
        said + self.holding + self.changed.len() > 0
    }

    /// For people, without the problems `of_the_document`, which are told in its order.
    fn render(&self, text: &mut String, style: Style, of_the_document: &[String]) {
        let short: Vec<&Finding> = self.findings.iter().filter(|finding| finding.is_short()).collect();
        let remarks: Vec<&Note> = self.notes.iter().filter(|note| note.level != Level::Info).collect();
        let own = |words: &&String| !of_the_document.contains(words);
        let problems: Vec<&String> = self.problems.iter().filter(own).collect();
        let left_out: Vec<&String> = self.left_out.iter().filter(own).collect();
        let nothing = self.changed.is_empty() && problems.is_empty() && left_out.is_empty();
        if nothing && short.is_empty() && remarks.is_empty() {
            return;
        }
        let _ = writeln!(text, "{}", style.strong(&self.name));
        for change in &self.changed {
            render_change(
                text,
                &ChangeView {
                    diff: None,
                    ..change.clone()
                },
                style,
            );
        }
        for note in remarks {
            let word = if note.level.is_short() { "warning" } else { "note" };
            let _ = writeln!(text, "  {}: {}", style.changed(word), plain(&note.text));
        }
        for problem in problems {
            let _ = writeln!(text, "  {}: {}", style.removed("failed"), plain(problem));
        }
        for entry in left_out {
            let _ = writeln!(text, "  {}: {}", style.removed("left out"), plain(entry));
        }
        for finding in short
            .into_iter()
            .filter(|finding| !self.problems.contains(&finding.to_string()))
        {
            let _ = writeln!(
                text,
                "  {}: {}",
                style.removed("not as requested"),
                plain(&finding.to_string())
            );
        }
        if self.undone && !self.changed.is_empty() {
            let _ = writeln!(text, "  {}", style.changed("its changes were undone"));
        }
        let _ = writeln!(text);
    }
}
