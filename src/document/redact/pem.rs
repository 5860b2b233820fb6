//! Private keys in the formats of OpenSSL and OpenSSH.

use super::lines;
use std::ops::Range;

/// How a key begins.
const BEGIN: &str = "-----BEGIN ";

/// The lines from `-----BEGIN … PRIVATE KEY-----` to the end marker, or to the end of the text.
pub(super) fn private_keys(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if !text.contains(BEGIN) {
        return found;
    }
    let mut inside = false;
    for (at, line) in lines(text) {
        let begin = line.find(BEGIN).filter(|_| line.contains("PRIVATE KEY"));
        let end = line.find("-----END ");
        // The whole key may be on one line, with `\n` as text.
        let from = match begin {
            Some(begin) => {
                begin
                    + line
                        .get(begin + 11..)
                        .and_then(|rest| rest.find("-----"))
                        .map_or(0, |dashes| 16 + dashes)
            }
            None if inside => line.len() - line.trim_start().len(),
            None => continue,
        };
        let to = end.filter(|end| *end >= from).unwrap_or(line.trim_end().len());
        if from < to {
            found.push(at + from..at + to);
        }
        inside = end.is_none_or(|end| begin.is_some_and(|begin| end < begin));
    }
    found
}
