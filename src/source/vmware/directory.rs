//! Guestinfo as files, named as the keys: `guestinfo.userdata`, or `userdata`. For `--source vmware:DIR`.

use std::path::{Path, PathBuf};

use super::transport::Transport;
use crate::source::Fault;
use crate::source::file::read_plain;

/// A directory with a file for each key.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// The directory at `path`.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    fn candidates(&self, key: &str) -> [PathBuf; 2] {
        [self.path.join(format!("guestinfo.{key}")), self.path.join(key)]
    }
}

impl Transport for Directory {
    fn name(&self) -> &'static str {
        "directory"
    }

    #[expect(clippy::disallowed_methods, reason = "the seed that the operator named")]
    fn origin(&self, key: &str) -> String {
        let [long, short] = self.candidates(key);
        let path = if long.exists() { long } else { short };
        path.display().to_string()
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        for path in self.candidates(key) {
            let found = read_plain(&path)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}
