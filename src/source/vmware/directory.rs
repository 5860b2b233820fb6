//! Guestinfo as files, named as the keys: `guestinfo.userdata`, or `userdata`. For `--source vmware:DIR`.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::transport::{Transport, VALUE_LIMIT};

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

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, String> {
        for path in self.candidates(key) {
            let found = read(&path).map_err(|error| format!("{}: can't be read: {error}", path.display()))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// A plain file's bytes, `None` if it doesn't exist.
#[expect(clippy::disallowed_methods, reason = "the seed that the operator named")]
fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        // Opening a pipe would wait for somebody to write.
        Ok(metadata) if !metadata.is_file() => return Err(std::io::Error::other("not a plain file")),
        other => other?,
    };
    let mut bytes = Vec::new();
    File::open(path)?.take(VALUE_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > VALUE_LIMIT {
        let why = format!("it has more than the {VALUE_LIMIT} bytes that are read");
        return Err(std::io::Error::other(why));
    }
    Ok(Some(bytes))
}
