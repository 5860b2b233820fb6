//! `disable_root`, `disable_root_opts` and `ssh_redirect_user`: keys that let nobody in, but say who to log in as instead.

use serde::Deserialize;

use super::Config;
use super::authorized_key::KeyParts;
use super::code::Code;
use super::problem::{Check, Problems};

/// The options of such a key where the document has none of its own, as cloud-init has them.
const USUAL: &str = r#"no-port-forwarding,no-agent-forwarding,no-X11-forwarding,command="echo 'Please login as the user \"$USER\" rather than the user \"$DISABLE_USER\".';echo;sleep 10;exit 142""#;

/// The most bytes that the options may have.
const OPTIONS_MAX: usize = 4096;

/// The options of a key that lets nobody in: those of a line of authorized_keys(5).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r#"^\s*(?!#)(\\[\\"]?|[^\s"\\\u0000-\u001f\u007f]|"(\\[^\u0000-\u001f\u007f]|[^"\\\u0000-\u001f\u007f])*")+\s*$"#, "maxLength" = 4096, "examples" = ["no-pty,command=\"echo log in as $USER instead of $DISABLE_USER\""])))]
pub struct RedirectOptions(String);

impl Check for RedirectOptions {}

impl TryFrom<String> for RedirectOptions {
    type Error = String;

    fn try_from(options: String) -> Result<Self, String> {
        let options = options.trim();
        if options.is_empty() {
            return Err("without options, these keys would let somebody in".to_owned());
        }
        if options.len() > OPTIONS_MAX {
            let length = options.len();
            return Err(format!(
                "the options of a key have at most {OPTIONS_MAX} bytes here, these have {length}"
            ));
        }
        if options.contains(char::is_control) {
            return Err("the options of a key are one line".to_owned());
        }
        let line = format!("{options} ssh-ed25519 AAAA");
        match KeyParts::of(&line) {
            Some(parts) if parts.options == options => Ok(Self(options.to_owned())),
            _ => Err(
                "expected options of authorized_keys(5): commas between them, spaces only in double quotes".to_owned(),
            ),
        }
    }
}

impl RedirectOptions {
    /// The options of a key that would let in `from`, and tells to log in as `to`; `own` are the document's.
    pub fn filled(own: Option<&Self>, to: &str, from: &str) -> String {
        let options = own.map_or(USUAL, |own| own.0.as_str());
        // `$USER` is no part of `$DISABLE_USER`, and a name holds no `$` but at its end.
        options.replace("$DISABLE_USER", from).replace("$USER", to)
    }
}

/// `ssh_redirect_user`: whether the platform's keys tell those who log in as this account to log in as the default user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(transform = crate::vocabulary::schema::words(&["true", "false", "default"], &["yes", "no", "on", "off"])))]
pub enum SshRedirectUser {
    /// They do.
    Default,
    /// The account doesn't get them.
    No,
}

impl TryFrom<String> for SshRedirectUser {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        match word.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "default" => Ok(Self::Default),
            "false" | "no" | "off" => Ok(Self::No),
            _ => Err("expected true, false or default"),
        }
    }
}

/// Reports what has no effect, and what lets root in although the document says otherwise.
pub(super) fn check(config: &Config, problems: &mut Problems<'_>) {
    let is_disabled = config.disable_root == Some(true);
    if config.disable_root_opts.is_some() && !is_disabled {
        let message = "`disable_root_opts` has no effect without `disable_root: true`";
        let hint = Some("write `disable_root: true`, which is cloud-init's default and not firstlight's");
        problems
            .of(Code::NoEffect)
            .warning(&["disable_root_opts"], message, hint);
    }
    let own = config.root.as_ref().map(|root| root.ssh_authorized_keys.as_slice());
    if is_disabled && own.is_some_and(|keys| !keys.is_empty()) {
        let message =
            "these keys still let root in: `disable_root` is about the keys of the top level and the platform's";
        let hint = Some("give them to another account, or remove `disable_root`");
        problems
            .of(Code::Conflict)
            .warning(&["root", "ssh_authorized_keys"], message, hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_those_of_a_line_of_authorized_keys() {
        for good in ["no-pty", " restrict,command=\"echo 'as \\\"$USER\\\"'\" ", USUAL] {
            assert!(RedirectOptions::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for (bad, why) in [
            (" ", "without options"),
            ("a b", "commas"),
            ("command=\"echo", "commas"),
            ("#no-pty", "commas"),
            ("ssh-ed25519", "commas"),
            ("no-pty\nssh-ed25519 AAAA", "one line"),
            (&"a".repeat(5000), "4096 bytes here, these have 5000"),
        ] {
            let error = RedirectOptions::try_from(bad.to_owned()).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    #[test]
    fn names_are_filled_in() {
        let filled = RedirectOptions::filled(None, "core", "root");
        assert!(
            filled.contains(r#"as the user \"core\" rather than the user \"root\"."#),
            "{filled}"
        );
        let own = RedirectOptions::try_from("command=\"echo $USER $DISABLE_USER $USER\"".to_owned()).unwrap();
        assert_eq!(RedirectOptions::filled(Some(&own), "a", "b"), "command=\"echo a b a\"");
    }
}
