//! The variables of a Jinja template, as cloud-init's instance-data has them
//! (<https://docs.cloud-init.io/en/latest/explanation/instancedata.html>): `v1.*`, the same without `v1.`, and `ds.*`.

use serde_json::{Map, Value as Json};

use crate::document::users::{self, User};
use crate::document::yaml::{Node, Value, parse, to_json};

/// The names below `v1`; each is also defined without `v1`.
pub const V1: [&str; 16] = [
    "availability_zone",
    "cloud_id",
    "cloud_name",
    "distro",
    "distro_release",
    "distro_version",
    "instance_id",
    "kernel_release",
    "local_hostname",
    "machine",
    "platform",
    "public_ssh_keys",
    "region",
    "subplatform",
    "system_platform",
    "variant",
];

/// What the machine knows of itself; empty if unknown. Templates may ask for all but the default user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MachineFacts {
    /// The distribution: `ID` of os-release(5).
    pub distro: String,
    /// Its version: `VERSION_ID`.
    pub distro_version: String,
    /// The name of its version, as cloud-init has it: mostly `VERSION_CODENAME`.
    pub distro_release: String,
    /// The release of the running kernel.
    pub kernel_release: String,
    /// The processor architecture, as uname(2) names it.
    pub machine: String,
    /// The default user that the machine's owner has chosen in `/etc/firstlight/config.yaml`.
    pub default_user: Option<Box<User>>,
}

impl MachineFacts {
    /// The default user: the owner's choice, or else the distribution's.
    pub fn default_user(&self) -> Option<User> {
        let chosen = self.default_user.as_deref().cloned();
        chosen.or_else(|| users::of_distribution(&self.distro))
    }
}

/// The variables of a template. A document can be checked anywhere, so the machine's own may be unknown.
#[derive(Debug, Clone, PartialEq)]
pub struct Variables {
    /// The values.
    pub values: Json,
    /// Whether they are those of the target machine.
    pub are_known: bool,
}

impl Variables {
    /// The variables of a machine; without `facts`, of an unknown one. `meta_data`: its text, if there is any.
    pub fn of(source: &str, meta_data: Option<&str>, facts: Option<&MachineFacts>) -> Self {
        let node = meta_data.and_then(|text| parse(text, 0).ok()?.root);
        let meta = node.as_ref().map_or(Json::Null, to_json);
        let v1 = v1(source, node.as_ref(), &meta, facts);
        let mut values = aliased(&v1);
        if let Json::Object(values) = &mut values {
            values.insert("v1".to_owned(), aliased(&v1));
            values.insert("ds".to_owned(), aliased(&serde_json::json!({ "meta_data": meta })));
        }
        Self {
            values,
            are_known: facts.is_some(),
        }
    }

    /// The number of this machine among those started together, if the platform says it.
    pub fn launch_index(meta_data: &str) -> Option<i64> {
        let root = parse(meta_data, 0).ok()?.root?;
        let node = root.get("launch-index").or_else(|| root.get("launch_index"))?;
        to_json(node).as_i64()
    }
}

/// The keys of `v1`. What is unknown is left out: using it is an error, not an empty text.
fn v1(source: &str, node: Option<&Node>, meta: &Json, facts: Option<&MachineFacts>) -> Json {
    let text = |key: &str| node.and_then(|node| as_written(node.get(key)?)).unwrap_or_default();
    let known = |names: &[&str]| names.iter().map(|name| text(name)).find(|text| !text.is_empty());
    let facts = facts.cloned().unwrap_or_default();
    let cloud = source.split(' ').next().unwrap_or_default();
    let host = known(&["local-hostname", "local_hostname"]).unwrap_or_default();
    let all = [
        ("availability_zone", known(&["availability-zone", "availability_zone"])),
        ("cloud_id", Some(cloud.to_owned())),
        ("cloud_name", Some(cloud.to_owned())),
        ("distro", Some(facts.distro.clone())),
        ("distro_release", Some(facts.distro_release)),
        ("distro_version", Some(facts.distro_version)),
        ("instance_id", known(&["instance-id", "instance_id"])),
        ("kernel_release", Some(facts.kernel_release)),
        ("local_hostname", host.split('.').next().map(str::to_owned)),
        ("machine", Some(facts.machine)),
        ("platform", Some(cloud.to_owned())),
        ("region", known(&["region"])),
        ("subplatform", Some(source.to_owned())),
        ("system_platform", Some("linux".to_owned())),
        ("variant", Some(facts.distro)),
    ];
    let said = all.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let said = said.filter(|(_, value)| !value.is_empty());
    let mut v1: Map<String, Json> = said.map(|(name, value)| (name.to_owned(), value.into())).collect();
    let keys = ["public-keys", "public_keys", "public-keys-data"];
    if let Some(keys) = keys.iter().find_map(|key| meta.get(key)) {
        v1.insert("public_ssh_keys".to_owned(), lines_of(keys));
    }
    Json::Object(v1)
}

/// A single value as it is written: an instance ID may look like a number.
fn as_written(node: &Node) -> Option<String> {
    match &node.value {
        Value::Scalar(scalar) if !node.is_null() => Some(scalar.text.to_string()),
        _ => None,
    }
}

/// SSH keys as a list, whichever shape they have.
fn lines_of(keys: &Json) -> Json {
    match keys {
        Json::String(text) => text.lines().filter(|line| !line.trim().is_empty()).collect(),
        Json::Object(named) => named.values().cloned().collect(),
        other => other.clone(),
    }
}

/// The same, with each key that an expression can't name (`local-hostname`) also under a name that it can.
fn aliased(value: &Json) -> Json {
    let Json::Object(entries) = value else {
        return value.clone();
    };
    let mut all = Map::new();
    for (key, value) in entries {
        let alias = key.replace(|c: char| !c.is_alphanumeric(), "_");
        let value = aliased(value);
        all.entry(alias).or_insert_with(|| value.clone());
        all.insert(key.clone(), value);
    }
    Json::Object(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v1_and_the_meta_data_with_dashes_and_underscores() {
        let meta =
            "instance-id: i-1\nlocal-hostname: web1.example.test\nnested: {a.b: 1}\npublic-keys: [ssh-ed25519 A]\n";
        let facts = MachineFacts {
            distro: "photon".to_owned(),
            ..MachineFacts::default()
        };
        let variables = Variables::of("nocloud /dev/sr0", Some(meta), Some(&facts));
        let values = &variables.values;
        assert!(variables.are_known);
        for (pointer, value) in [
            ("/v1/instance_id", "i-1"),
            ("/instance_id", "i-1"),
            ("/v1/local_hostname", "web1"),
            ("/v1/distro", "photon"),
            ("/v1/cloud_name", "nocloud"),
            ("/v1/public_ssh_keys/0", "ssh-ed25519 A"),
            ("/ds/meta_data/local-hostname", "web1.example.test"),
            ("/ds/meta_data/local_hostname", "web1.example.test"),
        ] {
            assert_eq!(values.pointer(pointer).and_then(Json::as_str), Some(value), "{pointer}");
        }
        assert_eq!(values.pointer("/ds/meta_data/nested/a_b"), Some(&1.into()));
        assert_eq!(values.pointer("/v1/region"), None);
    }

    #[test]
    fn an_instance_id_and_a_name_are_texts_also_where_they_look_like_something_else() {
        for written in ["1", "12345", "0123", "1.10", "yes", "0x1f", "'7'"] {
            let meta = format!("instance-id: {written}\nlocal-hostname: {written}\nregion: {written}\n");
            let values = Variables::of("nocloud", Some(&meta), None).values;
            let text = written.trim_matches('\'');
            let host = text.split('.').next();
            for (key, value) in [
                ("instance_id", Some(text)),
                ("local_hostname", host),
                ("region", Some(text)),
            ] {
                for pointer in [format!("/v1/{key}"), format!("/{key}")] {
                    assert_eq!(
                        values.pointer(&pointer).and_then(Json::as_str),
                        value,
                        "{pointer} {written}"
                    );
                }
            }
        }
        // What `ds` has is what YAML says.
        let values = Variables::of(
            "nocloud",
            Some("instance-id: 1\nlocal-hostname: ~\nregion: [a]\n"),
            None,
        )
        .values;
        assert_eq!(values.pointer("/ds/meta_data/instance_id"), Some(&1.into()));
        assert_eq!(
            (values.pointer("/v1/local_hostname"), values.pointer("/v1/region")),
            (None, None)
        );
    }

    #[test]
    fn the_number_of_the_machine_is_the_platforms() {
        for (text, number) in [
            ("launch-index: 3\n", Some(3)),
            ("launch_index: '4'\n", None),
            ("instance-id: x\n", None),
        ] {
            assert_eq!(Variables::launch_index(text), number, "{text}");
        }
    }
}
