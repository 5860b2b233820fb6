//! Commands of a document, run from inside of our own sandbox by the engine of this build.
//!
//! No key of a document runs any yet. So this test program itself goes into the machine, as a unit with the hardening of
//! `firstlight.service`, and there has the engine carry them out ([`in_the_machine`]).

use crate::check::Checks;
use crate::container::Container;
use crate::machine::Machine;
use crate::rootfs::Suite;
use crate::scenario::{SHIPPED_PASSWORD, administrator_sets_address};
use firstlight::agent::{Request, carry_out};
use firstlight::document::{Config, Document, Texts};
use firstlight::engine::Policy;
use firstlight::module::{Change, CommandChange, DocumentCommand, Module, Once, Plan, PlanError, Program, Stage, When};
use firstlight::state::Store;
use firstlight::system::{Machine as Seen, System};
use std::fmt::Write;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

/// Where this program is, in the machine.
const PROGRAM: &str = "/usr/lib/probe/commands";

/// Where the engine's answers go, in the machine.
const ANSWERS: &str = "/run/commands";

/// What needs what our sandbox forbids: each with what it is called.
const FORBIDDEN: [(&str, &[&str]); 3] = [
    // mmap(2) of a page that can be written and executed.
    (
        "execmem",
        &["perl", "-e", "exit(syscall(9, 0, 4096, 7, 0x22, -1, 0) == -1)"],
    ),
    ("unshares-mounts", &["unshare", "--mount", "true"]),
    ("unshares-network", &["unshare", "--net", "true"]),
];

/// What is run besides; the names of their units, and what is said of them.
const COMMANDS: [(&str, &[&str], &str); 17] = [
    ("background", &["sh", "-c", "nohup sleep 7001 & echo started"], "done"),
    (
        "background-fails",
        &["sh", "-c", "setsid sleep 7002 & exit 3"],
        "/usr/bin/sh failed (exit status 3); `journalctl -u firstlight-background-fails.service` shows its output",
    ),
    (
        "background",
        &["true"],
        "can't start firstlight-background.service: a unit of that name already exists; `systemctl status \
         firstlight-background.service` shows what runs in it, and `systemctl stop firstlight-background.service` stops it",
    ),
    (
        "hangs",
        &[
            "sh",
            "-c",
            "trap '' TERM; setsid sleep 7003 & nohup sleep 7003 & sleep 7003",
        ],
        "/usr/bin/sh did not end within 3s and was stopped with all processes that it had started; `journalctl -u \
         firstlight-hangs.service` shows its output",
    ),
    (
        "prints",
        &["perl", "-e", "print 'x' x 999, \"\\n\" for 1..100000"],
        "done",
    ),
    (
        "killed",
        &["sh", "-c", "kill -9 $$"],
        "/usr/bin/sh was killed by SIGKILL; `journalctl -u firstlight-killed.service` shows its output",
    ),
    (
        "stops-itself",
        &["sh", "-c", "systemctl stop firstlight-stops-itself.service; sleep 7004"],
        "/usr/bin/sh was killed by SIGTERM; `journalctl -u firstlight-stops-itself.service` shows its output",
    ),
    (
        "renews-systemd",
        &[
            "sh",
            "-c",
            "systemctl daemon-reexec; systemctl daemon-reload; sleep 2; exit 4",
        ],
        "/usr/bin/sh failed (exit status 4); `journalctl -u firstlight-renews-systemd.service` shows its output",
    ),
    (
        "words",
        &[
            "sh",
            "-c",
            "printf '<%s>' \"$@\" >/run/words; x=1; echo ${x} $$ >/dev/null",
            "sh",
            "$HOME",
            "${PATH}",
            "$$",
            "100%",
            "%n",
            "two words",
            "a\nb",
            "\\x41",
            "'\"",
            "",
            "ä",
            ";",
        ],
        "done",
    ),
    (
        "surroundings",
        &[
            "sh",
            "-c",
            "{ env | grep -E '^(PATH|HOME|LC_ALL|FIRSTLIGHT.*)=' | sort; pwd; readlink /proc/self/fd/0; umask; \
             grep NoNewPrivs: /proc/self/status; } >/run/surroundings",
        ],
        "done",
    ),
    (
        "once",
        &["/usr/local/bin/removes-itself"],
        "/usr/local/bin/removes-itself failed (exit status 5); `journalctl -u firstlight-once.service` shows its output",
    ),
    (
        "interpreted",
        &["/usr/local/bin/for-nobody"],
        "/usr/local/bin/for-nobody can't be executed; `journalctl -u firstlight-interpreted.service` shows its output",
    ),
    (
        "text",
        &["/etc/passwd"],
        "can't run /etc/passwd: it is not an executable file",
    ),
    (
        "nowhere",
        &["nowhere"],
        "can't run nowhere: there is no such program in \
         /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ),
    // In everybody's sight.
    (
        "mounts",
        &["sh", "-c", "mount -t tmpfs none /mnt && grep ' /mnt ' /proc/1/mounts"],
        "done",
    ),
    ("again", &["true"], "done"),
    ("again", &["true"], "done"),
];

/// What the machine is asked once the engine is done.
const HANDS: &str = r#"
# Not awaited by systemctl, which is cut off when systemd executes itself anew.
systemctl start --no-block commands.service
for ((second = 0; second < 150; second++)); do
    systemctl is-active --quiet commands.service && break
    systemctl is-failed --quiet commands.service && break
    sleep 1
done
echo "the engine: $(systemctl show --property Result commands.service)"
cat /run/commands
echo "words: $(cat /run/words)"
cat /run/surroundings
# What runs on, and nothing else.
left() {
    systemctl list-units --all --plain --no-legend 'firstlight-*' | grep -Eo '^firstlight-[^ ]+' |
        grep -Ev -- '-(local|final|emergency)\.service'
    find /sys/fs/cgroup -type d -name 'firstlight-*' ! -name 'firstlight-local.service' | sed 's|.*/|control group of |' | sort
    ls /run/systemd/transient | grep firstlight
    for number in 1 2 3 4; do
        echo "sleep 700$number: $(grep -lz "^700[$number]\$" /proc/[0-9]*/cmdline 2>/dev/null | wc -l)"
    done
}
left
systemctl is-active firstlight-background.service firstlight-background-fails.service
journalctl --unit firstlight-background.service --output cat | grep started
systemctl stop firstlight-background.service firstlight-background-fails.service
left
"#;

/// What the answers are behind those of the engine.
const SEEN: &str = "words: <$HOME><${PATH}><$$><100%><%n><two words><a
b><\\x41><'\"><><ä><;>
HOME=/root
LC_ALL=C.UTF-8
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
/
/dev/null
0022
NoNewPrivs:\t0
firstlight-background-fails.service
firstlight-background.service
control group of firstlight-background-fails.service
control group of firstlight-background.service
firstlight-background-fails.service
firstlight-background.service
sleep 7001: 1
sleep 7002: 1
sleep 7003: 0
sleep 7004: 0
active
active
started
sleep 7001: 0
sleep 7002: 0
sleep 7003: 0
sleep 7004: 0";

/// What they do, what is said of it, and what is left of them, in one boot.
pub fn commands_of_a_document(test: &str, suite: Suite) {
    let mut machine = Container::new(suite, test);
    administrator_sets_address(&machine);
    machine.root.write("usr/lib/probe/by-hand", HANDS);
    let program = std::env::current_exe().expect("this program runs");
    fs::copy(program, machine.root.path.join(PROGRAM.trim_start_matches('/'))).expect("the program can be copied");
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/units/firstlight.service");
    let ours = fs::read_to_string(ours).expect("the unit is there");
    let (shipped, instead) = (
        "ExecStart=/usr/bin/firstlight boot --stage system\n",
        "ExecStart=/usr/lib/probe/commands --ignored --exact command::in_the_machine\n",
    );
    assert!(ours.contains(shipped), "{ours}");
    let unit = ours.replace(shipped, instead);
    machine.root.write("etc/systemd/system/commands.service", &unit);

    let seen = machine.boot(&[], crate::scenario::FIRST, SHIPPED_PASSWORD);
    let mut checks = Checks::new(test, "commands of a document", &seen);
    checks.equal("what was seen", seen.text("by-hand").trim_end(), expected().as_str());
    checks.finish();
}

fn expected() -> String {
    let mut text = "the engine: Result=success\n".to_owned();
    for (name, _, said) in COMMANDS {
        let _ = writeln!(text, "{name}: {said}");
    }
    let _ = writeln!(text, "many-words: done");
    let _ = writeln!(text, "nul: can't run /usr/bin/echo: an argument has a NUL byte");
    let _ = writeln!(
        text,
        "long: can't run /usr/bin/echo: its arguments are longer than 262144 bytes"
    );
    for (name, _) in FORBIDDEN {
        let _ = writeln!(text, "{name}: done; by ourselves: failed");
    }
    let _ = writeln!(text, "memory: bounded");
    text + SEEN
}

/// One change, as a module.
#[derive(Debug)]
struct Wanted(Change);

impl Module for Wanted {
    fn name(&self) -> &'static str {
        "wanted"
    }

    fn stage(&self) -> Stage {
        Stage::System
    }

    fn plan(&self, _want: &Config, _machine: &Seen<'_>) -> Result<Plan, PlanError> {
        Ok(Plan {
            changes: vec![self.0.clone()],
            ..Plan::default()
        })
    }
}

/// The part that runs inside.
#[test]
#[ignore = "a booted machine runs it"]
fn in_the_machine() {
    let program = std::env::current_exe().expect("this program runs");
    assert_eq!(
        program.to_str(),
        Some(PROGRAM),
        "only a machine of the rig is to be changed"
    );
    for (name, script) in [
        ("removes-itself", "#!/bin/sh\nrm \"$0\"\nexit 5\n"),
        ("for-nobody", "#!/no/such/interpreter\n"),
    ] {
        let path = format!("/usr/local/bin/{name}");
        fs::write(&path, script).expect("the machine can be written");
        fs::set_permissions(path, Permissions::from_mode(0o755)).expect("the machine can be written");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let answers = runtime.expect("there is a runtime").block_on(answers());
    fs::write(ANSWERS, answers).expect("the machine can be written");
}

async fn answers() -> String {
    let mut system = System::running().expect("the machine runs");
    system.connect().await.expect("there is a bus");
    let mut text = String::new();
    for (name, argv, _) in COMMANDS {
        let before = memory();
        let _ = writeln!(
            text,
            "{name}: {}",
            carried_out(&system, of_the_document(name, argv)).await
        );
        if name == "prints" && memory() > before + 16 * 1024 {
            let _ = writeln!(text, "memory: from {before} to {} KiB", memory());
        }
    }
    let mut many = ["sh", "-c", "systemctl daemon-reload && test $# = 10000", "sh"].to_vec();
    many.extend(["a word"; 10_000]);
    let said = carried_out(&system, of_the_document("many-words", &many)).await;
    let _ = writeln!(text, "many-words: {said}");
    for (name, argument) in [("nul", "a\0b".to_owned()), ("long", "x".repeat(300_000))] {
        let said = carried_out(&system, of_the_document(name, &["echo", &argument])).await;
        let _ = writeln!(text, "{name}: {said}");
    }
    for (name, argv) in FORBIDDEN {
        let said = carried_out(&system, of_the_document(name, argv)).await;
        let program = format!("/usr/bin/{}", argv[0]);
        let ours = Change::Command(CommandChange {
            argv: std::iter::once(program)
                .chain(argv[1..].iter().map(ToString::to_string))
                .collect(),
            purpose: "see that it is forbidden".to_owned(),
        });
        let ours = carried_out(&system, ours).await;
        let ours = if ours.contains("failed (exit status") {
            "failed"
        } else {
            &ours
        };
        let _ = writeln!(text, "{name}: {said}; by ourselves: {ours}");
    }
    let bounded = memory() < 64 * 1024;
    let _ = writeln!(text, "memory: {}", if bounded { "bounded" } else { "unbounded" });
    text
}

fn of_the_document(name: &str, argv: &[&str]) -> Change {
    Change::DocumentCommand(DocumentCommand {
        name: name.to_owned(),
        program: Program::Argv(argv.iter().map(ToString::to_string).collect()),
        once: Once::No,
        when: When::InTurn,
        limit: Duration::from_secs(if name == "hangs" { 3 } else { 60 }),
        purpose: format!("see how {name} goes"),
    })
}

/// Has the engine make the change, and says what came of it.
async fn carried_out(system: &System, change: Change) -> String {
    let store = Store::new(system.root.clone());
    let wanted: &'static Wanted = Box::leak(Box::new(Wanted(change)));
    let request = Request {
        document: &Document::read(&Texts::default()),
        instance_id: "rig-1",
        origin: ("file", "a place"),
        digest: "a digest",
        pointer: None,
        modules: &[wanted],
        scope: &[],
        stage: Stage::Final,
        default_policy: Policy::Keep,
        patience: Duration::ZERO,
        resume: None,
        always: false,
        confirm: None,
        run_again: false,
    };
    let report = carry_out(system, &store, &request)
        .await
        .expect("the state can be written");
    let module = &report.modules[0];
    assert_eq!(module.changed.len(), 1, "{module:?}");
    match module.problems.as_slice() {
        [] => report.outcome.to_string(),
        problems => problems.join("; "),
    }
}

/// The most memory that this process has had, in KiB.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("the kernel tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    number.and_then(|number| number.parse().ok()).expect("a number of KiB")
}
