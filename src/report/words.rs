//! Numbers and times in words.

/// How many of a thing: `1 change`, `2 changes`.
pub fn count(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

/// A time in seconds as people say it: `45 s`, `10 min`, `1 h 30 min`.
pub fn time(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let parts = [(hours, "h"), (minutes, "min"), (rest, "s")];
    let words: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    if words.is_empty() {
        "0 s".to_owned()
    } else {
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        let counted = [0, 1, 2].map(|number| count(number, "change"));
        assert_eq!(counted, ["0 changes", "1 change", "2 changes"]);
    }

    #[test]
    fn times_are_said_in_their_units() {
        let table = [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (119, "1 min 59 s"),
            (600, "10 min"),
            (5400, "1 h 30 min"),
            (86_400, "24 h"),
        ];
        for (seconds, words) in table {
            assert_eq!(time(seconds), words);
        }
    }
}
