//! The names of files of units.

use serde::Deserialize;

use crate::system::systemd::{CONFIG_DIRECTORY, QUADLET_DIRECTORY, QuadletName, UnitName};

/// The most bytes of a drop-in's name: what a file system takes.
const NAME_MAX: usize = 255;

/// The name of a unit's file: systemd's, or one that podman makes a service of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", rename = "UnitFileName", extend("pattern" = r"^(?!@)[A-Za-z0-9:_.\\@-]+\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope|container|volume|network|kube|pod|image|build)$", "maxLength" = 255, "examples" = ["app.service", "web.container"])))]
pub enum UnitFile {
    /// systemd reads it.
    Systemd(UnitName),
    /// podman makes a service of it.
    Quadlet(QuadletName),
}

/// The name of a drop-in: it ends in `.conf`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^(?!\.)[A-Za-z0-9_.@:+\\%-]+\.conf$", "maxLength" = 255, "examples" = ["10-port.conf"])))]
pub struct DropInName(String);

impl UnitFile {
    /// The name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Systemd(unit) => unit.as_str(),
            Self::Quadlet(quadlet) => quadlet.as_str(),
        }
    }

    /// Where the file is.
    pub fn path(&self) -> String {
        let directory = match self {
            Self::Systemd(_) => CONFIG_DIRECTORY,
            Self::Quadlet(_) => QUADLET_DIRECTORY,
        };
        format!("{directory}/{}", self.as_str())
    }

    /// The suffix, without the dot.
    pub fn suffix(&self) -> &str {
        match self {
            Self::Systemd(unit) => unit.suffix(),
            Self::Quadlet(quadlet) => quadlet.suffix(),
        }
    }
}

impl TryFrom<String> for UnitFile {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if let Some(quadlet) = QuadletName::parse(&name) {
            return quadlet.map(Self::Quadlet);
        }
        UnitName::parse(&name).map(Self::Systemd)
    }
}

impl DropInName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DropInName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if name.len() > NAME_MAX {
            let length = name.len();
            return Err(format!(
                "the name of a drop-in has at most {NAME_MAX} bytes, this one has {length}"
            ));
        }
        let refuse = |why: &str| Err(format!("`{}` is not a name for a drop-in: {why}", name.escape_debug()));
        if name.strip_suffix(".conf").is_none_or(str::is_empty) {
            return refuse("it must end in .conf, with something before");
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.@:+\\%".contains(c);
        if let Some(bad) = name.chars().find(|c| !allowed(*c)) {
            return refuse(&format!("`{}` is not allowed in it", bad.escape_debug()));
        }
        if name.starts_with('.') {
            return refuse("it begins with a dot");
        }
        Ok(Self(name))
    }
}
