//! Entries of a machine's files that are only thought of: the machine as it would be.
//!
//! What is read through a [`Root`] that imagines something sees it in place of what is there. Nothing is written, and who
//! writes does not see it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::root::{Kind, Metadata, ReadError, Root};
use super::way::is_privileged;
use super::write::parent_of;

/// How many links that are only thought of are followed: as many as the kernel follows (path_resolution(7)).
const LINK_LIMIT: usize = 40;

/// An entry that is only thought of: how it would be read if it were there.
#[derive(Clone, PartialEq, Eq)]
pub enum Imagined {
    /// A regular file.
    File {
        /// Its content.
        bytes: Arc<[u8]>,
        /// The permission bits.
        mode: u32,
        /// Owner and group, numeric.
        owner: (u32, u32),
    },
    /// A directory.
    Directory {
        /// The permission bits.
        mode: u32,
        /// Owner and group, numeric.
        owner: (u32, u32),
    },
    /// A symbolic link.
    Symlink {
        /// Its target, as written.
        target: String,
    },
}

impl std::fmt::Debug for Imagined {
    /// Shows how much it holds, not what: it may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { bytes, mode, owner } => write!(f, "Imagined({} bytes, {mode:04o}, {owner:?})", bytes.len()),
            Self::Directory { mode, owner } => write!(f, "Imagined(directory, {mode:04o}, {owner:?})"),
            Self::Symlink { target } => write!(f, "Imagined(link to {target})"),
        }
    }
}

impl Imagined {
    pub(super) fn metadata(&self) -> Metadata {
        let (kind, mode, (uid, gid), size) = match self {
            Self::File { bytes, mode, owner } => (Kind::File, *mode, *owner, bytes.len() as u64),
            Self::Directory { mode, owner } => (Kind::Directory, *mode, *owner, 0),
            Self::Symlink { target } => (Kind::Symlink, 0o777, (0, 0), target.len() as u64),
        };
        Metadata {
            kind,
            mode,
            uid,
            gid,
            size,
        }
    }

    /// The content of what is at `path`.
    pub(super) fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        match self {
            Self::File { bytes, .. } => Ok(bytes.to_vec()),
            Self::Directory { .. } | Self::Symlink { .. } => Err(ReadError {
                what: "read",
                path: path.to_owned(),
                why: "it is not a regular file".to_owned(),
            }),
        }
    }

    pub(super) fn target(&self) -> Option<&str> {
        match self {
            Self::Symlink { target } => Some(target),
            Self::File { .. } | Self::Directory { .. } => None,
        }
    }
}

impl Root {
    /// The same root with these entries in place of what is there, or with none (`None`), each known by exactly this path.
    #[must_use]
    pub fn imagining(&self, entries: BTreeMap<String, Option<Imagined>>) -> Self {
        let mut root = self.clone();
        root.imagined = Arc::new(entries);
        root
    }

    /// Thinks of one more entry, or of its absence (`None`), and of the directories on the way to it.
    ///
    /// # Errors
    /// What is on the way can't be looked at.
    pub fn imagine(&mut self, path: &str, entry: Option<Imagined>) -> Result<(), ReadError> {
        let mut missing = Vec::new();
        let mut parent = parent_of(path);
        while entry.is_some() && parent != "/" && !self.exists(parent)? {
            missing.push(parent);
            parent = parent_of(parent);
        }
        // Below a user's they are that user's, as they will be.
        let above = match missing.is_empty() || parent == "/" {
            true => None,
            false => self.metadata_followed(parent)?,
        };
        let owner = above.map_or((0, 0), |above| (above.uid, above.gid));
        let owner = if is_privileged(owner.0) { (0, 0) } else { owner };
        let entries = Arc::make_mut(&mut self.imagined);
        for directory in missing {
            let mode = 0o755;
            entries.insert(directory.to_owned(), Some(Imagined::Directory { mode, owner }));
        }
        entries.insert(path.to_owned(), entry);
        Ok(())
    }

    /// What is only thought of at `path`, or that nothing is; `None` where what is there counts.
    pub(super) fn imagined(&self, path: &str) -> Option<Option<&Imagined>> {
        self.imagined.get(path).map(Option::as_ref)
    }

    /// The same once the links at the end of `path` are followed that are only thought of.
    pub(super) fn imagined_at_the_end(&self, path: &str) -> Option<Option<&Imagined>> {
        let mut place = path.to_owned();
        for _ in 0..LINK_LIMIT {
            let found = self.imagined(&place)?;
            let Some(target) = found.and_then(Imagined::target) else {
                return Some(found);
            };
            place = beside(&place, target);
        }
        Some(None)
    }

    /// These names of the directory at `path`, sorted, without those that are thought of as gone and with those that are
    /// only thought of.
    pub(super) fn with_imagined_names(&self, path: &str, names: Vec<String>) -> Vec<String> {
        let mut names: BTreeSet<String> = names.into_iter().collect();
        let below = format!("{}/", path.trim_end_matches('/'));
        for (place, entry) in self.imagined.range(below.clone()..) {
            let Some(name) = place.strip_prefix(&below) else { break };
            if name.contains('/') {
                continue;
            }
            match entry {
                Some(_) => names.insert(name.to_owned()),
                None => names.remove(name),
            };
        }
        names.into_iter().collect()
    }
}

/// Where a link at `place` leads that says `target`.
fn beside(place: &str, target: &str) -> String {
    let mut parts: Vec<&str> = match target.starts_with('/') {
        true => Vec::new(),
        false => parent_of(place).split('/').collect(),
    };
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let parts = parts.into_iter().filter(|part| !part.is_empty() && *part != ".");
    parts.fold(String::new(), |path, part| path + "/" + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Imagined {
        Imagined::File {
            bytes: text.as_bytes().into(),
            mode: 0o600,
            owner: (7, 8),
        }
    }

    #[test]
    fn what_is_imagined_is_read_in_place_of_what_is_there() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir(tree.path().join("etc")).unwrap();
        std::fs::write(tree.path().join("etc/hostname"), "real\n").unwrap();
        std::fs::write(tree.path().join("etc/gone"), "real\n").unwrap();
        let root = Root::open(tree.path()).unwrap();
        let mut thought = root.imagining(BTreeMap::from([("/etc/gone".to_owned(), None)]));
        thought.imagine("/etc/hostname", Some(file("imagined\n"))).unwrap();
        thought.imagine("/opt/app/conf", Some(file("new\n"))).unwrap();
        for (link, target) in [("/etc/a", "/etc/b"), ("/etc/b", "../opt/./app/conf"), ("/etc/c", "c")] {
            let target = target.to_owned();
            thought.imagine(link, Some(Imagined::Symlink { target })).unwrap();
        }
        let read = |path: &str| thought.read_text(path).unwrap();
        assert_eq!(read("/etc/hostname").as_deref(), Some("imagined\n"));
        assert_eq!(read("/etc/gone"), None);
        assert_eq!(read("/opt/app/conf").as_deref(), Some("new\n"));
        assert_eq!(read("/etc/a").as_deref(), Some("new\n"));
        assert_eq!(read("/etc/c"), None, "a link to itself leads nowhere");
        let there = thought.metadata("/etc/hostname").unwrap().unwrap();
        assert_eq!((there.mode, there.uid, there.gid, there.size), (0o600, 7, 8, 9));
        assert_eq!(thought.metadata("/opt").unwrap().unwrap().kind, Kind::Directory);
        assert_eq!(thought.metadata("/etc/a").unwrap().unwrap().kind, Kind::Symlink);
        assert_eq!(thought.metadata_followed("/etc/a").unwrap().unwrap().kind, Kind::File);
        assert_eq!(thought.read_link("/etc/a").unwrap().as_deref(), Some("/etc/b"));
        assert_eq!(thought.list("/etc").unwrap(), ["a", "b", "c", "hostname"]);
        assert_eq!(thought.list("/opt/app").unwrap(), ["conf"]);
        assert!(thought.read("/opt/app").is_err(), "a directory is no file");
        assert_eq!(root.read_text("/etc/hostname").unwrap().as_deref(), Some("real\n"));
        assert_eq!(root.list("/etc").unwrap(), ["gone", "hostname"]);
        assert!(!format!("{thought:?}").contains("imagined\n"));
    }
}
