//! Where the home directory of a new account may not be.

use std::ops::RangeInclusive;

use crate::system::account::passwd::PasswdEntry;

/// Directories that a machine needs: nobody lives in them.
const OF_THE_SYSTEM: [&str; 40] = [
    "/",
    "/bin",
    "/boot",
    "/boot/efi",
    "/dev",
    "/efi",
    "/etc",
    "/etc/ssh",
    "/etc/systemd",
    "/home",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/root",
    "/run",
    "/run/user",
    "/sbin",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/include",
    "/usr/lib",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/log",
    "/var/run",
    "/var/spool",
    "/var/tmp",
    "/var/www",
];

/// What accounts without a home directory have in its place.
const NOWHERE: [&str; 3] = ["/nonexistent", "/dev/null", "/var/empty"];

/// Whether an account that has this as its home directory may be given one that is missing.
pub fn is_somewhere(home: &str) -> bool {
    home.starts_with('/') && !OF_THE_SYSTEM.contains(&home) && !NOWHERE.contains(&home)
}

/// Why a new account can't have this home directory beside these accounts. `is_made`: whether it is made, and so becomes
/// the account's. `persons`: the numbers of people's accounts.
pub fn objection(
    home: &str,
    is_made: bool,
    others: &[(String, PasswdEntry)],
    persons: &RangeInclusive<u32>,
) -> Option<String> {
    let meets = |(_, other): &&(String, PasswdEntry)| {
        let theirs = other.home.trim_end_matches('/');
        // Below that of a service is no one's harm: /var/www of www-data.
        let is_person = other.uid.is_some_and(|uid| uid == 0 || persons.contains(&uid));
        match is_somewhere(theirs) || (is_person && theirs == "/root") {
            true if is_person => is_within(home, theirs) || is_within(theirs, home),
            true => is_made && is_within(theirs, home),
            false => false,
        }
    };
    if let Some((name, other)) = others.iter().find(meets) {
        return Some(format!("meets that of `{name}`, {}", other.home));
    }
    (is_made && OF_THE_SYSTEM.contains(&home)).then(|| "is a directory of the system".to_owned())
}

/// Whether one directory is the other, or in it.
pub fn is_within(one: &str, other: &str) -> bool {
    one.strip_prefix(other)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
