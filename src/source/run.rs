//! Runs the programs that sources ask: an argument list and never a shell, a time limit, bounded output that is wiped.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use zeroize::Zeroizing;

/// The environment that every program is given; nothing of ours is handed on.
const ENVIRONMENT: [(&str, &str); 2] = [("PATH", "/usr/sbin:/usr/bin"), ("LC_ALL", "C")];

/// How much of what a program says on standard error is looked at, in bytes.
const STDERR_LIMIT: u64 = 4096;

/// How much is read at once, and how often before the program is looked at again: together more than a pipe holds.
const BUFFER: usize = 8 * 1024;
const BUFFERS: usize = 32;

/// How long is waited for output before the program is looked at again, in milliseconds.
const TICK: u8 = 50;

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
        // Why it is killed is what counts.
        let _ = kill(&mut child);
    }
    said
}

fn late(limit: Duration) -> String {
    format!("no answer within {:.1} s", limit.as_secs_f32())
}

/// Listens until the program itself ends. One that it left behind may hold its output open for ever.
fn listen(child: &mut Child, deadline: Instant, limit: Duration, stdout_limit: u64) -> Result<Said, String> {
    let mut stdout = Stream::of(child.stdout.take(), stdout_limit.saturating_add(1))?;
    let mut stderr = Stream::of(child.stderr.take(), STDERR_LIMIT)?;
    let mut buffer = Zeroizing::new(vec![0; BUFFER]);
    loop {
        // Asked before reading: what is read then is all that it said.
        let ended = has_ended(child)?;
        stdout.take_in(&mut buffer);
        stderr.take_in(&mut buffer);
        if stdout.bytes.len() as u64 > stdout_limit {
            return Err(format!("it has more than the {stdout_limit} bytes that are read"));
        }
        if ended {
            let status = kill(child).map_err(|error| error.to_string())?;
            return Ok(Said {
                stdout: stdout.bytes,
                stderr: stderr.bytes,
                success: status.success(),
                status: status.code(),
            });
        }
        if deadline <= Instant::now() {
            return Err(late(limit));
        }
        let open: Vec<_> = [&stdout, &stderr]
            .into_iter()
            .filter_map(|one| one.pipe.as_ref())
            .collect();
        let mut polled: Vec<_> = open
            .iter()
            .map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN))
            .collect();
        // An interrupted wait is a short one.
        let _ = poll(&mut polled, TICK);
    }
}

/// What a program prints, as far as it is read.
struct Stream {
    /// `None` when it was closed.
    pipe: Option<File>,
    bytes: Zeroizing<Vec<u8>>,
    limit: u64,
}

impl Stream {
    fn of<T: Into<OwnedFd>>(pipe: Option<T>, limit: u64) -> Result<Self, String> {
        let pipe = pipe.map(|pipe| File::from(pipe.into()));
        if let Some(pipe) = &pipe {
            fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(|errno| errno.desc().to_owned())?;
        }
        Ok(Self {
            pipe,
            bytes: Zeroizing::new(Vec::new()),
            limit,
        })
    }

    /// Takes in what is there, and no more than a full pipe at once. What is over the limit is dropped.
    fn take_in(&mut self, buffer: &mut [u8]) {
        for _ in 0..BUFFERS {
            let Some(pipe) = &mut self.pipe else { return };
            match pipe.read(buffer) {
                Ok(0) => self.pipe = None,
                Ok(count) => {
                    let left = self.limit.saturating_sub(self.bytes.len() as u64);
                    let kept = count.min(usize::try_from(left).unwrap_or(usize::MAX));
                    self.bytes.extend_from_slice(buffer.get(..kept).unwrap_or_default());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // What came before the error is judged by the exit status.
                Err(_) => self.pipe = None,
            }
        }
    }
}

/// Whether the program has ended. Its number stays taken, so that nobody else's process is killed for it.
fn has_ended(child: &Child) -> Result<bool, String> {
    let Ok(pid) = i32::try_from(child.id()) else {
        return Ok(false);
    };
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    match waitid(Id::Pid(Pid::from_raw(pid)), flags) {
        Ok(status) => Ok(status != WaitStatus::StillAlive),
        Err(Errno::EINTR) => Ok(false),
        Err(errno) => Err(errno.desc().to_owned()),
    }
}

/// Kills what is left of the program and its group.
fn kill(child: &mut Child) -> std::io::Result<ExitStatus> {
    if let Ok(pid) = i32::try_from(child.id()) {
        // It may have ended meanwhile.
        let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
    }
    child.wait()
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

    /// A daemon in a session of its own keeps the pipe and outlives the group: its hundred seconds are not waited for.
    #[test]
    fn what_a_program_leaves_behind_holds_nobody_up() {
        let long = Duration::from_secs(60);
        for script in [
            "setsid sleep 100 & echo said",
            "sleep 100 & echo said",
            "(setsid sh -c 'while sleep 0.01; do echo more || exit; done' &); sleep 0.1; echo said",
        ] {
            let begun = Instant::now();
            let said = run(&shell(script), &[], long, 1 << 20).unwrap();
            assert!(
                said.success && said.stdout.windows(5).any(|part| part == b"said\n"),
                "{script}"
            );
            assert!(begun.elapsed() < long, "{script}");
        }
    }

    #[test]
    fn the_group_that_a_program_leaves_behind_is_killed() {
        let said = run(&shell("sleep 100 & echo $!"), &[], Duration::from_secs(60), 100).unwrap();
        let pid = String::from_utf8(said.stdout.to_vec()).unwrap();
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        while !(state().is_empty() || state().contains(") Z ")) {
            std::thread::yield_now();
        }
    }

    #[test]
    fn output_is_taken_in_while_it_comes_and_what_is_not_wanted_is_dropped() {
        let long = Duration::from_secs(60);
        let said = run(
            &shell("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"),
            &[],
            long,
            3_000_000,
        )
        .unwrap();
        assert_eq!((said.stdout.len(), said.stderr.len()), (3_000_000, 4096));
        let why = run(&shell("exec yes"), &[], long, 1000).unwrap_err();
        assert!(why.contains("more than the 1000 bytes"), "{why}");
        let why = run(&shell("exec >&- 2>&-; sleep 100"), &[], Duration::from_millis(300), 10).unwrap_err();
        assert_eq!(why, "no answer within 0.3 s");
    }
}
