//! `sshd`: what the SSH server allows; and cloud-config's `ssh_pwauth`.

pub mod keyword;
pub mod option;
pub mod syntax;
mod value;

use serde::Deserialize;

use super::Config;
use super::code::Code;
use super::host_keys::SshKeys;
use super::problem::{Check, Problems};
use super::redact::redact;

pub use keyword::{Keyword, Shape};
pub use option::{Options, SshdOption};

/// `sshd`: what the SSH server allows.
///
/// What is set here holds outside every `Match` block of the machine's sshd_config. For keywords of which sshd adds up
/// all lines (`Port`, `ListenAddress`, `HostKey`, `AcceptEnv`, `AllowUsers`, `Subsystem`, …) the values given here are
/// all that is wanted.
///
/// ```yaml
/// permit_root_login: prohibit-password
/// options: {MaxAuthTries: 3, AllowUsers: [root, core]}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Sshd {
    /// Whether and how root may log in: yes, no, prohibit-password or forced-commands-only.
    pub permit_root_login: Option<PermitRootLogin>,
    /// Whether a password is enough to log in.
    pub password_authentication: Option<bool>,
    /// Any other keyword of sshd_config(5), with its value: a string, a number, yes or no; for keywords that take
    /// several also a list.
    ///
    /// ```yaml
    /// options: {MaxAuthTries: 3, AllowUsers: [root, core]}
    /// ```
    #[serde(default)]
    pub options: Options,
}

/// Whether and how root may log in: `PermitRootLogin` of sshd_config(5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(transform = crate::vocabulary::schema::words(&["yes", "no", "prohibit-password", "forced-commands-only"], &["true", "false", "on", "off", "without-password"])))]
pub enum PermitRootLogin {
    /// With everything that others may log in with.
    Yes,
    /// Not at all.
    No,
    /// With a key, not with a password.
    ProhibitPassword,
    /// With a key that is bound to a command.
    ForcedCommandsOnly,
}

impl PermitRootLogin {
    /// The word of sshd_config(5).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::ProhibitPassword => "prohibit-password",
            Self::ForcedCommandsOnly => "forced-commands-only",
        }
    }
}

impl TryFrom<String> for PermitRootLogin {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        match word.to_ascii_lowercase().as_str() {
            "yes" | "true" | "on" => Ok(Self::Yes),
            "no" | "false" | "off" => Ok(Self::No),
            "prohibit-password" | "without-password" => Ok(Self::ProhibitPassword),
            "forced-commands-only" => Ok(Self::ForcedCommandsOnly),
            _ => Err("expected yes, no, prohibit-password or forced-commands-only"),
        }
    }
}

/// cloud-config's `ssh_pwauth`: whether a password is enough to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(transform = crate::vocabulary::schema::words(&["true", "false", "unchanged"], &["yes", "no", "on", "off", "1", "0"])))]
pub enum SshPwauth {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// Leave it.
    Unchanged,
}

impl Check for SshPwauth {}

impl TryFrom<String> for SshPwauth {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        match word.to_ascii_lowercase().as_str() {
            "yes" | "true" | "on" | "1" => Ok(Self::Yes),
            "no" | "false" | "off" | "0" => Ok(Self::No),
            "unchanged" => Ok(Self::Unchanged),
            _ => Err("expected true, false or unchanged"),
        }
    }
}

/// A keyword of sshd_config(5) with what a document wants it to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The keyword.
    pub keyword: &'static Keyword,
    /// What follows it, one entry a line: more than one only where sshd adds lines up.
    pub lines: Vec<String>,
    /// The keys that lead to the value in the document, outermost first.
    pub path: Vec<String>,
}

/// Everything that a document wants of sshd, in a fixed order, each keyword once: where it is asked for twice, the first
/// place counts, and [`Check`] and `check_ssh_pwauth` see to it that the others agree.
pub fn settings(config: &Config) -> Vec<Setting> {
    let certificates = config.ssh_keys.as_ref().and_then(certificates);
    of_requests(requests(config.sshd.as_ref(), config.ssh_pwauth).chain(certificates))
}

fn of_requests(requests: impl Iterator<Item = Setting>) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    for setting in requests {
        let known = settings.iter().any(|s| is_same_keyword(s, &setting));
        if !known {
            settings.push(setting);
        }
    }
    settings
}

/// Every request for a keyword, in the order in which they count.
fn requests(sshd: Option<&Sshd>, ssh_pwauth: Option<SshPwauth>) -> impl Iterator<Item = Setting> {
    let yes_or_no = |yes: bool| if yes { "yes" } else { "no" };
    let typed = [
        (
            "PermitRootLogin",
            sshd.and_then(|s| s.permit_root_login).map(PermitRootLogin::as_str),
            &["sshd", "permit_root_login"][..],
        ),
        (
            "PasswordAuthentication",
            sshd.and_then(|s| s.password_authentication).map(yes_or_no),
            &["sshd", "password_authentication"],
        ),
        (
            "PasswordAuthentication",
            match ssh_pwauth {
                Some(SshPwauth::Yes) => Some("yes"),
                Some(SshPwauth::No) => Some("no"),
                Some(SshPwauth::Unchanged) | None => None,
            },
            &["ssh_pwauth"],
        ),
    ];
    let typed = typed.into_iter().filter_map(|(name, value, path)| {
        Some(Setting {
            keyword: Keyword::find(name)?,
            lines: vec![value?.to_owned()],
            path: path.iter().map(ToString::to_string).collect(),
        })
    });
    let options = sshd.map(|s| s.options.0.as_slice()).unwrap_or_default();
    let options = options.iter().map(|option| Setting {
        keyword: option.keyword,
        lines: option.keyword.shape.lines(&option.values),
        path: vec!["sshd".to_owned(), "options".to_owned(), option.key.clone()],
    });
    typed.chain(options).collect::<Vec<_>>().into_iter()
}

/// The lines that name the certificates of host keys.
fn certificates(keys: &SshKeys) -> Option<Setting> {
    let with_one: Vec<_> = keys.given().filter(|key| key.certificate.is_some()).collect();
    let first = with_one.first()?;
    Some(Setting {
        keyword: Keyword::find("HostCertificate")?,
        lines: with_one.iter().map(|key| key.kind.certificate_path()).collect(),
        path: vec!["ssh_keys".to_owned(), format!("{}_certificate", first.kind.name())],
    })
}

fn is_same_keyword(one: &Setting, other: &Setting) -> bool {
    one.keyword.canonical() == other.keyword.canonical()
}

impl Check for Sshd {
    fn check(&self, problems: &mut Problems<'_>) {
        let requests: Vec<Setting> = requests(Some(self), None).collect();
        for (number, later) in requests.iter().enumerate() {
            let earlier = requests.iter().take(number).find(|s| is_same_keyword(s, later));
            if let Some(earlier) = earlier.filter(|e| !later.keyword.same(&e.lines, &later.lines)) {
                let keys: Vec<&str> = later.path.iter().skip(1).map(String::as_str).collect();
                problems
                    .of(Code::Conflict)
                    .error(&keys, disagreement(earlier, later), Some(AGREE));
            }
        }
    }
}

const AGREE: &str = "keep one of them";

/// Reports an `ssh_pwauth` that asks for something else than `sshd` does; paths from the top of the document.
pub(super) fn check_ssh_pwauth(config: &Config, problems: &mut Problems<'_>) {
    for own in requests(None, config.ssh_pwauth) {
        let other = of_requests(requests(config.sshd.as_ref(), None))
            .into_iter()
            .find(|s| is_same_keyword(s, &own));
        if let Some(other) = other.filter(|o| !own.keyword.same(&o.lines, &own.lines)) {
            problems
                .of(Code::Conflict)
                .error(&["ssh_pwauth"], disagreement(&other, &own), Some(AGREE));
        }
    }
}

fn disagreement(earlier: &Setting, later: &Setting) -> String {
    format!(
        "`{}` sets {} to `{}`, but `{}` sets it to `{}`",
        earlier.path.join("."),
        earlier.keyword.canonical().name,
        redact(&earlier.lines.join("`, `")),
        later.path.join("."),
        redact(&later.lines.join("`, `"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(sshd: Value) -> Sshd {
        crate::document::yaml::from_json(&sshd).unwrap()
    }

    fn problems(sshd: Value, ssh_pwauth: Option<SshPwauth>) -> Vec<String> {
        let sshd = read(sshd);
        let mut found = Vec::new();
        let mut problems = Problems::new(&mut found);
        sshd.check(&mut problems.below(&["sshd"]));
        let config = Config {
            sshd: Some(sshd),
            ssh_pwauth,
            ..Config::default()
        };
        check_ssh_pwauth(&config, &mut problems);
        found
            .into_iter()
            .map(|p| format!("{}: {}", p.path.join("."), p.message))
            .collect()
    }

    #[test]
    fn words_for_root_login() {
        for (word, expected) in [
            ("yes", Some(PermitRootLogin::Yes)),
            ("True", Some(PermitRootLogin::Yes)),
            ("no", Some(PermitRootLogin::No)),
            ("false", Some(PermitRootLogin::No)),
            ("prohibit-password", Some(PermitRootLogin::ProhibitPassword)),
            ("without-password", Some(PermitRootLogin::ProhibitPassword)),
            ("forced-commands-only", Some(PermitRootLogin::ForcedCommandsOnly)),
            ("maybe", None),
            ("", None),
        ] {
            assert_eq!(PermitRootLogin::try_from(word.to_owned()).ok(), expected, "{word}");
        }
    }

    #[test]
    fn words_for_ssh_pwauth() {
        for (word, expected) in [
            ("True", Some(SshPwauth::Yes)),
            ("no", Some(SshPwauth::No)),
            ("Unchanged", Some(SshPwauth::Unchanged)),
            ("maybe", None),
        ] {
            assert_eq!(SshPwauth::try_from(word.to_owned()).ok(), expected, "{word}");
        }
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(crate::document::yaml::from_json::<Sshd>(&json!({"permit_root": "yes"})).is_err());
    }

    #[test]
    fn every_way_of_asking_ends_in_settings() {
        let sshd = read(json!({
            "permit_root_login": "without-password",
            "password_authentication": false,
            "options": {"maxauthtries": 3, "Port": [22, 2222], "AllowUsers": ["a", "b"], "PermitRootLogin": "yes"},
        }));
        let all = of_requests(requests(Some(&sshd), Some(SshPwauth::Yes)));
        let all: Vec<_> = all
            .iter()
            .map(|s| (s.keyword.name, s.lines.join("|"), s.path.join(".")))
            .collect();
        let all: Vec<_> = all.iter().map(|(k, l, p)| (*k, l.as_str(), p.as_str())).collect();
        assert_eq!(
            all,
            [
                ("PermitRootLogin", "prohibit-password", "sshd.permit_root_login"),
                ("PasswordAuthentication", "no", "sshd.password_authentication"),
                ("AllowUsers", "a b", "sshd.options.AllowUsers"),
                ("Port", "22|2222", "sshd.options.Port"),
                ("MaxAuthTries", "3", "sshd.options.maxauthtries"),
            ]
        );
        assert_eq!(of_requests(requests(None, Some(SshPwauth::Unchanged))), []);
        assert_eq!(of_requests(requests(None, Some(SshPwauth::No))).len(), 1);
    }

    #[test]
    fn requests_that_disagree_are_errors() {
        let yes = Some(SshPwauth::Yes);
        for (sshd, ssh_pwauth, at) in [
            (json!({"password_authentication": false}), yes, Some("ssh_pwauth: ")),
            (
                json!({"options": {"passwordauthentication": false}}),
                yes,
                Some("ssh_pwauth: "),
            ),
            (json!({"password_authentication": true}), yes, None),
            (
                json!({"password_authentication": true}),
                Some(SshPwauth::Unchanged),
                None,
            ),
            (
                json!({"permit_root_login": "no", "options": {"PermitRootLogin": true}}),
                None,
                Some("sshd.options.PermitRootLogin: "),
            ),
            (
                json!({"permit_root_login": "without-password", "options": {"PermitRootLogin": "Prohibit-Password"}}),
                None,
                None,
            ),
            (
                json!({"options": {"Banner": "/a", "banner": "/b"}}),
                None,
                Some("sshd.options.banner: "),
            ),
            (
                json!({"options": {"KbdInteractiveAuthentication": false, "ChallengeResponseAuthentication": true}}),
                None,
                Some("sshd.options.KbdInteractiveAuthentication: "),
            ),
            (json!({}), yes, None),
        ] {
            let found = problems(sshd.clone(), ssh_pwauth);
            match at {
                Some(at) => assert!(found.len() == 1 && found[0].starts_with(at), "{sshd}: {found:?}"),
                None => assert_eq!(found, Vec::<String>::new(), "{sshd}"),
            }
        }
    }
}
