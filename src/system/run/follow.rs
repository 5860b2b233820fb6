//! A program whose output is handed on while it runs.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, poll};
use nix::unistd::pipe2;

use super::{BUFFER, RunError, TICK, has_ended};

/// What goes on copying output when the program has ended and somebody that it left behind still prints.
const COPIER: &str = "cat";

/// How long output is waited for whose writer ends together with the program.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Runs a program in our own environment and these variables, with nothing as its input, and hands on what it prints to either output, in the
/// order in which it was printed. Returns the exit status; `None` where a signal ended it.
///
/// There is no time limit: systemd has it, for the unit that this runs in. What the program leaves in the background may
/// print for ever: a `cat` of its own copies that to our standard output, in the same unit.
///
/// # Errors
/// It can't be started, or not be listened to.
pub fn follow(
    argv: &[String],
    variables: &[(&str, &str)],
    said: &mut dyn FnMut(&[u8]),
) -> Result<Option<i32>, RunError> {
    let (program, arguments) = argv.split_first().ok_or(RunError::NoProgram)?;
    let (ours, theirs) = pipe2(OFlag::O_CLOEXEC).map_err(|errno| RunError::Listen(errno.into()))?;
    let second = theirs.try_clone().map_err(RunError::Listen)?;
    let mut child = Command::new(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::from(theirs))
        .stderr(Stdio::from(second))
        .spawn()
        .map_err(RunError::Start)?;
    let mut pipe = Pipe::of(ours)?;
    let mut ended: Option<Instant> = None;
    loop {
        if ended.is_none() && has_ended(&child)? {
            ended = Some(Instant::now());
        }
        let is_open = pipe.hand_on(said);
        match ended {
            Some(_) if !is_open => break,
            Some(since) if since.elapsed() > LAST_WORDS => {
                pipe.leave_to_copier();
                break;
            }
            _ => pipe.wait(),
        }
    }
    Ok(child.wait().map_err(RunError::Listen)?.code())
}

struct Pipe {
    file: File,
    is_open: bool,
}

impl Pipe {
    fn of(end: OwnedFd) -> Result<Self, RunError> {
        fcntl(&end, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(|errno| RunError::Listen(errno.into()))?;
        Ok(Self {
            file: File::from(end),
            is_open: true,
        })
    }

    /// Hands on what is there; whether more may come.
    fn hand_on(&mut self, said: &mut dyn FnMut(&[u8])) -> bool {
        let mut buffer = [0; BUFFER];
        while self.is_open {
            match self.file.read(&mut buffer) {
                Ok(0) => self.is_open = false,
                Ok(count) => said(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.is_open = false,
            }
        }
        self.is_open
    }

    /// Waits for more, or a moment.
    fn wait(&self) {
        match self.is_open {
            // An interrupted wait is a short one.
            true => drop(poll(&mut [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)], TICK)),
            false => std::thread::sleep(Duration::from_millis(u64::from(TICK))),
        }
    }

    /// Without a copier, what is in the background would be killed by what it prints next.
    fn leave_to_copier(self) {
        let blocking = fcntl(&self.file, FcntlArg::F_SETFL(OFlag::empty()));
        let copier = Command::new(COPIER).stdin(Stdio::from(self.file)).spawn();
        if let Some(why) = copier
            .err()
            .map(|why| why.to_string())
            .or(blocking.err().map(|why| why.to_string()))
        {
            tracing::warn!("the output of what runs in the background is lost: {why}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow_shell(code: &str) -> (Option<i32>, String) {
        let mut said = Vec::new();
        let argv = ["/bin/sh", "-c", code].map(str::to_owned);
        let exit = follow(&argv, &[("MARK", "m")], &mut |bytes| said.extend_from_slice(bytes)).unwrap();
        (exit, String::from_utf8(said).unwrap())
    }

    #[test]
    fn both_outputs_come_in_order_and_a_signal_has_no_status() {
        let (exit, said) = follow_shell("echo a; echo b >&2; echo $MARK; exit 3");
        assert_eq!((exit, said.as_str()), (Some(3), "a\nb\nm\n"));
        assert_eq!(follow_shell("kill -9 $$").0, None);
        let (_, much) = follow_shell("head -c 300000 /dev/zero | tr '\\0' x");
        assert_eq!(much.len(), 300_000);
    }

    #[test]
    fn what_stays_in_the_background_holds_nobody_up() {
        let begun = Instant::now();
        let (exit, said) = follow_shell("sleep 30 & echo $!");
        assert_eq!(exit, Some(0));
        assert!(begun.elapsed() < Duration::from_secs(20));
        let pid = nix::unistd::Pid::from_raw(said.trim().parse().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    }

    #[test]
    fn a_program_that_is_not_there_is_told() {
        let wrong = follow(&["/nowhere/program".to_owned()], &[], &mut |_| {}).unwrap_err();
        assert!(wrong.to_string().contains("can't be started"), "{wrong}");
    }
}
