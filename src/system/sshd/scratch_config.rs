//! A configuration as it would be, for sshd to judge: copies of its files, with includes that lead to the copies.

use std::path::{Path, PathBuf};

use crate::system::scratch::ScratchDirectory;

/// A file of a configuration as it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// Where it would be.
    pub path: String,
    /// Its lines.
    pub lines: Vec<PlannedLine>,
}

/// A line of such a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedLine {
    /// As it stands there, its end included.
    Text(Vec<u8>),
    /// An `Include`, by the numbers of the files that it leads to.
    Include(Vec<usize>),
}

/// The copies, gone when this is dropped.
#[derive(Debug)]
pub struct ScratchConfig {
    directory: ScratchDirectory,
    paths: Vec<String>,
}

impl ScratchConfig {
    /// Writes the files down. The first one is the main file.
    pub fn make(files: &[PlannedFile]) -> Result<Self, String> {
        let config = Self {
            directory: ScratchDirectory::make("sshd")?,
            paths: files.iter().map(|file| file.path.clone()).collect(),
        };
        for (number, file) in files.iter().enumerate() {
            let text: Vec<u8> = file.lines.iter().flat_map(|line| config.line(line)).collect();
            config.directory.write(&name(number), &text)?;
        }
        Ok(config)
    }

    /// The main file.
    pub fn main(&self) -> PathBuf {
        self.copy(0)
    }

    /// What sshd says, with the files under the names that they would have.
    pub fn translate(&self, said: &str) -> String {
        let copies = self.paths.iter().enumerate().rev();
        copies.fold(said.to_owned(), |said, (number, path)| {
            said.replace(&self.copy(number).display().to_string(), path)
        })
    }

    /// The file that a copy is of.
    pub fn original(&self, copy: &Path) -> Option<&str> {
        let number = (0..self.paths.len()).find(|number| self.copy(*number) == copy)?;
        self.paths.get(number).map(String::as_str)
    }

    fn copy(&self, number: usize) -> PathBuf {
        self.directory.path().join(name(number))
    }

    fn line(&self, line: &PlannedLine) -> Vec<u8> {
        match line {
            PlannedLine::Text(bytes) => bytes.clone(),
            // Nothing to include is no error in sshd, and an `Include` without a word is.
            PlannedLine::Include(files) if files.is_empty() => b"#\n".to_vec(),
            PlannedLine::Include(files) => {
                let copies = files.iter().map(|number| self.copy(*number).display().to_string());
                format!("Include {}\n", copies.collect::<Vec<_>>().join(" ")).into_bytes()
            }
        }
    }
}

/// No name is the beginning of another.
fn name(number: usize) -> String {
    format!("{number:04}.conf")
}
