//! What a boot has to do: the table of design.md, "The instance".

use crate::state::{Generation, Outcome, scrubbed};

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

impl std::fmt::Display for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NewInstance => f.write_str("new instance: applying everything"),
            Self::ChangedSeed => f.write_str("the document has changed: applying it"),
            Self::Retry(generation) => {
                let modules: Vec<&str> = generation.incomplete.modules.iter().map(String::as_str).collect();
                let (number, modules) = (generation.number, modules.join(", "));
                write!(f, "generation {number} did not fully succeed; trying again: {modules}")
            }
            Self::Nothing(generation) => write!(f, "nothing to do since generation {}", generation.number),
        }
    }
}

/// Decides from which machine this is, what it is told, what the state remembers.
///
/// What a person applied from a file in between is not the boot's business: only generations from a source count.
pub fn decide(instance_id: &str, digest: &str, remembered: Option<&str>, generations: &[Generation]) -> Decision {
    if remembered != Some(instance_id) {
        return Decision::NewInstance;
    }
    // Less than it was told, for its secrets were overwritten: the same document.
    if let Some(generation) = scrubbed(generations, digest) {
        return Decision::Nothing(generation.clone());
    }
    match last_from_a_source(generations, |last| last.digest == digest) {
        None => Decision::NewInstance,
        Some(last) if last.digest != digest => Decision::ChangedSeed,
        Some(last) if last.is_settled() => Decision::Nothing(last.clone()),
        // A generation that undid itself is closed: the next try is a new one.
        Some(last) if last.outcome == Outcome::Failed => Decision::ChangedSeed,
        Some(last) => Decision::Retry(last.clone()),
    }
}

/// The newest generation of a document that a source had, rather than a person. One of a part of a document (`--only`) says
/// nothing of the rest: it counts only where it made the machine something else than what `is_same` says.
pub fn last_from_a_source(generations: &[Generation], is_same: impl Fn(&Generation) -> bool) -> Option<&Generation> {
    let from_a_source = |generation: &&Generation| generation.source != crate::source::FILE;
    let counts = |generation: &&Generation| generation.is_whole() || (generation.is_in_force() && !is_same(generation));
    generations.iter().rev().filter(from_a_source).find(counts)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::module::Stage;
    use crate::state::{Incomplete, StageRecord};

    /// A generation with nothing special.
    pub fn generation(number: u32, source: &str, digest: &str, outcome: Outcome) -> Generation {
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
            scope: Vec::new(),
            needs: [Stage::System].into(),
            incomplete: crate::state::Incomplete::default(),
        }
    }

    type Case<'a> = (&'a str, &'a str, Option<&'a str>, Vec<Generation>, Decision);

    /// What a source has left is the document it had, for the machine that it was overwritten for.
    fn after_scrubbing() -> Vec<Case<'static>> {
        use Outcome::{Done, Failed, RolledBack};
        let scrubbed = |number, outcome| Generation {
            scrubbed: Some(vec!["b".into(), "c".into()]),
            ..generation(number, "vmware", "a", outcome)
        };
        let done = scrubbed(1, Done);
        let next = |outcome| vec![done.clone(), generation(2, "vmware", "z", outcome)];
        let file = vec![done.clone(), generation(2, "file", "z", Done)];
        let nothing = || Decision::Nothing(done.clone());
        let undone = scrubbed(1, RolledBack);
        vec![
            ("i-1", "a", Some("i-1"), vec![done.clone()], nothing()),
            ("i-1", "b", Some("i-1"), vec![done.clone()], nothing()),
            ("i-1", "c", Some("i-1"), file, nothing()),
            ("i-1", "d", Some("i-1"), vec![done.clone()], Decision::ChangedSeed),
            ("i-2", "b", Some("i-1"), vec![done.clone()], Decision::NewInstance),
            ("i-1", "b", Some("i-1"), next(Failed), nothing()),
            ("i-1", "b", Some("i-1"), next(Done), Decision::ChangedSeed),
            ("i-1", "b", Some("i-1"), vec![undone.clone()], Decision::Nothing(undone)),
        ]
    }

    /// Somebody applied a part of what a source had (`--only`): that says nothing of the rest.
    fn after_a_part() -> Vec<Case<'static>> {
        use Outcome::{Done, Failed, RolledBack};
        let whole = generation(1, "nocloud", "a", Done);
        let part = |digest, outcome| Generation {
            scope: vec!["sshd".into()],
            ..generation(2, "nocloud", digest, outcome)
        };
        let then = |digest, outcome| vec![whole.clone(), part(digest, outcome)];
        let nothing = || Decision::Nothing(whole.clone());
        vec![
            ("i-1", "b", Some("i-1"), vec![part("b", Done)], Decision::NewInstance),
            ("i-1", "b", Some("i-1"), then("b", Done), Decision::ChangedSeed),
            ("i-1", "a", Some("i-1"), then("a", Done), nothing()),
            // The part is still of the other document.
            ("i-1", "a", Some("i-1"), then("b", Done), Decision::ChangedSeed),
            ("i-1", "a", Some("i-1"), then("b", Failed), nothing()),
            ("i-1", "a", Some("i-1"), then("b", RolledBack), nothing()),
        ]
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
        let short = |document: &[&str], modules: &[&str]| Generation {
            incomplete: Incomplete {
                document: document.iter().map(ToString::to_string).collect(),
                modules: modules.iter().map(ToString::to_string).collect(),
            },
            ..of(1, "nocloud", "a", Degraded)
        };
        let failed = short(&["line 3: unknown key"], &["docker"]);
        let misspelt = short(&["line 3: unknown key"], &[]);
        let table: [Case<'_>; 12] = [
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
            ("i-1", "a", Some("i-1"), vec![failed.clone()], Decision::Retry(failed)),
            // A retry doesn't fix a document.
            (
                "i-1",
                "a",
                Some("i-1"),
                vec![misspelt.clone()],
                Decision::Nothing(misspelt),
            ),
            (
                "i-1",
                "a",
                Some("i-1"),
                vec![of(1, "nocloud", "a", Failed)],
                Decision::ChangedSeed,
            ),
        ];
        for (id, digest, remembered, generations, expected) in
            table.into_iter().chain(after_scrubbing()).chain(after_a_part())
        {
            assert_eq!(
                decide(id, digest, remembered, &generations),
                expected,
                "{id} {digest} {remembered:?}"
            );
        }
    }
}
