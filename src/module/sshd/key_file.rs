//! Which file sshd reads an account's keys from: `AuthorizedKeysFile`.

use super::access::{Access, Obstacle, said};
use super::account::Account;
use super::effective::Occurrence;
use crate::document::sshd::Keyword;
use crate::system::{Kind, Machine, ReadError};

/// What sshd reads where no line says anything else.
const DEFAULT: [&str; 2] = [".ssh/authorized_keys", ".ssh/authorized_keys2"];

/// Directories that keep no file.
const NO_PLACE: [&str; 3] = ["/dev/", "/proc/", "/sys/"];

/// Where an account's keys belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// The file.
    pub path: String,
    /// The same as `AuthorizedKeysFile` has it, and `sshd -T` prints it.
    pub pattern: String,
    /// The line that names it; `None` where that is sshd's default.
    pub said: Option<String>,
    /// Whether all accounts share it.
    pub shared: bool,
}

/// The file for this account's keys where sshd doesn't say where it reads them.
pub fn usual(account: &Account) -> KeyFile {
    KeyFile {
        path: format!("{}/{}", account.home, DEFAULT[0]),
        pattern: DEFAULT[0].to_owned(),
        said: None,
        shared: false,
    }
}

/// The first file that sshd reads for the account and that can be written.
///
/// # Errors
/// What blocks the keys; the outer error is that the machine can't be read.
pub fn choose(access: &Access<'_>, machine: &Machine<'_>) -> Result<Result<KeyFile, Obstacle>, ReadError> {
    let Some(keyword) = Keyword::find("AuthorizedKeysFile") else {
        return Ok(Ok(usual(access.account)));
    };
    let counting = access.effective.counting_for(keyword, &access.account.who);
    let line = counting.always.first().copied();
    let patterns = line.map_or_else(|| DEFAULT.map(str::to_owned).to_vec(), Occurrence::words);
    for pattern in patterns {
        let pattern = without_tilde(pattern);
        let Some(path) = expand(&pattern, access.account).filter(|path| can_be_written(path)) else {
            continue;
        };
        let is_taken = |kind: Kind| matches!(kind, Kind::Directory | Kind::Other);
        if machine.metadata(&path)?.is_some_and(|there| is_taken(there.kind)) {
            continue;
        }
        return Ok(Ok(KeyFile {
            shared: !depends_on_account(&pattern),
            pattern,
            said: line.map(said),
            path,
        }));
    }
    Ok(Err(Obstacle {
        what: line
            .map(said)
            .unwrap_or_else(|| "the files that sshd reads by default can't be written".to_owned()),
        remedy: "firstlight can't put keys there: set AuthorizedKeysFile to .ssh/authorized_keys in `sshd.options`"
            .to_owned(),
        always: true,
        asked: None,
    }))
}

/// sshd expands `~/` when it reads its configuration, for itself: as root.
fn without_tilde(pattern: String) -> String {
    match pattern.strip_prefix("~/") {
        Some(below) => format!("/root/{below}"),
        None => pattern,
    }
}

/// The path that a pattern of `AuthorizedKeysFile` expands to; `None` for `none` and for what sshd can't expand.
fn expand(pattern: &str, account: &Account) -> Option<String> {
    if pattern.eq_ignore_ascii_case("none") {
        return None;
    }
    let mut path = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => match chars.next()? {
                '%' => path.push('%'),
                'h' => path.push_str(&account.home),
                'u' => path.push_str(&account.who.user),
                'U' => path.push_str(&account.uid.to_string()),
                _ => return None,
            },
            _ => path.push(c),
        }
    }
    if !path.starts_with('/') {
        path = format!("{}/{path}", account.home);
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    Some(format!("/{}", parts.join("/")))
}

/// Whether the path names one file for certain: OpenSSH 10 takes patterns of glob(7) here.
fn can_be_written(path: &str) -> bool {
    let is_plain = !path.contains(['*', '?', '[']) && !path.split('/').any(|part| part == "..");
    is_plain && path.len() > 1 && !NO_PLACE.iter().any(|place| path.starts_with(place))
}

/// Whether the pattern leads to another file for another account.
fn depends_on_account(pattern: &str) -> bool {
    let is_relative = !pattern.starts_with(['/', '%']);
    is_relative
        || ["%h", "%u", "%U"]
            .iter()
            .any(|token| pattern.replace("%%", "").contains(token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::sshd::criteria::Who;

    #[test]
    fn patterns_are_expanded_as_sshd_does() {
        let account = Account {
            who: Who::root(),
            uid: 0,
            gid: 0,
            home: "/var/roothome".to_owned(),
            locked: false,
        };
        for (pattern, path) in [
            (".ssh/authorized_keys", Some("/var/roothome/.ssh/authorized_keys")),
            ("%h/.ssh/keys", Some("/var/roothome/.ssh/keys")),
            ("/etc/ssh/keys/%u", Some("/etc/ssh/keys/root")),
            ("/etc/ssh/keys/%U.%%u", Some("/etc/ssh/keys/0.%u")),
            ("//etc/./ssh//x", Some("/etc/ssh/x")),
            ("/etc/my keys/%u", Some("/etc/my keys/root")),
            ("none", None),
            ("NONE", None),
            ("/etc/%x", None),
            ("/etc/%", None),
        ] {
            assert_eq!(expand(pattern, &account).as_deref(), path, "{pattern}");
        }
        assert_eq!(without_tilde("~/keys".to_owned()), "/root/keys");
        for path in ["/dev/null", "/etc/keys/*", "/etc/../keys", "/proc/1/x", "/"] {
            assert!(!can_be_written(path), "{path}");
        }
        for (pattern, expected) in [
            ("/etc/keys", false),
            ("/etc/keys/%%u", false),
            ("/k/%U", true),
            ("k", true),
        ] {
            assert_eq!(depends_on_account(pattern), expected, "{pattern}");
        }
    }
}
