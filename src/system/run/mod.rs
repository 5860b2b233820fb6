//! The one way to run a program: an argument list and never a shell, a clean environment, a process group of its own, a
//! time limit, bounded output that is wiped.
//!
//! The program's own end is waited for, not that of its output: what it leaves in the background holds nobody up.
//!
//! For the machine's own programs, which are asked or do our work. What a document wants run is a unit of its own:
//! [`super::systemd::TransientService`].

mod follow;
mod left_behind;

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

pub use follow::follow;

/// The environment that every program is given; nothing of ours is handed on.
const ENVIRONMENT: [(&str, &str); 2] = [("PATH", "/usr/sbin:/usr/bin"), ("LC_ALL", "C")];

/// How much of standard error is kept beside output that is wanted whole, in bytes.
const STDERR_LIMIT: u64 = 4096;

/// How much is read at once, and how often before the program is looked at again: together more than a pipe holds.
const BUFFER: usize = 8 * 1024;
const BUFFERS: usize = 32;

/// How long is waited for output before the program is looked at again, in milliseconds: at most, and at first when it
/// has closed its output, as it does in ending.
const TICK: u8 = 50;
const FIRST_TICK: u8 = 1;

/// How much of what a program prints is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All of standard output, so many bytes at most. More is an error, and the program is killed.
    Whole(u64),
    /// The first so many bytes of standard output and of standard error. The rest is read and dropped.
    Head(u64),
}

impl Keep {
    /// How much is kept of standard output and of standard error.
    fn limits(self) -> (u64, u64) {
        match self {
            Self::Whole(limit) => (limit, STDERR_LIMIT),
            Self::Head(limit) => (limit, limit),
        }
    }
}

/// Why a program was not run to its end. Its name is for the caller to say.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The argument list is empty.
    #[error("no program is given")]
    NoProgram,
    /// It could not be started.
    #[error("can't be started: {0}")]
    Start(std::io::Error),
    /// It took too long and was killed, with all that it had started.
    #[error("no answer within {:.1} s", .0.as_secs_f32())]
    Late(Duration),
    /// It printed too much and was killed, with all that it had started.
    #[error("its output has more than {0} bytes, the limit")]
    TooMuch(u64),
    /// The system would not let us listen to it or wait for it.
    #[error("can't read its output: {0}")]
    Listen(std::io::Error),
}

/// What a program printed and how it ended. Either may hold a secret: neither is for showing.
pub struct Said {
    /// Standard output, as much of it as was to be kept.
    pub stdout: Zeroizing<Vec<u8>>,
    /// The beginning of standard error.
    pub stderr: Zeroizing<Vec<u8>>,
    /// Whether it printed more than is kept, on either.
    pub cut: bool,
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
            .field("cut", &self.cut)
            .field("success", &self.success)
            .field("status", &self.status)
            .finish()
    }
}

/// Runs the program `argv[0]` with the arguments behind it, and these variables besides a search path and a locale.
///
/// Its group is killed once it has ended; what left the group for a session of its own too, where it has not ended within
/// `limit`, or printed more than it may. One of the machine's own that ends in time is not searched for: that would take
/// longer than most of them.
///
/// # Errors
/// It can't be started, takes too long or prints too much: which, without its name.
pub fn run(argv: &[String], environment: &[(&str, &str)], limit: Duration, keep: Keep) -> Result<Said, RunError> {
    let mark = left_behind::Mark::new();
    let said = run_marked(argv, environment, limit, keep, &mark);
    if said.is_err() {
        mark.kill_all();
    }
    said
}

/// The same for a program that is not the machine's own: nothing of it stays, however it ended.
///
/// # Errors
/// As [`run`].
pub fn run_foreign(
    argv: &[String],
    environment: &[(&str, &str)],
    limit: Duration,
    keep: Keep,
) -> Result<Said, RunError> {
    let mark = left_behind::Mark::new();
    let said = run_marked(argv, environment, limit, keep, &mark);
    mark.kill_all();
    said
}

fn run_marked(
    argv: &[String],
    environment: &[(&str, &str)],
    limit: Duration,
    keep: Keep,
    mark: &left_behind::Mark,
) -> Result<Said, RunError> {
    if limit.is_zero() {
        return Err(RunError::Late(limit));
    }
    let deadline = Instant::now() + limit;
    let (program, arguments) = argv.split_first().ok_or(RunError::NoProgram)?;
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(ENVIRONMENT)
        .envs(environment.iter().copied())
        .env(left_behind::VARIABLE, mark.value())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, so that nothing of it is left when it is killed.
        .process_group(0)
        .spawn()
        .map_err(RunError::Start)?;
    let said = listen(&mut child, deadline, limit, keep);
    if said.is_err() {
        // Why it is killed is what counts.
        let _ = kill(&mut child);
    }
    said
}

/// Listens until the program itself ends. One that it left behind may hold its output open for ever.
fn listen(child: &mut Child, deadline: Instant, limit: Duration, keep: Keep) -> Result<Said, RunError> {
    let (stdout_limit, stderr_limit) = keep.limits();
    let mut stdout = Stream::of(child.stdout.take(), stdout_limit)?;
    let mut stderr = Stream::of(child.stderr.take(), stderr_limit)?;
    let mut buffer = Zeroizing::new(vec![0; BUFFER]);
    let mut quiet = FIRST_TICK;
    loop {
        // Asked before reading: what is read then is all that it said.
        let ended = has_ended(child)?;
        stdout.take_in(&mut buffer);
        stderr.take_in(&mut buffer);
        if let (Keep::Whole(limit), true) = (keep, stdout.cut) {
            return Err(RunError::TooMuch(limit));
        }
        if ended {
            let status = kill(child).map_err(RunError::Listen)?;
            return Ok(Said {
                stdout: stdout.bytes,
                stderr: stderr.bytes,
                cut: stdout.cut || stderr.cut,
                success: status.success(),
                status: status.code(),
            });
        }
        if deadline <= Instant::now() {
            return Err(RunError::Late(limit));
        }
        let open: Vec<_> = [&stdout, &stderr]
            .into_iter()
            .filter_map(|one| one.pipe.as_ref())
            .collect();
        let mut polled: Vec<_> = open
            .iter()
            .map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN))
            .collect();
        let tick = if polled.is_empty() { quiet } else { TICK };
        if polled.is_empty() {
            quiet = quiet.saturating_mul(2).min(TICK);
        }
        // An interrupted wait is a short one.
        let _ = poll(&mut polled, tick);
    }
}

/// What a program prints, as far as it is read.
struct Stream {
    /// `None` when it was closed.
    pipe: Option<File>,
    bytes: Zeroizing<Vec<u8>>,
    limit: u64,
    /// Whether more came than is kept.
    cut: bool,
}

impl Stream {
    fn of<T: Into<OwnedFd>>(pipe: Option<T>, limit: u64) -> Result<Self, RunError> {
        let pipe = pipe.map(|pipe| File::from(pipe.into()));
        if let Some(pipe) = &pipe {
            fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(|errno| RunError::Listen(errno.into()))?;
        }
        Ok(Self {
            pipe,
            bytes: Zeroizing::new(Vec::new()),
            limit,
            cut: false,
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
                    self.cut |= kept < count;
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
fn has_ended(child: &Child) -> Result<bool, RunError> {
    let Ok(pid) = i32::try_from(child.id()) else {
        return Ok(false);
    };
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    match waitid(Id::Pid(Pid::from_raw(pid)), flags) {
        Ok(status) => Ok(status != WaitStatus::StillAlive),
        Err(Errno::EINTR) => Ok(false),
        Err(errno) => Err(RunError::Listen(errno.into())),
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
mod tests;
