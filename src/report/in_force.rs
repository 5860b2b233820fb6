//! The current state: which generation is in force, and which parts of the boot's status still apply.

use serde::{Deserialize, Serialize};

use super::status::{Standing, Status};
use crate::state::{Generation, Outcome};

/// The generation that is in force. Its JSON form is stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InForce {
    /// Its number.
    pub generation: u32,
    /// The source of its document.
    pub source: String,
    /// The place in that source.
    pub place: String,
    /// The modules that it covers; empty if it covers the whole document.
    pub scope: Vec<String>,
    /// How it stands.
    pub outcome: Outcome,
}

impl InForce {
    /// The summary of `generation`.
    pub fn of(generation: &Generation) -> Self {
        Self {
            generation: generation.number,
            source: generation.source.clone(),
            place: generation.place.clone(),
            scope: generation.scope.clone(),
            outcome: generation.outcome,
        }
    }

    /// `generation 3, from file /root/new.yaml (only sshd), done`.
    pub fn in_words(&self) -> String {
        let only = match self.scope.is_empty() {
            true => String::new(),
            false => format!(" (only {})", self.scope.join(", ")),
        };
        let Self {
            generation,
            source,
            place,
            outcome,
            ..
        } = self;
        format!("generation {generation}, from {source} {place}{only}, {outcome}")
    }
}

impl Status {
    /// Adds what was done after the boot: `generations`, oldest first. The result of the boot stays in the text.
    pub fn take_in(&mut self, generations: &[Generation]) {
        let current = generations.iter().rev().find(|generation| generation.is_in_force());
        self.in_force = current.map(InForce::of);
        let has_ended = matches!(self.status, Standing::Done | Standing::Degraded | Standing::Failed);
        let Some(boot) = self.generation.filter(|_| has_ended) else {
            return;
        };
        let of_the_boot = generations.iter().find(|generation| generation.number == boot);
        // The boot itself undid a failed generation, so nothing was done after the boot.
        let was_undone = of_the_boot
            .is_some_and(|generation| generation.outcome == Outcome::RolledBack && !generation.is_in_force());
        match current.filter(|current| current.number > boot) {
            Some(newer) => self.is_succeeded_by(newer),
            None if was_undone && !self.detail.contains("rolled back") && !self.detail.contains("not confirmed") => {
                self.is_undone(boot);
            }
            None => {}
        }
    }

    /// Another document was applied, or the same one again: its outcome is the current status.
    fn is_succeeded_by(&mut self, newer: &Generation) {
        let (was, detail) = (self.status, std::mem::take(&mut self.detail));
        let words = InForce::of(newer).in_words();
        self.detail = format!("{words}, was applied after the boot, which ended {was}: {detail}");
        self.generation = Some(newer.number);
        self.report = Some(crate::state::Store::report_path(newer.number));
        // A partial generation doesn't change the status of the rest.
        if newer.is_whole() {
            self.status = newer.outcome.into();
            self.problems = newer.incomplete.document.clone();
            let short = newer.incomplete.modules.iter();
            self.problems
                .extend(short.map(|module| format!("{module} does not match the document; see the report")));
        }
    }

    fn is_undone(&mut self, boot: u32) {
        let (was, detail) = (self.status, std::mem::take(&mut self.detail));
        self.detail = format!(
            "generation {boot} was rolled back after the boot, which ended {was} ({detail}); boots do not apply it \
             again, run `firstlight apply` to apply it"
        );
        self.status = Standing::Done;
        self.problems.clear();
        self.generation = self.in_force.as_ref().map(|now| now.generation);
        self.report = self.generation.map(crate::state::Store::report_path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Incomplete, STATE_VERSION};

    fn generation(number: u32, outcome: Outcome, scope: &[&str]) -> Generation {
        Generation {
            version: STATE_VERSION,
            number,
            created: 0,
            instance_id: "i-1".into(),
            source: "file".into(),
            place: format!("/root/{number}.yaml"),
            digest: String::new(),
            outcome,
            scope: scope.iter().map(ToString::to_string).collect(),
            needs: std::collections::BTreeSet::new(),
            stages: std::collections::BTreeMap::new(),
            incomplete: Incomplete::default(),
            unconfirmed: None,
            undoing: false,
            pointer: None,
            scrubbed: None,
        }
    }

    #[test]
    fn what_was_done_since_the_boot_is_how_the_machine_stands() {
        use Outcome::{Degraded, Done, Failed, RolledBack};
        let boot = |outcome| generation(1, outcome, &[]);
        let table = [
            (Standing::Done, vec![boot(Done)], Standing::Done, Some(1), ""),
            (Standing::Failed, vec![boot(Failed)], Standing::Failed, None, ""),
            (
                Standing::Degraded,
                vec![boot(Degraded), generation(2, Done, &[])],
                Standing::Done,
                Some(2),
                "generation 2, from file /root/2.yaml, done, was applied after the boot, which ended degraded",
            ),
            // A partial generation repairs only its part.
            (
                Standing::Degraded,
                vec![boot(Degraded), generation(2, Done, &["sshd"])],
                Standing::Degraded,
                Some(2),
                "(only sshd)",
            ),
            (
                Standing::Degraded,
                vec![boot(Degraded), generation(2, Failed, &[])],
                Standing::Degraded,
                Some(1),
                "",
            ),
            (
                Standing::Done,
                vec![boot(RolledBack)],
                Standing::Done,
                None,
                "generation 1 was rolled back after the boot",
            ),
            (
                Standing::Running,
                vec![boot(Done), generation(2, Done, &[])],
                Standing::Running,
                Some(2),
                "",
            ),
        ];
        for (was, generations, standing, in_force, words) in table {
            let mut status = Status {
                generation: Some(1),
                problems: vec!["docker: no".to_owned()],
                ..Status::plain(was, "as asked")
            };
            status.take_in(&generations);
            assert_eq!(status.status, standing, "{status:?}");
            assert_eq!(
                status.in_force.as_ref().map(|now| now.generation),
                in_force,
                "{status:?}"
            );
            assert!(
                status.detail.contains(words) && status.detail.contains("as asked"),
                "{status:?}"
            );
        }
    }
}
