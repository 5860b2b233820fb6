//! The keywords of sshd_config(5): their spelling, and how several values of one are written.
//!
//! Taken from sshd_config(5) of OpenSSH 8.4 to 10.0, with the keywords that Debian, Red Hat and Photon add.

use super::syntax::words;

/// A keyword of sshd_config(5).
#[derive(Debug, PartialEq, Eq)]
pub struct Keyword {
    /// The spelling of the manual page.
    pub name: &'static str,
    /// How its values are written.
    pub shape: Shape,
}

/// How the values of a keyword are written, and what a second line with the same keyword does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One value. The first line counts.
    One,
    /// One value that goes to the end of the line, `#` and quotes included. The first line counts.
    Rest,
    /// Several values in one line, separated by commas. The first line counts.
    Commas,
    /// Several values in one line, separated by spaces. The first line counts.
    Words,
    /// Several values in one line, separated by spaces. All lines count together.
    MoreWords,
    /// One value a line. All lines count together.
    Lines,
}

impl Shape {
    /// Whether it can have several values.
    pub fn is_list(self) -> bool {
        !matches!(self, Self::One | Self::Rest)
    }

    /// Whether later lines add to the first one; where they don't, the first one counts alone.
    pub fn adds_up(self) -> bool {
        matches!(self, Self::MoreWords | Self::Lines)
    }

    /// The values as they follow the keyword in a file.
    pub fn lines(self, values: &[String]) -> Vec<String> {
        match self {
            Self::Lines => values.to_vec(),
            Self::Commas => vec![values.join(",")],
            _ => vec![values.join(" ")],
        }
    }
}

/// The keywords, in whatever case, and their values.
#[cfg(test)]
pub(super) fn schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    use crate::vocabulary::schema::{ONLY_TEXT, any_case};
    use serde_json::{Map, Value, json};
    let any = json!({"type": ["string", "number", "boolean"], "pattern": r"\S"});
    let or_list = |one: &Value| json!({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]});
    let value = |keyword: &Keyword| {
        let mut one = super::value::schema(keyword);
        let examples = one["examples"].take();
        one.as_object_mut()
            .into_iter()
            .for_each(|one| one.retain(|_, value| !value.is_null()));
        one[ONLY_TEXT] = true.into();
        let mut value = if keyword.shape.is_list() { or_list(&one) } else { one };
        value["description"] = format!("`{}` of sshd_config(5).", keyword.name).into();
        value["x-not-null"] = true.into();
        if !examples.is_null() {
            value["examples"] = examples;
        }
        value
    };
    let properties: Map<String, Value> = KEYWORDS.iter().map(|k| (k.name.to_owned(), value(k))).collect();
    let names: Vec<String> = KEYWORDS.iter().map(|k| any_case(k.name)).collect();
    schemars::json_schema!({
        "type": "object",
        "properties": properties,
        "additionalProperties": or_list(&any),
        "propertyNames": {"pattern": format!("^({})$", names.join("|"))},
    })
}

impl Keyword {
    /// The keyword with this name, in whatever case.
    pub fn find(name: &str) -> Option<&'static Self> {
        KEYWORDS.iter().find(|k| k.name.eq_ignore_ascii_case(name))
    }

    /// The keyword that this one is an older name of, or itself: both set the same thing.
    pub fn canonical(&'static self) -> &'static Self {
        RENAMED
            .iter()
            .find(|(old, _)| *old == self.name)
            .and_then(|(_, new)| Self::find(new))
            .unwrap_or(self)
    }

    /// Whether two sets of lines give this keyword the same value.
    pub fn same<A: AsRef<str>, B: AsRef<str>>(&self, one: &[A], other: &[B]) -> bool {
        self.normal(one) == self.normal(other)
    }

    /// The words of these lines in one spelling: what adds up sorted, without doubles.
    fn normal<T: AsRef<str>>(&self, lines: &[T]) -> Vec<String> {
        let per_line = lines.iter().map(|line| {
            let line = line.as_ref();
            match (self.shape, words(line.as_bytes())) {
                (Shape::Rest, _) | (_, Err(_)) => vec![line.trim().to_owned()],
                (_, Ok(words)) => words.into_iter().map(|w| same_case(&w.text)).collect(),
            }
        });
        let mut normal: Vec<String> = match self.shape {
            Shape::Lines => per_line.map(|words| words.join(" ")).collect(),
            _ => per_line.flatten().collect(),
        };
        if self.shape.adds_up() {
            normal.sort();
            normal.dedup();
        }
        normal
    }
}

/// `YES` is `yes` and `without-password` is `prohibit-password`; everything else is left as it is.
fn same_case(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    match lower.as_str() {
        "without-password" => "prohibit-password".to_owned(),
        "yes" | "no" | "none" | "any" | "default" | "prohibit-password" | "forced-commands-only" => lower,
        _ => word.to_owned(),
    }
}

/// The message for a word that is not a known keyword.
pub(super) fn unknown(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    if REMOVED.iter().any(|k| k.eq_ignore_ascii_case(name)) {
        return format!("sshd no longer has the keyword `{name}`: leave it out");
    }
    if lower == "match" || lower == "include" {
        return format!(
            "`{name}` can't be an option: it changes what the lines after it mean; write your own file in \
             /etc/ssh/sshd_config.d instead"
        );
    }
    let nearest = KEYWORDS
        .iter()
        .map(|k| (strsim::jaro_winkler(&lower, &k.name.to_ascii_lowercase()), k.name))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, known)) if likeness > 0.8 => {
            format!(
                "`{}` is not a keyword of sshd_config(5), did you mean `{known}`?",
                name.escape_debug()
            )
        }
        _ => format!("`{}` is not a keyword of sshd_config(5)", name.escape_debug()),
    }
}

/// Keywords that were given another name, the old one first.
const RENAMED: &[(&str, &str)] = &[
    ("ChallengeResponseAuthentication", "KbdInteractiveAuthentication"),
    ("GSSAPICleanupCreds", "GSSAPICleanupCredentials"),
    ("HostbasedAcceptedKeyTypes", "HostbasedAcceptedAlgorithms"),
    ("KeepAlive", "TCPKeepAlive"),
    ("PubkeyAcceptedKeyTypes", "PubkeyAcceptedAlgorithms"),
    ("RSAMinSize", "RequiredRSASize"),
];

/// Keywords that sshd only warns about.
const REMOVED: &[&str] = &[
    "AuthorizedKeysFile2",
    "KeyRegenerationInterval",
    "Protocol",
    "RhostsRSAAuthentication",
    "RSAAuthentication",
    "ServerKeyBits",
    "SkeyAuthentication",
    "UseLogin",
    "UsePrivilegeSeparation",
];

const fn keyword(name: &'static str, shape: Shape) -> Keyword {
    Keyword { name, shape }
}

/// Every keyword but `Match` and `Include`.
pub const KEYWORDS: &[Keyword] = &[
    keyword("AcceptEnv", Shape::MoreWords),
    keyword("AddressFamily", Shape::One),
    keyword("AllowAgentForwarding", Shape::One),
    keyword("AllowGroups", Shape::MoreWords),
    keyword("AllowStreamLocalForwarding", Shape::One),
    keyword("AllowTcpForwarding", Shape::One),
    keyword("AllowUsers", Shape::MoreWords),
    keyword("AuthenticationMethods", Shape::Words),
    keyword("AuthorizedKeysCommand", Shape::Rest),
    keyword("AuthorizedKeysCommandUser", Shape::One),
    keyword("AuthorizedKeysFile", Shape::Words),
    keyword("AuthorizedPrincipalsCommand", Shape::Rest),
    keyword("AuthorizedPrincipalsCommandUser", Shape::One),
    keyword("AuthorizedPrincipalsFile", Shape::One),
    keyword("Banner", Shape::One),
    keyword("CASignatureAlgorithms", Shape::Commas),
    keyword("ChallengeResponseAuthentication", Shape::One),
    keyword("ChannelTimeout", Shape::Words),
    keyword("ChrootDirectory", Shape::One),
    keyword("Ciphers", Shape::Commas),
    keyword("ClientAliveCountMax", Shape::One),
    keyword("ClientAliveInterval", Shape::One),
    keyword("Compression", Shape::One),
    keyword("DebianBanner", Shape::One),
    keyword("DenyGroups", Shape::MoreWords),
    keyword("DenyUsers", Shape::MoreWords),
    keyword("DisableForwarding", Shape::One),
    keyword("ExposeAuthInfo", Shape::One),
    keyword("FingerprintHash", Shape::One),
    keyword("ForceCommand", Shape::Rest),
    keyword("GatewayPorts", Shape::One),
    keyword("GSSAPIAuthentication", Shape::One),
    keyword("GSSAPICleanupCredentials", Shape::One),
    keyword("GSSAPICleanupCreds", Shape::One),
    keyword("GSSAPIEnablek5users", Shape::One),
    keyword("GSSAPIKexAlgorithms", Shape::Commas),
    keyword("GSSAPIKeyExchange", Shape::One),
    keyword("GSSAPIStoreCredentialsOnRekey", Shape::One),
    keyword("GSSAPIStrictAcceptorCheck", Shape::One),
    keyword("HostbasedAcceptedAlgorithms", Shape::Commas),
    keyword("HostbasedAcceptedKeyTypes", Shape::Commas),
    keyword("HostbasedAuthentication", Shape::One),
    keyword("HostbasedUsesNameFromPacketOnly", Shape::One),
    keyword("HostCertificate", Shape::Lines),
    keyword("HostKey", Shape::Lines),
    keyword("HostKeyAgent", Shape::One),
    keyword("HostKeyAlgorithms", Shape::Commas),
    keyword("IgnoreRhosts", Shape::One),
    keyword("IgnoreUserKnownHosts", Shape::One),
    keyword("IPQoS", Shape::Words),
    keyword("KbdInteractiveAuthentication", Shape::One),
    keyword("KeepAlive", Shape::One),
    keyword("KerberosAuthentication", Shape::One),
    keyword("KerberosGetAFSToken", Shape::One),
    keyword("KerberosOrLocalPasswd", Shape::One),
    keyword("KerberosTicketCleanup", Shape::One),
    keyword("KerberosUniqueCCache", Shape::One),
    keyword("KerberosUseKuserok", Shape::One),
    keyword("KexAlgorithms", Shape::Commas),
    keyword("ListenAddress", Shape::Lines),
    keyword("LoginGraceTime", Shape::One),
    keyword("LogLevel", Shape::One),
    keyword("LogVerbose", Shape::Commas),
    keyword("MACs", Shape::Commas),
    keyword("MaxAuthTries", Shape::One),
    keyword("MaxSessions", Shape::One),
    keyword("MaxStartups", Shape::One),
    keyword("ModuliFile", Shape::One),
    keyword("PasswordAuthentication", Shape::One),
    keyword("PermitEmptyPasswords", Shape::One),
    keyword("PermitListen", Shape::Words),
    keyword("PermitOpen", Shape::Words),
    keyword("PermitRootLogin", Shape::One),
    keyword("PermitTTY", Shape::One),
    keyword("PermitTunnel", Shape::One),
    keyword("PermitUserEnvironment", Shape::Commas),
    keyword("PermitUserRC", Shape::One),
    keyword("PerSourceMaxStartups", Shape::One),
    keyword("PerSourceNetBlockSize", Shape::One),
    keyword("PerSourcePenalties", Shape::Words),
    keyword("PerSourcePenaltyExemptList", Shape::Commas),
    keyword("PidFile", Shape::One),
    keyword("Port", Shape::Lines),
    keyword("PrintLastLog", Shape::One),
    keyword("PrintMotd", Shape::One),
    keyword("PubkeyAcceptedAlgorithms", Shape::Commas),
    keyword("PubkeyAcceptedKeyTypes", Shape::Commas),
    keyword("PubkeyAuthentication", Shape::One),
    keyword("PubkeyAuthOptions", Shape::Words),
    keyword("RDomain", Shape::One),
    keyword("RefuseConnection", Shape::One),
    keyword("RekeyLimit", Shape::Words),
    keyword("RequiredRSASize", Shape::One),
    keyword("RevokedKeys", Shape::One),
    keyword("RSAMinSize", Shape::One),
    keyword("SecurityKeyProvider", Shape::One),
    keyword("SetEnv", Shape::Words),
    keyword("SshdAuthPath", Shape::One),
    keyword("SshdSessionPath", Shape::One),
    keyword("StreamLocalBindMask", Shape::One),
    keyword("StreamLocalBindUnlink", Shape::One),
    keyword("StrictModes", Shape::One),
    keyword("Subsystem", Shape::Lines),
    keyword("SyslogFacility", Shape::One),
    keyword("TCPKeepAlive", Shape::One),
    keyword("TrustedUserCAKeys", Shape::One),
    keyword("UnusedConnectionTimeout", Shape::One),
    keyword("UseDNS", Shape::One),
    keyword("UsePAM", Shape::One),
    keyword("VersionAddendum", Shape::Rest),
    keyword("X11DisplayOffset", Shape::One),
    keyword("X11Forwarding", Shape::One),
    keyword("X11UseLocalhost", Shape::One),
    keyword("XAuthLocation", Shape::One),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_found_in_any_case_and_sorted_for_the_reader() {
        assert_eq!(Keyword::find("permitrootlogin").unwrap().name, "PermitRootLogin");
        assert!(Keyword::find("Match").is_none() && Keyword::find("Include").is_none());
        let names: Vec<_> = KEYWORDS.iter().map(|k| k.name.to_ascii_lowercase()).collect();
        assert!(names.is_sorted(), "{names:?}");
        for (old, new) in RENAMED {
            assert_eq!(Keyword::find(old).unwrap().canonical().name, *new);
        }
    }

    #[test]
    fn a_typo_gets_the_nearest_keyword() {
        for (typo, known) in [
            ("PermitRootLogn", "PermitRootLogin"),
            ("passwordauth", "PasswordAuthentication"),
            ("MaxAuthTry", "MaxAuthTries"),
        ] {
            let said = unknown(typo);
            assert!(said.contains(&format!("`{known}`")), "{said}");
        }
        assert!(!unknown("Zzz").contains("did you mean"));
        assert!(unknown("match").contains("can't be an option"));
        assert!(unknown("Protocol").contains("no longer"));
    }

    #[test]
    fn the_same_value_in_other_words() {
        let root = Keyword::find("PermitRootLogin").unwrap();
        assert!(root.same(&["without-password"], &["Prohibit-Password"]));
        assert!(root.same(&["\"yes\""], &["YES"]));
        assert!(!root.same(&["yes"], &["no"]));
        let port = Keyword::find("Port").unwrap();
        assert!(port.same(&["22", "2222"], &["2222", "22"]));
        assert!(!port.same(&["22"], &["2222", "22"]));
        let users = Keyword::find("AllowUsers").unwrap();
        assert!(users.same(&["a b"], &["b", "a"]));
        let keys = Keyword::find("AuthorizedKeysFile").unwrap();
        assert!(!keys.same(&["a b"], &["b a"]));
        let banner = Keyword::find("Banner").unwrap();
        assert!(!banner.same(&["/etc/Issue"], &["/etc/issue"]));
    }
}
