//! Whether what a file says can only be root's word.

use super::{Kind, Metadata, ReadError, Root};

/// How many links are followed, each of which must be root's too.
const LINK_LIMIT: usize = 8;

/// Why the file at `path` may say what somebody else than root wrote, and what to do; `None` if nobody else can have
/// written or replaced it, and where it doesn't exist. The directory that it is in counts, and so does what links lead to.
///
/// The owner and the group of the root directory count as root's: a tree may be built by anybody.
///
/// # Errors
/// It can't be looked at.
pub fn written_by_others(root: &Root, path: &str) -> Result<Option<String>, ReadError> {
    let mut path = path.to_owned();
    for _ in 0..LINK_LIMIT {
        let Some(own) = root.metadata(&path)? else {
            return Ok(None);
        };
        let directory = path.rsplit_once('/').map_or("/", |(directory, _)| directory).to_owned();
        let around = root.metadata_followed(match directory.as_str() {
            "" => "/",
            directory => directory,
        })?;
        let found = around.map(|around| (around, directory.as_str()));
        for (metadata, path) in found.into_iter().chain([(own, path.as_str())]) {
            if let Some(why) = of_others(root, metadata)? {
                return Ok(Some(format!("{path} {} {path}", why)));
            }
        }
        let Some(target) = root.read_link(&path)? else {
            return Ok(None);
        };
        path = match target.starts_with('/') {
            true => target,
            false => format!("{directory}/{target}"),
        };
    }
    Ok(Some(format!(
        "{path} is one of too many links; put the file itself there, not a link to it,"
    )))
}

/// What is wrong, up to the path that ends the advice.
fn of_others(root: &Root, metadata: Metadata) -> Result<Option<String>, ReadError> {
    let trusted = root.metadata("/")?.map_or((0, 0), |top| (top.uid, top.gid));
    let Metadata {
        uid, gid, mode, kind, ..
    } = metadata;
    if uid != 0 && uid != trusted.0 {
        return Ok(Some(format!(
            "belongs to the user with ID {uid}, not to root; run chown -h root:root"
        )));
    }
    let by_group = mode & 0o020 != 0 && gid != 0 && gid != trusted.1;
    // What a link's mode says means nothing.
    let writable = kind != Kind::Symlink && (by_group || mode & 0o002 != 0);
    Ok(writable.then(|| format!("can be written by users other than root (mode {mode:04o}); run chmod go-w")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    #[test]
    fn whoever_else_may_write_is_named() {
        let tree = tempfile::tempdir().unwrap();
        let at = |path: &str| tree.path().join(path);
        let root = Root::open(tree.path()).unwrap();
        std::fs::set_permissions(tree.path(), PermissionsExt::from_mode(0o755)).unwrap();
        for directory in ["etc", "free", "home"] {
            std::fs::create_dir(at(directory)).unwrap();
            std::fs::set_permissions(at(directory), PermissionsExt::from_mode(0o755)).unwrap();
            std::fs::write(at(directory).join("file"), "").unwrap();
            std::fs::set_permissions(at(directory).join("file"), PermissionsExt::from_mode(0o644)).unwrap();
        }
        std::fs::set_permissions(at("free"), PermissionsExt::from_mode(0o1777)).unwrap();
        std::fs::write(at("etc/all"), "").unwrap();
        std::fs::set_permissions(at("etc/all"), PermissionsExt::from_mode(0o646)).unwrap();
        symlink("file", at("etc/link")).unwrap();
        symlink("/free/file", at("etc/free")).unwrap();
        symlink("../free/file", at("etc/up")).unwrap();
        symlink("circle", at("etc/circle")).unwrap();
        for (path, words) in [
            ("/etc/file", ""),
            ("/etc/link", ""),
            ("/etc/none", ""),
            ("/none/none", ""),
            (
                "/free/file",
                "/free can be written by users other than root (mode 1777); run chmod go-w /free",
            ),
            ("/etc/free", "chmod go-w /free"),
            ("/etc/up", "chmod go-w /etc/../free"),
            (
                "/etc/all",
                "/etc/all can be written by users other than root (mode 0646); run chmod go-w /etc/all",
            ),
        ] {
            let why = written_by_others(&root, path).unwrap().unwrap_or_default();
            assert!(
                why.contains(words) && why.is_empty() == words.is_empty(),
                "{path}: {why}"
            );
        }
        assert!(written_by_others(&root, "/etc/circle").is_ok_and(|why| why.is_some()));
        // Only root can give a file away.
        if chown(at("home"), Some(1234), Some(1234)).is_ok() {
            let why = written_by_others(&root, "/home/file").unwrap().unwrap_or_default();
            assert!(
                why.contains("/home belongs to the user with ID 1234") && why.ends_with("chown -h root:root /home"),
                "{why}"
            );
        }
    }
}
