//! A directory to throw away, for files that a program of the machine is asked about.

use std::path::{Path, PathBuf};

/// A directory in `/run` that nobody else can look into. It is gone, with all that is in it, when this is dropped.
#[derive(Debug)]
pub struct ScratchDirectory {
    path: PathBuf,
}

impl ScratchDirectory {
    /// Creates one; `what` is part of its name.
    ///
    /// # Errors
    /// It can't be made; why, in words.
    #[expect(
        clippy::disallowed_methods,
        reason = "/run is the running machine's, and so is what is asked"
    )]
    pub fn make(what: &str) -> Result<Self, String> {
        let path = nix::unistd::mkdtemp(format!("/run/firstlight-{what}-XXXXXX").as_str())
            .map_err(|errno| format!("can't create a directory in /run: {}", errno.desc()))?;
        Ok(Self { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a file into it that nobody else can read, and returns its path.
    ///
    /// # Errors
    /// It can't be written; why, in words.
    #[expect(
        clippy::disallowed_methods,
        reason = "/run is the running machine's, and so is what is asked"
    )]
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, String> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let path = self.path.join(name);
        let mut options = std::fs::OpenOptions::new();
        let opened = options.write(true).create_new(true).mode(0o600).open(&path);
        let written = opened.and_then(|mut file| file.write_all(bytes));
        written.map_err(|error| format!("can't write {}: {error}", path.display()))?;
        Ok(path)
    }
}

impl Drop for ScratchDirectory {
    #[expect(
        clippy::disallowed_methods,
        reason = "/run is the running machine's, and so is what is asked"
    )]
    fn drop(&mut self) {
        // /run is empty at the next boot: nothing is lost where this fails.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
