//! A list of addresses (`#include`, `#include-once`): one per line; the first may follow the header.

/// The headers, longest first. firstlight treats every list as `#include-once`: an instance that is configured fetches
/// nothing again.
const HEADERS: [&str; 2] = ["#include-once", "#include"];

/// The addresses of a list, or what stands in their place, each with where it begins in the text. Other lines that begin
/// with `#` are comments.
pub fn addresses(text: &str) -> Vec<(usize, &str)> {
    let mut start = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        let behind = behind_header(line.trim());
        let at = start + line.find(behind).unwrap_or(0);
        start += line.len();
        (at, behind)
    });
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

fn behind_header(line: &str) -> &str {
    let behind = HEADERS.iter().find_map(|header| {
        let begins = line.get(..header.len())?.eq_ignore_ascii_case(header);
        let rest = line.get(header.len()..)?;
        (begins && (rest.is_empty() || rest.starts_with([' ', '\t']))).then_some(rest)
    });
    behind.unwrap_or(line).trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Address;

    #[test]
    fn one_address_a_line() {
        let list = "#include http://a/\n\n  # not this\n http://b/ \n#include-once\nhttp://c/\n#included\n";
        assert_eq!(
            addresses(list),
            [(9, "http://a/"), (34, "http://b/"), (59, "http://c/")]
        );
        assert!(addresses("#include\n").is_empty());
    }

    #[test]
    fn an_address_is_one_that_can_be_fetched() {
        for good in ["http://a", "HTTPS://a:8/b?c", "http://[::1]/"] {
            assert!(good.parse::<Address>().is_ok(), "{good}");
        }
        for bad in [
            "foo",
            "ftp://x",
            "https:///x",
            "https://",
            "https://a b",
            "file:///etc/x",
            "/etc/x",
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }
}
