//! The bus against a systemd that the tests play, on a private dbus-daemon.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use zbus::object_server::SignalEmitter;
use zbus::{ObjectPath, OwnedObjectPath};

use super::*;
use crate::skip::skip;

mod service;
mod timer;

const LIMIT: Duration = Duration::from_secs(10);
/// For what is expected not to end.
const SHORT: Duration = Duration::from_millis(300);

/// A dbus-daemon of its own, ended with the test.
struct Daemon {
    child: Child,
    address: String,
}

impl Daemon {
    fn start() -> Option<Self> {
        let mut command = Command::new("dbus-daemon");
        command
            .args(["--session", "--nofork", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let Ok(mut child) = command.spawn() else {
            skip("dbus-daemon is missing, there is no bus to test with");
            return None;
        };
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        let address = address.trim().to_owned();
        Some(Self { child, address })
    }

    fn builder(&self) -> Builder<'_> {
        Builder::address(self.address.as_str())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the players were asked to do, in order.
type Calls = Arc<Mutex<Vec<String>>>;

#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.freedesktop.systemd1")]
enum SystemdError {
    #[zbus(error)]
    ZBus(zbus::Error),
    AlreadySubscribed(String),
    NoSuchUnit(String),
    UnitMasked(String),
    UnitExists(String),
}

/// A systemd whose units behave as their names say.
struct Systemd {
    calls: Calls,
    subscribed: bool,
    /// ActiveState of networkd.
    networkd: &'static str,
}

#[zbus::interface(name = "org.freedesktop.systemd1.Manager")]
impl Systemd {
    async fn subscribe(&mut self) -> Result<(), SystemdError> {
        if std::mem::replace(&mut self.subscribed, true) {
            return Err(SystemdError::AlreadySubscribed(
                "Client is already subscribed.".to_owned(),
            ));
        }
        Ok(())
    }

    async fn reload(&self) {
        self.note("reload");
    }

    async fn list_units_by_names(
        &self,
        names: Vec<String>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<Vec<UnitRow>> {
        if names == ["firstlight-unheard.service"] {
            let other = ObjectPath::try_from("/org/freedesktop/systemd1/job/8").unwrap();
            for _ in 0..500 {
                Self::job_removed(&emitter, 8, other.clone(), "x.service", "done")
                    .await
                    .unwrap();
            }
        }
        if matches!(names[..], [ref name] if ["firstlight-stopped.service", "firstlight-begun.service"].contains(&name.as_str()))
        {
            self.note(&format!("look {}", names[0]));
        }
        names.iter().map(|name| self.row(name)).collect()
    }

    async fn get_unit_file_state(&self, file: &str) -> zbus::fdo::Result<String> {
        match file {
            "good.service" => Ok("enabled-runtime".to_owned()),
            "odd.service" => Ok("a-word-of-tomorrow".to_owned()),
            _ => Err(zbus::fdo::Error::FileNotFound("No such file or directory".to_owned())),
        }
    }

    async fn enable_unit_files(
        &self,
        files: Vec<String>,
        runtime: bool,
        force: bool,
    ) -> Result<(bool, Vec<FileChange>), SystemdError> {
        self.note(&format!("enable {files:?} {runtime} {force}"));
        if files == ["masked.service"] {
            return Err(SystemdError::UnitMasked(
                "Unit file masked.service is masked.".to_owned(),
            ));
        }
        let link = "/etc/systemd/system/multi-user.target.wants/good.service".to_owned();
        let made = (
            "symlink".to_owned(),
            link,
            "/usr/lib/systemd/system/good.service".to_owned(),
        );
        let remark = (
            "destination-not-present".to_owned(),
            "x.target".to_owned(),
            String::new(),
        );
        Ok((true, vec![made, remark]))
    }

    async fn disable_unit_files(&self, files: Vec<String>, runtime: bool) -> Vec<FileChange> {
        self.note(&format!("disable {files:?} {runtime}"));
        vec![(
            "unlink".to_owned(),
            "/etc/systemd/system/good".to_owned(),
            String::new(),
        )]
    }

    async fn mask_unit_files(&self, files: Vec<String>, runtime: bool, force: bool) -> Vec<FileChange> {
        self.note(&format!("mask {files:?} {runtime} {force}"));
        Vec::new()
    }

    async fn unmask_unit_files(&self, files: Vec<String>, runtime: bool) -> Vec<FileChange> {
        self.note(&format!("unmask {files:?} {runtime}"));
        Vec::new()
    }

    async fn start_unit(
        &self,
        name: &str,
        mode: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<OwnedObjectPath, SystemdError> {
        self.note(&format!("start {name} {mode}"));
        let job = ObjectPath::try_from("/org/freedesktop/systemd1/job/7").unwrap();
        let other = ObjectPath::try_from("/org/freedesktop/systemd1/job/8").unwrap();
        let end = async |job: &ObjectPath<'_>, result: &str| {
            if self.subscribed {
                Self::job_removed(&emitter, 7, job.clone(), "x.service", result)
                    .await
                    .unwrap();
            }
        };
        end(&other, "failed").await;
        match name {
            // It ends before the call returns.
            "good.service" => end(&job, "done").await,
            "bad.service" => end(&job, "failed").await,
            "needy.service" => end(&job, "dependency").await,
            "busy.service" => {
                for _ in 0..500 {
                    end(&other, "done").await;
                }
                end(&job, "done").await;
            }
            "late.service" => {
                let (emitter, job) = (emitter.to_owned(), job.to_owned());
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    Self::job_removed(&emitter, 7, job, "late.service", "done")
                        .await
                        .unwrap();
                });
            }
            "stuck.service" => {}
            _ => return Err(SystemdError::NoSuchUnit(format!("Unit {name} not found."))),
        }
        Ok(job.into())
    }

    async fn restart_unit(
        &self,
        name: &str,
        mode: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> OwnedObjectPath {
        self.note(&format!("restart {name} {mode}"));
        let job = ObjectPath::try_from("/org/freedesktop/systemd1/job/9").unwrap();
        Self::job_removed(&emitter, 9, job.clone(), name, "done").await.unwrap();
        job.into()
    }

    async fn stop_unit(
        &self,
        name: &str,
        mode: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<OwnedObjectPath, SystemdError> {
        self.note(&format!("stop {name} {mode}"));
        match name {
            _ if name == "waiting.timer" || service::is_one(name) => {
                let job = ObjectPath::try_from("/org/freedesktop/systemd1/job/5").unwrap();
                Self::job_removed(&emitter, 5, job.clone(), name, "done").await.unwrap();
                Ok(job.into())
            }
            _ => Err(SystemdError::NoSuchUnit(format!("Unit {name} not loaded."))),
        }
    }

    async fn reset_failed_unit(&self, name: &str) -> Result<(), SystemdError> {
        self.note(&format!("reset {name}"));
        Err(SystemdError::NoSuchUnit(format!("Unit {name} not loaded.")))
    }

    async fn start_transient_unit(
        &self,
        name: &str,
        mode: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
        properties: Vec<(String, zbus::OwnedVariant)>,
        aux: Vec<(String, Vec<(String, zbus::OwnedVariant)>)>,
    ) -> Result<OwnedObjectPath, SystemdError> {
        self.note(&format!("transient {name} {mode}"));
        for (unit, properties) in std::iter::once((name.to_owned(), properties)).chain(aux) {
            for (property, value) in properties {
                self.note(&format!("{unit}: {property}={}", timer::in_words(&value)));
            }
        }
        let job = ObjectPath::try_from("/org/freedesktop/systemd1/job/6").unwrap();
        if service::tells_its_end(name) {
            // It ends before the call returns.
            Self::job_removed(&emitter, 6, job.clone(), name, "done").await.unwrap();
        }
        match name {
            "taken.timer" | "firstlight-taken.service" | "firstlight-busy.service" => {
                Err(SystemdError::UnitExists(format!("Unit {name} was already loaded.")))
            }
            "firstlight-refused.service" => Err(SystemdError::UnitMasked(format!("Unit {name} is masked."))),
            _ => Ok(job.into()),
        }
    }

    async fn get_unit_processes(&self, name: &str) -> Vec<(String, u32, String)> {
        self.note(&format!("processes {name}"));
        let process = |pid| (format!("/system.slice/{name}"), pid, "server".to_owned());
        let asked = format!("processes {name}");
        let times = self.calls.lock().unwrap().iter().filter(|call| **call == asked).count();
        (0..service::left_by(name, times)).map(process).collect()
    }

    async fn unref_unit(&self, name: &str) {
        self.note(&format!("unref {name}"));
    }

    #[zbus(signal)]
    async fn job_removed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        job: ObjectPath<'_>,
        unit: &str,
        result: &str,
    ) -> zbus::Result<()>;
}

impl Systemd {
    fn note(&self, call: &str) {
        self.calls.lock().unwrap().push(call.to_owned());
    }

    fn row(&self, name: &str) -> zbus::fdo::Result<UnitRow> {
        let (load, active, sub) = match name {
            _ if service::is_one(name) => service::stands(name, &self.calls.lock().unwrap()),
            "good.service" => ("loaded", "active", "running"),
            "waiting.timer" => ("loaded", "active", "waiting"),
            "bad.timer" => ("loaded", "failed", "failed"),
            "bad.service" => ("loaded", "failed", "failed"),
            "once.service" | "remains.service" | "skipped.service" | "late.service" => ("loaded", "inactive", "dead"),
            "stuck.service" => ("loaded", "inactive", "dead"),
            "systemd-networkd.service" => ("loaded", self.networkd, "x"),
            "tpl@.service" => {
                return Err(zbus::fdo::Error::InvalidArgs(
                    "Unit name tpl@.service is not valid.".to_owned(),
                ));
            }
            _ => ("not-found", "inactive", "dead"),
        };
        let path = |path: &str| OwnedObjectPath::try_from(path).unwrap();
        let object = path(&format!(
            "/org/freedesktop/systemd1/unit/{}",
            name.replace(['.', '-', '@'], "_")
        ));
        let words = (
            name.to_owned(),
            String::new(),
            load.to_owned(),
            active.to_owned(),
            sub.to_owned(),
        );
        Ok((
            words.0,
            words.1,
            words.2,
            words.3,
            words.4,
            String::new(),
            object,
            u32::from(name == "firstlight-lost.service"),
            if name == "late.service" { "start" } else { "" }.to_owned(),
            path("/"),
        ))
    }
}

/// A oneshot service.
#[derive(Default)]
struct Service {
    result: &'static str,
    remains: bool,
    /// How its main process ended.
    code: i32,
    status: i32,
}

#[zbus::interface(name = "org.freedesktop.systemd1.Service")]
impl Service {
    #[zbus(property)]
    async fn result(&self) -> &str {
        self.result
    }

    #[zbus(property, name = "Type")]
    async fn kind(&self) -> &str {
        "oneshot"
    }

    #[zbus(property)]
    async fn exec_main_code(&self) -> i32 {
        self.code
    }

    #[zbus(property)]
    async fn exec_main_status(&self) -> i32 {
        self.status
    }

    #[zbus(property)]
    async fn remain_after_exit(&self) -> bool {
        self.remains
    }
}

/// A unit whose condition was looked at in this boot.
#[derive(Default)]
struct Unit {
    condition: bool,
    transient: bool,
}

#[zbus::interface(name = "org.freedesktop.systemd1.Unit")]
impl Unit {
    #[zbus(property)]
    async fn condition_result(&self) -> bool {
        self.condition
    }

    #[zbus(property)]
    async fn transient(&self) -> bool {
        self.transient
    }

    #[zbus(property)]
    async fn condition_timestamp_monotonic(&self) -> u64 {
        1
    }
}

struct Hostnamed(Calls);

#[zbus::interface(name = "org.freedesktop.hostname1")]
impl Hostnamed {
    async fn set_static_hostname(&self, hostname: &str, interactive: bool) -> zbus::fdo::Result<()> {
        self.0
            .lock()
            .unwrap()
            .push(format!("hostname {hostname} {interactive}"));
        match hostname {
            "slow" => std::future::pending().await,
            "bad name" => Err(zbus::fdo::Error::InvalidArgs(
                "Invalid static hostname 'bad name'".to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

struct Networkd(Calls);

#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.freedesktop.network1")]
enum NetworkdError {
    #[zbus(error)]
    ZBus(zbus::Error),
    NoSuchLink(String),
}

#[zbus::interface(name = "org.freedesktop.network1.Manager")]
impl Networkd {
    async fn reload(&self) {
        self.0.lock().unwrap().push("network reload".to_owned());
    }

    async fn get_link_by_name(&self, name: &str) -> Result<(i32, OwnedObjectPath), NetworkdError> {
        match name {
            "eth0" => Ok((
                2,
                OwnedObjectPath::try_from("/org/freedesktop/network1/link/_32").unwrap(),
            )),
            _ => Err(NetworkdError::NoSuchLink(format!("Link {name} not known"))),
        }
    }

    async fn reconfigure_link(&self, index: i32) {
        self.0.lock().unwrap().push(format!("reconfigure {index}"));
    }
}

/// networkd of systemd 239 has no Reload.
struct OldNetworkd;

#[zbus::interface(name = "org.freedesktop.network1.Manager")]
impl OldNetworkd {
    async fn list_links(&self) -> Vec<(i32, String)> {
        Vec::new()
    }
}

/// The stage: the daemon, the players, and the bus under test.
struct Stage {
    bus: Bus,
    calls: Calls,
    _players: zbus::Connection,
    daemon: Daemon,
}

impl Stage {
    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

async fn stage_with(networkd: &'static str, old: bool) -> Option<Stage> {
    let daemon = Daemon::start()?;
    let calls = Calls::default();
    let systemd = Systemd {
        calls: calls.clone(),
        subscribed: false,
        networkd,
    };
    let mut players = daemon
        .builder()
        .serve_at("/org/freedesktop/systemd1", systemd)
        .serve_at("/org/freedesktop/hostname1", Hostnamed(calls.clone()))
        .name("org.freedesktop.hostname1")
        .name("org.freedesktop.systemd1");
    for (unit, result, remains, condition) in [
        ("bad", "exit-code", true, true),
        ("once", "success", false, true),
        ("remains", "success", true, true),
        ("skipped", "success", false, false),
    ] {
        let object = format!("/org/freedesktop/systemd1/unit/{unit}_service");
        players = players
            .serve_at(
                object.clone(),
                Service {
                    result,
                    remains,
                    ..Service::default()
                },
            )
            .serve_at(
                object,
                Unit {
                    condition,
                    ..Unit::default()
                },
            );
    }
    for (object, service, unit) in service::objects() {
        players = players.serve_at(object.clone(), service).serve_at(object, unit);
    }
    if networkd == "active" {
        players = match old {
            true => players.serve_at("/org/freedesktop/network1", OldNetworkd),
            false => players.serve_at("/org/freedesktop/network1", Networkd(calls.clone())),
        };
        players = players.name("org.freedesktop.network1");
    }
    let players = players.build().await.unwrap();
    let builder = daemon.builder().method_timeout(Duration::from_secs(2));
    let bus = Bus::connect_with(builder, false, LIMIT).await.unwrap().unwrap();
    Some(Stage {
        bus,
        calls,
        _players: players,
        daemon,
    })
}

async fn stage() -> Option<Stage> {
    stage_with("inactive", false).await
}

#[tokio::test]
async fn no_bus_and_no_systemd_on_it_are_none() {
    let directory = tempfile::tempdir().unwrap();
    let address = format!("unix:path={}/none", directory.path().display());
    assert!(
        Bus::connect_with(Builder::address(address.as_str()), false, LIMIT)
            .await
            .unwrap()
            .is_none()
    );
    // A socket file that a bus left behind.
    let path = directory.path().join("left");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let address = format!("unix:path={}", path.display());
    assert!(
        Bus::connect_with(Builder::address(address.as_str()), false, LIMIT)
            .await
            .unwrap()
            .is_none()
    );
    let Some(daemon) = Daemon::start() else { return };
    assert!(
        Bus::connect_with(daemon.builder(), false, LIMIT)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_unit_says_how_it_ended() {
    let Some(stage) = stage().await else { return };
    for (unit, active, result, ended_well, condition_failed) in [
        ("good.service", "active", None, false, false),
        ("bad.service", "failed", Some("exit-code"), false, false),
        ("once.service", "inactive", Some("success"), true, false),
        ("remains.service", "inactive", Some("success"), false, false),
        ("skipped.service", "inactive", Some("success"), false, true),
        ("stuck.service", "inactive", None, false, false),
        ("missing.target", "inactive", None, false, false),
    ] {
        let status = stage.bus.unit_status(unit).await.unwrap();
        let is = (
            status.active_state.as_str(),
            status.result.as_deref(),
            status.has_ended_well,
            status.condition_failed,
        );
        assert_eq!(is, (active, result, ended_well, condition_failed), "{unit}");
    }
}

#[tokio::test]
async fn on_a_booted_system_systemd_may_come_late() {
    let Some(daemon) = Daemon::start() else { return };
    let late = async {
        tokio::time::sleep(SHORT).await;
        let systemd = Systemd {
            calls: Calls::default(),
            subscribed: false,
            networkd: "inactive",
        };
        let players = daemon.builder().serve_at("/org/freedesktop/systemd1", systemd);
        players.name("org.freedesktop.systemd1").build().await.unwrap()
    };
    let (_players, bus) = tokio::join!(late, Bus::connect_with(daemon.builder(), true, LIMIT));
    assert!(bus.unwrap().is_some());
    let Some(daemon) = Daemon::start() else { return };
    assert!(Bus::connect_with(daemon.builder(), true, SHORT).await.is_err());
}

#[tokio::test]
async fn a_bus_that_does_not_answer_is_an_error_in_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("silent");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let address = format!("unix:path={}", path.display());
    let started = Instant::now();
    let error = Bus::connect_with(Builder::address(address.as_str()), false, SHORT)
        .await
        .unwrap_err();
    assert!(started.elapsed() < LIMIT);
    assert_eq!(
        error.to_string(),
        "can't connect to the system bus: it did not answer within 300ms"
    );
}

#[tokio::test]
async fn units_are_looked_up() {
    let Some(stage) = stage().await else { return };
    let facts = stage
        .bus
        .unit_facts(&["good.service", "late.service", "nowhere.service", "tpl@.service"])
        .await
        .unwrap();
    let facts: Vec<_> = facts
        .iter()
        .map(|(n, f)| (n.as_str(), f.load_state.as_str(), f.runs(), f.runs_or_will()))
        .collect();
    assert_eq!(
        facts,
        [
            ("good.service", "loaded", true, true),
            ("late.service", "loaded", false, true),
            ("nowhere.service", "not-found", false, false)
        ]
    );
    let state = async |unit| stage.bus.unit_file_state(unit).await.unwrap();
    assert_eq!(state("good.service").await, Some(UnitFileState::EnabledRuntime));
    assert_eq!(state("odd.service").await, Some(UnitFileState::Bad));
    assert_eq!(state("nowhere.service").await, None);
}

#[tokio::test]
async fn enabling_returns_what_was_made() {
    let Some(stage) = stage().await else { return };
    let made = stage.bus.enable(&["good.service"]).await.unwrap();
    let link = InstallLink {
        path: "/etc/systemd/system/multi-user.target.wants/good.service".to_owned(),
        target: Some("/usr/lib/systemd/system/good.service".to_owned()),
    };
    assert_eq!(made, [link]);
    let removed = stage.bus.disable(&["good.service"]).await.unwrap();
    assert_eq!(
        removed,
        [InstallLink {
            path: "/etc/systemd/system/good".to_owned(),
            target: None
        }]
    );
    stage.bus.mask(&["a.service"]).await.unwrap();
    stage.bus.unmask(&["a.service"]).await.unwrap();
    stage.bus.reload_manager().await.unwrap();
    let calls = [
        "enable [\"good.service\"] false false",
        "disable [\"good.service\"] false",
        "mask [\"a.service\"] false false",
        "unmask [\"a.service\"] false",
        "reload",
    ];
    assert_eq!(stage.calls(), calls);
    let error = stage.bus.enable(&["masked.service"]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "can't enable masked.service: systemd says: Unit file masked.service is masked."
    );
}

#[tokio::test]
async fn a_job_is_awaited_whenever_it_ends() {
    let Some(stage) = stage().await else { return };
    for unit in ["good.service", "late.service", "busy.service"] {
        stage.bus.run_job(Verb::Start, unit, LIMIT).await.unwrap();
    }
    assert!(stage.calls().contains(&"start good.service replace".to_owned()));
}

#[tokio::test]
async fn a_job_that_fails_says_how() {
    let Some(stage) = stage().await else { return };
    let error = stage.bus.run_job(Verb::Start, "bad.service", LIMIT).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "bad.service did not start: its job ended with `failed`, the unit is failed (failed), result exit-code; \
         `journalctl -u bad.service` has the details"
    );
    let error = stage
        .bus
        .run_job(Verb::Start, "needy.service", LIMIT)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, BusError::Job { result, .. } if result == "dependency"),
        "{error}"
    );
}

#[tokio::test]
async fn a_job_that_never_ends_is_given_up() {
    let Some(stage) = stage().await else { return };
    let started = Instant::now();
    let error = stage
        .bus
        .run_job(Verb::Start, "stuck.service", SHORT)
        .await
        .unwrap_err();
    assert!(started.elapsed() < LIMIT);
    assert!(matches!(error, BusError::JobPending { .. }), "{error}");
    assert!(error.to_string().contains("the unit is inactive (dead)"), "{error}");
    // Queued only, it is no error.
    stage.bus.queue_job(Verb::Start, "stuck.service").await.unwrap();
}

#[tokio::test]
async fn a_unit_that_does_not_exist_is_said_so() {
    let Some(stage) = stage().await else { return };
    let expected = BusError::NoSuchUnit {
        verb: Verb::Start,
        unit: "nowhere.service".to_owned(),
        message: "Unit nowhere.service not found.".to_owned(),
    };
    assert_eq!(
        stage
            .bus
            .run_job(Verb::Start, "nowhere.service", LIMIT)
            .await
            .unwrap_err(),
        expected
    );
    assert_eq!(
        stage.bus.queue_job(Verb::Start, "nowhere.service").await.unwrap_err(),
        expected
    );
}

#[tokio::test]
async fn waiting_for_a_state_is_bounded() {
    let Some(stage) = stage().await else { return };
    let wait = async |unit, active| stage.bus.wait_for_state(unit, active, SHORT).await.unwrap();
    assert!(wait("good.service", true).await.runs());
    assert_eq!(wait("bad.service", true).await.active_state, "failed");
    let started = Instant::now();
    assert_eq!(wait("stuck.service", true).await.active_state, "inactive");
    assert!(started.elapsed() < LIMIT);
}

#[tokio::test]
async fn the_host_name_is_hostnameds() {
    let Some(stage) = stage().await else { return };
    stage.bus.set_static_hostname("web1").await.unwrap();
    assert_eq!(stage.calls(), ["hostname web1 false"]);
    let error = stage.bus.set_static_hostname("bad name").await.unwrap_err().to_string();
    assert_eq!(
        error,
        "can't set the host name bad name: systemd-hostnamed says: Invalid static hostname 'bad name'"
    );
    let error = stage.bus.set_static_hostname("slow").await.unwrap_err().to_string();
    assert_eq!(
        error,
        "can't set the host name slow: systemd-hostnamed did not answer within 2s"
    );
}

#[tokio::test]
async fn networkd_reloads_only_when_it_runs() {
    let Some(stage) = stage().await else { return };
    let reloaded = stage.bus.reload_network(&["eth0"], LIMIT).await.unwrap();
    assert_eq!(reloaded, NetworkReloaded::NotRunning);
    let Some(stage) = stage_with("active", false).await else {
        return;
    };
    let reloaded = stage.bus.reload_network(&["eth9", "eth0"], LIMIT).await.unwrap();
    let missing = vec!["eth9".to_owned()];
    assert_eq!(reloaded, NetworkReloaded::Reloaded { missing });
    assert_eq!(stage.calls(), ["network reload", "reconfigure 2"]);
}

#[tokio::test]
async fn an_old_networkd_is_restarted() {
    let Some(stage) = stage_with("active", true).await else {
        return;
    };
    let reloaded = stage.bus.reload_network(&["eth0"], LIMIT).await.unwrap();
    assert_eq!(reloaded, NetworkReloaded::Restarted);
    assert_eq!(stage.calls(), ["restart systemd-networkd.service replace"]);
}
