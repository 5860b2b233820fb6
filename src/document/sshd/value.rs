//! What sshd takes as the value of a keyword, where that is the same in every version: what it would refuse is found
//! before there is an sshd to ask.
//!
//! Taken from sshd_config(5) and `servconf.c` of OpenSSH 8.4 to 10.0, and held to the real sshd by a test. A keyword that
//! is not here is for sshd itself to judge.

use super::keyword::Keyword;

/// What a value can be.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// One of these words, in whatever case.
    Word(&'static [&'static str]),
    /// A whole number.
    Number,
    /// A time, as in TIME FORMATS: `90`, `1h30m`.
    Time,
    /// A TCP port, by number or by its name in services(5).
    Port,
}

const YES_NO: Form = Form::Word(&["yes", "no"]);

/// The largest number that sshd takes.
const NUMBER_MAX: u32 = i32::MAX as u32;

/// What is wrong with this value, without quotes, of a keyword that takes one.
pub(super) fn objection(keyword: &Keyword, value: &str) -> Option<String> {
    let form = form(keyword)?;
    let (fits, expected) = match form {
        Form::Word(words) => (
            words.iter().any(|word| word.eq_ignore_ascii_case(value)),
            format!("one of `{}`", words.join("`, `")),
        ),
        Form::Number => (is_number(value), format!("a whole number from 0 to {NUMBER_MAX}")),
        Form::Time => (is_time(value), "a time such as `90`, `30s` or `1h30m`".to_owned()),
        Form::Port => (is_port(value), "a port from 1 to 65535".to_owned()),
    };
    (!fits).then(|| format!("sshd rejects this value of `{}`: it takes {expected}", keyword.name))
}

/// strtonum(3) takes a sign.
fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix('+').unwrap_or(value);
    is_digits(digits) && digits.parse::<u32>().is_ok_and(|number| number <= NUMBER_MAX)
}

fn is_port(value: &str) -> bool {
    let is_name = value.starts_with(|c: char| c.is_ascii_alphabetic());
    is_name || (is_number(value) && value.parse::<u16>().is_ok_and(|port| port > 0))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Numbers, each with or without a unit.
fn is_time(value: &str) -> bool {
    let mut total: u64 = 0;
    let mut rest = value;
    while !rest.is_empty() {
        // strtol(3) takes a sign.
        rest = rest.strip_prefix('+').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let Ok(number) = rest.get(..end).unwrap_or_default().parse::<u64>() else {
            return false;
        };
        let mut tail = rest.get(end..).unwrap_or_default().chars();
        let unit = match tail.next().map(|unit| unit.to_ascii_lowercase()) {
            None | Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86_400,
            Some('w') => 604_800,
            Some(_) => return false,
        };
        total = total.saturating_add(number.saturating_mul(unit));
        rest = tail.as_str();
    }
    !value.is_empty() && total <= u64::from(NUMBER_MAX)
}

fn form(keyword: &Keyword) -> Option<Form> {
    Some(match keyword.name {
        "AllowAgentForwarding"
        | "ChallengeResponseAuthentication"
        | "DisableForwarding"
        | "ExposeAuthInfo"
        | "HostbasedAuthentication"
        | "HostbasedUsesNameFromPacketOnly"
        | "IgnoreUserKnownHosts"
        | "KbdInteractiveAuthentication"
        | "KeepAlive"
        | "PasswordAuthentication"
        | "PermitEmptyPasswords"
        | "PermitTTY"
        | "PermitUserRC"
        | "PrintLastLog"
        | "PrintMotd"
        | "PubkeyAuthentication"
        | "StreamLocalBindUnlink"
        | "StrictModes"
        | "TCPKeepAlive"
        | "UseDNS"
        | "UsePAM"
        | "X11Forwarding"
        | "X11UseLocalhost" => YES_NO,
        "AddressFamily" => Form::Word(&["any", "inet", "inet6"]),
        "AllowStreamLocalForwarding" | "AllowTcpForwarding" => Form::Word(&["yes", "no", "all", "local", "remote"]),
        "Compression" => Form::Word(&["yes", "delayed", "no"]),
        "GatewayPorts" => Form::Word(&["yes", "no", "clientspecified"]),
        "IgnoreRhosts" => Form::Word(&["yes", "no", "shosts-only"]),
        "LogLevel" => Form::Word(&[
            "QUIET", "FATAL", "ERROR", "INFO", "VERBOSE", "DEBUG", "DEBUG1", "DEBUG2", "DEBUG3",
        ]),
        "PermitRootLogin" => Form::Word(&[
            "yes",
            "no",
            "prohibit-password",
            "without-password",
            "forced-commands-only",
        ]),
        "PermitTunnel" => Form::Word(&["yes", "no", "point-to-point", "ethernet"]),
        "SyslogFacility" => Form::Word(&[
            "DAEMON", "USER", "AUTH", "AUTHPRIV", "LOCAL0", "LOCAL1", "LOCAL2", "LOCAL3", "LOCAL4", "LOCAL5", "LOCAL6",
            "LOCAL7",
        ]),
        "ClientAliveCountMax"
        | "MaxAuthTries"
        | "MaxSessions"
        | "RequiredRSASize"
        | "RSAMinSize"
        | "X11DisplayOffset" => Form::Number,
        "ClientAliveInterval" | "LoginGraceTime" => Form::Time,
        "Port" => Form::Port,
        _ => return None,
    })
}

/// The schema of a value; sshd's own quotes may be around it.
#[cfg(test)]
pub(super) fn schema(keyword: &Keyword) -> serde_json::Value {
    use crate::vocabulary::schema::any_case;
    use serde_json::json;
    let time = r#"^[\s"]*[0-9+smhdwSMHDW]+[\s"]*$"#;
    match form(keyword) {
        Some(Form::Word(words)) => {
            let is_flag = words.contains(&"yes");
            let booleans: &[&str] = if is_flag { &["true", "on", "false", "off"] } else { &[] };
            let all: Vec<String> = words.iter().chain(booleans).map(|word| any_case(word)).collect();
            let types: &[&str] = if is_flag { &["string", "boolean"] } else { &["string"] };
            json!({"type": types, "pattern": format!(r#"^[\s"]*({})[\s"]*$"#, all.join("|")), "examples": words})
        }
        Some(Form::Number) => {
            let digits = r#"^[\s"]*\+?[0-9]+[\s"]*$"#;
            json!({"type": ["integer", "string"], "minimum": 0, "maximum": NUMBER_MAX, "pattern": digits, "examples": [3]})
        }
        Some(Form::Time) => json!({"type": ["integer", "string"], "minimum": 0, "pattern": time, "examples": ["30s"]}),
        Some(Form::Port) => {
            json!({"type": ["integer", "string"], "minimum": 1, "maximum": 65535, "pattern": r"\S", "examples": [22]})
        }
        None => json!({"type": ["string", "number", "boolean"], "pattern": r"\S"}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::sshd::keyword::KEYWORDS;
    use crate::skip::{is_root, skip};
    use crate::system::sshd::{Sshd, SshdError};

    const VALUES: [&str; 15] = [
        "yes",
        "YES",
        "true",
        "0",
        "-1",
        "+3",
        "foo",
        "2147483648",
        "1h30m",
        "5x",
        "65536",
        "remote",
        "VERBOSE",
        "local7",
        "without-password",
    ];

    #[test]
    fn values_that_sshd_refuses_are_told_with_what_it_takes() {
        for (keyword, value, words) in [
            ("MaxAuthTries", "foo", "a whole number"),
            ("MaxAuthTries", "3", ""),
            ("UsePAM", "maybe", "one of `yes`, `no`"),
            ("LoginGraceTime", "2minutes", "a time such as"),
            ("LoginGraceTime", "2m", ""),
            ("Port", "70000", "a port from 1"),
            ("Port", "ssh", ""),
            ("LogLevel", "LOUD", "`DEBUG3`"),
            ("Ciphers", "anything", ""),
        ] {
            let said = objection(Keyword::find(keyword).unwrap(), value);
            match words {
                "" => assert_eq!(said, None, "{keyword} {value}"),
                words => assert!(
                    said.as_ref().is_some_and(|said| said.contains(words)),
                    "{keyword} {value}: {said:?}"
                ),
            }
        }
    }

    /// Every keyword of the table with every value: what is refused here is what the real sshd refuses.
    #[test]
    fn the_real_sshd_agrees() {
        let Ok(mut sshd) = Sshd::find() else {
            return skip("sshd is not installed");
        };
        if !is_root("sshd wants it") {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("sshd_config");
        sshd = sshd.with_config(&file);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let (mut refusals, mut foreseen) = (0, 0);
        for keyword in KEYWORDS.iter().filter(|keyword| form(keyword).is_some()) {
            // An older sshd has this one by its other name alone, and a newer one the other way round.
            if matches!(keyword.name, "RSAMinSize" | "RequiredRSASize") {
                continue;
            }
            for value in VALUES {
                std::fs::write(&file, format!("{} {value}\n", keyword.name)).unwrap();
                let refused = match runtime.block_on(sshd.accepts()) {
                    Ok(()) => false,
                    Err(SshdError::Refused(_)) => true,
                    Err(error) => panic!("{error}"),
                };
                // Names of ports are the machine's.
                if keyword.name == "Port" && value.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    continue;
                }
                let objection = objection(keyword, value);
                assert!(
                    refused || objection.is_none(),
                    "{} {value}: {objection:?}",
                    keyword.name
                );
                refusals += usize::from(refused);
                foreseen += usize::from(objection.is_some());
            }
        }
        // `PermitTunnel YES` and its like.
        assert!(foreseen > 250 && refusals - foreseen < 10, "{foreseen} of {refusals}");
    }
}
