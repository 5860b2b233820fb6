//! What a part of a document is: by its type where it has one, otherwise by how it begins.

use crate::document::advice::distance;

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Keys and values.
    CloudConfig,
    /// A JSON patch (RFC 6902) of the keys and values before it.
    Patch,
    /// A script, and how often it runs.
    Script(Often),
    /// A script that runs at the beginning of each boot.
    Boothook,
    /// Python code that reads other parts.
    Handler,
    /// A list of the addresses of documents.
    List,
    /// A list of parts, in YAML.
    Archive,
    /// A MIME message, whose body is a part, or several.
    Message,
    /// A Jinja template of a part.
    Template,
}

/// How often a script runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Often {
    /// Once for each instance.
    Instance,
    /// At each boot.
    Boot,
    /// Once.
    Once,
}

/// How parts begin. The order counts: the first that matches wins.
const BEGINNINGS: [(&str, Kind); 9] = [
    ("#cloud-config-archive", Kind::Archive),
    ("#cloud-config-jsonp", Kind::Patch),
    ("#cloud-config", Kind::CloudConfig),
    ("#cloud-boothook", Kind::Boothook),
    ("#part-handler", Kind::Handler),
    ("#include-once", Kind::List),
    ("#include", Kind::List),
    ("#!", Kind::Script(Often::Instance)),
    ("## template:", Kind::Template),
];

/// The media types of parts.
const TYPES: [(&str, Kind); 12] = [
    ("text/cloud-boothook", Kind::Boothook),
    ("text/cloud-config", Kind::CloudConfig),
    ("text/cloud-config-archive", Kind::Archive),
    ("text/cloud-config-jsonp", Kind::Patch),
    ("text/jinja2", Kind::Template),
    ("text/part-handler", Kind::Handler),
    ("text/x-include-once-url", Kind::List),
    ("text/x-include-url", Kind::List),
    ("text/x-shellscript", Kind::Script(Often::Instance)),
    ("text/x-shellscript-per-boot", Kind::Script(Often::Boot)),
    ("text/x-shellscript-per-instance", Kind::Script(Often::Instance)),
    ("text/x-shellscript-per-once", Kind::Script(Often::Once)),
];

/// Media types that don't say what a part is: its beginning does. That of scripts is often given to other parts.
const ANYTHING: [&str; 13] = [
    "",
    "application/gzip",
    "application/gzip-compressed",
    "application/gzipped",
    "application/octet-stream",
    "application/x-compress",
    "application/x-compressed",
    "application/x-gunzip",
    "application/x-gzip",
    "application/x-gzip-compressed",
    "text/plain",
    "text/x-not-multipart",
    "text/x-shellscript",
];

/// What a media type says about a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declared {
    /// Its beginning says what it is; otherwise it is this.
    Anything(Option<Kind>),
    /// It is this.
    As(Kind),
    /// It is something that firstlight doesn't support.
    Unknown(String),
}

impl Declared {
    /// What the media type `written` says, without parameters.
    pub fn by_type(written: &str) -> Self {
        let written = written.trim().to_ascii_lowercase();
        let known = TYPES.iter().find(|(name, _)| *name == written).map(|(_, kind)| *kind);
        match known {
            kind if ANYTHING.contains(&written.as_str()) => Self::Anything(kind),
            Some(kind) => Self::As(kind),
            None => Self::Unknown(written),
        }
    }
}

impl Kind {
    /// The kind of a part, by its first line.
    pub fn by_beginning(text: &str) -> Option<Self> {
        let first = text
            .trim_start()
            .lines()
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let found = BEGINNINGS.iter().find(|(beginning, kind)| {
            let rest = first.strip_prefix(beginning);
            match kind {
                Self::List => rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t'])),
                Self::Template => rest.is_some_and(|rest| rest.trim() == "jinja"),
                _ => rest.is_some(),
            }
        });
        found.map(|(_, kind)| *kind)
    }

    /// The header that the first line of a text nearly is, of those that no comment begins like by chance.
    pub fn nearly(text: &str) -> Option<&'static str> {
        let first = text.trim_start().lines().next()?.strip_prefix('#')?;
        let written = first.trim_start_matches(['#', ' ', '\t']).trim_end();
        let headers = BEGINNINGS.iter().map(|(header, _)| *header);
        let typos = |header: &str| distance(written, header.trim_start_matches('#'));
        let headers = headers.filter(|header| header.starts_with("#cloud-") && written.len() <= header.len() + 2);
        headers
            .min_by_key(|header| typos(header))
            .filter(|header| typos(header) <= 2)
    }

    /// Its name in a message.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::CloudConfig => "a cloud-config",
            Self::Patch => "a JSON patch",
            Self::Script(_) => "a script",
            Self::Boothook => "a boot hook",
            Self::Handler => "a part handler",
            Self::List => "a list of addresses",
            Self::Archive => "a cloud-config archive",
            Self::Message => "a MIME message",
            Self::Template => "a Jinja template",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_what_it_begins_like() {
        for (text, kind) in [
            ("#cloud-config\nhostname: x\n", Some(Kind::CloudConfig)),
            ("\n #cloud-config # more\n", Some(Kind::CloudConfig)),
            ("#Cloud-Config\r\n", Some(Kind::CloudConfig)),
            ("#cloud-config-archive\n", Some(Kind::Archive)),
            ("#cloud-config-jsonp\n", Some(Kind::Patch)),
            ("#!/bin/sh\n", Some(Kind::Script(Often::Instance))),
            ("#cloud-boothook\n", Some(Kind::Boothook)),
            ("#part-handler\n", Some(Kind::Handler)),
            ("#include\n", Some(Kind::List)),
            ("#include-once http://x/\n", Some(Kind::List)),
            ("#included\n", None),
            ("## template: jinja\n", Some(Kind::Template)),
            ("##  template:jinja\n", None),
            ("## template:jinja  \n", Some(Kind::Template)),
            ("## template: basic\n", None),
            ("hostname: x\n", None),
            ("", None),
        ] {
            assert_eq!(Kind::by_beginning(text), kind, "{text:?}");
        }
    }

    #[test]
    fn a_header_with_a_typo_is_known_from_a_comment() {
        for (text, header) in [
            ("#cloud-confg\n", Some("#cloud-config")),
            ("# cloud-config\n", Some("#cloud-config")),
            ("#cloudconfig\r\n", Some("#cloud-config")),
            ("#cloud_config-archive\n", Some("#cloud-config-archive")),
            ("#clod-boothook\n", Some("#cloud-boothook")),
            ("# our cloud-config for the web servers\n", None),
            ("# clouds\n", None),
            ("#\n", None),
            ("hostname: cloud-config\n", None),
        ] {
            assert_eq!(Kind::nearly(text), header, "{text:?}");
        }
    }

    #[test]
    fn a_type_says_what_a_part_is_or_nothing() {
        for (written, declared) in [
            ("text/cloud-config", Declared::As(Kind::CloudConfig)),
            ("Text/Cloud-Config ", Declared::As(Kind::CloudConfig)),
            (
                "text/x-shellscript",
                Declared::Anything(Some(Kind::Script(Often::Instance))),
            ),
            ("text/plain", Declared::Anything(None)),
            ("text/html", Declared::Unknown("text/html".to_owned())),
        ] {
            assert_eq!(Declared::by_type(written), declared, "{written}");
        }
    }
}
