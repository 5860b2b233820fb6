//! What holds a whole seed: a directory, an image, or a file that a platform makes.

use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use super::diagnostic;
use crate::document::{Code, Diagnostic};
use crate::settings::Settings;
use crate::source::media::Volume;
use crate::source::{Choice, Name, Seed, Verdict, search};
use crate::system::Root;

/// The sources whose seeds can be a directory or an image.
const OF_A_PLACE: [Name; 4] = [Name::NoCloud, Name::ConfigDrive, Name::Ovf, Name::VMware];

/// The sources that may have a seed at `path`, if it is a directory or a file system image. A pipe can be read only once
/// and is not an image.
#[expect(clippy::disallowed_methods, reason = "the operator's own file, not the machine's")]
pub fn of_a_place(path: &Path) -> Option<&'static [Name]> {
    let there = std::fs::metadata(path).ok()?;
    let may_be_image = there.is_file() || there.file_type().is_block_device();
    let is_seed = there.is_dir() || (may_be_image && matches!(Volume::open(path), Ok(Some(_))));
    is_seed.then_some(&OF_A_PLACE)
}

/// The source of the file at `path`, if it is one that a platform makes: an OVF environment, or the `cust.cfg` of a VMware
/// customization.
#[expect(clippy::disallowed_methods, reason = "the operator's own file, not the machine's")]
pub fn of_a_platform(path: &Path, bytes: &[u8]) -> Option<&'static [Name]> {
    let text = bytes.trim_ascii_start();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b";"))?;
    let is_section = first
        .strip_prefix(b"[")
        .and_then(|rest| rest.strip_suffix(b"]"))
        .is_some_and(|name| {
            !name.is_empty()
                && name
                    .iter()
                    .all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'))
        });
    let source: &[Name] = match () {
        () if text.starts_with(b"<?xml") || text.starts_with(b"<Environment") => &[Name::Ovf],
        () if is_section => &[Name::VMware],
        () => return None,
    };
    path.is_file().then_some(source)
}

/// Whether this user may read what is at `path`, and the files in it if it is a directory: what can't be read can't be
/// judged.
#[expect(clippy::disallowed_methods, reason = "the operator's own file, not the machine's")]
pub fn may_be_read(path: &Path) -> bool {
    let opens = |path: &Path| std::fs::File::open(path).is_ok();
    match std::fs::read_dir(path) {
        Ok(entries) => entries
            .filter_map(Result::ok)
            .all(|entry| entry.file_type().is_ok_and(|kind| !kind.is_file()) || opens(&entry.path())),
        Err(_) => !path.is_dir() && opens(path),
    }
}

/// All parts of a seed, read by the first of the sources that recognises it.
///
/// # Errors
/// None of them can read it.
pub fn read(path: &Path, sources: &[Name], root: &Root) -> Result<Seed, Box<Diagnostic>> {
    let file = path.display().to_string();
    let rules = Settings::default().of_a_person().rules;
    let (mut nothing, mut broken) = (String::new(), None);
    for name in sources {
        match search(root, false, &Choice::At(*name, path.to_owned()), &rules) {
            Verdict::Present(seed) => return Ok(*seed),
            // It may be whole for another source.
            Verdict::Broken(fault) | Verdict::Unknown(fault) => {
                broken.get_or_insert(fault);
            }
            Verdict::Absent(why) if nothing.is_empty() => nothing = why,
            Verdict::Absent(_) => {}
        }
    }
    Err(Box::new(match broken {
        // What only VMware lacks says nothing about what it is.
        Some(fault) if nothing.is_empty() || sources.len() == 1 => diagnostic(&file, fault),
        _ => {
            let hint = "a seed has the files user-data and meta-data, or is a config drive or an OVF environment";
            Diagnostic::whole(&file, nothing, Some(hint.to_owned())).code(Code::Unreadable)
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_platform_makes_is_known_by_how_it_begins() {
        let path = tempfile::NamedTempFile::new().unwrap();
        for (text, source) in [
            ("<?xml version=\"1.0\"?>\n<Environment/>", Some(Name::Ovf)),
            ("\u{feff}<Environment xmlns=\"x\">", Some(Name::Ovf)),
            ("# made by vCenter\n\n[NIC-CONFIG]\r\nNICS = NIC1\n", Some(Name::VMware)),
            ("[1, 2]\n", None),
            ("[]\n", None),
            ("<<: *x\n", None),
            ("hostname: web1\n[NETWORK]\n", None),
            ("", None),
        ] {
            let found = of_a_platform(path.path(), text.as_bytes()).map(|found| found[0]);
            assert_eq!(found, source, "{text}");
            assert_eq!(of_a_platform(Path::new("-"), text.as_bytes()), None);
        }
    }
}
