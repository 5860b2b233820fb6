//! A list of addresses (`#include`, `#include-once`): one a line, the first may stand behind the header.

/// An address of a list, and its line, from 1.
pub type Address<'a> = (usize, &'a str);

/// The headers, longest first. `#include-once` asks for what is always so here: the same list is not fetched twice for one
/// instance that came out as asked.
const HEADERS: [&str; 2] = ["#include-once", "#include"];

/// The addresses of a list; other lines that begin with `#` are comments. What is no address is told when it is fetched.
pub fn addresses(text: &str) -> Vec<Address<'_>> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let behind = lines.map(|(number, line)| (number, behind_header(line)));
    behind
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

    #[test]
    fn one_address_a_line() {
        let list = "#include http://a/\n\n  # not this\n http://b/ \n#include-once\nhttp://c/\n#included\n";
        assert_eq!(addresses(list), [(1, "http://a/"), (4, "http://b/"), (6, "http://c/")]);
        assert!(addresses("#include\n").is_empty());
    }
}
