//! Whether a `Match` block counts for an account, as far as its criteria say so before anybody connects.

/// An account, as the criteria of `Match` and the lists of who may log in see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// Its name.
    pub user: String,
    /// The groups that it is a member of; `None` if they haven't been read.
    pub groups: Option<Vec<String>>,
}

/// How sure it is that something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// It never holds.
    Never,
    /// It depends on where the connection comes from.
    Perhaps,
    /// It always holds.
    Always,
}

impl Who {
    /// root, whose groups haven't been read.
    pub fn root() -> Self {
        Self {
            user: "root".to_owned(),
            groups: None,
        }
    }
}

/// Whether the criteria of a `Match` line hold for an account: all of them have to.
pub fn hold(criteria: &[String], who: &Who) -> Certainty {
    let mut words = criteria.iter().flat_map(|word| match word.split_once('=') {
        Some((criterion, value)) => vec![criterion, value],
        None => vec![word.as_str()],
    });
    let mut certainty = Certainty::Always;
    // `User = root` is taken too, by older versions.
    while let Some(criterion) = words.find(|word| !word.is_empty()) {
        if criterion.eq_ignore_ascii_case("all") {
            continue;
        }
        let holds = match criterion.to_ascii_lowercase().as_str() {
            // Only of a name that the machine doesn't know.
            "invalid-user" => Certainty::Never,
            name => {
                let patterns = words.find(|word| !word.is_empty()).unwrap_or_default();
                holds(name, patterns, who)
            }
        };
        certainty = certainty.min(holds);
    }
    certainty
}

fn holds(criterion: &str, patterns: &str, who: &Who) -> Certainty {
    let sure = |holds: bool| if holds { Certainty::Always } else { Certainty::Never };
    match (criterion, &who.groups) {
        ("user", _) => sure(matches_list(patterns, &who.user)),
        ("group", Some(groups)) => sure(any_group_matches(patterns, groups)),
        _ if patterns == "*" => Certainty::Always,
        _ => Certainty::Perhaps,
    }
}

/// As `ga_match_pattern_list` of OpenSSH: a group that matches with `!` forbids, one that matches without is enough.
fn any_group_matches(patterns: &str, groups: &[String]) -> bool {
    let forbidden = |group: &String| {
        patterns
            .split(',')
            .filter_map(|pattern| pattern.strip_prefix('!'))
            .any(|pattern| matches(pattern, group))
    };
    !groups.iter().any(forbidden) && groups.iter().any(|group| matches_list(patterns, group))
}

/// A pattern list of ssh_config(5): one that matches is enough, one with `!` that matches forbids.
fn matches_list(patterns: &str, name: &str) -> bool {
    let mut matched = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if matches(pattern, name) => return false,
            Some(_) => {}
            None => matched |= matches(pattern, name),
        }
    }
    matched
}

/// PATTERNS of ssh_config(5): `*` and `?`, and nothing else is special.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // One point to go back to, the last `*`: the time is bounded by the product of both lengths.
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(p), name.get(n)) {
            (Some('*'), _) => {
                star = Some((p, n));
                p += 1;
            }
            (None, None) => return true,
            (Some(one), Some(c)) if *one == '?' || one == c => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, from)) if from < name.len() => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    n = from + 1;
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> Who {
        Who {
            user: "root".to_owned(),
            groups: Some(vec!["root".to_owned(), "wheel".to_owned()]),
        }
    }

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// What sshd 9.2 made of these lines (`sshd -T -C user=root`).
    #[test]
    fn which_blocks_count_for_root() {
        use Certainty::{Always, Never, Perhaps};
        for (criteria, expected) in [
            ("all", Always),
            ("User root", Always),
            ("USER root", Always),
            ("user r*,bob", Always),
            ("User r??t", Always),
            ("User [r]oot", Never),
            ("User Root", Never),
            ("User bob", Never),
            ("User *,!root", Never),
            ("User !bob", Never),
            ("User=bob", Never),
            ("User=root", Always),
            ("User = root", Always),
            ("Address 10.0.0.0/8", Perhaps),
            ("Address *", Always),
            ("Address 10.0.0.0/8 User bob", Never),
            ("Address 10.0.0.0/8 User root", Perhaps),
            ("Group wheel", Always),
            ("Group docker", Never),
            ("Group *,!wheel", Never),
            ("invalid-user", Never),
            ("Host *.example.com", Perhaps),
            ("Whatever x", Perhaps),
            ("User", Never),
        ] {
            assert_eq!(hold(&words(criteria), &root()), expected, "{criteria}");
        }
        assert_eq!(hold(&words("Group docker"), &Who::root()), Perhaps, "nobody has looked");
    }

    #[test]
    fn names_match_patterns_as_sshd_has_it() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("r*t", "root", true),
            ("r*x", "root", false),
            ("?", "", false),
            (".*", "x", false),
            ("*", ".x", true),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
        let (long, stars) = ("a".repeat(5000), "*a".repeat(200) + "b");
        assert!(!matches(&stars, &long));
    }
}
