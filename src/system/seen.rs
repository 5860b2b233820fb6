//! What of the machine's files was looked at already, for as long as a plan is made.
//!
//! A plan asks the same things again and again: each area looks up its units in thirteen directories, most of which aren't
//! there. Nothing changes the files meanwhile but people, and of those a plan shows one moment.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::root::{Metadata, ReadError};

/// How many answers of a kind are remembered; what comes later is looked at each time. A document may name many files:
/// 4,000 VLANs are two files each.
const ANSWER_LIMIT: usize = 16 * 1024;

/// The largest file whose content is remembered, in bytes: a unit file, or a daemon's configuration.
const CONTENT_LIMIT: usize = 16 * 1024;

/// How many bytes of content are remembered in all.
const TOTAL_LIMIT: usize = 1024 * 1024;

/// The answers to questions that were asked, by path.
#[derive(Default)]
pub(super) struct Seen {
    entries: Answers<Metadata>,
    followed: Answers<Metadata>,
    targets: Answers<String>,
    names: Answers<Arc<[String]>>,
    contents: Answers<Arc<[u8]>>,
}

/// By path; `None` where nothing is.
type Answers<T> = Mutex<BTreeMap<String, Option<T>>>;

/// An answer, or why there is none, which is asked again.
type Answer<T> = Result<Option<T>, ReadError>;

impl std::fmt::Debug for Seen {
    /// Shows nothing of what it holds: it may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seen")
    }
}

impl Seen {
    /// What the entry itself is.
    pub(super) fn entry(&self, path: &str, look: impl FnOnce() -> Answer<Metadata>) -> Answer<Metadata> {
        once(&self.entries, path, look, |_, _| true)
    }

    /// What the entry itself is was found elsewhere.
    pub(super) fn saw(&self, path: &str, there: Option<Metadata>) {
        // It can't fail: there is nothing to look at.
        let _ = self.entry(path, || Ok(there));
    }

    /// What the path leads to.
    pub(super) fn followed(&self, path: &str, look: impl FnOnce() -> Answer<Metadata>) -> Answer<Metadata> {
        once(&self.followed, path, look, |_, _| true)
    }

    /// Where the link points.
    pub(super) fn target(&self, path: &str, look: impl FnOnce() -> Answer<String>) -> Answer<String> {
        once(&self.targets, path, look, |_, _| true)
    }

    /// The names in the directory.
    pub(super) fn names(&self, path: &str, look: impl FnOnce() -> Answer<Arc<[String]>>) -> Answer<Arc<[String]>> {
        once(&self.names, path, look, |_, names| names.len() <= ANSWER_LIMIT)
    }

    /// The content of the file.
    pub(super) fn content(&self, path: &str, look: impl FnOnce() -> Answer<Arc<[u8]>>) -> Answer<Arc<[u8]>> {
        once(&self.contents, path, look, |known, bytes| {
            let held: usize = known.values().flatten().map(|bytes| bytes.len()).sum();
            bytes.len() <= CONTENT_LIMIT && held + bytes.len() <= TOTAL_LIMIT
        })
    }
}

/// The answer that is known, or the one that `look` finds, which is remembered where there is room and it `fits`.
fn once<T: Clone>(
    answers: &Answers<T>,
    path: &str,
    look: impl FnOnce() -> Answer<T>,
    fits: impl FnOnce(&BTreeMap<String, Option<T>>, &T) -> bool,
) -> Answer<T> {
    let mut known = answers.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(answer) = known.get(path) {
        return Ok(answer.clone());
    }
    let answer = look()?;
    if known.len() < ANSWER_LIMIT && answer.as_ref().is_none_or(|found| fits(&known, found)) {
        known.insert(path.to_owned(), answer.clone());
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn what_is_remembered_is_bounded() {
        let looks = Cell::new(0);
        let look = |seen: &Seen, path: &str, size: usize| {
            let before = looks.get();
            for _ in 0..2 {
                let found = seen.content(path, || {
                    looks.set(looks.get() + 1);
                    Ok(Some(vec![7; size].into()))
                });
                assert_eq!(found.unwrap().map(|bytes| bytes.len()), Some(size));
            }
            looks.get() - before
        };
        let seen = Seen::default();
        assert_eq!(look(&seen, "small", CONTENT_LIMIT), 1);
        assert_eq!(look(&seen, "large", CONTENT_LIMIT + 1), 2);
        let more = (1..TOTAL_LIMIT / CONTENT_LIMIT).map(|number| look(&seen, &number.to_string(), CONTENT_LIMIT));
        assert!(more.eq(vec![1; TOTAL_LIMIT / CONTENT_LIMIT - 1]));
        assert_eq!(look(&seen, "one more", CONTENT_LIMIT), 2, "all together are too large");
        assert_eq!(look(&seen, "empty", 0), 1);
        let seen = Seen::default();
        assert!((0..ANSWER_LIMIT).all(|number| look(&seen, &number.to_string(), 0) == 1));
        assert_eq!(look(&seen, "one more", 0), 2, "there are too many");
    }

    #[test]
    fn nothing_is_remembered_and_an_error_is_not() {
        let seen = Seen::default();
        let error = || ReadError {
            what: "read",
            path: "a".to_owned(),
            why: "no".to_owned(),
        };
        assert!(seen.target("a", || Err(error())).is_err());
        assert_eq!(seen.target("a", || Ok(None)), Ok(None));
        assert_eq!(seen.target("a", || Err(error())), Ok(None));
    }
}
