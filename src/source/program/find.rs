//! Which programs there are, and which of them may be run as root.

use std::collections::BTreeMap;

use super::DIRECTORIES;
use crate::source::Fault;
use crate::system::{Kind, Metadata, Root};

/// The most programs that are run.
const MAX: usize = 32;

/// A program that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Where it is.
    pub path: String,
    /// Why it is not run.
    pub refused: Option<Fault>,
}

impl Program {
    /// One that somebody answers for.
    pub fn at(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            refused: None,
        }
    }
}

/// The programs in [`DIRECTORIES`], by name. Hidden files don't count, and a link to `/dev/null` masks one.
///
/// # Errors
/// A directory can't be read, or somebody else than root may write to it; or there are too many.
pub fn programs(root: &Root) -> Result<Vec<Program>, Fault> {
    let mut by_name = BTreeMap::new();
    for directory in DIRECTORIES {
        let found = root.metadata_followed(directory)?;
        let Some(metadata) = found else { continue };
        if let Some(fault) = not_roots_alone(metadata) {
            return Err(fault.at(directory));
        }
        for name in root.list(directory)? {
            if !name.starts_with('.') {
                by_name.entry(name).or_insert(directory);
            }
        }
    }
    let paths = by_name
        .into_iter()
        .map(|(name, directory)| format!("{directory}/{name}"));
    let mut programs = Vec::new();
    for path in paths {
        if root
            .read_link(&path)
            .is_ok_and(|target| target.as_deref() == Some("/dev/null"))
        {
            continue;
        }
        let refused = refusal(root, &path);
        programs.push(Program { path, refused });
    }
    if programs.len() > MAX {
        let (count, directories) = (programs.len(), DIRECTORIES.join(" and "));
        return Err(Fault::lasting(format!(
            "{count} programs in {directories}: at most {MAX} are run"
        )));
    }
    Ok(programs)
}

/// Why the program is not to be run by root; `None` if it may be.
fn refusal(root: &Root, path: &str) -> Option<Fault> {
    let metadata = match root.metadata_followed(path) {
        Ok(Some(metadata)) => metadata,
        Ok(None) => return Some(Fault::lasting("is a dangling link").with_hint("remove it")),
        Err(error) => return Some(error.into()),
    };
    if metadata.kind != Kind::File {
        return Some(Fault::lasting("is not a program").with_hint("remove it"));
    }
    not_roots_alone(metadata).or_else(|| {
        let executable = metadata.mode & 0o111 != 0;
        (!executable).then(|| Fault::lasting("is not executable").with_hint("chmod 0755 it, or remove it"))
    })
}

/// Why root doesn't trust it; `None` if no one else can have written it.
fn not_roots_alone(metadata: Metadata) -> Option<Fault> {
    match metadata {
        Metadata { uid, .. } if uid != 0 => {
            let what = format!("belongs to user {uid}, not to root");
            Some(Fault::forbidden(what).with_hint("chown root it"))
        }
        Metadata { mode, .. } if mode & 0o022 != 0 => {
            let what = format!("others than root can write to it (mode {mode:04o})");
            Some(Fault::forbidden(what).with_hint("chmod go-w it"))
        }
        _ => None,
    }
}
