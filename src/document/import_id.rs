//! `ssh_import_id`: whose public keys other sites have, and what they have.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::AuthorizedKey;
use super::config::Config;
use super::one_or_many::one_or_many;
use super::problem::Check;
use super::users::wanted;

/// The longest name that is taken, in bytes. GitHub's have 39, Launchpad's 32.
const NAME_MAX: usize = 64;

/// A site that has people's public keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// GitHub: `https://github.com/NAME.keys`.
    GitHub,
    /// Launchpad: `https://launchpad.net/~NAME/+sshkeys`.
    Launchpad,
}

/// Somebody whose public keys a site has: `gh:NAME` at GitHub, `lp:NAME` or `NAME` at Launchpad.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^\s*(gh:[A-Za-z0-9][A-Za-z0-9_-]{0,63}|(lp:)?[a-z0-9][a-z0-9.+-]{0,63})\s*$", "examples" = ["gh:octocat"])))]
pub struct ImportId {
    /// Who has them.
    pub site: Site,
    /// Who that is there.
    pub name: String,
}

/// `ssh_import_id`: one person, or a list of them.
///
/// ```yaml
/// ssh_import_id: [gh:octocat, lp:smoser]
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(with = "crate::vocabulary::schema::OneOrMany<ImportId>")
)]
pub struct ImportIds(#[serde(deserialize_with = "one_or_many")] pub Vec<ImportId>);

impl Check for ImportIds {}

impl fmt::Display for ImportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let site = match self.site {
            Site::GitHub => "gh",
            Site::Launchpad => "lp",
        };
        write!(f, "{site}:{}", self.name)
    }
}

impl TryFrom<String> for ImportId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (site, name) = match text.trim().split_once(':') {
            Some(("gh", name)) => (Site::GitHub, name),
            Some(("lp", name)) => (Site::Launchpad, name),
            Some(_) => return Err("keys are imported from `gh:` (GitHub) and `lp:` (Launchpad)".to_owned()),
            None => (Site::Launchpad, text.trim()),
        };
        // What neither site allows would be another path of it.
        let is_allowed = |byte: u8| match site {
            Site::GitHub => byte.is_ascii_alphanumeric() || b"-_".contains(&byte),
            Site::Launchpad => byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".+-".contains(&byte),
        };
        let begins_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        match begins_well && name.len() <= NAME_MAX && name.bytes().all(is_allowed) {
            true => Ok(Self {
                site,
                name: name.to_owned(),
            }),
            false => Err(match site {
                Site::GitHub => "this is not a name at GitHub: write `gh:NAME`, and several as a list",
                Site::Launchpad => "this is not a name at Launchpad: write `lp:NAME`, and several as a list",
            }
            .to_owned()),
        }
    }
}

/// What the sites have; not from the document itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Whether they were asked for this run.
    pub asked: bool,
    /// By person.
    pub by: BTreeMap<ImportId, Import>,
}

/// What a site has of one person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Import {
    /// The keys: those of now, or those of an earlier time where it can't be asked now.
    pub keys: Vec<AuthorizedKey>,
    /// Why it couldn't be asked, if so.
    pub failed: Option<String>,
}

impl Config {
    /// Everybody whose keys are to be imported, each once.
    pub fn import_ids(&self) -> Vec<ImportId> {
        let of_users = wanted(self).into_iter().flat_map(|wanted| wanted.user.ssh_import_id);
        let top = self.ssh_import_id.iter().flat_map(|ids| ids.0.iter().cloned());
        let mut all: Vec<ImportId> = top.chain(of_users).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Whether keys are to be imported, and the sites were not asked yet.
    pub fn awaits_keys(&self) -> bool {
        !self.imported.asked && !self.import_ids().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Diagnostic, Document, Texts};

    #[test]
    fn whom_there_may_be() {
        let long = format!("gh:{}", "a".repeat(NAME_MAX));
        for (text, expected) in [
            ("gh:Octo-cat_corp", "gh:Octo-cat_corp"),
            ("lp:a.b+c-1", "lp:a.b+c-1"),
            (" smoser\n", "lp:smoser"),
            (long.as_str(), long.as_str()),
        ] {
            assert_eq!(ImportId::try_from(text.to_owned()).unwrap().to_string(), expected);
        }
        let longer = format!("{long}a");
        for text in [
            "",
            "gh:",
            "lp:",
            ":a",
            "gl:a",
            "GH:a",
            "gh:../a",
            "gh:a/b",
            "gh:a.keys",
            "gh:-a",
            "lp:A",
            "lp:~a",
            "lp:a/b",
            "a b",
            "gh:a,gh:b",
            "gh:a%2f",
            "lp:a?b",
            "lp:a#b",
            "lp:..",
            "gh:ü",
            "gh:a\nb",
            "gh:a:b",
            "https://github.com/a",
            &longer,
        ] {
            let why = ImportId::try_from(text.to_owned()).unwrap_err();
            assert!(why.contains("gh:") || why.contains("lp:"), "{text}: {why}");
        }
    }

    #[test]
    fn they_are_asked_for_once_and_a_mistake_costs_itself() {
        let yaml = "ssh_import_id: gh:top\nusers: [default, {name: bob, ssh_import_id: [smoser, 'gh:a/b', 'gh:top', 'lp:smoser']}, {name: amy}]\n";
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        let said: Vec<String> = document.diagnostics.iter().map(Diagnostic::in_one_line).collect();
        assert!(said.len() == 1 && said[0].contains("not a name at GitHub"), "{said:?}");
        let ids: Vec<String> = document.config.import_ids().iter().map(ToString::to_string).collect();
        assert_eq!(ids, ["gh:top", "lp:smoser"]);
        assert!(document.config.awaits_keys());
        let nothing = Document::read(&Texts::of_user_data(
            "x",
            b"ssh_import_id: []\nusers: [{name: bob, ssh_import_id: ~}]\n",
        ));
        assert!(nothing.diagnostics.is_empty() && !nothing.config.awaits_keys());
    }
}
