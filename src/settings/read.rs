//! Decodes the file into settings and reports all problems with their places.

use super::form::{Form, RESTRICTING};
use super::{Invalid, Settings};
use crate::document::{Code, Diagnostic, Text, read_alone};

/// The size limit: more than any settings need.
const LIMIT: usize = 1024 * 1024;

/// Reads the file, which is `origin`. An empty one says nothing.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(origin: &str, bytes: &[u8]) -> Result<Settings, Invalid> {
    if bytes.len() > LIMIT {
        let hint = Some("settings have at most 1 MiB".to_owned());
        let told = Diagnostic::whole(origin, "the file is too large", hint);
        return Err(Invalid(vec![told.code(Code::TooLarge)]));
    }
    let text = Text::new(origin, bytes);
    read_alone(text, &RESTRICTING, Form::settings).map_err(Invalid)
}
