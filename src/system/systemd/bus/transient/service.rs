//! A command in a unit of its own: outside firstlight's sandbox, with its own limits, journal and exit status.
//!
//! systemd manages it. It continues when firstlight ends, and its time limit applies even then.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use zbus::{OwnedObjectPath, Variant};

use super::super::error::name_and_message;
use super::super::job::JobEnds;
use super::super::proxy::UnitRow;
use super::super::{Bus, BusError, Verb};
use super::microseconds;
use crate::system::command::ENVIRONMENT;
use crate::system::systemd::UnitName;

/// How long a command over its limit may take to stop before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// How long, beyond all limits of the unit, to wait for systemd's report of its end.
const GRACE: Duration = Duration::from_secs(30);

/// How long a command line may be, in bytes. systemd keeps it in a file whose lines may have 1 MiB, each byte as four at
/// worst; and the bus closes the connection over which it is told too much.
const ARGV_LIMIT: usize = 256 * 1024;

/// How often to check that the job still exists, in addition to listening for its end.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How often, and at what interval, to check whether background processes of a command still exist.
const LINGER_LOOKS: usize = 5;
const LINGER_INTERVAL: Duration = Duration::from_millis(20);

/// How often to look whether a unit that is being stopped has stopped.
const STOP_INTERVAL: Duration = Duration::from_millis(50);

/// systemd's error for a name that is in use.
const UNIT_EXISTS: &str = "org.freedesktop.systemd1.UnitExists";

/// systemd's own exit status for a program that can't be executed, systemd.exec(5).
const EXIT_EXEC: i32 = 203;

/// What `ExecMainCode` says, waitid(2): it ended by itself.
const CLD_EXITED: i32 = 1;

/// A command that systemd runs now, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransientService {
    /// The unit's name.
    pub unit: UnitName,
    /// What it does, for `systemctl status`.
    pub description: String,
    /// The program's absolute path and its arguments. There is no shell: `$`, `%`, quotes and spaces are passed as
    /// they are.
    pub argv: Vec<String>,
    /// The time limit. Background processes that it leaves may run forever.
    pub limit: Duration,
    /// The unit whose start it waits for, where that is being started. What it leaves in the background then ends with it.
    pub after: Option<&'static str>,
}

/// How a failed command ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEnd {
    /// systemd could not execute it.
    #[error("can't be executed")]
    Execute,
    /// With an error.
    #[error("failed (exit status {0})")]
    Exit(i32),
    /// By a signal.
    #[error("was killed by {0}")]
    Signal(String),
    /// It took too long.
    #[error("did not end within {0:?} and was stopped with all processes that it had started")]
    TimedOut(Duration),
    /// It needed more memory than there is.
    #[error("was stopped because memory ran out")]
    OutOfMemory,
    /// It was never started; systemd's result.
    #[error("was not started (`{0}`)")]
    NotBegun(String),
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// systemd refused the unit.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// No unit can be given this command line.
    #[error("can't run {program}: {why}")]
    Arguments {
        /// The program.
        program: String,
        /// What of it.
        why: String,
    },
    /// The name is in use.
    #[error(
        "can't start {unit}: a unit of that name already exists; `systemctl status {unit}` shows what runs in it, and \
         `systemctl stop {unit}` stops it"
    )]
    Taken {
        /// The unit.
        unit: String,
    },
    /// It failed.
    #[error("{program} {end}; `journalctl -u {unit}` shows its output")]
    Ended {
        /// The program.
        program: String,
        /// Its unit.
        unit: String,
        /// How it ended.
        end: BadEnd,
    },
    /// How it ended is not known.
    #[error(
        "the result of {program} is unknown, and it may still be running: {why}; `systemctl status {unit}` shows its \
         state"
    )]
    Unknown {
        /// The program.
        program: String,
        /// Its unit.
        unit: String,
        /// Why not.
        why: Box<BusError>,
    },
}

impl TransientService {
    fn program(&self) -> &str {
        self.argv.first().map(String::as_str).unwrap_or_default()
    }

    /// A NUL byte ends a program's argument, and the connection to the bus.
    fn check(&self) -> Result<(), ServiceError> {
        let length: usize = self.argv.iter().map(|word| word.len() + 1).sum();
        let why = if self.argv.iter().any(|word| word.contains('\0')) {
            "an argument has a NUL byte".to_owned()
        } else if length > ARGV_LIMIT {
            format!("its arguments are longer than {ARGV_LIMIT} bytes")
        } else {
            return Ok(());
        };
        let program = self.program().to_owned();
        Err(ServiceError::Arguments { program, why })
    }

    fn unknown(&self, why: BusError) -> ServiceError {
        ServiceError::Unknown {
            program: self.program().to_owned(),
            unit: self.unit.to_string(),
            why: Box::new(why),
        }
    }

    /// What differs from the defaults of systemd.exec(5), which suit: `/` is the working directory, standard input is null,
    /// the number of tasks is limited.
    ///
    /// What the command leaves in the background has to live on: cloud-init's users write `nohup server &`. With
    /// `RemainAfterExit=no` systemd stops the unit when its main process has ended, and kills what is left of it. With
    /// `KillMode=process` it would not, but neither when the limit is over, nor at a shutdown; systemd.kill(5) advises
    /// against it. So the unit remains, with what is in it, and `systemctl stop` stops it.
    ///
    /// A command that fails would be stopped in the same way: for systemd every end is a good one (`SuccessExitStatus=`), and
    /// we judge by `ExecMainStatus`. The prefix `-` is not used, because it turns a missing program into a success.
    ///
    /// `Type=oneshot`: the start job ends with the main process, and `TimeoutStartSec=` is its limit, after which the whole
    /// control group is killed. `AddRef` keeps the unit until we have read how it ended, or are gone ourselves;
    /// then `CollectMode=` lets systemd forget it, failed or not.
    fn properties(&self) -> Vec<(&'static str, Variant<'_>)> {
        // systemd.service(5): a dollar sign that is meant is written twice.
        let argv: Vec<String> = self.argv.iter().map(|word| word.replace('$', "$$")).collect();
        let environment: Vec<String> = ENVIRONMENT
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        // None at all would be no limit.
        let limit = self.limit.max(Duration::from_millis(1));
        let every_end: (Vec<i32>, Vec<i32>) = ((1..=255).collect(), (1..=64).collect());
        let after: Vec<&str> = self.after.into_iter().collect();
        vec![
            ("Description", Variant::from(&self.description)),
            ("Type", Variant::from("oneshot")),
            ("RemainAfterExit", Variant::from(after.is_empty())),
            ("After", Variant::from(after)),
            ("ExecStart", Variant::from(vec![(self.program(), argv, false)])),
            ("SuccessExitStatus", Variant::from(every_end)),
            ("KillMode", Variant::from("control-group")),
            ("TimeoutStartUSec", Variant::from(microseconds(limit))),
            ("TimeoutStopUSec", Variant::from(microseconds(STOP_LIMIT))),
            ("CollectMode", Variant::from("inactive-or-failed")),
            ("AddRef", Variant::from(true)),
            ("Environment", Variant::from(environment)),
            ("StandardOutput", Variant::from("journal")),
            ("StandardError", Variant::from("journal")),
        ]
    }
}

impl Bus {
    /// Runs the command until it ends, and returns the number of background processes that it left. They continue in
    /// its unit. Its output is only in the unit's journal.
    ///
    /// # Errors
    /// It could not be started, failed, or took too long; or its result is unknown.
    pub async fn run_service(&self, service: &TransientService) -> Result<usize, ServiceError> {
        service.check()?;
        let unit = service.unit.as_str();
        self.clear_spent(service).await;
        let mut ends = self.job_ends(&format!("start {unit}")).await?;
        let job = ends.during(self.start_service(service)).await?;
        self.await_end(service, ends, &job).await?;
        // Where somebody stops it, its job is over before its main process has ended.
        self.at_rest(unit, 2 * STOP_LIMIT, STOP_INTERVAL).await;
        let ended = self.end_of(service).await;
        let left = self.left_in(unit).await;
        // Without background processes the unit is not needed.
        if left == Some(0) {
            let _ = self.run_job(Verb::Stop, unit, STOP_LIMIT).await;
        }
        let _ = self.manager.unref_unit(unit).await;
        ended.map(|()| left.unwrap_or_default())
    }

    /// Has systemd run the command, and doesn't wait for it.
    ///
    /// # Errors
    /// As [`Bus::run_service`], where it can't be started.
    pub async fn queue_service(&self, service: &TransientService) -> Result<(), ServiceError> {
        service.check()?;
        self.clear_spent(service).await;
        self.start_service(service).await.map(drop)
    }

    /// How many processes are left in the unit; `None` where systemd doesn't say. Those of a pipe end a moment after their
    /// shell: for them no unit is kept.
    async fn left_in(&self, unit: &str) -> Option<usize> {
        let mut left = None;
        for _ in 0..LINGER_LOOKS {
            left = self.manager.get_unit_processes(unit).await.ok().map(|some| some.len());
            if left.is_none_or(|left| left == 0) {
                break;
            }
            tokio::time::sleep(LINGER_INTERVAL).await;
        }
        left
    }

    async fn start_service(&self, service: &TransientService) -> Result<OwnedObjectPath, ServiceError> {
        let unit = service.unit.as_str();
        let properties = service.properties();
        let answer = self.manager.start_transient_unit(unit, "fail", &properties, &[]).await;
        answer.map_err(|error| match name_and_message(&error).0.as_str() {
            UNIT_EXISTS => ServiceError::Taken { unit: unit.to_owned() },
            // The connection broke off before the answer came: systemd may have started it.
            _ if matches!(&error, zbus::Error::InputOutput(_)) => {
                service.unknown(self.refused(&format!("start {unit}"), &error))
            }
            _ => self.refused(&format!("start {unit}"), &error).into(),
        })
    }

    /// Stops an earlier unit of this name if nothing runs in it: its background processes have ended. One that is still at
    /// work, because the firstlight that had it started was killed, is waited for.
    async fn clear_spent(&self, service: &TransientService) {
        let unit = service.unit.as_str();
        let Ok(row) = self.row(unit).await else { return };
        if row.2 != "loaded" || !self.is_transient(&row.6).await {
            return;
        }
        if is_at_work(&row) {
            tracing::info!("waiting for {unit}, which an earlier run of firstlight has started");
        }
        let is_at_rest = self.at_rest(unit, service.limit, LOOK_AGAIN).await;
        let processes = self.manager.get_unit_processes(unit).await;
        if is_at_rest && processes.is_ok_and(|processes| processes.is_empty()) {
            let _ = self.run_job(Verb::Stop, unit, STOP_LIMIT).await;
            self.reset_failed(unit).await;
        }
    }

    /// Waits until the main process has ended, which its own limit sees to.
    async fn await_end(
        &self,
        service: &TransientService,
        mut ends: JobEnds,
        job: &OwnedObjectPath,
    ) -> Result<(), ServiceError> {
        let unit = service.unit.as_str();
        let limit = service.limit.saturating_add(2 * STOP_LIMIT).saturating_add(GRACE);
        let waiting = async {
            loop {
                match tokio::time::timeout(LOOK_AGAIN, ends.of(job)).await {
                    Ok(end) => return end.map(drop),
                    // systemd sends no signal if it re-executes itself at that moment, for an update.
                    Err(_) if ends.during(self.row(unit)).await?.7 == 0 => return Ok(()),
                    Err(_) => {}
                }
            }
        };
        let waited = tokio::time::timeout(limit, waiting).await;
        // An unread stream must not block other replies.
        drop(ends);
        let why = match waited {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(why)) => why,
            Err(_) => self.still_pending(Verb::Start, unit, limit).await,
        };
        Err(service.unknown(why))
    }

    /// Waits until the unit neither starts nor stops, at most for `limit`; whether it does neither now.
    async fn at_rest(&self, unit: &str, limit: Duration, interval: Duration) -> bool {
        let end = Instant::now() + limit;
        while self.row(unit).await.is_ok_and(|row| is_at_work(&row)) {
            if Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(interval).await;
        }
        true
    }

    /// How it ended.
    async fn end_of(&self, service: &TransientService) -> Result<(), ServiceError> {
        let unit = service.unit.as_str();
        let object = self.row(unit).await.map_err(|why| service.unknown(why))?.6;
        let number = async |name| i32::try_from(self.property(&object, "Service", name).await?).ok();
        let result = self.result(unit, &object).await;
        let (Some(result), Some(code), Some(status)) =
            (result, number("ExecMainCode").await, number("ExecMainStatus").await)
        else {
            return Err(service.unknown(BusError::Refused {
                what: format!("look up how {unit} ended"),
                who: "systemd",
                name: String::new(),
                message: "nothing of it".to_owned(),
            }));
        };
        let end = match (result.as_str(), code, status) {
            ("timeout", ..) => BadEnd::TimedOut(service.limit),
            ("oom-kill", ..) => BadEnd::OutOfMemory,
            (_, 0, _) => BadEnd::NotBegun(result),
            (_, CLD_EXITED, 0) => return Ok(()),
            (_, CLD_EXITED, EXIT_EXEC) => BadEnd::Execute,
            (_, CLD_EXITED, status) => BadEnd::Exit(status),
            (_, _, signal) => BadEnd::Signal(name_of(signal)),
        };
        Err(ServiceError::Ended {
            program: service.program().to_owned(),
            unit: unit.to_owned(),
            end,
        })
    }
}

fn is_at_work(row: &UnitRow) -> bool {
    matches!(row.3.as_str(), "activating" | "deactivating")
}

fn name_of(signal: i32) -> String {
    Signal::try_from(signal).map_or_else(|_| format!("signal {signal}"), |signal| signal.as_str().to_owned())
}
