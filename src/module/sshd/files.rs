//! The files of sshd's configuration as they are, or as they would be.

use std::collections::{BTreeMap, BTreeSet};

use crate::system::{ReadError, Root};

/// The most paths that a pattern may match on its way: a machine has a handful.
const GLOB_LIMIT: usize = 10_000;

/// The machine's files, some of them replaced or taken away in thought.
#[derive(Debug, Clone)]
pub struct Files<'a> {
    root: &'a Root,
    /// What is different: a path and its content, or `None` if the file must not exist.
    instead: BTreeMap<String, Option<Vec<u8>>>,
}

impl<'a> Files<'a> {
    /// The files as they are.
    pub fn new(root: &'a Root) -> Self {
        let instead = BTreeMap::new();
        Self { root, instead }
    }

    /// The same with another file at `path`, or none.
    #[must_use]
    pub fn with(&self, path: &str, content: Option<Vec<u8>>) -> Self {
        let mut changed = self.clone();
        changed.instead.insert(path.to_owned(), content);
        changed
    }

    /// A file's content; `None` if there is none.
    ///
    /// # Errors
    /// As [`Root::read`].
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        match self.instead.get(path) {
            Some(content) => Ok(content.clone()),
            None => self.root.read(path),
        }
    }

    /// The paths that an absolute pattern matches, in the order of glob(3) in the C locale, which is sshd's.
    ///
    /// # Errors
    /// As [`Root::exists`].
    pub fn glob(&self, pattern: &str) -> Result<Vec<String>, ReadError> {
        let mut found = BTreeSet::from([String::new()]);
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            let mut deeper = BTreeSet::new();
            for directory in found {
                if part.contains(['*', '?', '[']) {
                    let names = self.list(&directory).into_iter().filter(|name| matches(part, name));
                    deeper.extend(names.map(|name| format!("{directory}/{name}")));
                } else {
                    deeper.insert(format!("{directory}/{}", part.replace('\\', "")));
                }
                if deeper.len() > GLOB_LIMIT {
                    return Err(ReadError {
                        what: "follow the pattern",
                        path: pattern.to_owned(),
                        why: format!("more than {GLOB_LIMIT} paths match it"),
                    });
                }
            }
            found = deeper;
        }
        let mut paths = Vec::new();
        for path in found {
            let exists = match self.instead.get(&path) {
                Some(content) => content.is_some(),
                None => self.root.exists(&path)?,
            };
            if exists {
                paths.push(path);
            }
        }
        Ok(paths)
    }

    /// The names in a directory; none if the directory can't be read, as in glob(3).
    fn list(&self, directory: &str) -> Vec<String> {
        let path = if directory.is_empty() { "/" } else { directory };
        let mut names = self.root.list(path).unwrap_or_default();
        let inside = |path: &String| {
            let (parent, name) = path.rsplit_once('/')?;
            (parent == directory).then(|| name.to_owned())
        };
        names.extend(self.instead.keys().filter_map(inside));
        names
    }
}

/// Whether a name matches a pattern of glob(7); a leading dot has to be there in the pattern.
pub fn matches(pattern: &str, name: &str) -> bool {
    let hidden = name.starts_with('.') && !pattern.starts_with('.');
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    !hidden && matches_from(&pattern, &name)
}

/// Matches with one point to go back to, the last `*`: its time is bounded by the product of both lengths.
fn matches_from(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        let rest = pattern.get(p..).unwrap_or_default();
        let step = match (rest.first(), name.get(n)) {
            (Some('*'), _) => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            (None, None) => return true,
            (Some(_), Some(c)) => one(rest, *c),
            _ => None,
        };
        match (step, star) {
            (Some(length), _) => {
                p += length;
                n += 1;
            }
            (None, Some((at, from))) if from < name.len() => {
                star = Some((at, from + 1));
                p = at + 1;
                n = from + 1;
            }
            (None, _) => return false,
        }
    }
}

/// How many characters of the pattern match this one character; `None` where it doesn't match.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['\\', escaped, ..] => (*escaped == c).then_some(2),
        ['[', rest @ ..] => match set(rest, c) {
            Some((matched, length)) => matched.then_some(length + 1),
            // A bracket that is not closed is itself.
            None => (c == '[').then_some(1),
        },
        [literal, ..] => (*literal == c).then_some(1),
        [] => None,
    }
}

/// Whether the set after a `[` holds this character, and how long it is; `None` where it is not closed.
fn set(pattern: &[char], c: char) -> Option<(bool, usize)> {
    let negated = matches!(pattern.first(), Some('!' | '^'));
    let start = usize::from(negated);
    let members = pattern.get(start..)?;
    // A `]` that comes first is a member.
    let length = members.iter().skip(1).position(|c| *c == ']')? + 1;
    let mut rest = members.get(..length)?;
    let mut holds = false;
    while let [first, tail @ ..] = rest {
        if let ['-', last, tail @ ..] = tail {
            holds |= (*first..=*last).contains(&c);
            rest = tail;
        } else {
            holds |= *first == c;
            rest = tail;
        }
    }
    Some((holds != negated, start + length + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_patterns_as_glob_has_it() {
        for (pattern, name, expected) in [
            ("*.conf", "50-x.conf", true),
            ("*.conf", ".x.conf", false),
            (".*", ".x", true),
            ("*", "", true),
            ("a*b*c", "axxbyybzc", true),
            ("a*b*c", "axxbyyz", false),
            ("?0-*", "50-x", true),
            ("?", "", false),
            ("[0-4]*", "3x", true),
            ("[!0-4]*", "3x", false),
            ("[]a]", "]", true),
            ("[ab", "[ab", true),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("**", "abc", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
        let (long, stars) = ("a".repeat(5000), "*a".repeat(200) + "b");
        assert!(!matches(&stars, &long));
    }

    #[test]
    fn a_pattern_finds_files_that_are_only_thought_of() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("etc/d1")).unwrap();
        std::fs::create_dir_all(dir.path().join("etc/d2")).unwrap();
        for name in [
            "etc/d1/b.conf",
            "etc/d1/a.conf",
            "etc/d1/.h.conf",
            "etc/d2/c.conf",
            "etc/plain",
        ] {
            std::fs::write(dir.path().join(name), name).unwrap();
        }
        let root = Root::open(dir.path()).unwrap();
        let files = Files::new(&root)
            .with("/etc/d1/a.conf", None)
            .with("/etc/d1/0.conf", Some(b"new".to_vec()))
            .with("/etc/d3/z.conf", Some(Vec::new()));
        assert_eq!(
            files.glob("/etc/d1/*.conf").unwrap(),
            ["/etc/d1/0.conf", "/etc/d1/b.conf"]
        );
        assert_eq!(files.glob("/etc/d[23]/*").unwrap(), ["/etc/d2/c.conf"]);
        let many = Files {
            root: &root,
            instead: (0..=GLOB_LIMIT).map(|n| (format!("/etc/d4/{n}"), None)).collect(),
        };
        let error = many.glob("/etc/d4/*").unwrap_err().to_string();
        assert!(error.contains("more than 10000"), "{error}");
        assert_eq!(files.glob("/etc/d3/*").unwrap(), ["/etc/d3/z.conf"]);
        assert_eq!(files.glob("//etc/plain").unwrap(), ["/etc/plain"]);
        assert_eq!(files.glob("/etc/plain/*").unwrap(), Vec::<String>::new());
        assert_eq!(files.read("/etc/d1/0.conf").unwrap().as_deref(), Some(&b"new"[..]));
        assert_eq!(files.read("/etc/d1/a.conf").unwrap(), None);
    }
}
