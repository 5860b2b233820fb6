//! `firstlight history`: the list of generations.

use std::fmt::Write;

use serde::Serialize;

use super::context::Context;
use super::exit::Exit;
use crate::document::plain::plain;
use crate::report::SCHEMA;
use crate::report::style::Style;
use crate::report::words::{count, time};
use crate::state::{Generation, Store};
use crate::system::clock::{BootTime, date_and_time};

/// The generations, oldest first. Its JSON form is stable.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "History"))]
pub struct Report {
    /// The version of this form.
    schema: u32,
    /// Oldest first.
    generations: Vec<Row>,
}

/// A generation from the state, with its remaining time.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Row {
    #[serde(flatten)]
    generation: Generation,
    /// The seconds until it is undone unless confirmed; `None` if it needs no confirmation.
    reverts_in: Option<u64>,
}

impl Row {
    fn of(generation: Generation, now: &BootTime) -> Self {
        Self {
            reverts_in: generation.confirm_by().map(|deadline| deadline.seconds_left(now)),
            generation,
        }
    }

    fn outcome(&self) -> String {
        let outcome = self.generation.outcome;
        match (self.reverts_in, self.generation.undoing) {
            (_, true) => format!("{outcome}, not fully undone"),
            (Some(seconds), _) => format!("{outcome}, undone in {} unless confirmed", time(seconds)),
            (None, _) if self.generation.unconfirmed.is_some() => format!("{outcome}, was not confirmed"),
            (None, _) => outcome.to_string(),
        }
    }
}

pub fn run(context: &Context) -> anyhow::Result<Exit> {
    let root = context.system()?.root;
    let now = BootTime::now(&root);
    let generations = Store::new(root).generations()?;
    let report = Report {
        schema: SCHEMA,
        generations: generations
            .into_iter()
            .map(|generation| Row::of(generation, &now))
            .collect(),
    };
    context.print(&report, |_: Style| report.render())?;
    Ok(Exit::Done)
}

impl Report {
    /// One line for each generation, in columns.
    fn render(&self) -> String {
        let mut text = String::new();
        let outcomes: Vec<String> = self.generations.iter().map(Row::outcome).collect();
        let width = outcomes.iter().map(String::len).max().unwrap_or(0);
        for (Row { generation, .. }, outcome) in self.generations.iter().zip(&outcomes) {
            let changed: usize = generation.stages.values().map(|stage| stage.changed).sum();
            let _ = writeln!(
                text,
                "{:>4}  {}  {outcome:<width$}  {:<11}  {} {}{}",
                generation.number,
                date_and_time(generation.created),
                count(changed, "change"),
                plain(&generation.source),
                plain(&generation.place),
                match generation.scope.is_empty() {
                    true => String::new(),
                    false => format!(" (only {})", generation.scope.join(", ")),
                }
            );
        }
        if text.is_empty() {
            "no generations yet\n".to_owned()
        } else {
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Stage;
    use crate::state::{Outcome, STATE_VERSION, StageRecord};

    #[test]
    fn generations_stand_in_columns_and_steer_no_terminal() {
        let row = |number, outcome, changed, place: &str, reverts_in| Row {
            generation: Generation {
                version: STATE_VERSION,
                number,
                created: 1_795_399_907,
                instance_id: "i".to_owned(),
                source: "file".to_owned(),
                place: place.to_owned(),
                digest: String::new(),
                outcome,
                stages: [(Stage::Final, StageRecord { changed, outcome })].into(),
                unconfirmed: None,
                undoing: false,
                pointer: None,
                scrubbed: None,
                scope: Vec::new(),
                needs: std::collections::BTreeSet::new(),
                incomplete: crate::state::Incomplete::default(),
            },
            reverts_in,
        };
        let report = Report {
            schema: SCHEMA,
            generations: vec![
                row(9, Outcome::Done, 1, "/root/a.yaml", None),
                row(10, Outcome::Done, 12, "/root/\x1b[2Jb.yaml", Some(90)),
            ],
        };
        let expected =
            "   9  2026-11-23 02:11:47Z  done                                         1 change     file /root/a.yaml
  10  2026-11-23 02:11:47Z  done, undone in 1 min 30 s unless confirmed  12 changes   file /root/\\u{1b}[2Jb.yaml
";
        assert_eq!(report.render(), expected);
    }
}
