//! The reference of what is read: `docs/reference.md`, and firstlight-user-data(5).

use std::fmt::Write;

use super::keys::{Key, block, flow, keys};
use super::{Made, schema};
use crate::document::network::version1::schema::tables;

/// What is described: the schema, the heading, a paragraph.
const PARTS: [(&str, &str, &str); 4] = [
    (
        "user-data",
        "user-data",
        "What the machine should be. Every key is optional; what the document does not mention is not touched.",
    ),
    (
        "network-config-v2",
        "network-config",
        "The network of a seed: what user-data has below `network`, with or without that key around it. Where user-data has \
         `network` too, that counts. cloud-init's version 1 is taken as well: its keys are below.",
    ),
    (
        "meta-data",
        "meta-data",
        "Who the machine is, from its platform. Other keys are the platform's own.",
    ),
    (
        "config",
        "/etc/firstlight/config.yaml",
        "What the machine's owner says beforehand. settings.md says more.",
    ),
];

/// `docs/reference.md`.
pub fn markdown() -> Made {
    let mut text = "# Reference\n\nEvery key, from the same text as the schemas that editors complete with (`firstlight schema`). \
                    This page is generated: `UPDATE=1 cargo test --lib generated` writes it.\n\nA name in capitals stands for \
                    one of yours, `[]` for each item of a list. A default in words, or none, means that what the machine has \
                    stays.\n"
        .to_owned();
    for (name, heading, about) in PARTS {
        let _ = write!(text, "\n## {heading}\n\n{about}\n");
        let all = keys(&schema::by_name(name));
        let (known, applied): (Vec<_>, Vec<_>) = all.into_iter().partition(|key| key.deprecated);
        match name {
            // Those of user-data's `network`, one for one.
            "network-config-v2" => version_1(&mut text),
            "config" | "meta-data" => table(&mut text, &applied, ""),
            _ => chapters(&mut text, &applied),
        }
        if name == "user-data" {
            let _ = write!(
                text,
                "\n### Known and not applied\n\nOf a key that is not applied, only a value that asks for nothing is taken: `null`, `false`, `[]`, `{{}}`.\n\n| Key | What happens |\n|---|---|\n"
            );
            for key in known {
                let _ = writeln!(text, "| `{}` | {} |", key.path, cell(what_happens(&key)));
            }
        }
    }
    ("docs/reference.md".into(), text)
}

/// The keys of version 1, mapping by mapping.
fn version_1(text: &mut String) {
    text.push_str(
        "\nA key of version 1 that has no effect here is taken with a warning: `broadcast`, and parameters of bonds and bridges \
         that networkd has nothing for. An item that is about one link has a `name`; `mac_address` of a network card is the one by \
         which it is found.\n\n| Where | Key | Example | What it does |\n|---|---|---|---|\n",
    );
    let mut seen = std::collections::BTreeSet::new();
    for (place, rows) in tables() {
        for row in rows {
            // What all links have is said once.
            if seen.insert(row) {
                let [key, example, about] = row.map(cell);
                let _ = writeln!(text, "| {place} | `{key}` | `{example}` | {about} |");
            }
        }
    }
}

/// What is said of a key that is not applied, without what goes for all of them.
fn what_happens(key: &Key) -> &str {
    key.description
        .trim_end_matches(" Only a value that asks for nothing is taken.")
}

/// A chapter for each key at the top.
fn chapters(text: &mut String, keys: &[Key]) {
    for key in keys.iter().filter(|key| !key.path.contains(['.', '['])) {
        let within: Vec<&Key> = keys.iter().filter(|other| is_below(other, key)).collect();
        let _ = write!(
            text,
            "\n### `{}`\n\n{}\n\nType: {}.",
            key.path, key.description, key.kind
        );
        if let Some(default) = &key.default {
            let _ = write!(text, " Default: `{default}`.");
        }
        text.push('\n');
        if let Some(example) = &key.example {
            let _ = write!(text, "\n```yaml\n{}```\n", block(&key.path, example));
        }
        if !within.is_empty() {
            table(text, within.iter().copied(), &key.path);
        }
    }
}

fn is_below(key: &Key, top: &Key) -> bool {
    key.path
        .strip_prefix(top.path.as_str())
        .is_some_and(|rest| rest.starts_with(['.', '[']))
}

/// A row for each key. What all of them begin with is left out.
fn table<'a>(text: &mut String, keys: impl IntoIterator<Item = &'a Key>, top: &str) {
    text.push_str("\n| Key | Type | Default | Example | What it does |\n|---|---|---|---|---|\n");
    for key in keys {
        let path = key.path.strip_prefix(top).unwrap_or(&key.path).trim_start_matches('.');
        let code = |value: Option<String>| value.map_or(String::new(), |value| format!("`{}`", cell(&value)));
        let _ = writeln!(
            text,
            "| `{path}` | {} | {} | {} | {} |",
            cell(&key.kind),
            if key.required {
                "required".to_owned()
            } else {
                code(key.default.clone())
            },
            code(key.example.as_ref().map(flow)),
            cell(&key.description)
        );
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// firstlight-user-data(5).
pub fn man() -> Vec<Made> {
    let mut text = format!(
        ".TH firstlight-user-data 5 \"\" \"firstlight {}\" firstlight\n.SH NAME\nfirstlight-user-data \\- what a machine shall \
         be\n.SH DESCRIPTION\nOne YAML document says what firstlight makes of a machine. It begins with the line #cloud-config. \
         Every key is optional, and what is not asked for is not touched.\n",
        env!("CARGO_PKG_VERSION")
    );
    let all = keys(&schema::by_name("user-data"));
    let (known, applied): (Vec<_>, Vec<_>) = all.into_iter().partition(|key| key.deprecated);
    text.push_str(".SH KEYS\n");
    applied.iter().for_each(|key| paragraph(&mut text, key));
    text.push_str(".SH \"KNOWN AND NOT APPLIED\"\n");
    for key in known {
        let _ = write!(text, ".TP\n.B {}\n{}\n", roff(&key.path), roff(what_happens(&key)));
    }
    let _ = write!(
        text,
        ".SH EXAMPLE\n.nf\n{}.fi\n.SH \"SEE ALSO\"\n.BR firstlight (1),\n.BR firstlight\\-validate (1),\n.BR firstlight\\-schema (1)\n",
        roff("#cloud-config\nhostname: docker01\nsshd: {permit_root_login: prohibit-password}\ndocker: true\n")
    );
    vec![("man/firstlight-user-data.5".into(), text)]
}

fn paragraph(text: &mut String, key: &Key) {
    let _ = write!(text, ".TP\n.B {}\n{}\n", roff(&key.path), roff(&key.description));
    let default = match &key.default {
        _ if key.required => " Required.".to_owned(),
        Some(default) => format!(" Default: {default}."),
        None => String::new(),
    };
    let _ = write!(text, ".br\nType: {}.{}\n", roff(&key.kind), roff(&default));
    if let Some(example) = &key.example {
        let last = key.path.rsplit('.').next().unwrap_or(&key.path);
        let shown = format!("{}: {}", last.trim_end_matches("[]"), flow(example));
        let _ = write!(text, ".br\nExample: {}\n", roff(&shown));
    }
}

/// Text that roff shows as it is.
fn roff(text: &str) -> String {
    let escaped: String = text.chars().map(character).collect();
    let line = |line: &str| match line.starts_with(['.', '\'']) {
        true => format!("\\&{line}"),
        false => line.to_owned(),
    };
    escaped.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn character(c: char) -> String {
    match c {
        '\\' => "\\e".to_owned(),
        '-' => "\\-".to_owned(),
        '`' => String::new(),
        ascii if ascii.is_ascii() => ascii.to_string(),
        other => format!("\\[u{:04X}]", u32::from(other)),
    }
}
