//! Whether sshd will let an account in: every setting that can block its keys or its password, read as sshd reads it
//! for that account.

use super::account::Account;
use super::criteria::{Certainty, matches};
use super::effective::{Effective, Occurrence};
use crate::document::sshd::{Keyword, Setting};
use crate::module::{Level, Note, Plan};

/// sshd's configuration as planned, and the account that is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// What counts.
    pub effective: &'a Effective,
    /// What the document itself asks of sshd.
    pub settings: &'a [Setting],
    /// The account.
    pub account: &'a Account,
}

/// What an account logs in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A key.
    Key {
        /// Whether every key is bound to a command.
        forced: bool,
    },
    /// A password.
    Password,
}

/// A line of sshd's configuration that blocks a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The line, and what it says.
    pub what: String,
    /// What to do.
    pub remedy: String,
    /// Whether it blocks every connection.
    pub always: bool,
    /// The key of the document that asks for it.
    pub asked: Option<String>,
}

impl Obstacle {
    /// Reports it: `whose` is what it blocks, such as `root's keys`.
    pub fn note(&self, whose: &str, plan: &mut Plan) {
        let Self { what, remedy, .. } = self;
        let (level, text) = match (&self.asked, self.always) {
            (_, false) => (Level::Info, format!("SSH refuses {whose} for some connections: {what}")),
            (Some(key), true) => (Level::Notice, format!("SSH refuses {whose}, as `{key}` asks: {what}")),
            (None, true) => (Level::Warning, format!("SSH refuses {whose}: {what}; {remedy}")),
        };
        plan.notes.push(Note { level, text });
    }

    /// The same of a password, which is good for the console too.
    pub fn note_of_password(&self, user: &str, plan: &mut Plan) {
        let asked = self.asked.as_ref().map(|key| format!(", as `{key}` asks"));
        plan.info(format!(
            "SSH refuses the password of {user}{}: {}",
            asked.unwrap_or_default(),
            self.what
        ));
    }
}

/// A keyword that can block a login.
struct Rule<'r> {
    keyword: &'r str,
    /// Whether these words, the values of all lines that count, keep the account out.
    forbids: &'r dyn Fn(&[String]) -> Certainty,
    /// What sshd takes where no line sets the keyword, if that keeps the account out.
    default: Option<&'r str>,
    /// What to do.
    remedy: &'r str,
}

impl Access<'_> {
    /// Everything that blocks such a login.
    pub fn obstacles(&self, way: Way) -> Vec<Obstacle> {
        let is_root = self.account.uid == 0;
        let says = |words: &[String], wanted: &[&str]| {
            let first = words.first().map(|word| word.to_ascii_lowercase()).unwrap_or_default();
            sure(wanted.contains(&first.as_str()))
        };
        let forbidding: &[&str] = match way {
            Way::Key { forced: true } => &["no"],
            Way::Key { forced: false } => &["no", "forced-commands-only"],
            Way::Password => &["no", "forced-commands-only", "prohibit-password", "without-password"],
        };
        let is_key = matches!(way, Way::Key { .. });
        let root_login = Rule {
            keyword: "PermitRootLogin",
            forbids: &|words| says(words, forbidding),
            default: (!is_key).then_some("prohibit-password"),
            remedy: match way {
                Way::Key { .. } => "set `sshd.permit_root_login: prohibit-password`",
                Way::Password => "set `sshd.permit_root_login: yes`",
            },
        };
        let public_keys = Rule {
            keyword: "PubkeyAuthentication",
            forbids: &|words| says(words, &["no"]),
            default: None,
            remedy: "set PubkeyAuthentication to yes in `sshd.options`",
        };
        let locked = Rule {
            keyword: "UsePAM",
            forbids: &|words| says(words, &["no"]),
            default: Some("no"),
            remedy: "the account is locked (`!` in /etc/shadow), and without PAM sshd refuses such accounts: set UsePAM to yes in \
                     `sshd.options`, or give the account a password",
        };
        let mut found = self.about_lists(way);
        if is_root {
            found.extend(self.obstacle(&root_login));
        }
        if is_key {
            found.extend(self.obstacle(&public_keys));
        } else {
            found.extend(self.no_passwords());
        }
        if self.account.locked {
            found.extend(self.obstacle(&locked));
        }
        found
    }

    /// Whether sshd looks at who else could write a file of keys.
    pub fn strict_modes(&self) -> bool {
        let keyword = Keyword::find("StrictModes");
        let line = keyword.and_then(|keyword| self.effective.counting(keyword).into_iter().next());
        line.is_none_or(|line| !line.words().first().is_some_and(|word| word.eq_ignore_ascii_case("no")))
    }

    /// Who may log in at all, and with what together.
    fn about_lists(&self, way: Way) -> Vec<Obstacle> {
        let who = &self.account.who;
        let user = |words: &[String]| listed(words, &who.user);
        let group = |words: &[String]| {
            let groups = who.groups.iter().flatten();
            sure(
                groups
                    .into_iter()
                    .any(|group| words.iter().any(|pattern| matches(pattern, group))),
            )
        };
        let rules = [
            Rule {
                keyword: "DenyUsers",
                forbids: &user,
                default: None,
                remedy: "remove the account from that list",
            },
            Rule {
                keyword: "AllowUsers",
                forbids: &|words| opposite(user(words)),
                default: None,
                remedy: "add the account to that list (AllowUsers in `sshd.options`)",
            },
            Rule {
                keyword: "DenyGroups",
                forbids: &group,
                default: None,
                remedy: "remove the account's group from that list",
            },
            Rule {
                keyword: "AllowGroups",
                forbids: &|words| opposite(group(words)),
                default: None,
                remedy: "add a group of the account to that list (AllowGroups in `sshd.options`)",
            },
            Rule {
                keyword: "AuthenticationMethods",
                forbids: &|words| sure(!words.iter().any(|list| is_enough(list, way))),
                default: None,
                remedy: "that alone is not enough there: set AuthenticationMethods to any in `sshd.options`",
            },
        ];
        rules.iter().filter_map(|rule| self.obstacle(rule)).collect()
    }

    /// Passwords are asked for in two ways; with PAM the second one asks for them too.
    fn no_passwords(&self) -> Option<Obstacle> {
        let no = |words: &[String]| sure(words.first().is_some_and(|word| word.eq_ignore_ascii_case("no")));
        let rule = |keyword, default| Rule {
            keyword,
            forbids: &no,
            default,
            remedy: "set `sshd.password_authentication: true`",
        };
        let first = self.obstacle(&rule("PasswordAuthentication", None))?;
        let closed = self.obstacle(&rule("KbdInteractiveAuthentication", None)).is_some()
            || self.obstacle(&rule("UsePAM", Some("no"))).is_some();
        closed.then_some(first)
    }

    fn obstacle(&self, rule: &Rule<'_>) -> Option<Obstacle> {
        let keyword = Keyword::find(rule.keyword)?;
        let counting = self.effective.counting_for(keyword, &self.account.who);
        let words = |lines: &[&Occurrence]| -> Vec<String> { lines.iter().flat_map(|line| line.words()).collect() };
        let otherwise = counting
            .perhaps
            .iter()
            .map(|line| (*line, (rule.forbids)(&words(&[*line]))));
        let otherwise: Vec<(&Occurrence, Certainty)> = otherwise.collect();
        let forbidden = match (counting.always.is_empty(), rule.default) {
            (true, None) => Certainty::Never,
            (true, Some(_)) => Certainty::Always,
            (false, _) => (rule.forbids)(&words(&counting.always)),
        };
        let blamed = match counting.always.last() {
            _ if forbidden == Certainty::Never => None,
            Some(line) => Some(said(line)),
            None => rule
                .default
                .map(|value| format!("sshd's own default is `{} {value}`", rule.keyword)),
        };
        let blamed = blamed.or_else(|| {
            let line = otherwise.iter().find(|(_, forbids)| *forbids != Certainty::Never);
            line.map(|(line, _)| said(line))
        })?;
        let somebody_gets_in = otherwise.iter().any(|(_, forbids)| *forbids != Certainty::Always);
        Some(Obstacle {
            what: blamed,
            remedy: rule.remedy.to_owned(),
            always: forbidden == Certainty::Always && !somebody_gets_in,
            asked: self.asked(keyword),
        })
    }

    /// The key of the document that sets this keyword.
    fn asked(&self, keyword: &'static Keyword) -> Option<String> {
        let setting = self
            .settings
            .iter()
            .find(|s| s.keyword.canonical() == keyword.canonical())?;
        self.effective.says(setting).then(|| setting.path.join("."))
    }
}

/// The most characters of a line that are shown.
const SHOWN: usize = 120;

/// A line as it is told of: where it is, what it says, and for whom.
pub fn said(line: &Occurrence) -> String {
    let value = shown(line.value.trim());
    let text = format!("{} says `{} {value}`", line.place(), line.keyword.name);
    match line.block() {
        Some(block) => format!("{text} below `{}`", shown(&block.text)),
        None => text,
    }
}

/// A text of the configuration, cut short.
pub fn shown(text: &str) -> String {
    let mut start: String = text
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        start.push('…');
    }
    start
}

fn sure(holds: bool) -> Certainty {
    if holds { Certainty::Always } else { Certainty::Never }
}

fn opposite(certainty: Certainty) -> Certainty {
    match certainty {
        Certainty::Always => Certainty::Never,
        Certainty::Perhaps => Certainty::Perhaps,
        Certainty::Never => Certainty::Always,
    }
}

/// Whether a list of `USER` and `USER@HOST` patterns names the user.
fn listed(patterns: &[String], user: &str) -> Certainty {
    let one = |pattern: &String| match pattern.split_once('@') {
        Some((name, host)) if matches(name, user) && host != "*" => Certainty::Perhaps,
        Some((name, _)) => sure(matches(name, user)),
        None => sure(matches(pattern, user)),
    };
    patterns.iter().map(one).max().unwrap_or(Certainty::Never)
}

/// Whether one list of `AuthenticationMethods` asks for nothing more.
fn is_enough(list: &str, way: Way) -> bool {
    let method = list.split(':').next().unwrap_or_default();
    match way {
        _ if list == "any" => true,
        Way::Key { .. } => method == "publickey" && !list.contains(','),
        Way::Password => matches!(method, "password" | "keyboard-interactive") && !list.contains(','),
    }
}
