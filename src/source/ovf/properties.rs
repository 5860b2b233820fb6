//! Which properties are ours, and what they are called.

use std::collections::HashSet;

use super::environment::{Environment, Property};
use crate::document::Conversion;

/// cloud-init's properties. They have no class: another product's `com.example.hostname` is not meant.
const CLOUD_INIT: [&str; 7] = [
    "instance-id",
    "hostname",
    "user-data",
    "public-keys",
    "password",
    "seedfrom",
    "network-config",
];

/// firstlight's own, after `firstlight.`.
const OWN: [&str; 13] = [
    "hostname",
    "ip",
    "gateway",
    "dns",
    "domain",
    "ntp",
    "timezone",
    "root-password",
    "root-hashed-password",
    "permit-root-login",
    "ssh-key",
    "docker",
    "user-data",
];

/// Those that hold a password, or a document that may hold one.
const SECRET: [&str; 5] = [
    "user-data",
    "password",
    "firstlight.user-data",
    "firstlight.root-password",
    "firstlight.root-hashed-password",
];

/// Whether the property of this key holds a secret of ours.
pub fn is_secret(key: &str) -> bool {
    matches!(name_of(key), Ok(Some(name)) if SECRET.contains(&name.as_str()))
}

/// The properties that are firstlight's or cloud-init's and have a value.
#[derive(Debug)]
pub struct Properties<'a> {
    origin: &'a str,
    found: Vec<(String, &'a Property)>,
    /// The names of those that are there, or may have been meant, in some way that can't be used.
    wrong: HashSet<String>,
    /// The names of those that are given twice and differ.
    contradicted: HashSet<String>,
}

impl<'a> Properties<'a> {
    /// Picks them out of an environment, which is `origin`. Reported are properties of firstlight's that there are not,
    /// those without a value, and those that are given twice and differ, neither of which is then taken.
    pub fn of(environment: &'a Environment, origin: &'a str, conversion: &mut Conversion) -> Self {
        let mut properties = Self {
            origin,
            found: Vec::new(),
            wrong: HashSet::new(),
            contradicted: HashSet::new(),
        };
        for property in &environment.properties {
            let wrong = properties.add(property);
            if let Err((name, message)) = wrong {
                conversion.error(&[], properties.place_of(&property.key), message);
                properties.wrong.extend(name);
            }
        }
        let Self {
            found, contradicted, ..
        } = &mut properties;
        found.retain(|(name, _)| !contradicted.contains(name));
        properties
    }

    /// Takes a property in.
    ///
    /// # Errors
    /// It can't be used: the name that it is or may be meant for, and why.
    fn add(&mut self, property: &'a Property) -> Result<(), (Option<String>, String)> {
        let key = shown(&property.key);
        let Some(name) = name_of(&property.key)? else {
            return Ok(());
        };
        let Some(value) = &property.value else {
            let message = format!("the property {key} has no value: set oe:value");
            return Err((Some(name), message));
        };
        if value.trim().is_empty() {
            return Ok(());
        }
        match self.found.iter().find(|(other, _)| *other == name) {
            Some((_, other)) if other.value == property.value => Ok(()),
            Some((_, other)) => {
                let other = shown(&other.key);
                self.contradicted.insert(name.clone());
                Err((Some(name), format!("{other} and {key} differ: keep one of them")))
            }
            None => {
                self.found.push((name, property));
                Ok(())
            }
        }
    }

    /// Where a property is, by its key as it is written.
    fn place_of(&self, key: &str) -> String {
        format!("{}: property {}", self.origin, shown(key))
    }

    /// Where a property is that is there, by its full name.
    pub fn place(&self, name: &str) -> String {
        let found = self.found.iter().find(|(own, _)| own == name);
        self.place_of(found.map_or(name, |(_, property)| property.key.as_str()))
    }

    /// Whether a property is there, or was meant, in some way that can't be used.
    pub fn is_wrong(&self, name: &str) -> bool {
        self.wrong.contains(name)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The value of a property by its full name, without space around it: `hostname`, `firstlight.hostname`.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.raw(name).map(str::trim)
    }

    /// The value as it is: a password may begin with a space.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        let (_, property) = self.found.iter().find(|(own, _)| own == name)?;
        property.value.as_ref().map(|value| value.as_str())
    }

    /// The names of those that are there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.found.iter().map(|(name, _)| name.as_str())
    }
}

/// What a key `[class.]key[.instance]` means to us; `None` if it is somebody else's.
///
/// # Errors
/// It is not one of firstlight's: the name that may be meant, and what is wrong.
fn name_of(key: &str) -> Result<Option<String>, (Option<String>, String)> {
    if CLOUD_INIT.contains(&key) {
        return Ok(Some(key.to_owned()));
    }
    let mut segments = key.split('.').skip_while(|segment| *segment != "firstlight").skip(1);
    // What follows the name is the instance of the product.
    match segments.next() {
        None => Ok(None),
        Some(name) if OWN.contains(&name) => Ok(Some(format!("firstlight.{name}"))),
        Some(name) => Err(unknown(key, name)),
    }
}

fn unknown(key: &str, name: &str) -> (Option<String>, String) {
    let plain = name.to_ascii_lowercase().replace('_', "-");
    let distance = |known: &&&str| strsim::damerau_levenshtein(&plain, known);
    let short = name.len() <= 64;
    let near = OWN.iter().filter(|_| short).min_by_key(distance);
    let near = near.filter(|near| distance(near) <= 1 + plain.len() / 4);
    let hint = match near {
        Some(near) => format!("did you mean firstlight.{near}?"),
        None => format!("there are firstlight.{}", OWN.join(", firstlight.")),
    };
    let meant = near.map(|near| format!("firstlight.{near}"));
    (meant, format!("there is no property {}: {hint}", shown(key)))
}

/// A key for a message: these are anybody's bytes.
fn shown(key: &str) -> String {
    let short: String = key.chars().take(80).collect();
    short.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_or_without_class_and_instance() {
        for key in [
            "firstlight.hostname",
            "com.example.firstlight.hostname",
            "firstlight.hostname.0",
            "vami.firstlight.hostname.vm1.2",
        ] {
            assert_eq!(name_of(key), Ok(Some("firstlight.hostname".to_owned())), "{key}");
        }
        assert_eq!(name_of("user-data"), Ok(Some("user-data".to_owned())));
        for key in ["guestinfo.hostname", "com.example.hostname", "firstlight", "Hostname"] {
            assert_eq!(name_of(key), Ok(None), "{key}");
        }
    }

    #[test]
    fn a_typo_is_told_apart() {
        for (key, near) in [
            ("firstlight.hostnme", "did you mean firstlight.hostname?"),
            ("a.firstlight.root_pasword.1", "did you mean firstlight.root-password?"),
            ("firstlight.zzzzzzzz", "there are firstlight.hostname, firstlight.ip"),
            ("firstlight.", "there are firstlight.hostname"),
        ] {
            let (_, why) = name_of(key).unwrap_err();
            assert!(why.contains(key) && why.contains(near), "{why}");
        }
        assert!(
            name_of(&format!("firstlight.{}", "x".repeat(100_000)))
                .unwrap_err()
                .1
                .len()
                < 500
        );
    }
}
