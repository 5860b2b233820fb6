//! One document becomes one generation: survey, plan, begin, apply, record the result.

use std::collections::BTreeSet;
use std::time::Duration;

use super::incomplete::{can_get_better, errors, lasting, left_for_boot};
use crate::document::Document;
use crate::document::settings::OnFailure;
use crate::engine::{
    Applied, ApplyError, ArmError, Baseline, GenerationPlan, Job, ModulePlan, ModuleResult, NextInventory, Policy,
    PreflightError, add_unmet, apply, confirm, preflight, relieve, settle_inventory, survey_and_plan, vet,
};
use crate::module::{Level, Module, Stage};
use crate::report::applied::AppliedReport;
use crate::report::generation::GenerationReport;
use crate::report::plan::PlanReport;
use crate::state::{
    Deadline, Generation, Incomplete, KEEP_GENERATIONS, Outcome, STATE_VERSION, StageRecord, StateError, Store,
};
use crate::system::clock::{self, BootTime};
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

/// Applies a document.
///
/// # Errors
/// The machine or the state could not be read or written, or the undo failed. A failed change is not an error here; it
/// is in the report.
pub async fn carry_out(system: &System, store: &Store, request: &Request<'_>) -> Result<AppliedReport, CarryOutError> {
    // Don't add to the state of a newer firstlight.
    store.generations()?;
    let root = system.root.at_one_moment();
    let baseline = Baseline::read(store, &root)?;
    store.settle_runs(&BootTime::now(&system.root).boot_id)?;
    let mut ran = store.ran_for(request.instance_id)?;
    ran.retain(|_, run| !(request.run_again && run.command));
    let (facts, plan) = survey_and_plan((system, &root), request.modules, request.document, &baseline, ran).await?;
    let machine = Machine::new(&root, &facts);
    let work = Work::of(&plan);
    let mut plan = plan.up_to(request.stage, &machine);
    vet(system, &mut plan, request.document, &machine).await;
    if !request.always {
        // A boot verifies later, when the network is up.
        add_unmet(system, &mut plan).await;
    }
    let policy = policy(request);
    if policy == Policy::Rollback && plan.problems().next().is_some() {
        return Ok(AppliedReport::of(request.document, None, &plan, &refused(&plan)));
    }
    let (next, shown) = loop {
        let next = NextInventory::take(&plan, &baseline, &machine)?;
        let is_news = !plan.is_empty() || next.inventory != baseline.inventory;
        if !is_news && !request.always && request.resume.is_none() {
            return Ok(AppliedReport::of(request.document, None, &plan, &nothing_to_do(&plan)));
        }
        let shown = PlanReport::of(&plan, &request.document.diagnostics, &root, system.live)?;
        let (bytes, files) = next.size();
        let bytes = bytes.saturating_add(generation_bytes(request, &shown));
        match preflight(system, &plan, bytes, files) {
            Ok(()) => break (next, shown),
            Err(cause) if policy == Policy::Rollback => return Err(cause.into()),
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
    let job = Job {
        system,
        store,
        facts: &facts,
        generation: generation.number,
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
    if applied.outcome == Outcome::Done && request.document.has_errors() {
        applied.outcome = Outcome::Degraded;
    }
    if applied.outcome == Outcome::Failed {
        settle_inventory(store, generation.number)?;
    }
    let mut report = AppliedReport::of(request.document, Some(generation.number), &plan, &applied);
    let trial = generation.unconfirmed.clone();
    let left = left_for_boot(&plan, &Machine::new(&system.root, &facts))?;
    finish(store, generation, request, &report, left)?;
    match trial {
        Some(_) if report.outcome == Outcome::Failed => confirm::disarm(system).await,
        Some(deadline) => report.reverts_in = Some(deadline.seconds_left(&BootTime::now(&system.root))),
        None => {}
    }
    prune(store, request.document);
    Ok(report)
}

/// The work for a document in all stages, as seen at the beginning of one stage.
#[derive(Debug)]
struct Work {
    /// The modules that have something to do, or that have problems.
    modules: BTreeSet<String>,
    /// The stages that it needs.
    stages: BTreeSet<Stage>,
}

impl Work {
    fn of(plan: &GenerationPlan) -> Self {
        let has_work = |module: &&ModulePlan| {
            !(module.declared.is_empty()
                && module.changes.is_empty()
                && module.problems.is_empty()
                && module.notes.iter().all(|note| note.level == Level::Info))
        };
        let modules = || plan.modules.iter().filter(has_work);
        let mut stages: BTreeSet<Stage> = modules().map(|module| module.stage).collect();
        // What the files ask for is told to what runs, and looked at, once there is a bus.
        stages.insert(Stage::System);
        Self {
            modules: modules().map(|module| module.name.to_owned()).collect(),
            stages,
        }
    }
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

/// The size of the generation's own files: the document, the plan, and the report, which repeats the plan with
/// findings.
fn generation_bytes(request: &Request<'_>, plan: &PlanReport) -> u64 {
    let bytes = json(&request.document.masked()).len() + 4 * json(plan).len();
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// Removes old generations. A failure does no harm: the next run tries again.
fn prune(store: &Store, document: &Document) {
    let settings = document.config.firstlight.as_ref();
    let keep = settings
        .and_then(|settings| settings.keep_generations)
        .map_or(KEEP_GENERATIONS, |keep| keep.get());
    match store.prune(keep).and_then(|forgotten| {
        store.sweep_inventory()?;
        Ok(forgotten)
    }) {
        Ok(forgotten) if forgotten.is_empty() => {}
        Ok(forgotten) => tracing::debug!("removed old generations: {forgotten:?}"),
        Err(error) => tracing::warn!("can't remove old generations: {error}"),
    }
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

fn begin(
    system: &System,
    store: &Store,
    request: &Request<'_>,
    plan: &PlanReport,
    work: &Work,
) -> Result<Generation, StateError> {
    // If the run is interrupted from here on, everything is done again.
    let incomplete = Incomplete {
        document: errors(request.document),
        modules: work.modules.clone(),
    };
    let generation = match request.resume {
        Some(earlier) => {
            let resumed = Generation {
                outcome: Outcome::Running,
                needs: earlier.needs.union(&work.stages).copied().collect(),
                incomplete,
                // What an earlier boot has done of these stages is done again.
                stages: earlier
                    .stages
                    .range(..request.stage)
                    .map(|(stage, record)| (*stage, record.clone()))
                    .collect(),
                ..earlier.clone()
            };
            store.save(&resumed)?;
            resumed
        }
        None => store.begin(Generation {
            version: STATE_VERSION,
            number: 0,
            created: clock::now(),
            instance_id: request.instance_id.to_owned(),
            source: request.origin.0.to_owned(),
            place: request.origin.1.to_owned(),
            digest: request.digest.to_owned(),
            outcome: Outcome::Running,
            stages: std::collections::BTreeMap::new(),
            unconfirmed: request
                .confirm
                .map(|after| Deadline::after(&BootTime::now(&system.root), after)),
            undoing: false,
            pointer: request.pointer.map(str::to_owned),
            scrubbed: None,
            scope: request.scope.to_vec(),
            needs: work.stages.clone(),
            incomplete,
        })?,
    };
    store.save_part(generation.number, "document.json", &json(&request.document.masked()))?;
    store.save_part(
        generation.number,
        &format!("plan-{}.json", stage_name(request.stage)),
        &json(plan),
    )?;
    Ok(generation)
}

fn finish(
    store: &Store,
    mut generation: Generation,
    request: &Request<'_>,
    report: &AppliedReport,
    left: BTreeSet<String>,
) -> Result<(), StateError> {
    let (stage, document) = (request.stage, request.document);
    let changed = report.modules.iter().map(|module| module.changed.len()).sum();
    generation.stages.insert(
        stage,
        StageRecord {
            changed,
            outcome: report.outcome,
        },
    );
    generation.outcome = report.outcome;
    if Some(&stage) >= generation.needs.iter().max() {
        let again = report.modules.iter().filter(|module| can_get_better(module, document));
        generation.incomplete.modules = again.map(|module| module.name.clone()).chain(left).collect();
        generation.incomplete.document.extend(lasting(report));
    }
    let earlier = store.part(generation.number, GenerationReport::NAME)?;
    let mut whole = GenerationReport::resume(generation.number, earlier.as_deref());
    whole.add(stage, report);
    store.save_part(generation.number, GenerationReport::NAME, &json(&whole))?;
    store.save(&generation)
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Local => "local",
        Stage::System => "system",
        Stage::Final => "final",
    }
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests;
