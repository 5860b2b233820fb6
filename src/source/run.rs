//! Runs the programs that sources ask: an argument list and never a shell, a time limit, bounded output that is wiped.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use zeroize::Zeroizing;

/// The environment that every program is given; nothing of ours is handed on.
const ENVIRONMENT: [(&str, &str); 2] = [("PATH", "/usr/sbin:/usr/bin"), ("LC_ALL", "C")];

/// How much of what a program says on standard error is looked at, in bytes.
const STDERR_LIMIT: u64 = 4096;

/// What a program printed and how it ended. Either may hold a secret: neither is for showing.
pub struct Said {
    /// Standard output, all of it.
    pub stdout: Zeroizing<Vec<u8>>,
    /// The beginning of standard error.
    pub stderr: Zeroizing<Vec<u8>>,
    /// Whether it ended with the exit status 0.
    pub success: bool,
    /// The exit status; `None` when a signal ended it.
    pub status: Option<i32>,
}

impl std::fmt::Debug for Said {
    /// Shows how much it said, not what.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Said")
            .field("stdout", &self.stdout.len())
            .field("stderr", &self.stderr.len())
            .field("success", &self.success)
            .field("status", &self.status)
            .finish()
    }
}

/// Runs the program `argv[0]` with the arguments behind it, and these variables besides a search path and a locale. It
/// and all that it started are killed when it has not ended within `limit`, or prints more than `stdout_limit` bytes.
///
/// # Errors
/// It can't be started, takes too long or prints too much: which, without its name.
pub fn run(argv: &[String], environment: &[(&str, &str)], limit: Duration, stdout_limit: u64) -> Result<Said, String> {
    if limit.is_zero() {
        return Err(late(limit));
    }
    let deadline = Instant::now() + limit;
    let (program, arguments) = argv.split_first().ok_or("there is no program to start")?;
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(ENVIRONMENT)
        .envs(environment.iter().copied())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, so that nothing of it is left when it is killed.
        .process_group(0)
        .spawn()
        .map_err(|error| format!("can't be started: {error}"))?;
    let said = listen(&mut child, deadline, limit, stdout_limit);
    if said.is_err() {
        kill(&mut child);
    }
    said
}

fn late(limit: Duration) -> String {
    format!("no answer within {:.1} s", limit.as_secs_f32())
}

fn listen(child: &mut Child, deadline: Instant, limit: Duration, stdout_limit: u64) -> Result<Said, String> {
    let late = || late(limit);
    let stdout = reader(child.stdout.take(), stdout_limit.saturating_add(1))?;
    let stderr = reader(child.stderr.take(), STDERR_LIMIT)?;
    let left = || deadline.saturating_duration_since(Instant::now());
    let stdout = stdout.recv_timeout(left()).map_err(|_| late())?;
    if stdout.len() as u64 > stdout_limit {
        return Err(format!("it has more than the {stdout_limit} bytes that are read"));
    }
    let stderr = stderr.recv_timeout(left()).map_err(|_| late())?;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                return Ok(Said {
                    stdout,
                    stderr,
                    success: status.success(),
                    status: status.code(),
                });
            }
            Ok(None) if left().is_zero() => return Err(late()),
            // It has closed its output: it is about to end.
            Ok(None) => sleep(Duration::from_millis(1)),
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Reads at most `limit` bytes on a thread of its own, which ends with the program.
fn reader(stream: Option<impl Read + Send + 'static>, limit: u64) -> Result<Receiver<Zeroizing<Vec<u8>>>, String> {
    let (sender, receiver) = mpsc::channel();
    let read = move || {
        let mut bytes = Zeroizing::new(Vec::new());
        if let Some(stream) = stream {
            // What came before the error is judged by the exit status.
            let _ = stream.take(limit).read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    };
    let started = std::thread::Builder::new().spawn(read);
    started.map_err(|error| format!("can't be listened to: no thread can be started: {error}"))?;
    Ok(receiver)
}

fn kill(child: &mut Child) {
    if let Ok(pid) = i32::try_from(child.id()) {
        // It may have ended meanwhile.
        let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
    }
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Vec<String> {
        ["/bin/sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_program_has_the_environment_that_it_is_given_and_no_other() {
        let long = Duration::from_secs(20);
        let said = run(&shell("env; exit 3"), &[("NAME", "a b")], long, 1000).unwrap();
        let stdout = String::from_utf8(said.stdout.to_vec()).unwrap();
        assert!(!said.success);
        assert!(
            stdout.contains("NAME=a b\n") && stdout.contains("LC_ALL=C\n"),
            "{stdout}"
        );
        assert!(!stdout.contains("CARGO"), "{stdout}");
        assert_eq!(format!("{said:?}").matches("NAME").count(), 0);
    }

    #[test]
    fn what_is_too_much_is_an_error() {
        let long = Duration::from_secs(20);
        let said = run(&shell("printf 12345"), &[], long, 5).unwrap();
        assert_eq!(said.stdout.as_slice(), b"12345");
        let why = run(&shell("printf 123456"), &[], long, 5).unwrap_err();
        assert_eq!(why, "it has more than the 5 bytes that are read");
        assert!(run(&[], &[], long, 5).is_err());
    }
}
