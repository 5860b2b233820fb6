//! Commands as units of their own: what systemd is told, what it says, and what is made of that.

use super::*;

/// As much as a unit is given.
const ARGV_LIMIT: usize = 262_144;
use crate::system::systemd::UnitName;

/// How a unit stands: LoadState, ActiveState, SubState.
type State = (&'static str, &'static str, &'static str);

const GONE: State = ("not-found", "inactive", "dead");
const EXITED: State = ("loaded", "active", "exited");
const STARTING: State = ("loaded", "activating", "start");
const STOPPING: State = ("loaded", "deactivating", "stop-sigterm");

/// How often somebody looks at the unit that is being stopped, before it has stopped.
const LOOKS: usize = 4;

/// `Result`, `ExecMainCode` and `ExecMainStatus`.
type End = (&'static str, i32, i32);

/// The commands by the names of their units; with how they end, how many processes they leave, and what
/// is said.
const ENDS: [(&str, End, u32, &str); 12] = [
    ("done", ("success", 1, 0), 0, ""),
    ("leaves", ("success", 1, 0), 2, ""),
    ("spent", ("success", 1, 0), 0, ""),
    ("lingers", ("success", 1, 0), 0, ""),
    ("unheard", ("success", 1, 0), 0, ""),
    ("begun", ("success", 1, 0), 0, ""),
    ("fails", ("success", 1, 3), 1, "/bin/it failed (exit status 3)"),
    ("missing", ("success", 1, 203), 0, "/bin/it can't be executed"),
    ("crashes", ("success", 3, 11), 0, "/bin/it was killed by SIGSEGV"),
    ("stopped", ("success", 2, 15), 0, "/bin/it was killed by SIGTERM"),
    (
        "hangs",
        ("timeout", 2, 15),
        0,
        "/bin/it did not end within 90s and was stopped with all processes that it had started",
    ),
    (
        "hungry",
        ("oom-kill", 2, 9),
        0,
        "/bin/it was stopped because memory ran out",
    ),
];

fn stem(unit: &str) -> Option<&str> {
    unit.strip_prefix("firstlight-")?.strip_suffix(".service")
}

/// Whether the unit is one of these.
pub(super) fn is_one(unit: &str) -> bool {
    stem(unit).is_some()
}

/// Whether systemd sends the signal when its job has ended.
pub(super) fn tells_its_end(unit: &str) -> bool {
    stem(unit).is_some_and(|stem| !matches!(stem, "unheard" | "lost"))
}

/// How many processes run in it, asked so many times.
pub(super) fn left_by(unit: &str, times: usize) -> u32 {
    if stem(unit) == Some("lingers") {
        return u32::from(times < 3);
    }
    let ends = ENDS.iter().find(|end| stem(unit) == Some(end.0));
    ends.map_or(u32::from(stem(unit) == Some("busy")), |end| end.2)
}

/// How it stands after these calls.
pub(super) fn stands(unit: &str, calls: &[String]) -> State {
    let is_started = calls.contains(&format!("transient {unit} fail"));
    match stem(unit) {
        // From before.
        Some("spent" | "busy" | "taken") => EXITED,
        Some("stopped") if looks(unit, calls) < LOOKS => STOPPING,
        Some("begun") if looks(unit, calls) < 2 => STARTING,
        Some("begun") => EXITED,
        _ if is_started => EXITED,
        _ => GONE,
    }
}

fn looks(unit: &str, calls: &[String]) -> usize {
    let look = format!("look {unit}");
    calls.iter().filter(|call| **call == look).count()
}

/// What the bus has of them.
pub(super) fn objects() -> Vec<(String, Service, Unit)> {
    let others = [("busy", ("success", 0, 0)), ("unbegun", ("resources", 0, 0))];
    let of_file = ("taken", ("success", 0, 0));
    let ends = ENDS.iter().map(|end| (end.0, end.1)).chain(others).chain([of_file]);
    ends.map(|(stem, (result, code, status))| {
        let service = Service {
            result,
            remains: true,
            code,
            status,
        };
        let unit = Unit {
            condition: true,
            transient: stem != of_file.0,
        };
        (
            format!("/org/freedesktop/systemd1/unit/firstlight_{stem}_service"),
            service,
            unit,
        )
    })
    .collect()
}

fn command(stem: &str) -> TransientService {
    let argv = ["/bin/it", "--price", "$5 ${HOME}", "100%", "two words", "a\nb", ""];
    TransientService {
        unit: UnitName::parse(&format!("firstlight-{stem}.service")).unwrap(),
        description: "Do it".to_owned(),
        argv: argv.map(str::to_owned).into(),
        limit: Duration::from_secs(90),
        after: None,
    }
}

#[tokio::test]
async fn a_command_has_a_unit_of_its_own() {
    let Some(stage) = stage().await else { return };
    assert_eq!(stage.bus.run_service(&command("done")).await.unwrap(), 0);
    let calls = stage.calls();
    assert_eq!(calls[0], "transient firstlight-done.service fail");
    // The types are what systemd insists on: org.freedesktop.systemd1(5).
    for (property, signature, value) in [
        ("Description", "s", "Do it"),
        ("Type", "s", "oneshot"),
        ("RemainAfterExit", "b", "true"),
        ("KillMode", "s", "control-group"),
        ("SuccessExitStatus", "(aiai)", "255"),
        ("TimeoutStartUSec", "t", "90000000"),
        ("TimeoutStopUSec", "t", "10000000"),
        ("CollectMode", "s", "inactive-or-failed"),
        ("AddRef", "b", "true"),
        ("Environment", "as", "PATH=/usr/local/sbin:"),
        ("StandardOutput", "s", "journal"),
        ("StandardError", "s", "journal"),
        ("ExecStart", "a(sasb)", "/bin/it"),
    ] {
        let start = format!("firstlight-done.service: {property}={signature} ");
        let said = calls.iter().find(|call| call.starts_with(&start));
        assert!(
            said.is_some_and(|said| said.contains(value)),
            "{start}{value} in {calls:#?}"
        );
    }
    // What systemd would take for a variable of its own is none; the rest is as it is.
    let program = calls.iter().find(|call| call.contains("ExecStart")).unwrap();
    for word in ["$$5 $${HOME}", "100%", "two words", "a\\nb"] {
        assert!(program.contains(word), "{word} in {program}");
    }
    // How it ended is read before systemd may forget it.
    assert_eq!(
        calls[calls.len() - 3..],
        [
            "processes firstlight-done.service",
            "stop firstlight-done.service replace",
            "unref firstlight-done.service"
        ]
    );
}

#[tokio::test]
async fn how_a_command_ended_is_said() {
    let Some(stage) = stage().await else { return };
    for (stem, _, left, said) in ENDS {
        let ended = stage.bus.run_service(&command(stem)).await;
        let calls = stage.calls();
        let unit = format!("firstlight-{stem}.service");
        match ended {
            Ok(count) => assert_eq!((count, said), (left as usize, ""), "{stem}"),
            Err(error) => assert_eq!(
                error.to_string(),
                format!("{said}; `journalctl -u {unit}` shows its output")
            ),
        }
        assert_eq!(calls.last(), Some(&format!("unref {unit}")));
        // What it left goes on, also when it failed itself.
        let stop = format!("stop {unit} replace");
        let started = calls
            .iter()
            .position(|call| call.starts_with(&format!("transient {unit}")));
        let is_stopped = calls[started.unwrap()..].contains(&stop);
        assert_eq!(is_stopped, left == 0, "{stem}: {calls:#?}");
    }
    assert!(
        looks("firstlight-stopped.service", &stage.calls()) >= LOOKS,
        "it was not waited for"
    );
    let unbegun = stage
        .bus
        .run_service(&command("unbegun"))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        unbegun.starts_with("/bin/it was not started (`resources`)"),
        "{unbegun}"
    );
}

#[tokio::test]
async fn a_name_in_use_is_taken_over_only_where_nothing_runs_any_more() {
    let Some(stage) = stage().await else { return };
    stage.bus.run_service(&command("spent")).await.unwrap();
    assert_eq!(
        stage.calls()[..4],
        [
            "processes firstlight-spent.service",
            "stop firstlight-spent.service replace",
            "reset firstlight-spent.service",
            "transient firstlight-spent.service fail"
        ]
    );
    // One in which something runs, and one that somebody's file made.
    for stem in ["busy", "taken"] {
        let error = stage.bus.run_service(&command(stem)).await.unwrap_err().to_string();
        let unit = format!("firstlight-{stem}.service");
        assert_eq!(
            error,
            format!(
                "can't start {unit}: a unit of that name already exists; `systemctl status {unit}` shows what runs in \
                 it, and `systemctl stop {unit}` stops it"
            )
        );
        assert!(!stage.calls().contains(&format!("stop {unit} replace")));
    }
    let error = stage.bus.run_service(&command("refused")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "can't start firstlight-refused.service: systemd says: Unit firstlight-refused.service is masked."
    );
}

#[tokio::test]
async fn one_that_an_earlier_run_has_begun_is_waited_for() {
    let Some(stage) = stage().await else { return };
    stage.bus.run_service(&command("begun")).await.unwrap();
    let (unit, calls) = ("firstlight-begun.service", stage.calls());
    let started = calls.iter().position(|call| *call == format!("transient {unit} fail"));
    assert!(looks(unit, &calls[..started.unwrap()]) >= 2, "{calls:#?}");
}

#[tokio::test]
async fn what_would_cut_the_connection_is_not_sent() {
    let Some(stage) = stage().await else { return };
    for (argument, why) in [
        ("a\0b".to_owned(), "an argument has a NUL byte"),
        ("x".repeat(ARGV_LIMIT), "its arguments are longer than 262144 bytes"),
    ] {
        let mut long = command("done");
        long.argv.push(argument);
        let error = stage.bus.run_service(&long).await.unwrap_err().to_string();
        assert_eq!(error, format!("can't run /bin/it: {why}"));
    }
    assert_eq!(stage.calls(), Vec::<String>::new());
    let mut long = command("done");
    long.argv.push("x".repeat(ARGV_LIMIT - 100));
    stage.bus.run_service(&long).await.unwrap();
}

#[tokio::test]
async fn a_bus_that_goes_away_leaves_the_command_to_systemd() {
    let Some(mut stage) = stage().await else { return };
    let bus = stage.bus.clone();
    let running = tokio::spawn(async move { bus.run_service(&command("lost")).await });
    while !stage.calls().iter().any(|call| call.contains("ExecStart")) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stage.daemon.child.kill().unwrap();
    let error = running.await.unwrap().unwrap_err().to_string();
    assert!(
        error.starts_with("the result of /bin/it is unknown, and it may still be running: "),
        "{error}"
    );
    assert!(
        error.ends_with("`systemctl status firstlight-lost.service` shows its state"),
        "{error}"
    );
}
