//! Following links by hand, inside a root: where a path ends, even when nothing is there.

use std::collections::BTreeSet;

use crate::system::{ReadError, Root};

/// How many links are followed before it counts as a loop, as the kernel does (path_resolution(7)).
const LINK_LIMIT: usize = 40;

/// Where `path` leads once all links are followed; the end need not exist, and the paths in `gone` count as absent.
/// `None` when the links loop.
///
/// # Errors
/// A directory on the way may not be searched.
pub(super) fn destination(root: &Root, path: &str, gone: &BTreeSet<String>) -> Result<Option<String>, ReadError> {
    let mut ahead = reversed(path);
    let mut behind: Vec<String> = Vec::new();
    let mut followed = 0;
    while let Some(part) = ahead.pop() {
        if part == ".." {
            behind.pop();
            continue;
        }
        let here = format!("{}/{part}", absolute(&behind));
        let target = if gone.contains(&here) {
            None
        } else {
            root.read_link(&here)?
        };
        let Some(target) = target else {
            behind.push(part);
            continue;
        };
        followed += 1;
        if followed > LINK_LIMIT {
            return Ok(None);
        }
        if target.starts_with('/') {
            behind.clear();
        }
        ahead.extend(reversed(&target));
    }
    Ok(Some(absolute(&behind)))
}

/// The last component of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The path without its last component.
pub(super) fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

fn reversed(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.rev().map(str::to_owned).collect()
}

fn absolute(parts: &[String]) -> String {
    parts.iter().map(|part| format!("/{part}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_inside_the_root_to_places_that_need_not_exist() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tree.path().join("usr/lib/systemd")).unwrap();
        std::fs::create_dir_all(tree.path().join("etc")).unwrap();
        symlink("usr/lib", tree.path().join("lib")).unwrap();
        symlink("/lib/systemd/x", tree.path().join("etc/x")).unwrap();
        symlink("../../../dev/null", tree.path().join("etc/masked")).unwrap();
        symlink("loop", tree.path().join("etc/loop")).unwrap();
        symlink("x", tree.path().join("etc/y")).unwrap();
        let root = Root::open(tree.path()).unwrap();
        let end = |path: &str| destination(&root, path, &BTreeSet::new()).unwrap();
        assert_eq!(end("/etc/x").as_deref(), Some("/usr/lib/systemd/x"));
        assert_eq!(end("/etc/y").as_deref(), Some("/usr/lib/systemd/x"));
        assert_eq!(end("/etc/masked").as_deref(), Some("/dev/null"));
        assert_eq!(end("/etc/missing").as_deref(), Some("/etc/missing"));
        assert_eq!(end("/etc/loop"), None);
        let gone = BTreeSet::from(["/etc/x".to_owned()]);
        assert_eq!(destination(&root, "/etc/y", &gone).unwrap().as_deref(), Some("/etc/x"));
    }
}
