//! `public-keys` of meta-data: the keys that the platform gives the machine, in every shape in which one does.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::AuthorizedKey;
use super::yaml::{Node, Value, lines};

/// The most keys that are taken.
const LIMIT: usize = 1000;

/// Keys in one text a line each, in a list, or below names: `{name: key}`, EC2's `{0: {openssh-key: key}}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(schema_with = "anywhere"))]
pub struct PublicKeys(pub Vec<AuthorizedKey>);

/// Texts of lines, anywhere.
#[cfg(test)]
fn anywhere(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let keys = serde_json::json!({"$ref": "#/$defs/PublicKeys"});
    let pattern = r"^\s*$|\n|(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+|@openssh\.com)[ \t]+[A-Za-z0-9+/]{8}";
    schemars::json_schema!({
        "type": ["string", "array", "object", "null"],
        crate::vocabulary::schema::ONLY_TEXT: true,
        "pattern": pattern,
        "items": keys,
        "additionalProperties": keys,
    })
}

impl PublicKeys {
    fn add<E: Error>(&mut self, keys: Vec<AuthorizedKey>) -> Result<(), E> {
        self.0.extend(keys);
        match self.0.len() > LIMIT {
            true => Err(E::custom(format!("there are more than {LIMIT} public keys"))),
            false => Ok(()),
        }
    }

    /// Makes a list of each value of several lines, so that a line that is not a key doesn't take others with it. Empty
    /// lines and comments are left out, and an empty value is an empty list. `text` is what the node was read from.
    pub fn split_lines(node: &mut Node, text: &str) {
        match &mut node.value {
            Value::Mapping(entries) => entries.iter_mut().for_each(|e| Self::split_lines(&mut e.value, text)),
            Value::Sequence(items) => items.iter_mut().for_each(|item| Self::split_lines(item, text)),
            Value::Scalar(_) => lines::split(node, text, LIMIT + 1, |line| {
                let key = line.trim();
                (!key.is_empty() && !key.starts_with('#')).then_some(key)
            }),
        }
    }
}

impl<'de> Deserialize<'de> for PublicKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyShape)
    }
}

struct AnyShape;

impl<'de> Visitor<'de> for AnyShape {
    type Value = PublicKeys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a public key, or a list or a mapping of them")
    }

    fn visit_unit<E: Error>(self) -> Result<PublicKeys, E> {
        Ok(PublicKeys::default())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<PublicKeys, E> {
        let key = AuthorizedKey::deserialize(StrDeserializer::new(text))?;
        Ok(PublicKeys(vec![key]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<PublicKeys, A::Error> {
        let mut all = PublicKeys::default();
        while let Some(PublicKeys(keys)) = items.next_element()? {
            all.add(keys)?;
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<PublicKeys, A::Error> {
        let mut all = PublicKeys::default();
        // The names are the platform's own.
        while let Some((_, PublicKeys(keys))) = entries.next_entry::<IgnoredAny, _>()? {
            all.add(keys)?;
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use crate::document::{AuthorizedKey, Document, Text, Texts};

    const ONE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5";
    const TWO: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q6 two";

    fn read(user_data: &str, meta_data: &str) -> Document {
        let text = |origin, text: &'static str| Text::new(origin, text.as_bytes());
        Document::read(&Texts {
            user_data: Some(text("user-data", user_data.to_owned().leak())),
            meta_data: Some(text("meta-data", meta_data.to_owned().leak())),
            ..Texts::default()
        })
    }

    fn keys(document: &Document) -> Vec<&str> {
        document.config.platform_keys.iter().map(AuthorizedKey::line).collect()
    }

    #[test]
    fn every_shape_and_spelling() {
        for meta in [
            format!("public-keys: |\n  # mine\n  {ONE}\n\n  {TWO}\n"),
            format!("public-keys: \"{ONE}\\n{TWO}\"\n"),
            format!("public_keys:\n- {ONE}\n- {TWO}\n- {ONE}\n"),
            format!("public-keys-data:\n  me: {ONE}\n  you: ['{TWO}', '']\n"),
            format!("public_keys_data: {{0: {{openssh-key: {ONE}}}, 1: {{openssh-key: \"{TWO}\\n\"}}}}\n"),
            format!("public-keys: {ONE}\npublic_keys: {TWO}\n"),
            format!("{{\"public_keys\": {{\"a\": \"{ONE}\\n\", \"b\": \"{TWO}\\n\"}}}}"),
        ] {
            let document = read("", &meta);
            assert_eq!(document.diagnostics, [], "{meta}");
            assert_eq!(keys(&document), [ONE, TWO], "{meta}");
        }
        for meta in [
            "public-keys:\n",
            "public-keys: []\n",
            "public-keys: ''\n",
            "public_keys: {}\n",
        ] {
            let document = read("", meta);
            assert_eq!((document.diagnostics.len(), document.config.root), (0, None), "{meta}");
        }
    }

    #[test]
    fn they_have_an_end() {
        let key = format!("- {ONE}\n");
        for (count, diagnostics) in [(1000, 0), (1001, 1)] {
            assert_eq!(
                read("", &format!("public-keys:\n{}", key.repeat(count)))
                    .diagnostics
                    .len(),
                diagnostics
            );
        }
        let lines: String = (0..500_000).map(|n| format!("  x {n}\n")).collect();
        let text = format!("public-keys: |\n{lines}");
        // And that there are more.
        assert_eq!(read("", &text).diagnostics.len(), 101);
    }

    #[test]
    fn they_come_beside_the_documents_own() {
        let restricted = format!("restrict {ONE}");
        let user = format!("root: {{expire: true, ssh_authorized_keys: ['{restricted}']}}\n");
        let meta = format!("public-keys: ['{ONE}', '{TWO}']\n");
        let document = read(&user, &meta);
        assert_eq!(keys(&document), [ONE, TWO]);
        assert_eq!(document.config.root.as_ref().unwrap().expire, Some(true));
        let asked = document.asked(&["root.ssh_authorized_keys"]);
        let expected = [
            format!("root.ssh_authorized_keys: [{restricted}]"),
            format!("public-keys: [{TWO}]"),
        ];
        assert_eq!(asked, expected);
        assert_eq!(document.asked(&["hostname"]), Vec::<String>::new());
        let refused = read(&format!("allow_public_ssh_keys: false\n{user}"), &meta);
        assert_eq!(keys(&refused), Vec::<&str>::new());
        assert_eq!(refused.diagnostics, []);
    }

    #[test]
    fn what_is_no_key_is_reported_where_it_stands_and_takes_no_other_with_it() {
        for (meta, line) in [
            (
                format!("instance-id: i-1\npublic-keys:\n- {ONE}\n- hunter2\n- {TWO}\n"),
                4,
            ),
            (
                format!("instance-id: i-1\npublic-keys: |\n  {ONE}\n  hunter2\n  {TWO}\n"),
                4,
            ),
            (
                format!("instance-id: i-1\npublic-keys: \"{ONE}\\nhunter2\\n{TWO}\"\n"),
                2,
            ),
            (
                format!("instance-id: i-1\npublic-keys: {{a: ['{ONE}', '{TWO}'], name: hunter2}}\n"),
                2,
            ),
            (
                format!("instance-id: i-1\npublic-keys: 7\npublic_keys: ['{ONE}', '{TWO}']\n"),
                2,
            ),
        ] {
            let document = read("", &meta);
            let [found] = document.diagnostics.as_slice() else {
                panic!("{meta}: {:?}", document.diagnostics)
            };
            let shown = found.render(false);
            assert_eq!((found.file.as_str(), found.line), ("meta-data", line), "{shown}");
            assert!(shown.contains("public key") && !shown.contains("hunter2"), "{shown}");
            assert_eq!(keys(&document), [ONE, TWO], "{meta}");
            assert_eq!(document.meta_data.instance_id.as_deref(), Some("i-1"));
        }
    }
}
