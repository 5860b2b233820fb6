//! Contents of files, by SHA-256: those from before firstlight, and those that it wrote. They outlive the generations.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::{StateError, Store};
use crate::system::Writer;

/// The SHA-256 of some bytes, hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

impl Store {
    /// Saves these contents. They are on disk before anything that is written to the state later. Saved contents are
    /// not written again.
    ///
    /// # Errors
    /// The state directory can't be written.
    pub fn keep_contents<'a>(&self, contents: impl IntoIterator<Item = &'a [u8]>) -> Result<(), StateError> {
        let mut missing: BTreeMap<String, &[u8]> = BTreeMap::new();
        for bytes in contents {
            let name = digest(bytes);
            let is_there = self.read(&content_path(&name))?.is_some_and(|there| there == bytes);
            if !is_there {
                missing.insert(name, bytes);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        self.make(&directory())?;
        let mut hand = self.writer.hand();
        for (name, bytes) in missing {
            let path = content_path(&name);
            let temporary = Writer::temporary_beside(&path);
            hand.stage_file(&temporary, bytes, 0o600, super::current_owner())?;
            hand.publish(&temporary, &path)?;
        }
        Ok(())
    }

    /// The content with this digest; `None` if it was not saved.
    ///
    /// # Errors
    /// It can't be read, or is not what its name says.
    pub fn content(&self, name: &str) -> Result<Option<Vec<u8>>, StateError> {
        let path = content_path(name);
        match self.read(&path)? {
            Some(bytes) if digest(&bytes) != name => Err(StateError::Damaged {
                path,
                why: "its content does not match its name".to_owned(),
            }),
            found => Ok(found),
        }
    }

    /// Removes the contents that are not in `needed`, and leftovers of a crash.
    ///
    /// # Errors
    /// The state directory can't be read or written.
    pub(super) fn sweep_contents(&self, needed: &BTreeSet<String>) -> Result<(), StateError> {
        for name in self.root.list(&directory())? {
            if !needed.contains(&name) {
                self.writer.discard(&content_path(&name))?;
            }
        }
        Ok(())
    }
}

fn directory() -> String {
    Store::path("contents")
}

fn content_path(name: &str) -> String {
    format!("{}/{name}", directory())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Root;

    #[test]
    fn contents_are_kept_once_checked_and_swept() {
        let tree = tempfile::tempdir().unwrap();
        let store = Store::new(Root::open(tree.path()).unwrap());
        let (a, b) = (digest(b"a"), digest(b"\x00\xff"));
        assert_eq!(a, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
        store.keep_contents([&b"a"[..], b"\x00\xff", b"a"]).unwrap();
        assert_eq!(store.content(&b).unwrap().as_deref(), Some(&b"\x00\xff"[..]));
        assert_eq!(store.content(&digest(b"other")).unwrap(), None);
        // A crash may have left a name without its content.
        std::fs::write(tree.path().join("var/lib/firstlight/contents").join(&a), "").unwrap();
        assert!(store.content(&a).unwrap_err().to_string().contains("damaged"));
        store.keep_contents([&b"a"[..]]).unwrap();
        assert_eq!(store.content(&a).unwrap().as_deref(), Some(&b"a"[..]));
        store.sweep_contents(&BTreeSet::from([b.clone()])).unwrap();
        assert_eq!(store.content(&a).unwrap(), None);
        assert!(store.content(&b).unwrap().is_some());
    }
}
