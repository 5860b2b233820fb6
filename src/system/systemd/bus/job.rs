//! Starting and stopping: jobs, and waiting for their end.
//!
//! The caller decides whether to wait. During the boot, a job can depend on something that happens only after the
//! caller has ended (docker is ordered after network-online.target). Waiting for it would deadlock until the limit, so
//! it is only queued.

use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_core::Stream;
use zbus::OwnedObjectPath;

use super::error::name_and_message;
use super::proxy::JobRemovedStream;
use super::{Bus, BusError};
use crate::system::UnitFacts;

/// How often a state is checked while waiting for it.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// systemd's mode for replacing an existing job that contradicts this one.
const MODE: &str = "replace";

/// What a job does with a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Start it, if it doesn't run.
    Start,
    /// Stop it, if it runs.
    Stop,
    /// Stop and start it.
    Restart,
    /// Reload it, or restart it if it can't reload; start it if it doesn't run.
    ReloadOrRestart,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::ReloadOrRestart => "reload",
        })
    }
}

impl Bus {
    /// Queues the job and returns: for use inside the boot.
    ///
    /// # Errors
    /// systemd refuses the job: there is no such unit, it is masked, …
    pub async fn queue_job(&self, verb: Verb, unit: &str) -> Result<(), BusError> {
        self.enqueue(verb, unit).await.map(|_| ())
    }

    /// Queues the job and waits for its end, for `limit` at most.
    ///
    /// # Errors
    /// As [`Bus::queue_job`]; and [`BusError::Job`] when it ends with anything but `done`, [`BusError::JobPending`] when
    /// it doesn't end in time.
    pub async fn run_job(&self, verb: Verb, unit: &str, limit: Duration) -> Result<(), BusError> {
        let ended = tokio::time::timeout(limit, self.enqueue_and_wait(verb, unit)).await;
        let (verb, unit) = (verb, unit.to_owned());
        match ended {
            Ok(Ok(result)) if result == "done" => Ok(()),
            Ok(Ok(result)) => Err(BusError::Job {
                verb,
                result,
                state: self.state_in_words(&unit).await,
                unit,
            }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(self.still_pending(verb, &unit, limit).await),
        }
    }

    /// The error of a job that did not end in time.
    pub(super) async fn still_pending(&self, verb: Verb, unit: &str, limit: Duration) -> BusError {
        BusError::JobPending {
            verb,
            limit,
            state: self.state_in_words(unit).await,
            unit: unit.to_owned(),
        }
    }

    /// Waits until the unit is in the wanted state, has failed, or `limit` is over. Returns its state.
    ///
    /// # Errors
    /// systemd doesn't answer.
    pub async fn wait_for_state(&self, unit: &str, active: bool, limit: Duration) -> Result<UnitFacts, BusError> {
        let end = tokio::time::Instant::now() + limit;
        loop {
            let facts = self.facts(unit).await?;
            let settled = match active {
                true => matches!(facts.active_state.as_str(), "active" | "failed"),
                false => matches!(facts.active_state.as_str(), "inactive" | "failed"),
            };
            if settled || tokio::time::Instant::now() + POLL_INTERVAL > end {
                return Ok(facts);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    async fn enqueue_and_wait(&self, verb: Verb, unit: &str) -> Result<String, BusError> {
        let mut ends = self.job_ends(&format!("{verb} {unit}")).await?;
        let job = ends.during(self.enqueue(verb, unit)).await?;
        ends.of(&job).await
    }

    /// Listens for jobs that end: begun before one is queued, which can end before the call that queues it returns.
    pub(super) async fn job_ends(&self, what: &str) -> Result<JobEnds, BusError> {
        let stream = self.manager.receive_job_removed().await;
        Ok(JobEnds {
            stream: stream.map_err(|error| self.refused(what, &error))?,
            ended: HashMap::new(),
        })
    }

    /// Resets a unit's failed state and start counter, so that its next start is not refused because of earlier ones.
    /// A unit that systemd doesn't know needs no reset.
    pub async fn reset_failed(&self, unit: &str) {
        let _ = self.manager.reset_failed_unit(unit).await;
    }

    async fn enqueue(&self, verb: Verb, unit: &str) -> Result<OwnedObjectPath, BusError> {
        let answer = match verb {
            Verb::Start => self.manager.start_unit(unit, MODE).await,
            Verb::Stop => self.manager.stop_unit(unit, MODE).await,
            Verb::Restart => self.manager.restart_unit(unit, MODE).await,
            Verb::ReloadOrRestart => self.manager.reload_or_restart_unit(unit, MODE).await,
        };
        answer.map_err(|error| {
            let (name, message) = name_and_message(&error);
            if name == "org.freedesktop.systemd1.NoSuchUnit" {
                let unit = unit.to_owned();
                return BusError::NoSuchUnit { verb, unit, message };
            }
            self.refused(&format!("{verb} {unit}"), &error)
        })
    }

    /// `failed (failed), result exit-code`; empty where systemd doesn't say.
    async fn state_in_words(&self, unit: &str) -> String {
        let Ok(row) = self.row(unit).await else {
            return String::new();
        };
        match self.result(unit, &row.6).await {
            Some(result) if result != "success" => format!("{} ({}), result {result}", row.3, row.4),
            _ => format!("{} ({})", row.3, row.4),
        }
    }
}

/// The jobs that end.
pub(super) struct JobEnds {
    stream: JobRemovedStream,
    /// Those that did so while another was queued, with their results.
    ended: HashMap<OwnedObjectPath, String>,
}

impl JobEnds {
    /// Makes the call that queues a job. A boot ends more jobs than a stream holds, and one that isn't read would hold up
    /// the reply.
    pub(super) async fn during<T>(&mut self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        loop {
            tokio::select! {
                answer = &mut call => return answer,
                end = next(&mut self.stream) => self.ended.extend(end),
            }
        }
    }

    /// Waits for the end of this job, and returns its result.
    pub(super) async fn of(&mut self, job: &OwnedObjectPath) -> Result<String, BusError> {
        if let Some(result) = self.ended.remove(job) {
            return Ok(result);
        }
        loop {
            match next(&mut self.stream).await {
                Some((ended, result)) if ended == *job => return Ok(result),
                Some(_) => {}
                None => return Err(BusError::Connect("the bus closed the connection".to_owned())),
            }
        }
    }
}

/// The next job that ended, with its result; `None` when the connection is closed. What can't be read is no job of ours.
async fn next(ends: &mut JobRemovedStream) -> Option<(OwnedObjectPath, String)> {
    loop {
        let signal = poll_fn(|context| Pin::new(&mut *ends).poll_next(context)).await?;
        if let Ok(args) = signal.args() {
            return Some((args.job().clone(), args.result().clone()));
        }
    }
}
