//! The links that go with a unit.

use std::collections::BTreeSet;

use super::{InstallError, InstallLink};
use crate::system::systemd::links::{destination, file_name};
use crate::system::systemd::unit_file::CONFIG_DIRECTORY;
use crate::system::systemd::unit_name::UnitName;
use crate::system::{Kind, ReadError, Root};

/// The search depth for links in the configuration directory: its `.wants` directories are one level deep.
const DEPTH_LIMIT: usize = 4;

/// All links below the configuration directory that go once these names and paths are marked; a link to a link that goes,
/// goes as well.
pub(super) fn removals(root: &Root, mut marked: BTreeSet<String>) -> Result<Vec<InstallLink>, InstallError> {
    let links = links_below(root, CONFIG_DIRECTORY, DEPTH_LIMIT)?;
    let mut gone = BTreeSet::new();
    loop {
        let before = gone.len();
        for path in &links {
            if !gone.contains(path) && is_marked(root, path, &marked, &gone)? {
                gone.insert(path.clone());
                marked.insert(path.clone());
            }
        }
        if gone.len() == before {
            break;
        }
    }
    Ok(gone
        .into_iter()
        .map(|path| InstallLink { path, target: None })
        .collect())
}

fn is_marked(
    root: &Root,
    path: &str,
    marked: &BTreeSet<String>,
    gone: &BTreeSet<String>,
) -> Result<bool, InstallError> {
    if marked.contains(path) {
        return Ok(true);
    }
    let Ok(name) = UnitName::parse(file_name(path)) else {
        return Ok(false);
    };
    let template = name.template();
    if marked.contains(name.as_str()) || template.is_some_and(|template| marked.contains(template.as_str())) {
        return Ok(true);
    }
    let end = destination(root, path, gone)?;
    Ok(end.is_some_and(|end| marked.contains(&end) || marked.contains(file_name(&end))))
}

pub(super) fn links_below(root: &Root, place: &str, depth: usize) -> Result<Vec<String>, ReadError> {
    let mut links = Vec::new();
    for entry in root.list(place)? {
        let path = format!("{place}/{entry}");
        match root.metadata(&path)?.map(|m| m.kind) {
            Some(Kind::Symlink) => links.push(path),
            Some(Kind::Directory) if depth > 0 => links.extend(links_below(root, &path, depth - 1)?),
            _ => {}
        }
    }
    Ok(links)
}
