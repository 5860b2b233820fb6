//! How the boot went: `/run/firstlight/status.json`, and `firstlight status`.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::applied::AppliedReport;
use super::in_force::InForce;
use super::style::Style;
use super::words::time;
use super::{SCHEMA, applied, commands};
use crate::document::Diagnostic;
use crate::document::plain::plain;
use crate::engine::verify::Finding;
use crate::module::Stage;
use crate::state::{CommandRecord, Outcome};

/// How firstlight stands in this boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Standing {
    /// It has not run in this boot.
    NotRun,
    /// A stage runs, or the next one is yet to.
    Running,
    /// Everything is as the document asks.
    Done,
    /// Applied as far as possible; something does not match the document.
    Degraded,
    /// Nothing was changed, or all of it was undone.
    Failed,
    /// No source has anything for this machine.
    NoSource,
    /// It is switched off (`firstlight=off` on the kernel command line).
    Disabled,
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotRun => "not run",
            Self::Running => "running",
            Self::Done => "done",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::NoSource => "no source",
            Self::Disabled => "disabled",
        })
    }
}

impl From<Outcome> for Standing {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Degraded => Self::Degraded,
            Outcome::Running => Self::Running,
            Outcome::Failed | Outcome::RolledBack => Self::Failed,
        }
    }
}

/// The status of this boot. Its JSON form is stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Status {
    /// The version of this format.
    pub schema: u32,
    /// How firstlight stands.
    pub status: Standing,
    /// The stage that ran last.
    pub stage: Option<Stage>,
    /// One sentence: why it stands so.
    pub detail: String,
    /// The source of the document.
    pub source: Option<String>,
    /// The place in that source.
    pub place: Option<String>,
    /// Which machine this is.
    pub instance_id: Option<String>,
    /// The generation in force.
    pub generation: Option<u32>,
    /// The path of its report: what was asked, changed and verified, item by item. Only root may read it.
    #[serde(default)]
    pub report: Option<String>,
    /// By module, in the order in which they ran.
    pub modules: Vec<ModuleStatus>,
    /// Everything that is not as it should be, in words.
    pub problems: Vec<String>,
    /// What is undone unless somebody confirms it. Filled in when the status is asked for, not when it is written.
    #[serde(default)]
    pub unconfirmed: Option<Unconfirmed>,
    /// The generation that is in force now. Filled in when the status is asked for, not when it is written.
    #[serde(default)]
    pub in_force: Option<InForce>,
    /// The commands and scripts that have run, command by command. Filled in when the status is asked for; only root can
    /// read them.
    #[serde(default)]
    pub commands: Vec<CommandRecord>,
}

/// A generation that is undone unless somebody confirms it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Unconfirmed {
    /// Its number.
    pub generation: u32,
    /// In how many seconds.
    pub reverts_in: u64,
}

/// How one area of the machine stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ModuleStatus {
    /// The module's name.
    pub name: String,
    /// How it stands.
    pub status: Standing,
    /// How many changes were made in this boot.
    pub changed: usize,
    /// How many expectations were verified.
    pub verified: usize,
    /// How many could not be looked at, or not yet: the report says why.
    #[serde(default)]
    pub unseen: usize,
    /// How long its changes took, in milliseconds.
    pub milliseconds: u64,
    /// How long it took until all of it was verified, in milliseconds.
    #[serde(default)]
    pub verify_milliseconds: u64,
}

impl Status {
    /// A status with nothing but how it stands.
    pub fn plain(status: Standing, detail: impl Into<String>) -> Self {
        Self {
            schema: SCHEMA,
            status,
            stage: None,
            detail: detail.into(),
            source: None,
            place: None,
            instance_id: None,
            generation: None,
            report: None,
            modules: Vec::new(),
            problems: Vec::new(),
            unconfirmed: None,
            in_force: None,
            commands: Vec::new(),
        }
    }

    /// Takes in what was wrong with the document.
    pub fn add_diagnostics(&mut self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.is_error()) {
            self.problems.push(diagnostic.in_one_line());
        }
    }

    /// Takes in a problem that leaves the boot less than done.
    pub fn add_problem(&mut self, problem: String) {
        self.problems.push(problem);
        if self.status == Standing::Done {
            self.status = Standing::Degraded;
        }
    }

    /// Adds the result of a stage. What a module did in an earlier stage of this boot is kept. Problems of the document come
    /// first, in its order, and then those of the modules.
    pub fn add_report(&mut self, report: &AppliedReport) {
        let of_the_document = report.in_words();
        let mut problems = Vec::new();
        for module in report.modules.iter().filter(|module| module.is_asked_for()) {
            let changed = self
                .modules
                .iter()
                .find(|m| m.name == module.name)
                .map_or(0, |m| m.changed);
            let earlier = self
                .modules
                .iter()
                .find(|m| m.name == module.name)
                .map_or(0, |m| m.milliseconds);
            self.modules.retain(|m| m.name != module.name);
            self.modules.push(ModuleStatus {
                name: module.name.clone(),
                status: module.outcome.into(),
                changed: changed + module.changed.len(),
                verified: module.verified(),
                unseen: module.unseen(),
                milliseconds: earlier + module.milliseconds,
                verify_milliseconds: module.verify_milliseconds,
            });
            problems.extend(problems_of(module, &of_the_document));
        }
        problems.sort_by_key(|(place, _)| *place);
        self.problems.extend(problems.into_iter().map(|(_, problem)| problem));
    }

    /// For people.
    pub fn render(&self, style: Style) -> String {
        let mut text = String::new();
        let word = self.status.to_string();
        let dressed = match self.status {
            Standing::Done => style.added(&word),
            Standing::Failed => style.removed(&word),
            _ => style.changed(&word),
        };
        let _ = writeln!(text, "status: {dressed}");
        let _ = writeln!(text, "detail: {}", plain(&self.detail));
        let lines = [
            ("source", &self.source),
            ("place", &self.place),
            ("instance-id", &self.instance_id),
        ];
        for (name, value) in lines {
            if let Some(value) = value {
                let _ = writeln!(text, "{name}: {}", plain(value));
            }
        }
        if let Some(generation) = self.generation {
            let _ = writeln!(text, "generation: {generation}");
        }
        if let Some(now) = &self.in_force {
            let _ = writeln!(text, "in force: {}", plain(&now.in_words()));
        }
        if let Some(Unconfirmed { generation, reverts_in }) = &self.unconfirmed {
            let _ = writeln!(
                text,
                "{}: generation {generation}, undone in {}; `firstlight confirm` keeps it",
                style.changed("unconfirmed"),
                time(*reverts_in)
            );
        }
        for module in &self.modules {
            let _ = writeln!(
                text,
                "  {:<20} {:<9} {} changed, {} verified, {} ms",
                module.name,
                module.status.to_string(),
                module.changed,
                module.verified,
                module.milliseconds
            );
        }
        for record in &self.commands {
            text.push_str(&commands::render(record, style));
        }
        for problem in &self.problems {
            let _ = writeln!(text, "{}: {}", style.removed("problem"), plain(problem));
        }
        text
    }
}

/// The problems of a module, each with its place among those `of_the_document`; behind them all if it is none.
fn problems_of(module: &applied::ModuleOutcome, of_the_document: &[String]) -> Vec<(usize, String)> {
    let name = &module.name;
    let place = |problem: &String| {
        let place = of_the_document.iter().position(|known| known == problem);
        place.unwrap_or(usize::MAX)
    };
    let mut all: Vec<(usize, String)> = module.problems.iter().map(|it| (place(it), it.clone())).collect();
    all.extend(module.left_out.iter().map(|it| (place(it), format!("left out: {it}"))));
    let short = module.findings.iter().filter(|f| f.is_short()).map(Finding::to_string);
    let warnings = module.notes.iter().filter(|n| n.level.is_short());
    let told = short.chain(warnings.map(|n| n.text.clone()));
    all.extend(told.map(|problem| (usize::MAX, problem)));
    all.dedup_by(|one, other| one.1 == other.1);
    all.into_iter()
        .map(|(place, problem)| (place, format!("{name}: {problem}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::applied::ModuleOutcome;

    #[test]
    fn problems_of_the_document_come_first_in_its_order() {
        let problem = |line| {
            let mut problem = Diagnostic::whole("user-data", "it is not there", None);
            (problem.line, problem.column) = (line, 1);
            problem
        };
        let (second, first) = (problem(9), problem(4));
        let module = |name: &str, problems: &[String], left_out: &[String]| ModuleOutcome {
            name: name.to_owned(),
            outcome: Outcome::Failed,
            asked: Vec::new(),
            changed: Vec::new(),
            holding: 0,
            findings: Vec::new(),
            notes: Vec::new(),
            problems: problems.to_vec(),
            left_out: left_out.to_vec(),
            undone: false,
            milliseconds: 0,
            verify_milliseconds: 0,
        };
        let mut status = Status::plain(Standing::Degraded, "");
        status.add_report(&AppliedReport {
            schema: SCHEMA,
            generation: None,
            outcome: Outcome::Degraded,
            modules: vec![
                module("network", &["it broke".to_owned(), second.in_one_line()], &[]),
                module("services", &[], &[first.in_one_line()]),
            ],
            problems: vec![first, second],
            reverts_in: None,
        });
        let expected = [
            "services: left out: user-data:4:1: it is not there",
            "network: user-data:9:1: it is not there",
            "network: it broke",
        ];
        assert_eq!(status.problems, expected);
    }
}
