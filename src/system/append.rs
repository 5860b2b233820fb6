//! Adding lines to the end of a file: a journal's.

use std::fs::File;
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fstat};
use nix::unistd::{fsync, ftruncate};

use super::failpoint::Call::{Change, Read};
use super::failpoint::{call, pass};
use super::root::errno_of;
use super::write::{WriteError, Writer, put};

impl Writer {
    /// Appends whole lines to a file that only root may read, and creates it if needed. When this returns, they are on
    /// disk, and so is everything written to their file system before. An incomplete last line from a crash is removed
    /// first. Lines that can't be written completely are removed again as far as the disk allows it.
    ///
    /// # Errors
    /// As [`Writer::write_file`].
    pub fn append_lines(&self, path: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let place = self.place("write", path)?;
        let flags = OFlag::O_RDWR | OFlag::O_APPEND | OFlag::O_CREAT | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        let opened = call(Change, || openat(&place.directory, place.name, flags, mode));
        let file = File::from(opened.map_err(|e| place.errno("write", e))?);
        let end = whole_lines(&file).map_err(|e| place.errno("read", e))?;
        let cut = || call(Change, || ftruncate(&file, end));
        let appended = cut().and_then(|()| put(&file, bytes)).and_then(|()| {
            let mut unflushed = self.unflushed();
            unflushed.wrote(&file, &place.directory, path)?;
            unflushed.flush_at(&place.directory)
        });
        if let Err(errno) = appended {
            // A partial line must not count as a complete record.
            let taken_back = cut().and_then(|()| call(Change, || fsync(&file)));
            return Err(match taken_back {
                Ok(()) => place.errno("write", errno),
                Err(_) => place.error("write, nor take back what was written to,", errno.desc().to_owned()),
            });
        }
        pass();
        Ok(())
    }
}

/// The end of the last complete line.
fn whole_lines(file: &File) -> Result<i64, Errno> {
    const BLOCK: i64 = 4096;
    let mut end = call(Read, || fstat(file))?.st_size;
    let mut block = [0; BLOCK as usize];
    while end > 0 {
        let start = (end - 1) / BLOCK * BLOCK;
        let part = &mut block[..usize::try_from(end - start).unwrap_or_default()];
        let read = call(Read, || file.read_at(part, start.unsigned_abs()).map_err(errno_of))?;
        if let Some(at) = part[..read].iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + i64::try_from(at).unwrap_or_default() + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Root;

    #[test]
    fn a_torn_line_goes_before_the_next_is_added() {
        let tree = tempfile::tempdir().unwrap();
        let writer = Writer::new(Root::open(tree.path()).unwrap());
        let path = tree.path().join("journal");
        let long = "x".repeat(10_000);
        for (torn, whole) in [
            ("", ""),
            ("one\n", "one\n"),
            ("one\ntw", "one\n"),
            ("torn", ""),
            (format!("one\n{long}").as_str(), "one\n"),
            (
                format!("{long}\n{}", "\0".repeat(5000)).as_str(),
                format!("{long}\n").as_str(),
            ),
        ] {
            std::fs::write(&path, torn).unwrap();
            writer.append_lines("/journal", b"next\n").unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{whole}next\n"));
        }
    }
}
