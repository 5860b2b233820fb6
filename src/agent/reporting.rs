//! Tells webhooks how a boot went: `reporting`.
//!
//! The agent does this, and no module: the results of all modules are known only when the last of them has acted and all
//! is verified. It comes at the end of the final stage, after all else that can fail there, `phone_home` included. What
//! waits for the end of that stage's unit (`final_message`, `power_state`) waits for it. Nothing else does: no lock is
//! held meanwhile, and the time is bounded.

mod event;
mod webhook;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use self::event::events;
use self::webhook::{Told, post};
use super::boot::published;
use super::selection::selection;
use super::texts::texts_on;
use crate::document::Document;
use crate::document::reporting::Webhook;
use crate::module::Stage;
use crate::report::status::{ModuleStatus, Standing, Status};
use crate::source::http::Posted;
use crate::source::{Choice, Fault, Http, NOT_ALLOWED, Seed};
use crate::state::Store;
use crate::system::thread::blocking;
use crate::system::{Root, System, clock};

/// The module that answers for the key.
const MODULE: &str = "reporting";

/// The time for all events of a boot. All webhooks are told at the same time.
const LIMIT: Duration = Duration::from_secs(120);

/// What the stages of a boot leave for its end.
const NOTED: &str = "stages.json";

/// When the stages of this boot ran that had something to apply.
type Spans = BTreeMap<Stage, Span>;

/// When a stage ran, in seconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Span {
    begun: f64,
    ended: f64,
}

fn webhooks(document: &Document) -> impl Iterator<Item = Webhook> {
    let reporting = document.config.reporting.iter();
    reporting.flat_map(|reporting| reporting.webhooks())
}

/// Forgets what an earlier boot has noted: `systemctl soft-reboot` keeps `/run`.
pub fn forget(store: &Store) {
    if let Err(error) = store.take_noted::<Spans>(NOTED) {
        tracing::warn!("can't remove what an earlier boot has noted: {error}");
    }
}

/// Notes that a stage which began then has applied something, for those who are told at the end.
pub fn note(store: &Store, document: &Document, stage: Stage, begun: f64) {
    if webhooks(document).next().is_none() {
        return;
    }
    let ended = clock::now_exactly();
    let noted = store.take_noted::<Spans>(NOTED).and_then(|spans| {
        let mut spans = spans.unwrap_or_default();
        spans.insert(stage, Span { begun, ended });
        store.note(NOTED, &spans)
    });
    if let Err(error) = noted {
        tracing::warn!("can't note when a stage ran, for reporting: {error}");
    }
}

/// Tells the webhooks of a boot's document how it went, unless it had nothing to do: the status, with what they didn't
/// take. `seed` is where the document is, `source` as for the stage.
pub async fn tell(system: &System, store: &Store, source: Option<&Choice>, seed: &Seed, mut status: Status) -> Status {
    let spans = match store.take_noted::<Spans>(NOTED) {
        Ok(Some(spans)) => spans,
        Ok(None) => return status,
        Err(error) => {
            status.add_problem(format!("{MODULE}: {error}"));
            return status;
        }
    };
    let document = Document::read(&texts_on(system, seed));
    let webhooks: Vec<Webhook> = webhooks(&document).collect();
    let begun = Instant::now();
    let events = match status.modules.is_empty() {
        false => events(&spans, &status, clock::now_exactly()),
        // The stage failed before any module acted.
        true => {
            let modules = published(store).ok().flatten().map(|earlier| earlier.modules);
            let modules = modules.unwrap_or_default();
            let whole = Status {
                modules,
                ..status.clone()
            };
            events(&spans, &whole, clock::now_exactly())
        }
    };
    let events: Vec<Posted> = events.iter().map(Posted::json).collect();
    let http = match selection(system, source) {
        // The owner's proxy comes first.
        Ok((_, settings)) if settings.rules.allow.network => Ok(Http {
            proxy: settings.rules.http.proxy.clone().or_else(|| document.config.proxy()),
            ..settings.rules.http
        }),
        Ok(_) => Err(Fault::forbidden(format!("the network is {NOT_ALLOWED}"))),
        Err(error) => Err(Fault::lasting(format!("{error:#}"))),
    };
    let told = tell_all(&webhooks, &events, &system.root, &http).await;
    conclude(&mut status, &told, events.len(), begun.elapsed());
    status
}

/// Tells all of them at the same time: one that doesn't answer costs the others nothing.
async fn tell_all<'a>(
    webhooks: &'a [Webhook],
    events: &[Posted],
    root: &Root,
    http: &Result<Http, Fault>,
) -> Vec<(&'a Webhook, Told)> {
    let mut telling = Vec::new();
    for webhook in webhooks {
        let work = http.clone().map(|http| {
            let (own, events, root) = (webhook.clone(), events.to_vec(), root.clone());
            let post = move || post(&own, &events, &root, &http, LIMIT);
            tokio::spawn(blocking(MODULE, post))
        });
        telling.push((webhook, work));
    }
    let mut all = Vec::new();
    for (webhook, work) in telling {
        let told = match work {
            Err(fault) => Err(fault.at(webhook.endpoint.to_string())),
            Ok(work) => match work.await {
                Ok(Ok(told)) => Ok(told),
                Ok(Err(error)) => Err(Fault::passing(format!("can't post anything: {error}"))),
                Err(error) => Err(Fault::passing(format!("can't post anything: {error}"))),
            },
        };
        let told = told.unwrap_or_else(|fault| Told {
            taken: 0,
            fault: Some(fault),
        });
        all.push((webhook, told));
    }
    all
}

/// What the status says of it.
fn conclude(status: &mut Status, told: &[(&Webhook, Told)], events: usize, time: Duration) {
    let mut row = ModuleStatus {
        name: MODULE.to_owned(),
        status: Standing::Done,
        changed: 0,
        verified: 0,
        unseen: 0,
        milliseconds: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
        verify_milliseconds: 0,
    };
    let was_done = status.status == Standing::Done;
    for (webhook, Told { taken, fault }) in told {
        let name = webhook.name.as_str();
        match fault {
            None => tracing::info!("{MODULE}: {name}: {} took {taken} events", webhook.endpoint),
            Some(fault) => {
                row.status = Standing::Degraded;
                status.add_problem(format!(
                    "{MODULE}: {name}: {fault}; it took {taken} of {events} events, and the rest isn't posted later"
                ));
            }
        }
    }
    if was_done && row.status == Standing::Degraded {
        status.detail = "the machine matches the document, but not everybody was told how the boot went".to_owned();
    }
    status.modules.retain(|module| module.name != MODULE);
    status.modules.push(row);
}

#[cfg(test)]
mod tests;
