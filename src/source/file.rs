//! A document that a person gives: a file, or standard input.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{FILE, PART_LIMIT, Part, Seed};

/// Reads `path`, or standard input where it is `-`, as user-data. A document that is too large comes cut off one byte
/// behind the limit, so that reading it says so.
///
/// # Errors
/// It can't be read: what, and why.
#[expect(clippy::disallowed_methods, reason = "the operator's own file, not the machine's")]
pub fn read(path: &Path) -> Result<Seed, String> {
    let origin = if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let mut bytes = Vec::new();
    let limit = PART_LIMIT + 1;
    let result = if path == Path::new("-") {
        std::io::stdin().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    result.map_err(|error| format!("can't read {origin}: {error}"))?;
    let mut seed = Seed::empty(FILE, origin.clone());
    seed.user_data = Some(Part { origin, bytes });
    Ok(seed)
}
