//! How often a boot looks at the machine's files: a plan looks at each thing once, and where there is no directory it looks
//! for nothing. And what one device more costs: few system calls, because the way to a directory is gone along once for
//! all files in it.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::process::Command;

use support::chroot::Machine;
use support::mounts::with_own_mounts;
use support::program::text;
use support::skip::skip;
use support::tree::{build, place};

/// What needs no network to be up, so that the system stage waits for nothing.
const DOCUMENT: &str = "#cloud-config\nhostname: one\nmanage_etc_hosts: localhost\n\
     sshd: {permit_root_login: yes, options: {MaxAuthTries: 3}}\ndocker: {enabled: true, daemon: {mtu: 1400}}\n\
     root: {hashed_password: \"$6$saltsaltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/\"}\n";

/// The directories of the unit path that a Photon OS that has just been made doesn't have.
const NOT_THERE: [&str; 4] = [
    "/run/systemd/transient/",
    "/run/systemd/generator/",
    "/etc/systemd/system.control/",
    "/usr/local/lib/systemd/system/",
];

/// How often a stage of a boot opened each path of the machine; `None`, aloud, where there is no strace. Only firstlight
/// itself asks with openat2(2).
fn looks(stage: &str, machine: &Machine) -> Option<BTreeMap<String, usize>> {
    let (ran, trace) = machine.traced(&["-s", "4096", "-e", "openat2"], stage)?;
    assert!(matches!(ran.status.code(), Some(0 | 10)), "{ran:?}");
    let mut looks = BTreeMap::new();
    for line in trace.lines() {
        if let Some(path) = line.split_once("openat2(").and_then(|(_, call)| call.split('"').nth(1)) {
            *looks.entry(path.to_owned()).or_default() += 1;
        }
    }
    Some(looks)
}

#[test]
fn a_first_boot_looks_at_few_things_and_for_units_only_where_they_can_be() {
    with_own_mounts(
        "a_first_boot_looks_at_few_things_and_for_units_only_where_they_can_be",
        || {
            let machine = Machine::with_sshd(DOCUMENT);
            for (stage, most) in [("local", 350), ("system", 240)] {
                let Some(looks) = looks(stage, &machine) else { return };
                let vain: Vec<&String> = looks
                    .keys()
                    .filter(|path| NOT_THERE.iter().any(|place| path.starts_with(place)))
                    .collect();
                assert!(vain.is_empty(), "{stage}: {vain:?}");
                let all: usize = looks.values().sum();
                assert!(all > 20 && all <= most, "{stage}: {all} looks, {looks:#?}");
            }
        },
    );
}

/// How many system calls a command makes for so many VLANs, those for memory not counted; `None`, aloud, where there is no
/// strace.
fn calls(command: &str, vlans: usize) -> Option<usize> {
    let tree = place();
    build("photon5", None, tree.path());
    let mut document = "network:\n  ethernets: {eth0: {dhcp4: true}}\n  vlans:\n".to_owned();
    for number in 1..=vlans {
        writeln!(
            document,
            "    v{number}: {{id: {number}, link: eth0, addresses: [10.0.{number}.1/24]}}"
        )
        .unwrap();
    }
    let input = tempfile::NamedTempFile::new().unwrap();
    fs::write(input.path(), document).unwrap();
    let trace = tempfile::NamedTempFile::new().unwrap();
    let ran = Command::new("strace")
        .args(["-f", "-qq", "-o", text(trace.path())])
        .args([env!("CARGO_BIN_EXE_firstlight"), command, "--root", text(tree.path())])
        .arg(input.path())
        .output();
    let Ok(ran) = ran else {
        skip("strace is missing");
        return None;
    };
    assert!(matches!(ran.status.code(), Some(0 | 4)), "{ran:?}");
    let trace = fs::read_to_string(trace.path()).unwrap();
    let names = trace
        .lines()
        .filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('('));
    let is_counted = |name: &&str| !["brk", "mmap", "munmap", "mremap", "madvise"].contains(name);
    Some(names.map(|(name, _)| name).filter(is_counted).count())
}

#[test]
fn a_vlan_more_is_few_system_calls_more() {
    // Two files each.
    for (command, most) in [("plan", 4), ("apply", 90)] {
        let (Some(few), Some(many)) = (calls(command, 10), calls(command, 110)) else {
            return;
        };
        let each = (many - few).div_ceil(100);
        assert!(each <= most, "{command}: {each} calls for each VLAN ({few}, {many})");
    }
}
