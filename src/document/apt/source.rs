//! A source of packages, and its file.

use serde::Deserialize;

use super::key::PublicKey;
use super::whole_lines;
use crate::document::problem::Problems;
use crate::document::write_files::FilePath;

/// The directory of the files of sources.
const DIRECTORY: &str = "/etc/apt/sources.list.d";

/// What the name of a file there ends in.
const SUFFIX: &str = ".list";

/// The most bytes of a name.
const NAME_MAX: usize = 128;

/// A source of packages.
///
/// ```yaml
/// source: deb [signed-by=$KEY_FILE] https://apt.example.com $RELEASE main
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Source {
    /// Lines as in sources.list(5). `$RELEASE` and `$MIRROR` are those of the distribution, `$KEY_FILE` is where the key
    /// is.
    ///
    /// ```yaml
    /// source: deb https://apt.example.com $RELEASE main
    /// ```
    pub source: Option<Lines>,
    /// The file in `/etc/apt/sources.list.d`, or its path. Default: the name of the source.
    ///
    /// ```yaml
    /// filename: example.list
    /// ```
    pub filename: Option<FileName>,
    /// The key that the packages are signed with.
    ///
    /// ```yaml
    /// key: |
    ///   -----BEGIN PGP PUBLIC KEY BLOCK-----
    ///
    ///   mDMEZ0uBkRYJKwYBBAHaRw8BAQdA
    ///   -----END PGP PUBLIC KEY BLOCK-----
    /// ```
    pub key: Option<PublicKey>,
    /// The number of the key. firstlight asks no key server: `key` has to be there.
    ///
    /// ```yaml
    /// keyid: 9FD3B784BC1C6FC31A8A0A1C1655A0AB68576280
    /// ```
    pub keyid: Option<String>,
    /// The key server, which isn't asked.
    ///
    /// ```yaml
    /// keyserver: keyserver.ubuntu.com
    /// ```
    pub keyserver: Option<String>,
    /// Whether the source is added to others in its file. Default: true.
    pub append: Option<bool>,
}

/// The name of a source, or of its file. Of files with other names apt reads nothing, and says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^(/.*/)?(?![.])[A-Za-z0-9_.-]+$", "maxLength" = 128, "examples" = ["jenkins"])))]
pub struct FileName {
    written: String,
    path: String,
    stem: String,
}

/// Lines as in sources.list(5).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^([ \t]*(#[^\u0000-\u0008\u000b-\u001f\u007f\n]*|deb(-src)?[ \t][^\u0000-\u0008\u000b-\u001f\u007f\n]*)?(\n|$))*$")))]
pub struct Lines(String);

impl FileName {
    /// The key in the document.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The file of the source.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its name without a suffix: that of the key.
    pub fn stem(&self) -> &str {
        &self.stem
    }
}

impl TryFrom<String> for FileName {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        if written.len() > NAME_MAX {
            return Err(format!("the name of a source has at most {NAME_MAX} bytes"));
        }
        let (directory, name) = match written.rsplit_once('/') {
            Some((directory, name)) if written.starts_with('/') => (directory.to_owned(), name),
            Some(_) => return Err("a file of a source is given by its name, or by its whole path".to_owned()),
            None => (DIRECTORY.to_owned(), written.as_str()),
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(allowed) {
            return Err(format!(
                "apt reads no file with the name `{}`: write letters, digits, `_`, `-` and `.`",
                name.escape_debug()
            ));
        }
        let stem = name.strip_suffix(SUFFIX).unwrap_or(name);
        let path = FilePath::try_from(format!("{directory}/{stem}{SUFFIX}"))?;
        Ok(Self {
            path: path.as_str().to_owned(),
            stem: stem.to_owned(),
            written,
        })
    }
}

impl Lines {
    /// The lines.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Lines {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = whole_lines(&text)?;
        for line in text.lines().map(str::trim) {
            if line.starts_with("ppa:") {
                return Err(
                    "firstlight doesn't ask Launchpad: write the line `deb …` that the archive's page shows, and \
                            its key to `key`"
                        .to_owned(),
                );
            }
            let is_source = ["deb", "deb-src"].iter().any(|word| {
                line.strip_prefix(word)
                    .is_some_and(|rest| rest.starts_with([' ', '\t']))
            });
            if !is_source && !line.is_empty() && !line.starts_with('#') {
                return Err("a line of a source begins with `deb` or `deb-src`".to_owned());
            }
        }
        Ok(Self(text))
    }
}

impl Source {
    pub(super) fn check(&self, problems: &mut Problems<'_>) {
        if self.keyid.is_some() && self.key.is_none() {
            let message = "firstlight asks no key server";
            let hint = "write the key to `key`, as `gpg --armor --export` shows it";
            problems.error(&["keyid"], message, Some(hint));
        }
        let names_key = self
            .source
            .as_ref()
            .is_some_and(|source| source.as_str().contains("KEY_FILE"));
        if names_key && self.key.is_none() && self.keyid.is_none() {
            let message = "`$KEY_FILE` is the file of `key`, which is missing";
            problems.error(&["source"], message, Some("add `key`"));
        }
        if self.source.is_none() && self.key.is_none() && self.keyid.is_none() {
            problems.error(&[], "the source has neither `source` nor `key`", Some("add `source`"));
        }
    }
}
