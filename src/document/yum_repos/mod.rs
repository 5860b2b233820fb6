//! `yum_repos`: where tdnf, dnf and yum get packages from.

mod option;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::code::Code;
use super::problem::{Check, Problems};
use super::write_files::FilePath;
pub use option::{OptionName, OptionValue};

/// The most bytes of a repository's name: with its suffix it is the name of a file.
const ID_MAX: usize = 128;

/// The options that say where the packages are. One of them is needed.
const ADDRESSES: [&str; 3] = ["baseurl", "mirrorlist", "metalink"];

/// Repositories by name, each with the options of dnf.conf(5). Each is a file in `/etc/yum.repos.d`, which replaces one that
/// is there.
///
/// ```yaml
/// yum_repos:
///   hashicorp:
///     name: HashiCorp Stable
///     baseurl: https://rpm.releases.hashicorp.com/RHEL/9/$basearch/stable
///     gpgcheck: true
///     gpgkey: https://rpm.releases.hashicorp.com/gpg
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(with = "std::collections::BTreeMap<RepositoryId, option::forms::Repository>")
)]
pub struct YumRepos(pub Vec<(RepositoryId, Repository)>);

/// The name of a repository: that of its file and of the section in it. Blanks become dashes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^(?!main$)(?!\.)[A-Za-z0-9_.: -]+$", "maxLength" = 128, "examples" = ["epel"])))]
pub struct RepositoryId {
    written: String,
    id: String,
}

/// The options of a repository, in the order of the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repository(Vec<(OptionName, OptionValue)>);

impl RepositoryId {
    /// The key in the document.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.id
    }
}

impl TryFrom<String> for RepositoryId {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        if written.len() > ID_MAX {
            let length = written.len();
            return Err(format!(
                "the name of a repository has at most {ID_MAX} bytes, this one has {length}"
            ));
        }
        let refuse = |why: &str| {
            let name = written.escape_debug();
            Err(format!("`{name}` is not a name for a repository: {why}"))
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.: ".contains(c);
        if let Some(bad) = written.chars().find(|c| !allowed(*c)) {
            return refuse(&format!("`{}` is not allowed in it", bad.escape_debug()));
        }
        if written.is_empty() {
            return Err("the name of a repository can't be empty".to_owned());
        }
        if written.starts_with('.') {
            return refuse("it begins with a dot");
        }
        if written == "main" {
            return refuse("it is the section of dnf's own settings");
        }
        let id = written.replace(' ', "-");
        Ok(Self { written, id })
    }
}

impl Repository {
    /// The options, each with its name.
    pub fn options(&self) -> impl Iterator<Item = (&str, &OptionValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether it has this option.
    pub fn has(&self, name: &str) -> bool {
        self.options().any(|(other, _)| other == name)
    }
}

impl<'de> Deserialize<'de> for YumRepos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = YumRepos;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of repositories by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<YumRepos, A::Error> {
                let mut repositories = Vec::new();
                while let Some(repository) = map.next_entry()? {
                    repositories.push(repository);
                }
                Ok(YumRepos(repositories))
            }
        }
        deserializer.deserialize_map(All)
    }
}

impl<'de> Deserialize<'de> for Repository {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Options;
        impl<'de> Visitor<'de> for Options {
            type Value = Repository;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of options")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Repository, A::Error> {
                let mut options = Vec::new();
                while let Some(name) = map.next_key::<OptionName>()? {
                    let value = match name.is_secret() {
                        true => map.next_value::<Option<_>>()?.map(OptionValue::Secret),
                        false => map.next_value::<Option<option::Text>>()?.map(|text| text.of(&name)),
                    };
                    options.extend(value.map(|value| (name, value)));
                }
                Ok(Repository(options))
            }
        }
        deserializer.deserialize_map(Options)
    }
}

impl Check for YumRepos {
    fn check(&self, problems: &mut Problems<'_>) {
        let mut seen = BTreeMap::new();
        for (id, repository) in &self.0 {
            let mut problems = problems.below(&[id.written()]);
            if let Some(other) = seen.insert(id.as_str(), id.written()) {
                let message = format!("`{}` and `{other}` are the same repository", id.written());
                problems
                    .of(Code::Conflict)
                    .error(&[], message, Some("keep one of them"));
            }
            if !ADDRESSES.iter().any(|name| repository.has(name)) {
                let message = "the repository has no address";
                problems.error(&[], message, Some("add `baseurl`, `mirrorlist` or `metalink`"));
            }
            check_options(repository, &mut problems);
        }
    }
}

/// Values that aren't one, and one option in two spellings: `gpg-check` and `gpg_check`.
fn check_options(repository: &Repository, problems: &mut Problems<'_>) {
    let mut seen = BTreeMap::new();
    for (name, value) in &repository.0 {
        if let Some(why) = value.objection(name) {
            problems.error(&[name.written()], why, None);
        }
        if let Some(other) = seen.insert(name.as_str(), name.written()) {
            let message = format!("`{}` and `{other}` are the same option", name.written());
            let mut problems = problems.of(Code::Conflict);
            problems.error(&[name.written()], message, Some("keep one of them"));
        }
    }
}

/// The directory of the repositories' files.
///
/// ```yaml
/// yum_repo_dir: /etc/dnf/repos.d
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^/+(?!(dev|proc|sys|var/lib/firstlight|run/firstlight|var/run/firstlight)(/|$))(?!(.*/)?\.\.?(/|$))[^\u0000-\u001f\u007f]*[^/\u0000-\u001f\u007f]/*$", "maxLength" = 4095)))]
pub struct RepositoryDirectory(FilePath);

impl RepositoryDirectory {
    /// The path.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl TryFrom<String> for RepositoryDirectory {
    type Error = String;

    fn try_from(path: String) -> Result<Self, String> {
        let path = FilePath::try_from(path.trim_end_matches('/').to_owned());
        path.map(Self)
            .map_err(|why| why.replace("the path of a file", "the path of a directory"))
    }
}

impl Check for RepositoryDirectory {}

#[cfg(test)]
mod tests;
