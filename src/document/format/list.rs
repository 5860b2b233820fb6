//! A list of addresses (`#include`, `#include-once`): one per line; the first may follow the header.

/// The line of an address, from 1, and the address.
pub type Address<'a> = (usize, &'a str);

/// The headers, longest first. firstlight treats every list as `#include-once`: an instance that is configured fetches
/// nothing again.
const HEADERS: [&str; 2] = ["#include-once", "#include"];

/// The addresses of a list; other lines that begin with `#` are comments. [`is_fetched_from`] tells which are good.
pub fn addresses(text: &str) -> Vec<Address<'_>> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let behind = lines.map(|(number, line)| (number, behind_header(line)));
    behind
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// Whether something can be fetched from there: over HTTP, with a host.
pub fn is_fetched_from(address: &str) -> bool {
    let lower = address.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or(lower.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':']))
        && !address.contains(|c: char| c.is_whitespace() || c.is_control())
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

    #[test]
    fn one_address_a_line() {
        let list = "#include http://a/\n\n  # not this\n http://b/ \n#include-once\nhttp://c/\n#included\n";
        assert_eq!(addresses(list), [(1, "http://a/"), (4, "http://b/"), (6, "http://c/")]);
        assert!(addresses("#include\n").is_empty());
        for good in ["http://a", "HTTPS://a:8/b?c", "http://[::1]/"] {
            assert!(is_fetched_from(good), "{good}");
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
            assert!(!is_fetched_from(bad), "{bad}");
        }
    }
}
