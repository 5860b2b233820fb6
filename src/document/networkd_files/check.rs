//! What networkd would pass over in a file, or not read at all: found before anything is touched.

use super::{NetworkdFile, NetworkdFileKind, keys};
use crate::document::problem::Problems;
use crate::document::systemd_file::{Item, Said, is_short, shown, walk};

/// Reports what is wrong with what a file says. No value is shown, and no name of one that may be a value.
pub fn check_contents(file: &NetworkdFile, problems: &mut Problems<'_>) {
    let kind = file.name.kind();
    let (mut sections, mut conditions) = (0, false);
    let mut said = Said::new(problems, &["contents"]);
    walk(
        file.contents.expose(),
        "networkd",
        &mut said,
        |said, number, item| match item {
            Item::Section(name) => {
                sections += 1;
                if !name.starts_with("X-") && keys::of_section(kind, name).is_none() {
                    let hint = is_short(name).then(|| keys::section_hint(kind, name)).flatten();
                    let name = shown(name, hint.is_some(), "[", "]");
                    said.warning(
                        number,
                        &format!("a .{} file has no section {name}", kind.suffix()),
                        hint,
                    );
                }
            }
            Item::Setting { section, key, value } => {
                conditions |= section == "Match" && !value.is_empty();
                let known = keys::of_section(kind, section);
                let is_known = |known: &[String]| known.iter().any(|known| known == key);
                if known.is_some_and(|known| !is_known(known)) && !key.starts_with("X-") {
                    let hint = is_short(key).then(|| keys::key_hint(kind, section, key)).flatten();
                    let key = shown(key, hint.is_some(), "", "=");
                    said.warning(
                        number,
                        &format!("[{section}] has no key {key}: networkd ignores it"),
                        hint,
                    );
                }
            }
        },
    );
    // An empty file hides one of the same name.
    if !conditions && sections > 0 {
        without_conditions(kind, problems);
    }
}

fn without_conditions(kind: NetworkdFileKind, problems: &mut Problems<'_>) {
    let (message, hint) = match kind {
        NetworkdFileKind::Network => (
            "it has no condition in [Match], so it applies to every link, including `lo`",
            "write `Name=*` in [Match] if you mean that",
        ),
        NetworkdFileKind::Link => (
            "it has no condition in [Match], so udev ignores it",
            "name the link in [Match], or use `OriginalName=*` for all",
        ),
        NetworkdFileKind::Netdev => return,
    };
    problems.warning(&["contents"], message, Some(hint));
}
