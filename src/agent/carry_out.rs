//! One document becomes one generation: survey, plan, begin, apply, record the result.

mod generation;
mod look_again;

use std::collections::BTreeSet;
use std::time::Duration;

use self::generation::{Work, begin, finish, generation_bytes, prune};
use self::look_again::look_again;
use super::imports;
use super::incomplete::left_for_boot;
use crate::document::Document;
use crate::document::settings::OnFailure;
use crate::engine::{
    Applied, ApplyError, ArmError, Baseline, GenerationPlan, Job, ModulePlan, ModuleResult, NextInventory, Policy,
    PreflightError, add_unmet, apply, confirm, preflight, relieve, settle_inventory, survey_and_plan, vet,
};
use crate::module::{Module, Stage};
use crate::report::applied::AppliedReport;
use crate::report::plan::PlanReport;
use crate::state::{Generation, Outcome, StateError, Store};
use crate::system::clock::BootTime;
use crate::system::{Machine, ReadError, System};

/// A document to apply.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The document.
    pub document: &'a Document,
    /// Which machine it is for.
    pub instance_id: &'a str,
    /// Where it came from: the source's name and the place in it.
    pub origin: (&'a str, &'a str),
    /// The digest of all its texts.
    pub digest: &'a str,
    /// The digest of the seed that pointed to them, if they were fetched.
    pub pointer: Option<&'a str>,
    /// The modules that take part.
    pub modules: &'a [&'static dyn Module],
    /// The modules that the user named with `--only`; empty for the whole document.
    pub scope: &'a [String],
    /// The last stage whose modules take part.
    pub stage: Stage,
    /// What happens on failure if the document does not say.
    pub default_policy: Policy,
    /// How long verification waits.
    pub patience: Duration,
    /// The generation of an earlier stage or of an interrupted run, to continue.
    pub resume: Option<&'a Generation>,
    /// Begin a generation even if there is nothing to do, so that the next boot knows.
    pub always: bool,
    /// Undo all changes after this time unless they are confirmed.
    pub confirm: Option<Duration>,
    /// Run commands and scripts again that ran once for this instance.
    pub run_again: bool,
}

/// Why a document could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum CarryOutError {
    /// Something of the machine could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The state could not be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The machine has no room for it or is read-only: nothing was changed.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// A change failed, and undoing the changes failed too.
    #[error("{0}; correct the cause, then run `firstlight rollback --resume`")]
    Undo(#[from] ApplyError),
    /// Unconfirmed changes could not be undone.
    #[error(transparent)]
    Arm(#[from] ArmError),
}

/// Applies a document. Where something of it waits for its packages, these are installed first, and the rest is planned
/// again, in the same generation.
///
/// # Errors
/// The machine or the state could not be read or written, or the undo failed. A failed change is not an error here; it
/// is in the report.
pub async fn carry_out(system: &System, store: &Store, request: &Request<'_>) -> Result<AppliedReport, CarryOutError> {
    let part = carry_out_part(system, store, request, None).await?;
    let Some(begun) = part.begun else {
        return Ok(part.report);
    };
    let trial = begun.generation.unconfirmed.as_ref();
    if trial.is_some_and(|deadline| deadline.seconds_left(&BootTime::now(&system.root)) == 0) {
        // All of it is about to be undone.
        let reverts_in = Some(0);
        return Ok(AppliedReport {
            reverts_in,
            ..part.report
        });
    }
    let mut rest = request.modules.to_vec();
    rest.retain(|module| !begun.brought_by.contains(&module.name()));
    let rest = Request {
        modules: &rest,
        resume: Some(&begun.generation),
        confirm: None,
        run_again: false,
        ..*request
    };
    Ok(carry_out_part(system, store, &rest, Some(part.report)).await?.report)
}

/// What was carried out of a request.
struct Part {
    report: AppliedReport,
    /// Where it is only what comes before the modules that wait.
    begun: Option<Begun>,
}

impl Part {
    fn whole(report: AppliedReport) -> Self {
        Self { report, begun: None }
    }
}

/// A generation that goes on.
struct Begun {
    generation: Generation,
    /// The modules that brought what the others wait for. They had their turn.
    brought_by: Vec<&'static str>,
}

/// `first`: what was applied before in the same run.
async fn carry_out_part(
    system: &System,
    store: &Store,
    request: &Request<'_>,
    first: Option<AppliedReport>,
) -> Result<Part, CarryOutError> {
    // Don't add to the state of a newer firstlight.
    store.generations()?;
    let root = system.root.at_one_moment();
    let baseline = Baseline::read(store, &root)?;
    store.settle_runs(&BootTime::now(&system.root).boot_id)?;
    let mut ran = store.ran_for(request.instance_id)?;
    ran.retain(|_, run| !(request.run_again && run.command));
    let before = first.iter().flat_map(|first| &first.modules);
    let had_turn: BTreeSet<String> = before.map(|module| module.name.clone()).collect();
    let seen = (ran, had_turn.clone());
    let (facts, plan) = survey_and_plan((system, &root), request.modules, request.document, &baseline, seen).await?;
    let machine = Machine::new(&root, &facts);
    let awaits_keys =
        request.document.config.awaits_keys() && plan.modules.iter().any(|module| module.name == imports::MODULE);
    let mut work = Work::of(&plan);
    if awaits_keys {
        work.add(imports::MODULE, Stage::Final);
    }
    let later = request.modules.iter().filter(|module| module.stage() > request.stage);
    for module in later.filter(|module| module.shows_late(&request.document.config)) {
        work.add(module.name(), module.stage());
    }
    let mut plan = plan.up_to(request.stage, &machine);
    vet(system, &mut plan, request.document, &machine, &baseline).await?;
    if !request.always {
        // A boot verifies later, when the network is up.
        add_unmet(system, &mut plan).await;
    }
    let policy = policy(request);
    // What an earlier stage has changed is undone with the rest.
    let has_begun = request.resume.is_some();
    if policy == Policy::Rollback && !has_begun && plan.problems().next().is_some() {
        let report = AppliedReport::of(request.document, None, &plan, &refused(&plan));
        return Ok(Part::whole(report));
    }
    let waits = request.stage == Stage::Final && system.live && plan.waits();
    let bringing = plan.modules.iter().filter(|module| module.brings);
    let brought_by = bringing.map(|module| module.name).collect();
    if waits {
        plan = plan.up_to_what_is_brought(&machine);
    }
    let (next, shown) = loop {
        let next = NextInventory::take(&plan, &baseline, &machine)?;
        let is_news = !plan.is_empty() || next.inventory != baseline.inventory;
        if !is_news && !request.always && !has_begun {
            let report = AppliedReport::of(request.document, None, &plan, &nothing_to_do(&plan));
            return Ok(Part::whole(report));
        }
        let shown = PlanReport::of(&plan, &request.document.diagnostics, &root, system.live)?;
        let (bytes, files) = next.size();
        let bytes = bytes.saturating_add(generation_bytes(request, &shown));
        match preflight(system, &plan, bytes, files) {
            Ok(()) => break (next, shown),
            Err(cause) if policy == Policy::Rollback && !has_begun => return Err(cause.into()),
            // Each time there is less to do.
            Err(cause) if relieve(&mut plan, &cause, request.document, (system, &machine)) => {}
            Err(cause) => return Err(cause.into()),
        }
    };
    let generation = begin(system, store, request, &shown, &work)?;
    if request.run_again {
        store.forget_commands(request.instance_id)?;
    }
    if let Some(after) = request.confirm {
        arm(system, store, &generation, after).await?;
    }
    next.begin(generation.number, store)?;
    imports::keep(request.document, store)?;
    let job = Job {
        system,
        store,
        facts: &facts,
        generation: generation.number,
        has_begun,
        policy,
        patience: request.patience,
        by_hand: !request.always,
    };
    let mut applied = match apply(&job, &plan).await {
        Ok(applied) => applied,
        Err(error) => {
            // The timer, if there is one, tries next.
            store.save(&Generation {
                outcome: Outcome::Failed,
                undoing: true,
                ..generation
            })?;
            return Err(error.into());
        }
    };
    if let Err(error) = look_again((system, store), request, had_turn, &plan, &mut applied).await {
        tracing::warn!("can't look again at what was warned of: {error}");
    }
    if applied.outcome == Outcome::Done && request.document.has_errors() {
        applied.outcome = Outcome::Degraded;
    }
    if applied.outcome == Outcome::Failed {
        settle_inventory(store, generation.number)?;
    }
    let mut report = AppliedReport::of(request.document, Some(generation.number), &plan, &applied);
    if waits && report.outcome != Outcome::Failed {
        let begun = Begun { generation, brought_by };
        return Ok(Part {
            report,
            begun: Some(begun),
        });
    }
    if let Some(first) = first {
        report = report.after(first);
    }
    let trial = generation.unconfirmed.clone();
    let mut left = left_for_boot(&plan, &Machine::new(&system.root, &facts))?;
    left.extend(awaits_keys.then(|| imports::MODULE.to_owned()));
    finish(store, generation, request, &report, left)?;
    match trial {
        Some(_) if report.outcome == Outcome::Failed => confirm::disarm(system).await,
        Some(deadline) => report.reverts_in = Some(deadline.seconds_left(&BootTime::now(&system.root))),
        None => {}
    }
    prune(store, request.document);
    Ok(Part::whole(report))
}

/// Nothing is changed before the timer is running. Its generation then already exists, marked unconfirmed; if the run
/// is interrupted in between, the generation has changed nothing.
async fn arm(system: &System, store: &Store, generation: &Generation, after: Duration) -> Result<(), CarryOutError> {
    if let Err(error) = confirm::arm(system, generation, after).await {
        store.save(&Generation {
            outcome: Outcome::Failed,
            unconfirmed: None,
            ..generation.clone()
        })?;
        return Err(error.into());
    }
    Ok(())
}

/// The policy for failures: the document's, otherwise the caller's.
fn policy(request: &Request<'_>) -> Policy {
    match request
        .document
        .config
        .firstlight
        .as_ref()
        .and_then(|settings| settings.on_failure)
    {
        // Only `boot` stops the boot.
        Some(OnFailure::Rollback | OnFailure::Emergency) => Policy::Rollback,
        Some(OnFailure::Keep) => Policy::Keep,
        None => request.default_policy,
    }
}

/// Everything is planned before anything is changed. A plan with a problem is not applied.
fn refused(plan: &GenerationPlan) -> Applied {
    let result = |module: &ModulePlan| ModuleResult {
        notes: Vec::new(),
        ..unbegun(module)
    };
    Applied {
        outcome: Outcome::Failed,
        modules: plan.modules.iter().map(result).collect(),
    }
}

fn nothing_to_do(plan: &GenerationPlan) -> Applied {
    let modules: Vec<ModuleResult> = plan.modules.iter().map(unbegun).collect();
    let short = modules.iter().any(|module| module.outcome() != Outcome::Done);
    Applied {
        outcome: if short { Outcome::Degraded } else { Outcome::Done },
        modules,
    }
}

/// A module that was not applied, with the entries that can't be planned.
fn unbegun(module: &ModulePlan) -> ModuleResult {
    ModuleResult {
        problems: module.what_is_missing(),
        ..ModuleResult::untouched(module)
    }
}

#[cfg(test)]
mod tests;
