//! Writes a batch one entry after the other, with the directory of the last one held open.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::renameat;

use super::failpoint::Call::Change;
use super::failpoint::{call, pass};
use super::way::file_name;
use super::write::{Place, WriteError, Writer, error, fill, parent_of};

/// A hand of a writer's, for what a batch stages and publishes: mostly many entries of one directory.
///
/// The way to a directory is gone along, and found safe, when its first entry comes. From then on the directory is held
/// open. It is let go when an entry of another one comes, so before anything on the way to it is replaced, and with the
/// hand. Whoever moves it meanwhile moves what is in it, as they could right after.
#[derive(Debug)]
pub struct Hand<'w> {
    writer: &'w Writer,
    held: Option<Held>,
}

/// A directory that is open, and its path, as it was asked for.
#[derive(Debug)]
struct Held {
    path: String,
    directory: Arc<OwnedFd>,
}

impl Writer {
    /// A hand for a batch, which holds nothing yet.
    pub fn hand(&self) -> Hand<'_> {
        Hand {
            writer: self,
            held: None,
        }
    }
}

impl<'w> Hand<'w> {
    /// Whose hand it is, with which nothing is held.
    pub fn let_go(&mut self) -> &'w Writer {
        self.held = None;
        self.writer
    }

    /// Writes a new file: part of a batch that [`Writer::flush`] ends.
    ///
    /// # Errors
    /// As [`Writer::write_file`]; also when something is there already.
    pub fn stage_file(&mut self, path: &str, bytes: &[u8], mode: u32, owner: (u32, u32)) -> Result<(), WriteError> {
        let place = self.place("write", path)?;
        let file = place.create(place.name)?;
        pass();
        fill(&file, bytes, mode, owner).map_err(|e| place.errno("write", e))?;
        self.writer.wrote(&place, &file)
    }

    /// Makes a new symbolic link: part of a batch that [`Writer::flush`] ends.
    ///
    /// # Errors
    /// As [`Hand::stage_file`].
    pub fn stage_symlink(&mut self, path: &str, target: &str) -> Result<(), WriteError> {
        let place = self.place("link", path)?;
        place.link(place.name, target)?;
        self.writer.renamed(&place)
    }

    /// Puts a staged entry in its place, in the same directory, until [`Writer::flush`] in memory alone, replacing whatever
    /// non-directory is there. `Ok(false)` when the staged entry is not there (any more).
    ///
    /// # Errors
    /// A directory is in its place, or the directory it is in is read-only.
    pub fn publish(&mut self, temporary: &str, path: &str) -> Result<bool, WriteError> {
        let Some(place) = self.place_if_there("write", path)? else {
            return Ok(false);
        };
        let name = temporary.rsplit('/').next().unwrap_or_default();
        match call(Change, || {
            renameat(&place.directory, name, &place.directory, place.name)
        }) {
            Ok(()) => self.writer.renamed(&place).map(|()| true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(place.errno("write", errno)),
        }
    }

    fn place<'a>(&mut self, what: &'static str, path: &'a str) -> Result<Place<'a>, WriteError> {
        self.place_if_there(what, path)?
            .ok_or_else(|| error(what, path, &Errno::ENOENT.desc()))
    }

    /// The place of `path` in the directory that is held; where that is another one, it is let go first.
    fn place_if_there<'a>(&mut self, what: &'static str, path: &'a str) -> Result<Option<Place<'a>>, WriteError> {
        let parent = parent_of(path);
        self.held.take_if(|held| held.path != parent);
        if let Some(held) = &self.held {
            let name = file_name(path).map_err(|e| error(what, path, &e))?;
            let directory = Arc::clone(&held.directory);
            return Ok(Some(Place { directory, name, path }));
        }
        let place = self.writer.place_if_there(what, path)?;
        self.held = place.as_ref().map(|place| Held {
            path: parent.to_owned(),
            directory: Arc::clone(&place.directory),
        });
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Root;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_directory_is_held_until_another_is_asked_for_or_the_way_to_it_changes() {
        let tree = tempfile::tempdir().unwrap();
        for directory in ["one", "two"] {
            std::fs::create_dir(tree.path().join(directory)).unwrap();
        }
        symlink("one", tree.path().join("link")).unwrap();
        let writer = Writer::new(Root::open(tree.path()).unwrap());
        let owner = (users::get_effective_uid(), users::get_effective_gid());
        let mut hand = writer.hand();
        let mut stage = |path: &str| hand.stage_file(path, b"x", 0o600, owner).unwrap();
        stage("/link/a");
        // What was found is what is written to.
        std::fs::rename(tree.path().join("one"), tree.path().join("moved")).unwrap();
        stage("/link/b");
        assert!(tree.path().join("moved/b").exists());
        assert!(hand.stage_file("/one/c", b"x", 0o600, owner).is_err());
        assert!(hand.stage_file("/link/c", b"x", 0o600, owner).is_err(), "it was let go");
        hand.stage_symlink("/new", "two").unwrap();
        std::fs::create_dir(tree.path().join("one")).unwrap();
        hand.stage_file("/link/c", b"x", 0o600, owner).unwrap();
        assert!(tree.path().join("one/c").exists());
        assert!(hand.publish("/new", "/link").unwrap());
        hand.stage_file("/link/d", b"x", 0o600, owner).unwrap();
        assert!(tree.path().join("two/d").exists(), "the way leads elsewhere now");
        assert!(!hand.publish("/link/gone", "/link/e").unwrap());
    }

    #[test]
    fn names_are_checked_in_a_held_directory_too() {
        let tree = tempfile::tempdir().unwrap();
        let writer = Writer::new(Root::open(tree.path()).unwrap());
        let owner = (users::get_effective_uid(), users::get_effective_gid());
        let mut hand = writer.hand();
        hand.stage_file("/a", b"x", 0o600, owner).unwrap();
        for path in ["/..", "/.", "/"] {
            assert!(hand.stage_file(path, b"x", 0o600, owner).is_err(), "{path}");
        }
        assert!(
            hand.stage_file("/a", b"x", 0o600, owner).is_err(),
            "it is there already"
        );
    }
}
