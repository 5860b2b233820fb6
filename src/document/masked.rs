//! A document as it is stored: what was used of it, with secrets masked.

use serde_json::{Map, Value as Json};

use super::redact;
use super::yaml::scalar::{Meaning, resolve};
use super::yaml::{Entry, Node, Notes, Value};
use crate::vocabulary::MASK;

/// The tree as JSON. Values that were read as a [`Secret`](super::Secret) are masked. So are values under a key that
/// names one, because not every part of a document is typed.
pub fn masked(node: &Node, notes: &Notes) -> Json {
    walk(node, notes, false)
}

/// The same of these keys at its top, without a look at the rest of the document.
pub fn masked_at(node: &Node, notes: &Notes, keys: &[&str]) -> Json {
    match &node.value {
        Value::Mapping(entries) => {
            let wanted = entries.iter().filter(|entry| keys.contains(&entry.key.text.as_str()));
            let typed = notes.is_secret(node.span);
            Json::Object(wanted.map(|wanted| entry(wanted, notes, typed, false)).collect())
        }
        _ => walk(node, notes, false),
    }
}

/// A key with its value; `typed`: in a mapping that was read as a secret.
fn entry(entry: &Entry, notes: &Notes, typed: bool, secret: bool) -> (String, Json) {
    let key = entry.key.text.as_str();
    let shown = match typed || entry.key.secret {
        true => MASK.into(),
        false => redact::redact(key),
    };
    let by_name = !notes.is_typed(entry.value.span) && names_a_secret(key);
    (shown.into_owned(), walk(&entry.value, notes, secret || by_name))
}

fn walk(node: &Node, notes: &Notes, secret: bool) -> Json {
    let secret = secret || notes.is_secret(node.span);
    match &node.value {
        Value::Mapping(entries) => {
            let typed = notes.is_secret(node.span);
            let entries = entries.iter().map(|below| entry(below, notes, typed, secret));
            Json::Object(entries.collect::<Map<_, _>>())
        }
        Value::Sequence(items) => {
            let before = std::iter::once(None).chain(items.iter().map(Some));
            let walked = items.iter().zip(before).map(|(item, before)| {
                let is_of_option = before.is_some_and(|before| is_value_of_option(before, item));
                walk(item, notes, secret || is_of_option)
            });
            Json::Array(walked.collect())
        }
        Value::Scalar(scalar) => match resolve(scalar) {
            Meaning::Null => Json::Null,
            _ if notes.is_secret(node.span) => Json::String(MASK.to_owned()),
            // A secret within can't be seen.
            _ if scalar.is_binary() => Json::String(MASK.to_owned()),
            Meaning::Bool(value) => Json::Bool(value),
            _ if secret => Json::String(MASK.to_owned()),
            Meaning::Int(value) => value.into(),
            Meaning::Float(value) => value.into(),
            Meaning::Text(text) => Json::String(redact::redact(text).into_owned()),
        },
    }
}

/// Whether a word is the secret value of the option before it: `[mysql, --password, abc]`.
fn is_value_of_option(before: &Node, word: &Node) -> bool {
    let (Value::Scalar(before), Value::Scalar(word)) = (&before.value, &word.value) else {
        return false;
    };
    let both = || format!("{} {}", &*before.text, &*word.text);
    before.text.starts_with('-') && redact::redact(&both()).ends_with(MASK)
}

/// Whether the value of this key is, or may be, a secret. The lines of `chpasswd.list` hold passwords.
pub fn names_a_secret(key: &str) -> bool {
    let plain = key.to_ascii_lowercase();
    redact::names_a_secret(key) || plain.contains("content") || plain.contains("list") || plain == "headers"
}

/// Whether the value of this key may be a cryptographic key, or a file of one. A public one is no secret, but people paste
/// the other half by mistake.
pub fn names_a_key(name: &str) -> bool {
    const OTHERS: [&str; 5] = ["keyboard", "keymap", "keyword", "keyserver", "keycode"];
    let plain = name.to_ascii_lowercase();
    // `allow_public_ssh_keys` is a switch.
    let is_switch = ["allow_", "disable_", "enable_", "no_"]
        .iter()
        .any(|verb| plain.starts_with(verb));
    let rest = OTHERS.iter().fold(plain, |rest, other| rest.replace(other, ""));
    rest.contains("key") && !is_switch
}

/// Whether even the keys of a mapping under this key may be secrets, because only a value or lines belong there.
/// `chpasswd` and headers do have keys.
pub fn hides_keys(key: &str) -> bool {
    names_a_secret(key) && key != "chpasswd" && !key.eq_ignore_ascii_case("headers")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::parse;

    #[test]
    fn secrets_are_masked_and_the_rest_is_there() {
        let text = "hostname: web1\nroot: {password: hunter2, expire: no}\nchpasswd: {list: [\"a:hunter2\"], users: [{name: a, password: 12345}]}\n";
        let json = masked(&parse(text, 0).unwrap().root.unwrap(), &Notes::default());
        let shown = json.to_string();
        assert!(!shown.contains("hunter2") && !shown.contains("12345"), "{shown}");
        assert_eq!(json["hostname"], "web1");
        assert_eq!(json["root"]["expire"], false);
        assert_eq!(
            json["chpasswd"]["users"][0]["name"], MASK,
            "chpasswd as a whole names secrets"
        );
    }

    #[test]
    fn not_every_name_with_key_in_it_is_that_of_a_key() {
        for name in [
            "key",
            "ssh_keys",
            "SSH-Key",
            "trusted_keys",
            "private_key",
            "apikey",
            "keymap_key",
            "keydata",
        ] {
            assert!(names_a_key(name), "{name}");
        }
        for name in [
            "keymap",
            "keyboard",
            "Keyboard-Layout",
            "keyserver",
            "allow_public_ssh_keys",
            "hostname",
        ] {
            assert!(!names_a_key(name), "{name}");
        }
    }

    #[test]
    fn what_a_secret_was_read_from_is_masked_whatever_its_name() {
        #[derive(serde::Deserialize)]
        struct Sample {
            #[allow(dead_code, reason = "it is read, and that is noted")]
            plain: Vec<super::super::Secret>,
        }
        let root = parse("plain: [hunter2, 7, yes]\nother: [hunter3]\n", 0)
            .unwrap()
            .root
            .unwrap();
        let notes = Notes::default();
        crate::document::yaml::decode_noting::<Sample>(&root, &notes).unwrap();
        let json = masked(&root, &notes);
        assert_eq!(
            json,
            serde_json::json!({"plain": [MASK, MASK, MASK], "other": ["hunter3"]})
        );
    }

    #[test]
    fn keys_at_the_top_are_masked_alike_by_themselves() {
        let text = "hostname: web1\nroot: {password: hunter2, expire: no}\nother: {token: hunter2}\nlist: [hunter2]\n";
        let root = parse(text, 0).unwrap().root.unwrap();
        let notes = Notes::default();
        let whole = masked(&root, &notes);
        for key in ["hostname", "root", "other", "list"] {
            assert_eq!(masked_at(&root, &notes, &[key]), serde_json::json!({key: whole[key]}));
        }
        assert_eq!(masked_at(&root, &notes, &["nothing"]), serde_json::json!({}));
    }

    #[test]
    fn a_type_says_what_is_secret_and_a_name_only_where_there_is_none() {
        use crate::document::Config;
        for (text, expected) in [
            (
                "chpasswd: {expire: false, users: [{name: amy, type: text, password: hunter2}]}",
                serde_json::json!({"chpasswd": {"expire": false, "users": [
                    {"name": "amy", "type": "text", "password": MASK}]}}),
            ),
            (
                "chpasswd: {list: \"amy:hunter2\\n\"}",
                serde_json::json!({"chpasswd": {"list": MASK}}),
            ),
            (
                "chpasswd: {list: ['amy:hunter2']}",
                serde_json::json!({"chpasswd": {"list": [MASK]}}),
            ),
            (
                "docker: {daemon: {log-opts: {splunk-token: hunter2, tag: a}, auths: {b: {c: hunter2}}}}",
                serde_json::json!({"docker": {"daemon": {
                    "log-opts": {"splunk-token": MASK, "tag": "a"}, "auths": {MASK: {MASK: MASK}}}}}),
            ),
            (
                "network: {version: 2, wifis: {w: {access-points: {a: {password: hunter2, hidden: false}}}}}",
                serde_json::json!({"network": {"version": 2, "wifis": {"w": {"access-points": {"a":
                    {"password": MASK, "hidden": false}}}}}}),
            ),
            (
                "docker: {daemon: {label: !!binary aHVudGVyMg==}}",
                serde_json::json!({"docker": {"daemon": {"label": MASK}}}),
            ),
            (
                "sshd: {options: {AuthorizedKeysCommand: /usr/bin/keys --token=hunter2}}",
                serde_json::json!({"sshd": {"options": {"AuthorizedKeysCommand": "/usr/bin/keys --token=(secret)"}}}),
            ),
        ] {
            let root = parse(text, 0).unwrap().root.unwrap();
            let notes = Notes::default();
            crate::document::yaml::decode_noting::<Config>(&root, &notes).unwrap();
            assert_eq!(masked(&root, &notes), expected, "{text}");
        }
    }
}
