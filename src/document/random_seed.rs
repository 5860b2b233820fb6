//! `random_seed`: bytes for the kernel's random numbers, and a command that gets more of them.

use std::fmt;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::code::Code;
use super::problem::{Check, Problems};
use super::write_files::{Content, Encoding, FilePath};
use super::yaml::Node;

/// The names of the kernel's pool of random numbers.
const POOL: [&str; 2] = ["/dev/urandom", "/dev/random"];

/// The most words a command has, and the most bytes a word has: the kernel takes no longer ones.
const WORDS_MAX: usize = 1024;
const WORD_MAX: usize = 128 * 1024 - 1;

/// Random bytes for the kernel, once for an instance.
///
/// ```yaml
/// data: bXkgcmFuZG9tIHN0cmluZw==
/// encoding: base64
/// command: [pollinate, --server=https://entropy.example.com]
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RandomSeed {
    /// Where `data` goes: `/dev/urandom` is the kernel itself; to any other file it is appended. Default: `/dev/urandom`.
    pub file: Option<SeedFile>,
    /// The bytes.
    ///
    /// ```yaml
    /// data: my random string
    /// ```
    pub data: Option<Content>,
    /// The encoding of `data`.
    #[serde(default)]
    pub encoding: SeedEncoding,
    /// A program and its arguments that get more random numbers, run once for an instance, without a shell.
    /// `RANDOM_SEED_FILE` in its environment is `file`.
    pub command: Option<SeedCommand>,
    /// Whether it is an error if there is no such program. Default: false.
    pub command_required: Option<bool>,
}

/// Where a seed goes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^/+(dev/+u?random|(?!(dev|proc|sys|var/lib/firstlight|run/firstlight|var/run/firstlight)(/|$))(?!(.*/)?\.\.?(/|$))[^\u0000-\u001f\u007f]*[^/\u0000-\u001f\u007f])$", "maxLength" = 4095, "examples" = ["/dev/urandom"])))]
pub enum SeedFile {
    /// The kernel's pool.
    Pool,
    /// A file.
    File(FilePath),
}

impl TryFrom<String> for SeedFile {
    type Error = String;

    fn try_from(path: String) -> Result<Self, String> {
        let mut clean = path.split('/').filter(|name| !name.is_empty());
        let is_pool = path.starts_with('/')
            && clean.next() == Some("dev")
            && clean.next().is_some_and(|name| ["random", "urandom"].contains(&name))
            && clean.next().is_none()
            && !path.ends_with('/');
        match is_pool {
            true => Ok(Self::Pool),
            false => FilePath::try_from(path)
                .map(Self::File)
                .map_err(|why| format!("{why}; the kernel's pool of random numbers is {}", POOL[0])),
        }
    }
}

impl fmt::Display for SeedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pool => f.write_str(POOL[0]),
            Self::File(path) => path.fmt(f),
        }
    }
}

/// How a seed is written in a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(transform = crate::vocabulary::schema::words(&["raw", "base64", "gzip"], &["", "b64", "gz"])))]
pub enum SeedEncoding {
    /// As it is.
    #[default]
    Raw,
    /// In base64.
    Base64,
    /// Compressed by gzip.
    Gzip,
}

impl TryFrom<String> for SeedEncoding {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "raw" => Ok(Self::Raw),
            "b64" | "base64" => Ok(Self::Base64),
            "gz" | "gzip" => Ok(Self::Gzip),
            _ => Err("unknown encoding: use raw, base64 or gzip".to_owned()),
        }
    }
}

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("minItems" = 1, "maxItems" = 1024, "prefixItems" = [{"type": ["string", "boolean", "number"], "minLength": 1}], "examples" = [["pollinate"]])))]
pub struct SeedCommand(Vec<String>);

impl TryFrom<Vec<String>> for SeedCommand {
    type Error = String;

    fn try_from(words: Vec<String>) -> Result<Self, String> {
        if words.first().is_none_or(String::is_empty) {
            return Err("expected a program and its arguments, found no program".to_owned());
        }
        if words.len() > WORDS_MAX || words.iter().any(|word| word.len() > WORD_MAX) {
            return Err(format!("a command has at most {WORDS_MAX} words of {WORD_MAX} bytes"));
        }
        match words.iter().any(|word| word.contains('\0')) {
            true => Err("a command can't contain a NUL character".to_owned()),
            false => Ok(Self(words)),
        }
    }
}

impl SeedCommand {
    /// The program and its arguments.
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

impl RandomSeed {
    /// Where the data goes.
    pub fn target(&self) -> &SeedFile {
        self.file.as_ref().unwrap_or(&SeedFile::Pool)
    }

    /// The bytes, if there are any.
    ///
    /// # Errors
    /// They are not in the encoding that is said, without anything of them.
    pub fn bytes(&self) -> Result<Zeroizing<Vec<u8>>, String> {
        let data = self.data.as_ref().map(Content::expose).unwrap_or_default();
        let encoding = match self.encoding {
            SeedEncoding::Raw => Encoding::Plain,
            SeedEncoding::Base64 => Encoding::Base64,
            SeedEncoding::Gzip => Encoding::Gzip,
        };
        match data.is_empty() {
            true => Ok(Zeroizing::default()),
            false => encoding.decode(data),
        }
    }
}

/// All of it goes where something in it is wrong: half a seed is none.
pub(super) fn whole<'p>(_: &Node, path: &'p [String]) -> &'p [String] {
    path.get(..1).unwrap_or(path)
}

impl Check for RandomSeed {
    fn check(&self, problems: &mut Problems<'_>) {
        if let Err(why) = self.bytes() {
            let hint = "`encoding` is raw, base64 or gzip; gzip takes bytes: `data: !!binary …`";
            problems.error(&["data"], format!("the data {why}"), Some(hint));
        }
        if self.command_required == Some(true) && self.command.is_none() {
            let message = "no command is given, but one is required";
            problems.error(&["command_required"], message, Some("add `command`, or leave this out"));
        }
        if self.file.is_some() && self.data.is_none() && self.command.is_none() {
            let message = "it has no effect without `data` or `command`";
            problems.of(Code::NoEffect).warning(&["file"], message, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Texts};

    fn read(text: &str) -> (Option<RandomSeed>, Vec<String>) {
        let document = Document::read(&Texts::of_user_data(
            "user-data",
            format!("#cloud-config\n{text}\n").as_bytes(),
        ));
        let told = document.diagnostics.iter();
        let told = told
            .map(|one| format!("{} {}", one.path.join("."), one.message))
            .collect();
        (document.config.random_seed, told)
    }

    #[test]
    fn every_spelling_of_the_data() {
        for (text, bytes) in [
            ("random_seed: {data: abc}", "abc"),
            ("random_seed: {data: abc, encoding: RAW}", "abc"),
            ("random_seed: {data: 123}", "123"),
            ("random_seed: {data: YWJj, encoding: b64}", "abc"),
            ("random_seed: {data: \"YW\\nJj\\n\", encoding: base64}", "abc"),
            (
                "random_seed: {data: !!binary H4sIAAAAAAAAA0tMSgYAwkEkNQMAAAA=, encoding: gz}",
                "abc",
            ),
            ("random_seed: {data: ''}", ""),
            ("random_seed: {}", ""),
        ] {
            let (seed, told) = read(text);
            assert_eq!(told, Vec::<String>::new(), "{text}");
            assert_eq!(&**seed.unwrap_or_default().bytes().unwrap(), bytes.as_bytes(), "{text}");
        }
    }

    #[test]
    fn where_it_goes() {
        for (path, shown) in [
            ("/dev/urandom", Some("/dev/urandom")),
            ("/dev/random", Some("/dev/urandom")),
            ("//dev//urandom", Some("/dev/urandom")),
            ("/var/lib/seed", Some("/var/lib/seed")),
            ("/dev/urandom/", None),
            ("/dev/sda", None),
            ("/dev/../dev/sda", None),
            ("dev/urandom", None),
            ("/var/lib/firstlight/ledger.json", None),
            ("", None),
        ] {
            let file = SeedFile::try_from(path.to_owned());
            assert_eq!(file.ok().map(|file| file.to_string()).as_deref(), shown, "{path}");
        }
    }

    #[test]
    fn a_mistake_costs_the_key_and_nothing_else() {
        for text in [
            "random_seed: {data: '!', encoding: base64}",
            "random_seed: {data: abc, encoding: gzip}",
            "random_seed: {data: abc, encoding: rot13}",
            "random_seed: {data: [a]}",
            "random_seed: {data: abc, file: /dev/sda}",
            "random_seed: {data: abc, file: [a]}",
            "random_seed: {data: abc, command: pollinate}",
            "random_seed: {data: abc, command: []}",
            "random_seed: {data: abc, command: ['']}",
            "random_seed: {data: abc, command: [\"a\\0b\"]}",
            "random_seed: {data: abc, command: [[a]]}",
            "random_seed: {data: abc, command_required: true}",
            "random_seed: {data: abc, seed: a}",
            "random_seed: abc",
        ] {
            let (seed, told) = read(&format!("{text}\nhostname: web1"));
            assert_eq!((seed, told.len()), (None, 1), "{text}: {told:?}");
        }
    }
}
