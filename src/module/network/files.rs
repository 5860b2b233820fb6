//! The `.network` and `.link` files that are on the machine, as networkd and udev see them: systemd.network(5).

use std::collections::BTreeMap;

use super::{DIRECTORY, PREFIX};
use crate::document::networkd_files::NetworkdFile as Written;
use crate::system::{Machine, ReadError};

/// Where the files are, the first directory with a name wins. `/lib` is for machines where it isn't `/usr/lib`.
const DIRECTORIES: [&str; 5] = [
    "/etc/systemd/network",
    "/run/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
    "/lib/systemd/network",
];

/// A file that networkd or udev uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkdFile {
    /// Its name, which decides the order.
    pub name: String,
    /// Its path.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// The files of others whose name ends in `suffix` (`.network`, `.link`), in the order in which they are tried, once `written` are
/// in `/etc/systemd/network`. Left out are those that one of the same name replaces, and masked ones: empty files and links
/// to `/dev/null`.
///
/// # Errors
/// A directory or a file can't be read.
pub fn effective(machine: &Machine<'_>, suffix: &str, written: &[Written]) -> Result<Vec<NetworkdFile>, ReadError> {
    let mut paths: BTreeMap<String, String> = BTreeMap::new();
    for directory in DIRECTORIES {
        for name in machine.root().list(directory)? {
            if name.ends_with(suffix) && !name.starts_with(PREFIX) {
                let path = format!("{directory}/{name}");
                paths.entry(name).or_insert(path);
            }
        }
    }
    let mut files = Vec::new();
    let written = written.iter().filter(|file| file.name.as_str().ends_with(suffix));
    let written: BTreeMap<String, &str> = written
        .map(|file| (file.name.as_str().to_owned(), file.contents.expose()))
        .collect();
    for name in written.keys() {
        paths.insert(name.clone(), format!("{DIRECTORY}/{name}"));
    }
    for (name, path) in paths {
        if let Some(text) = written.get(&name) {
            if !text.is_empty() {
                let text = (*text).to_owned();
                files.push(NetworkdFile { name, path, text });
            }
        } else if let Some(text) = read_unmasked(machine, &path)? {
            files.push(NetworkdFile { name, path, text });
        }
    }
    Ok(files)
}

/// The file's text; `None` when it masks the name, or is not a file.
fn read_unmasked(machine: &Machine<'_>, path: &str) -> Result<Option<String>, ReadError> {
    let root = machine.root();
    if root.read_link(path)?.as_deref() == Some("/dev/null") {
        return Ok(None);
    }
    let is_file = root
        .metadata_followed(path)?
        .is_some_and(|metadata| metadata.kind == crate::system::Kind::File && metadata.size > 0);
    if is_file { root.read_text(path) } else { Ok(None) }
}
