//! A document as it may be kept: what was used of it, its secrets masked.

use serde_json::{Map, Value as Json};

use super::redact;
use super::secret::MASK;
use super::yaml::scalar::{Meaning, resolve};
use super::yaml::{Node, Value};

/// The tree as JSON; what stands at a place that names a secret is masked.
pub fn masked(node: &Node) -> Json {
    walk(node, false, false)
}

/// `secret`: what stands here is one; `keys`: keys that stand here are, too.
fn walk(node: &Node, secret: bool, keys: bool) -> Json {
    match &node.value {
        Value::Mapping(entries) => {
            let entry = |e: &super::yaml::Entry| {
                let key = e.key.text.as_str();
                let shown = if keys { MASK.into() } else { redact::redact(key) };
                let below = walk(&e.value, secret || names_a_secret(key), keys || redact::hides_keys(key));
                (shown.into_owned(), below)
            };
            Json::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
        Value::Sequence(items) => Json::Array(items.iter().map(|item| walk(item, secret, keys)).collect()),
        Value::Scalar(scalar) => match resolve(scalar) {
            Meaning::Null => Json::Null,
            Meaning::Bool(value) => Json::Bool(value),
            _ if secret => Json::String(MASK.to_owned()),
            Meaning::Int(value) => value.into(),
            Meaning::Float(value) => value.into(),
            Meaning::Text(text) => Json::String(redact::redact(text).into_owned()),
        },
    }
}

/// Whether what stands below this key is, or may be, a secret. `chpasswd.list` holds passwords in its lines.
pub fn names_a_secret(key: &str) -> bool {
    let plain = key.to_ascii_lowercase();
    redact::names_a_secret(key) || plain.contains("content") || plain.contains("list") || plain == "headers"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::parse;

    #[test]
    fn secrets_are_masked_and_the_rest_is_there() {
        let text = "hostname: web1\nroot: {password: hunter2, expire: no}\nchpasswd: {list: [\"a:hunter2\"], users: [{name: a, password: 12345}]}\n";
        let json = masked(&parse(text, 0).unwrap().root.unwrap());
        let shown = json.to_string();
        assert!(!shown.contains("hunter2") && !shown.contains("12345"), "{shown}");
        assert_eq!(json["hostname"], "web1");
        assert_eq!(json["root"]["expire"], false);
        assert_eq!(
            json["chpasswd"]["users"][0]["name"], MASK,
            "chpasswd as a whole names secrets"
        );
    }
}
