//! The directories on the way to files that are not there: whom they belong to.

use std::collections::BTreeMap;

use super::homes::Homes;
use super::{Change, DirectoryChange, FileChange};
use crate::system::write::{may_own, parent_of};
use crate::system::{Kind, Machine};

/// The owner and the mode of a directory that is made.
#[derive(Debug, Clone, Copy)]
struct Made {
    owner: (u32, u32),
    mode: u32,
}

/// The files with the directories on the way to them that are not there. As with cloud-init these belong to whom the file
/// does, and to root where files of several are below: no account gets control over another's files. Below a user's
/// directory they are that user's: nothing is written where a user's directory leads to another's.
pub(super) fn with_directories(files: Vec<FileChange>, machine: &Machine<'_>) -> Vec<Change> {
    with_directories_and(files, &[], machine)
}

/// The same, where somebody's files at `others` come later.
pub(super) fn with_directories_and(files: Vec<FileChange>, others: &[&str], machine: &Machine<'_>) -> Vec<Change> {
    let mut missing: BTreeMap<String, Made> = BTreeMap::new();
    let of_others = others.iter().map(|path| (*path, (0, 0)));
    let of_files = files.iter().map(|file| {
        let owner = file.content.as_ref().map_or((0, 0), |content| content.owner);
        (file.path.as_str(), owner)
    });
    for (path, owner) in of_others.chain(of_files) {
        for (directory, made) in to_make(path, owner, machine) {
            let earlier = missing.entry(directory.to_owned()).or_insert(made);
            if earlier.owner.0 != made.owner.0 {
                earlier.owner = (0, 0);
            }
        }
    }
    let mut changes = Vec::new();
    for file in files {
        let mut on_the_way = Vec::new();
        let mut directory = parent_of(&file.path);
        while let Some(Made { owner, mode }) = missing.remove(directory) {
            on_the_way.push(Change::Directory(DirectoryChange {
                path: directory.to_owned(),
                mode,
                owner,
                on_the_way: true,
            }));
            directory = parent_of(directory);
        }
        changes.extend(on_the_way.into_iter().rev());
        changes.push(Change::File(file));
    }
    changes
}

/// The directories to make for a file of this owner, the outermost first.
fn to_make<'a>(path: &'a str, owner: (u32, u32), machine: &Machine<'_>) -> Vec<(&'a str, Made)> {
    let mut missing = missing_parents(path, machine);
    missing.reverse();
    let Some(outermost) = missing.first() else {
        return Vec::new();
    };
    let homes = Homes::read(machine).unwrap_or_default();
    let mut user = user_of(parent_of(outermost), machine);
    let made = missing.into_iter().map(|directory| {
        let is_home = user.is_none() && homes.owner(directory).is_some();
        if is_home {
            user = homes.owner(directory);
        }
        let made = Made {
            // The file's group, where the user is the same.
            owner: user.filter(|user| is_home || user.0 != owner.0).unwrap_or(owner),
            mode: if is_home { homes.mode } else { 0o755 },
        };
        (directory, made)
    });
    made.collect()
}

/// The user whose directory this is; `None` where it is root's.
fn user_of(directory: &str, machine: &Machine<'_>) -> Option<(u32, u32)> {
    let there = machine.metadata(directory).ok().flatten()?;
    (may_own() && there.uid != 0).then_some((there.uid, there.gid))
}

/// The directories on the way to `path` that are not there, the nearest first; none where something else is in the way:
/// that is said of the file.
fn missing_parents<'a>(path: &'a str, machine: &Machine<'_>) -> Vec<&'a str> {
    let mut missing = Vec::new();
    let mut directory = parent_of(path);
    while directory != "/" {
        let there = machine.root().metadata(directory);
        match there.map(|there| there.map(|there| there.kind)) {
            Ok(None) => missing.push(directory),
            Ok(Some(Kind::Directory)) => break,
            // What a link leads to is there, or it is in the way.
            Ok(Some(Kind::Symlink)) if machine.root().exists(directory).unwrap_or(false) => break,
            _ => return Vec::new(),
        }
        directory = parent_of(directory);
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Facts, Root};
    use std::os::unix::fs::chown;

    /// The directories that are made for these files, each with its mode and owner.
    fn made(files: &[(&str, (u32, u32))]) -> Vec<String> {
        let tree = tempfile::tempdir().unwrap();
        let at = |path: &str| tree.path().join(path);
        for directory in ["etc", "home/bob", "srv"] {
            std::fs::create_dir_all(at(directory)).unwrap();
        }
        chown(at("home/bob"), Some(1000), Some(1001)).unwrap();
        let passwd =
            "root:x:0:0::/root:/bin/sh\napp:x:990:991::/srv/app:/bin/false\namy:x:1002:1003::/home/amy/:/bin/sh\n";
        std::fs::write(at("etc/passwd"), passwd).unwrap();
        std::fs::write(at("etc/login.defs"), "HOME_MODE 0700\n").unwrap();
        let (root, facts) = (Root::open(tree.path()).unwrap(), Facts::default());
        let files = files.iter().map(|(path, owner)| {
            let mut file = FileChange::write(*path, "x", 0o644);
            file.content.as_mut().unwrap().owner = *owner;
            file
        });
        let changes = with_directories(files.collect(), &Machine::new(&root, &facts));
        let shown = changes.into_iter().filter_map(|change| match change {
            Change::Directory(d) => Some(format!("{} {:o} {}:{}", d.path, d.mode, d.owner.0, d.owner.1)),
            _ => None,
        });
        shown.collect()
    }

    #[test]
    fn below_a_users_directory_they_are_that_users() {
        if !crate::skip::is_root("others can't give directories away") {
            return;
        }
        assert_eq!(
            made(&[("/home/bob/bin/tool", (0, 0)), ("/home/bob/bin/other", (7, 7))]),
            ["/home/bob/bin 755 1000:1001"]
        );
        assert_eq!(
            made(&[("/home/bob/.config/a/b", (1000, 5))]),
            ["/home/bob/.config 755 1000:5", "/home/bob/.config/a 755 1000:5"]
        );
        assert_eq!(made(&[("/srv/x/y", (7, 7))]), ["/srv/x 755 7:7"]);
    }

    #[test]
    fn the_home_of_a_person_that_is_missing_is_that_persons() {
        if !crate::skip::is_root("others can't give directories away") {
            return;
        }
        assert_eq!(
            made(&[("/home/amy/bin/tool", (0, 0))]),
            ["/home/amy 700 1002:1003", "/home/amy/bin 755 1002:1003"]
        );
        assert_eq!(made(&[("/srv/app/conf", (0, 0))]), ["/srv/app 755 0:0"]);
    }
}
