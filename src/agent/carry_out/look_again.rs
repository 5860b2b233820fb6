//! What the modules warn of once the document's commands have run: these may have mended it, or be the cause of it.

use std::collections::BTreeSet;

use crate::engine::{Applied, Baseline, GenerationPlan, survey_and_plan};
use crate::module::{Change, Level, Note};
use crate::state::{Outcome, Store};
use crate::system::System;

use super::{CarryOutError, Request};

/// Takes back the warnings that no longer hold, and adds those that hold now.
///
/// # Errors
/// The machine or the state could not be read.
pub(super) async fn look_again(
    (system, store): (&System, &Store),
    request: &Request<'_>,
    had_turn: BTreeSet<String>,
    plan: &GenerationPlan,
    applied: &mut Applied,
) -> Result<(), CarryOutError> {
    let changes = || plan.modules.iter().flat_map(|module| &module.changes);
    if !system.live || !changes().any(|change| matches!(change, Change::DocumentCommand(_))) {
        return Ok(());
    }
    let root = system.root.at_one_moment();
    let baseline = Baseline::read(store, &root)?;
    let seen = (store.ran_for(request.instance_id)?, had_turn);
    let (_, now) = survey_and_plan((system, &root), request.modules, request.document, &baseline, seen).await?;
    for (module, result) in plan.modules.iter().zip(&mut applied.modules) {
        let Some(now) = now.modules.iter().find(|now| now.name == module.name) else {
            continue;
        };
        replace(&mut result.notes, &module.own_notes, &now.own_notes);
    }
    let done = applied.modules.iter().all(|result| result.outcome() == Outcome::Done);
    if applied.outcome != Outcome::Failed {
        applied.outcome = if done { Outcome::Done } else { Outcome::Degraded };
    }
    Ok(())
}

/// Replaces the warnings among `before` by those among `now`.
fn replace(notes: &mut Vec<Note>, before: &[Note], now: &[Note]) {
    notes.retain(|note| note.level != Level::Warning || !before.contains(note) || now.contains(note));
    for note in now.iter().filter(|note| note.level == Level::Warning) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_has_mended_is_no_longer_warned_of() {
        let note = |level, text: &str| Note {
            level,
            text: text.to_owned(),
        };
        let (mended, stays) = (note(Level::Warning, "mended"), note(Level::Warning, "stays"));
        let (said, made) = (note(Level::Notice, "said"), note(Level::Warning, "made"));
        let of_the_engine = note(Level::Warning, "becomes accessible");
        let mut notes = vec![mended.clone(), stays.clone(), said.clone(), of_the_engine.clone()];
        replace(
            &mut notes,
            &[mended, stays.clone(), said.clone()],
            &[stays.clone(), made.clone()],
        );
        assert_eq!(notes, [stays, said, of_the_engine, made]);
    }
}
