//! Which properties are ours, and what they are called.

use super::environment::{Environment, Property};

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

/// firstlight's own, behind `firstlight.`.
const OWN: [&str; 12] = [
    "hostname",
    "ip",
    "gateway",
    "dns",
    "domain",
    "ntp",
    "timezone",
    "root-password",
    "permit-root-login",
    "ssh-key",
    "docker",
    "user-data",
];

/// Those that hold a password, or a document that may hold one.
const SECRET: [&str; 4] = [
    "user-data",
    "password",
    "firstlight.user-data",
    "firstlight.root-password",
];

/// Whether the property of this key holds a secret of ours.
pub fn is_secret(key: &str) -> bool {
    matches!(name_of(key), Ok(Some(name)) if SECRET.contains(&name.as_str()))
}

/// The properties that are firstlight's or cloud-init's and have a value.
#[derive(Debug)]
pub struct Properties<'a>(Vec<(String, &'a Property)>);

impl<'a> Properties<'a> {
    /// Picks them out of an environment.
    ///
    /// # Errors
    /// A property of firstlight's that there is not, one without a value, or one that is there twice and differs.
    pub fn of(environment: &'a Environment) -> Result<Self, String> {
        let mut found: Vec<(String, &Property)> = Vec::new();
        for property in &environment.properties {
            let Some(name) = name_of(&property.key)? else { continue };
            let Some(value) = &property.value else {
                return Err(format!(
                    "the property {} has no value: give it an oe:value",
                    shown(&property.key)
                ));
            };
            if value.trim().is_empty() {
                continue;
            }
            match found.iter().find(|(other, _)| *other == name) {
                Some((_, other)) if other.value == property.value => {}
                Some((_, other)) => {
                    let (one, two) = (shown(&other.key), shown(&property.key));
                    return Err(format!("{one} and {two} say different things: keep one of them"));
                }
                None => found.push((name, property)),
            }
        }
        Ok(Self(found))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a property by its full name, without space around it: `hostname`, `firstlight.hostname`.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.raw(name).map(str::trim)
    }

    /// The value as it is: a password may begin with a space.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        let (_, property) = self.0.iter().find(|(own, _)| own == name)?;
        property.value.as_ref().map(|value| value.as_str())
    }

    /// The names of those that are there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

/// What a key `[class.]key[.instance]` means to us; `None` if it is somebody else's.
fn name_of(key: &str) -> Result<Option<String>, String> {
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

fn unknown(key: &str, name: &str) -> String {
    let plain = name.to_ascii_lowercase().replace('_', "-");
    let distance = |known: &&&str| strsim::damerau_levenshtein(&plain, known);
    let short = name.len() <= 64;
    let near = OWN.iter().filter(|_| short).min_by_key(distance);
    let near = near.filter(|near| distance(near) <= 1 + plain.len() / 4);
    let hint = match near {
        Some(near) => format!("did you mean firstlight.{near}?"),
        None => format!("there are firstlight.{}", OWN.join(", firstlight.")),
    };
    format!("there is no property {}: {hint}", shown(key))
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
            let why = name_of(key).unwrap_err();
            assert!(why.contains(key) && why.contains(near), "{why}");
        }
        assert!(
            name_of(&format!("firstlight.{}", "x".repeat(100_000)))
                .unwrap_err()
                .len()
                < 500
        );
    }
}
