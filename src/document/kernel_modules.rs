//! `kernel_modules`: modules that the kernel must have.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::code::Code;
use super::problem::{Check, Problems};

/// The most bytes of a name: the kernel's `MODULE_NAME_LEN`.
const NAME_MAX: usize = 55;

/// `kernel_modules`: modules by name, in the order in which they are loaded.
///
/// ```yaml
/// kernel_modules: [overlay, br_netfilter]
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("uniqueItems" = true, "examples" = [["overlay", "br_netfilter"]])))]
pub struct KernelModules(pub Vec<ModuleName>);

/// The name of a module, as lsmod(8) shows it. `-` and `_` are the same in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[A-Za-z0-9_][A-Za-z0-9_-]*$", "maxLength" = 55, "examples" = ["br_netfilter"])))]
pub struct ModuleName(String);

impl ModuleName {
    /// The name, with underscores.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ModuleName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let refuse = |why: &str| {
            Err(format!(
                "`{}` is not the name of a kernel module: {why}",
                name.escape_debug()
            ))
        };
        if name.is_empty() {
            return Err("the name of a kernel module can't be empty".to_owned());
        }
        if name.len() > NAME_MAX {
            let length = name.len();
            return Err(format!(
                "the name of a kernel module has at most {NAME_MAX} bytes, this one has {length}"
            ));
        }
        if let Some((stem, _)) = name.split_once(".ko") {
            let stem = stem.rsplit('/').next().unwrap_or(stem);
            return refuse(&format!("it is a file, write `{}`", stem.escape_debug()));
        }
        if name.contains(char::is_whitespace) {
            return refuse(
                "it contains whitespace; give each module its own item, and put options into /etc/modprobe.d \
                 (`write_files`)",
            );
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        if let Some(bad) = name.chars().find(|c| !allowed(*c)) {
            return refuse(&format!("`{}` is not allowed in it", bad.escape_debug()));
        }
        if name.starts_with('-') {
            return refuse("it begins with `-`");
        }
        Ok(Self(name.replace('-', "_")))
    }
}

impl Check for KernelModules {
    fn check(&self, problems: &mut Problems<'_>) {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, name) in self.0.iter().enumerate() {
            if let Some(first) = seen.insert(name.as_str(), at) {
                let message = format!("the module {} is given twice", name.as_str());
                let hint = format!("keep one of the items {} and {}", first + 1, at + 1);
                problems
                    .of(Code::Conflict)
                    .error(&[&at.to_string()], message, Some(&hint));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Diagnostic, Document, Texts};

    /// The modules of a document, or what is wrong with it and where.
    fn read(yaml: &str) -> Result<Vec<String>, Vec<String>> {
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        if !document.diagnostics.is_empty() {
            return Err(document.diagnostics.iter().map(Diagnostic::in_one_line).collect());
        }
        let modules = document.config.kernel_modules.unwrap_or_default().0;
        Ok(modules.into_iter().map(|name| name.0).collect())
    }

    #[test]
    fn names_as_lsmod_shows_them() {
        let modules = read("kernel_modules: [overlay, br-netfilter, 8021q, nf_conntrack]\n").unwrap();
        assert_eq!(modules, ["overlay", "br_netfilter", "8021q", "nf_conntrack"]);
        assert_eq!(read("kernel_modules: []\n").unwrap(), [""; 0]);
        assert_eq!(read("kernel_modules:\n").unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_wrong_costs_itself_and_has_its_place() {
        let long = format!("kernel_modules: [{}]", "a".repeat(NAME_MAX + 1));
        for (yaml, words) in [
            (
                "kernel_modules: ['']",
                "x:1:18: the name of a kernel module can't be empty",
            ),
            ("kernel_modules: [overlay.ko]", "write `overlay`"),
            (
                "kernel_modules: [/lib/modules/x/kernel/overlay.ko.xz]",
                "write `overlay`",
            ),
            (
                "kernel_modules: [nf_conntrack hashsize=1]",
                "put options into /etc/modprobe.d",
            ),
            ("kernel_modules: [\"a\\nb\"]", "it contains whitespace"),
            ("kernel_modules: [a/b]", "`/` is not allowed"),
            ("kernel_modules: ['#a']", "`#` is not allowed"),
            ("kernel_modules: [-a]", "begins with `-`"),
            ("kernel_modules: [é]", "is not allowed"),
            ("kernel_modules: [a_b, c, a-b]", "x:1:26: the module a_b is given twice"),
            ("kernel_modules: overlay", "expected a list"),
            ("kernel_modules: {overlay: true}", "expected a list"),
            ("kernel_modules: [{name: overlay}]", "found a mapping"),
            ("kernel_module: [overlay]", "did you mean `kernel_modules`?"),
            (&long, "at most 55 bytes"),
        ] {
            let found = read(yaml).unwrap_err();
            assert!(found.len() == 1 && found[0].contains(words), "{yaml}: {found:?}");
        }
    }
}
