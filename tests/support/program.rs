//! Runs the program and keeps what it says.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What the program said and how it ended.
#[derive(Debug, Clone)]
pub struct Said {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit status; -1 when a signal ended it.
    pub status: i32,
}

/// Runs `firstlight` with these arguments.
pub fn firstlight(arguments: &[&str]) -> Said {
    firstlight_reading(arguments, b"")
}

/// Runs `firstlight` with these arguments in this directory.
pub fn firstlight_in(directory: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firstlight"));
    run(command.args(arguments).current_dir(directory), b"")
}

/// Runs `firstlight` with these arguments, and lets it die at the N-th place of `system/failpoint.rs`.
pub fn firstlight_dying(arguments: &[&str], at: u64) -> Said {
    run(
        Command::new(env!("CARGO_BIN_EXE_firstlight"))
            .args(arguments)
            .env("FIRSTLIGHT_DIE_AT", at.to_string()),
        b"",
    )
}

/// Runs `firstlight` with these arguments, and lets one system call fail: `change:12:EIO` (`system/failpoint.rs`).
pub fn firstlight_failing(arguments: &[&str], at: &str) -> Said {
    run(
        Command::new(env!("CARGO_BIN_EXE_firstlight"))
            .args(arguments)
            .env("FIRSTLIGHT_FAIL_AT", at),
        b"",
    )
}

/// Runs `firstlight` with these arguments and this on standard input.
pub fn firstlight_reading(arguments: &[&str], input: &[u8]) -> Said {
    run(Command::new(env!("CARGO_BIN_EXE_firstlight")).args(arguments), input)
}

fn run(command: &mut Command, input: &[u8]) -> Said {
    let mut child = command
        .env_remove("JOURNAL_STREAM")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Said {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        status: output.status.code().unwrap_or(-1),
    }
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
