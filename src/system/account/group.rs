//! `/etc/group` and `/etc/gshadow`, group(5) and gshadow(5): both end with the list of members.

use super::edit::{AccountError, AccountFile};
use super::lines;

const FIELDS: usize = 4;
const GID: usize = 2;
const MEMBERS: usize = 3;

/// Whether `user` is in the list of members of `group`; `None` when there is no such group.
pub fn has_member(bytes: &[u8], group: &str, user: &str) -> Option<bool> {
    let fields = lines::fields(bytes, group)?;
    Some(members(&fields).any(|member| member == user.as_bytes()))
}

/// The number of `group`; `None` when there is no such group, or its entry has none.
pub fn number(bytes: &[u8], group: &str) -> Option<u32> {
    std::str::from_utf8(lines::fields(bytes, group)?.get(GID)?)
        .ok()?
        .parse()
        .ok()
}

/// The numbers of all groups, each with its name.
pub fn numbers(bytes: &[u8]) -> Vec<(String, u32)> {
    lines::numbers(bytes, GID)
}

/// The same file with this group, without members if it is new.
pub fn ensure(bytes: &[u8], file: AccountFile, group: &str, gid: u32) -> Vec<u8> {
    if lines::position(bytes, group).is_some() {
        return bytes.to_vec();
    }
    let gid = gid.to_string();
    match file {
        AccountFile::Gshadow => lines::insert(bytes, &[group.as_bytes(), b"!", b"", b""]),
        _ => lines::insert(bytes, &[group.as_bytes(), b"x", gid.as_bytes(), b""]),
    }
}

/// The names of the groups that `user` is in: its own one by number, and those that list it.
pub fn of_user(bytes: &[u8], user: &str, own: Option<u32>) -> Vec<String> {
    let mut groups = Vec::new();
    for line in bytes.split(|b| *b == b'\n') {
        let fields: Vec<&[u8]> = line.split(|b| *b == b':').collect();
        let number = fields
            .get(2)
            .and_then(|field| std::str::from_utf8(field).ok()?.parse::<u32>().ok());
        let is_own = number.is_some() && number == own;
        if is_own || members(&fields).any(|member| member == user.as_bytes()) {
            let name = fields.first().copied().unwrap_or_default();
            groups.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    groups
}

/// The same file, with `user` as a member of `group`.
///
/// # Errors
/// There is no such group, its entry has not four fields, or the name could not stand in the file.
pub fn add_member(bytes: &[u8], file: AccountFile, group: &str, user: &str) -> Result<Vec<u8>, AccountError> {
    if user.is_empty() || user.contains([':', ',', '\n', '\0']) {
        return Err(AccountError::Field { file });
    }
    let missing = || AccountError::missing(file, group);
    let place = lines::position(bytes, group).ok_or_else(missing)?;
    let mut fields = lines::fields(bytes, group).ok_or_else(missing)?;
    if fields.len() != FIELDS {
        return Err(AccountError::shape(file, group, fields.len()));
    }
    if members(&fields).any(|member| member == user.as_bytes()) {
        return Ok(bytes.to_vec());
    }
    let old = fields.pop().unwrap_or_default();
    let new = if old.is_empty() {
        user.as_bytes().to_vec()
    } else {
        [old, b",", user.as_bytes()].concat()
    };
    fields.push(&new);
    Ok(lines::replace(bytes, place, &fields))
}

/// The same file, without `user` among the members of `group`. A group that isn't there, or an entry that is damaged,
/// stays as it is: it has no such member.
pub fn remove_member(bytes: &[u8], group: &str, user: &str) -> Vec<u8> {
    let (Some(place), Some(mut fields)) = (lines::position(bytes, group), lines::fields(bytes, group)) else {
        return bytes.to_vec();
    };
    if fields.len() != FIELDS || !members(&fields).any(|member| member == user.as_bytes()) {
        return bytes.to_vec();
    }
    let old = fields.pop().unwrap_or_default();
    let left: Vec<&[u8]> = old
        .split(|b| *b == b',')
        .filter(|member| member.trim_ascii() != user.as_bytes())
        .collect();
    let new = left.join(&b',');
    fields.push(&new);
    lines::replace(bytes, place, &fields)
}

fn members<'a>(fields: &[&'a [u8]]) -> impl Iterator<Item = &'a [u8]> {
    let list = fields.get(MEMBERS).copied().unwrap_or_default();
    list.split(|b| *b == b',').map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_of_a_user_are_its_own_and_those_that_list_it() {
        let groups = b"root:x:0:\n\nwheel:x:10:bob, root\ndocker:x:998:bob\nbad\nother:x:zero:root2\n";
        assert_eq!(of_user(groups, "root", Some(0)), ["root", "wheel"]);
        assert_eq!(of_user(groups, "bob", Some(1000)), ["wheel", "docker"]);
        assert_eq!(of_user(groups, "amy", None), Vec::<String>::new());
    }

    #[test]
    fn a_member_is_added_once() {
        let add = |file: &[u8], user| add_member(file, AccountFile::Group, "docker", user);
        let file = b"# x\nroot:x:0:\ndocker:x:999:\nwheel:x:10:bob";
        let one = add(file, "core").unwrap();
        assert_eq!(one, b"# x\nroot:x:0:\ndocker:x:999:core\nwheel:x:10:bob");
        let two = add(&one, "bob").unwrap();
        assert_eq!(two, b"# x\nroot:x:0:\ndocker:x:999:core,bob\nwheel:x:10:bob");
        assert_eq!(add(&two, "core").unwrap(), two);
        assert_eq!(has_member(&two, "docker", "bob"), Some(true));
        assert_eq!(has_member(&two, "docker", "bo"), Some(false));
        assert_eq!(has_member(&two, "lpadmin", "bob"), None);
    }

    #[test]
    fn a_member_is_removed_and_no_other() {
        let file = b"root:x:0:\ndocker:x:999:core,bob,corer\nwheel:x:10:core";
        let removed = remove_member(file, "docker", "core");
        assert_eq!(removed, b"root:x:0:\ndocker:x:999:bob,corer\nwheel:x:10:core");
        assert_eq!(remove_member(&removed, "docker", "core"), removed);
        assert_eq!(remove_member(b"docker:x:9:core\n", "docker", "core"), b"docker:x:9:\n");
        for other in [&b"docker:x:9\n"[..], b"", b"wheel:x:1:core\n"] {
            assert_eq!(remove_member(other, "docker", "core"), other);
        }
    }

    #[test]
    fn what_can_not_be_done_says_why() {
        let add = |file: &[u8], user| add_member(file, AccountFile::Group, "docker", user).map_err(|e| e.to_string());
        assert!(
            add(b"root:x:0:\n", "bob")
                .unwrap_err()
                .contains("no entry for `docker` in /etc/group")
        );
        assert!(
            add(b"docker:x:9\n", "bob")
                .unwrap_err()
                .contains("has 3 fields instead of 4")
        );
        for name in ["", "a,b", "a:b", "a\nb"] {
            assert!(add(b"docker:x:9:\n", name).is_err());
        }
    }
}
