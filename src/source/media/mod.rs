//! Seed media, read in user space: ISO 9660 and FAT, on a whole disk or in a partition of one.
//!
//! Needs neither mount(2) nor isofs or vfat in the kernel. The reader is our own because it runs as root on what
//! anybody may have attached, and of the crates isomage indexes and recurses unchecked, fatfs demands a writable disk
//! and follows looping chains, and hadris is a release candidate of 50,000 lines.
//!
//! One subject per file: `window` reads bytes, within bounds; `partition` splits a disk; `iso9660` and `fat` each know
//! one file system; [`block`] names the disks of the machine. Everything on a medium is taken as hostile: each offset,
//! length, chain and count has a bound, nothing recurses, and files are read only up to a limit that the caller gives.
//! May use nothing of this crate.

pub mod block;
mod fat;
mod iso9660;
mod partition;
mod window;

use std::io;
use std::path::Path;
use window::Window;

#[cfg(test)]
pub(super) mod images;
#[cfg(test)]
mod tests;

/// The most entries of one directory that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// Why a medium, or a file on it, can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// The device or image file can't be opened.
    #[error("{medium}: can't be opened: {source}")]
    Open {
        /// Its path.
        medium: String,
        /// What the system said.
        source: io::Error,
    },
    /// The path leads to a directory, a pipe or a terminal.
    #[error("{medium}: is neither an image file nor a block device")]
    NotAMedium {
        /// Its path.
        medium: String,
    },
    /// The device fails.
    #[error("{medium}: can't read {length} bytes at byte {offset}: {source}")]
    Read {
        /// The device or image file, and the partition.
        medium: String,
        /// Where, in bytes from the beginning of the device.
        offset: u64,
        /// How much, in bytes.
        length: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The file system contradicts itself.
    #[error("{medium}: the file system is damaged: {what}")]
    Damaged {
        /// The device or image file, and the partition.
        medium: String,
        /// What is wrong and at which byte of the file system.
        what: String,
    },
    /// It leads to and fro without end.
    #[error("{medium}: its directories are too large for a seed")]
    Work {
        /// The device or image file, and the partition.
        medium: String,
    },
    /// There is less than the file system says: the copy was cut.
    #[error("{medium}: the image is shorter than its own description says ({actual} of {described} bytes)")]
    Short {
        /// The device or image file, and the partition.
        medium: String,
        /// The size that the file system's description gives, in bytes.
        described: u64,
        /// The size of the medium, in bytes.
        actual: u64,
    },
    /// A file is larger than the caller wants to read.
    #[error("{medium}: {name} has {size} bytes, more than {limit}, the limit")]
    TooLarge {
        /// The device or image file, and the partition.
        medium: String,
        /// The file.
        name: String,
        /// Its size, in bytes.
        size: u64,
        /// The caller's limit, in bytes.
        limit: u64,
    },
    /// The name belongs to something else than a plain file.
    #[error("{medium}: {name} is {kind}, not a plain file")]
    NotAFile {
        /// The device or image file, and the partition.
        medium: String,
        /// The name that was asked for.
        name: String,
        /// What it is.
        kind: EntryKind,
    },
}

impl MediaError {
    /// The device or image file, and the partition.
    pub fn medium(&self) -> &str {
        match self {
            Self::Open { medium, .. }
            | Self::NotAMedium { medium }
            | Self::Read { medium, .. }
            | Self::Damaged { medium, .. }
            | Self::Work { medium }
            | Self::Short { medium, .. }
            | Self::TooLarge { medium, .. }
            | Self::NotAFile { medium, .. } => medium,
        }
    }

    /// What to do about it, where that can be said.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Open { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("run firstlight as root")
            }
            Self::Damaged { .. } | Self::Work { .. } => Some("rebuild the image"),
            Self::Short { .. } => Some("it was cut off; copy or rebuild it"),
            Self::NotAFile { .. } => Some("put the file itself there"),
            Self::Open { .. } | Self::NotAMedium { .. } | Self::Read { .. } | Self::TooLarge { .. } => None,
        }
    }

    /// Whether there is simply nothing in the drive, no such device, or one that is not this machine's: the container
    /// manager (EPERM, root included) or a cluster (EMEDIUMTYPE) keeps it for others.
    pub fn is_no_medium(&self) -> bool {
        use nix::libc::{EMEDIUMTYPE, ENODEV, ENOENT, ENOMEDIUM, ENXIO, EPERM};
        match self {
            Self::Open { source, .. } | Self::Read { source, .. } => {
                matches!(
                    source.raw_os_error(),
                    Some(ENOMEDIUM | ENXIO | ENODEV | ENOENT | EMEDIUMTYPE | EPERM)
                )
            }
            _ => false,
        }
    }
}

/// What a directory's entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A plain file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link (Rock Ridge). Links are not followed.
    Link,
    /// A file in a form that is not read: compressed by zisofs, or interleaved (ECMA-119 §6.4.3).
    Encoded,
}

impl std::fmt::Display for EntryKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File => "a plain file",
            Self::Directory => "a directory",
            Self::Link => "a symbolic link",
            Self::Encoded => "a compressed or interleaved file",
        })
    }
}

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, as Linux would show it.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// A file's size in bytes.
    pub size: u64,
}

/// An entry, and what its file system needs to find its contents.
#[derive(Debug)]
struct Node<P> {
    entry: Entry,
    /// A second name under which it answers: FAT's 8.3 name.
    alias: Option<String>,
    place: P,
}

impl<P> Node<P> {
    fn named(&self, name: &str, same: fn(&str, &str) -> bool) -> bool {
        same(&self.entry.name, name) || self.alias.as_ref().is_some_and(|alias| same(alias, name))
    }
}

/// What every file system here can do; [`Volume`] makes paths, limits and errors of it.
trait Tree {
    /// Where contents are: extents, or the first cluster.
    type Place;
    /// The root directory.
    fn root(&self) -> Self::Place;
    /// The entries of a directory, `.` and `..` excluded, at most [`MAX_ENTRIES`].
    fn list(&self, directory: &Self::Place) -> Result<Vec<Node<Self::Place>>, MediaError>;
    /// The first `size` bytes of a file.
    fn read(&self, file: &Self::Place, size: u64) -> Result<Vec<u8>, MediaError>;

    /// The entry at `path`, its components separated by `/`. An exact name wins over one in another case.
    fn find(&self, path: &str) -> Result<Option<Node<Self::Place>>, MediaError> {
        let mut found = Node {
            entry: root_entry(),
            alias: None,
            place: self.root(),
        };
        for name in path.split('/').filter(|name| !name.is_empty()) {
            if found.entry.kind != EntryKind::Directory {
                return Ok(None);
            }
            let mut nodes = self.list(&found.place)?;
            let exact = nodes.iter().position(|node| node.named(name, |a, b| a == b));
            let any = || {
                nodes
                    .iter()
                    .position(|node| node.named(name, |a, b| a.eq_ignore_ascii_case(b)))
            };
            match exact.or_else(any) {
                Some(index) => found = nodes.swap_remove(index),
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }
}

fn root_entry() -> Entry {
    Entry {
        name: String::new(),
        kind: EntryKind::Directory,
        size: 0,
    }
}

/// Which file system a volume has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// ISO 9660 (ECMA-119), with Rock Ridge, Joliet or plain names.
    Iso9660,
    /// FAT12, FAT16 or FAT32, with long names.
    Fat,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Iso9660 => "ISO 9660",
            Self::Fat => "FAT",
        })
    }
}

#[derive(Debug)]
enum System {
    Iso(iso9660::Iso),
    Fat(fat::Fat),
}

/// One file system on a medium, open for reading.
///
/// Opening reads descriptions only, so that labels can be compared on damaged media too; [`Volume::list`] and
/// [`Volume::read`] say what is wrong with them.
#[derive(Debug)]
pub struct Volume {
    system: System,
    name: String,
    labels: Vec<String>,
    described: u64,
    actual: u64,
}

impl Volume {
    /// The file system that begins where the image file or block device at `path` does; `None` if it is not a known
    /// one.
    ///
    /// # Errors
    /// When the medium can't be opened or read.
    pub fn open(path: &Path) -> Result<Option<Self>, MediaError> {
        Self::at(&Window::open(path)?)
    }

    /// As [`Volume::open`], or else the file systems in the partitions (MBR, GPT) of the medium.
    ///
    /// For image files: of a block device the kernel presents each partition as a block device of its own.
    ///
    /// # Errors
    /// When the medium can't be opened or read.
    pub fn open_all(path: &Path) -> Result<Vec<Self>, MediaError> {
        let whole = Window::open(path)?;
        if let Some(volume) = Self::at(&whole)? {
            return Ok(vec![volume]);
        }
        let volumes = partition::partitions(&whole)?.into_iter().map(|part| Self::at(&part));
        volumes.filter_map(Result::transpose).collect()
    }

    fn at(window: &Window) -> Result<Option<Self>, MediaError> {
        // FAT first: formatting a disk leaves what an older ISO 9660 had at byte 32768, the reverse clears sector 0.
        let volume = |system, labels, described| Self {
            system,
            name: window.name.clone(),
            labels,
            described,
            actual: window.len(),
        };
        if let Some(fat) = fat::Fat::open(window)? {
            let (labels, described) = (fat.labels(), fat.described());
            return Ok(Some(volume(System::Fat(fat), labels, described)));
        }
        let iso = iso9660::Iso::open(window)?;
        Ok(iso.map(|iso| {
            let (labels, described) = (iso.labels(), iso.described());
            volume(System::Iso(iso), labels, described)
        }))
    }

    /// The device or image file, and the partition: for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which file system it is.
    pub fn kind(&self) -> Kind {
        match self.system {
            System::Iso(_) => Kind::Iso9660,
            System::Fat(_) => Kind::Fat,
        }
    }

    /// Its labels, without padding, the one that Linux shows first: ISO 9660 has one per name space, FAT one in the
    /// root directory and one in the boot sector.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Whether one of its labels is `label`. Case does not count: tools write `CIDATA` where `cidata` was asked for.
    pub fn is_labelled(&self, label: &str) -> bool {
        self.labels.iter().any(|own| own.eq_ignore_ascii_case(label))
    }

    /// The entries of the directory `path`, `""` for the root; `None` if there is none with that name.
    ///
    /// # Errors
    /// When the medium is cut, damaged or fails.
    pub fn list(&self, path: &str) -> Result<Option<Vec<Entry>>, MediaError> {
        self.check_size()?;
        match &self.system {
            System::Iso(iso) => list(iso, path),
            System::Fat(fat) => list(fat, path),
        }
    }

    /// The contents of the file at `path` (`user-data`, `openstack/latest/user_data`); `None` if there is none.
    ///
    /// # Errors
    /// When the medium is cut, damaged or fails, when the file has more than `limit` bytes, and when it isn't a file.
    pub fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, MediaError> {
        self.check_size()?;
        match &self.system {
            System::Iso(iso) => read(iso, &self.name, path, limit),
            System::Fat(fat) => read(fat, &self.name, path, limit),
        }
    }

    /// A medium that lost its end may have lost anything: files cut off mid-way look whole from their directory.
    fn check_size(&self) -> Result<(), MediaError> {
        // Some writers leave the last sector unpadded, and devices round down to whole sectors.
        if self.described.saturating_sub(self.actual) < iso9660::SECTOR {
            return Ok(());
        }
        Err(MediaError::Short {
            medium: self.name.clone(),
            described: self.described,
            actual: self.actual,
        })
    }
}

fn list<T: Tree>(tree: &T, path: &str) -> Result<Option<Vec<Entry>>, MediaError> {
    match tree.find(path)? {
        Some(node) if node.entry.kind == EntryKind::Directory => Ok(Some(
            tree.list(&node.place)?.into_iter().map(|node| node.entry).collect(),
        )),
        _ => Ok(None),
    }
}

fn read<T: Tree>(tree: &T, medium: &str, path: &str, limit: u64) -> Result<Option<Vec<u8>>, MediaError> {
    let Some(Node {
        entry: Entry { kind, size, .. },
        place,
        ..
    }) = tree.find(path)?
    else {
        return Ok(None);
    };
    let (medium, name) = (medium.to_owned(), path.to_owned());
    match kind {
        EntryKind::File if size <= limit => tree.read(&place, size).map(Some),
        EntryKind::File => Err(MediaError::TooLarge {
            medium,
            name,
            size,
            limit,
        }),
        kind => Err(MediaError::NotAFile { medium, name, kind }),
    }
}
