//! `docker`: the container engine.

mod option;
mod registry;

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde_json::{Map, Value};

use super::Config;
use super::code::Code;
use super::problem::{Check, Problems};
use super::redact::redact;
use super::services::{Service, contradict};

pub use option::DaemonOption;
pub use registry::{InsecureRegistry, Login, LoginName, MirrorAddress, Registry};

/// The unit of the container engine.
pub const DOCKER_UNIT: &str = "docker.service";

/// `docker`: the container engine.
///
/// ```yaml
/// docker: true # enabled and started; false: disabled and stopped
/// ```
/// ```yaml
/// docker:
///   enabled: true
///   daemon: {log-driver: journald}      # /etc/docker/daemon.json, merged into what is there
///   users: [core]                       # may use it; that makes them as mighty as root
/// ```
/// ```yaml
/// docker:
///   registry_mirrors: [https://mirror.example.com]
///   logins: [{registry: ghcr.io, username: robot, password: ghp_abc}]
/// ```
#[derive(Clone, Default, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(default, deny_unknown_fields, transform = crate::vocabulary::schema::or_boolean))]
pub struct Docker {
    /// Whether it starts at boot and runs now: enabled and started, or disabled and stopped. Without it, docker stays as
    /// it is.
    pub enabled: Option<bool>,
    /// Settings for `/etc/docker/daemon.json` (dockerd(8)), merged into the existing ones. Mappings are merged key by
    /// key; everything else is replaced.
    ///
    /// ```yaml
    /// daemon: {log-driver: journald}
    /// ```
    pub daemon: Option<Map<String, Value>>,
    /// Accounts that become members of the group `docker`. Every member can become root.
    pub users: Vec<UserName>,
    /// Mirrors of Docker Hub, tried in this order: `registry-mirrors` of `daemon`.
    pub registry_mirrors: Vec<MirrorAddress>,
    /// Registries without TLS, or with a certificate that nobody vouches for: `insecure-registries` of `daemon`.
    pub insecure_registries: Vec<InsecureRegistry>,
    /// Logins at registries, in `/root/.docker/config.json`, merged into what is there.
    pub logins: Vec<Login>,
}

/// The name of an account, as useradd(8) of shadow allows it: it starts with a letter or `_`; letters, digits, `_`, `.`
/// and `-` follow; 32 bytes at most.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "DockerUser", extend("pattern" = r"^[A-Za-z_][A-Za-z0-9_.-]*$", "maxLength" = 32, "examples" = ["core"])))]
pub struct UserName(String);

impl UserName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for UserName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        if !starts_well || name.len() > 32 || !name.chars().all(allowed) {
            return Err(format!(
                "`{}` is not the name of an account: letters, digits, `_`, `.` and `-`, 32 bytes at most, a letter or `_` first",
                name.escape_debug()
            ));
        }
        Ok(Self(name))
    }
}

/// The mapping form of [`Docker`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "Docker")]
struct DockerMapping {
    enabled: Option<bool>,
    daemon: Option<Map<String, Value>>,
    users: Option<Vec<UserName>>,
    registry_mirrors: Option<Vec<MirrorAddress>>,
    insecure_registries: Option<Vec<InsecureRegistry>>,
    logins: Option<Vec<Login>>,
}

/// The lists that are settings of dockerd as well: the key here, and there.
const LISTS: [(&str, &str); 2] = [
    ("registry_mirrors", "registry-mirrors"),
    ("insecure_registries", "insecure-registries"),
];

impl<'de> Deserialize<'de> for Docker {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DockerVisitor)
    }
}

struct DockerVisitor;

impl<'de> Visitor<'de> for DockerVisitor {
    type Value = Docker;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, or a mapping with enabled, daemon, users and others")
    }

    fn visit_bool<E: de::Error>(self, enabled: bool) -> Result<Docker, E> {
        Ok(Docker {
            enabled: Some(enabled),
            ..Docker::default()
        })
    }

    /// Nothing is asked.
    fn visit_unit<E: de::Error>(self) -> Result<Docker, E> {
        Ok(Docker::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Docker, A::Error> {
        let mapping = DockerMapping::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Docker {
            enabled: mapping.enabled,
            daemon: mapping.daemon,
            users: mapping.users.unwrap_or_default(),
            registry_mirrors: mapping.registry_mirrors.unwrap_or_default(),
            insecure_registries: mapping.insecure_registries.unwrap_or_default(),
            logins: mapping.logins.unwrap_or_default(),
        })
    }
}

impl Docker {
    /// What it asks of `docker.service`; `None` when nothing.
    pub fn service(&self) -> Option<Service> {
        self.enabled.map(Service::on)
    }

    /// All settings of dockerd; `None` where nothing is set.
    pub fn settings(&self) -> Option<Map<String, Value>> {
        let lists = self.lists().into_iter().filter(|(_, list)| !list.is_empty());
        let lists: Vec<_> = lists
            .map(|((_, key), list)| (key.to_owned(), Value::from(list)))
            .collect();
        if self.daemon.is_none() && lists.is_empty() {
            return None;
        }
        Some(
            self.daemon
                .clone()
                .unwrap_or_default()
                .into_iter()
                .chain(lists)
                .collect(),
        )
    }

    /// The keys that lead to each of dockerd's settings.
    pub fn asked(&self) -> Vec<Vec<String>> {
        let path = |keys: &[&str]| keys.iter().map(ToString::to_string).collect();
        let daemon = self.daemon.iter().flat_map(Map::keys);
        let lists = self.lists().into_iter().filter(|(_, list)| !list.is_empty());
        let daemon = daemon.map(|key| path(&["docker", "daemon", key]));
        daemon
            .chain(lists.map(|((key, _), _)| path(&["docker", key])))
            .collect()
    }

    fn lists(&self) -> [((&'static str, &'static str), Vec<&str>); 2] {
        let [mirrors, insecure] = LISTS;
        [
            (
                mirrors,
                self.registry_mirrors.iter().map(MirrorAddress::as_str).collect(),
            ),
            (
                insecure,
                self.insecure_registries.iter().map(InsecureRegistry::as_str).collect(),
            ),
        ]
    }
}

impl fmt::Debug for Docker {
    /// Shows everything but what the settings themselves call a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let daemon = self
            .daemon
            .as_ref()
            .map(|daemon| Value::Object(daemon.clone()).to_string());
        f.debug_struct("Docker")
            .field("enabled", &self.enabled)
            .field("daemon", &daemon.as_deref().map(redact))
            .field("users", &self.users)
            .field("registry_mirrors", &self.registry_mirrors)
            .field("insecure_registries", &self.insecure_registries)
            .field("logins", &self.logins)
            .finish()
    }
}

impl Check for Docker {
    fn check(&self, problems: &mut Problems<'_>) {
        for (number, user) in self.users.iter().enumerate() {
            if self.users.iter().take(number).any(|earlier| earlier == user) {
                problems.of(Code::NoEffect).warning(
                    &["users", &number.to_string()],
                    format!("`{}` is already in the list", user.0),
                    None,
                );
            }
        }
        for (key, value) in self.daemon.iter().flatten() {
            let (said, hint) = match DaemonOption::find(key) {
                Some(option) => (
                    option.objection(value),
                    "dockerd refuses to start with another kind of value",
                ),
                None => (
                    Some(option::unknown(key)),
                    "dockerd refuses to start with an unknown setting",
                ),
            };
            if let Some(said) = said {
                problems.warning(&["daemon", key], said, Some(hint));
            }
        }
        self.check_registries(problems);
        if *self == Self::default() {
            problems.of(Code::NoEffect).warning(
                &[],
                "this entry sets nothing",
                Some("write `docker: true` to enable and start docker"),
            );
        }
    }
}

impl Docker {
    fn check_registries(&self, problems: &mut Problems<'_>) {
        for ((key, setting), list) in self.lists() {
            if !list.is_empty() && self.daemon.iter().any(|daemon| daemon.contains_key(setting)) {
                let message = format!("`daemon` sets `{setting}` as well");
                problems
                    .of(Code::Conflict)
                    .error(&[key], message, Some("set it in one place"));
            }
        }
        let mut seen = BTreeSet::new();
        for (number, login) in self.logins.iter().enumerate() {
            let number = number.to_string();
            for user in login.users() {
                if !seen.insert((user, login.registry.key())) {
                    let message = format!("{user} has a login at {} already", login.registry.key());
                    let hint = Some("docker keeps one for each registry");
                    problems.of(Code::Conflict).error(&["logins", &number], message, hint);
                }
            }
            if login.password.expose().is_empty() {
                problems.error(&["logins", &number, "password"], "the password is empty", None);
            }
        }
    }
}

/// Reports where `docker` and `services` ask different things of the same unit. Places are relative to the document.
pub(super) fn check_with_services(config: &Config, problems: &mut Problems<'_>) {
    let docker = config.docker.as_ref().and_then(Docker::service);
    let Some((docker, services)) = docker.zip(config.services.as_ref()) else {
        return;
    };
    for (name, service) in &services.0 {
        if name.unit().as_str() == DOCKER_UNIT && contradict(&docker, service) {
            let said = if docker.is_wanted() { "enabled" } else { "disabled" };
            let message = format!("`docker` says {said}, but this entry says something else about the same unit");
            problems
                .of(Code::Conflict)
                .error(&["services", name.written()], message, Some("set it in one place"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::problem::Problem;
    use super::super::services::Services;
    use super::*;
    use serde_json::json;

    fn decode(value: serde_json::Value) -> Result<Docker, String> {
        serde_json::from_value(value).map_err(|e| e.to_string())
    }

    #[test]
    fn docker_is_a_boolean_or_a_mapping() {
        assert_eq!(decode(json!(true)).unwrap().service(), Some(Service::on(true)));
        assert_eq!(decode(json!(false)).unwrap().service(), Some(Service::on(false)));
        let docker = decode(
            json!({"daemon": {"log-opts": {"max-file": "3"}, "mtu": 1400, "live-restore": true},
                                   "users": ["core", "dev_1"]}),
        )
        .unwrap();
        assert_eq!(docker.service(), None);
        assert_eq!(docker.users.len(), 2);
        let expected = json!({"log-opts": {"max-file": "3"}, "mtu": 1400, "live-restore": true});
        assert_eq!(Value::Object(docker.daemon.unwrap()), expected);
    }

    #[test]
    fn what_is_none_says_what_is_expected() {
        for (value, words) in [
            (json!("yes"), "expected true, false, or a mapping"),
            (
                json!({"user": ["core"]}),
                "expected one of `enabled`, `daemon`, `users`, `registry_mirrors`",
            ),
            (json!({"daemon": ["a"]}), "expected a map"),
            (json!({"users": ["co re"]}), "not the name of an account"),
            (json!({"users": [""]}), "not the name of an account"),
            (json!({"users": ["-x"]}), "not the name of an account"),
            (json!({"users": ["a:b"]}), "not the name of an account"),
        ] {
            let error = decode(value.clone()).unwrap_err();
            assert!(error.contains(words), "{value}: {error}");
        }
    }

    #[test]
    fn what_dockerd_would_not_take_is_a_warning() {
        let mut found = Vec::new();
        decode(json!({"daemon": {"live-restoree": true, "mtu": "1400", "log-opts": {"max-file": 3}, "debug": true}}))
            .unwrap()
            .check(&mut Problems::new(&mut found));
        let mut places: Vec<_> = found.iter().map(|p| (p.path.join("."), p.warning)).collect();
        places.sort();
        let warned = ["daemon.live-restoree", "daemon.log-opts", "daemon.mtu"];
        assert_eq!(places, warned.map(|place| (place.to_owned(), true)));
    }

    #[test]
    fn registries_are_settings_of_dockerd() {
        let docker = decode(json!({
            "daemon": {"debug": true}, "registry_mirrors": ["https://m.test"], "insecure_registries": ["r:5000"],
        }))
        .unwrap();
        let settings =
            json!({"debug": true, "registry-mirrors": ["https://m.test"], "insecure-registries": ["r:5000"]});
        assert_eq!(Value::Object(docker.settings().unwrap()), settings);
        let asked = docker.asked().iter().map(|keys| keys.join(".")).collect::<Vec<_>>();
        assert_eq!(
            asked,
            [
                "docker.daemon.debug",
                "docker.registry_mirrors",
                "docker.insecure_registries"
            ]
        );
        assert_eq!(decode(json!({"registry_mirrors": []})).unwrap().settings(), None);
    }

    #[test]
    fn what_is_asked_of_registries_is_asked_once() {
        let problems = |docker: Value| {
            let mut found = Vec::new();
            decode(docker).unwrap().check(&mut Problems::new(&mut found));
            let found = found.into_iter().map(|p| (p.path.join("."), p.warning));
            found.collect::<Vec<_>>()
        };
        let login = |registry: &str, users: Value| {
            let mut login = json!({"registry": registry, "username": "a", "password": "hunter2"});
            if !users.is_null() {
                login["users"] = users;
            }
            login
        };
        let error = |path: &str| (path.to_owned(), false);
        assert_eq!(
            problems(json!({"daemon": {"registry-mirrors": []}, "registry_mirrors": ["https://m"]})),
            [error("registry_mirrors")]
        );
        assert_eq!(
            problems(json!({"logins": [login("docker.io", json!(null)), login("index.docker.io", json!(["root"]))]})),
            [error("logins.1")]
        );
        let fine = json!({"logins": [login("a", json!(null)), login("a", json!(["core"])), login("b", json!([]))]});
        assert_eq!(problems(fine.clone()), []);
        assert!(!format!("{:?}", decode(fine).unwrap()).contains("hunter2"));
        let empty = json!({"logins": [{"registry": "a", "username": "a", "password": ""}]});
        assert_eq!(problems(empty), [error("logins.0.password")]);
    }

    #[test]
    fn null_asks_for_nothing() {
        assert_eq!(decode(json!(null)).unwrap(), Docker::default());
        let empty = decode(json!({"enabled": null, "daemon": null, "users": null})).unwrap();
        assert_eq!(empty, Docker::default());
    }

    #[test]
    fn a_user_twice_is_a_warning() {
        let mut found = Vec::new();
        decode(json!({"users": ["core", "core"]}))
            .unwrap()
            .check(&mut Problems::new(&mut found));
        let places: Vec<_> = found.iter().map(|p| (p.path.join("."), p.warning)).collect();
        assert_eq!(places, [("users.1".to_owned(), true)]);
    }

    #[test]
    fn docker_and_services_must_not_contradict() {
        let problems = |docker: Value, services: Value| -> Vec<Problem> {
            let services: Services = serde_json::from_value(services).unwrap();
            let mut found = Vec::new();
            let config = Config {
                docker: Some(decode(docker).unwrap()),
                services: Some(services),
                ..Config::default()
            };
            check_with_services(&config, &mut Problems::new(&mut found));
            found
        };
        for services in [
            json!({"docker": false}),
            json!({"docker.service": {"enabled": false}}),
            json!({"docker": {"masked": true}}),
            json!({"docker": {"state": "stopped"}}),
        ] {
            let found = problems(json!(true), services.clone());
            assert_eq!(found.len(), 1, "{services}");
            assert!(
                found
                    .iter()
                    .all(|p| !p.warning && p.path.first().is_some_and(|key| key == "services"))
            );
        }
        for (docker, services) in [
            (json!(true), json!({"docker": true, "docker.socket": false})),
            (json!(false), json!({"docker": {"masked": true}})),
            (json!({"users": ["core"]}), json!({"docker": false})),
        ] {
            assert_eq!(problems(docker, services), []);
        }
    }
}
