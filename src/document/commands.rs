//! `runcmd` and `bootcmd`: commands, as cloud-config has them.

pub mod script;
pub mod user_script;

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::problem::{Check, Problems};
use super::redact::redact;
use super::yaml::Node;
pub use user_script::{UserScript, UserScripts};

/// Why a mapping is so often where a command was meant.
const COLON: &str =
    "expected a command or a list of words, found a mapping: `: ` makes it one, so put the whole command in quotes";

/// Commands in the order in which they run. All of them are one script for `sh`, so that `cd` and `export` hold for
/// those that follow. Items without a value are skipped.
///
/// ```yaml
/// - mkdir -p /srv/data && chown app /srv/data
/// - [systemctl, restart, app.service]
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Commands(Vec<Option<Command>>);

/// A command.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(untagged))]
pub enum Command {
    /// Shell code.
    Line(String),
    /// A program and its arguments, which no shell looks at.
    Words(
        #[cfg_attr(test, schemars(extend("minItems" = 1, "prefixItems" = [{"type": ["string", "boolean", "number"], "minLength": 1}])))]
         Vec<String>,
    ),
}

impl Commands {
    /// Commands that an area makes itself.
    pub fn of_lines(lines: Vec<String>) -> Self {
        Self(lines.into_iter().map(|line| Some(Command::Line(line))).collect())
    }

    /// The commands, each with its number in the document, which begins with 1.
    pub fn each(&self) -> impl Iterator<Item = (usize, &Command)> {
        let numbered = (1..).zip(&self.0);
        numbered.filter_map(|(number, command)| Some((number, command.as_ref()?)))
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.each().next().is_none()
    }
}

impl Command {
    /// As shell code: each word in single quotes.
    pub fn shell(&self) -> String {
        match self {
            Self::Line(line) => line.clone(),
            Self::Words(words) => quoted(words),
        }
    }

    /// Whether it has a character that no argument of a program can have.
    pub fn has_nul(&self) -> bool {
        match self {
            Self::Line(line) => line.contains('\0'),
            Self::Words(words) => words.iter().any(|word| word.contains('\0')),
        }
    }
}

/// Words as a shell takes each for one.
pub fn quoted(words: &[String]) -> String {
    let quoted = words.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''")));
    quoted.collect::<Vec<_>>().join(" ")
}

impl fmt::Debug for Command {
    /// Shows no password of a command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(&self.shell()))
    }
}

/// All commands go where one is wrong: those behind it may rely on it.
pub fn whole<'p>(_: &Node, path: &'p [String]) -> &'p [String] {
    path.get(..1).unwrap_or(path)
}

impl Check for Commands {
    fn check(&self, problems: &mut Problems<'_>) {
        for (number, _) in self.each().filter(|(_, command)| command.has_nul()) {
            let at = (number - 1).to_string();
            problems.error(&[&at], "a command can't contain a NUL character", None);
        }
    }
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Words)
    }
}

struct Words;

impl<'de> Visitor<'de> for Words {
    type Value = Command;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a command or a list of words")
    }

    fn visit_str<E: Error>(self, line: &str) -> Result<Command, E> {
        Ok(Command::Line(line.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Command, A::Error> {
        let mut words: Vec<String> = Vec::new();
        while let Some(word) = items.next_element()? {
            words.push(word);
        }
        match words.first() {
            Some(program) if !program.is_empty() => Ok(Command::Words(words)),
            _ => Err(A::Error::custom(
                "expected a program and its arguments, found no program",
            )),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Command, A::Error> {
        Err(A::Error::custom(COLON))
    }
}

#[cfg(test)]
mod tests;
