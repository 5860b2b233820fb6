//! The one place where a medium's bytes are read: a window of a file or block device, every access bounded by it.

use super::MediaError;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most work that one medium is worth: bytes read, and [`READ`] for each read. A seed of the largest parts in the
/// deepest directory that is read takes a part of it.
pub(super) const WORK_LIMIT: u64 = 256 << 20;
/// What a read costs besides its bytes.
const READ: u64 = 512;

/// Part of a medium, from `start`, `len` bytes long: the whole of it, or one partition.
#[derive(Debug, Clone)]
pub(super) struct Window {
    file: Arc<File>,
    /// The work that was done on the medium, by all parts of it.
    work: Arc<AtomicU64>,
    /// What messages call it: `/dev/sr0`, `seed.img (partition 2)`.
    pub(super) name: String,
    start: u64,
    len: u64,
}

impl Window {
    /// All of the image file or block device at `path`.
    #[expect(
        clippy::disallowed_methods,
        reason = "a medium of the host, or the operator's own image"
    )]
    pub(super) fn open(path: &Path) -> Result<Self, MediaError> {
        let medium = path.display().to_string();
        // Without O_NONBLOCK an open CD tray is pulled in, and a named pipe waits for its writer for ever.
        let flags = nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY;
        let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
        let measured = opened.and_then(|mut file| {
            let kind = file.metadata()?.file_type();
            let usable = kind.is_file() || kind.is_block_device();
            Ok((usable, file.seek(SeekFrom::End(0))?, file))
        });
        match measured {
            Ok((true, len, file)) => Ok(Self {
                file: Arc::new(file),
                work: Arc::default(),
                name: medium,
                start: 0,
                len,
            }),
            Ok((false, ..)) => Err(MediaError::NotAMedium { medium }),
            Err(source) => Err(MediaError::Open { medium, source }),
        }
    }

    /// Its length in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// How much work was done on the medium.
    #[cfg(test)]
    pub(super) fn work(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }

    /// The part of it that starts at byte `start`, at most `len` bytes; `None` where it has no such byte.
    pub(super) fn part(&self, start: u64, len: u64, name: String) -> Option<Self> {
        let rest = self.len.checked_sub(start).filter(|rest| *rest > 0)?;
        let start = self.start.checked_add(start)?;
        Some(Self {
            file: Arc::clone(&self.file),
            work: Arc::clone(&self.work),
            name,
            start,
            len: len.min(rest),
        })
    }

    /// Fills `buffer` with the bytes at `offset`.
    ///
    /// # Errors
    /// When they are not all inside the window, or the medium can't be read there.
    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), MediaError> {
        let length = buffer.len() as u64;
        let at = self.start.checked_add(offset);
        let inside = offset.checked_add(length).is_some_and(|end| end <= self.len);
        let Some(at) = at.filter(|_| inside) else {
            let what = format!(
                "it refers to {length} bytes at byte {offset}, but ends at byte {}",
                self.len
            );
            return Err(MediaError::Damaged {
                medium: self.name.clone(),
                what,
            });
        };
        let before = self.work.fetch_add(length.saturating_add(READ), Ordering::Relaxed);
        if before > WORK_LIMIT {
            return Err(MediaError::Work {
                medium: self.name.clone(),
            });
        }
        self.file.read_exact_at(buffer, at).map_err(|source| MediaError::Read {
            medium: self.name.clone(),
            offset: at,
            length,
            source,
        })
    }

    /// The `N` bytes at `offset`.
    pub(super) fn array<const N: usize>(&self, offset: u64) -> Result<[u8; N], MediaError> {
        let mut bytes = [0; N];
        self.read(offset, &mut bytes)?;
        Ok(bytes)
    }

    /// The `N` bytes at `offset`, `None` when the window ends before them: for probing.
    pub(super) fn probe<const N: usize>(&self, offset: u64) -> Result<Option<[u8; N]>, MediaError> {
        match offset.checked_add(N as u64) {
            Some(end) if end <= self.len => self.array(offset).map(Some),
            _ => Ok(None),
        }
    }

    /// Appends the `length` bytes at `offset` to `bytes`. Allocates only when they lie inside the window.
    pub(super) fn append(&self, offset: u64, length: u64, bytes: &mut Vec<u8>) -> Result<(), MediaError> {
        let fits = offset.checked_add(length).is_some_and(|end| end <= self.len);
        let old = bytes.len();
        let new = usize::try_from(length)
            .ok()
            .filter(|_| fits)
            .and_then(|length| old.checked_add(length));
        let Some(new) = new else {
            return Err(self.damaged(offset, format!("it refers to {length} bytes, more than there are")));
        };
        bytes.resize(new, 0);
        self.read(offset, bytes.get_mut(old..).unwrap_or_default())
    }

    /// The error for a description at byte `offset` that can't be right.
    pub(super) fn damaged(&self, offset: u64, what: impl std::fmt::Display) -> MediaError {
        MediaError::Damaged {
            medium: self.name.clone(),
            what: format!("{what}, at byte {offset}"),
        }
    }
}

/// The `N` bytes of `bytes` at `at`; zeros where the slice ends before them.
///
/// Callers hold blocks whose length they know; a zero is never a valid size, cluster or location in what they decode.
pub(super) fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk::<N>());
    found.copied().unwrap_or([0; N])
}

/// The byte of `bytes` at `at`.
pub(super) fn u8_at(bytes: &[u8], at: usize) -> u8 {
    u8::from_le_bytes(field(bytes, at))
}

/// The little-endian 16-bit number of `bytes` at `at`.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(field(bytes, at))
}

/// The little-endian 32-bit number of `bytes` at `at`.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(field(bytes, at))
}

/// The little-endian 64-bit number of `bytes` at `at`.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(field(bytes, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(bytes: &[u8]) -> Window {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Window::open(file.path()).unwrap()
    }

    #[test]
    fn nothing_outside_is_read() {
        let all = window(b"0123456789");
        assert_eq!(&all.array::<10>(0).unwrap(), b"0123456789");
        for offset in [1, 10, 11, u64::MAX] {
            assert!(all.array::<10>(offset).is_err(), "{offset}");
            assert_eq!(all.probe::<10>(offset).unwrap(), None, "{offset}");
        }
        let part = all.part(4, 3, "p".into()).unwrap();
        assert_eq!((&part.array::<3>(0).unwrap(), part.len()), (b"456", 3));
        assert!(part.array::<4>(0).is_err());
        assert_eq!(all.part(8, u64::MAX, "p".into()).unwrap().len(), 2);
        assert!(all.part(10, 1, "p".into()).is_none());
        assert!(all.append(0, u64::MAX, &mut Vec::new()).is_err());
    }

    #[test]
    fn fields_end_with_the_slice() {
        assert_eq!(u16_at(&[1, 2, 3], 1), 0x0302);
        assert_eq!(u16_at(&[1, 2, 3], 2), 0);
        assert_eq!(u64_at(&[], usize::MAX), 0);
    }

    #[test]
    fn what_is_neither_file_nor_disk_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(
            Window::open(directory.path()),
            Err(MediaError::NotAMedium { .. })
        ));
        assert!(matches!(
            Window::open(Path::new("/dev/null")),
            Err(MediaError::NotAMedium { .. })
        ));
        let pipe = directory.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(Window::open(&pipe).is_err());
        let missing = Window::open(&directory.path().join("none")).unwrap_err();
        assert!(matches!(missing, MediaError::Open { .. }), "{missing}");
    }
}
