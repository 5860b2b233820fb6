//! Files of `NAME=value` lines that belong to somebody else: locale.conf(5), vconsole.conf(5).

use super::{FileChange, PlanError, Share};
use crate::system::{Machine, Metadata};

/// The file at `path` with each variable set to its value, which needs no quotes.
///
/// # Errors
/// The file can't be read.
pub fn file(path: &str, values: &[(&str, &str)], machine: &Machine<'_>) -> Result<FileChange, PlanError> {
    let mut text = machine.read_text(path)?.unwrap_or_default();
    for (name, value) in values {
        text = set(&text, name, value);
    }
    let file = match machine.metadata(path)? {
        // Whoever logs in reads it, whatever umask it was made under.
        Some(as_is) => {
            let mode = as_is.mode | 0o444;
            FileChange::rewrite(path, text, &Metadata { mode, ..as_is })
        }
        None => FileChange::write(path, text, 0o644),
    };
    Ok(file.share(Share::Lines))
}

/// The text with the variable set: the last line that sets it counts. A text that says so already stays as it is.
fn set(text: &str, name: &str, value: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let own = format!("{name}={value}");
    match lines.iter().rposition(|line| value_of(line, name).is_some()) {
        Some(at) if value_of(lines[at], name) == Some(value) => return text.to_owned(),
        Some(at) => lines[at] = &own,
        None => lines.push(&own),
    }
    lines.join("\n") + "\n"
}

/// What the line sets the variable to, quotes taken off.
fn value_of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let line = line.trim();
    let (own, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    (own.trim() == name).then(|| value.trim().trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_variable_is_set_and_the_rest_stays() {
        for (text, expected) in [
            ("", "LANG=C.UTF-8\n"),
            ("LANG=en_US.UTF-8", "LANG=C.UTF-8\n"),
            ("# LANG=x\nLC_TIME=de\n", "# LANG=x\nLC_TIME=de\nLANG=C.UTF-8\n"),
            (
                "LANG=a\nLANGUAGE=b\nLANG=c\n#\n",
                "LANG=a\nLANGUAGE=b\nLANG=C.UTF-8\n#\n",
            ),
            ("  LANG = \"C.UTF-8\"\n\n", "  LANG = \"C.UTF-8\"\n\n"),
            ("export LANG='C.UTF-8'", "export LANG='C.UTF-8'"),
            ("LANG=C.UTF-8\nLANG=x\n", "LANG=C.UTF-8\nLANG=C.UTF-8\n"),
        ] {
            let once = set(text, "LANG", "C.UTF-8");
            assert_eq!(once, expected, "{text:?}");
            assert_eq!(set(&once, "LANG", "C.UTF-8"), once);
        }
    }
}
