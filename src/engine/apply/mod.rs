//! Applies a plan: changes, checks before any reload, reloads, verification; or undoes everything.

mod files;

use std::time::{Duration, Instant};

use super::act::{ActError, Scene};
use super::batch::{Batch, CommitError};
use super::plan::{GenerationPlan, ModulePlan};
use super::undo::undo_generation;
use super::verify::{Finding, Sight, verify_after, verify_before_reload};
use super::view::ChangeView;
use crate::module::{Change, Dirty, Note, Stage};
use crate::state::{Outcome, Record, Store};
use crate::system::{Facts, System};
use files::{commit, prepare_module, publish};

/// What happens when something fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Everything the generation changed is undone.
    Rollback,
    /// The changes of the failed module are undone; the rest stays.
    Keep,
}

/// A plan to apply.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The machine.
    pub system: &'a System,
    /// Its state.
    pub store: &'a Store,
    /// What was found out about it.
    pub facts: &'a Facts,
    /// The generation that the changes belong to.
    pub generation: u32,
    /// Whether an earlier stage of the boot has made changes that belong to it too.
    pub has_begun: bool,
    /// What happens when something fails.
    pub policy: Policy,
    /// How long what was asked may take to show: addresses on links, units that start. Zero looks at nothing that only
    /// a later stage of the boot can show.
    pub patience: Duration,
    /// Whether a person has asked for it, and waits: not a boot.
    pub by_hand: bool,
}

/// The result.
#[derive(Debug, Clone)]
pub struct Applied {
    /// How it stands.
    pub outcome: Outcome,
    /// By module.
    pub modules: Vec<ModuleResult>,
}

/// The result of one module.
#[derive(Debug, Clone)]
pub struct ModuleResult {
    /// Its name.
    pub name: &'static str,
    /// The changes that were made.
    pub changed: Vec<ChangeView>,
    /// How many settings were already as requested.
    pub holding: usize,
    /// The results of the checks.
    pub findings: Vec<Finding>,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// What went wrong.
    pub problems: Vec<String>,
    /// What could not be done although the rest was.
    pub left_out: Vec<String>,
    /// Whether its changes were undone.
    pub undone: bool,
    /// How long its changes, and what was looked at before anything reloads, took; in milliseconds.
    pub milliseconds: u64,
    /// How long it took until the last of the rest that was looked at had settled, in milliseconds. All modules wait
    /// together.
    pub verify_milliseconds: u64,
}

impl ModuleResult {
    /// Of a module that has not run yet.
    pub fn untouched(module: &ModulePlan) -> Self {
        Self {
            name: module.name,
            changed: Vec::new(),
            holding: module.holding,
            findings: Vec::new(),
            notes: module.notes.clone(),
            problems: Vec::new(),
            left_out: Vec::new(),
            undone: false,
            milliseconds: 0,
            verify_milliseconds: 0,
        }
    }

    /// What went wrong and what does not match, each once.
    fn what_is_wrong(&self) -> Vec<String> {
        let short = self.findings.iter().filter(|finding| finding.is_short());
        let unsaid = short
            .map(Finding::to_string)
            .filter(|finding| !self.problems.contains(finding));
        self.problems.iter().cloned().chain(unsaid).collect()
    }

    /// What still does not work after its changes were undone, without causes that are already reported.
    fn add_broken(&mut self, broken: Vec<String>) {
        let news = broken.into_iter().filter(|what| !self.problems.contains(what));
        let news: Vec<String> = news
            .map(|what| format!("still not working after the changes were undone: {what}"))
            .collect();
        self.problems.extend(news);
    }

    /// How it stands.
    pub fn outcome(&self) -> Outcome {
        let short = !self.left_out.is_empty()
            || self.findings.iter().any(Finding::is_short)
            || self.notes.iter().any(|n| n.level.is_short());
        match (self.problems.is_empty(), short) {
            (false, _) => Outcome::Failed,
            (true, true) => Outcome::Degraded,
            (true, false) => Outcome::Done,
        }
    }
}

/// A change failed, and undoing failed too. The journal still has the changes.
#[derive(Debug, thiserror::Error)]
#[error("{}; undoing the changes failed too: {undo}", .causes.join("; "))]
pub struct ApplyError {
    /// What failed first, in words.
    pub causes: Vec<String>,
    /// What failed during the undo.
    pub undo: ActError,
}

/// Applies `plan`: all files at once, then the other changes module by module, then the reloads, then verification.
///
/// # Errors
/// Something failed and could not be undone: the journal still has it.
pub async fn apply(job: &Job<'_>, plan: &GenerationPlan) -> Result<Applied, ApplyError> {
    let mut results: Vec<ModuleResult> = plan.modules.iter().map(ModuleResult::untouched).collect();
    // What the plan has seen is over: from here on the files change.
    let files = plan.imagined.as_ref().unwrap_or(&job.system.root).as_it_becomes();
    let mut batch = Batch::new(job.system, job.store, job.generation, files);
    for (module, result) in plan.modules.iter().zip(&mut results) {
        prepare_module(job, &mut batch, module, result);
    }
    let failed = results.iter().any(|result| !result.problems.is_empty()) || plan.problems().next().is_some();
    if failed && job.policy == Policy::Rollback {
        add_what_is_missing(plan, &mut results);
        return stop(job, results).await;
    }
    match commit(job, plan, &mut batch, &mut results) {
        Ok(()) => {}
        Err(CommitError::Stuck { cause, undo }) => {
            blame(&mut results, &cause);
            return Err(ApplyError {
                causes: vec![cause.to_string()],
                undo: *undo,
            });
        }
        Err(error) => {
            blame(&mut results, &error);
            return stop(job, results).await;
        }
    }
    // From here on the next run can finish or undo the generation.
    if let Err(error) = publish(job, plan, batch, &mut results) {
        blame(&mut results, &error);
        return undo_all(job, results).await;
    }
    let mut reacted = false;
    let sight = Sight::of(job);
    for at in 0..results.len() {
        let module = &plan.modules[at];
        let starts = module.changes.iter().any(|change| change.kind().settles().is_some());
        if (module.stage >= Stage::System || starts) && !reacted {
            // Before anything is started: docker waits for a network that waits for its new files.
            react(job, plan, &mut results).await;
            reacted = true;
        }
        let result = &mut results[at];
        let begun = Instant::now();
        if result.problems.is_empty() {
            run_module(job, &sight, module, result).await;
        }
        result.milliseconds = milliseconds(begun.elapsed());
        if result.problems.is_empty() {
            continue;
        }
        if job.policy == Policy::Rollback {
            return undo_all(job, results).await;
        }
        let undone = undo_generation(job.system, job.store, job.facts, job.generation, Some(module.name)).await;
        let undone = undone.map_err(|undo| ApplyError {
            causes: result.problems.clone(),
            undo,
        })?;
        result.undone = true;
        result.add_broken(undone.broken);
    }
    if !reacted {
        react(job, plan, &mut results).await;
    }
    if let Err(error) = reload_manager(job, &mut results).await {
        blame(&mut results, &error);
    }
    verify_after(job, plan, &mut results).await;
    let wrong = |r: &ModuleResult| !r.problems.is_empty() || r.findings.iter().any(Finding::is_short);
    if results.iter().any(wrong) && job.policy == Policy::Rollback {
        return undo_all(job, results).await;
    }
    add_what_is_missing(plan, &mut results);
    let done = results.iter().all(|result| result.outcome() == Outcome::Done);
    Ok(Applied {
        outcome: if done { Outcome::Done } else { Outcome::Degraded },
        modules: results,
    })
}

/// Entries that could not be planned are reported last, because they stopped nothing else.
fn add_what_is_missing(plan: &GenerationPlan, results: &mut [ModuleResult]) {
    for (module, result) in plan.modules.iter().zip(results) {
        match module.declared.is_empty() {
            true => result.problems.extend(module.what_is_missing()),
            false => result.left_out.extend(module.what_is_missing()),
        }
    }
}

/// Checks what must be right before any reload, then makes the changes that are not files.
async fn run_module(job: &Job<'_>, sight: &Sight<'_>, module: &ModulePlan, result: &mut ModuleResult) {
    for view in &result.changed {
        tracing::info!("{}: {} {}", module.name, view.action, view.target);
    }
    let early = verify_before_reload(sight, &module.expectations).await;
    result.problems.extend(early.problems);
    result.findings = early.findings;
    let scene = Scene {
        system: job.system,
        store: job.store,
        generation: job.generation,
        module: module.name,
        by_hand: job.by_hand,
    };
    for change in module
        .changes
        .iter()
        .filter(|change| !change.kind().is_of_files(job.system))
    {
        if !result.problems.is_empty() {
            return;
        }
        match ChangeView::of(change, &job.system.root) {
            // It may be touched from here on.
            Ok(view) => {
                tracing::info!("{}: {} {}", module.name, view.action, view.target);
                result.changed.push(view);
            }
            Err(error) => {
                result.problems.push(error.to_string());
                return;
            }
        }
        match scene.act(change).await {
            Ok(()) => {}
            Err(error) if module.stands_alone && job.policy == Policy::Keep => {
                result.changed.pop();
                result.left_out.push(error.to_string());
            }
            Err(error) => result.problems.push(error.to_string()),
        }
    }
}

/// A failure of the whole batch is a problem of every module with files.
fn blame(results: &mut [ModuleResult], error: &dyn std::error::Error) {
    for result in results.iter_mut().filter(|result| !result.changed.is_empty()) {
        result.problems.push(error.to_string());
    }
}

/// Nothing was changed in this stage. What earlier ones have changed is undone, where all of it goes or stays together.
async fn stop(job: &Job<'_>, mut results: Vec<ModuleResult>) -> Result<Applied, ApplyError> {
    for result in &mut results {
        result.changed.clear();
    }
    match job.policy {
        Policy::Rollback if job.has_begun => undo_all(job, results).await,
        Policy::Rollback | Policy::Keep => Ok(Applied {
            outcome: Outcome::Failed,
            modules: results,
        }),
    }
}

/// A duration in whole milliseconds.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

async fn react(job: &Job<'_>, plan: &GenerationPlan, results: &mut [ModuleResult]) {
    let scene = Scene {
        system: job.system,
        store: job.store,
        generation: job.generation,
        module: "reload",
        by_hand: job.by_hand,
    };
    for reaction in &plan.reactions {
        if let Err(error) = scene.act(reaction).await {
            let culprit = plan
                .modules
                .iter()
                .position(|module| makes_dirty(module, reaction))
                .unwrap_or(0);
            if let Some(result) = results.get_mut(culprit) {
                result.problems.push(error.to_string());
            }
        }
    }
}

/// systemd reads its unit files again, once all that had to stop has stopped as its own file said: also those of an
/// earlier stage of the boot, which had no bus.
async fn reload_manager(job: &Job<'_>, results: &mut [ModuleResult]) -> Result<(), ActError> {
    let Some(bus) = &job.system.bus else { return Ok(()) };
    let records = job.store.records(job.generation)?;
    let wrote = |record: &&Record| !record.immediate && record.dirties.contains(&Dirty::Manager);
    let Some(record) = records.iter().find(wrote) else {
        return Ok(());
    };
    if let Err(error) = bus.reload_manager().await {
        let writer = results.iter().position(|result| result.name == record.module);
        if let Some(result) = results.get_mut(writer.unwrap_or_default()) {
            result.problems.push(error.to_string());
        }
    }
    Ok(())
}

/// Whether a file of this module is why the reaction is needed.
fn makes_dirty(module: &ModulePlan, reaction: &Change) -> bool {
    let mut dirties = module.changes.iter().flat_map(|change| change.kind().dirties());
    dirties.any(|dirty| reaction.kind().tells(dirty))
}

async fn undo_all(job: &Job<'_>, mut results: Vec<ModuleResult>) -> Result<Applied, ApplyError> {
    tracing::error!("undoing all changes of this generation");
    let undone = undo_generation(job.system, job.store, job.facts, job.generation, None).await;
    let undone = undone.map_err(|undo| ApplyError {
        causes: results.iter().flat_map(ModuleResult::what_is_wrong).collect(),
        undo,
    })?;
    let to_blame = results.iter().position(|result| !result.what_is_wrong().is_empty());
    if let Some(result) = results.get_mut(to_blame.unwrap_or(0)) {
        result.add_broken(undone.broken);
    }
    for result in &mut results {
        result.undone = !result.changed.is_empty();
    }
    Ok(Applied {
        outcome: Outcome::Failed,
        modules: results,
    })
}
