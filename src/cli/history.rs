//! `firstlight history`: the list of generations.

use std::fmt::Write;

use serde::Serialize;

use super::context::Context;
use super::exit::Exit;
use crate::report::SCHEMA;
use crate::state::{Generation, Store};
use crate::system::clock::BootTime;

/// The generations, oldest first. Its JSON form is stable.
#[derive(Debug, Serialize)]
struct Report {
    schema: u32,
    generations: Vec<Row>,
}

/// A generation, as the state has it, and what the clock says.
#[derive(Debug, Serialize)]
struct Row {
    #[serde(flatten)]
    generation: Generation,
    /// In how many seconds it is undone, unless somebody confirms it; `None` when nobody has to.
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
            (Some(seconds), _) => format!("{outcome}, unconfirmed, reverts in {seconds} s"),
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
    context.print(&report, |_| {
        let mut text = String::new();
        for row in &report.generations {
            let generation = &row.generation;
            let changed: usize = generation.stages.values().map(|stage| stage.changed).sum();
            let _ = writeln!(
                text,
                "{:>4}  {}  {:<11}  {changed:>3} changed  {} {}",
                generation.number,
                date(generation.created),
                row.outcome(),
                generation.source,
                generation.place
            );
        }
        if text.is_empty() {
            "no generations yet\n".to_owned()
        } else {
            text
        }
    })?;
    Ok(Exit::Done)
}

/// Seconds since 1970 as `2026-11-23 02:11:47Z` (the civil calendar from days, Howard Hinnant's algorithm).
fn date(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates_are_those_of_the_calendar() {
        let table = [
            (0, "1970-01-01 00:00:00Z"),
            (951_782_400, "2000-02-29 00:00:00Z"),
            (1_795_399_907, "2026-11-23 02:11:47Z"),
        ];
        for (seconds, text) in table {
            assert_eq!(super::date(seconds), text);
        }
    }
}
