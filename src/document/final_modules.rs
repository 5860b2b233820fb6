//! `cloud_final_modules`: cloud-config's list of modules, of which one entry says something that no other key does.

use std::fmt;

use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::Config;
use super::code::Code;
use super::problem::{Check, Problems};

/// The module that runs `runcmd` and the scripts of user-data, in both spellings.
const SCRIPTS: [&str; 2] = ["scripts-user", "scripts_user"];

/// The modules of cloud-init's final stage. Only `[scripts-user, always]` is applied: `runcmd` and the scripts of user-data then
/// run at each boot.
///
/// ```yaml
/// cloud_final_modules: [[scripts-user, always]]
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FinalModules(Vec<FinalModule>);

/// A module's name, or a list of its name and how often it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(untagged))]
pub enum FinalModule {
    /// The name.
    Name(String),
    /// The name, and how often.
    Often(Vec<String>),
}

impl FinalModule {
    fn runs_scripts_always(&self) -> bool {
        match self {
            Self::Name(_) => false,
            Self::Often(words) => {
                matches!(&words[..], [name, often] if SCRIPTS.contains(&name.as_str()) && often == "always")
            }
        }
    }
}

impl Config {
    /// Whether `runcmd` and the scripts of user-data run at each boot.
    pub fn runs_scripts_at_each_boot(&self) -> bool {
        let mut modules = self.cloud_final_modules.iter().flat_map(|modules| &modules.0);
        modules.any(FinalModule::runs_scripts_always)
    }
}

impl Check for FinalModules {
    fn check(&self, problems: &mut Problems<'_>) {
        for (number, module) in self
            .0
            .iter()
            .enumerate()
            .filter(|(_, module)| !module.runs_scripts_always())
        {
            let message = "the keys of a document say what is done here, not a list of modules";
            let hint = match module {
                FinalModule::Name(name) if SCRIPTS.contains(&name.as_str()) => {
                    "remove it, or write `[scripts-user, always]` for scripts that run at each boot"
                }
                _ => "remove it",
            };
            let mut problems = problems.of(Code::NoEffect);
            problems.warning(&[&number.to_string()], message, Some(hint));
        }
    }
}

impl<'de> Deserialize<'de> for FinalModule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrList)
    }
}

struct NameOrList;

impl<'de> Visitor<'de> for NameOrList {
    type Value = FinalModule;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a module's name, or a list of its name and how often it runs")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<FinalModule, E> {
        Ok(FinalModule::Name(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<FinalModule, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(FinalModule::Often)
    }
}

#[cfg(test)]
mod tests {
    use crate::document::{Document, Texts};

    #[test]
    fn one_entry_counts_and_the_others_are_told() {
        for (modules, at_each_boot, warnings) in [
            ("[[scripts-user, always]]", true, 0),
            ("[[scripts_user, always]]", true, 0),
            (
                "[package-update-upgrade-install, [scripts-user, always], [final-message]]",
                true,
                2,
            ),
            ("[scripts-user]", false, 1),
            (
                "[[scripts-user, once-per-instance], [scripts-vendor, always], [scripts-user, always, x]]",
                false,
                3,
            ),
            ("[]", false, 0),
        ] {
            let yaml = format!("cloud_final_modules: {modules}\n");
            let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
            assert_eq!(document.config.runs_scripts_at_each_boot(), at_each_boot, "{modules}");
            assert_eq!(
                document.diagnostics.len(),
                warnings,
                "{modules}: {:?}",
                document.diagnostics
            );
            assert!(!document.has_errors(), "{modules}");
        }
    }
}
