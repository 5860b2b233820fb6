//! Promise: where there is no memory or no thread left, a run ends with a message, not with an abort; the next one finishes
//! what it had begun.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use support::program::{firstlight, text};
use support::skip::is_root;
use support::tree::{build, place};

/// Runs the program with at most so many KiB for its data (`RLIMIT_DATA`).
fn with_memory(kibibytes: usize, arguments: &[&str]) -> Output {
    Command::new("sh")
        .args(["-c", "ulimit -d \"$0\" && exec \"$@\"", &kibibytes.to_string()])
        .arg(env!("CARGO_BIN_EXE_firstlight"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn a_run_without_memory_ends_in_a_message_and_the_next_one_finishes() {
    let tree = place();
    build("photon5", None, tree.path());
    let document = tree.path().join("x.yaml");
    let large = "x".repeat(600_000);
    fs::write(
        &document,
        format!(
            "hostname: one\nwrite_files:\n- {{path: /srv/a, content: {large}}}\n- {{path: /srv/b, content: {large}y}}\n"
        ),
    )
    .unwrap();
    let arguments = ["apply", "--root", text(tree.path()), text(&document)];
    let (mut ended, mut done) = (0, false);
    let mut kibibytes = 2000;
    while !done {
        let said = with_memory(kibibytes, &arguments);
        let stderr = String::from_utf8_lossy(&said.stderr);
        let status = said.status.code();
        done = status == Some(0);
        if !done {
            ended += 1;
            assert_eq!(status, Some(1), "{kibibytes} KiB: {:?}: {stderr:.500}", said.status);
            assert!(stderr.contains("memory"), "{kibibytes} KiB: {stderr:.500}");
        }
        kibibytes += kibibytes / 6;
        assert!(kibibytes < 1 << 20, "it never has enough: {stderr:.500}");
    }
    assert!(ended >= 5, "only {ended} runs had too little");
    assert_eq!(fs::read_to_string(tree.path().join("etc/hostname")).unwrap(), "one\n");
    assert_eq!(
        fs::read_to_string(tree.path().join("srv/b")).unwrap().len(),
        large.len() + 1
    );
    let again = firstlight(&["plan", "--exit-code", "--root", text(tree.path()), text(&document)]);
    assert_eq!(again.status, 0, "{again:#?}");
}

/// Runs the program with at most so many threads; `case` makes an account of its own, whose processes are counted. Root is
/// never short of threads.
fn with_threads(threads: usize, case: usize, arguments: &[&str]) -> Output {
    let program = Path::new("/tmp").join(format!("firstlight-{}-{case}", std::process::id()));
    // By a process of its own: a program that this one has open for writing can't be run, and what other tests start
    // meanwhile inherits what is open here.
    let copied = Command::new("cp")
        .args([Path::new(env!("CARGO_BIN_EXE_firstlight")), &program])
        .status();
    assert!(copied.unwrap().success());
    let said = Command::new("setpriv")
        .args([&format!("--reuid={}", 64_900 + case), "--clear-groups"])
        .args(["bash", "-c", "ulimit -u \"$0\" && exec \"$@\"", &threads.to_string()])
        .arg(&program)
        .args(arguments)
        .output()
        .unwrap();
    fs::remove_file(&program).unwrap();
    said
}

#[test]
fn a_run_without_threads_ends_in_a_message() {
    if !is_root("it runs the program as other users") {
        return;
    }
    let tree = place();
    build("photon5", None, tree.path());
    let settings = tree.path().join("etc/firstlight");
    fs::create_dir_all(&settings).unwrap();
    fs::write(settings.join("config.yaml"), "http: {retry_for: 0s}\n").unwrap();
    let document = tree.path().join("x.yaml");
    fs::write(&document, "#include\nhttp://127.0.0.1:1/\n").unwrap();
    fs::set_permissions(tree.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let fetch = ["plan", "--root", text(tree.path()), text(&document)];
    let tests: [(usize, &[&str], &str); 3] = [
        (1, &["plan"], "can't be asked"),
        (1, &fetch, "can't fetch the document: can't start a thread"),
        // One fetches; there is none to look up the host's name.
        (2, &fetch, "can't be reached: can't start a thread"),
    ];
    for (case, (threads, arguments, words)) in tests.into_iter().enumerate() {
        let said = with_threads(threads, case, arguments);
        let stderr = String::from_utf8_lossy(&said.stderr);
        assert_eq!(said.status.code(), Some(1), "{threads} {arguments:?}: {said:?}");
        assert!(stderr.contains(words), "{threads} {arguments:?}: {stderr}");
    }
}
