//! `firstlight sources`: what each source has, and which one is chosen.

use std::fmt::Write;

use serde::Serialize;

use super::context::Context;
use super::exit::Exit;
use crate::report::SCHEMA;
use crate::report::style::Style;
use crate::source::{FaultKind, Found, Name, Verdict, select, survey};

/// The places that can be named, one per line.
pub fn help() -> String {
    let line = |name: Name| format!("  --source {name}:PLACE  where PLACE is {}\n", name.place());
    let lines: String = Name::ALL.into_iter().map(line).collect();
    format!("To try a source with your own file, directory or address:\n{lines}")
}

/// The answers of all sources. Its JSON form is stable.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Sources"))]
pub struct Report {
    /// The version of this form.
    schema: u32,
    /// In the order in which they are shown.
    sources: Vec<Row>,
    /// The chosen source and the place of its seed.
    chosen: Option<Chosen>,
    /// Why no source is chosen although one should be.
    problem: Option<String>,
}

/// The answer of one source.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Source"))]
struct Row {
    /// The name of the source.
    name: &'static str,
    /// `absent`, `present` or `broken`.
    verdict: &'static str,
    /// The place of the seed, or why there is none.
    why: String,
    /// If the source is broken: whether a retry may help.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<FaultKind>,
    /// The parts of the seed that are there.
    parts: Vec<&'static str>,
    /// Where the rest will be fetched from; absent if the seed is complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<String>,
    /// How long it took, in microseconds.
    microseconds: u64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Chosen {
    /// The name of the source.
    source: String,
    /// The place in it.
    place: String,
}

impl Row {
    fn of(found: &Found) -> Self {
        let rest = match &found.verdict {
            Verdict::Present(seed) if !seed.is_whole() => Some(seed.rest()),
            _ => None,
        };
        let (verdict, kind, parts) = match &found.verdict {
            Verdict::Absent(_) => ("absent", None, Vec::new()),
            Verdict::Broken(fault) | Verdict::Unknown(fault) => ("broken", Some(fault.kind), Vec::new()),
            Verdict::Present(seed) => ("present", None, seed.parts().map(|(name, _)| name).collect()),
        };
        Self {
            name: found.name.as_str(),
            verdict,
            why: found.verdict.why(),
            kind,
            parts,
            rest,
            microseconds: u64::try_from(found.took.as_micros()).unwrap_or(u64::MAX),
        }
    }
}

impl Report {
    fn render(&self, style: Style) -> String {
        let mut text = String::new();
        for row in &self.sources {
            let verdict = format!("{:<8}", row.verdict);
            let verdict = match row.verdict {
                "present" => style.added(&verdict),
                "broken" => style.removed(&verdict),
                _ => verdict,
            };
            let milliseconds = row.microseconds.div_ceil(1000);
            let _ = write!(text, "{:<12} {verdict} {:>4} ms  {}", row.name, milliseconds, row.why);
            if !row.parts.is_empty() {
                let _ = write!(text, " ({})", row.parts.join(", "));
            }
            if let Some(rest) = &row.rest {
                let _ = write!(text, "; still to be fetched: {rest}");
            }
            text.push('\n');
        }
        text.push('\n');
        match (&self.chosen, &self.problem) {
            (Some(chosen), _) => _ = writeln!(text, "chosen: {} from {}", chosen.source, chosen.place),
            (None, Some(problem)) => _ = writeln!(text, "no source chosen: {problem}"),
            (None, None) => text += "no source has a document\n",
        }
        text
    }
}

pub fn run(context: &Context) -> anyhow::Result<Exit> {
    let system = context.system()?;
    let (choice, settings) = context.selection(&system)?;
    let found = survey(&system.root, system.live, &choice, &settings.rules);
    let sources = found.iter().map(Row::of).collect();
    let (exit, chosen, problem) = match select::choose(found, &choice) {
        Verdict::Present(seed) => {
            let chosen = Chosen {
                source: seed.source.clone(),
                place: seed.place.clone(),
            };
            (Exit::Done, Some(chosen), None)
        }
        Verdict::Absent(_) => (Exit::NoSource, None, None),
        Verdict::Broken(fault) | Verdict::Unknown(fault) => (Exit::Failed, None, Some(fault.to_string())),
    };
    let report = Report {
        schema: SCHEMA,
        sources,
        chosen,
        problem,
    };
    context.print(&report, |style| report.render(style))?;
    Ok(exit)
}
