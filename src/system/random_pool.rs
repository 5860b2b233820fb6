//! The kernel's pool of random numbers. What is mixed in makes it no worse, whoever knows it: nothing is credited.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileTypeExt;

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use super::Root;

/// The pool's device.
pub const PATH: &str = "/dev/urandom";

/// Mixes bytes into the pool.
///
/// # Errors
/// There is no such device, or it doesn't take them; why, in words.
#[expect(
    clippy::disallowed_methods,
    reason = "a device is no file: nothing is read from it or kept in it"
)]
pub fn mix(root: &Root, bytes: &[u8]) -> Result<(), String> {
    let path = root.path().join(PATH.trim_start_matches('/'));
    let flags = OFlag::O_WRONLY | OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let opened = open(&path, flags, Mode::empty());
    let mut pool = File::from(opened.map_err(|errno| format!("can't open {PATH}: {}", errno.desc()))?);
    let is_device = pool.metadata().is_ok_and(|about| about.file_type().is_char_device());
    if !is_device {
        return Err(format!(
            "{PATH} is no device: a seed that is kept in a file is no secret"
        ));
    }
    pool.write_all(bytes)
        .map_err(|error| format!("can't write to {PATH}: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_kernel_takes_it() {
        let tree = tempfile::tempdir().unwrap();
        let root = Root::open(tree.path()).unwrap();
        std::fs::create_dir(tree.path().join("dev")).unwrap();
        let device = tree.path().join("dev/urandom");
        let error = mix(&root, b"seed").unwrap_err();
        assert!(error.contains("can't open /dev/urandom"), "{error}");
        std::fs::write(&device, "").unwrap();
        let error = mix(&root, b"seed").unwrap_err();
        assert!(error.contains("is no device"), "{error}");
        assert_eq!(std::fs::read(&device).unwrap(), b"");
        std::fs::remove_file(&device).unwrap();
        std::os::unix::fs::symlink(PATH, &device).unwrap();
        mix(&root, b"seed").unwrap();
    }
}
