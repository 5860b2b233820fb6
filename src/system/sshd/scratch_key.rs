//! A host key to throw away: sshd doesn't look at its configuration without one, and on a first boot there is none yet.

use std::path::{Path, PathBuf};

use crate::system::command;
use crate::system::scratch::ScratchDirectory;

/// A host key in a directory that nobody else can look into. Both are gone when this is dropped.
#[derive(Debug)]
pub struct ScratchKey {
    path: PathBuf,
    _directory: ScratchDirectory,
}

impl ScratchKey {
    /// Makes one with this ssh-keygen.
    pub async fn make(keygen: Option<PathBuf>) -> Result<Self, String> {
        let keygen = keygen.ok_or("it has no host keys yet, and ssh-keygen is not installed to create one")?;
        let directory = ScratchDirectory::make("sshd")?;
        let key = Self {
            path: directory.path().join("key"),
            _directory: directory,
        };
        let (keygen, path) = (keygen.display().to_string(), key.path.display().to_string());
        let argv = [
            keygen.as_str(),
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            "",
            "-f",
            path.as_str(),
        ];
        let argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
        let output = command::output(&argv, super::TIME_LIMIT)
            .await
            .map_err(|error| error.to_string())?;
        if output.success() {
            Ok(key)
        } else {
            Err(format!("ssh-keygen created no host key: {}", output.stderr.trim()))
        }
    }

    /// Where the private key is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
