//! Files in the syntax of systemd.syntax(7): their lines, and what is wrong with them, found before anything is touched.

mod said;
pub mod syntax;

pub use said::{Said, is_short, shown};

use syntax::{What, lines};

/// What stands in a file, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A section begins.
    Section(&'a str),
    /// A setting in a section.
    Setting {
        /// The section.
        section: &'a str,
        /// The key.
        key: &'a str,
        /// The value.
        value: &'a str,
    },
}

/// Gives each section and each setting of a file to `each`, with the number of its line. What `reader` would pass over, or
/// not read at all, is reported.
pub fn walk(
    text: &str,
    reader: &str,
    said: &mut Said<'_, '_>,
    mut each: impl FnMut(&mut Said<'_, '_>, usize, Item<'_>),
) {
    let mut section: Option<String> = None;
    for line in lines(text) {
        let number = line.number;
        match (line.what, section.as_deref()) {
            (What::BrokenSection, _) => said.error(
                number,
                &format!("this section header has no closing `]`, so {reader} ignores the whole file"),
            ),
            (What::Nothing, _) => said.error(number, "this is neither `[Section]` nor `Key=value`"),
            (What::Assignment { .. }, None) => said.error(number, "this setting comes before any [Section]"),
            (What::Section(name), _) => {
                each(said, number, Item::Section(&name));
                section = Some(name);
            }
            (What::Assignment { key, value }, Some(section)) => {
                let (key, value) = (key.as_str(), value.as_str());
                each(said, number, Item::Setting { section, key, value });
            }
        }
    }
}
