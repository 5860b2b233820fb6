//! Overwrites secrets in the hypervisor once no boot needs them: any process on a VMware machine can read guestinfo
//! (CVE-2022-1706).
//!
//! The next boot must recognise the rest as the same document, so the digests of all possible rests are recorded in
//! the generation before the first value is overwritten. Values are overwritten one at a time, in this order, up to
//! the first failure, so an interrupted run leaves one of these rests.

mod plan;

use std::time::Instant;

use crate::document::Document;
use crate::engine::ChangeView;
use crate::engine::verify::{Finding, Verdict as Found};
use crate::report::SCHEMA;
use crate::report::applied::{AppliedReport, ModuleOutcome};
use crate::report::generation::GenerationReport;
use crate::report::status::{Standing, Status};
use crate::source::vmware::scrub::{Eraser, KEYS, asked, is_of_hypervisor};
use crate::source::{self, Choice, Places, Rules, Seed, Verdict, select, survey};
use crate::state::{Generation, Outcome, StateError, Store};
use crate::system::System;

use super::selection::selection;
pub use plan::nothing;
use plan::{digest, environment, plan, proposes};

/// Its name among the modules of a report.
const NAME: &str = "scrub";

/// How often the sources are searched for values to overwrite.
const TRIES: u32 = 3;

/// Overwrites the values that held the secrets of `seed`, if the generation of `status` no longer needs them. If a
/// value can't be overwritten, that is a problem in the status, and the next boot tries again.
pub fn after_success(system: &System, store: &Store, seed: &Seed, document: &Document, status: &mut Status) {
    let begun = Instant::now();
    let generation = status.generation.and_then(|number| store.generation(number).ok()?);
    let Some(generation) = generation.filter(|generation| is_over(generation, status)) else {
        return;
    };
    // Search as the units of the next boot will.
    let (choice, settings) = match selection(system, None) {
        Ok(selected) => selected,
        // A boot with invalid settings has ended earlier.
        Err(error) => return tracing::warn!("{error:#}"),
    };
    let places = Places::of(&system.root, system.live, &settings.rules);
    if !may_hold_secrets(&places, seed) || !is_asked_for(&places, seed, document) {
        return;
    }
    let mut gone = Vec::new();
    let problem = scrub(system, store, &places, &choice, &generation, &mut gone).err();
    if problem.is_none() && gone.is_empty() {
        return;
    }
    report(store, &generation, status, outcome(&gone, problem, begun));
}

/// Whether no boot will apply this document again.
fn is_over(generation: &Generation, status: &Status) -> bool {
    let has_ended = matches!(status.status, Standing::Done | Standing::Degraded);
    has_ended && generation.is_settled()
}

/// Check this first, so that a boot with nothing to do makes no other query.
fn may_hold_secrets(places: &Places, seed: &Seed) -> bool {
    let has_documents = seed.user_data.is_some() || seed.vendor_data.is_some();
    (is_of_hypervisor(seed) && has_documents)
        || proposes(seed)
        || (seed.source == "ovf" && environment(places).is_some())
}

/// The document decides. The metadata counts only if the document doesn't say anything; the default is the same.
fn is_asked_for(places: &Places, seed: &Seed, document: &Document) -> bool {
    let settings = document.config.firstlight.as_ref();
    let wanted = settings.and_then(|settings| settings.scrub) != Some(false);
    let listed = is_of_hypervisor(seed)
        .then(|| asked(places))
        .flatten()
        .unwrap_or_default();
    let (known, unknown): (Vec<_>, Vec<_>) = listed.into_iter().partition(|key| KEYS.contains(&key.as_str()));
    if !unknown.is_empty() {
        tracing::warn!(
            "guestinfo.metadata: `redact` has unknown entries; only these are supported: {}",
            KEYS.join(" and ")
        );
    }
    if !wanted && !known.is_empty() {
        tracing::warn!(
            "guestinfo.metadata asks to redact {}, but the document says `firstlight: {{scrub: false}}`: they stay",
            known.join(" and ")
        );
    }
    wanted
}

/// Overwrites the values, and adds their names to `gone`.
fn scrub(
    system: &System,
    store: &Store,
    places: &Places,
    choice: &Choice,
    generation: &Generation,
    gone: &mut Vec<String>,
) -> Result<(), String> {
    let Some(plan) = plan(places, ask_again(system, choice, &places.rules), choice, generation)? else {
        return Ok(());
    };
    let remember = |left: Vec<String>| {
        let known = Generation {
            scrubbed: Some(left),
            ..generation.clone()
        };
        store.save(&known).map_err(|error| error.to_string())
    };
    // A seed that was late is carried out before its instance is known: less of it must not be a new machine's.
    let known = store.remember_instance(&generation.instance_id);
    known.map_err(|error| error.to_string())?;
    remember(plan.states.iter().chain(&plan.without_cd).cloned().collect())?;
    let mut eraser = Eraser::of(places);
    for target in &plan.targets {
        let name = target.name();
        tracing::info!("overwriting {name}: it holds secrets, and later boots don't need it");
        target.overwrite(&mut eraser).map_err(|why| {
            format!("{name} still holds secrets, which every process on this machine can read: {why}")
        })?;
        gone.push(name);
    }
    let left = source::search(&system.root, system.live, choice, &places.rules);
    match (plan.states.last(), digest(&left), left) {
        (Some(expected), Ok(left), _) if *expected == left => {
            remember([left].into_iter().chain(plan.without_cd).collect())
        }
        (_, _, Verdict::Present(_)) => {
            Err("after overwriting, the sources have something unexpected; check `firstlight sources`".to_owned())
        }
        // Each value was read back, and every intermediate state has a known digest.
        (_, _, nothing) => {
            tracing::warn!("can't read back from the hypervisor what is left: {}", nothing.why());
            Ok(())
        }
    }
}

/// What the sources have now. On a busy machine a tool may exceed its time limit.
fn ask_again(system: &System, choice: &Choice, rules: &Rules) -> Vec<select::Found> {
    let ask = || survey(&system.root, system.live, choice, rules);
    let has_a_seed = |found: &Vec<_>| matches!(select::choose(found.clone(), choice), Verdict::Present(_));
    let mut tries = (1..TRIES).map(|_| ask());
    tries.find(has_a_seed).unwrap_or_else(ask)
}

fn outcome(gone: &[String], problem: Option<String>, begun: Instant) -> ModuleOutcome {
    let change = |name: &String| ChangeView {
        kind: "guestinfo".into(),
        target: name.clone(),
        action: "overwrite".into(),
        summary: format!("{name} no longer holds a secret"),
        diff: None,
    };
    let finding = |name: &String| Finding {
        expected: format!("{name} holds no secret"),
        verdict: Found::Verified,
    };
    ModuleOutcome {
        name: NAME.to_owned(),
        outcome: match problem {
            Some(_) => Outcome::Degraded,
            None => Outcome::Done,
        },
        asked: vec!["firstlight.scrub: true".to_owned()],
        changed: gone.iter().map(change).collect(),
        holding: 0,
        findings: gone.iter().map(finding).collect(),
        notes: Vec::new(),
        left_out: Vec::new(),
        problems: problem.into_iter().collect(),
        undone: false,
        milliseconds: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        verify_milliseconds: 0,
    }
}

/// Into the status and the generation's report. The generation itself stays done: its document is not carried out again
/// from what may be half of it.
fn report(store: &Store, generation: &Generation, status: &mut Status, module: ModuleOutcome) {
    let outcome = module.outcome;
    let number = generation.number;
    if let Some(stage) = status.stage {
        let written = || -> Result<(), StateError> {
            if store.is_pruned(number)? {
                return Ok(());
            }
            let earlier = store.part(number, GenerationReport::NAME)?;
            let mut whole = GenerationReport::resume(number, earlier.as_deref());
            whole.outcome = match outcome {
                Outcome::Done => generation.outcome,
                short => short,
            };
            whole.put(stage, module.clone());
            let mut text = serde_json::to_vec_pretty(&whole).unwrap_or_default();
            text.push(b'\n');
            store.save_part(number, GenerationReport::NAME, &text)
        };
        if let Err(error) = written() {
            tracing::error!("can't write the report of generation {number}: {error}");
        }
    }
    status.add_report(&AppliedReport {
        schema: SCHEMA,
        generation: Some(number),
        outcome,
        modules: vec![module],
        problems: Vec::new(),
        reverts_in: None,
    });
    if outcome != Outcome::Done && status.status == Standing::Done {
        status.status = Standing::Degraded;
        status.detail = "the machine matches the document, but the hypervisor still holds its secrets".to_owned();
    }
}
