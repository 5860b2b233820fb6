//! Each kind of mistake as somebody makes it, and how it is put right.

use super::Code;

/// A document with one mistake, and the same without it.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// The document with the mistake.
    pub wrong: &'static str,
    /// The document without it.
    pub right: &'static str,
}

impl Code {
    /// An example of it; `None` where no text alone has the mistake.
    pub fn example(self) -> Option<Example> {
        let (wrong, right) = match self {
            Self::Unreadable
            | Self::NotUtf8
            | Self::TooLarge
            | Self::NotFetched
            | Self::NotConverted
            | Self::Unplannable
            | Self::More => return None,
            Self::OtherFormat => (
                "MIME-Version: 1.0\nContent-Type: text/html\n\n#cloud-config\nhostname: web1\n",
                "MIME-Version: 1.0\nContent-Type: text/cloud-config\n\n#cloud-config\nhostname: web1\n",
            ),
            Self::Damaged => (
                "MIME-Version: 1.0\nContent-Type: text/cloud-config\nContent-Transfer-Encoding: base64\n\nhostname: web1\n",
                "MIME-Version: 1.0\nContent-Type: text/cloud-config\n\nhostname: web1\n",
            ),
            Self::Empty => ("#cloud-config\n", "#cloud-config\nhostname: web1\n"),
            Self::MisspeltHeader => ("# cloud-config\nhostname: web1\n", "#cloud-config\nhostname: web1\n"),
            Self::BadTemplate => (
                "## template: jinja\n#cloud-config\nhostname: {{ v1.local_hostname }\n",
                "## template: jinja\n#cloud-config\nhostname: {{ v1.local_hostname }}\n",
            ),
            Self::BadPatch => (
                "#cloud-config-jsonp\n[{op: replace, path: /hostname, value: web1}]\n",
                "#cloud-config-jsonp\n[{op: add, path: /hostname, value: web1}]\n",
            ),
            Self::NotYaml => ("ntp: - 192.0.2.1\n", "ntp:\n  servers:\n    - 192.0.2.1\n"),
            Self::Tab => (
                "sshd:\n\tpermit_root_login: false\n",
                "sshd:\n  permit_root_login: false\n",
            ),
            Self::WrongIndentation => (
                "network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true\n   eth1:\n      dhcp4: true\n",
                "network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true\n    eth1:\n      dhcp4: true\n",
            ),
            Self::Unclosed => (
                "hostname: \"web1\ntimezone: Europe/Berlin\n",
                "hostname: \"web1\"\ntimezone: Europe/Berlin\n",
            ),
            Self::MissingColon => (
                "hostname web1\ntimezone: Europe/Berlin\n",
                "hostname: web1\ntimezone: Europe/Berlin\n",
            ),
            Self::Unquoted => (
                "write_files:\n  - path: /etc/motd\n    content: Note: this host is managed\n",
                "write_files:\n  - path: /etc/motd\n    content: \"Note: this host is managed\"\n",
            ),
            Self::BadEscape => (
                "write_files:\n  - path: /etc/motd\n    content: \"C:\\dir\"\n",
                "write_files:\n  - path: /etc/motd\n    content: 'C:\\dir'\n",
            ),
            Self::UnknownAnchor => (
                "network:\n  version: 2\n  ethernets:\n    lan:\n      match: {name: *}\n      dhcp4: true\n",
                "network:\n  version: 2\n  ethernets:\n    lan:\n      match: {name: \"*\"}\n      dhcp4: true\n",
            ),
            Self::UnknownTag => ("hostname: !web1\n", "hostname: web1\n"),
            Self::SecondDocument => (
                "hostname: web1\n---\ntimezone: Europe/Berlin\n",
                "hostname: web1\ntimezone: Europe/Berlin\n",
            ),
            Self::DuplicateKey => ("hostname: web1\nhostname: web2\n", "hostname: web2\n"),
            Self::UnknownKey => (
                "sshd:\n  permit_rootlogin: false\n",
                "sshd:\n  permit_root_login: false\n",
            ),
            Self::MisplacedKey => ("permit_root_login: false\n", "sshd:\n  permit_root_login: false\n"),
            Self::NotApplied => (
                "hostname: web1\nrh_subscription:\n  auto-attach: true\n",
                "hostname: web1\n",
            ),
            Self::NotSupported => ("#part-handler\ndef list_types():\n", "#cloud-config\nhostname: web1\n"),
            Self::MissingKey => (
                "write_files:\n  - content: hello\n",
                "write_files:\n  - path: /etc/motd\n    content: hello\n",
            ),
            Self::Deprecated => (
                "sshd:\n  permit_root_login: without-password\n",
                "sshd:\n  permit_root_login: prohibit-password\n",
            ),
            Self::WrongType => ("docker:\n  enabled: ture\n", "docker:\n  enabled: true\n"),
            Self::UnknownWord => (
                "firstlight:\n  on_failure: rolback\n",
                "firstlight:\n  on_failure: rollback\n",
            ),
            Self::OutOfRange => (
                "firstlight:\n  keep_generations: -1\n",
                "firstlight:\n  keep_generations: 1\n",
            ),
            Self::AmbiguousNumber => (
                "firstlight:\n  keep_generations: 010\n",
                "firstlight:\n  keep_generations: 10\n",
            ),
            Self::CutByComment => (
                "root:\n  password: correct #horse\n",
                "root:\n  password: \"correct #horse\"\n",
            ),
            Self::SmartQuote => ("hostname: “web1”\n", "hostname: \"web1\"\n"),
            Self::InvalidValue => ("hostname: web_1\n", "hostname: web-1\n"),
            Self::Conflict => (
                "services:\n  nginx: {masked: true, enabled: true}\n",
                "services:\n  nginx: {enabled: true}\n",
            ),
            Self::NoEffect => ("services:\n  nginx: {}\n", "services:\n  nginx: {enabled: true}\n"),
            Self::Doubtful => (
                "docker:\n  daemon:\n    max-concurrent-downloads: \"10\"\n",
                "docker:\n  daemon:\n    max-concurrent-downloads: 10\n",
            ),
        };
        Some(Example { wrong, right })
    }
}
