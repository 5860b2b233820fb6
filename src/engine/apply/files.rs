//! The files of a generation: added to the batch, written to disk, or left out if they can't be written.

use super::{Job, ModuleResult, Policy};
use crate::engine::act::ActError;
use crate::engine::batch::{Batch, CommitError, LeftOut};
use crate::engine::plan::{GenerationPlan, ModulePlan};
use crate::engine::recover::forget;
use crate::engine::view::ChangeView;
use crate::module::Change;

/// Adds a module's files to the batch, and records how its changes look before they are made. A file that can't be
/// written is left out alone if the others make sense without it.
pub(super) fn prepare_module(job: &Job<'_>, batch: &mut Batch<'_>, module: &ModulePlan, result: &mut ModuleResult) {
    let alone = module.stands_alone && job.policy == Policy::Keep;
    let groups = module
        .changes
        .chunks(if alone { 1 } else { module.changes.len().max(1) });
    for changes in groups {
        match prepare(job, batch, module.name, changes) {
            Ok(views) => result.changed.extend(views),
            Err(error) if alone => result.left_out.push(error.to_string()),
            Err(error) => result.problems.push(error.to_string()),
        }
    }
}

fn prepare(
    job: &Job<'_>,
    batch: &mut Batch<'_>,
    module: &str,
    changes: &[Change],
) -> Result<Vec<ChangeView>, ActError> {
    let files = changes.iter().filter(|change| change.kind().is_of_files(job.system));
    let views = files.map(|change| ChangeView::of(change, &job.system.root));
    let views = views.collect::<Result<_, _>>()?;
    batch.add(module, changes)?;
    Ok(views)
}

/// Commits the batch. If the policy allows it, failed entries are left out and the rest is retried.
pub(super) fn commit(
    job: &Job<'_>,
    plan: &GenerationPlan,
    batch: &mut Batch<'_>,
    results: &mut [ModuleResult],
) -> Result<(), CommitError> {
    let alone = stand_alone(plan);
    loop {
        let refused = match batch.commit() {
            Err(CommitError::Entries(refused)) if job.policy == Policy::Keep => refused,
            ended => return ended,
        };
        let left_out = batch.leave_out(refused, &alone);
        let paths = note(plan, &left_out, results);
        job.store
            .restore_paths(job.generation, &paths)
            .map_err(ActError::from)?;
    }
}

/// Puts all files into place. If the policy allows it, failed entries are left out.
pub(super) fn publish(
    job: &Job<'_>,
    plan: &GenerationPlan,
    batch: Batch<'_>,
    results: &mut [ModuleResult],
) -> Result<(), ActError> {
    let mut left_out = batch.publish()?;
    if job.policy == Policy::Rollback && !left_out.is_empty() {
        return Err(left_out.swap_remove(0).error);
    }
    // Of the other modules everything that was done is undone, by their records.
    forget(job.system, job.store, job.generation, &note(plan, &left_out, results))
}

/// The modules each of whose changes makes sense without the others.
fn stand_alone(plan: &GenerationPlan) -> Vec<&'static str> {
    let modules = plan.modules.iter().filter(|module| module.stands_alone);
    modules.map(|module| module.name).collect()
}

/// Adds to the report what was left out and why; returns the paths that the other changes do without.
fn note(plan: &GenerationPlan, left_out: &[LeftOut], results: &mut [ModuleResult]) -> Vec<String> {
    let alone = stand_alone(plan);
    let mut paths = Vec::new();
    for out in left_out {
        let Some(result) = results.iter_mut().find(|result| result.name == out.module) else {
            continue;
        };
        let why = out.error.to_string();
        if alone.contains(&result.name) {
            result
                .changed
                .retain(|view| Some(view.target.as_str()) != out.path.as_deref());
            result.left_out.push(why);
            paths.extend(out.path.clone());
        } else if !result.problems.contains(&why) {
            result.problems.push(why);
        }
    }
    paths
}
