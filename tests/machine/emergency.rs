//! `on_failure: emergency`: the boot of a machine that can't be made what its document demands.

use crate::check::Checks;
use crate::container::Container;
use crate::gate::script;
use crate::machine::Machine;
use crate::probe::{Observed, Visit};
use crate::rootfs::{Root, Suite};
use crate::seed::{PASSWORD, Seed};
use std::fs;
use std::time::{Duration, Instant};

const ADDRESS: &str = "192.0.2.10";
const LIMIT: Duration = Duration::from_secs(120);
const POLICY: &str = "firstlight: {on_failure: emergency}\n";

/// It fails before the network; it fails once the bus is up; and when the cause is gone it boots.
pub fn emergency(test: &str, suite: Suite) {
    let mut machine = Container::new(suite, test);
    instead_of_a_shell(&machine.root);
    machine.insert(&Seed {
        extra: POLICY,
        ..Seed::new("first-light", ADDRESS)
    });
    let config = machine.root.path.join("etc/ssh/sshd_config");
    let shipped = fs::read_to_string(&config).expect("the tree has it");
    fs::write(&config, format!("{shipped}NoSuchKeyword yes\n")).expect("the tree can be written");
    let seen = boot(&mut machine);
    let mut checks = Checks::stopped(test, "fails in the local stage", &seen);
    stopped(&mut checks, &seen, "NoSuchKeyword");
    for unit in [
        "ssh.service",
        "systemd-networkd.service",
        "systemd-user-sessions.service",
        "firstlight.service",
    ] {
        let started = seen.property("started", unit, "InactiveExitTimestampMonotonic");
        checks.equal(&format!("{unit} never started"), started, "0");
    }
    checks.finish();

    fs::write(&config, shipped).expect("the tree can be written");
    let doomed = "[Service]\nType=oneshot\nExecStart=/bin/false\n";
    machine.root.write("etc/systemd/system/doomed.service", doomed);
    machine.insert(&Seed {
        extra: "services: {doomed: {state: started}}\nfirstlight: {on_failure: emergency}\n",
        ..Seed::new("first-light", ADDRESS)
    });
    let seen = boot(&mut machine);
    let mut checks = Checks::stopped(test, "fails in the system stage", &seen);
    stopped(&mut checks, &seen, "doomed.service");
    checks.finish();

    let seed = Seed {
        extra: POLICY,
        ..Seed::new("first-light", ADDRESS)
    };
    machine.insert(&seed);
    let seen = machine.boot(&[], ADDRESS, PASSWORD);
    let mut checks = Checks::new(test, "the cause is gone", &seen);
    checks.configured(&seed);
    checks.status("0");
    checks.units_succeeded();
    checks.finish();
}

/// In emergency.target, and nothing else; with the cause in the status, and nothing left of what was changed.
fn stopped(checks: &mut Checks<'_>, seen: &Observed, cause: &str) {
    let active = seen.text("active");
    checks.holds(
        "emergency.target is reached",
        active.contains("emergency.service"),
        &active,
    );
    // Not networkd: stopped by the isolation, it may be started once more by its socket. Nobody logs in through it.
    for unit in ["ssh.service", "docker.service", "multi-user.target"] {
        checks.holds(&format!("{unit} doesn't run"), !active.contains(unit), &active);
    }
    checks.status("1");
    let problems = seen.json("status")["problems"].to_string();
    checks.holds(
        "the status has the cause",
        problems.contains(cause),
        &seen.text("status"),
    );
    checks.equal("/etc/hostname", seen.text("hostname"), "photon-machine");
}

/// A boot that nobody visits.
fn boot(machine: &mut Container) -> Observed {
    let (mut pen, logs) = machine.power_on(&[]);
    let start = Instant::now();
    let visit = Visit {
        off: pen.off(start + LIMIT),
        took: start.elapsed(),
        ..Visit::default()
    };
    drop(pen);
    machine.observed(visit, &logs)
}

/// Nobody is at the console: the shell that emergency.service starts there is replaced, the rest of it stays.
fn instead_of_a_shell(root: &Root) {
    let program = root.path.join("usr/lib/probe/emergency");
    fs::copy(script("guest/emergency"), program).expect("the program can be copied");
    root.write(
        "etc/systemd/system/emergency.service.d/rig.conf",
        "[Service]\nType=simple\nStandardInput=null\nStandardOutput=journal\nStandardError=journal\n\
         ExecStartPre=\nExecStart=\nExecStart=/usr/lib/probe/emergency\n",
    );
}
