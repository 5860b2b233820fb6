//! What a program of the machine itself is asked about files as planned, before anything is changed.

use super::Change;
use crate::document::sshd::Keyword;
use crate::document::sshd::syntax::statement;
use crate::system::sshd::{PlannedFile, Refusal};
use crate::system::write::parent_of;

/// A question to a program of the machine. The engine asks it where the files that it is about would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// `sshd -t` on the configuration as planned.
    Sshd(SshdCheck),
    /// `dockerd --validate` on its settings as planned.
    Dockerd(DockerdCheck),
    /// `visudo -c` on rules of sudo as planned.
    Sudoers(RulesCheck),
    /// `doas -C` on rules of doas as planned.
    Doas(RulesCheck),
}

/// sshd's configuration as planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshdCheck {
    /// Its files, the main one first.
    pub files: Vec<PlannedFile>,
    /// The keywords that the document sets, with the keys that lead to them there.
    pub asked: Vec<(&'static Keyword, Vec<String>)>,
}

/// The container engine's settings as planned.
#[derive(Clone, PartialEq, Eq)]
pub struct DockerdCheck {
    /// The file.
    pub path: String,
    /// What must hold.
    pub content: Vec<u8>,
    /// The settings that the document names: the keys that lead to each.
    pub asked: Vec<Vec<String>>,
}

/// Rules of sudo or doas as planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesCheck {
    /// The file.
    pub path: String,
    /// What must hold.
    pub content: Vec<u8>,
    /// The keys that lead to the rules in the document.
    pub asked: Vec<String>,
}

impl std::fmt::Debug for DockerdCheck {
    /// Shows everything but the content, which may hold a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DockerdCheck")
            .field("path", &self.path)
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}

impl Check {
    /// Whether a change of the module that asks is one that the answer is about.
    pub fn is_about(&self, change: &Change) -> bool {
        match (self, change) {
            // All that the module changes is sshd's configuration.
            (Self::Sshd(_), _) => true,
            (Self::Dockerd(check), Change::File(file)) => file.path == check.path,
            (Self::Dockerd(check), Change::Directory(directory)) => directory.path == parent_of(&check.path),
            (Self::Sudoers(check) | Self::Doas(check), Change::File(file)) => file.path == check.path,
            (Self::Dockerd(_) | Self::Sudoers(_) | Self::Doas(_), _) => false,
        }
    }
}

impl SshdCheck {
    /// The keys of the document that the line which sshd refuses comes from; `None` where it is not the document's.
    pub fn blamed(&self, refusal: &Refusal) -> Option<&[String]> {
        let (_, line) = refusal.line.as_ref()?;
        let keyword = Keyword::find(&statement(line.as_bytes())?.keyword)?.canonical();
        let asked = self.asked.iter().find(|(asked, _)| asked.canonical() == keyword);
        asked.map(|(_, path)| path.as_slice())
    }
}

impl DockerdCheck {
    /// The keys of the document that dockerd names, or else those of all settings.
    pub fn blamed(&self, reason: &str) -> Vec<String> {
        let is_key = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let is_it = |word: &str, key: &str| word == key || word == key.replace('_', "-");
        let named = |keys: &&Vec<String>| {
            let key = keys.last().map(String::as_str).unwrap_or_default();
            reason.split(|c| !is_key(c)).any(|word| is_it(word, key))
        };
        let daemon = || ["docker", "daemon"].map(str::to_owned).to_vec();
        let first = || self.asked.first().filter(|keys| !keys.starts_with(&daemon()));
        let blamed = self.asked.iter().find(named).or_else(first);
        blamed.cloned().unwrap_or_else(daemon)
    }
}
