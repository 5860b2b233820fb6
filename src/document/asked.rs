//! A masked document as lines for a report, one for each setting.

use std::fmt::Write;

use serde_json::Value;

/// The most bytes a line may have: what is longer is cut.
const LINE_MAX: usize = 200;

/// The settings of a masked document at `keys`, each as `network.ethernets.lan.addresses: [192.0.2.10/24]`.
pub fn lines(masked: &Value, keys: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    for key in keys {
        let value = key.split('.').try_fold(masked, |value, part| value.get(part));
        if let Some(value) = value {
            walk((*key).to_owned(), value, &mut lines);
        }
    }
    lines
}

fn walk(path: String, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                walk(format!("{path}.{}", word(key)), value, lines);
            }
        }
        _ => {
            let mut line = format!("{path}: ");
            write_flow(&mut line, value);
            lines.push(cut(line));
        }
    }
}

/// In YAML's flow style: `[{to: default, via: 192.0.2.1}]`.
fn write_flow(line: &mut String, value: &Value) {
    match value {
        Value::Object(entries) => write_list(line, ('{', '}'), entries, |line, (key, value)| {
            let _ = write!(line, "{}: ", word(key));
            write_flow(line, value);
        }),
        Value::Array(items) => write_list(line, ('[', ']'), items, write_flow),
        Value::String(text) => line.push_str(&word(text)),
        other => {
            let _ = write!(line, "{other}");
        }
    }
}

fn write_list<T>(
    line: &mut String,
    (open, close): (char, char),
    items: impl IntoIterator<Item = T>,
    write: impl Fn(&mut String, T),
) {
    line.push(open);
    for (number, item) in items.into_iter().enumerate() {
        if number > 0 {
            line.push_str(", ");
        }
        write(line, item);
    }
    line.push(close);
}

/// A text as it is, quoted where it would not stay in its line.
fn word(text: &str) -> String {
    let is_plain = !text.is_empty() && !text.contains(char::is_control);
    if is_plain {
        text.to_owned()
    } else {
        format!("\"{}\"", text.escape_debug())
    }
}

fn cut(mut line: String) -> String {
    if line.len() > LINE_MAX {
        let ends = line.char_indices().map(|(at, _)| at);
        let end = ends.take_while(|at| *at <= LINE_MAX).last().unwrap_or(0);
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Text, Texts};

    fn asked(yaml: &str, keys: &[&str]) -> Vec<String> {
        let text = Text::new("user-data", yaml.as_bytes());
        let document = Document::read(&Texts {
            user_data: Some(text),
            ..Texts::default()
        });
        document.asked(keys)
    }

    #[test]
    fn a_setting_is_a_line() {
        let yaml = "hostname: web1\nnetwork:\n  ethernets:\n    lan:\n      addresses: [192.0.2.10/24]\n      dhcp4: no\n      \
                    routes: [{to: default, via: 192.0.2.1}]\n    eth1: {}\n";
        assert_eq!(asked(yaml, &["hostname", "fqdn"]), ["hostname: web1"]);
        assert_eq!(
            asked(yaml, &["network"]),
            [
                "network.ethernets.eth1: {}",
                "network.ethernets.lan.addresses: [192.0.2.10/24]",
                "network.ethernets.lan.dhcp4: false",
                "network.ethernets.lan.routes: [{to: default, via: 192.0.2.1}]",
            ]
        );
        assert_eq!(asked(yaml, &["docker"]), Vec::<String>::new());
    }

    #[test]
    fn secrets_are_masked_and_keys_below_others_are_found() {
        let yaml = "root: {password: hunter2, ssh_authorized_keys: []}\n";
        assert_eq!(
            asked(yaml, &["root.password", "root.expire"]),
            ["root.password: (secret)"]
        );
    }

    #[test]
    fn a_line_is_one_line_and_has_an_end() {
        let masked = serde_json::json!({"a": {"b\n": "x\ny", "c": "é".repeat(200)}});
        let lines = lines(&masked, &["a"]);
        assert_eq!(lines[0], r#"a."b\n": "x\ny""#);
        assert!(
            lines[1].ends_with('…') && lines[1].len() <= LINE_MAX + '…'.len_utf8(),
            "{}",
            lines[1]
        );
    }
}
