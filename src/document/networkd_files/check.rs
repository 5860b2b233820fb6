//! What networkd would pass over in a file, or not read at all: found before anything is touched.

use super::syntax::{What, lines};
use super::{NetworkdFile, NetworkdFileKind, keys};
use crate::document::problem::Problems;

/// How much is said of one file.
const SAID_MAX: usize = 10;

/// The longest name of a section or a key that is shown.
const SHOWN_MAX: usize = 40;

/// Reports what is wrong with what a file says. No value is shown, and no name of one that may be a value.
pub fn check_contents(file: &NetworkdFile, problems: &mut Problems<'_>) {
    let kind = file.name.kind();
    let mut said = Said { problems, count: 0 };
    let mut section: Option<String> = None;
    let mut conditions = false;
    for line in lines(file.contents.expose()) {
        let number = line.number;
        match (line.what, section.as_deref()) {
            (What::BrokenSection, _) => said.error(
                number,
                "this section header has no closing `]`, so networkd ignores the whole file",
            ),
            (What::Nothing, _) => said.error(number, "this is neither `[Section]` nor `Key=value`"),
            (What::Assignment { .. }, None) => said.error(number, "this setting comes before any [Section]"),
            (What::Section(name), _) => {
                if !name.starts_with("X-") && keys::of_section(kind, &name).is_none() {
                    let hint = is_short(&name).then(|| keys::section_hint(kind, &name)).flatten();
                    let name = shown(&name, hint.is_some(), "[", "]");
                    said.warning(
                        number,
                        &format!("a .{} file has no section {name}", kind.suffix()),
                        hint,
                    );
                }
                section = Some(name);
            }
            (What::Assignment { key, value }, Some(name)) => {
                conditions |= name == "Match" && !value.is_empty();
                let known = keys::of_section(kind, name);
                if known.is_some_and(|known| !known.contains(&key)) && !key.starts_with("X-") {
                    let hint = is_short(&key).then(|| keys::key_hint(kind, name, &key)).flatten();
                    let key = shown(&key, hint.is_some(), "", "=");
                    said.warning(number, &format!("[{name}] has no key {key}: networkd ignores it"), hint);
                }
            }
        }
    }
    // An empty file hides one of the same name.
    if !conditions && section.is_some() {
        said.without_conditions(kind);
    }
}

fn is_short(name: &str) -> bool {
    name.len() <= SHOWN_MAX
}

/// The name, if it is one: a word, or close to one that is known. A secret may be where a name should be.
fn shown(name: &str, is_close: bool, before: &str, behind: &str) -> String {
    let is_word = is_short(name) && name.bytes().all(|b| b.is_ascii_alphabetic());
    match is_word || is_close {
        true => format!("{before}{}{behind}", name.escape_debug()),
        false => "of that name".to_owned(),
    }
}

/// What is said of one file, of which there is not too much.
struct Said<'p, 'f> {
    problems: &'p mut Problems<'f>,
    count: usize,
}

impl Said<'_, '_> {
    fn error(&mut self, number: usize, what: &str) {
        self.count += 1;
        if self.count <= SAID_MAX {
            let hint = Some("see systemd.syntax(7), or make the line a comment with `#`");
            self.problems
                .error(&["contents"], format!("line {number}: {what}"), hint);
        }
    }

    fn warning(&mut self, number: usize, what: &str, hint: Option<String>) {
        self.count += 1;
        if self.count <= SAID_MAX {
            let message = format!("line {number}: {what}");
            self.problems.warning(&["contents"], message, hint.as_deref());
        }
    }

    fn without_conditions(&mut self, kind: NetworkdFileKind) {
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
        self.problems.warning(&["contents"], message, Some(hint));
    }
}
