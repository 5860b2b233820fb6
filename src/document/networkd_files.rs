//! `networkd_files`: files of systemd-networkd as they are, for what `network` has no key for.

mod check;
pub mod keys;

use std::collections::BTreeSet;

use serde::Deserialize;

use super::code::Code;
use super::problem::{Check, Problems};
use super::redact::names_a_secret;
use super::systemd_file::syntax;
use crate::vocabulary::Secret;

/// The most bytes a file's name may have.
const NAME_MAX: usize = 128;

/// How the names of the files begin that `network` is written to.
pub const RESERVED_PREFIX: &str = "10-firstlight-";

/// A file of networkd, as it is.
///
/// ```yaml
/// networkd_files:
///   - name: 50-lan.network
///     contents: |
///       [Match]
///       Name=eth1
///       [Network]
///       DHCP=yes
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NetworkdFile {
    /// Its name in `/etc/systemd/network`.
    pub name: NetworkdFileName,
    /// The file's content. If empty, the distribution's file of this name is not used.
    ///
    /// ```yaml
    /// contents: "[Match]\nName=eth1\n"
    /// ```
    pub contents: Secret,
    /// Whether only networkd may read it, and no plan shows it. A file that contains a key is always a secret.
    pub secret: Option<bool>,
}

/// The name of a networkd file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^(?!\.)(?!10-firstlight-)[A-Za-z0-9_.@:+%-]+\.(network|netdev|link)$", "maxLength" = 128, "examples" = ["50-lan.network"])))]
pub struct NetworkdFileName(String);

/// What networkd or udev does with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkdFileKind {
    /// It configures links.
    Network,
    /// It makes a virtual link.
    Netdev,
    /// udev sets up links by it.
    Link,
}

impl NetworkdFileName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What its suffix says.
    pub fn kind(&self) -> NetworkdFileKind {
        match self.0.rsplit('.').next() {
            Some("netdev") => NetworkdFileKind::Netdev,
            Some("link") => NetworkdFileKind::Link,
            _ => NetworkdFileKind::Network,
        }
    }
}

impl TryFrom<String> for NetworkdFileName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if name.len() > NAME_MAX {
            let length = name.len();
            return Err(format!(
                "the name of a networkd file has at most {NAME_MAX} bytes, this one has {length}"
            ));
        }
        let refuse = |why: &str| {
            Err(format!(
                "`{}` is not a name for a networkd file: {why}",
                name.escape_debug()
            ))
        };
        let suffixes = [".network", ".netdev", ".link"];
        let stem = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
        if stem.is_none_or(str::is_empty) {
            return refuse("it must end in .network, .netdev or .link, with something before");
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.@:+%".contains(c);
        if let Some(bad) = name.chars().find(|c| !allowed(*c)) {
            return refuse(&format!("`{}` is not allowed in it", bad.escape_debug()));
        }
        if name.starts_with('.') {
            return refuse("it begins with a dot");
        }
        if name.starts_with(RESERVED_PREFIX) {
            return refuse(&format!(
                "`{RESERVED_PREFIX}` is reserved for the files that `network` writes"
            ));
        }
        Ok(Self(name))
    }
}

impl NetworkdFile {
    /// Whether it is treated as a secret: it is called one, or holds a key.
    pub fn is_secret(&self) -> bool {
        self.secret == Some(true) || self.holds_a_key()
    }

    /// Whether a value of it is a key or a password itself, not the name of a file or of a credential that holds it:
    /// systemd.netdev(5), WireGuard and MACsec.
    fn holds_a_key(&self) -> bool {
        let mut section = String::new();
        syntax::lines(self.contents.expose())
            .into_iter()
            .any(|line| match line.what {
                syntax::What::Section(name) => {
                    section = name;
                    false
                }
                syntax::What::Assignment { key, value } => {
                    // One with a typo is a secret all the same.
                    let meant = keys::meant(self.name.kind(), &section, &key);
                    let named = [key.as_str(), meant]
                        .into_iter()
                        .any(|key| names_a_secret(key) && !key.ends_with("File"));
                    let is_key = named || (section.starts_with("MACsec") && meant == "Key");
                    is_key && !value.is_empty() && !value.starts_with('@')
                }
                syntax::What::BrokenSection | syntax::What::Nothing => false,
            })
    }
}

impl Check for [NetworkdFile] {
    fn check(&self, problems: &mut Problems<'_>) {
        let mut names = BTreeSet::new();
        for (number, file) in self.iter().enumerate() {
            let mut problems = problems.below(&[&number.to_string()]);
            if !names.insert(file.name.as_str()) {
                let message = format!("the file `{}` is given twice", file.name.as_str());
                problems.of(Code::Conflict).error(
                    &["name"],
                    message,
                    Some("keep one of them, or give it another name"),
                );
            }
            if file.secret == Some(false) && file.holds_a_key() {
                let message = "the file holds a key, so firstlight treats it as a secret anyway";
                problems
                    .of(Code::NoEffect)
                    .warning(&["secret"], message, Some("leave out `secret`"));
            }
            check::check_contents(file, &mut problems);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, contents: &str, secret: Option<bool>) -> NetworkdFile {
        NetworkdFile {
            name: NetworkdFileName::try_from(name.to_owned()).unwrap(),
            contents: Secret::new(contents),
            secret,
        }
    }

    #[test]
    fn names() {
        for (good, kind) in [
            ("50-lan.network", NetworkdFileKind::Network),
            ("wg0.netdev", NetworkdFileKind::Netdev),
            ("70-x.y.link", NetworkdFileKind::Link),
            ("99-dhcp-en.network", NetworkdFileKind::Network),
        ] {
            assert_eq!(
                NetworkdFileName::try_from(good.to_owned()).unwrap().kind(),
                kind,
                "{good}"
            );
        }
        let long = format!("{}.network", "a".repeat(NAME_MAX));
        for bad in [
            "",
            "lan",
            ".network",
            "lan.conf",
            "lan.network.d",
            "lan.network.d/a.network",
            "../lan.network",
            ".lan.network",
            "a b.network",
            "a\n.network",
            "10-firstlight-eth0.network",
            &long,
        ] {
            assert!(NetworkdFileName::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_holds_a_key_is_a_secret() {
        for (contents, secret) in [
            ("[WireGuard]\nPrivateKey = abc=\n", true),
            ("[WireGuardPeer]\nPresharedKey=abc=\n", true),
            ("[MACsecTransmitAssociation]\nKey=00ff\n", true),
            ("[MobileNetwork]\nPassword=x\n", true),
            ("[WireGuard]\nPrivatKey=hunter2\n", true),
            ("[WireGuardPeer]\nPreshardKey=hunter2\n", true),
            ("[WireGuard\nPrivateKey=hunter2\n", true),
            ("PrivateKey=hunter2\n", true),
            ("[WireGuard]\nPrivateKeyFile=/etc/wg.key\n", false),
            ("[WireGuard]\nPrivateKey=@network.wireguard.private.wg0\n", false),
            ("[WireGuard]\n# PrivateKey=abc\nPrivateKey=\n", false),
            ("[Tunnel]\nKey=1.2.3.4\n", false),
            ("[Match]\nName=eth0\n[Network]\nIPv6PrivacyExtensions=yes\n", false),
        ] {
            assert_eq!(file("a.netdev", contents, None).is_secret(), secret, "{contents}");
        }
        assert!(file("a.network", "", Some(true)).is_secret());
        let shown = format!("{:?}", file("a.netdev", "PrivateKey=hunter2", None));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn what_is_there_twice_or_no_secret_by_name_alone() {
        let files = [
            file("a.network", "", None),
            file("a.network", "", None),
            file("b.netdev", "[WireGuard]\nPrivateKey=x", Some(false)),
        ];
        let mut found = Vec::new();
        files.check(&mut Problems::new(&mut found));
        let found: Vec<_> = found.iter().map(|p| (p.path.join("."), p.warning)).collect();
        assert_eq!(found, [("1.name".to_owned(), false), ("2.secret".to_owned(), true)]);
    }

    /// What is said of a file: the message and the hint, `!` in front of an error.
    fn said(name: &str, contents: &str) -> Vec<String> {
        let mut found = Vec::new();
        [file(name, contents, None)].check(&mut Problems::new(&mut found));
        let words = found.iter().map(|problem| {
            assert_eq!(problem.path.join("."), "0.contents");
            let error = if problem.warning { "" } else { "!" };
            format!(
                "{error}{} ({})",
                problem.message,
                problem.hint.as_deref().unwrap_or_default()
            )
        });
        words.collect()
    }

    #[test]
    fn what_networkd_would_pass_over_is_found_with_its_line() {
        let fine = "[Match]\nName=eth1\n\n[Network]\nDHCP=yes\n";
        for (name, contents, expected) in [
            ("a.network", fine, vec![]),
            ("a.network", "", vec![]),
            ("a.network", "# [Match]\n", vec![]),
            (
                "a.network",
                "[Match]\nName=*\n[X-Note]\nwhatever=1\n[Network]\nX-By=me\n",
                vec![],
            ),
            (
                "a.network",
                "[Match]\nName=eth1\n[Network]\nDCHP=yes\n",
                vec!["line 4: [Network] has no key DCHP=: networkd ignores it (did you mean DHCP=?)"],
            ),
            (
                "a.network",
                "[Match]\nName=eth1\n[Netwrok]\nDHCP=yes\n",
                vec!["line 3: a .network file has no section [Netwrok] (did you mean [Network]?)"],
            ),
            (
                "a.network",
                "[Match]\nName=wg0\n[WireGuard]\nListenPort=1\n",
                vec!["line 3: a .network file has no section [WireGuard] ([WireGuard] belongs in a .netdev file)"],
            ),
            (
                "a.network",
                "[Match]\nName=eth1\n[Network]\nGatewayOnLink=yes\n",
                vec![
                    "line 4: [Network] has no key GatewayOnLink=: networkd ignores it (GatewayOnLink= belongs in \
                     [Route])",
                ],
            ),
            (
                "a.network",
                "[Match\nName=eth1\n",
                vec![
                    "!line 1: this section header has no closing `]`, so networkd ignores the whole file (see \
                     systemd.syntax(7), or make the line a comment with `#`)",
                    "!line 2: this setting comes before any [Section] (see systemd.syntax(7), or make the line a \
                     comment with `#`)",
                ],
            ),
            (
                "a.network",
                "[Match]\nName=eth1\nDHCP yes\n",
                vec![
                    "!line 3: this is neither `[Section]` nor `Key=value` (see systemd.syntax(7), or make the line \
                     a comment with `#`)",
                ],
            ),
            (
                "a.network",
                "[Network]\nDHCP=yes\n",
                vec![
                    "it has no condition in [Match], so it applies to every link, including `lo` (write `Name=*` in \
                     [Match] if you mean that)",
                ],
            ),
            (
                "a.network",
                "[Match]\nName=\n[Network]\nDHCP=yes\n",
                vec![
                    "it has no condition in [Match], so it applies to every link, including `lo` (write `Name=*` in \
                     [Match] if you mean that)",
                ],
            ),
            (
                "a.link",
                "[Link]\nMTUBytes=1400\n",
                vec![
                    "it has no condition in [Match], so udev ignores it (name the link in [Match], or use \
                     `OriginalName=*` for all)",
                ],
            ),
            ("a.netdev", "[NetDev]\nName=br0\nKind=bridge\n", vec![]),
            (
                "a.network",
                "[Match]\nName=a\n[IPv6AcceptRa]\n",
                vec!["line 3: a .network file has no section [IPv6AcceptRa] (did you mean [IPv6AcceptRA]?)"],
            ),
        ] {
            assert_eq!(said(name, contents), expected, "{contents:?}");
        }
    }

    #[test]
    fn what_is_said_of_a_file_shows_no_secret_and_ends() {
        // A key of WireGuard on a line of its own: what is in front of its `=` looks like a key.
        let said = said(
            "wg0.netdev",
            "[WireGuard]\nPrivateKey=\nyAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n[hunter2 3]\n",
        );
        assert_eq!(said.len(), 2);
        assert!(
            said.iter()
                .all(|text| !text.contains("yAnz5TF") && !text.contains("hunter2")),
            "{said:?}"
        );
        let many = "nonsense\n".repeat(100_000);
        assert_eq!(super::tests::said("a.network", &many).len(), 10);
    }
}
