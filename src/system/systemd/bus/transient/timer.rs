//! A timer that systemd keeps in memory and in `/run`: it outlives its creator and ends with the boot.

use std::time::Duration;

use zbus::Variant;

use super::super::error::name_and_message;
use super::super::{Bus, BusError, Verb};
use super::microseconds;

/// How often, and for how long, a failed program is retried.
const RETRY: Duration = Duration::from_secs(10);
const RETRIES: u32 = 30;
const RETRY_PERIOD: Duration = Duration::from_secs(60 * 60);

/// How long one try may take.
const TRY_LIMIT: Duration = Duration::from_secs(10 * 60);

/// How late the timer may be. systemd's own default is a minute.
const ACCURACY: Duration = Duration::from_millis(100);

/// How long the timer may take to start.
const START_LIMIT: Duration = Duration::from_secs(10);

/// A program that systemd runs once after a delay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransientTimer {
    /// The name of both units, without their types.
    pub name: &'static str,
    /// What the program does, for `systemctl status`.
    pub description: String,
    /// The time from now.
    pub after: Duration,
    /// The program's absolute path and its arguments. All users can read them, so they must not contain secrets.
    pub argv: Vec<String>,
}

impl TransientTimer {
    /// The name of the unit that waits.
    pub fn timer(name: &str) -> String {
        format!("{name}.timer")
    }

    /// systemd.timer(5). `RemainAfterElapse=no` and the timer is gone once its program has ended. Isolating
    /// rescue.target does not stop it.
    fn timer_properties(&self) -> Vec<(&'static str, Variant<'_>)> {
        let after = vec![("OnActiveSec", microseconds(self.after))];
        vec![
            ("Description", Variant::from(&self.description)),
            ("TimersMonotonic", Variant::from(after)),
            ("AccuracyUSec", Variant::from(microseconds(ACCURACY))),
            ("RemainAfterElapse", Variant::from(false)),
            ("IgnoreOnIsolate", Variant::from(true)),
        ]
    }

    /// systemd.service(5). A program that fails is tried again; when that ends too, the unit stays, failed, to be seen.
    fn service_properties(&self) -> Vec<(&'static str, Variant<'_>)> {
        let program = self.argv.first().map(String::as_str).unwrap_or_default();
        let argv: Vec<&str> = self.argv.iter().map(String::as_str).collect();
        vec![
            ("Description", Variant::from(&self.description)),
            ("Type", Variant::from("oneshot")),
            ("ExecStart", Variant::from(vec![(program, argv, false)])),
            ("TimeoutStartUSec", Variant::from(microseconds(TRY_LIMIT))),
            ("Restart", Variant::from("on-failure")),
            ("RestartUSec", Variant::from(microseconds(RETRY))),
            ("StartLimitIntervalUSec", Variant::from(microseconds(RETRY_PERIOD))),
            ("StartLimitBurst", Variant::from(RETRIES)),
            ("IgnoreOnIsolate", Variant::from(true)),
        ]
    }
}

impl Bus {
    /// Starts the timer. When this returns, systemd keeps it even if firstlight dies.
    ///
    /// # Errors
    /// systemd refuses: there is one of that name already, …; or doesn't answer.
    pub async fn start_timer(&self, timer: &TransientTimer) -> Result<(), BusError> {
        let unit = TransientTimer::timer(timer.name);
        let service = format!("{}.service", timer.name);
        // What is left of an earlier one would be in the way; that there is nothing is what is expected.
        let _ = self.manager.reset_failed_unit(&service).await;
        let _ = self.run_job(Verb::Stop, &unit, START_LIMIT).await;
        let properties = timer.service_properties();
        let answer = self
            .manager
            .start_transient_unit(&unit, "fail", &timer.timer_properties(), &[(&service, &properties)])
            .await;
        answer.map_err(|error| self.refused(&format!("start {unit}"), &error))?;
        self.must_wait(&unit).await
    }

    /// Stops the timer of this name, if there is one. If its program already runs, it continues.
    ///
    /// # Errors
    /// systemd refuses or doesn't answer.
    pub async fn stop_timer(&self, name: &str) -> Result<(), BusError> {
        let unit = TransientTimer::timer(name);
        match self.manager.stop_unit(&unit, "replace").await {
            Ok(_) => Ok(()),
            Err(error) if name_and_message(&error).0.ends_with(".NoSuchUnit") => Ok(()),
            Err(error) => Err(self.refused(&format!("stop {unit}"), &error)),
        }
    }

    /// systemd has only queued the job: this checks that the timer is really waiting.
    async fn must_wait(&self, unit: &str) -> Result<(), BusError> {
        let facts = self.wait_for_state(unit, true, START_LIMIT).await?;
        if facts.active_state == "active" {
            return Ok(());
        }
        Err(BusError::Job {
            verb: Verb::Start,
            unit: unit.to_owned(),
            result: "failed".to_owned(),
            state: facts.active_state,
        })
    }
}
