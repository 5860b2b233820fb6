//! The machine's console: what is shown there is seen by who sits in front of it, and kept by nobody else.

use std::fs::File;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::unistd::write;

use super::Root;

/// The console of the running kernel.
pub const PATH: &str = "/dev/console";

/// How long the console may take for a text: one that is stopped takes none.
const LIMIT: Duration = Duration::from_secs(5);

/// Shows a text on the console, and nowhere else.
///
/// # Errors
/// There is no console, or it doesn't take the text; why, in words.
#[expect(
    clippy::disallowed_methods,
    reason = "a device is no file: nothing is read from it or kept in it"
)]
pub fn show(root: &Root, text: &str) -> Result<(), String> {
    let path = root.path().join(PATH.trim_start_matches('/'));
    let flags = OFlag::O_WRONLY | OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let opened = open(&path, flags, Mode::empty());
    let console = opened.map_err(|errno| format!("can't open {PATH}: {}", errno.desc()))?;
    let console = File::from(console);
    write_all(&console, text.as_bytes(), Instant::now() + LIMIT)
}

fn write_all(console: &File, text: &[u8], end: Instant) -> Result<(), String> {
    let mut left = text;
    while !left.is_empty() {
        match write(console, left) {
            Ok(0) => return Err(format!("{PATH} takes nothing")),
            Ok(count) => left = left.get(count..).unwrap_or_default(),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => wait(console, end)?,
            Err(errno) => return Err(format!("can't write to {PATH}: {}", errno.desc())),
        }
    }
    Ok(())
}

fn wait(console: &File, end: Instant) -> Result<(), String> {
    let left = end.saturating_duration_since(Instant::now());
    let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
    match poll(&mut [PollFd::new(console.as_fd(), PollFlags::POLLOUT)], timeout) {
        Ok(0) => Err(format!("{PATH} is stopped: it took nothing in {} s", LIMIT.as_secs())),
        Ok(_) | Err(Errno::EINTR) if !left.is_zero() => Ok(()),
        Ok(_) | Err(Errno::EINTR) => Err(format!("{PATH} is stopped: it took nothing in {} s", LIMIT.as_secs())),
        Err(errno) => Err(format!("can't write to {PATH}: {}", errno.desc())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shown_where_there_is_a_console() {
        let tree = tempfile::tempdir().unwrap();
        let root = Root::open(tree.path()).unwrap();
        let error = show(&root, "hello").unwrap_err();
        assert!(error.contains("/dev/console"), "{error}");
        std::fs::create_dir(tree.path().join("dev")).unwrap();
        std::fs::write(tree.path().join("dev/console"), "").unwrap();
        show(&root, "hello").unwrap();
        // In a container it is a link to a terminal.
        std::fs::rename(tree.path().join("dev/console"), tree.path().join("dev/tty")).unwrap();
        std::os::unix::fs::symlink("tty", tree.path().join("dev/console")).unwrap();
        show(&root, ", world").unwrap();
        assert_eq!(std::fs::read(tree.path().join("dev/tty")).unwrap(), b", world");
    }

    #[test]
    fn a_console_that_takes_nothing_is_not_waited_for() {
        let (reader, writer) = nix::unistd::pipe2(nix::fcntl::OFlag::O_NONBLOCK).unwrap();
        let console = File::from(writer);
        let error = write_all(&console, &[b'x'; 1 << 20], Instant::now()).unwrap_err();
        assert!(error.contains("stopped"), "{error}");
        drop(reader);
        let error = write_all(&console, b"x", Instant::now()).unwrap_err();
        assert!(error.contains("can't write"), "{error}");
    }
}
