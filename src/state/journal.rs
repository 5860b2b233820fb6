//! The journal of a generation: what each change replaced, on disk before the change is made.
//!
//! It consists of lines of JSON: records and marks. The records of a batch of files precede the mark
//! [`Mark::Committed`], which is written once everything that they need is on disk. After a crash, a batch without the
//! mark is discarded and a batch with it is finished. Single changes (units, the host name) are recorded as
//! [`Record::immediate`].

use serde::{Deserialize, Serialize};

use super::undo::Undo;
use super::{StateError, Store};
use crate::system::root::FILE_LIMIT;
use crate::system::write::new_name;
use crate::vocabulary::Dirty;

/// One record of the journal, written before its change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The module whose change it is.
    pub module: String,
    /// How the change is undone.
    pub undo: Undo,
    /// What must be notified when it is undone.
    #[serde(default)]
    pub dirties: Vec<Dirty>,
    /// Not part of a batch: the change is made right after its record is written. Older versions made all changes this
    /// way.
    #[serde(default = "yes")]
    pub immediate: bool,
    /// The remaining step once its batch is committed.
    #[serde(default)]
    pub step: Option<Step>,
}

fn yes() -> bool {
    true
}

/// The remaining step for a path once its batch is committed. Repeating it does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Step {
    /// The temporary file or link beside it is renamed over it.
    Publish {
        /// The path of the temporary entry.
        temporary: String,
    },
    /// It is removed.
    Remove,
    /// The directory is removed, unless something is in it.
    RemoveDirectory,
    /// The directory gets this mode and owner.
    Directory {
        /// The permission bits.
        mode: u32,
        /// Owner and group.
        owner: (u32, u32),
    },
}

/// A mark between the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The preceding batch is on disk. From here on it will be carried out, by this run or the next.
    Committed,
    /// Everything before this mark is being undone.
    RollingBack,
}

#[derive(Serialize, Deserialize)]
struct MarkLine {
    mark: Mark,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Mark(MarkLine),
    Record(Box<Record>),
}

/// A journal that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journal {
    /// The records, oldest first.
    pub records: Vec<Record>,
    /// How many of them the last [`Mark::Committed`] covers.
    pub committed: usize,
    /// Whether an undo was begun.
    pub rolling_back: bool,
}

impl Store {
    /// Adds a record to the journal of generation `number`; it is on disk when this returns.
    ///
    /// # Errors
    /// The state directory can't be written.
    pub fn record(&self, number: u32, record: &Record) -> Result<(), StateError> {
        let path = Self::journal_path(number);
        self.append(&path, &line(&path, record)?)
    }

    /// Adds the records of a batch. When this returns, they are on disk, and so is everything written to the state
    /// before: their images, the generation's record, the inventories.
    ///
    /// # Errors
    /// The state directory can't be written.
    pub fn record_batch<'a>(&self, number: u32, records: impl Iterator<Item = &'a Record>) -> Result<(), StateError> {
        let path = Self::journal_path(number);
        let mut text = Vec::new();
        for record in records {
            text.extend(line(&path, record)?);
        }
        self.append(&path, &text)
    }

    /// Sets a mark; it is on disk when this returns.
    ///
    /// # Errors
    /// The state directory can't be written.
    pub fn mark(&self, number: u32, mark: Mark) -> Result<(), StateError> {
        let path = Self::journal_path(number);
        self.append(&path, &line(&path, &MarkLine { mark })?)
    }

    fn append(&self, path: &str, lines: &[u8]) -> Result<(), StateError> {
        let there = self.root.metadata(path)?.map_or(0, |there| there.size);
        if there.saturating_add(lines.len() as u64) > FILE_LIMIT {
            return Err(StateError::TooLarge { path: path.to_owned() });
        }
        let appended = self.writer.append_lines(path, lines);
        appended.map_err(|error| self.damaged(path).unwrap_or_else(|| error.into()))
    }

    /// The journal of generation `number`. An incomplete last line is left out: its change was not begun.
    ///
    /// # Errors
    /// A complete line is damaged.
    pub fn journal(&self, number: u32) -> Result<Journal, StateError> {
        let path = Self::journal_path(number);
        let mut journal = Journal::default();
        let Some(bytes) = self.read(&path)? else {
            return Ok(journal);
        };
        let text = String::from_utf8_lossy(&bytes);
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        for line in whole.lines().filter(|line| !line.is_empty()) {
            let damaged = |e: serde_json::Error| StateError::Damaged {
                path: path.clone(),
                why: e.to_string(),
            };
            match serde_json::from_str(line).map_err(damaged)? {
                Line::Record(record) => journal.records.push(*record),
                Line::Mark(MarkLine { mark: Mark::Committed }) => journal.committed = journal.records.len(),
                Line::Mark(MarkLine {
                    mark: Mark::RollingBack,
                }) => journal.rolling_back = true,
            }
        }
        Ok(journal)
    }

    /// Only its records.
    ///
    /// # Errors
    /// As [`Store::journal`].
    pub fn records(&self, number: u32) -> Result<Vec<Record>, StateError> {
        Ok(self.journal(number)?.records)
    }

    /// Replaces the journal of generation `number` by these records, all committed: those that were undone are gone.
    ///
    /// # Errors
    /// The state directory can't be written.
    pub fn replace_records(&self, number: u32, records: &[Record]) -> Result<(), StateError> {
        let path = Self::journal_path(number);
        let mut text = Vec::new();
        for record in records {
            text.extend(line(&path, record)?);
        }
        text.extend(line(&path, &MarkLine { mark: Mark::Committed })?);
        self.write(&path, &text)
    }

    /// Saves the image of something that will be replaced and returns its name. It is on disk once its batch is
    /// recorded.
    ///
    /// # Errors
    /// The state directory can't be written.
    pub fn keep_image(&self, number: u32, bytes: &[u8]) -> Result<String, StateError> {
        let directory = format!("{}/before", Self::generation_path(number));
        self.make(&directory)?;
        let name = new_name();
        self.writer
            .hand()
            .stage_file(&format!("{directory}/{name}"), bytes, 0o600, super::current_owner())?;
        Ok(name)
    }

    /// A saved image.
    ///
    /// # Errors
    /// It is missing or can't be read.
    pub fn image(&self, number: u32, name: &str) -> Result<Vec<u8>, StateError> {
        let path = format!("{}/before/{name}", Self::generation_path(number));
        let missing = || StateError::Damaged {
            path: path.clone(),
            why: "it is missing".to_owned(),
        };
        self.read(&path)?.ok_or_else(missing)
    }

    fn journal_path(number: u32) -> String {
        format!("{}/journal", Self::generation_path(number))
    }
}

/// One line of the journal at `path`.
fn line(path: &str, value: &impl Serialize) -> Result<Vec<u8>, StateError> {
    let damaged = |e: serde_json::Error| StateError::Damaged {
        path: path.to_owned(),
        why: e.to_string(),
    };
    let mut line = serde_json::to_vec(value).map_err(damaged)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::HostnameUndo;
    use crate::system::Root;

    #[test]
    fn a_record_that_a_crash_cut_off_is_left_out() {
        let tree = tempfile::tempdir().unwrap();
        let store = Store::new(Root::open(tree.path()).unwrap());
        store.make(&Store::generation_path(1)).unwrap();
        let undo = Undo::Hostname(HostnameUndo {
            before: "photon".into(),
        });
        let record = Record {
            module: "hostname".into(),
            undo,
            dirties: vec![Dirty::Network],
            immediate: true,
            step: None,
        };
        store.record(1, &record).unwrap();
        store.record(1, &record).unwrap();
        assert_eq!(store.records(1).unwrap(), [record.clone(), record.clone()]);
        let path = tree.path().join("var/lib/firstlight/generations/1/journal");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 5]).unwrap();
        assert_eq!(store.records(1).unwrap(), [record]);
        std::fs::write(&path, "nonsense\n").unwrap();
        assert!(store.records(1).unwrap_err().to_string().contains("damaged"));
    }

    #[test]
    fn images_come_back_as_they_were() {
        let tree = tempfile::tempdir().unwrap();
        let store = Store::new(Root::open(tree.path()).unwrap());
        let (a, b) = (
            store.keep_image(1, b"\x00\xff").unwrap(),
            store.keep_image(1, b"").unwrap(),
        );
        assert_ne!(a, b);
        assert_eq!(
            (store.image(1, &a).unwrap(), store.image(1, &b).unwrap()),
            (b"\x00\xff".to_vec(), Vec::new())
        );
        assert!(store.image(1, "9").unwrap_err().to_string().contains("missing"));
    }
}
