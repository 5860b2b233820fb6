//! Which sources are asked.

use crate::source::Choice;
use crate::system::System;

/// The sources to ask: those of `--source`, else those of the kernel command line, else all.
///
/// # Errors
/// What the machine was told names a source that there is not: what, and where.
pub fn selection(system: &System, said: Option<&Choice>) -> Result<Choice, String> {
    if let Some(choice) = said {
        return Ok(choice.clone());
    }
    // The words of this host's kernel are not for the machine in a tree.
    let words = match system.live {
        true => system
            .root
            .read_text("/proc/cmdline")
            .map_err(|error| error.to_string())?,
        false => None,
    };
    Ok(Choice::from_kernel_words(&words.unwrap_or_default())?.unwrap_or_default())
}
