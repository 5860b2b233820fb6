//! The generation that a document becomes: begun before anything changes, finished with the result, pruned.

use std::collections::{BTreeMap, BTreeSet};

use super::super::incomplete::{can_get_better, errors, lasting};
use super::Request;
use crate::document::Document;
use crate::engine::{GenerationPlan, ModulePlan};
use crate::module::{Level, Stage};
use crate::report::applied::AppliedReport;
use crate::report::generation::GenerationReport;
use crate::report::plan::PlanReport;
use crate::state::{
    Deadline, Generation, Incomplete, KEEP_GENERATIONS, Outcome, STATE_VERSION, StageRecord, StateError, Store,
};
use crate::system::System;
use crate::system::clock::{self, BootTime};

/// The work for a document in all stages, as seen at the beginning of one stage.
#[derive(Debug)]
pub(super) struct Work {
    /// The modules that have something to do, or that have problems.
    modules: BTreeSet<String>,
    /// The stages that it needs.
    stages: BTreeSet<Stage>,
}

impl Work {
    /// What `plan`, of all stages, has.
    pub(super) fn of(plan: &GenerationPlan) -> Self {
        let has_work = |module: &&ModulePlan| {
            // What is given up may be known only later: whether a unit runs takes the bus.
            !(module.declared.is_empty()
                && module.released.is_empty()
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

    /// Adds what a module will have to do in a later stage.
    pub(super) fn add(&mut self, module: &str, stage: Stage) {
        self.modules.insert(module.to_owned());
        self.stages.insert(stage);
    }
}

/// Begins the generation, or the next stage of it. If the run is interrupted from here on, everything is done again.
pub(super) fn begin(
    system: &System,
    store: &Store,
    request: &Request<'_>,
    plan: &PlanReport,
    work: &Work,
) -> Result<Generation, StateError> {
    let incomplete = Incomplete {
        document: errors(request.document),
        modules: work.modules.clone(),
    };
    let generation = match request.resume {
        Some(earlier) => {
            let resumed = Generation {
                outcome: Outcome::Running,
                needs: earlier.needs.union(&work.stages).copied().collect(),
                incomplete: Incomplete {
                    modules: earlier.incomplete.modules.union(&work.modules).cloned().collect(),
                    ..incomplete
                },
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
            stages: BTreeMap::new(),
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

/// Records the result of a stage. `left`: the modules with work for a later boot.
pub(super) fn finish(
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

/// The size of the generation's own files: the document, the plan, and the report, which repeats the plan with
/// findings.
pub(super) fn generation_bytes(request: &Request<'_>, plan: &PlanReport) -> u64 {
    let bytes = json(&request.document.masked()).len() + 4 * json(plan).len();
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// Removes old generations. A failure does no harm: the next run tries again.
pub(super) fn prune(store: &Store, document: &Document) {
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
