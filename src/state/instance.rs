//! Which machine this is.

use super::{StateError, Store};
use crate::system::write::may_own;
use crate::system::{ReadError, Root};

/// The instance-id: the seed's own, otherwise made from the hypervisor's product UUID, otherwise from the machine-id,
/// so that a clone is a new machine. Under `--root` it is `offline`, because the tree boots elsewhere later.
///
/// # Errors
/// A file that should say it can't be read.
pub fn instance_id(own: Option<&str>, root: &Root, live: bool) -> Result<String, ReadError> {
    if let Some(own) = own {
        return Ok(own.to_owned());
    }
    if !live {
        return Ok("offline".to_owned());
    }
    for (path, prefix) in [
        ("/sys/class/dmi/id/product_uuid", "uuid"),
        ("/etc/machine-id", "machine"),
    ] {
        let value = match root.read_text(path) {
            // Only root can read the UUID; a plan by another user falls back to the next one.
            Err(_) if !may_own() => None,
            value => value?,
        };
        let value = value.unwrap_or_default().trim().to_ascii_lowercase();
        if !value.is_empty() && value != "uninitialized" && value.bytes().any(|b| b.is_ascii_hexdigit() && b != b'0') {
            return Ok(format!("{prefix}-{value}"));
        }
    }
    Ok("unknown".to_owned())
}

impl Store {
    /// The instance that the state was made for; `None` before the first boot.
    ///
    /// # Errors
    /// The state can't be read.
    pub fn instance(&self) -> Result<Option<String>, StateError> {
        let bytes = self.read(&Self::path("instance-id"))?;
        let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        Ok(text.filter(|id| !id.is_empty()))
    }

    /// Remembers the instance.
    ///
    /// # Errors
    /// The state directory can't be written.
    pub fn remember_instance(&self, id: &str) -> Result<(), StateError> {
        self.make(super::STATE_DIRECTORY)?;
        self.write(&Self::path("instance-id"), format!("{id}\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_id_comes_from() {
        let tree = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = tree.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let root = Root::open(tree.path()).unwrap();
        assert_eq!(instance_id(None, &root, true).unwrap(), "unknown");
        put("etc/machine-id", "uninitialized\n");
        assert_eq!(instance_id(None, &root, true).unwrap(), "unknown");
        put("etc/machine-id", "0123abcd\n");
        assert_eq!(instance_id(None, &root, true).unwrap(), "machine-0123abcd");
        put(
            "sys/class/dmi/id/product_uuid",
            "00000000-0000-0000-0000-000000000000\n",
        );
        assert_eq!(instance_id(None, &root, true).unwrap(), "machine-0123abcd");
        put("sys/class/dmi/id/product_uuid", "4C4C4544-0042\n");
        assert_eq!(instance_id(None, &root, true).unwrap(), "uuid-4c4c4544-0042");
        assert_eq!(instance_id(Some("i-1"), &root, true).unwrap(), "i-1");
        assert_eq!(instance_id(None, &root, false).unwrap(), "offline");
    }
}
