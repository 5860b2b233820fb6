//! Shell-style patterns of names, glob(7): not only whether one matches a name, but whether two can match the same one.

/// Above this many steps two patterns count as overlapping: no honest file has such.
const STEPS_MAX: usize = 1 << 20;

#[cfg(test)]
thread_local! {
    /// How many comparisons this thread has made: a test counts them.
    pub static COMPARED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// One element of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// `*`: any text.
    Star,
    /// `?`: any one character.
    Any,
    /// `[a-z]`, `[!a-z]`: one character that is, or is not, in one of the ranges.
    Set { ranges: Vec<(char, char)>, negated: bool },
    /// The character itself.
    Char(char),
}

/// Whether some name matches both patterns. A name without `*?[\` is a pattern that only it matches.
pub fn overlap(a: &str, b: &str) -> bool {
    #[cfg(test)]
    COMPARED.with(|count| count.set(count.get() + 1));
    let (a, b) = (tokens(a), tokens(b));
    if (a.len() + 1).saturating_mul(b.len() + 1) > STEPS_MAX {
        return true;
    }
    // below[j]: what is left of `a` and of `b` from j on can match the same text; filled from the ends.
    let mut below: Vec<bool> = Vec::new();
    for i in (0..=a.len()).rev() {
        let mut row = vec![false; b.len() + 1];
        for j in (0..=b.len()).rev() {
            row[j] = match (a.get(i), b.get(j)) {
                (None, None) => true,
                (Some(Token::Star), other) => below[j] || (other.is_some() && row[j + 1]),
                (other, Some(Token::Star)) => row[j + 1] || (other.is_some() && below[j]),
                (Some(one), Some(two)) => below[j + 1] && meet(one, two),
                _ => false,
            };
        }
        below = row;
    }
    below[0]
}

/// Whether `text` means more than itself as a pattern.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '\\'])
}

/// Whether some one character fits both.
fn meet(a: &Token, b: &Token) -> bool {
    match (a, b) {
        (Token::Char(c), other) | (other, Token::Char(c)) => fits(*c, other),
        // Names are ASCII: systemd refuses others.
        (one, two) => ('!'..='~').any(|c| fits(c, one) && fits(c, two)),
    }
}

fn fits(c: char, token: &Token) -> bool {
    match token {
        Token::Star | Token::Any => true,
        Token::Char(other) => c == *other,
        Token::Set { ranges, negated } => ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated,
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut rest = chars.as_slice();
    let mut all = Vec::new();
    while let [first, after @ ..] = rest {
        let (token, left) = match first {
            '*' => (Token::Star, after),
            '?' => (Token::Any, after),
            '[' => set(after).unwrap_or((Token::Char('['), after)),
            '\\' => match after {
                [escaped, left @ ..] => (Token::Char(*escaped), left),
                [] => (Token::Char('\\'), after),
            },
            other => (Token::Char(*other), after),
        };
        all.push(token);
        rest = left;
    }
    all
}

/// The set whose `[` is just read, and what follows its `]`; `None` when it has no end.
fn set(inside: &[char]) -> Option<(Token, &[char])> {
    let (negated, mut rest) = match inside {
        ['!' | '^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut ranges = Vec::new();
    loop {
        rest = match rest {
            // A `]` that comes first is one of the characters.
            [']', left @ ..] if !ranges.is_empty() => return Some((Token::Set { ranges, negated }, left)),
            [low, '-', high, left @ ..] if *high != ']' => {
                ranges.push((*low, *high));
                left
            }
            [one, left @ ..] => {
                ranges.push((*one, *one));
                left
            }
            [] => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_and_one_pattern_match_as_in_the_shell() {
        for (pattern, name, expected) in [
            ("eth0", "eth0", true),
            ("eth0", "eth00", false),
            ("e*", "eth0", true),
            ("e*", "lo", false),
            ("*", "", true),
            ("*0", "eth0", true),
            ("*0", "eth1", false),
            ("eth?", "eth0", true),
            ("eth?", "eth", false),
            ("eth[0-3]", "eth3", true),
            ("eth[0-3]", "eth4", false),
            ("eth[!0-3]", "eth4", true),
            ("eth[^0-3]", "eth2", false),
            ("eth[]x]", "eth]", true),
            ("eth[-x]", "eth-", true),
            ("eth[", "eth[", true),
            (r"eth\*", "eth*", true),
            (r"eth\*", "eth0", false),
            ("E*", "eth0", false),
            ("*a*b*c*", "xxaxxbxxcxx", true),
            ("*a*b*c*", "xxbxxaxxcxx", false),
        ] {
            assert_eq!(overlap(pattern, name), expected, "{pattern} {name}");
            assert_eq!(
                overlap(name, pattern),
                expected || pattern.contains('\\') && overlap(name, pattern)
            );
        }
    }

    #[test]
    fn two_patterns_overlap_when_one_name_matches_both() {
        for (one, two, expected) in [
            ("e*", "eth*", true),
            ("e*", "*0", true),
            ("en*", "eth*", false),
            ("eth[0-3]", "eth[3-5]", true),
            ("eth[0-2]", "eth[3-5]", false),
            ("eth[!0-9]", "eth?", true),
            ("*", "*", true),
            ("a?c", "?b?", true),
            ("a?", "?", false),
            ("ens*", "e?s192", true),
        ] {
            assert_eq!(overlap(one, two), expected, "{one} {two}");
            assert_eq!(overlap(two, one), expected, "{two} {one}");
        }
    }

    #[test]
    fn a_monstrous_pattern_ends() {
        let monster = "*a".repeat(20_000);
        assert!(overlap(&monster, &monster));
        let big = "*a".repeat(300);
        assert!(!overlap(&big, &"b".repeat(300)));
    }
}
