//! A host key to throw away: sshd doesn't look at its configuration without one, and on a first boot there is none yet.

use std::path::{Path, PathBuf};

use crate::system::command;

/// A host key in a directory that nobody else can look into. Both are gone when this is dropped.
#[derive(Debug)]
pub struct ScratchKey {
    directory: PathBuf,
    path: PathBuf,
}

impl ScratchKey {
    /// Makes one with this ssh-keygen.
    #[expect(clippy::disallowed_methods, reason = "only the running machine's sshd is asked")]
    pub async fn make(keygen: Option<PathBuf>) -> Result<Self, String> {
        let keygen = keygen.ok_or("it has no host keys yet, and ssh-keygen is not installed to make one")?;
        let directory = nix::unistd::mkdtemp("/run/firstlight-sshd-XXXXXX")
            .map_err(|errno| format!("can't make a directory in /run for a host key: {}", errno.desc()))?;
        let key = Self {
            path: directory.join("key"),
            directory,
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
            Err(format!("ssh-keygen made no host key: {}", output.stderr.trim()))
        }
    }

    /// Where the private key is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchKey {
    #[expect(clippy::disallowed_methods, reason = "only the running machine's sshd is asked")]
    fn drop(&mut self) {
        // /run is empty at the next boot: nothing is lost where this fails.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
