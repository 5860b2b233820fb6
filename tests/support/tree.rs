//! Trees: built from a layout, and compared entry by entry.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

/// Where state lives: not part of what a rollback gives back.
const STATE: &str = "/var/lib/firstlight";

/// An entry of a tree, with everything that is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A file: content, mode, owner and group.
    File(Vec<u8>, u32, (u32, u32)),
    /// A directory: mode, owner and group.
    Directory(u32, (u32, u32)),
    /// A symbolic link: its target.
    Symlink(PathBuf),
    /// A device, a pipe or a socket: its mode with its type, owner and group.
    Special(u32, (u32, u32)),
}

/// A tree by path, firstlight's own state left out.
pub type Snapshot = BTreeMap<String, Entry>;

/// A place for a tree: in memory where there is such a place, since each run waits for its disk several times.
pub fn place() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    }
    .unwrap()
}

/// Builds the tree of a layout, and what `overlay` adds to it, in `target`. Modes and owners are those of the layout's
/// `.modes` file, else root's 0644 and 0755; owners only for who can set them.
pub fn build(layout: &str, overlay: Option<&Path>, target: &Path) {
    let layouts = Path::new("tests/layouts");
    copy(&layouts.join(layout), target);
    if let Some(overlay) = overlay.filter(|overlay| overlay.exists()) {
        copy(overlay, target);
    }
    for line in fs::read_to_string(layouts.join(format!("{layout}.modes")))
        .unwrap()
        .lines()
    {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [path, mode, owner] = fields.as_slice() else {
            continue;
        };
        if line.starts_with('#') {
            continue;
        }
        let path = target.join(path.trim_start_matches('/'));
        let (uid, gid) = owner.split_once(':').unwrap();
        if users::get_effective_uid() == 0 {
            chown(&path, Some(uid.parse().unwrap()), Some(gid.parse().unwrap())).unwrap();
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(u32::from_str_radix(mode, 8).unwrap())).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // Git keeps no empty directories: they hold this file.
        if entry.file_name() == ".keep" {
            continue;
        }
        let target = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path()).unwrap(), &target).unwrap();
        } else {
            fs::write(&target, fs::read(entry.path()).unwrap()).unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(0o644)).unwrap();
        }
    }
}

/// Everything in the tree at `root`, but firstlight's state.
pub fn snapshot(root: &Path) -> Snapshot {
    let mut found = Snapshot::new();
    walk(root, "", &mut found);
    found
}

fn walk(root: &Path, path: &str, found: &mut Snapshot) {
    for entry in fs::read_dir(root.join(path.trim_start_matches('/'))).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{path}/{}", entry.file_name().to_str().unwrap());
        if path == STATE {
            continue;
        }
        let metadata = fs::symlink_metadata(entry.path()).unwrap();
        let (mode, owner) = (metadata.mode() & 0o7777, (metadata.uid(), metadata.gid()));
        if metadata.is_dir() {
            found.insert(path.clone(), Entry::Directory(mode, owner));
            walk(root, &path, found);
        } else if metadata.is_symlink() {
            found.insert(path, Entry::Symlink(fs::read_link(entry.path()).unwrap()));
        } else if !metadata.is_file() {
            found.insert(path, Entry::Special(metadata.mode(), owner));
        } else {
            found.insert(path, Entry::File(fs::read(entry.path()).unwrap(), mode, owner));
        }
    }
}

/// What `after` has that `before` has not, as text: one block an entry. Days of today are written `TODAY`.
pub fn difference(before: &Snapshot, after: &Snapshot) -> String {
    let mut text = String::new();
    for (path, entry) in after {
        if before.get(path) == Some(entry) {
            continue;
        }
        match entry {
            Entry::Directory(mode, (uid, gid)) => text.push_str(&format!("==== {path}/ {mode:04o} {uid}:{gid}\n")),
            Entry::Special(mode, (uid, gid)) => {
                text.push_str(&format!("==== {path} {mode:06o} {uid}:{gid} (special)\n"));
            }
            Entry::Symlink(target) => text.push_str(&format!("==== {path} -> {}\n", target.display())),
            Entry::File(bytes, mode, (uid, gid)) => {
                text.push_str(&format!("==== {path} {mode:04o} {uid}:{gid}\n"));
                text.push_str(&String::from_utf8_lossy(bytes));
                if !bytes.is_empty() && !bytes.ends_with(b"\n") {
                    text.push_str("\n(no newline at the end)\n");
                }
            }
        }
    }
    for path in before.keys().filter(|path| !after.contains_key(*path)) {
        text.push_str(&format!("==== {path} is gone\n"));
    }
    text.replace(&today(), "TODAY")
}

/// Today, in days since 1970-01-01.
pub fn today() -> String {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    (since.as_secs() / 86_400).to_string()
}

/// Today, as `2026-11-28`.
pub fn date_of_today() -> String {
    let date = std::process::Command::new("date").args(["-u", "+%F"]).output().unwrap();
    String::from_utf8(date.stdout).unwrap().trim().to_owned()
}
