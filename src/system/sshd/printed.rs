//! What `sshd -T` prints, and whether it is what was wanted: sshd doesn't print values as they were written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Keywords and values as `sshd -T` prints them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printed(BTreeMap<String, Vec<String>>);

/// How the value of a keyword compares with what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is the same.
    Same,
    /// It is the same outside every `Match` block, but root gets something else.
    OnlyOutsideMatch {
        /// What counts for root.
        found: String,
    },
    /// It is something else.
    Differs {
        /// What counts.
        found: String,
    },
    /// sshd prints this keyword in another form than it is written, or not at all.
    NotComparable {
        /// What it prints.
        found: Option<String>,
    },
}

/// Keywords under the names that other versions print them by.
const ALIASES: &[(&str, &str)] = &[
    ("challengeresponseauthentication", "kbdinteractiveauthentication"),
    ("hostbasedacceptedkeytypes", "hostbasedacceptedalgorithms"),
    ("pubkeyacceptedkeytypes", "pubkeyacceptedalgorithms"),
    ("rsaminsize", "requiredrsasize"),
];

/// Keywords whose values are times, as in TIME FORMATS of sshd_config(5); printed in seconds.
const TIMES: &[&str] = &["clientaliveinterval", "logingracetime", "unusedconnectiontimeout"];

/// Keywords that are printed in so many ways that another word proves nothing.
const LOOSE: &[&str] = &[
    "casignaturealgorithms",
    "channeltimeout",
    "ciphers",
    "compression",
    "gssapikexalgorithms",
    "hostbasedacceptedalgorithms",
    "hostkeyalgorithms",
    "ipqos",
    "kexalgorithms",
    "listenaddress",
    "logverbose",
    "macs",
    "maxstartups",
    "persourcenetblocksize",
    "persourcepenalties",
    "pubkeyacceptedalgorithms",
    "setenv",
    "subsystem",
];

impl Printed {
    /// Reads what `sshd -T` printed, but for the host key that it was given for the occasion.
    pub fn parse(text: &str, scratch_key: Option<&Path>) -> Self {
        let mut printed: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in text.lines() {
            let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
            let is_scratch = keyword == "hostkey" && scratch_key.is_some_and(|key| key.to_str() == Some(value));
            if !is_scratch && !keyword.is_empty() {
                let keyword = canonical(&keyword.to_ascii_lowercase()).to_owned();
                printed.entry(keyword).or_default().push(value.trim().to_owned());
            }
        }
        Self(printed)
    }

    /// The values of a keyword, one for each line.
    pub fn values(&self, keyword: &str) -> &[String] {
        let keyword = keyword.to_ascii_lowercase();
        self.0.get(canonical(&keyword)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Compares the value of a keyword with what is wanted; several values separated by spaces.
    pub fn compare(&self, keyword: &str, wanted: &str) -> Verdict {
        let keyword = keyword.to_ascii_lowercase();
        let keyword = canonical(&keyword);
        let values = self.values(keyword);
        if values.is_empty() {
            return Verdict::NotComparable { found: None };
        }
        let found = values.join(" ");
        if is_same(keyword, values, wanted) {
            Verdict::Same
        } else if LOOSE.contains(&keyword) || wanted.contains(['"', '\'', '\\']) {
            Verdict::NotComparable { found: Some(found) }
        } else {
            Verdict::Differs { found }
        }
    }
}

fn canonical(keyword: &str) -> &str {
    let renamed = ALIASES.iter().find(|(old, _)| *old == keyword);
    renamed.map_or(keyword, |(_, new)| new)
}

fn is_same(keyword: &str, values: &[String], wanted: &str) -> bool {
    let words = |text: &str| -> Vec<String> { text.split_whitespace().map(|word| normal(keyword, word)).collect() };
    match values {
        [value] => words(value) == words(wanted),
        // One line for each value: their order says nothing.
        _ => {
            let found: BTreeSet<String> = values.iter().flat_map(|value| words(value)).collect();
            found == words(wanted).into_iter().collect()
        }
    }
}

/// A word of a value in the form in which sshd prints it, where that is known.
fn normal(keyword: &str, word: &str) -> String {
    let number = match keyword {
        _ if TIMES.contains(&keyword) => seconds(word),
        "rekeylimit" if matches!(word, "default" | "none") => Some(0),
        // The first word is a size, the second a time: `M` is minutes there only in lower case.
        "rekeylimit" => bytes(word).or_else(|| seconds(word)),
        "streamlocalbindmask" => u64::from_str_radix(word, 8).ok(),
        _ => None,
    };
    if let Some(number) = number {
        return number.to_string();
    }
    let lower = word.to_ascii_lowercase();
    match (keyword, lower.as_str()) {
        ("permitrootlogin", "without-password") => "prohibit-password".to_owned(),
        ("allowtcpforwarding" | "allowstreamlocalforwarding", "all") => "yes".to_owned(),
        // A path or a name may differ in case alone; a word of sshd's own may not.
        _ if word.contains(['/', '.', '@', '*', '=']) || is_name(keyword) => word.to_owned(),
        _ => lower,
    }
}

/// Whether the keyword's values are names that people have chosen.
fn is_name(keyword: &str) -> bool {
    [
        "acceptenv",
        "allowgroups",
        "allowusers",
        "denygroups",
        "denyusers",
        "versionaddendum",
    ]
    .contains(&keyword)
}

/// A time as sshd_config(5) writes it, `1h30m` or `90`, in seconds.
fn seconds(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = rest.split_at(digits);
        let factor = match tail.as_bytes().first().map(u8::to_ascii_lowercase) {
            None | Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 3600,
            Some(b'd') => 86_400,
            Some(b'w') => 604_800,
            Some(_) => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(factor)?)?;
        rest = tail.get(1..).unwrap_or_default();
    }
    (!text.is_empty()).then_some(total)
}

/// A size as sshd_config(5) writes it, `512M` or `1G`, in bytes.
fn bytes(text: &str) -> Option<u64> {
    let shift = match text.chars().last()? {
        'K' => 10,
        'M' => 20,
        'G' => 30,
        c if c.is_ascii_digit() => return text.parse().ok(),
        _ => return None,
    };
    let number: u64 = text.get(..text.len() - 1)?.parse().ok()?;
    number.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(printed: &str, keyword: &str, wanted: &str) -> Verdict {
        Printed::parse(printed, None).compare(keyword, wanted)
    }

    #[test]
    fn the_same_in_sshds_words() {
        for (printed, wanted) in [
            ("permitrootlogin without-password", "prohibit-password"),
            ("permitrootlogin prohibit-password", "without-password"),
            ("permitrootlogin yes", "YES"),
            ("logingracetime 120", "2m"),
            ("logingracetime 5400", "1h30M"),
            ("clientaliveinterval 90", "90"),
            ("rekeylimit 1073741824 3600", "1G 1h"),
            ("rekeylimit 0 0", "default none"),
            ("streamlocalbindmask 0177", "177"),
            ("loglevel VERBOSE", "verbose"),
            ("fingerprinthash SHA256", "sha256"),
            ("port 22\nport 2222", "2222 22"),
            ("allowusers a\nallowusers b", "a b"),
            ("authorizedkeysfile a b", "a b"),
            ("allowtcpforwarding yes", "all"),
            ("banner /etc/issue", "/etc/issue"),
            ("subsystem sftp internal-sftp -f AUTH", "sftp internal-sftp -f AUTH"),
        ] {
            let keyword = printed.split(' ').next().unwrap();
            assert_eq!(compare(printed, keyword, wanted), Verdict::Same, "{printed} {wanted}");
        }
        let old = "challengeresponseauthentication no";
        assert_eq!(compare(old, "KbdInteractiveAuthentication", "no"), Verdict::Same);
    }

    #[test]
    fn something_else_is_something_else() {
        for (printed, wanted) in [
            ("permitrootlogin no", "yes"),
            ("logingracetime 120", "3m"),
            ("banner /etc/issue", "/etc/Issue"),
            ("allowusers A\nallowusers b", "a b"),
            ("port 22", "22 2222"),
            ("port 22\nport 2222", "22"),
            ("authorizedkeysfile a b", "b a"),
        ] {
            let keyword = printed.split(' ').next().unwrap();
            let verdict = compare(printed, keyword, wanted);
            assert!(
                matches!(verdict, Verdict::Differs { .. }),
                "{printed} {wanted}: {verdict:?}"
            );
        }
    }

    #[test]
    fn what_cant_be_compared_is_not_a_difference() {
        for (printed, keyword, wanted) in [
            ("ciphers aes128-ctr,aes256-ctr", "ciphers", "+aes256-ctr"),
            ("maxstartups 10:30:10", "maxstartups", "10"),
            ("ipqos lowdelay lowdelay", "ipqos", "0x10"),
            ("listenaddress 0.0.0.0:22", "listenaddress", "0.0.0.0"),
            ("banner /a b", "banner", "\"/a b\""),
            ("port 22", "usepam", "yes"),
        ] {
            let verdict = compare(printed, keyword, wanted);
            assert!(
                matches!(verdict, Verdict::NotComparable { .. }),
                "{printed} {wanted}: {verdict:?}"
            );
        }
    }

    #[test]
    fn the_key_given_for_the_occasion_is_not_printed() {
        let printed = Printed::parse("hostkey /etc/k\nhostkey /run/x/key\n", Some(Path::new("/run/x/key")));
        assert_eq!(printed.values("HostKey"), ["/etc/k"]);
    }

    #[test]
    fn times_and_sizes() {
        assert_eq!(
            [
                seconds("1w2d3h4m5s"),
                seconds("10"),
                seconds("x"),
                seconds(""),
                seconds("m")
            ],
            [Some(788_645), Some(10), None, None, None]
        );
        assert_eq!(seconds("99999999999999999999"), None);
        assert_eq!(
            [bytes("512M"), bytes("17"), bytes("1h")],
            [Some(512 << 20), Some(17), None]
        );
    }
}
