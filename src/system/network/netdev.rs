//! Links that the kernel makes on request: bonds, bridges, VLANs.

use std::time::Duration;

use super::networkd;
use crate::system::Root;
use crate::system::command::{self, CommandError};

/// A link that another one is made of, or on top of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lower {
    /// Its name.
    pub name: String,
    /// The path of the `.network` file that networkd uses for it.
    pub network_file: Option<String>,
}

/// Deletes a link, and the links on top of it with it. Those that it was made of, or on top of: networkd has to look at
/// them again, although nothing of theirs has changed. A link that is hardware is left alone, and so is one that isn't
/// there.
///
/// # Errors
/// networkctl(1) can't be run, or fails.
pub async fn delete(root: &Root, name: &str, limit: Duration) -> Result<Vec<Lower>, CommandError> {
    let directory = format!("/sys/class/net/{name}");
    if !is_made(root, &directory)? {
        return Ok(Vec::new());
    }
    let below = below(root, &directory)?;
    let index = root.read_text(&format!("{directory}/ifindex"))?.unwrap_or_default();
    let program = command::locate(root, "networkctl")?;
    command::run(&[program, "delete".to_owned(), name.to_owned()], limit).await?;
    until_noticed(root, index.trim()).await?;
    Ok(below)
}

/// How often networkd is asked whether it knows that a link is gone, and how long there is between.
const ASKED: usize = 250;
const BETWEEN: Duration = Duration::from_millis(20);

/// Waits until networkd knows that the link with this index is gone: before, it would not make it again. What it says
/// afterwards shows whether it did.
async fn until_noticed(root: &Root, index: &str) -> Result<(), CommandError> {
    for _ in 0..ASKED {
        if !networkd::knows(root, index)? {
            break;
        }
        tokio::time::sleep(BETWEEN).await;
    }
    Ok(())
}

/// Whether the link is there, and not a device's.
fn is_made(root: &Root, directory: &str) -> Result<bool, CommandError> {
    Ok(root.exists(directory)? && !root.exists(&format!("{directory}/device"))?)
}

/// The links that it is made of, or on top of: `lower_eth0`, sysfs-class-net.
fn below(root: &Root, directory: &str) -> Result<Vec<Lower>, CommandError> {
    let names = root.list(directory)?;
    let mut below = Vec::new();
    for name in names.iter().filter_map(|name| name.strip_prefix("lower_")) {
        let index = root
            .read_text(&format!("/sys/class/net/{name}/ifindex"))?
            .unwrap_or_default();
        below.push(Lower {
            name: name.to_owned(),
            network_file: networkd::observe(root, index.trim()).and_then(|managed| managed.network_file),
        });
    }
    Ok(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_there_or_hardware_is_left_alone() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tree.path().join("sys/class/net/eth0/device")).unwrap();
        std::fs::create_dir_all(tree.path().join("sys/class/net/bond0/lower_eth0")).unwrap();
        let root = Root::open(tree.path()).unwrap();
        for name in ["eth0", "eth7"] {
            let links = delete(&root, name, Duration::from_secs(1)).await.unwrap();
            assert_eq!(links, [], "{name}");
        }
        assert!(is_made(&root, "/sys/class/net/bond0").unwrap());
        let below = below(&root, "/sys/class/net/bond0").unwrap();
        assert_eq!((below[0].name.as_str(), &below[0].network_file), ("eth0", &None));
        // There is no networkctl in this tree.
        assert!(delete(&root, "bond0", Duration::from_secs(1)).await.is_err());
    }
}
