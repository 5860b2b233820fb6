//! The form of `cust.cfg`: sections, `KEY = VALUE`, lists as `KEY|1`, `KEY|2`. Keys that begin with `-` hold secrets.

use std::collections::HashSet;

use zeroize::Zeroizing;

/// The largest file that is read, in bytes.
const SIZE_LIMIT: usize = 256 * 1024;

/// The file, taken apart.
pub struct Ini {
    origin: String,
    entries: Vec<Entry>,
}

/// One setting, and where it stands.
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

impl Entry {
    /// The key without the number that it has in a list.
    pub fn name(&self) -> &str {
        self.key.split('|').next().unwrap_or_default()
    }
}

impl Ini {
    /// Takes the file apart. `origin` is its path, for errors.
    ///
    /// # Errors
    /// It is not of this form: which line, without anything of it.
    pub fn parse(bytes: &[u8], origin: &str) -> Result<Self, String> {
        if bytes.len() > SIZE_LIMIT {
            return Err(format!("{origin}: has more than the {SIZE_LIMIT} bytes that are read"));
        }
        let mut entries = Vec::new();
        let mut seen = HashSet::new();
        let mut section: Option<String> = None;
        for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let number = number + 1;
            let wrong = |what: &str| Err(format!("{origin}:{number}: {what}"));
            let Ok(line) = std::str::from_utf8(line) else {
                return wrong("is not UTF-8");
            };
            let line = line.trim_start_matches('\u{feff}').trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = line.strip_prefix('[') {
                match name.strip_suffix(']').map(str::trim) {
                    Some(name) if !name.is_empty() => section = Some(name.to_owned()),
                    _ => return wrong("is no section: write [NAME]"),
                }
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                return wrong("is neither a section nor KEY = VALUE");
            };
            let Some(section) = section.clone() else {
                return wrong("stands before the first section");
            };
            let key = key.trim().to_owned();
            if !seen.insert((section.clone(), key.clone())) {
                return wrong("has a key that is in this section already: keep one of them");
            }
            let value = Zeroizing::new(unquoted(value.trim()).to_owned());
            entries.push(Entry {
                section,
                key,
                value,
                line: number,
            });
        }
        Ok(Self {
            origin: origin.to_owned(),
            entries,
        })
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
    /// What stands behind the `|` is no number.
    pub fn list(&self, section: &str, name: &str) -> Result<Vec<(u32, &Entry)>, String> {
        let of = |entry: &&Entry| entry.section == section && entry.name() == name && !entry.value.is_empty();
        let numbered = |entry| Ok((self.number(entry)?, entry));
        let mut found: Vec<_> = self
            .entries
            .iter()
            .filter(of)
            .map(numbered)
            .collect::<Result<_, String>>()?;
        found.sort_by_key(|(number, _)| *number);
        Ok(found)
    }

    fn number(&self, entry: &Entry) -> Result<u32, String> {
        let number = entry.key.split_once('|').and_then(|(_, number)| number.parse().ok());
        number.ok_or_else(|| self.wrong(entry, "needs a number behind it, as in SUFFIX|1"))
    }

    /// Whether the setting says yes; `None` where it says nothing.
    ///
    /// # Errors
    /// It says neither yes nor no.
    pub fn flag(&self, section: &str, key: &str) -> Result<Option<bool>, String> {
        let Some(entry) = self.get(section, key) else {
            return Ok(None);
        };
        match entry.value.to_ascii_lowercase().as_str() {
            "yes" | "true" => Ok(Some(true)),
            "no" | "false" => Ok(Some(false)),
            _ => Err(self.wrong(entry, "is neither yes nor no")),
        }
    }

    /// What is wrong with a setting, with its place and without its value.
    pub fn wrong(&self, entry: &Entry, what: &str) -> String {
        let Entry { section, key, line, .. } = entry;
        format!("{}:{line}: [{section}] {}: {what}", self.origin, key.escape_debug())
    }
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
            (&b"hunter2 = x\n"[..], "cust.cfg:1: stands before"),
            (b"[A]\nhunter2\n", "cust.cfg:2: is neither"),
            (b"[hunter2\n", "cust.cfg:1: is no section"),
            (b"[]\n", "cust.cfg:1: is no section"),
            (b"[A]\na=hunter2\nA=1\na=hunter2\n", "cust.cfg:4: has a key"),
            (b"[A]\n\xff=hunter2\n", "cust.cfg:2: is not UTF-8"),
            (&large, "more than the 262144 bytes"),
        ] {
            let why = Ini::parse(text, "cust.cfg").err().unwrap();
            assert!(why.contains(what) && !why.contains("hunter2"), "{why}");
        }
        let ini = Ini::parse(b"[A]\nF=hunter2\nL|x=hunter2\n", "cust.cfg").unwrap();
        assert_eq!(
            ini.flag("A", "F"),
            Err("cust.cfg:2: [A] F: is neither yes nor no".to_owned())
        );
        assert!(
            ini.list("A", "L")
                .err()
                .unwrap()
                .starts_with("cust.cfg:3: [A] L|x: needs a number")
        );
    }
}
