//! A script that is a part of user-data or vendor-data.

use super::script::Script;
use crate::document::format::Often;

/// The longest name that is taken from a part, in bytes.
const NAME_MAX: usize = 64;

/// A script of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserScript {
    /// Its name: that of its file, or `part-001`. Letters, digits, `.`, `_` and `-`; no two scripts have one name.
    pub name: String,
    /// What runs.
    pub script: Script,
    /// When it runs.
    pub often: Often,
    /// Whether it is a boot hook: it runs early in each boot.
    pub is_boothook: bool,
    /// Whether it is the vendor's: those run first.
    pub is_vendors: bool,
}

impl UserScript {
    /// Whether it runs at each boot; otherwise it runs once.
    pub fn is_of_each_boot(&self) -> bool {
        self.is_boothook || self.often == Often::Boot
    }
}

/// The scripts of a document, in the order in which they run: the vendor's first, then by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserScripts(Vec<UserScript>);

impl UserScripts {
    /// The scripts.
    pub fn all(&self) -> &[UserScript] {
        &self.0
    }

    /// Adds a script. `number`: which part it is; its name, where its own can't be taken or is taken already.
    pub fn add(&mut self, mut script: UserScript, number: usize) {
        let own = safe_name(&script.name);
        let is_taken = |name: &str| self.0.iter().any(|other| other.name == name);
        let second = if own.is_empty() {
            own.clone()
        } else {
            format!("{own}-{number}")
        };
        let names = [own, second, format!("part-{number:03}")];
        let free = names
            .into_iter()
            .find(|name| !name.is_empty() && !name.starts_with('-') && !is_taken(name));
        script.name = free.unwrap_or_else(|| format!("script-{number:03}"));
        self.0.push(script);
        self.0.sort_by(|one, other| order(one).cmp(&order(other)));
    }

    /// Has a program run those of the vendor that run once for an instance, as cloud-init does.
    pub fn prefix_vendors(&mut self, prefix: &[String]) {
        let all = self.0.iter_mut();
        for script in all.filter(|script| script.is_vendors && script.often == Often::Instance) {
            script.script.set_prefix(prefix);
        }
    }

    /// Forgets those of the vendor.
    pub fn drop_vendors(&mut self) {
        self.0.retain(|script| !script.is_vendors);
    }
}

fn order(script: &UserScript) -> (bool, &str) {
    (!script.is_vendors, &script.name)
}

/// What of a name a file and a unit can have.
fn safe_name(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or_default();
    let safe = last.chars().map(|c| match c {
        c if c.is_ascii_alphanumeric() || "._-".contains(c) => c,
        _ => '_',
    });
    let safe: String = safe.take(NAME_MAX).collect();
    safe.trim_start_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(given: &[(&str, bool)]) -> Vec<String> {
        let mut scripts = UserScripts::default();
        for (number, (name, is_vendors)) in (1..).zip(given) {
            let script = UserScript {
                name: (*name).to_owned(),
                script: Script::of_text("#!/bin/sh\n"),
                often: Often::Instance,
                is_boothook: false,
                is_vendors: *is_vendors,
            };
            scripts.add(script, number);
        }
        scripts.all().iter().map(|script| script.name.clone()).collect()
    }

    #[test]
    fn names_are_safe_and_each_is_there_once() {
        assert_eq!(
            names(&[("b.sh", false), ("a b.sh", false), ("", false), ("../../etc/x", false)]),
            ["a_b.sh", "b.sh", "part-003", "x"]
        );
        assert_eq!(
            names(&[("a", false), ("a", false), ("-x", false)]),
            ["a", "a-2", "part-003"]
        );
        assert_eq!(names(&[("a", false), ("b", true)]), ["b", "a"], "the vendor's first");
    }
}
