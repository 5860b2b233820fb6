//! The form of `cust.cfg`: sections, `KEY = VALUE`, lists as `KEY|1`, `KEY|2`. Keys that begin with `-` hold secrets.

use std::collections::{HashMap, HashSet};

use zeroize::Zeroizing;

use crate::document::flag::flag;
use crate::source::Fault;
pub use crate::source::lenient::Wrong;

/// The largest file that is read, in bytes.
const SIZE_LIMIT: usize = 256 * 1024;

/// The file, taken apart.
pub struct Ini {
    origin: String,
    entries: Vec<Entry>,
    /// What is wrong with its form.
    pub wrong: Vec<Wrong>,
    /// The sections in which a line can't be read, or two differ.
    damaged: HashSet<String>,
}

/// One setting, and its place.
pub struct Entry {
    /// The section it is in.
    pub section: String,
    /// Its key, a list's with the number: `SUFFIX|1`.
    pub key: String,
    /// Its value, without quotes. It may be a secret, and is never to be shown.
    pub value: Zeroizing<String>,
    /// Its line, from 1.
    pub line: usize,
}

/// One line of the file.
enum Line<'a> {
    Nothing,
    Section(&'a str),
    Setting(&'a str, &'a str),
    /// Any other line, which may have been meant as the start of a section.
    Wrong(&'static str, bool),
}

impl Entry {
    /// The key without the number that it has in a list.
    pub fn name(&self) -> &str {
        self.key.split('|').next().unwrap_or_default()
    }
}

fn line(bytes: &[u8]) -> Line<'_> {
    let Ok(line) = std::str::from_utf8(bytes) else {
        return Line::Wrong("the line is not UTF-8", false);
    };
    let line = line.trim_start_matches('\u{feff}').trim();
    if line.is_empty() || line.starts_with(['#', ';']) {
        return Line::Nothing;
    }
    match (line.strip_prefix('['), line.split_once('=')) {
        (Some(name), _) => match name.strip_suffix(']').map(str::trim) {
            Some(name) if !name.is_empty() => Line::Section(name),
            _ => Line::Wrong("the line is not a section: write [NAME]", true),
        },
        (None, Some((key, value))) => Line::Setting(key.trim(), unquoted(value.trim())),
        (None, None) => Line::Wrong("the line is neither a section nor KEY = VALUE", false),
    }
}

impl Ini {
    /// Takes the file apart. `origin` is its path, for errors. A line that can't be read is reported and left out, and so
    /// are two settings that contradict each other.
    ///
    /// # Errors
    /// It is too large, or has no setting in it.
    pub fn parse(bytes: &[u8], origin: &str) -> Result<Self, Fault> {
        if bytes.len() > SIZE_LIMIT {
            let what = format!("has more than {SIZE_LIMIT} bytes, the limit");
            return Err(Fault::lasting(what).at(origin));
        }
        let mut ini = Self {
            origin: origin.to_owned(),
            entries: Vec::new(),
            wrong: Vec::new(),
            damaged: HashSet::new(),
        };
        let mut seen: HashMap<(String, String), usize> = HashMap::new();
        let mut section: Option<String> = None;
        // What stands below a section whose name is lost is lost too, and said once.
        let mut is_lost = false;
        for (number, bytes) in bytes.split(|byte| *byte == b'\n').enumerate() {
            match (line(bytes), &section) {
                (Line::Nothing, _) => {}
                (Line::Section(name), _) => (section, is_lost) = (Some(name.to_owned()), false),
                (Line::Wrong(what, is_section), _) => {
                    let around = section.as_deref().filter(|_| !is_section);
                    ini.damage(number + 1, around, what);
                    if is_section {
                        (section, is_lost) = (None, true);
                    }
                }
                (Line::Setting(..), None) if is_lost => {}
                (Line::Setting(..), None) => ini.damage(number + 1, None, "the setting comes before the first section"),
                (Line::Setting(key, value), Some(section)) => {
                    let entry = Entry {
                        section: section.clone(),
                        key: key.to_owned(),
                        value: Zeroizing::new(value.to_owned()),
                        line: number + 1,
                    };
                    ini.add(entry, &mut seen);
                }
            }
        }
        let Self { entries, damaged, .. } = &mut ini;
        entries.retain(|entry| !damaged.contains(&whole_key(&entry.section, &entry.key)));
        match ini.wrong.first().filter(|_| ini.entries.is_empty()) {
            Some(Wrong { place, message }) => Err(Fault::lasting(message).at(place)),
            None => Ok(ini),
        }
    }

    fn add(&mut self, entry: Entry, seen: &mut HashMap<(String, String), usize>) {
        let known = seen.get(&(entry.section.clone(), entry.key.clone()));
        let Some(other) = known.and_then(|at| self.entries.get(*at)) else {
            seen.insert((entry.section.clone(), entry.key.clone()), self.entries.len());
            self.entries.push(entry);
            return;
        };
        if other.value != entry.value {
            let what = "this section already has the key with another value: keep one of them";
            self.damaged.insert(whole_key(&entry.section, &entry.key));
            self.damage(entry.line, Some(&entry.section), what);
        }
    }

    fn damage(&mut self, line: usize, section: Option<&str>, what: &str) {
        self.damaged.extend(section.map(str::to_owned));
        self.wrong.push(Wrong {
            place: format!("{}:{line}", self.origin),
            message: what.to_owned(),
        });
    }

    /// Whether a line of this section can't be read, or two of it contradict each other.
    pub fn is_damaged(&self, section: &str) -> bool {
        self.damaged.contains(section)
    }

    /// All settings, in their order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The setting; `None` where it is not there or empty.
    pub fn get(&self, section: &str, key: &str) -> Option<&Entry> {
        let mut found = self.entries.iter();
        found.find(|entry| entry.section == section && entry.key == key && !entry.value.is_empty())
    }

    /// Its value; `None` where it is not there or empty.
    pub fn value(&self, section: &str, key: &str) -> Option<&str> {
        self.get(section, key).map(|entry| entry.value.as_str())
    }

    /// The settings `KEY|1`, `KEY|2`, … by their number, empty ones left out.
    ///
    /// # Errors
    /// What follows the `|` of one is not a number.
    pub fn list(&self, section: &str, name: &str) -> Result<Vec<(u32, &Entry)>, Wrong> {
        let of = |entry: &&Entry| entry.section == section && entry.name() == name && !entry.value.is_empty();
        let numbered = |entry| Ok((self.number(entry)?, entry));
        let found = self.entries.iter().filter(of).map(numbered);
        let mut found: Vec<_> = found.collect::<Result<_, Wrong>>()?;
        found.sort_by_key(|(number, _)| *number);
        Ok(found)
    }

    fn number(&self, entry: &Entry) -> Result<u32, Wrong> {
        let number = entry
            .key
            .split_once('|')
            .and_then(|(_, number)| number.trim().parse().ok());
        number.ok_or_else(|| self.wrong(entry, "needs a number after it, as in SUFFIX|1"))
    }

    /// Whether the setting says yes; `None` where it says nothing.
    ///
    /// # Errors
    /// It says neither yes nor no.
    pub fn flag(&self, section: &str, key: &str) -> Result<Option<bool>, Wrong> {
        let Some(entry) = self.get(section, key) else {
            return Ok(None);
        };
        match flag(&entry.value) {
            Some(says) => Ok(Some(says)),
            None => Err(self.wrong(entry, "is neither yes nor no")),
        }
    }

    /// Where a setting is.
    pub fn place(&self, entry: &Entry) -> String {
        let Entry { section, key, line, .. } = entry;
        format!(
            "{}:{line}: [{}] {}",
            self.origin,
            section.escape_debug(),
            key.escape_debug()
        )
    }

    /// What is wrong with a setting, without its value.
    pub fn wrong(&self, entry: &Entry, what: &str) -> Wrong {
        Wrong {
            place: self.place(entry),
            message: format!("`{}` {what}", entry.key.escape_debug()),
        }
    }
}

/// A setting among sections: no section has a line break in its name.
fn whole_key(section: &str, key: &str) -> String {
    format!("{section}\n{key}")
}

fn unquoted(value: &str) -> &str {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    inner.unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_quotes_lists_and_comments() {
        let text = "\u{feff}# first\r\n[A]\r\nKEY = a = b\r\nQ=\"x y\"\r\n; no\r\n  L|10 = ten\nL|2=two\nL|3=\n\n[B B]\nKEY=\n-PASS = \"==\"\n";
        let ini = Ini::parse(text.as_bytes(), "cust.cfg").unwrap();
        assert_eq!(
            (ini.value("A", "KEY"), ini.value("A", "Q")),
            (Some("a = b"), Some("x y"))
        );
        assert_eq!((ini.value("B B", "KEY"), ini.value("B B", "-PASS")), (None, Some("==")));
        let list: Vec<_> = ini
            .list("A", "L")
            .unwrap()
            .into_iter()
            .map(|(n, e)| (n, e.value.as_str()))
            .collect();
        assert_eq!(list, [(2, "two"), (10, "ten")]);
        assert_eq!(ini.get("A", "L|10").map(|entry| entry.line), Some(6));
    }

    #[test]
    fn what_is_no_such_file_is_refused_without_being_shown() {
        let large = vec![b'#'; SIZE_LIMIT + 1];
        for (text, what) in [
            (&b"hunter2 = x\n"[..], "cust.cfg:1: the setting comes before"),
            (b"[A]\nhunter2\n", "cust.cfg:2: the line is neither"),
            (b"[hunter2\n", "cust.cfg:1: the line is not a section"),
            (b"[]\n", "cust.cfg:1: the line is not a section"),
            (b"[A]\n\xff=hunter2\n", "cust.cfg:2: the line is not UTF-8"),
            (&large, "more than 262144 bytes"),
        ] {
            let why = Ini::parse(text, "cust.cfg").err().unwrap().to_string();
            assert!(why.contains(what) && !why.contains("hunter2"), "{why}");
        }
        let ini = Ini::parse(b"[A]\nF=hunter2\nL|x=hunter2\n", "cust.cfg").unwrap();
        let said = |fault: Wrong| format!("{}: {}", fault.place, fault.message);
        assert_eq!(
            ini.flag("A", "F").map_err(said),
            Err("cust.cfg:2: [A] F: `F` is neither yes nor no".to_owned())
        );
        let why = ini.list("A", "L").err().map(said).unwrap();
        assert_eq!(
            why,
            "cust.cfg:3: [A] L|x: `L|x` needs a number after it, as in SUFFIX|1"
        );
    }

    #[test]
    fn a_line_that_can_not_be_read_costs_its_section_at_most() {
        let good = "[GOOD]\nKEY = kept\n";
        for (text, wrong, damaged) in [
            ("[A]\nhunter2\n", &["cust.cfg:4: the line is neither"][..], true),
            (
                "[A]\na=hunter2\nA=1\na=hunter3\n",
                &["cust.cfg:6: this section already has the key"],
                true,
            ),
            ("[A]\na=hunter2\na = \"hunter2\"\n", &[], false),
            (
                "[A\na=hunter2\nb=hunter2\n",
                &["cust.cfg:3: the line is not a section"],
                false,
            ),
        ] {
            let ini = Ini::parse(format!("{good}{text}").as_bytes(), "cust.cfg").unwrap();
            let told: Vec<_> = ini
                .wrong
                .iter()
                .map(|fault| format!("{}: {}", fault.place, fault.message))
                .collect();
            assert_eq!(told.len(), wrong.len(), "{told:?}");
            assert!(
                told.iter().zip(wrong).all(|(told, fault)| told.starts_with(fault)),
                "{told:?}"
            );
            assert!(!told.join("").contains("hunter"), "{told:?}");
            assert_eq!(
                (ini.value("GOOD", "KEY"), ini.is_damaged("GOOD")),
                (Some("kept"), false)
            );
            assert_eq!(ini.is_damaged("A"), damaged, "{text}");
            assert!(
                ini.value("A", "a") != Some("hunter3"),
                "of two that differ none is taken"
            );
        }
    }
}
