//! Keys with which a document forbids something: a typo in one must not allow it.

/// Keys that can forbid something, with the value that forbids it. That value is used if the given one is invalid: a
/// typo must not allow what somebody wanted to forbid.
const FORBIDDING: [(&str, &str); 8] = [
    ("allow_public_ssh_keys", "false"),
    ("chpasswd.expire", "true"),
    ("disable_root", "true"),
    ("firstlight.scrub", "true"),
    ("firstlight.strict", "true"),
    ("ntp.enabled", "false"),
    ("preserve_hostname", "true"),
    ("root.expire", "true"),
];

/// The value to use instead of an invalid one at `path`, if the key can forbid something.
pub fn strict_reading(path: &[String]) -> Option<&'static str> {
    let written = path.join(".");
    let found = FORBIDDING.iter().find(|(key, _)| *key == written);
    found.map(|(_, strict)| *strict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::config::Config;
    use crate::document::yaml::{decode, parse};

    #[test]
    fn what_forbids_is_a_key() {
        for (path, strict) in FORBIDDING {
            let written = match path.split_once('.') {
                Some((top, below)) => format!("{top}: {{{below}: {strict}}}"),
                None => format!("{path}: {strict}"),
            };
            let tree = parse(&written, 0).unwrap().root.unwrap();
            assert!(decode::<Config>(&tree).is_ok(), "{path}");
            assert_eq!(
                strict_reading(&path.split('.').map(str::to_owned).collect::<Vec<_>>()),
                Some(strict)
            );
        }
    }
}
