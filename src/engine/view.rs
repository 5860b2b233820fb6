//! How a change looks: one line, and a diff in which secrets are masked.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use similar::TextDiff;

use crate::document::redact::redact;
use crate::document::secret::MASK;
use crate::module::{AccountChange, Change, Expectation, FileChange, FileContent, LinkSetting, UnitAction};
use crate::system::clock::date;
use crate::system::{Kind, Metadata, ReadError, Root};

/// The most pairs of lines that are compared: 2,000 lines against 2,000 others.
const MOST_PAIRS: usize = 4_000_000;

/// A change as it is shown. Its JSON form is stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeView {
    /// The kind: `file`, `directory`, `symlink`, `account`, `hostname`, `unit`, `network-reload`, `command`.
    pub kind: Cow<'static, str>,
    /// What it touches: a path, an account, a unit.
    pub target: String,
    /// What is done to it: `create`, `modify`, `remove`, `enable`, …
    pub action: Cow<'static, str>,
    /// One line for a person.
    pub summary: String,
    /// A unified diff, its secrets masked, where there is text to compare.
    pub diff: Option<String>,
}

impl ChangeView {
    /// How `change` looks on the machine at `root`.
    ///
    /// # Errors
    /// What it would replace can't be read.
    pub fn of(change: &Change, root: &Root) -> Result<Self, ReadError> {
        Ok(match change {
            Change::File(file) => view_file(file, root)?,
            Change::Directory(directory) => {
                let there = root.metadata(&directory.path)?.is_some();
                let (uid, gid) = directory.owner;
                let how = format!("directory, mode {:04o}, owner {uid}:{gid}", directory.mode);
                view(
                    "directory",
                    &directory.path,
                    if there { "modify" } else { "create" },
                    &how,
                )
            }
            Change::RemoveDirectory(path) => view("directory", path, "remove", "directory removed"),
            Change::Symlink(link) => match &link.target {
                Some(target) => view("symlink", &link.path, "create", &format!("link to {target}")),
                None => view("symlink", &link.path, "remove", "link removed"),
            },
            Change::Account(account) => view_account(account),
            Change::Hostname(name) => view("hostname", name, "set", "the kernel's host name"),
            Change::Unit(unit) => view("unit", &unit.unit, verb(unit.action), verb(unit.action)),
            Change::NetworkReload => view("network-reload", "systemd-networkd", "reload", "reads its files again"),
            Change::Command(command) => view("command", &command.argv.join(" "), "run", &command.purpose),
        })
    }

    /// The sign in front of its line: `+` for what is new, `-` for what goes, `~` for what changes.
    pub fn sign(&self) -> char {
        match self.action.as_ref() {
            "create" | "enable" | "start" => '+',
            "remove" | "disable" | "stop" | "mask" => '-',
            _ => '~',
        }
    }
}

fn view(kind: &'static str, target: &str, action: &'static str, how: &str) -> ChangeView {
    let summary = if how == action {
        format!("{action} {target}")
    } else {
        format!("{target}: {how}")
    };
    ChangeView {
        kind: kind.into(),
        target: target.to_owned(),
        action: action.into(),
        summary,
        diff: None,
    }
}

fn verb(action: UnitAction) -> &'static str {
    match action {
        UnitAction::Enable => "enable",
        UnitAction::Disable => "disable",
        UnitAction::Mask => "mask",
        UnitAction::Unmask => "unmask",
        UnitAction::Start => "start",
        UnitAction::Stop => "stop",
        UnitAction::Restart => "restart",
        UnitAction::Reload => "reload",
    }
}

fn view_account(change: &AccountChange) -> ChangeView {
    match change {
        AccountChange::Password(password) => {
            let hash = if password.hash.is_some() { "password set, " } else { "" };
            let day = describe_day(password);
            let expiry = if password.clear_expiry {
                ", account expiry cleared"
            } else {
                ""
            };
            view("account", &password.user, "modify", &format!("{hash}{day}{expiry}"))
        }
        AccountChange::GroupMember { group, user } => {
            view("account", user, "modify", &format!("becomes a member of {group}"))
        }
        AccountChange::NotGroupMember { group, user } => {
            let how = format!("is no longer a member of {group}");
            view("account", user, "modify", &how)
        }
    }
}

fn describe_day(password: &crate::module::PasswordChange) -> String {
    match password.last_change {
        Some(0) => "to be changed at the next login".to_owned(),
        Some(day) => format!("last changed on {}", date(day.into())),
        None => "without a day of its last change".to_owned(),
    }
}

fn view_file(file: &FileChange, root: &Root) -> Result<ChangeView, ReadError> {
    let there = root.metadata(&file.path)?;
    let old = match there {
        Some(metadata) if metadata.kind == Kind::File => Some(root.read(&file.path)?.unwrap_or_default()),
        _ => None,
    };
    let diff = match &old {
        Some(old) if !root.is_public(&file.path) => hidden_diff(file, old),
        _ => diff(file, old.as_deref().unwrap_or_default()),
    };
    let Some(content) = &file.content else {
        let shown = view("file", &file.path, "remove", "remove");
        return Ok(ChangeView { diff, ..shown });
    };
    let action = if there.is_some() { "modify" } else { "create" };
    let mut shown = view("file", &file.path, action, action);
    shown.summary = format!("{}{}", file.path, describe_metadata(there, content));
    Ok(ChangeView { diff, ..shown })
}

/// The mode and owner, where they are news.
fn describe_metadata(there: Option<Metadata>, content: &FileContent) -> String {
    let as_is = there.filter(|metadata| metadata.kind == Kind::File);
    let mut words = String::new();
    match as_is {
        None => words = format!(", mode {:04o}", content.mode),
        Some(m) if m.mode != content.mode => words = format!(", mode {:04o} → {:04o}", m.mode, content.mode),
        Some(_) => {}
    }
    let (uid, gid) = content.owner;
    if as_is.map_or(content.owner != (0, 0), |m| (m.uid, m.gid) != content.owner) {
        words.push_str(&format!(", owner {uid}:{gid}"));
    }
    words
}

/// That a file changes which not everybody may read. What it says is no more to be seen in a plan than in the file.
fn hidden_diff(file: &FileChange, old: &[u8]) -> Option<String> {
    let new = file.content.as_ref().map(|content| content.bytes.as_slice());
    if file.secret || new == Some(old) {
        return diff(file, old);
    }
    Some(hidden(old.len(), new.unwrap_or_default().len()))
}

/// What is shown instead of a diff of what not everybody may read.
pub(super) fn hidden(old: usize, new: usize) -> String {
    format!(
        "content changes, {} → {} (not shown: not everybody may read it)\n",
        in_bytes(old),
        in_bytes(new)
    )
}

fn in_bytes(size: usize) -> String {
    match size {
        1 => "1 byte".to_owned(),
        _ => format!("{size} bytes"),
    }
}

fn diff(file: &FileChange, old: &[u8]) -> Option<String> {
    let new = file
        .content
        .as_ref()
        .map_or(&b""[..], |content| content.bytes.as_slice());
    if old == new {
        return None;
    }
    if file.secret {
        return Some(format!("{MASK}\n"));
    }
    let before = if old.is_empty() { "/dev/null" } else { &file.path };
    let after = if file.content.is_none() {
        "/dev/null"
    } else {
        &file.path
    };
    Some(text_diff(old, new, (before, after)))
}

/// The same of bytes, which may be no text, or too many lines to compare.
pub(super) fn text_diff(old: &[u8], new: &[u8], headings: (&str, &str)) -> String {
    if pairs(old, new) > MOST_PAIRS {
        return format!(
            "(too different to compare, {} → {})\n",
            in_bytes(old.len()),
            in_bytes(new.len())
        );
    }
    match (std::str::from_utf8(old), std::str::from_utf8(new)) {
        (Ok(old), Ok(new)) => redacted_diff(old, new, headings),
        _ => format!("(binary, {} → {})\n", in_bytes(old.len()), in_bytes(new.len())),
    }
}

/// A unified diff between two texts under these headings. What differs is found in the texts, what is shown has its
/// secrets masked: a line of which only the secret changes is there.
pub fn redacted_diff(old: &str, new: &str, (before, after): (&str, &str)) -> String {
    let (old_shown, new_shown) = (redact(old), redact(new));
    let (old_shown, new_shown) = (lines(&old_shown), lines(&new_shown));
    let (old, new) = (lines(old), lines(new));
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&old, &new);
    let mut text = format!("--- {before}\n+++ {after}\n");
    for hunk in diff.unified_diff().context_radius(2).iter_hunks() {
        text.push_str(&format!("{}\n", hunk.header()));
        for change in hunk.iter_changes() {
            let shown = match (change.old_index(), change.new_index()) {
                (_, Some(at)) => new_shown.get(at),
                (Some(at), None) => old_shown.get(at),
                (None, None) => None,
            };
            let line = shown.copied().unwrap_or_default();
            text.push_str(&format!("{}{line}", change.tag()));
            if !line.ends_with('\n') {
                text.push_str("\n\\ No newline at end of file\n");
            }
        }
    }
    text
}

/// What comparing costs at worst: the lines of one text times those of the other, what both begin and end with left out.
fn pairs(old: &[u8], new: &[u8]) -> usize {
    let head = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(old, new)| old == new)
        .count();
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
    lines(&old[..old.len() - tail]).saturating_mul(lines(&new[..new.len() - tail]))
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// An expectation in words, for a plan.
pub fn describe_expectation(expectation: &Expectation) -> String {
    match expectation {
        Expectation::SshdAccepts => "sshd -t accepts its configuration".to_owned(),
        Expectation::SshdSays { keyword, value } => format!("sshd -T says {keyword} {}", redact(value)),
        Expectation::SshdTakesKeys { user, file, .. } => format!("sshd -T takes {user}'s keys from {file}"),
        Expectation::HostnameIs(name) => format!("the kernel's host name is {name}"),
        Expectation::LinkHas { link, file, setting } => describe_setting(&describe_link(link), file, setting),
        Expectation::UnitIs { unit, active } => format!("{unit} is {}", if *active { "active" } else { "inactive" }),
        Expectation::UnitFileIs { unit, state } => format!("{unit} is {state}"),
        Expectation::PasswordIs { user, .. } => format!("{user}'s shadow entry holds the password"),
    }
}

fn describe_setting(link: &str, file: &str, setting: &LinkSetting) -> String {
    let list = |words: Vec<String>| words.join(" ");
    match setting {
        LinkSetting::NetworkFile => {
            let name = file.rsplit('/').next().unwrap_or(file);
            format!("networkd uses {name} for {link}")
        }
        LinkSetting::Name(name) => format!("{link} is called {}", name.as_str()),
        LinkSetting::Mac(mac) => format!("{link} has the hardware address {mac}"),
        LinkSetting::Mtu(mtu) => format!("{link} has the MTU {mtu}"),
        LinkSetting::Address(address) => format!("{link} has {address}"),
        LinkSetting::Route(route) => format!("{link} has the route {route}"),
        LinkSetting::Dns(servers) => {
            let servers = servers.iter().map(|server| server.0.to_string());
            format!("{link} has the DNS servers {}", list(servers.collect()))
        }
        LinkSetting::Domains(domains) => {
            let domains = domains.iter().map(|domain| domain.as_str().to_owned());
            format!("{link} has the search domains {}", list(domains.collect()))
        }
    }
}

/// A link selector in words.
pub fn describe_link(link: &crate::module::LinkSelector) -> String {
    let mut words = link.names.clone();
    words.extend(link.macs.clone());
    words.extend(link.drivers.iter().map(|driver| format!("driver {driver}")));
    if words.is_empty() {
        "any link".to_owned()
    } else {
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compared_is_bounded_and_what_both_share_costs_nothing() {
        let lines = |word: &str, count: usize| -> String { (0..count).map(|n| format!("{word} {n}\n")).collect() };
        assert!(hidden(2, 1).starts_with("content changes, 2 bytes → 1 byte ("));
        let (old, new) = (lines("old", 3000), lines("new", 3000));
        assert_eq!(pairs(old.as_bytes(), new.as_bytes()), 3000 * 3000);
        assert_eq!(
            text_diff(old.as_bytes(), new.as_bytes(), ("a", "b")),
            format!(
                "(too different to compare, {} bytes → {} bytes)\n",
                old.len(),
                new.len()
            )
        );
        // Megabytes, and a line more.
        let long = lines("a line of many", 100_000);
        let longer = format!("{long}one more\n");
        assert!(pairs(long.as_bytes(), longer.as_bytes()) < 10);
        assert!(text_diff(long.as_bytes(), longer.as_bytes(), ("a", "b")).ends_with("+one more\n"));
        assert_eq!(pairs(b"", b""), 1);
        assert_eq!(pairs(b"aa", b"aaa"), 1);
    }
}
