//! The file's bytes, if only the owner can have written them. A file that may contain restrictions is never treated as
//! absent.

use super::PATH;
use crate::system::trust::written_by_others;
use crate::system::{Kind, ReadError, Root};

/// Where the file is.
const DIRECTORY: &str = "/etc/firstlight";

/// What is wrong, and what to do.
type Refusal = (String, Option<String>);

/// The bytes of the file; `None` where there is nothing of that name.
///
/// # Errors
/// Something else is there, it can't be read, or others than root can write it.
pub fn bytes(root: &Root) -> Result<Option<Vec<u8>>, Refusal> {
    for (path, wanted) in [(DIRECTORY, Kind::Directory), (PATH, Kind::File)] {
        if root.metadata(path).map_err(unreadable)?.is_none() {
            return Ok(None);
        }
        let found = root.metadata_followed(path).map_err(unreadable)?;
        let what = match found.map(|found| found.kind) {
            None => "is a dangling link",
            Some(kind) if kind == wanted => continue,
            Some(_) if wanted == Kind::File => "is not a regular file",
            Some(_) => "is not a directory",
        };
        return Err((
            format!("{path} {what}"),
            Some(format!("remove it, or put the {} there", noun(wanted))),
        ));
    }
    if let Some(why) = written_by_others(root, PATH).map_err(unreadable)? {
        return Err((why, None));
    }
    root.read(PATH).map_err(unreadable)
}

fn noun(wanted: Kind) -> &'static str {
    match wanted {
        Kind::Directory => "directory itself",
        _ => "file itself",
    }
}

fn unreadable(error: ReadError) -> Refusal {
    (error.to_string(), None)
}
