//! Lines of colon-separated fields, edited one at a time.

use std::ops::Range;

/// Where the entry of `name` is, its line's end left out: the first one, which is the one that counts.
pub(super) fn position(bytes: &[u8], name: &str) -> Option<Range<usize>> {
    let mut start = 0;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let key = text.split(|b| *b == b':').next().unwrap_or_default();
        if key == name.as_bytes() && text.len() > key.len() {
            return Some(start..start + text.len());
        }
        start += line.len();
    }
    None
}

/// The fields of the entry of `name`.
pub(super) fn fields<'a>(bytes: &'a [u8], name: &str) -> Option<Vec<&'a [u8]>> {
    let line = bytes.get(position(bytes, name)?)?;
    Some(line.split(|b| *b == b':').collect())
}

/// The number in the field at `field` of each entry, with the entry's name. What is no entry has none.
pub(super) fn numbers(bytes: &[u8], field: usize) -> Vec<(String, u32)> {
    let entry = |line: &[u8]| {
        let fields: Vec<&[u8]> = line.split(|b| *b == b':').collect();
        let number = std::str::from_utf8(fields.get(field)?).ok()?.parse().ok()?;
        Some((String::from_utf8_lossy(fields.first()?).into_owned(), number))
    };
    bytes.split(|b| *b == b'\n').filter_map(entry).collect()
}

/// The same file with `fields` as the entry at `place`.
pub(super) fn replace(bytes: &[u8], place: Range<usize>, fields: &[&[u8]]) -> Vec<u8> {
    let before = bytes.get(..place.start).unwrap_or_default();
    let after = bytes.get(place.end..).unwrap_or_default();
    [before, &fields.join(&b':'), after].concat()
}

/// The same file with one entry more: last, but before NIS's `+` lines, which end the local accounts.
pub(super) fn insert(bytes: &[u8], fields: &[&[u8]]) -> Vec<u8> {
    let lines = || bytes.split_inclusive(|b| *b == b'\n');
    let at: usize = lines()
        .take_while(|line| !line.starts_with(b"+"))
        .map(<[u8]>::len)
        .sum();
    let (before, after) = bytes.split_at_checked(at).unwrap_or((bytes, b""));
    let end_of_last: &[u8] = if before.is_empty() || before.ends_with(b"\n") {
        b""
    } else {
        b"\n"
    };
    [before, end_of_last, &fields.join(&b':'), b"\n", after].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_by_its_whole_name() {
        let file = b"# root:comment\nroot2:a\n root:b\nroot\nroot:c:d\nroot:e";
        assert_eq!(fields(file, "root").unwrap(), [b"root".as_slice(), b"c", b"d"]);
        assert_eq!(position(file, "roo"), None);
        assert_eq!(position(b"", "root"), None);
        assert_eq!(fields(b"a:1\nb:2", "b").unwrap(), [b"b".as_slice(), b"2"]);
    }

    #[test]
    fn a_new_entry_comes_last_but_before_nis() {
        let fields: [&[u8]; 2] = [b"new", b"x"];
        assert_eq!(insert(b"", &fields), b"new:x\n");
        assert_eq!(insert(b"a:1\n", &fields), b"a:1\nnew:x\n");
        assert_eq!(insert(b"a:1", &fields), b"a:1\nnew:x\n");
        assert_eq!(insert(b"a:1\n+::\n-b::\n", &fields), b"a:1\nnew:x\n+::\n-b::\n");
    }
}
