//! `/etc/subuid` and `/etc/subgid`, subuid(5): `NAME:FIRST:COUNT`, the numbers that an account may use in user namespaces.

use std::ops::Range;

use super::edit::AccountFile;
use super::lines;
use crate::vocabulary::UserAccount;

/// The same file with the range of this account, unless it has one.
pub fn ensure(bytes: &[u8], file: AccountFile, user: &UserAccount) -> Vec<u8> {
    let Some(range) = user
        .subordinate
        .filter(|_| lines::position(bytes, &user.name).is_none())
    else {
        return bytes.to_vec();
    };
    let first = match file {
        AccountFile::Subgid => range.gid,
        _ => range.uid,
    };
    let (first, count) = (first.to_string(), range.count.to_string());
    lines::insert(bytes, &[user.name.as_bytes(), first.as_bytes(), count.as_bytes()])
}

/// Whether the account has a range.
pub fn has(bytes: &[u8], user: &str) -> bool {
    lines::position(bytes, user).is_some()
}

/// The first number of the first gap in `within` that is `count` wide; `None` if there is none.
pub fn gap(bytes: &[u8], within: Range<u32>, count: u32) -> Option<u32> {
    let mut taken: Vec<(u32, u32)> = bytes.split(|b| *b == b'\n').filter_map(range).collect();
    taken.sort_unstable();
    let mut first = within.start;
    for (start, end) in taken {
        if start >= first && start - first >= count {
            break;
        }
        first = first.max(end);
    }
    let end = first.checked_add(count)?;
    (end <= within.end).then_some(first)
}

/// The range of a line, as its first number and the one after its last.
fn range(line: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(line).ok()?;
    let mut fields = text.split(':').skip(1).map(str::parse::<u32>);
    let (first, count) = (fields.next()?.ok()?, fields.next()?.ok()?);
    Some((first, first.saturating_add(count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_gap_that_is_wide_enough() {
        for (file, expected) in [
            ("", Some(100)),
            ("a:100:10\n", Some(110)),
            ("b:120:10\na:100:10\n", Some(110)),
            ("b:115:10\na:100:10\n", Some(125)),
            ("a:0:5\nx\nb:100:bad\n", Some(100)),
            ("a:50:60\n", Some(110)),
            ("a:100:95\n", None),
            ("a:100:4294967295\n", None),
        ] {
            assert_eq!(gap(file.as_bytes(), 100..200, 10), expected, "{file}");
        }
        assert_eq!(gap(b"", 100..105, 10), None);
        assert_eq!(gap(b"", u32::MAX - 5..u32::MAX, 10), None);
    }
}
