//! The lock on the account files: what lckpwdf(3) takes, and with it passwd(1), useradd(8) and systemd-sysusers(8).

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, OpenHow, ResolveFlag, fcntl};
use nix::libc;
use nix::sys::stat::{Mode, SFlag, fstat};

use crate::system::Root;
use crate::system::root::resolve;

const PATH: &str = "/etc/.pwd.lock";

/// How long lckpwdf(3) waits for the lock.
pub const LOCK_WAIT: Duration = Duration::from_secs(15);

const POLL: Duration = Duration::from_millis(20);

/// The lock on a machine's account files, until it is dropped. The file stays: removing it could let two processes lock
/// two different files of that name.
///
/// It is fcntl(2)'s record lock, because lckpwdf's is: it keeps other processes out, not this one, and the process loses
/// it when it closes any other descriptor of the file.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "the lock lasts as long as the file is open")] OwnedFd);

/// Why the account files could not be locked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Another process had the lock all the time.
    #[error("{PATH} is still locked by {holder} after {} s, so the account files can't be changed; try again \
        later", waited.as_secs())]
    Held {
        /// The process: `process 123 (passwd)`.
        holder: String,
        /// How long firstlight waited.
        waited: Duration,
    },
    /// The lock file can't be opened, made or locked.
    #[error("can't lock {PATH}: {why}")]
    Failed {
        /// The system's reason.
        why: String,
    },
}

impl Lock {
    /// Whether there is a lock file in `root`.
    ///
    /// # Errors
    /// That can't be found out.
    pub fn is_there(root: &Root) -> Result<bool, LockError> {
        let found = root
            .metadata(PATH)
            .map_err(|error| LockError::Failed { why: error.why })?;
        Ok(found.is_some())
    }

    /// Takes the lock inside `root`, waiting at most `wait` (see [`LOCK_WAIT`]) for whoever has it. Blocks.
    ///
    /// # Errors
    /// Another process keeps it, or the lock file can't be opened.
    pub fn take(root: &Root, wait: Duration) -> Result<Self, LockError> {
        let file = open(root)?;
        let start = Instant::now();
        loop {
            match fcntl(&file, FcntlArg::F_SETLK(&whole_file())) {
                Ok(_) => return Ok(Self(file)),
                Err(Errno::EACCES | Errno::EAGAIN) if start.elapsed() < wait => std::thread::sleep(POLL),
                Err(Errno::EACCES | Errno::EAGAIN) => {
                    return Err(LockError::Held {
                        holder: holder(&file),
                        waited: wait,
                    });
                }
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(failed(errno)),
            }
        }
    }
}

fn open(root: &Root) -> Result<OwnedFd, LockError> {
    // O_NONBLOCK: a pipe that a hostile tree puts there must not stop us.
    let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let how = OpenHow::new()
        .flags(flags)
        .mode(Mode::S_IRUSR | Mode::S_IWUSR)
        .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    let file = resolve(root, PATH, how).map_err(failed)?;
    let stat = fstat(&file).map_err(failed)?;
    if SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT != SFlag::S_IFREG {
        return Err(LockError::Failed {
            why: "it is not a regular file".to_owned(),
        });
    }
    Ok(file)
}

fn failed(errno: Errno) -> LockError {
    let why = match errno {
        Errno::ENOENT => "the machine has no /etc".to_owned(),
        other => other.desc().to_owned(),
    };
    LockError::Failed { why }
}

/// A write lock on the whole file, as lckpwdf(3) takes it.
fn whole_file() -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

/// Who has the lock, in words.
#[expect(
    clippy::disallowed_methods,
    reason = "the holder runs on the host, whatever the root is"
)]
fn holder(file: &OwnedFd) -> String {
    let mut lock = whole_file();
    let pid = fcntl(file, FcntlArg::F_GETLK(&mut lock)).map_or(0, |_| lock.l_pid);
    if pid <= 0 {
        return "another process".to_owned();
    }
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    match name.trim() {
        "" => format!("process {pid}"),
        name => format!("process {pid} ({})", name.escape_debug()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::os::unix::fs::{MetadataExt, symlink};
    use std::process::{Child, Command, Stdio};

    const SHORT: Duration = Duration::from_millis(200);

    fn tree() -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("etc")).unwrap();
        let root = Root::open(dir.path()).unwrap();
        (dir, root)
    }

    /// Another process that asks for the lock, or for one that others may share, and says whether it has it. It is perl
    /// because the lock must be the same as everybody's.
    fn other_process(dir: &tempfile::TempDir, lock: &str) -> (Child, String) {
        let script = "use Fcntl; $| = 1; open(F, '+<', $ARGV[0]) or die; \
            my $all = pack('s s x4 q q l x4', $ARGV[1] eq 'F_RDLCK' ? F_RDLCK : F_WRLCK, 0, 0, 0, 0); \
            print fcntl(F, F_SETLK, $all) ? qq{locked\n} : qq{refused\n}; <STDIN>;";
        let mut child = Command::new("perl")
            .args(["-e", script])
            .arg(dir.path().join("etc/.pwd.lock"))
            .arg(lock)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        (child, line.trim().to_owned())
    }

    fn end(mut child: Child) {
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn the_lock_is_waited_for_but_not_for_ever() {
        let (dir, root) = tree();
        std::fs::write(dir.path().join("etc/.pwd.lock"), "").unwrap();
        let (mut child, answer) = other_process(&dir, "F_WRLCK");
        assert_eq!(answer, "locked");
        let start = Instant::now();
        let error = Lock::take(&root, SHORT).unwrap_err().to_string();
        assert!(start.elapsed() >= SHORT && start.elapsed() < Duration::from_secs(10));
        assert!(error.contains(&format!("process {} (perl)", child.id())), "{error}");
        drop(child.stdin.take());
        Lock::take(&root, LOCK_WAIT).unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn nobody_else_has_it_until_it_is_given_back() {
        let (dir, root) = tree();
        let lock = Lock::take(&root, SHORT).unwrap();
        let mode = std::fs::metadata(dir.path().join("etc/.pwd.lock")).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        for kind in ["F_WRLCK", "F_RDLCK"] {
            let (child, answer) = other_process(&dir, kind);
            assert_eq!(answer, "refused", "{kind}");
            end(child);
        }
        drop(lock);
        let (child, answer) = other_process(&dir, "F_WRLCK");
        assert_eq!(answer, "locked");
        end(child);
    }

    #[test]
    fn the_lock_file_is_a_file_inside_the_root() {
        let (dir, root) = tree();
        let lock = dir.path().join("etc/.pwd.lock");
        nix::unistd::mkfifo(&lock, Mode::S_IRWXU).unwrap();
        assert!(
            Lock::take(&root, SHORT)
                .unwrap_err()
                .to_string()
                .contains("not a regular file")
        );
        std::fs::remove_file(&lock).unwrap();
        let outside = tempfile::tempdir().unwrap();
        symlink(outside.path().join("made"), &lock).unwrap();
        assert!(Lock::take(&root, SHORT).is_err());
        assert!(!outside.path().join("made").exists());
        std::fs::remove_dir_all(dir.path().join("etc")).unwrap();
        assert!(Lock::take(&root, SHORT).unwrap_err().to_string().contains("no /etc"));
    }
}
