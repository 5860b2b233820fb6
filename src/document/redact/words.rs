//! Passwords that are not given as a name and a value.

use std::ops::Range;

/// `curl -u USER:PASSWORD`, other programs' own options for a password, what they read of it from a pipe, and netrc lines:
/// `machine HOST login USER password PASSWORD`.
pub(super) fn secrets(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if split(line).next().is_some_and(|(_, word)| is_netrc(word)) {
        found.extend(netrc(&split(line).collect::<Vec<_>>()));
    }
    if split(line).any(|(_, word)| is_curl(word)) {
        found.extend(curl(&split(line).collect::<Vec<_>>()));
    }
    if split(line).any(|(_, word)| OPTIONS.iter().any(|of| of.programs.contains(&program(word)))) {
        found.extend(options(&split(line).collect::<Vec<_>>()));
    }
    if split(line).any(|(_, word)| program(word) == "chpasswd" || word.ends_with("-stdin")) {
        found.extend(piped(&split(line).collect::<Vec<_>>()));
    }
    found
}

/// A program's option for a password, whose name doesn't say so.
struct Of {
    programs: &'static [&'static str],
    /// The word behind which it is; any where this is empty.
    behind: &'static str,
    option: &'static str,
    /// Whether the value may be a word of its own.
    apart: bool,
    /// Whether it may follow in the same word.
    joined: bool,
}

/// Those that documents have.
const OPTIONS: [Of; 6] = [
    Of {
        programs: &["docker", "podman", "nerdctl", "helm", "oras", "skopeo", "buildah"],
        behind: "login",
        option: "-p",
        apart: true,
        joined: true,
    },
    Of {
        programs: &[
            "mysql",
            "mysqladmin",
            "mysqldump",
            "mariadb",
            "mariadb-admin",
            "mariadb-dump",
        ],
        behind: "",
        option: "-p",
        apart: false,
        joined: true,
    },
    Of {
        programs: &["useradd", "usermod", "sshpass"],
        behind: "",
        option: "-p",
        apart: true,
        joined: true,
    },
    Of {
        programs: &["redis-cli"],
        behind: "",
        option: "-a",
        apart: true,
        joined: false,
    },
    Of {
        programs: &["cloudflared"],
        behind: "service",
        option: "install",
        apart: true,
        joined: false,
    },
    Of {
        programs: &["cloudflared"],
        behind: "service",
        option: "uninstall",
        apart: true,
        joined: false,
    },
];

/// The name of a program, which a path may lead to.
fn program(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn options(words: &[(usize, &str)]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for of in &OPTIONS {
        let Some(begin) = words.iter().position(|(_, word)| of.programs.contains(&program(word))) else {
            continue;
        };
        let mut own = words.get(begin + 1..).unwrap_or_default();
        if !of.behind.is_empty() {
            let Some(behind) = own.iter().position(|(_, word)| *word == of.behind) else {
                continue;
            };
            own = own.get(behind + 1..).unwrap_or_default();
        }
        for (number, (at, word)) in own.iter().enumerate() {
            let value = match word.strip_prefix(of.option) {
                Some("") if of.apart => own.get(number + 1).copied(),
                Some("") | None => None,
                Some(rest) if of.joined => Some((at + of.option.len(), rest)),
                Some(_) => None,
            };
            found.extend(value.map(|(at, value)| at..at + value.len()));
        }
    }
    found
}

/// `echo USER:PASSWORD | chpasswd`, and `echo PASSWORD | … --password-stdin`.
fn piped(words: &[(usize, &str)]) -> Vec<Range<usize>> {
    let said = words
        .iter()
        .skip_while(|(_, word)| !matches!(program(word), "echo" | "printf"));
    let said = said.skip(1).take_while(|(_, word)| *word != "|");
    let said = said.filter(|(_, word)| !word.starts_with('-'));
    said.map(|(at, word)| {
        let user = word.find(':').map_or(0, |colon| colon + 1);
        at + user..at + word.len()
    })
    .collect()
}

fn split(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    line.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '[' | ']' | '`'))
        .map(move |word| {
            let start = at;
            // A separator has one byte, unless it is white space outside ASCII.
            let length = word.len();
            at = start
                + length
                + line
                    .get(start + length..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(0, char::len_utf8);
            (start, word)
        })
        .filter(|(_, word)| !word.is_empty())
}

fn is_curl(word: &str) -> bool {
    matches!(word.rsplit('/').next(), Some("curl" | "wget" | "http" | "https"))
}

fn curl(words: &[(usize, &str)]) -> Vec<Range<usize>> {
    const OPTIONS: [&str; 4] = ["-u", "--user", "--proxy-user", "-U"];
    let mut found = Vec::new();
    for (number, (at, word)) in words.iter().enumerate() {
        let given = if OPTIONS.contains(word) {
            words.get(number + 1).copied()
        } else {
            let attached = OPTIONS.iter().find_map(|option| match option.starts_with("--") {
                true => word.strip_prefix(option)?.strip_prefix('='),
                false => word.strip_prefix(option),
            });
            attached.map(|value| (at + word.len() - value.len(), value))
        };
        if let Some((start, value)) = given
            && let Some(colon) = value.find(':')
        {
            found.push(start + colon + 1..start + value.len());
        }
    }
    found
}

fn is_netrc(word: &str) -> bool {
    matches!(word, "default" | "machine" | "login" | "account" | "password")
}

/// Only if the whole line consists of netrc keywords and values: `password` is an English word too.
fn netrc(words: &[(usize, &str)]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut rest = words.iter();
    while let Some((_, word)) = rest.next() {
        match *word {
            "default" => {}
            "machine" | "login" | "account" => _ = rest.next(),
            "password" => match rest.next() {
                // That is a name and its value.
                Some((_, "=" | ":")) => return Vec::new(),
                value => found.extend(value.map(|(at, word)| *at..at + word.len())),
            },
            _ => return Vec::new(),
        }
    }
    found
}
