//! One entry of an account file as a whole line: saved before a change, restored when it is undone.

use super::lines;

/// The entry of `name`, its line's end left out.
pub fn line<'a>(bytes: &'a [u8], name: &str) -> Option<&'a [u8]> {
    bytes.get(lines::position(bytes, name)?)
}

/// The same file with `line` as the entry of `name`, or without that entry. The others stay as they are.
pub fn with_line(bytes: &[u8], name: &str, line: Option<&[u8]>) -> Vec<u8> {
    match (lines::position(bytes, name), line) {
        (Some(place), Some(line)) => lines::replace(bytes, place, &[line]),
        (Some(place), None) => {
            let end = if bytes.get(place.end) == Some(&b'\n') {
                place.end + 1
            } else {
                place.end
            };
            let (before, after) = (bytes.get(..place.start), bytes.get(end..));
            [before.unwrap_or_default(), after.unwrap_or_default()].concat()
        }
        (None, Some(line)) => lines::insert(bytes, &[line]),
        (None, None) => bytes.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_put_back_between_the_others() {
        let file = b"a:1\nroot:new:2\nb:3\n";
        assert_eq!(line(file, "root"), Some(&b"root:new:2"[..]));
        assert_eq!(with_line(file, "root", Some(b"root:old:1")), b"a:1\nroot:old:1\nb:3\n");
        assert_eq!(with_line(file, "root", None), b"a:1\nb:3\n");
        assert_eq!(with_line(b"a:1\n", "root", Some(b"root:old:1")), b"a:1\nroot:old:1\n");
        assert_eq!(with_line(b"a:1\nroot:x", "root", None), b"a:1\n");
        assert_eq!(with_line(b"a:1\n", "root", None), b"a:1\n");
    }
}
