//! A document that a person gives: a file, or standard input.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::{FILE, PART_LIMIT, Part, Seed};

/// The place of a document that came from standard input.
pub const STANDARD_INPUT: &str = "standard input";

/// Reads `path`, or standard input where it is `-`, as user-data. A document that is too large comes cut off one byte
/// behind the limit, so that reading it says so.
///
/// # Errors
/// It can't be read: what, and why.
#[expect(clippy::disallowed_methods, reason = "the operator's own file, not the machine's")]
pub fn read(path: &Path) -> Result<Seed, String> {
    let origin = if path == Path::new("-") {
        STANDARD_INPUT.to_owned()
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
    seed.user_data = Some(Part::new(origin, bytes));
    Ok(seed)
}

/// A plain file in a place that a person named, at most [`PART_LIMIT`] bytes; `None` if it doesn't exist.
///
/// # Errors
/// It is no plain file, is too large, or can't be read.
#[expect(clippy::disallowed_methods, reason = "the operator's own file, not the machine's")]
pub fn read_plain(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        // Opening a pipe would wait for somebody to write.
        Ok(metadata) if !metadata.is_file() => return Err(io::Error::other("not a plain file")),
        other => other?,
    };
    let mut bytes = Vec::new();
    File::open(path)?.take(PART_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > PART_LIMIT {
        let why = format!("it has more than the {PART_LIMIT} bytes that are read");
        return Err(io::Error::other(why));
    }
    Ok(Some(bytes))
}
