//! A document that is elsewhere: what is here of it makes the network, then the final stage fetches the rest.

use std::time::Duration;

use super::boot::{LOCK_PATIENCE, begin, broken_off, go_on};
use super::carry_out::{Request, carry_out};
use super::confirm::settle;
use super::decide::last_from_a_source;
use super::seedless::failed;
use super::selection::selection;
use super::standing::about;
use super::texts::{facts, texts_on};
use super::{imports, reporting};
use crate::document::Document;
use crate::engine::Policy;
use crate::module::{self, Stage};
use crate::report::status::{Standing, Status};
use crate::source::http::Client;
use crate::source::remote::complete;
use crate::source::signature::check;
use crate::source::{Choice, Fault, FaultKind, NOT_ALLOWED, Rules, Seed};
use crate::state::{StateError, Store, instance_id};
use crate::system::System;
use crate::system::systemd::Verb;
use crate::system::thread::blocking;

/// Carries out as much of what is here as the network needs to be fetched over, and hands the seed on to the final stage.
///
/// # Errors
/// The machine or the state could not be read or written.
pub async fn prepare(system: &System, store: &Store, seed: &Seed, stage: Stage) -> anyhow::Result<Status> {
    let pointer = seed.digest();
    let generations = store.generations()?;
    let last = last_from_a_source(&generations, |last| last.pointer.as_ref() == Some(&pointer));
    let mut status = about(seed, "", Standing::Running, "");
    status.instance_id = None;
    status.stage = Some(stage);
    // Where the same was fetched before, the network is what the whole document said.
    if last.and_then(|last| last.pointer.as_ref()) != Some(&pointer) {
        let here = seed.here();
        let document = Document::read(&texts_on(system, &here));
        status.add_diagnostics(&document.diagnostics);
        carry_out_the_network(system, store, &here, &document, stage, &mut status).await?;
    }
    status.detail = format!(
        "the document is at {}: it will be fetched once the network is up",
        seed.rest()
    );
    store.hand_on(seed)?;
    Ok(status)
}

async fn carry_out_the_network(
    system: &System,
    store: &Store,
    here: &Seed,
    document: &Document,
    stage: Stage,
    status: &mut Status,
) -> anyhow::Result<()> {
    let config = &document.config;
    let asked = [
        ("hostname", config.hostname.is_some() || config.fqdn.is_some()),
        ("network", config.network.is_some()),
    ];
    let names: Vec<_> = asked
        .into_iter()
        .filter(|(_, asked)| *asked)
        .map(|(name, _)| name.to_owned())
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let request = Request {
        document,
        instance_id: &instance_id(document.meta_data.instance_id.as_deref(), &system.root, true)?,
        origin: (&here.source, &here.place),
        digest: &here.digest(),
        pointer: None,
        modules: &module::only(&names),
        scope: &names,
        stage,
        default_policy: Policy::Keep,
        patience: Duration::ZERO,
        resume: None,
        always: false,
        confirm: None,
        run_again: false,
    };
    let report = carry_out(system, store, &request).await?;
    status.add_report(&report);
    Ok(())
}

/// Has systemd start the unit of the final stage: after the network is online, which is waited for only when that unit is
/// asked for. `what_for`: begins with "to".
///
/// # Errors
/// There is no bus, or systemd refuses.
pub async fn start_final(system: &System, what_for: &str) -> anyhow::Result<()> {
    let unit = Stage::Final.unit();
    let Some(bus) = &system.bus else {
        anyhow::bail!("{unit} can't be started {what_for} without a system bus");
    };
    Ok(bus.queue_job(Verb::Start, unit).await?)
}

/// Has systemd start the final stage, and the wait for the network with it.
///
/// # Errors
/// There is no bus, or systemd refuses.
pub async fn start_final_stage(system: &System, seed: &Seed) -> anyhow::Result<Status> {
    start_final(system, &format!("to fetch the document from {}", seed.rest())).await?;
    let detail = format!("waiting for the network: the document is at {}", seed.rest());
    Ok(Status {
        stage: Some(Stage::System),
        instance_id: None,
        ..about(seed, "", Standing::Running, &detail)
    })
}

/// The final stage: goes on with what was handed on, or fetches it first. Where an earlier boot did and the same can't be
/// fetched now, the machine stays as it is.
///
/// # Errors
/// The machine or the state could not be read or written.
pub async fn final_stage(mut system: System, store: &Store, source: Option<&Choice>) -> anyhow::Result<Status> {
    let Some(mut seed) = store.handed_on()? else {
        let why = "no earlier stage of this boot has left anything for the final one";
        return Ok(failed(Stage::Final, why.to_owned()));
    };
    let mut fetched = match seed.is_whole() {
        true => None,
        false => {
            let (_, settings) = selection(&system, source)?;
            let fetched = fetch(&system, &seed, &settings.rules).await;
            Some((fetched, settings.rules.trusted_keys.is_empty()))
        }
    };
    let whole = match &mut fetched {
        None => Some(&mut seed),
        Some((whole, _)) => whole.as_mut().ok(),
    };
    if let Some(whole) = whole {
        imports::ask_in_boot(&system, store, whole, source).await;
    }
    let carried_out = locked(&mut system, store, &seed, fetched.as_ref()).await;
    let status = carried_out.unwrap_or_else(|error| broken_off(Stage::Final, &error));
    let whole = fetched.as_ref().and_then(|(whole, _)| whole.as_ref().ok());
    Ok(reporting::tell(&system, store, source, whole.unwrap_or(&seed), status).await)
}

/// What of the final stage changes the machine. The lock is not held before and after it, so that a command run by hand
/// doesn't wait for a server.
async fn locked(
    system: &mut System,
    store: &Store,
    seed: &Seed,
    fetched: Option<&(Result<Seed, Fault>, bool)>,
) -> anyhow::Result<Status> {
    let _lock = store.lock_within(LOCK_PATIENCE)?;
    if let Err(error) = system.connect().await {
        tracing::error!("{error}");
    }
    settle(system, store).await?;
    store.forget_handed_on()?;
    let Some((fetched, needs_no_signature)) = fetched else {
        return go_on(system, store, seed, Stage::Final).await;
    };
    match fetched {
        Ok(whole) => begin(system, store, whole, Stage::Final).await,
        Err(fault) => match as_before(store, seed, fault)? {
            Some(status) => Ok(status),
            // A file is signed like the document: what is not all there is nobody's word then.
            None if seed.lacks_only_files() && *needs_no_signature => {
                without_files(system, store, seed, fault.to_string()).await
            }
            None => Ok(failed(Stage::Final, fault.to_string())),
        },
    }
}

/// A machine that was configured from there before stays as that left it. That somebody has put something there which is
/// refused is for people to know.
fn as_before(store: &Store, seed: &Seed, fault: &Fault) -> Result<Option<Status>, StateError> {
    let generations = store.generations()?;
    let pointer = Some(seed.digest());
    let last = last_from_a_source(&generations, |last| last.pointer == pointer);
    let Some(last) = last.filter(|last| last.pointer == pointer) else {
        return Ok(None);
    };
    let number = last.number;
    let detail =
        format!("the document could not be fetched again, so the configuration of generation {number} stays ({fault})");
    let mut status = Status {
        stage: Some(Stage::Final),
        generation: Some(number),
        report: Some(Store::report_path(number)),
        ..about(seed, &last.instance_id, last.outcome.into(), &detail)
    };
    if fault.kind == FaultKind::Forbidden {
        status.add_problem(fault.to_string());
    }
    Ok(Some(status))
}

/// The document is here: a file of it that can't be had costs that file, until a later boot has it.
async fn without_files(system: &System, store: &Store, seed: &Seed, why: String) -> anyhow::Result<Status> {
    let mut status = begin(system, store, seed, Stage::Final).await?;
    status.add_problem(why);
    Ok(status)
}

/// The whole of a seed: what is elsewhere is fetched, signed where the rules ask for it.
///
/// # Errors
/// The rules forbid it; or something of it can't be had, or is not signed.
pub async fn fetch(system: &System, seed: &Seed, rules: &Rules) -> Result<Seed, Fault> {
    if !rules.allow.network {
        let what = format!("the document is at {}: the network is {NOT_ALLOWED}", seed.rest());
        return Err(Fault::forbidden(what));
    }
    let (mut seed, rules, root) = (seed.clone(), rules.clone(), system.root.clone());
    seed.machine = Some(facts(system));
    let fetch = move || {
        let mut client = Client::new(&root, &rules.http);
        let whole = complete(&seed, &mut client, rules.signed())?;
        check(&whole, &rules.trusted_keys)?;
        Ok(whole)
    };
    let fetched = blocking("fetch", fetch).await;
    fetched.map_err(|error| Fault::passing(format!("can't fetch the document: {error}")))?
}

#[cfg(test)]
mod tests {
    use super::super::decide::tests::generation;
    use super::*;
    use crate::state::{Generation, Outcome};
    use crate::system::Root;

    #[test]
    fn what_cannot_be_had_again_leaves_the_machine_and_what_is_refused_is_told() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tree.path().join("var/lib/firstlight/generations/1")).unwrap();
        let store = Store::new(Root::open(tree.path()).unwrap());
        let mut seed = Seed::empty("nocloud", "the serial number".to_owned());
        seed.seedfrom = Some("https://seeds.example.test/web1".parse().unwrap());
        let server_gone = Fault::passing("can't be reached");
        assert!(as_before(&store, &seed, &server_gone).unwrap().is_none());
        let fetched_once = Generation {
            pointer: Some(seed.digest()),
            ..generation(1, "nocloud", "abc", Outcome::Done)
        };
        store.save(&fetched_once).unwrap();
        for (fault, standing, told) in [
            (server_gone, Standing::Done, false),
            (
                Fault::lasting("the server answered 403 Forbidden"),
                Standing::Done,
                false,
            ),
            (Fault::forbidden("is not signed"), Standing::Degraded, true),
        ] {
            let status = as_before(&store, &seed, &fault).unwrap().unwrap();
            assert_eq!(status.generation, Some(1));
            assert_eq!(
                (status.status, !status.problems.is_empty()),
                (standing, told),
                "{fault}"
            );
            assert!(status.detail.contains(&fault.what), "{}", status.detail);
        }
    }
}
