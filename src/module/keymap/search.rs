//! Whether the machine has a keymap of the text console.

use crate::system::{Machine, Metadata, ReadError};

/// Where keymaps are, by distribution.
const DIRECTORIES: [&str; 4] = [
    "/usr/share/keymaps",
    "/usr/share/kbd/keymaps",
    "/usr/lib/kbd/keymaps",
    "/lib/kbd/keymaps",
];

/// How deep below them and among how many names a keymap is looked for.
const DEPTH: u32 = 4;
const NAMES: usize = 10_000;

/// What became of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It is there.
    Yes,
    /// The machine has keymaps, but not this one.
    No,
    /// It has none at all, or too many: that can't be told.
    Unknown,
}

/// Looks for the keymap of this name.
///
/// # Errors
/// A directory can't be read.
pub fn find(name: &str, machine: &Machine<'_>) -> Result<Found, ReadError> {
    let mut search = Search {
        file: format!("{name}.map"),
        left: NAMES,
    };
    for directory in DIRECTORIES {
        if search.is_below(directory, DEPTH, machine)? {
            return Ok(Found::Yes);
        }
    }
    Ok(match search.left {
        0 | NAMES => Found::Unknown,
        _ => Found::No,
    })
}

/// A search for the file of a keymap.
struct Search {
    file: String,
    left: usize,
}

impl Search {
    fn is_below(&mut self, directory: &str, depth: u32, machine: &Machine<'_>) -> Result<bool, ReadError> {
        for name in machine.root().list(directory)? {
            let Some(left) = self.left.checked_sub(1) else {
                return Ok(false);
            };
            self.left = left;
            if name.strip_suffix(".gz").unwrap_or(&name) == self.file {
                return Ok(true);
            }
            // Directories of keymaps have no dot in their names.
            let below = format!("{directory}/{name}");
            let is_directory = |m: Metadata| m.kind == crate::system::Kind::Directory;
            if depth > 1
                && !name.contains('.')
                && machine.root().metadata(&below)?.is_some_and(is_directory)
                && self.is_below(&below, depth - 1, machine)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
