//! Looks whether the machine behaves as asked, beyond the files.

mod link;
pub(super) mod sshd;
mod unit;
mod wait;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::apply::{Job, ModuleResult, milliseconds};
use super::plan::GenerationPlan;
use super::view::describe_expectation;
use crate::document::Secret;
use crate::module::{Expectation, UnitFileState};
use crate::system::clock::BootTime;
use crate::system::network::Network;
use crate::system::{System, account, systemd};

/// What was expected, and how it is. Its JSON form is stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was expected, in words.
    pub expected: String,
    /// How it is.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// How an expectation turned out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", content = "why", rename_all = "kebab-case")]
pub enum Verdict {
    /// It is so.
    Verified,
    /// It is not so; how it is instead.
    Wrong(String),
    /// It can't be seen here and now; why, and who can.
    Unseen(String),
}

impl Finding {
    /// Whether the machine falls short of what was asked.
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

/// Whether an expectation is looked at before anything is told to reload.
fn is_early(expectation: &Expectation) -> bool {
    use Expectation::{PasswordIs, SshdAccepts, SshdSays, SshdTakesKeys};
    matches!(
        expectation,
        SshdAccepts | SshdSays { .. } | SshdTakesKeys { .. } | PasswordIs { .. }
    )
}

/// Whether it has to hold, or nothing is told to reload. Keys that sshd doesn't take do no harm.
fn is_gate(expectation: &Expectation) -> bool {
    is_early(expectation) && !matches!(expectation, Expectation::SshdTakesKeys { .. })
}

/// What was looked at before anything is told to reload.
pub(super) struct Early {
    /// What was found.
    pub(super) findings: Vec<Finding>,
    /// What has to be right, and isn't.
    pub(super) problems: Vec<String>,
}

/// Looks at what has to be right before anything is told to reload.
pub(super) async fn verify_before_reload(
    job: &Job<'_>,
    sshd: &mut sshd::Answer,
    expectations: &[Expectation],
) -> Early {
    let mut early = Early {
        findings: Vec::new(),
        problems: Vec::new(),
    };
    for expectation in expectations.iter().filter(|expectation| is_early(expectation)) {
        let verdict = match expectation {
            Expectation::PasswordIs { user, hash } => password(job.system, user, hash),
            _ if job.system.live => sshd::judge(sshd.get().await, expectation),
            _ => Verdict::Unseen("only the booted machine can run its sshd".to_owned()),
        };
        let finding = Finding {
            expected: describe_expectation(expectation),
            verdict,
        };
        if finding.is_short() && is_gate(expectation) {
            early.problems.push(finding.to_string());
        }
        early.findings.push(finding);
    }
    early
}

fn password(system: &System, user: &str, hash: &Secret) -> Verdict {
    match system.root.read("/etc/shadow") {
        Err(error) => Verdict::Unseen(error.to_string()),
        Ok(bytes) => match account::shadow::entry(&bytes.unwrap_or_default(), user) {
            Some(entry) if entry.hash == *hash => Verdict::Verified,
            Some(_) => Verdict::Wrong("it holds another one".to_owned()),
            None => Verdict::Wrong("there is no entry".to_owned()),
        },
    }
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
            expected: describe_expectation(expectation),
            verdict: settled.verdict,
        });
    }
}

/// A verdict for each, all of the same moment.
async fn look(job: &Job<'_>, expectations: &[&Expectation]) -> Vec<Verdict> {
    let needs_network = |expectation: &&Expectation| matches!(expectation, Expectation::LinkHas { .. });
    let is_there = job.system.live && !job.patience.is_zero();
    let network = (is_there && expectations.iter().any(needs_network)).then(|| Network::observe(&job.system.root));
    let mut verdicts = Vec::new();
    for expectation in expectations {
        verdicts.push(look_at(job, expectation, network.as_ref()).await);
    }
    verdicts
}

async fn look_at(job: &Job<'_>, expectation: &Expectation, network: Option<&Network>) -> Verdict {
    let unseen = |why: &str| Verdict::Unseen(why.to_owned());
    let system = job.system;
    if let Expectation::UnitFileIs { unit, state } = expectation {
        return unit_file(system, unit, *state);
    }
    if !system.live {
        return unseen("only the booted machine can show it");
    }
    match (expectation, network) {
        (Expectation::HostnameIs(name), _) => hostname(name),
        _ if job.patience.is_zero() => unseen("a later stage of the boot looks at it"),
        (Expectation::LinkHas { link, file, setting }, Some(network)) => link::judge(network, link, file, setting),
        (Expectation::UnitIs { unit, active }, _) => unit_is(system, unit, *active).await,
        _ => unseen("nobody looks at it"),
    }
}

fn hostname(name: &str) -> Verdict {
    match nix::unistd::gethostname() {
        Err(errno) => Verdict::Unseen(errno.desc().to_owned()),
        Ok(is) if is.to_string_lossy() == name => Verdict::Verified,
        Ok(is) => Verdict::Wrong(format!("it is {}", is.to_string_lossy())),
    }
}

fn unit_file(system: &System, unit: &str, state: UnitFileState) -> Verdict {
    match systemd::unit_file_state(&system.root, unit) {
        Err(error) => Verdict::Unseen(error.to_string()),
        Ok(Some(is)) if is == state => Verdict::Verified,
        Ok(Some(is)) => Verdict::Wrong(format!("it is {is}")),
        Ok(None) => Verdict::Wrong("there is no such unit".to_owned()),
    }
}

async fn unit_is(system: &System, unit: &str, active: bool) -> Verdict {
    let Some(bus) = &system.bus else {
        return Verdict::Unseen("there is no system bus to ask".to_owned());
    };
    match bus.unit_status(unit).await {
        Err(error) => Verdict::Unseen(error.to_string()),
        Ok(status) => unit::judge(unit, active, &status, BootTime::now(&system.root).monotonic),
    }
}
