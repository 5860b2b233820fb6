//! The names of units, systemd.unit(5): `docker.service`, the template `getty@.service`, its instance
//! `getty@tty2.service`.

use std::fmt;

/// The most bytes a unit's name may have, suffix included: `UNIT_NAME_MAX` of systemd.unit(5).
pub const UNIT_NAME_MAX: usize = 255;

/// The suffixes that systemd knows, one for each type of unit.
pub const UNIT_TYPES: [&str; 11] = [
    "service",
    "socket",
    "target",
    "device",
    "mount",
    "automount",
    "swap",
    "timer",
    "path",
    "slice",
    "scope",
];

/// A valid name of a unit, suffix included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitName(String);

/// What kind of name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// `docker.service`.
    Plain,
    /// `getty@.service`: it can be enabled where it has a `DefaultInstance=`, never started.
    Template,
    /// `getty@tty2.service`.
    Instance,
}

impl UnitName {
    /// Takes a full name.
    ///
    /// # Errors
    /// It is not one; the reason, in words.
    pub fn parse(name: &str) -> Result<Self, String> {
        if name.is_empty() {
            return Err("a unit name can't be empty".to_owned());
        }
        if name.len() > UNIT_NAME_MAX {
            return Err(format!(
                "a unit name has at most {UNIT_NAME_MAX} bytes; this one has {}",
                name.len()
            ));
        }
        check(name).map_err(|why| format!("`{}` is not a unit name: {why}", name.escape_debug()))?;
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Plain, template or instance.
    pub fn kind(&self) -> NameKind {
        match self.instance() {
            None => NameKind::Plain,
            Some("") => NameKind::Template,
            Some(_) => NameKind::Instance,
        }
    }

    /// The type: `service` of `docker.service`.
    pub fn suffix(&self) -> &str {
        self.0.rsplit_once('.').map_or("", |(_, suffix)| suffix)
    }

    /// The part before the suffix: `getty@tty2` of `getty@tty2.service`.
    pub fn stem(&self) -> &str {
        self.0.rsplit_once('.').map_or(self.0.as_str(), |(stem, _)| stem)
    }

    /// The part before the `@`, or before the suffix if there is no `@`.
    pub fn prefix(&self) -> &str {
        self.stem().split_once('@').map_or(self.stem(), |(prefix, _)| prefix)
    }

    /// The part after the `@`: empty for a template, `None` for a plain name.
    pub fn instance(&self) -> Option<&str> {
        self.stem().split_once('@').map(|(_, instance)| instance)
    }

    /// The template that an instance is made from; `None` for other names.
    pub fn template(&self) -> Option<Self> {
        (self.kind() == NameKind::Instance).then(|| Self(format!("{}@.{}", self.prefix(), self.suffix())))
    }

    /// This name with that instance.
    ///
    /// # Errors
    /// The result is not a name.
    pub fn with_instance(&self, instance: &str) -> Result<Self, String> {
        Self::parse(&format!("{}@{instance}.{}", self.prefix(), self.suffix()))
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A path as the name of its unit has it, before the suffix: what `systemd-escape --path` prints, systemd.unit(5).
pub fn escape_path(path: &str) -> String {
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    let path = parts.join("/");
    if path.is_empty() {
        return "-".to_owned();
    }
    let mut name = String::new();
    for (at, byte) in path.bytes().enumerate() {
        match byte {
            b'/' => name.push('-'),
            b'.' if at > 0 => name.push('.'),
            b':' | b'_' => name.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => name.push(char::from(byte)),
            _ => name.push_str(&format!("\\x{byte:02x}")),
        }
    }
    name
}

fn check(name: &str) -> Result<(), String> {
    let Some((stem, suffix)) = name.rsplit_once('.') else {
        return Err("it has no suffix such as `.service`".to_owned());
    };
    if !UNIT_TYPES.contains(&suffix) {
        return Err(format!("`.{}` is not a type of unit", suffix.escape_debug()));
    }
    if stem.is_empty() || stem.starts_with('@') {
        return Err("there is nothing before its `@` or its suffix".to_owned());
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
    if let Some(bad) = stem.chars().find(|c| !allowed(*c)) {
        return Err(format!(
            "`{}` is not allowed; use only ASCII letters, digits and `:-_.\\@` (systemd-escape(1) creates such names)",
            bad.escape_debug()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str) -> UnitName {
        UnitName::parse(name).unwrap()
    }

    #[test]
    fn names_as_systemd_unit_5_has_them() {
        let longest = format!("{}.service", "a".repeat(247));
        for good in [
            "docker.service",
            "a.b.c.mount",
            "dev-disk-by\\x2dlabel.swap",
            "x:y_z.timer",
            "foo@bar@baz.service",
            "-.mount",
            &longest,
        ] {
            assert!(UnitName::parse(good).is_ok(), "{good}");
        }
        let too_long = format!("a{longest}");
        for bad in [
            "",
            "docker",
            ".service",
            "@.service",
            "@x.service",
            "docker.servce",
            "docker service.service",
            "döcker.service",
            "a/b.service",
            "a%i.service",
            "docker.service\n",
            &too_long,
        ] {
            assert!(UnitName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_mount_point_is_escaped() {
        for (path, name) in [
            ("/", "-"),
            ("/var/lib/docker", "var-lib-docker"),
            ("//srv//my-data/", "srv-my\\x2ddata"),
            ("/srv/.a/b c", "srv-.a-b\\x20c"),
            ("/.hidden", "\\x2ehidden"),
            ("/é", "\\xc3\\xa9"),
        ] {
            assert_eq!(escape_path(path), name, "{path}");
        }
    }

    #[test]
    fn a_name_has_parts() {
        let cases = [
            ("docker.service", NameKind::Plain, "docker", None, "service"),
            ("getty@.service", NameKind::Template, "getty", Some(""), "service"),
            (
                "getty@tty2.service",
                NameKind::Instance,
                "getty",
                Some("tty2"),
                "service",
            ),
            ("a@b@c.d.socket", NameKind::Instance, "a", Some("b@c.d"), "socket"),
        ];
        for (name, kind, prefix, instance, suffix) in cases {
            let name = parse(name);
            assert_eq!(
                (name.kind(), name.prefix(), name.instance(), name.suffix()),
                (kind, prefix, instance, suffix)
            );
        }
        assert_eq!(parse("getty@tty2.service").template(), Some(parse("getty@.service")));
        assert_eq!(parse("getty@.service").template(), None);
        assert_eq!(
            parse("getty@.service").with_instance("tty1").unwrap().as_str(),
            "getty@tty1.service"
        );
        assert!(parse("getty@.service").with_instance("a b").is_err());
    }
}
