//! `packages`: software to install.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::problem::{Check, Problems};

/// The longest name or version, in bytes: dpkg and rpm have none as long.
const WORD_MAX: usize = 255;

/// Packages in the order in which they are written. Items without a value are skipped.
///
/// ```yaml
/// - qemu-guest-agent
/// - [nginx, 1.26.3]
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Packages(Vec<Option<Item>>);

/// An item of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "forms::Item"))]
pub enum Item {
    /// A package for whatever package manager there is.
    Package(Package),
    /// Packages for one package manager, by its name: `apt`.
    Of(Vec<(String, Vec<Package>)>),
}

/// A package, with its version where one is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name, as its package manager knows it.
    pub name: String,
    /// The version.
    pub version: Option<String>,
}

impl Packages {
    /// The items, each with its number in the document, which begins with 0.
    pub fn each(&self) -> impl Iterator<Item = (usize, &Item)> {
        let numbered = self.0.iter().enumerate();
        numbered.filter_map(|(number, item)| Some((number, item.as_ref()?)))
    }
}

impl Check for Packages {
    fn check(&self, problems: &mut Problems<'_>) {
        for (number, item) in self.each() {
            let Item::Of(managers) = item else { continue };
            for (manager, _) in managers.iter().filter(|(manager, _)| manager == "snap") {
                let message = "firstlight doesn't install snaps";
                let hint = "add them to the image, or run `snap install` in `runcmd`";
                problems.error(&[&number.to_string(), manager], message, Some(hint));
            }
        }
    }
}

/// A word of a package manager's command line: nothing that it would take for an option, a file or an address.
fn word(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+-._:~=^*@".contains(c);
    if text.is_empty() {
        return Err("the name of a package can't be empty".to_owned());
    }
    if text.len() > WORD_MAX {
        return Err(format!("the name of a package has at most {WORD_MAX} bytes"));
    }
    if text.contains(char::is_whitespace) {
        return Err(
            "this contains whitespace: give each package its own item, and a version as in `[nginx, 1.26.3]`"
                .to_owned(),
        );
    }
    if let Some(bad) = text.chars().find(|c| !allowed(*c)) {
        return Err(format!(
            "`{}` is not allowed in the name of a package",
            bad.escape_debug()
        ));
    }
    if text.starts_with('-') {
        return Err("the name of a package can't begin with `-`".to_owned());
    }
    Ok(text.to_owned())
}

impl Package {
    fn named(name: &str) -> Result<Self, String> {
        Ok(Self {
            name: word(name)?,
            version: None,
        })
    }

    fn pinned(words: &[String]) -> Result<Self, String> {
        match words {
            [name, version] => Ok(Self {
                name: word(name)?,
                version: Some(word(version)?),
            }),
            _ => Err("expected a name and a version, as in `[nginx, 1.26.3]`".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for Package {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Item::deserialize(deserializer)? {
            Item::Package(package) => Ok(package),
            Item::Of(_) => Err(D::Error::custom("expected the name of a package, found a mapping")),
        }
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Forms)
    }
}

struct Forms;

impl<'de> Visitor<'de> for Forms {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a package, or its name and version in a list")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Item, E> {
        Package::named(name).map(Item::Package).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Item, A::Error> {
        let mut words: Vec<String> = Vec::new();
        while let Some(word) = items.next_element()? {
            words.push(word);
        }
        Package::pinned(&words).map(Item::Package).map_err(A::Error::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let mut managers = Vec::new();
        while let Some((manager, packages)) = map.next_entry::<String, Vec<Package>>()? {
            match manager.as_str() {
                "apt" | "dnf" | "tdnf" | "yum" | "zypper" | "snap" => managers.push((manager, packages)),
                other => {
                    return Err(A::Error::custom(format!(
                        "`{}` is not a package manager that firstlight knows: write apt, dnf, tdnf, yum or zypper",
                        other.escape_debug()
                    )));
                }
            }
        }
        Ok(Item::Of(managers))
    }
}

#[cfg(test)]
mod forms {
    /// What an editor is told of an item.
    #[derive(schemars::JsonSchema)]
    #[schemars(untagged)]
    #[allow(dead_code, reason = "only its schema is used")]
    pub enum Item {
        /// A package.
        Name(Word),
        /// A package and its version.
        #[schemars(extend("minItems" = 2, "maxItems" = 2))]
        Version(Vec<Word>),
        /// Packages for one package manager.
        Of(Managers),
    }

    /// A name or a version.
    #[derive(schemars::JsonSchema)]
    #[schemars(inline, extend("pattern" = r"^[A-Za-z0-9+._:~=^*@][A-Za-z0-9+._:~=^*@-]*$", "maxLength" = 255))]
    pub struct Word(#[allow(dead_code, reason = "only its schema is used")] String);

    /// Packages by package manager.
    #[derive(schemars::JsonSchema)]
    #[schemars(deny_unknown_fields)]
    #[allow(dead_code, reason = "only its schema is used")]
    pub struct Managers {
        /// Packages of Debian.
        ///
        /// ```yaml
        /// apt: [vim]
        /// ```
        apt: Option<Vec<Plain>>,
        /// Packages of Fedora.
        ///
        /// ```yaml
        /// dnf: [vim]
        /// ```
        dnf: Option<Vec<Plain>>,
        /// Packages of Photon.
        ///
        /// ```yaml
        /// tdnf: [vim]
        /// ```
        tdnf: Option<Vec<Plain>>,
        /// Packages of older Fedoras.
        ///
        /// ```yaml
        /// yum: [vim]
        /// ```
        yum: Option<Vec<Plain>>,
        /// Packages of SUSE.
        ///
        /// ```yaml
        /// zypper: [vim]
        /// ```
        zypper: Option<Vec<Plain>>,
    }

    /// A package, or a package and its version.
    #[derive(schemars::JsonSchema)]
    #[schemars(untagged)]
    #[allow(dead_code, reason = "only its schema is used")]
    pub enum Plain {
        /// A package.
        Name(Word),
        /// A package and its version.
        #[schemars(extend("minItems" = 2, "maxItems" = 2))]
        Version(Vec<Word>),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Diagnostic, Document, Texts};

    /// The packages of a document, or what is wrong with it and where.
    fn read(yaml: &str) -> Result<Vec<String>, Vec<String>> {
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        if !document.diagnostics.is_empty() {
            return Err(document.diagnostics.iter().map(Diagnostic::in_one_line).collect());
        }
        let packages = document.config.packages.unwrap_or_default();
        let shown = |package: &Package| format!("{}:{}", package.name, package.version.as_deref().unwrap_or("-"));
        let shown = |item: &Item| match item {
            Item::Package(package) => shown(package),
            Item::Of(managers) => {
                let each = managers.iter().map(|(manager, packages)| {
                    let packages: Vec<_> = packages.iter().map(shown).collect();
                    format!("{manager} {}", packages.join(" "))
                });
                each.collect::<Vec<_>>().join(", ")
            }
        };
        Ok(packages
            .each()
            .map(|(number, item)| format!("{number} {}", shown(item)))
            .collect())
    }

    #[test]
    fn names_versions_and_package_managers() {
        for (yaml, packages) in [
            (
                "packages: [vim, [git, 2.40], ~, g++, 'libc6:i386', nginx=1.2*]",
                &["0 vim:-", "1 git:2.40", "3 g++:-", "4 libc6:i386:-", "5 nginx=1.2*:-"][..],
            ),
            (
                "packages: [{apt: [vim, [git, 1]], dnf: []}]",
                &["0 apt vim:- git:1, dnf "],
            ),
            ("packages: []", &[]),
            ("packages:", &[]),
        ] {
            assert_eq!(read(yaml).unwrap(), packages, "{yaml}");
        }
    }

    #[test]
    fn what_is_wrong_costs_itself_and_has_its_place() {
        for (yaml, words) in [
            ("packages: [a b]", "x:1:12: this contains whitespace"),
            ("packages: [-y]", "can't begin with `-`"),
            ("packages: ['']", "can't be empty"),
            ("packages: ['a;b']", "`;` is not allowed"),
            ("packages: [./a.deb]", "`/` is not allowed"),
            ("packages: [[a, b, c]]", "expected a name and a version"),
            ("packages: [[a]]", "expected a name and a version"),
            ("packages: [{apt: [$x]}]", "`$` is not allowed"),
            ("packages: [{pip: [x]}]", "`pip` is not a package manager"),
            ("packages: [{snap: [x]}]", "doesn't install snaps"),
            ("packages: vim", "expected a list"),
        ] {
            let found = read(&format!("{yaml}\n")).unwrap_err();
            assert!(found.len() == 1 && found[0].contains(words), "{yaml}: {found:?}");
        }
        let document = Document::read(&Texts::of_user_data("x", b"packages: [vim, a b, git]\n"));
        assert_eq!(document.config.packages.unwrap().each().count(), 2);
    }
}
