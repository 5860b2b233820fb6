//! What a boot has to do: the table of design.md, "The instance".

use crate::module::Stage;
use crate::state::{Generation, Outcome};

/// What is to be done in this boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Everything: this is a machine that was never configured, or another one than it was.
    NewInstance,
    /// The machine was told something new: a new generation.
    ChangedSeed,
    /// The same as before, which did not end as asked, or was cut off: the same generation again.
    Retry(Generation),
    /// Nothing. How it stands is how that generation stands.
    Nothing(Generation),
}

/// Decides from which machine this is, what it is told, what the state remembers.
///
/// What a person applied from a file in between is not the boot's business: only generations from a source count.
pub fn decide(instance_id: &str, digest: &str, remembered: Option<&str>, generations: &[Generation]) -> Decision {
    if remembered != Some(instance_id) {
        return Decision::NewInstance;
    }
    match last_from_a_source(generations) {
        None => Decision::NewInstance,
        Some(last) if last.digest != digest => Decision::ChangedSeed,
        Some(last) => match last.outcome {
            Outcome::RolledBack => Decision::Nothing(last.clone()),
            Outcome::Done if is_complete(last) => Decision::Nothing(last.clone()),
            // A generation that undid itself is closed: the next try is a new one.
            Outcome::Failed => Decision::ChangedSeed,
            Outcome::Done | Outcome::Running | Outcome::Degraded => Decision::Retry(last.clone()),
        },
    }
}

/// The newest generation of a document that a source had, rather than a person.
pub fn last_from_a_source(generations: &[Generation]) -> Option<&Generation> {
    generations
        .iter()
        .rev()
        .find(|generation| generation.source != crate::source::FILE)
}

/// Whether the generation went through its last stage: a power cut after the local one leaves what talks undone.
fn is_complete(generation: &Generation) -> bool {
    generation.stages.keys().any(|stage| *stage >= Stage::System)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::StageRecord;

    fn generation(number: u32, source: &str, digest: &str, outcome: Outcome) -> Generation {
        Generation {
            version: 1,
            number,
            created: 0,
            instance_id: "i-1".into(),
            source: source.into(),
            place: String::new(),
            digest: digest.into(),
            outcome,
            stages: [(Stage::System, StageRecord { changed: 1, outcome })].into(),
            unconfirmed: None,
            undoing: false,
            pointer: None,
            scrubbed: None,
        }
    }

    #[test]
    fn the_table() {
        use Outcome::{Degraded, Done, Failed, RolledBack, Running};
        let of = |number, source, digest, outcome| generation(number, source, digest, outcome);
        let done = of(1, "nocloud", "a", Done);
        let cut = Generation {
            stages: [(
                Stage::Local,
                StageRecord {
                    changed: 1,
                    outcome: Done,
                },
            )]
            .into(),
            ..done.clone()
        };
        type Case<'a> = (&'a str, &'a str, Option<&'a str>, Vec<Generation>, Decision);
        let table: [Case<'_>; 11] = [
            ("i-1", "a", Some("i-1"), vec![cut.clone()], Decision::Retry(cut)),
            ("i-1", "a", None, vec![], Decision::NewInstance),
            ("i-2", "a", Some("i-1"), vec![done.clone()], Decision::NewInstance),
            ("i-1", "a", Some("i-1"), vec![], Decision::NewInstance),
            (
                "i-1",
                "a",
                Some("i-1"),
                vec![done.clone()],
                Decision::Nothing(done.clone()),
            ),
            ("i-1", "b", Some("i-1"), vec![done.clone()], Decision::ChangedSeed),
            (
                "i-1",
                "a",
                Some("i-1"),
                vec![done.clone(), of(2, "file", "z", Done)],
                Decision::Nothing(done.clone()),
            ),
            (
                "i-1",
                "a",
                Some("i-1"),
                vec![of(1, "nocloud", "a", RolledBack)],
                Decision::Nothing(of(1, "nocloud", "a", RolledBack)),
            ),
            (
                "i-1",
                "a",
                Some("i-1"),
                vec![of(1, "nocloud", "a", Running)],
                Decision::Retry(of(1, "nocloud", "a", Running)),
            ),
            (
                "i-1",
                "a",
                Some("i-1"),
                vec![of(1, "nocloud", "a", Degraded)],
                Decision::Retry(of(1, "nocloud", "a", Degraded)),
            ),
            (
                "i-1",
                "a",
                Some("i-1"),
                vec![of(1, "nocloud", "a", Failed)],
                Decision::ChangedSeed,
            ),
        ];
        for (id, digest, remembered, generations, expected) in table {
            assert_eq!(
                decide(id, digest, remembered, &generations),
                expected,
                "{id} {digest} {remembered:?}"
            );
        }
    }
}
