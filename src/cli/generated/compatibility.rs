//! What becomes of cloud-init's keys and modules: `docs/cloud-init.md`.

use std::fmt::Write;

use super::Made;
use crate::document::cloud_config::{MODULES, Module, OTHER_KEYS, OtherKey, Treatment};
use crate::document::config::KEYS;

const INTRODUCTION: &str = "# Documents of cloud-init

firstlight reads cloud-init's user-data, and says of each key what becomes of it. This page is made from the same tables as these
diagnostics: `UPDATE=1 cargo test --lib generated` writes it.

- *Applied*: the key means what it means to cloud-init. [The reference](reference.md) describes it.
- *No effect*: the key is accepted and changes nothing here. `firstlight validate -vv` says why.
- *Not applied*: the key is an error that names it and says what to use instead. The rest of the document is applied, unless it
  says `firstlight: {strict: true}`. A value that asks for nothing is no error: null, an empty list or mapping, and mostly `false`.

Keys that cloud-init doesn't have either are errors with the nearest key as a hint.

## Formats

Read: cloud-config with or without its first line, MIME messages, cloud-config archives, JSON patches, include lists (`#include`,
`#include-once`), Jinja templates; each of them also compressed with gzip, in base64, or both. They are merged as in cloud-init
(`merge_how`, `Merge-Type`).

Refused by name, while the other parts are applied: scripts (`#!`, at each boot or once), boot hooks and part handlers. Use
`services`, `write_files`, `sysctl` and `kernel_modules` instead.

Network configuration: versions 1 and 2 are applied, see [the reference](reference.md#network-config). Version 1 becomes version 2
first. Unlike in cloud-init, SLAAC and DHCPv6 of version 1 work with networkd, and a global route goes to the link that can reach its
gateway.
";

/// `docs/cloud-init.md`.
pub fn markdown() -> Made {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("\n## Keys\n\nOf cloud-init 22.4 to 26.2, by name.\n\n| Key | Here | What it does, or why it is not applied | Instead |\n|---|---|---|---|\n");
    let of_modules = MODULES.iter().flat_map(|module| module.keys).copied();
    let mut names: Vec<&str> = of_modules.chain(OTHER_KEYS.iter().map(|key| key.name)).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let row = match OtherKey::find(name) {
            Some(other) => not_applied(other),
            None => applied(name),
        };
        let _ = writeln!(text, "{row}");
    }
    text.push_str("\nKeys that only firstlight has: ");
    let own: Vec<_> = KEYS
        .iter()
        .filter(|key| !is_of_a_module(key.name))
        .map(|key| format!("[`{0}`](reference.md#{0})", key.name))
        .collect();
    let _ = writeln!(text, "{}.", own.join(", "));
    text.push_str("\n## Modules\n\nWhat becomes of a module is what becomes of the keys that it reads.\n\n| Module | Here | Keys |\n|---|---|---|\n");
    for module in MODULES {
        let keys: Vec<_> = module.keys.iter().map(|key| format!("`{key}`")).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            module.name,
            outcome(module),
            keys.join(", ")
        );
    }
    ("docs/cloud-init.md".into(), text)
}

fn applied(name: &str) -> String {
    let key = KEYS.iter().find(|key| key.name == name).unwrap();
    let first = key.doc.split("\n\n").next().unwrap_or_default();
    let words = first.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("| [`{name}`](reference.md#{name}) | applied | {words} | |")
}

fn not_applied(key: &OtherKey) -> String {
    let instead = key.instead.map(|instead| sentence(instead) + ".");
    let (name, here, why) = (key.name, treatment(key.treatment), sentence(key.reason));
    format!("| `{name}` | {here} | {why}. | {} |", instead.unwrap_or_default())
}

fn is_of_a_module(key: &str) -> bool {
    MODULES.iter().any(|module| module.keys.contains(&key))
}

fn treatment(treatment: Treatment) -> &'static str {
    match treatment {
        Treatment::NoEffect => "no effect",
        Treatment::NotApplied => "not applied",
    }
}

/// What becomes of a module.
fn outcome(module: &Module) -> String {
    let mut found: Vec<&str> = Vec::new();
    for key in module.keys {
        let here = OtherKey::find(key).map_or("applied", |key| treatment(key.treatment));
        if !found.contains(&here) {
            found.push(here);
        }
    }
    match (module.note, found.as_slice()) {
        (Some(note), _) => note.to_owned(),
        (None, [one]) => (*one).to_owned(),
        (None, _) => "differs by key".to_owned(),
    }
}

/// With a capital, unless it begins with the name of a program.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first)
            if !["firstlight", "networkd", "sshd"]
                .iter()
                .any(|name| text.starts_with(name)) =>
        {
            first.to_uppercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}
