//! `rsyslog`: what the system's log daemon is told.

mod remote;

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::code::Code;
use super::one_or_many::one_or_many;
use super::problem::{Check, Problems};
use super::write_files::FilePath;
pub use remote::{Remote, Remotes};

/// The most bytes of a file's name (NAME_MAX, limits.h).
const NAME_MAX: usize = 255;

/// Pieces of the configuration of rsyslog, and the hosts that it sends messages to.
///
/// ```yaml
/// rsyslog:
///   remotes: {logs: '@@logs.example.com:514'}
///   configs:
///     - 'local1.* /var/log/app.log'
///     - {filename: 10-limits.conf, content: '$MaxMessageSize 64k'}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rsyslog {
    /// The directory of the files. Default: `/etc/rsyslog.d`.
    ///
    /// ```yaml
    /// config_dir: /etc/rsyslog.d
    /// ```
    pub config_dir: Option<FilePath>,
    /// The file for pieces that name none. Default: `20-cloud-config.conf`.
    pub config_filename: Option<FileName>,
    /// Pieces of configuration, rsyslog.conf(5). Those for one file are put together.
    #[serde(default)]
    pub configs: Vec<Piece>,
    /// Where messages are sent, by a name of your choice.
    ///
    /// ```yaml
    /// remotes: {logs: '@@logs.example.com:514'}
    /// ```
    #[serde(default)]
    pub remotes: Remotes,
    /// cloud-config's command that makes rsyslog read its files again. firstlight restarts rsyslog.service instead.
    ///
    /// ```yaml
    /// service_reload_command: auto
    /// ```
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(test, schemars(with = "crate::vocabulary::schema::OneOrMany<String>"))]
    pub service_reload_command: Vec<String>,
}

/// A piece of configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its file.
    pub filename: Option<FileName>,
    /// Its lines.
    pub content: String,
}

/// A piece that names its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "RsyslogFile"))]
struct PieceMapping {
    /// The file's name, in the directory of the files.
    filename: Option<FileName>,
    /// Its lines.
    #[cfg_attr(test, schemars(extend("examples" = ["*.err /var/log/errors"])))]
    content: String,
}

/// The name of a file in the directory of the files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "RsyslogFileName", extend("pattern" = r"^(?!\.)[^/\u0000-\u001f\u007f]+$", "maxLength" = 255, "examples" = ["10-limits.conf"])))]
pub struct FileName(String);

impl FileName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FileName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let refuse = |why: &str| Err(format!("`{}` is not a file's name: {why}", name.escape_debug()));
        if name.is_empty() {
            return Err("a file's name can't be empty".to_owned());
        }
        if name.len() > NAME_MAX {
            return refuse(&format!("it has more than {NAME_MAX} bytes"));
        }
        if name.contains('/') {
            return refuse("the directory is `config_dir`");
        }
        if name.starts_with('.') {
            return refuse("rsyslog doesn't read files that begin with a dot");
        }
        if name.chars().any(char::is_control) {
            return refuse("it has a control character");
        }
        Ok(Self(name))
    }
}

impl Check for Rsyslog {
    /// As the distributions include the directory: `/etc/rsyslog.d/*.conf`.
    fn check(&self, problems: &mut Problems<'_>) {
        if self.service_reload_command.iter().any(|word| word != "auto") {
            let message = "firstlight restarts rsyslog.service itself".to_owned();
            let mut problems = problems.of(Code::NoEffect);
            problems.warning(&["service_reload_command"], message, None);
        }
        let mut look = |keys: &[&str], name: &Option<FileName>| {
            if name.as_ref().is_some_and(|name| !name.as_str().ends_with(".conf")) {
                let message = "rsyslog only reads files that end in .conf".to_owned();
                problems.of(Code::NoEffect).warning(keys, message, None);
            }
        };
        look(&["config_filename"], &self.config_filename);
        for (number, piece) in self.configs.iter().enumerate() {
            look(&["configs", &number.to_string(), "filename"], &piece.filename);
        }
    }
}

impl<'de> Deserialize<'de> for Piece {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Forms)
    }
}

struct Forms;

impl<'de> Visitor<'de> for Forms {
    type Value = Piece;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or a mapping with content and filename")
    }

    fn visit_str<E: de::Error>(self, content: &str) -> Result<Piece, E> {
        Ok(Piece {
            filename: None,
            content: content.to_owned(),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Piece, A::Error> {
        let PieceMapping { filename, content } = PieceMapping::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Piece { filename, content })
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Piece {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RsyslogPiece".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let file = generator.subschema_for::<PieceMapping>();
        schemars::json_schema!({
            "description": "A piece of configuration: its lines, or a mapping that names its file.",
            "anyOf": [{"type": "string", crate::vocabulary::schema::ONLY_TEXT: true}, file],
        })
    }
}
