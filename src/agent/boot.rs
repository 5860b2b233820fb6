//! What the units run: find the seed, decide, apply the document, report the result.

use std::time::Duration;

use super::carry_out::{Request, carry_out};
use super::confirm::settle;
use super::decide::{Decision, decide};
use super::online;
use super::remote::{final_stage, prepare, start_final, start_final_stage};
use super::selection::selection;
use super::standing::{about, conclude, is_last_word, not_before_all_is_undone, note_drift, unchanged};
use super::texts::texts_on;
use super::{imports, reporting, scrub, seedless};
use crate::document::settings::OnFailure;
use crate::document::{Config, Document};
use crate::engine::{Baseline, Policy, drift, survey};
use crate::module::{self, Stage};
use crate::report::status::{Standing, Status};
use crate::settings::Settings;
use crate::source::{Choice, Rules, Seed, Verdict, search};
use crate::state::{Generation, StateError, Store, instance_id};
use crate::system::{Machine, System, clock, udev};

/// How long the system stage waits for a seed on a device that udev has not processed yet. Nothing waits for this
/// stage.
const LATE_DEVICE_TIMEOUT: Duration = Duration::from_secs(120);

/// How long the system stage waits for the effects of its changes. Nothing in the boot waits for this stage.
const PATIENCE: Duration = Duration::from_secs(20);

/// The same for the final stage, which runs while everything else is starting, such as docker.
const FINAL_PATIENCE: Duration = Duration::from_secs(180);

/// The last status of a boot, which is there once all is over: as in cloud-init, scripts wait for it.
const RESULT: &str = "result.json";

/// How long a stage waits for a person's `apply` or `rollback` to end. The system stage has five minutes in all.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(120);

/// The same for the local stage, for which the boot waits. Then hardly anybody else can be at work.
const EARLY_LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// How often the devices are checked while waiting.
const POLL: Duration = Duration::from_millis(250);

/// Runs one stage of the boot and publishes the status. A failure is always in the status too.
///
/// # Errors
/// The status could not be written.
pub async fn boot(stage: Stage, source: Option<&Choice>) -> Result<Status, StateError> {
    boot_on(System::running()?, stage, source).await
}

async fn boot_on(system: System, stage: Stage, source: Option<&Choice>) -> Result<Status, StateError> {
    let store = Store::new(system.root.clone());
    if stage == Stage::Local {
        // Before anything can fail. (/run may be that of an earlier boot: `systemctl soft-reboot` keeps it.)
        store.ask_for_system_stage()?;
        store.forget_published(RESULT)?;
    }
    let said = match stage {
        Stage::Local => Vec::new(),
        Stage::System | Stage::Final => published(&store)
            .ok()
            .flatten()
            .map_or_else(Vec::new, |status| status.problems),
    };
    let status = match run(system, &store, stage, source).await {
        Ok(status) => status,
        Err(error) => broken_off(stage, &error),
    };
    tell(&status, &said);
    let text = publish(&store, &status)?;
    if is_over(stage, &status) {
        store.publish(RESULT, &text)?;
    }
    if stage == Stage::Local
        && is_last_word(&status)
        && let Err(error) = store.skip_system_stage()
    {
        tracing::warn!("can't skip the system stage, so it runs with nothing to do: {error}");
    }
    Ok(status)
}

/// The status, for the journal, without the problems that an earlier stage of this boot `said`.
fn tell(status: &Status, said: &[String]) {
    for problem in status.problems.iter().filter(|problem| !said.contains(problem)) {
        tracing::warn!("{problem}");
    }
    match status.status {
        Standing::Failed | Standing::Degraded => tracing::error!("{}: {}", status.status, status.detail),
        _ => tracing::info!("{}: {}", status.status, status.detail),
    }
}

/// The status of this boot, as the last stage left it.
///
/// # Errors
/// It can't be read.
pub fn published(store: &Store) -> Result<Option<Status>, StateError> {
    let damaged = |e: serde_json::Error| StateError::Damaged {
        path: Store::run_path("status.json"),
        why: e.to_string(),
    };
    store
        .published("status.json")?
        .map(|bytes| serde_json::from_slice(&bytes).map_err(damaged))
        .transpose()
}

/// Whether no stage of this boot comes after one with this status.
fn is_over(stage: Stage, status: &Status) -> bool {
    match stage {
        Stage::Local => is_last_word(status),
        Stage::System | Stage::Final => status.status != Standing::Running,
    }
}

/// The status of a stage that ended with an error.
pub(super) fn broken_off(stage: Stage, error: &anyhow::Error) -> Status {
    Status {
        stage: Some(stage),
        ..Status::plain(Standing::Failed, format!("{error:#}"))
    }
}

/// Publishes the status; returns what was written.
fn publish(store: &Store, status: &Status) -> Result<Vec<u8>, StateError> {
    let mut text = serde_json::to_vec_pretty(status).unwrap_or_default();
    text.push(b'\n');
    store.publish("status.json", &text)?;
    Ok(text)
}

/// The final stage takes long: who asks meanwhile is told that it is at work, and no longer waits for the network.
fn say_that_it_runs(store: &Store) -> Result<(), StateError> {
    if let Some(status) = published(store)?.filter(|status| status.status == Standing::Running) {
        let running = Status {
            stage: Some(Stage::Final),
            detail: "the final stage is running".to_owned(),
            ..status
        };
        publish(store, &running)?;
    }
    Ok(())
}

async fn run(mut system: System, store: &Store, stage: Stage, source: Option<&Choice>) -> anyhow::Result<Status> {
    if stage == Stage::Final {
        say_that_it_runs(store)?;
        return final_stage(system, store, source).await;
    }
    let _lock = store.lock_within(match stage {
        Stage::Local => EARLY_LOCK_PATIENCE,
        Stage::System | Stage::Final => LOCK_PATIENCE,
    })?;
    if stage == Stage::Local {
        publish(store, &Status::plain(Standing::Running, "the local stage is running"))?;
        reporting::forget(store);
        // Before anything reads the files: a reboot confirms nothing.
        let undone = settle(&system, store).await?;
        let (choice, settings) = selection(&system, source)?;
        let status = local(&system, store, &choice, &settings).await?;
        return Ok(not_before_all_is_undone(status, &undone));
    }
    if let Err(error) = system.connect().await {
        // Changes that need the bus fail with their own messages; the others can succeed.
        tracing::error!("{error}");
    }
    // Units that the local stage could not start or stop again.
    settle(&system, store).await?;
    if let Some(seed) = store.handed_on()? {
        if !seed.is_whole() {
            return start_final_stage(&system, &seed).await;
        }
        store.forget_handed_on()?;
        return go_on(&system, store, &seed, Stage::System).await;
    }
    match published(store)? {
        Some(status) if status.status != Standing::Running => Ok(Status {
            stage: Some(stage),
            ..status
        }),
        _ => {
            let (choice, settings) = selection(&system, source)?;
            late(&system, store, &choice, &settings).await
        }
    }
}

/// The local stage: writes all files.
async fn local(system: &System, store: &Store, choice: &Choice, settings: &Settings) -> anyhow::Result<Status> {
    // Later boots don't wait: the system stage finds what appears after this.
    let limit = if store.instance()?.is_none() {
        settings.device_timeout
    } else {
        Duration::ZERO
    };
    let seed = match find(system, choice, &settings.rules, limit).await {
        Verdict::Present(seed) => seed,
        nothing => return Ok(seedless::in_local(&nothing)),
    };
    if !seed.is_whole() {
        return prepare(system, store, &seed, Stage::Local).await;
    }
    let status = begin(system, store, &seed, Stage::Local).await?;
    if status.status == Standing::Running {
        store.hand_on(&seed)?;
    }
    Ok(status)
}

/// A seed that appeared after the local stage: does the work of both stages.
async fn late(system: &System, store: &Store, choice: &Choice, settings: &Settings) -> anyhow::Result<Status> {
    let limit = settings.device_timeout.max(LATE_DEVICE_TIMEOUT);
    match find(system, choice, &settings.rules, limit).await {
        Verdict::Present(seed) if seed.is_whole() => {
            let status = begin(system, store, &seed, Stage::System).await?;
            before_final(system, store, &seed, status).await
        }
        Verdict::Present(seed) => {
            prepare(system, store, &seed, Stage::System).await?;
            start_final_stage(system, &seed).await
        }
        nothing => Ok(seedless::at_last(store, &nothing)?),
    }
}

/// Searches for the seed while udev is still processing devices, at most for `limit`.
async fn find(system: &System, choice: &Choice, rules: &Rules, limit: Duration) -> Verdict {
    let look = || search(&system.root.at_one_moment(), true, choice, rules);
    // An unreadable device must not prevent the search on devices that appear later.
    let is_found = |verdict: &Verdict| !matches!(verdict, Verdict::Absent(_) | Verdict::Unknown(_));
    let verdict = look();
    if is_found(&verdict) || limit.is_zero() {
        return verdict;
    }
    let settled = udev::settle(&system.root, limit);
    tokio::pin!(settled);
    loop {
        tokio::select! {
            () = &mut settled => return look(),
            () = tokio::time::sleep(POLL) => {}
        }
        let verdict = look();
        if is_found(&verdict) {
            return verdict;
        }
    }
}

/// How many items have drifted, as far as files show it: before the network is up, little else does.
async fn drifted(system: &System, store: &Store) -> Result<usize, StateError> {
    let baseline = Baseline::read(store, &system.root)?;
    let facts = survey(system, &[], &Config::default(), Vec::new()).await;
    Ok(drift(&Machine::new(&system.root, &facts), &baseline)?.len())
}

/// Decides what to do with a seed that a stage found, and does it.
pub(super) async fn begin(system: &System, store: &Store, seed: &Seed, stage: Stage) -> anyhow::Result<Status> {
    let document = document_of(system, store, seed);
    let id = instance_id(document.meta_data.instance_id.as_deref(), &system.root, true)?;
    let decision = decide(&id, &seed.digest(), store.instance()?.as_deref(), &store.generations()?);
    tracing::info!(source = seed.source, place = seed.place, instance_id = id, "{decision}");
    let resume = match decision {
        Decision::Nothing(generation) => {
            let mut status = unchanged(seed, &id, &generation, stage);
            match drifted(system, store).await {
                Ok(drifted) => note_drift(&mut status, drifted),
                Err(error) => tracing::warn!("can't check for drift: {error}"),
            }
            scrub::after_success(system, store, seed, &document, &mut status);
            return Ok(status);
        }
        Decision::Retry(generation) => Some(generation),
        Decision::NewInstance | Decision::ChangedSeed => None,
    };
    let status = carry_out_stage(system, store, seed, &document, &id, stage, resume.as_ref()).await?;
    store.remember_instance(&id)?;
    Ok(status)
}

/// The document of a seed, with what other sites have for it.
fn document_of(system: &System, store: &Store, seed: &Seed) -> Document {
    let mut document = Document::read(&texts_on(system, seed));
    imports::give(&mut document, seed.imported.as_ref(), store);
    document
}

/// The next stage of what an earlier one began.
pub(super) async fn go_on(system: &System, store: &Store, seed: &Seed, stage: Stage) -> anyhow::Result<Status> {
    let document = document_of(system, store, seed);
    let id = instance_id(document.meta_data.instance_id.as_deref(), &system.root, true)?;
    let resume = store.current()?;
    let status = carry_out_stage(system, store, seed, &document, &id, stage, resume.as_ref()).await?;
    before_final(system, store, seed, status).await
}

/// Has the final stage started where the generation needs it; the boot runs until that has ended.
async fn before_final(system: &System, store: &Store, seed: &Seed, status: Status) -> anyhow::Result<Status> {
    let is_next = status.stage == Some(Stage::System)
        && status.status != Standing::Failed
        && store.current()?.is_some_and(|generation| awaits_final(&generation));
    if !is_next {
        return Ok(status);
    }
    store.hand_on(seed)?;
    if let Err(error) = start_final(system, "to run what is left of the document").await {
        store.forget_handed_on()?;
        let mut status = status;
        status.add_problem(format!("{error:#}"));
        return Ok(status);
    }
    Ok(Status {
        status: Standing::Running,
        detail: "the final stage has not run yet: it waits for the network".to_owned(),
        ..status
    })
}

fn awaits_final(generation: &Generation) -> bool {
    generation.needs.contains(&Stage::Final) && !generation.stages.contains_key(&Stage::Final)
}

/// As [`carry_out_document`]; and where the document says so, a failure stops the boot: this process ends with an error,
/// its unit fails, and the unit's `OnFailure=` finds that it is asked for.
async fn carry_out_stage(
    system: &System,
    store: &Store,
    seed: &Seed,
    document: &Document,
    id: &str,
    stage: Stage,
    resume: Option<&Generation>,
) -> anyhow::Result<Status> {
    let settings = document.config.firstlight.as_ref();
    let emergency = settings.is_some_and(|settings| settings.on_failure == Some(OnFailure::Emergency));
    match emergency {
        true => store.arm_emergency()?,
        false => store.disarm_emergency()?,
    }
    let mut status = carry_out_document(system, store, seed, document, id, stage, resume).await?;
    if status.status != Standing::Failed {
        store.disarm_emergency()?;
    }
    scrub::after_success(system, store, seed, document, &mut status);
    Ok(status)
}

async fn carry_out_document(
    system: &System,
    store: &Store,
    seed: &Seed,
    document: &Document,
    id: &str,
    stage: Stage,
    resume: Option<&Generation>,
) -> anyhow::Result<Status> {
    let mut status = Status {
        stage: Some(stage),
        ..about(seed, id, Standing::Running, "")
    };
    status.add_diagnostics(&document.diagnostics);
    let strict = document
        .config
        .firstlight
        .as_ref()
        .is_some_and(|settings| settings.strict);
    if strict && document.has_errors() {
        let detail = "the document has errors and sets `strict: true`: none of it was applied";
        return Ok(Status {
            status: Standing::Failed,
            detail: detail.to_owned(),
            ..status
        });
    }
    // A late document contains its own network, so don't wait for one before it is applied.
    if stage == Stage::System
        && resume.is_some()
        && let Some(wanted) = document.meta_data.wait_on_network
    {
        status.problems.extend(online::wait(&system.root, wanted).await.err());
    }
    // Modules that succeeded in an earlier boot are left alone, including later edits by people.
    let unfinished: Vec<String> =
        resume.map_or_else(Vec::new, |earlier| earlier.incomplete.modules.iter().cloned().collect());
    let modules = module::only(&unfinished);
    let request = Request {
        document,
        instance_id: id,
        origin: (&seed.source, &seed.place),
        digest: &seed.digest(),
        pointer: seed.pointer.as_deref(),
        modules: &modules,
        scope: &[],
        stage,
        default_policy: Policy::Keep,
        patience: match stage {
            Stage::Local => Duration::ZERO,
            Stage::System => PATIENCE,
            Stage::Final => FINAL_PATIENCE,
        },
        resume,
        always: true,
        confirm: None,
        run_again: false,
    };
    let begun = clock::now_exactly();
    let report = carry_out(system, store, &request).await?;
    reporting::note(store, document, stage, begun);
    if let Some(earlier) = published(store)?.filter(|_| stage != Stage::Local) {
        status.modules = earlier.modules;
    }
    conclude(&mut status, &report, stage);
    Ok(status)
}

#[cfg(test)]
mod tests;
