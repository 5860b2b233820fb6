//! Verifies that the machine behaves as requested, beyond its files.

mod answer;
mod hostname;
mod kernel;
mod kind;
mod link;
mod password;
mod sight;
mod sshd;
mod unit;
mod wait;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::apply::{Job, ModuleResult, milliseconds};
use super::plan::GenerationPlan;
use crate::module::Expectation;
use kind::{Moment, Place};
pub use sight::Sight;

/// An expectation and its result. Its JSON form is stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// What was expected, in words.
    pub expected: String,
    /// How it is.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// The result of an expectation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", content = "why", rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Verdict {
    /// It is so.
    Verified,
    /// It does not hold; the text says how it is instead.
    Wrong(String),
    /// It can't be checked here and now; the text says why.
    Unseen(String),
}

impl Finding {
    /// Whether the expectation is not met.
    pub fn is_short(&self) -> bool {
        matches!(self.verdict, Verdict::Wrong(_))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Verified => write!(f, "{}", self.expected),
            Verdict::Wrong(why) => write!(f, "expected that {}, but {why}", self.expected),
            Verdict::Unseen(why) => write!(f, "{}: not verified, {why}", self.expected),
        }
    }
}

/// What was looked at before anything is told to reload.
pub(super) struct Early {
    /// What was found.
    pub(super) findings: Vec<Finding>,
    /// What must be right and isn't.
    pub(super) problems: Vec<String>,
}

/// Checks what must be right before any reload.
pub(super) async fn verify_before_reload(sight: &Sight<'_>, expectations: &[Expectation]) -> Early {
    let mut early = Early {
        findings: Vec::new(),
        problems: Vec::new(),
    };
    for expectation in expectations.iter().filter(|expectation| is_early(expectation)) {
        let finding = Finding {
            expected: expectation.in_words(),
            verdict: look_at(sight, expectation).await,
        };
        if finding.is_short() && expectation.kind().moment() == Moment::Gate {
            early.problems.push(finding.to_string());
        }
        early.findings.push(finding);
    }
    early
}

/// Looks at the rest of what all modules expect, together, for as long as the job has patience. Modules that were undone
/// expect nothing.
pub(super) async fn verify_after(job: &Job<'_>, plan: &GenerationPlan, results: &mut [ModuleResult]) {
    let mut expected = Vec::new();
    for (number, (module, result)) in plan.modules.iter().zip(&*results).enumerate() {
        let rest = module
            .expectations
            .iter()
            .filter(|expectation| !is_early(expectation) && !result.undone);
        expected.extend(rest.map(|expectation| (number, expectation)));
    }
    let settled = wait::until_settled(expected.len(), job.patience, async |pending| {
        let pending = pending.iter().filter_map(|at| expected.get(*at));
        look(job, &pending.map(|(_, expectation)| *expectation).collect::<Vec<_>>()).await
    });
    for ((number, expectation), settled) in expected.iter().zip(settled.await) {
        let Some(result) = results.get_mut(*number) else {
            continue;
        };
        result.verify_milliseconds = result.verify_milliseconds.max(milliseconds(settled.after));
        result.findings.push(Finding {
            expected: expectation.in_words(),
            verdict: settled.verdict,
        });
    }
}

/// Whether it is looked at before anything is told to reload.
fn is_early(expectation: &Expectation) -> bool {
    matches!(expectation.kind().moment(), Moment::Gate | Moment::BeforeReload)
}

/// A verdict for each, all at the same moment.
async fn look(job: &Job<'_>, expectations: &[&Expectation]) -> Vec<Verdict> {
    let sight = Sight::of(job);
    let mut verdicts = Vec::new();
    for expectation in expectations {
        verdicts.push(look_at(&sight, expectation).await);
    }
    verdicts
}

/// The verdict for one expectation.
pub(super) async fn look_at(sight: &Sight<'_>, expectation: &Expectation) -> Verdict {
    let kind = expectation.kind();
    if kind.place() == Place::Running && !sight.system.live {
        return Verdict::Unseen("only the booted machine can show it".to_owned());
    }
    if kind.moment() == Moment::InTime && !sight.in_time {
        return Verdict::Unseen("a later stage of the boot verifies it".to_owned());
    }
    kind.look(sight).await
}
