//! What docker's unit gives dockerd as flags: dockerd doesn't start when a setting is both a flag and in daemon.json.
//!
//! Read from the unit file and its drop-ins. What an environment file adds is not looked at.

use serde_json::{Map, Value};

use crate::document::docker::DaemonOption;
use crate::system::systemd::UnitFile;
use crate::system::{ReadError, Root};

/// A flag on dockerd's command line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Flag {
    /// Its name, without dashes, in its long form.
    name: String,
    /// As it is written there.
    written: String,
    /// The file and the line.
    place: String,
}

/// Short flags of dockerd, and what they are short for.
const SHORT: [(char, &str); 8] = [
    ('D', "debug"),
    ('G', "group"),
    ('H', "host"),
    ('b', "bridge"),
    ('g', "graph"),
    ('l', "log-level"),
    ('p', "pidfile"),
    ('s', "storage-driver"),
];

/// Settings that may be in both: dockerd adds them up.
const IN_BOTH: [&str; 1] = ["runtimes"];

/// Each setting of `settings` that the unit gives as a flag too, in words.
///
/// # Errors
/// A file of the unit can't be read.
pub fn conflicts(unit: &UnitFile, root: &Root, settings: &Map<String, Value>) -> Result<Vec<String>, ReadError> {
    let mut command = Vec::new();
    for path in unit.files(root)? {
        let text = root.read_text(&path)?.unwrap_or_default();
        read(&path, &text, &mut command);
    }
    let flags = command.iter().flat_map(|(place, words)| flags(place, words));
    let proxies = settings.get("proxies").and_then(Value::as_object);
    let is_set = |key: &str| settings.contains_key(key) || proxies.is_some_and(|proxies| proxies.contains_key(key));
    let mut found: Vec<String> = Vec::new();
    for flag in flags {
        let key = DaemonOption::of_flag(&flag.name).map_or(&*flag.name, |option| option.key);
        if is_set(key) && !IN_BOTH.contains(&key) {
            let said = format!(
                "dockerd won't start: daemon.json sets `{key}`, and {} sets the same with the flag `{}`; keep one \
                 of them",
                flag.place, flag.written
            );
            if !found.contains(&said) {
                found.push(said);
            }
        }
    }
    Ok(found)
}

/// Adds the commands that a file of the unit gives in `ExecStart=`; an empty one takes back those before it.
fn read(path: &str, text: &str, command: &mut Vec<(String, Vec<String>)>) {
    let mut in_service = false;
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let mut line = line.trim().to_owned();
        if line.starts_with(['#', ';']) {
            continue;
        }
        while let Some(begun) = line.strip_suffix('\\') {
            let Some((_, next)) = lines.next() else { break };
            // A comment between continued lines is left out.
            line = match next.trim().starts_with(['#', ';']) {
                true => format!("{begun}\\"),
                false => format!("{begun} {}", next.trim()),
            };
        }
        if line.starts_with('[') {
            in_service = line == "[Service]";
        }
        let Some(value) = line
            .split_once('=')
            .filter(|(key, _)| in_service && key.trim() == "ExecStart")
        else {
            continue;
        };
        match split(value.1) {
            words if words.is_empty() => command.clear(),
            words => command.push((format!("{path} line {}", number + 1), words)),
        }
    }
}

/// The words of a command as systemd.service(5) splits them, quotes taken away.
fn split(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', _) => word.get_or_insert_default().extend(chars.next()),
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The flags among these words; none where the command is not dockerd itself.
fn flags(place: &str, words: &[String]) -> Vec<Flag> {
    let mut words = words.iter();
    let program = words
        .next()
        .map(|word| word.trim_start_matches(['@', '-', ':', '+', '!', '|']));
    if program.and_then(|program| program.rsplit('/').next()) != Some("dockerd") {
        return Vec::new();
    }
    let mut found = Vec::new();
    while let Some(word) = words.next().filter(|word| *word != "--") {
        let Some(flag) = word.strip_prefix('-').filter(|flag| !flag.is_empty()) else {
            continue;
        };
        let names = match flag.strip_prefix('-') {
            Some(long) => vec![long.split('=').next().unwrap_or_default().to_owned()],
            None => short_names(flag),
        };
        // Of `-H fd://`, the value too.
        let takes_a_word = !flag.contains('=') && names.last().is_some_and(|name| name == "host");
        let value = words
            .clone()
            .next()
            .filter(|next| takes_a_word && !next.starts_with('-'));
        let written = match value {
            Some(value) if flag.len() == 1 || flag.starts_with('-') => format!("{word} {value}"),
            _ => word.clone(),
        };
        found.extend(names.into_iter().map(|name| Flag {
            name,
            written: written.clone(),
            place: place.to_owned(),
        }));
    }
    found
}

/// The names of short flags in one word: all but `D` take what follows as their value.
fn short_names(flags: &str) -> Vec<String> {
    let mut names = Vec::new();
    for c in flags.chars() {
        let name = SHORT.iter().find(|(short, _)| *short == c);
        names.extend(name.map(|(_, name)| (*name).to_owned()));
        if c != 'D' {
            break;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_split_as_systemd_does() {
        for (command, words) in [
            ("/usr/bin/dockerd -H fd://", vec!["/usr/bin/dockerd", "-H", "fd://"]),
            (" a  'b c' \"d\" e'f g'h ", vec!["a", "b c", "d", "ef gh"]),
            ("a \"\" b\\ c", vec!["a", "", "b c"]),
            ("  ", vec![]),
        ] {
            assert_eq!(split(command), words, "{command}");
        }
    }

    #[test]
    fn flags_are_known_in_every_spelling() {
        for (command, expected) in [
            (
                "/usr/bin/dockerd -H fd:// --debug",
                vec![("host", "-H fd://"), ("debug", "--debug")],
            ),
            (
                "dockerd -Hfd:// --mtu=1400",
                vec![("host", "-Hfd://"), ("mtu", "--mtu=1400")],
            ),
            ("@dockerd --host tcp://x --", vec![("host", "--host tcp://x")]),
            ("dockerd -DH unix:///x -- -s x", vec![("debug", "-DH"), ("host", "-DH")]),
            (
                "dockerd --debug=false $OPTIONS -l warn",
                vec![("debug", "--debug=false"), ("log-level", "-l")],
            ),
            ("-+/usr/bin/dockerd -D", vec![("debug", "-D")]),
            ("/usr/bin/wrapper dockerd -D", vec![]),
            ("", vec![]),
        ] {
            let found = flags("x", &split(command));
            let found: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.written.as_str())).collect();
            assert_eq!(found, expected, "{command}");
        }
    }

    #[test]
    fn only_exec_start_of_the_service_counts_and_an_empty_one_resets() {
        let mut command = Vec::new();
        read(
            "a",
            "[Unit]\nExecStart=/bin/no\n[Service]\n# ExecStart=/bin/no\nExecStart=dockerd \\\n# why\n  -D\nExecStartPre=x\n",
            &mut command,
        );
        assert_eq!(
            command,
            [("a line 5".to_owned(), vec!["dockerd".to_owned(), "-D".to_owned()])]
        );
        read("b", "[Service]\nExecStart=\nExecStart = dockerd -l x\n", &mut command);
        let words = ["dockerd", "-l", "x"].map(str::to_owned).to_vec();
        assert_eq!(command, [("b line 3".to_owned(), words)]);
        read("c", "[Service]\nExecStart=\n[Install]\nExecStart=x", &mut command);
        assert_eq!(command, []);
    }
}
