//! `write_files`: files as the document has them, or as they are at an address.

mod checksum;
mod content;
mod owner;
mod path;
mod permissions;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::base64;
use super::budget::{Budget, UNPACKED_LIMIT};
use super::code::Code;
use super::format::compressed::{self, gunzip};
use super::problem::{Check, Problems};
use crate::vocabulary::{Address, Secret};

pub use checksum::Checksum;
pub use content::Content;
pub use owner::Owner;
pub use path::FilePath;
pub use permissions::Permissions;

/// The most bytes a file may have once it is unpacked (8 MiB).
const SIZE_LIMIT: u64 = 8 * 1024 * 1024;

/// A file, as cloud-config has it.
///
/// ```yaml
/// write_files:
///   - path: /etc/motd
///     content: welcome
///   - path: /etc/app/app.conf
///     source: {uri: https://config.example.com/app.conf}
///     permissions: '0640'
///     owner: root:docker
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WriteFile {
    /// The file's path: absolute, without `..`.
    pub path: FilePath,
    /// The file's content; `!!binary` is bytes. With a `source`, the content to use if the source doesn't have it.
    ///
    /// ```yaml
    /// content: welcome
    /// ```
    pub content: Option<Content>,
    /// Where the content is fetched from.
    pub source: Option<FileSource>,
    /// `USER` or `USER:GROUP`, by name or number. Default: root:root. New directories on the way get it too, except in a home,
    /// where they are its user's.
    pub owner: Option<Owner>,
    /// The permission bits, in octal. Default: 0644, or 0600 where `secret` is true.
    pub permissions: Option<Permissions>,
    /// The encoding of `content`, or of what the source returns.
    #[serde(default)]
    pub encoding: Encoding,
    /// Append the content to the file, unless the file already contains it; to one that an earlier item writes, in any case.
    #[serde(default)]
    pub append: bool,
    /// Write the file after the packages are installed. Accounts always come first, and a file whose owner comes with a
    /// package waits for it anyway.
    #[serde(default)]
    pub defer: bool,
    /// Never show the content in a plan. Files that only their owner may read are never shown either.
    pub secret: Option<bool>,
    /// What the source has; not from the document itself.
    #[serde(skip)]
    pub fetched: Option<Content>,
}

/// Where a file is fetched from.
///
/// ```yaml
/// {uri: https://config.example.com/app.conf}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FileSource {
    /// An `http://` or `https://` address.
    ///
    /// ```yaml
    /// uri: https://config.example.com/app.conf
    /// ```
    pub uri: Address,
    /// Headers of the request.
    ///
    /// ```yaml
    /// headers: {Authorization: Bearer abc}
    /// ```
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// What the server must have, as sha256sum(1) or sha512sum(1) prints it; anything else is not written.
    ///
    /// ```yaml
    /// checksum: sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
    /// ```
    pub checksum: Option<Checksum>,
}

/// How the content of a file is written in a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(transform = crate::vocabulary::schema::words(&["text/plain", "base64", "gzip", "gzip+base64"], &["", "b64", "gz", "gz+b64", "gz+base64", "gzip+b64"])))]
pub enum Encoding {
    /// As it is.
    #[default]
    Plain,
    /// In base64.
    Base64,
    /// Compressed by gzip.
    Gzip,
    /// Compressed by gzip, that in base64.
    GzipBase64,
}

impl TryFrom<String> for Encoding {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "text/plain" => Ok(Self::Plain),
            "b64" | "base64" => Ok(Self::Base64),
            "gz" | "gzip" => Ok(Self::Gzip),
            "gz+b64" | "gz+base64" | "gzip+b64" | "gzip+base64" => Ok(Self::GzipBase64),
            _ => Err("unknown encoding: use base64, gzip, gzip+base64 or text/plain".to_owned()),
        }
    }
}

impl Encoding {
    /// The bytes that `raw` encodes.
    ///
    /// # Errors
    /// It is not what this encoding says, without anything of it.
    pub fn decode(self, raw: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        self.decode_within(raw, SIZE_LIMIT).map_err(|wrong| wrong.to_string())
    }

    /// The same, where at most `limit` bytes may be unpacked.
    fn decode_within(self, raw: &[u8], limit: u64) -> Result<Zeroizing<Vec<u8>>, Undecodable> {
        let unpack = |packed: &[u8]| {
            gunzip(packed, limit).map_err(|fault| match fault {
                compressed::Fault::TooLarge => Undecodable::TooLarge,
                compressed::Fault::Damaged => Undecodable::NoGzip,
            })
        };
        match self {
            Self::Plain => Ok(Zeroizing::new(raw.to_vec())),
            Self::Base64 => from_base64(raw),
            Self::Gzip => unpack(raw),
            Self::GzipBase64 => unpack(&from_base64(raw)?),
        }
    }

    /// Whether something is unpacked.
    fn is_packed(self) -> bool {
        matches!(self, Self::Gzip | Self::GzipBase64)
    }
}

/// Why the content of a file can't be decoded; never quotes any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Undecodable {
    #[error("has the encoding base64, but is not base64")]
    NoBase64,
    #[error("is not gzip, or is damaged")]
    NoGzip,
    #[error("unpacks to more than {SIZE_LIMIT} bytes")]
    TooLarge,
}

fn from_base64(raw: &[u8]) -> Result<Zeroizing<Vec<u8>>, Undecodable> {
    base64::decode(raw).ok_or(Undecodable::NoBase64)
}

impl WriteFile {
    /// Whether no plan shows it.
    pub fn is_secret(&self, mode: u32) -> bool {
        self.secret == Some(true) || mode & 0o044 == 0
    }
}

impl Check for [WriteFile] {
    fn check(&self, problems: &mut Problems<'_>) {
        check_places(self, problems);
        for (number, file) in self.iter().enumerate() {
            if let Some(source) = &file.source {
                source.check(&mut problems.below(&[&number.to_string(), "source"]));
            }
        }
    }
}

impl Check for FileSource {
    fn check(&self, problems: &mut Problems<'_>) {
        let mut seen = HashSet::new();
        for (name, value) in &self.headers {
            let place: &[&str] = &["headers", name];
            let is_line = |c: char| c == '\t' || !c.is_control();
            if !is_header_name(name) {
                let hint = Some("it has letters, digits and `-`, as in `X-Auth-Token`");
                problems.error(place, "this is not the name of a header", hint);
            } else if !value.expose().chars().all(is_line) {
                problems.error(
                    place,
                    "a header can't have a line break or another control character",
                    None,
                );
            }
            if !seen.insert(name.to_ascii_lowercase()) {
                let message = "this header is given twice, with a different case";
                problems.of(Code::Conflict).error(place, message, Some("leave one out"));
            } else if name.eq_ignore_ascii_case("authorization") && self.uri.authorization().is_some() {
                let message = "the user is given twice, in the address and in this header";
                problems.of(Code::Conflict).error(place, message, Some("leave one out"));
            }
        }
    }
}

/// Whether a header can be called that: a token (RFC 9110, 5.6.2).
fn is_header_name(name: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_sign)
}

/// Reports contents that are not what their encoding says. What is unpacked is paid for; from the first file on for which
/// not enough is left, no compressed one is taken. Their numbers are given; only the first is reported.
pub fn check_contents(files: &[WriteFile], budget: &mut Budget, problems: &mut Problems<'_>) -> Vec<usize> {
    let mut left_out = Vec::new();
    for (number, file) in files.iter().enumerate() {
        // What a source has is known only later.
        let Some(content) = &file.content else { continue };
        if file.encoding.is_packed() && !left_out.is_empty() {
            left_out.push(number);
            continue;
        }
        let mut problems = problems.below(&["write_files", &number.to_string()]);
        match pay(file.encoding, content.expose(), budget) {
            Ok(()) => {}
            Err(Unpaid::Undecodable(why)) => problems.error(&["content"], format!("the content {why}"), None),
            Err(Unpaid::Budget) => {
                left_out.push(number);
                problems
                    .of(Code::TooLarge)
                    .error(&["content"], over_budget(), Some(OVER_BUDGET_HINT));
            }
        }
    }
    left_out
}

/// What is said of the first file for which not enough is left.
fn over_budget() -> String {
    let size = UNPACKED_LIMIT / 1024 / 1024;
    format!("the document unpacks to more than {size} MiB: this file and all compressed files after it are left out")
}

const OVER_BUDGET_HINT: &str = "fetch large files uncompressed, with `source`";

enum Unpaid {
    Budget,
    Undecodable(Undecodable),
}

/// Pays for what is unpacked of a content.
fn pay(encoding: Encoding, raw: &[u8], budget: &mut Budget) -> Result<(), Unpaid> {
    let limit = match encoding {
        Encoding::Plain => return Ok(()),
        Encoding::Base64 => SIZE_LIMIT,
        Encoding::Gzip | Encoding::GzipBase64 => budget.unpacked().min(SIZE_LIMIT),
    };
    match encoding.decode_within(raw, limit) {
        Ok(bytes) if encoding.is_packed() => budget.spend_unpacked(bytes.len() as u64),
        Ok(_) => {}
        Err(Undecodable::TooLarge) if limit < SIZE_LIMIT => return Err(Unpaid::Budget),
        Err(why) => return Err(Unpaid::Undecodable(why)),
    }
    Ok(())
}

/// Whether what the sources of these files have goes with what is left to be unpacked: the first file for which not enough
/// is left, and compressed ones behind it, are not taken. Gives their numbers; only the first is reported.
pub fn check_fetched(files: &[WriteFile], budget: &mut Budget, problems: &mut Problems<'_>) -> Vec<usize> {
    let mut left_out = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let Some(content) = file.fetched.as_ref().filter(|_| file.encoding.is_packed()) else {
            continue;
        };
        // What is damaged is reported where it is written.
        if !left_out.is_empty() || matches!(pay(file.encoding, content.expose(), budget), Err(Unpaid::Budget)) {
            if left_out.is_empty() {
                let number = number.to_string();
                problems.of(Code::TooLarge).error(
                    &["write_files", &number, "source"],
                    over_budget(),
                    Some(OVER_BUDGET_HINT),
                );
            }
            left_out.push(number);
        }
    }
    left_out
}

/// A place can be one file, which later items may be appended to or take the place of, and nothing can be below it.
fn check_places(files: &[WriteFile], problems: &mut Problems<'_>) {
    let mut places: HashMap<&str, &FilePath> = HashMap::new();
    // The first file below each directory.
    let mut directories: HashMap<&str, &FilePath> = HashMap::new();
    for (number, file) in files.iter().enumerate() {
        let path = &file.path;
        let above = path.parents().find_map(|directory| places.get(directory));
        let (message, hint) = if places.contains_key(path.as_str()) {
            if !file.append {
                let message = format!("the file `{path}` is given twice: the last one counts");
                let hint = "put everything into one entry, or add `append: true` to this one";
                let at = [&*number.to_string(), "path"];
                problems.of(Code::Conflict).warning(&at, message, Some(hint));
            }
            continue;
        } else if let Some(above) = above {
            let message =
                format!("`{path}` needs the directory `{above}`, but this document also writes that path as a file");
            (message, "rename one of them")
        } else if let Some(below) = directories.get(path.as_str()) {
            let message = format!("`{path}` can't be a file: `{below}` in this document needs it as a directory");
            (message, "rename one of them")
        } else {
            places.insert(path.as_str(), path);
            for directory in path.parents() {
                directories.entry(directory).or_insert(path);
            }
            continue;
        };
        problems
            .of(Code::Conflict)
            .error(&[&number.to_string(), "path"], message, Some(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Diagnostic, Document, Texts};

    #[test]
    fn a_place_is_one_file() {
        // The last one counts, as in cloud-init.
        let text = "write_files: [{path: /etc/a, content: x}, {path: //etc///a, content: y}]";
        let document = Document::read(&Texts::of_user_data("", text.as_bytes()));
        let said: Vec<String> = document.diagnostics.iter().map(Diagnostic::in_one_line).collect();
        assert!(
            !document.has_errors() && said[0].contains("`/etc/a` is given twice: the last one counts"),
            "{said:?}"
        );
        let check = |paths: &[&str]| {
            let files: Vec<_> = paths.iter().map(|path| serde_json::json!({"path": path})).collect();
            let files: Vec<WriteFile> = serde_json::from_value(files.into()).unwrap();
            let mut found = Vec::new();
            files.check(&mut Problems::new(&mut found));
            let found = found.into_iter().map(|p| (p.path.join("."), p.message));
            found.collect::<Vec<_>>()
        };
        for (paths, place, words) in [
            (&["/etc/a", "//etc///a"][..], "1.path", "`/etc/a` is given twice"),
            (
                &["/etc/a", "/etc/b", "/etc/a/b/c"],
                "2.path",
                "needs the directory `/etc/a`",
            ),
            (
                &["/etc/a/b/c", "/etc/a"],
                "1.path",
                "`/etc/a/b/c` in this document needs it",
            ),
        ] {
            let found = check(paths);
            assert_eq!(found.len(), 1, "{paths:?}: {found:?}");
            assert!(found[0].0 == place && found[0].1.contains(words), "{found:?}");
        }
        assert_eq!(check(&["/etc/a", "/etc/ab", "/etc/b/a"]), []);
        let text =
            "write_files: [{path: /a, content: x}, {path: /a, content: y, append: true}, {path: //a, append: true}]";
        let document = Document::read(&Texts::of_user_data("", text.as_bytes()));
        assert_eq!(document.diagnostics, []);
    }

    #[test]
    fn binary_content_is_bytes_and_never_shown() {
        let text = "write_files:\n- {path: /a, content: !!binary aGVsbG8K}\n- path: /b\n  encoding: gzip\n  content: !!binary |\n    \
                    H4sIAAAAAAAAA8tIzcnJ\n    5wIAIDA6NgYAAAA=\n- {path: /c, content: !!binary //4A}\n\
                    - {path: /d, content: !!binary hunter2!}\n- {path: /e, encoding: b64, content: !!binary YUdrPQ==}\n";
        let document = Document::read(&Texts::of_user_data("user-data", text.as_bytes()));
        let wrong: Vec<_> = document.diagnostics.iter().map(Diagnostic::in_one_line).collect();
        assert_eq!(wrong, ["user-data:9:32: `!!binary` is base64, and this is not"]);
        let files = document.config.write_files.as_deref().unwrap();
        let bytes = files.iter().map(|file| {
            let content = file.content.as_ref().unwrap();
            (
                file.path.as_str(),
                file.encoding.decode(content.expose()).unwrap().to_vec(),
            )
        });
        let expected = [
            ("/a", &b"hello\n"[..]),
            ("/b", b"hello\n"),
            ("/c", b"\xff\xfe\0"),
            ("/e", b"hi"),
        ];
        assert_eq!(
            bytes.collect::<Vec<_>>(),
            expected.map(|(path, bytes)| (path, bytes.to_vec()))
        );
        let shown = format!("{files:?} {}", document.masked());
        assert!(!shown.contains("aGVsbG8K") && !shown.contains("hello"), "{shown}");
    }

    #[test]
    fn what_a_source_is_asked_with_is_checked() {
        for (source, wrong) in [
            ("{uri: 'https://h/x', headers: {X-Token: abc, Accept: a}}", vec![]),
            (
                "{uri: 'https://'}",
                vec!["1:40: this is not an address: write https://HOST/PATH"],
            ),
            (
                "{uri: 'ftp://h/hunter2'}",
                vec!["1:40: this has an unsupported scheme: use https:// or http://"],
            ),
            (
                "{uri: 'https://a b/hunter2'}",
                vec!["1:40: this is not an address: write https://HOST/PATH"],
            ),
            (
                "{uri: 'https://h/', headers: {X Token: hunter2}}",
                vec!["1:73: this is not the name of a header (it has letters, digits and `-`, as in `X-Auth-Token`)"],
            ),
            (
                "{uri: 'https://h/', headers: {A: \"hunter2\\n\"}}",
                vec!["1:67: a header can't have a line break or another control character"],
            ),
            (
                "{uri: 'https://h/', headers: {A: x, a: x}}",
                vec!["1:73: this header is given twice, with a different case (leave one out)"],
            ),
            (
                "{uri: 'https://u:p@h/', headers: {authorization: hunter2}}",
                vec!["1:83: the user is given twice, in the address and in this header (leave one out)"],
            ),
        ] {
            let text = format!("write_files: [{{path: /a, source: {source}}}]\n");
            let document = Document::read(&Texts::of_user_data("", text.as_bytes()));
            let found: Vec<_> = document.diagnostics.iter().map(Diagnostic::in_one_line).collect();
            let wrong: Vec<_> = wrong.into_iter().map(|wrong| format!(":{wrong}")).collect();
            assert_eq!(found, wrong, "{source}");
        }
    }

    #[test]
    fn encodings() {
        let decode = |name: &str, raw: &[u8]| Encoding::try_from(name.to_owned()).unwrap().decode(raw);
        assert_eq!(decode("", b"a").unwrap().as_slice(), b"a");
        assert_eq!(decode("B64", b"aGVs\nbG8=").unwrap().as_slice(), b"hello");
        for (name, raw) in [
            ("base64", &b"hunter2!"[..]),
            ("gzip", b"hunter2"),
            ("gz+b64", b"aHVudGVyMg=="),
        ] {
            let why = decode(name, raw).unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
        assert!(Encoding::try_from("rot13".to_owned()).is_err());
    }
}
