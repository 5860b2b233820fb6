//! What a large network costs: VLANs with addresses and routes, as a whole process, beside netplan's generator on the same
//! document where Debian's can be had: `make bench`.

#![allow(clippy::print_stdout, reason = "this is what it is for")]

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The runs of which the fastest counts: the others waited for something else.
const RUNS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let desk = tempfile::tempdir()?;
    let installed = Command::new("tests/network/install").stderr(Stdio::null()).output()?;
    let netplan = installed
        .status
        .success()
        .then(|| String::from_utf8(installed.stdout))
        .transpose()?;
    println!(
        "{:>6} {:>6} {:>13} {:>9} {:>9} {:>10} {:>11} {:>15} {:>16}",
        "VLANs",
        "KiB",
        "validate, ms",
        "plan, ms",
        "apply, ms",
        "µs a VLAN",
        "netplan, ms",
        "plan / netplan",
        "apply / netplan"
    );
    for vlans in [10, 100, 1000, 4000] {
        let document = desk.path().join("network.yaml");
        let text = document_of(vlans);
        fs::write(&document, &text)?;
        fs::set_permissions(&document, fs::Permissions::from_mode(0o600))?;
        let (mut validate, mut plan, mut apply, mut theirs) = (Duration::MAX, Duration::MAX, Duration::MAX, None);
        // One after the other in each round: all of them have the same noise.
        for _ in 0..RUNS {
            let tree = tempfile::tempdir_in(desk.path())?;
            validate = validate.min(once(firstlight().arg("validate").arg(&document))?);
            plan = plan.min(once(
                firstlight().arg("plan").arg("--root").arg(tree.path()).arg(&document),
            )?);
            apply = apply.min(once(
                firstlight().arg("apply").arg("--root").arg(tree.path()).arg(&document),
            )?);
            if let Some(folder) = &netplan {
                let took = once(&mut generate(
                    Path::new(folder.trim()),
                    &tempfile::tempdir_in(desk.path())?.keep(),
                    &document,
                )?)?;
                theirs = Some(theirs.map_or(took, |best: Duration| best.min(took)));
            }
        }
        let beside = |ours: Duration| {
            theirs.map_or_else(String::new, |theirs| {
                format!("{:.2}", ours.as_secs_f64() / theirs.as_secs_f64())
            })
        };
        println!(
            "{vlans:>6} {:>6} {:>13.1} {:>9.1} {:>9.1} {:>10.1} {:>11} {:>15} {:>16}",
            text.len() / 1024,
            milliseconds(validate),
            milliseconds(plan),
            milliseconds(apply),
            milliseconds(plan) * 1000.0 / f64::from(vlans),
            theirs.map_or_else(String::new, |theirs| format!("{:.1}", milliseconds(theirs))),
            beside(plan),
            beside(apply)
        );
    }
    Ok(())
}

/// A link with so many VLANs, each with an address and a route.
fn document_of(vlans: u32) -> String {
    let mut text = "network:\n  version: 2\n  ethernets:\n    eth0: {dhcp4: true}\n  vlans:\n".to_owned();
    for number in 1..=vlans {
        let (high, low) = (number / 256, number % 256);
        let _ = write!(
            text,
            "    eth0.{number}:\n      id: {number}\n      link: eth0\n      addresses: [10.{high}.{low}.1/24]\n      \
             routes:\n        - {{to: 172.{}.{low}.0/24, via: 10.{high}.{low}.254}}\n",
            16 + high
        );
    }
    text
}

/// The program that is released where `FIRSTLIGHT_BIN` names it, else the one that was built for this.
fn firstlight() -> Command {
    let released = std::env::var_os("FIRSTLIGHT_BIN");
    Command::new(released.unwrap_or_else(|| env!("CARGO_BIN_EXE_firstlight").into()))
}

/// netplan's generator on the document, in a tree of its own.
fn generate(folder: &Path, tree: &Path, document: &Path) -> std::io::Result<Command> {
    let asked: PathBuf = tree.join("etc/netplan");
    fs::create_dir_all(&asked)?;
    fs::copy(document, asked.join("network.yaml"))?;
    let mut command = Command::new(folder.join("loader"));
    command
        .arg("--library-path")
        .arg(folder.join("lib"))
        .arg(folder.join("generate"));
    command.arg("--root-dir").arg(tree);
    Ok(command)
}

/// How long it takes. One that fails is no measurement; that a tree which doesn't run can't be verified is no failure.
fn once(command: &mut Command) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    let took = begun.elapsed();
    if matches!(status.code(), Some(0 | 4)) {
        Ok(took)
    } else {
        Err(format!("{command:?} fails: {status}").into())
    }
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}
