//! A host key to throw away: sshd doesn't look at its configuration without one, and on a first boot there is none yet.
//!
//! It is no secret, and needs none: whoever is asked `-t` or `-T` loads its keys and uses them for nothing. So it is a key
//! that everybody knows, which is written down instead of being made by ssh-keygen: that takes as long as a run of sshd.

use std::path::{Path, PathBuf};

use super::openssh_key;
use crate::system::scratch::ScratchDirectory;

/// Ed25519's first example, RFC 8032 §7.1: the private half.
const PRIVATE: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5,
    0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];

/// The public half.
const PUBLIC: [u8; 32] = [
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72,
    0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
];

/// The kind of key, as OpenSSH names it.
const KIND: &str = "ssh-ed25519";

/// A host key in a directory that nobody else can look into. Both are gone when this is dropped.
#[derive(Debug)]
pub struct ScratchKey {
    path: PathBuf,
    _directory: ScratchDirectory,
}

impl ScratchKey {
    /// Writes one down.
    ///
    /// # Errors
    /// It can't be written; why, in words.
    pub fn make() -> Result<Self, String> {
        let directory = ScratchDirectory::make("sshd")?;
        let path = directory.write("key", key_file().as_bytes())?;
        Ok(Self {
            path,
            _directory: directory,
        })
    }

    /// Where the private key is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The content of its file.
fn key_file() -> String {
    let both = [PRIVATE, PUBLIC].concat();
    openssh_key::file(KIND, &openssh_key::row(KIND, &[&PUBLIC]), &[&PUBLIC, &both], [0; 4])
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use base64ct::{Base64, Encoding};

    use super::*;

    /// OpenSSH itself reads the file, and finds the public half that belongs to the private one.
    #[test]
    fn it_is_a_key_that_openssh_reads() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        std::fs::write(&path, key_file()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let Ok(said) = Command::new("ssh-keygen").arg("-yf").arg(&path).output() else {
            return eprintln!("skipped: ssh-keygen is missing");
        };
        assert!(said.status.success(), "{said:?}");
        let public = Base64::encode_string(&openssh_key::row(KIND, &[&PUBLIC]));
        assert_eq!(
            String::from_utf8(said.stdout).unwrap().trim(),
            format!("ssh-ed25519 {public}")
        );
    }
}
