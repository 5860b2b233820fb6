//! `docker`: the container engine.

mod option;

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde_json::{Map, Value};

use super::Config;
use super::code::Code;
use super::problem::{Check, Problems};
use super::redact::redact;
use super::services::Service;

pub use option::DaemonOption;

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
}

impl<'de> Deserialize<'de> for Docker {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DockerVisitor)
    }
}

struct DockerVisitor;

impl<'de> Visitor<'de> for DockerVisitor {
    type Value = Docker;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, or a mapping with enabled, daemon and users")
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
        })
    }
}

impl Docker {
    /// What it asks of `docker.service`; `None` when nothing.
    pub fn service(&self) -> Option<Service> {
        self.enabled.map(Service::on)
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
        if *self == Self::default() {
            problems.of(Code::NoEffect).warning(
                &[],
                "this entry sets nothing",
                Some("write `docker: true` to enable and start docker"),
            );
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

fn contradict(docker: &Service, service: &Service) -> bool {
    (service.enabled.is_some() && service.enabled != docker.enabled)
        || (service.state.is_some() && service.state != docker.state)
        || (service.masked == Some(true) && docker.is_wanted())
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
                "expected one of `enabled`, `daemon`, `users`",
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
