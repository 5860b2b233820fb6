//! The real process is killed with SIGKILL at random moments, again and again; every time the next run ends as asked.
//!
//! `SOAK=400 cargo test --test soak` for the long form; without it, a short one.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::program::{firstlight, text};
use support::tree::{build, difference, place, snapshot};

/// How often the process is killed where `SOAK` does not say.
const SHORT: u32 = 40;

/// Two documents that change every kind of file in turn, so that each run has something to do.
const DOCUMENTS: [&str; 2] = [
    "hostname: one\nmanage_etc_hosts: localhost\nnetwork: {version: 2, ethernets: {eth0: {addresses: [192.0.2.1/24]}}}\n\
     sshd: {permit_root_login: yes, options: {MaxAuthTries: 3}}\ndocker: {enabled: true, daemon: {mtu: 1400}}\n\
     root: {hashed_password: \"$6$saltsaltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/\"}\n",
    "hostname: two\nmanage_etc_hosts: localhost\nnetwork: {version: 2, ethernets: {eth0: {addresses: [192.0.2.2/24]}}}\n\
     sshd: {permit_root_login: no, options: {MaxAuthTries: 5}}\ndocker: {enabled: false, daemon: {mtu: 1500}}\n\
     root: {hashed_password: \"$6$othersalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/\"}\n",
];

#[test]
fn killed_at_any_moment_the_next_run_ends_as_asked() {
    let rounds = std::env::var("SOAK")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(SHORT);
    let tree = place();
    build("photon5", None, tree.path());
    let documents = DOCUMENTS.map(|text| {
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), text).unwrap();
        path
    });
    let apply = |number: usize| ["apply", "--root", text(tree.path()), text(documents[number].path())];
    // What each document makes of the tree, and how long that takes.
    let mut wanted = Vec::new();
    let mut took = Duration::ZERO;
    for number in [0, 1] {
        let begun = Instant::now();
        let done = firstlight(&apply(number));
        assert_eq!(done.status, 0, "{done:?}");
        took = took.max(begun.elapsed());
        wanted.push(snapshot(tree.path()));
    }

    let mut killed = 0;
    for round in 0..rounds {
        let number = usize::try_from(round % 2).unwrap();
        let (old, new) = (&wanted[1 - number], &wanted[number]);
        let mut child = Command::new(env!("CARGO_BIN_EXE_firstlight"))
            .args(apply(number))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(took.mul_f64(random_fraction()));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());

        let now = snapshot(tree.path());
        for path in ["/etc/shadow", "/etc/passwd", "/etc/ssh/sshd_config", "/etc/hostname"] {
            let is = now.get(path);
            assert!(
                is == old.get(path) || is == new.get(path),
                "round {round}: {path} is neither old nor new"
            );
        }
        let again = firstlight(&apply(number));
        let now = snapshot(tree.path());
        assert!(
            again.status == 0 && now == *new,
            "round {round}: {again:?}\n{}",
            difference(new, &now)
        );
    }
    assert!(
        killed > rounds / 4,
        "of {rounds} runs only {killed} were killed before they ended"
    );
    println!("{killed} of {rounds} runs were killed");
}

fn random_fraction() -> f64 {
    let mut bytes = [0_u8; 4];
    getrandom::fill(&mut bytes).unwrap();
    f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)
}
