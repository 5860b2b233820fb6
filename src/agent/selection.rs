//! Which sources are searched, and the rules for them.

use crate::settings::Settings;
use crate::source::Choice;
use crate::system::System;

/// The owner's settings, and the sources to search: those of `--source`, of the kernel command line, or of the
/// settings; otherwise all.
///
/// # Errors
/// The settings can't be used, or what the machine was told names a source that there is not: what, and where.
pub fn selection(system: &System, said: Option<&Choice>) -> anyhow::Result<(Choice, Settings)> {
    let settings = Settings::of(&system.root)?;
    match said {
        Some(choice @ Choice::At(..)) => return Ok((choice.clone(), settings.of_a_person())),
        Some(choice) => return Ok((choice.clone(), settings)),
        None => {}
    }
    // This host's kernel command line doesn't apply to a tree.
    let words = match system.live {
        true => system.root.read_text("/proc/cmdline")?,
        false => None,
    };
    let told = Choice::from_kernel_words(&words.unwrap_or_default())?;
    let set = || settings.sources.clone().map(Choice::These);
    Ok((told.or_else(set).unwrap_or_default(), settings))
}
