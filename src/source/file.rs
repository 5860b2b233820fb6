//! A document that a person gives: a file, or standard input.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::{FILE, Fault, PART_LIMIT, Part, Seed};

/// The place of a document that came from standard input.
pub const STANDARD_INPUT: &str = "standard input";

/// Reads `path`, or standard input where it is `-`, as user-data. A document that is too large comes cut off one byte
/// past the limit, so that reading it reports that.
///
/// # Errors
/// It can't be read: what, and why.
#[expect(clippy::disallowed_methods, reason = "the operator's own file, not the machine's")]
pub fn read(path: &Path) -> Result<Seed, Fault> {
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
    result.map_err(|error| Fault {
        place: String::new(),
        what: format!("can't read {origin}: {error}"),
        ..Fault::unreadable(&origin, &error)
    })?;
    Ok(given(&origin, bytes))
}

/// These bytes as user-data, as if they had been read from `origin`.
pub fn given(origin: &str, bytes: Vec<u8>) -> Seed {
    let mut seed = Seed::empty(FILE, origin.to_owned());
    seed.user_data = Some(Part::new(origin.to_owned(), bytes));
    seed
}

/// A plain file in a place that a person named, at most [`PART_LIMIT`] bytes; `None` if it doesn't exist.
///
/// # Errors
/// It is not a plain file, is too large, or can't be read.
#[expect(clippy::disallowed_methods, reason = "the operator's own file, not the machine's")]
pub fn read_plain(path: &Path) -> Result<Option<Vec<u8>>, Fault> {
    let place = path.display().to_string();
    let unreadable = |error| Fault::unreadable(&place, &error);
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        // Opening a pipe would wait for somebody to write.
        Ok(metadata) if !metadata.is_file() => return Err(Fault::lasting("can't be read: not a plain file").at(&place)),
        other => other.map_err(unreadable)?,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(PART_LIMIT + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > PART_LIMIT {
        return Err(
            Fault::lasting(format!("can't be read: it has more than {PART_LIMIT} bytes, the limit")).at(&place),
        );
    }
    Ok(Some(bytes))
}
