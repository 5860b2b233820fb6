//! `services`: which units are enabled and running.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};

use super::code::Code;
use super::problem::{Check, Problems};
use crate::system::systemd::{NameKind, UnitName};

/// `services`: units by name, and the state of each.
///
/// ```yaml
/// services:
///   docker: true                        # enabled and started; false: disabled and stopped
///   chronyd: {enabled: true}            # at the next boot; now it stays as it is
///   getty@tty2.service: {masked: true}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Services(pub BTreeMap<ServiceName, Service>);

/// The name of a unit, as systemd.unit(5) allows it. Without a suffix, `.service` is meant: `docker`,
/// `docker.socket`, `getty@tty2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^([A-Za-z0-9:_\\@-]+|[A-Za-z0-9:_.\\@-]+\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope))$", "maxLength" = 255, "examples" = ["docker", "getty@tty2.service"])))]
pub struct ServiceName {
    written: String,
    unit: UnitName,
}

/// The state of a unit. `true` means enabled and started, `false` disabled and stopped; in a mapping, what is not
/// mentioned stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(default, deny_unknown_fields, transform = crate::vocabulary::schema::or_boolean))]
pub struct Service {
    /// Whether it starts at boot: its `[Install]` links are made, or removed.
    pub enabled: Option<bool>,
    /// Whether it is masked, so that nothing can start it.
    pub masked: Option<bool>,
    /// Whether it runs now.
    pub state: Option<ServiceState>,
}

/// Whether a unit runs. (There is no `restarted`: it would be another machine after each apply.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum ServiceState {
    /// It runs.
    Started,
    /// It doesn't.
    Stopped,
}

impl ServiceName {
    /// The key in the document.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The unit's full name.
    pub fn unit(&self) -> &UnitName {
        &self.unit
    }
}

impl TryFrom<String> for ServiceName {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let name = match written.contains('.') {
            false if !written.is_empty() => format!("{written}.service"),
            _ => written.clone(),
        };
        let unit = UnitName::parse(&name)?;
        Ok(Self { written, unit })
    }
}

impl Service {
    /// Enabled and started, or disabled and stopped.
    pub fn on(on: bool) -> Self {
        Self {
            enabled: Some(on),
            masked: None,
            state: Some(if on {
                ServiceState::Started
            } else {
                ServiceState::Stopped
            }),
        }
    }

    /// Whether it is asked to be of any use: enabled or started.
    pub fn is_wanted(&self) -> bool {
        self.enabled == Some(true) || self.state == Some(ServiceState::Started)
    }
}

/// The mapping form of [`Service`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "Service")]
struct ServiceMapping {
    enabled: Option<bool>,
    masked: Option<bool>,
    state: Option<ServiceState>,
}

impl<'de> Deserialize<'de> for Service {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ServiceVisitor)
    }
}

struct ServiceVisitor;

impl<'de> Visitor<'de> for ServiceVisitor {
    type Value = Service;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, or a mapping with enabled, masked and state")
    }

    fn visit_bool<E: de::Error>(self, on: bool) -> Result<Service, E> {
        Ok(Service::on(on))
    }

    /// Nothing is asked.
    fn visit_unit<E: de::Error>(self) -> Result<Service, E> {
        Ok(Service::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Service, A::Error> {
        let mapping = ServiceMapping::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Service {
            enabled: mapping.enabled,
            masked: mapping.masked,
            state: mapping.state,
        })
    }
}

impl Check for Services {
    fn check(&self, problems: &mut Problems<'_>) {
        let mut written: BTreeMap<&UnitName, &str> = BTreeMap::new();
        for (name, service) in &self.0 {
            service.check(&mut problems.below(&[name.written()]));
            check_template(name.unit(), service, &mut problems.below(&[name.written()]));
            if let Some(other) = written.insert(name.unit(), name.written()) {
                let message = format!("`{}` and `{other}` are the same unit", name.written());
                problems
                    .of(Code::Conflict)
                    .error(&[name.written()], message, Some("keep one of them"));
            }
        }
    }
}

impl Check for Service {
    fn check(&self, problems: &mut Problems<'_>) {
        if self.masked == Some(true) && self.enabled == Some(true) {
            problems
                .of(Code::Conflict)
                .error(&["enabled"], "a masked unit can't be enabled", Some("keep one of them"));
        }
        if self.masked == Some(true) && self.state == Some(ServiceState::Started) {
            problems
                .of(Code::Conflict)
                .error(&["state"], "a masked unit can't be started", Some("keep one of them"));
        }
        if *self == Self::default() {
            problems.of(Code::NoEffect).warning(
                &[],
                "this entry sets nothing",
                Some("set `enabled`, `masked` or `state`"),
            );
        }
    }
}

/// Whether two areas ask for different things of one unit.
pub(super) fn contradict(one: &Service, other: &Service) -> bool {
    let differ = |one: Option<bool>, other: Option<bool>| one.zip(other).is_some_and(|(one, other)| one != other);
    let states = one.state.zip(other.state);
    differ(one.enabled, other.enabled)
        || differ(one.masked, other.masked)
        || states.is_some_and(|(one, other)| one != other)
        || (one.masked == Some(true) && other.is_wanted())
        || (other.masked == Some(true) && one.is_wanted())
}

pub(super) fn check_template(unit: &UnitName, service: &Service, problems: &mut Problems<'_>) {
    if unit.kind() == NameKind::Template && service.state.is_some() {
        let hint = format!("name an instance: {}@NAME.{}", unit.prefix(), unit.suffix());
        problems.error(
            &[],
            "a template can be enabled, but only its instances run",
            Some(&hint),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::problem::Problem;
    use super::*;

    fn decode(json: &str) -> Result<Services, String> {
        serde_json::from_str(json).map_err(|e| e.to_string())
    }

    fn problems(json: &str) -> Vec<Problem> {
        let mut found = Vec::new();
        decode(json).unwrap().check(&mut Problems::new(&mut found));
        found
    }

    #[test]
    fn a_service_is_a_boolean_or_a_mapping() {
        let services = decode(
            r#"{"docker": true, "a.socket": false, "getty@tty2": {"enabled": true}, "b": {"masked": true, "state": "stopped"}}"#,
        )
        .unwrap();
        let found: Vec<_> = services
            .0
            .iter()
            .map(|(name, s)| (name.written(), name.unit().as_str(), *s))
            .collect();
        let service = |enabled, masked, state| Service { enabled, masked, state };
        assert_eq!(
            found,
            [
                (
                    "a.socket",
                    "a.socket",
                    service(Some(false), None, Some(ServiceState::Stopped))
                ),
                ("b", "b.service", service(None, Some(true), Some(ServiceState::Stopped))),
                (
                    "docker",
                    "docker.service",
                    service(Some(true), None, Some(ServiceState::Started))
                ),
                ("getty@tty2", "getty@tty2.service", service(Some(true), None, None)),
            ]
        );
    }

    #[test]
    fn what_is_none_says_what_is_expected() {
        for (json, words) in [
            (r#"{"docker": "on"}"#, "expected true, false, or a mapping"),
            (
                r#"{"docker": {"enable": true}}"#,
                "expected one of `enabled`, `masked`, `state`",
            ),
            (
                r#"{"docker": {"state": "restarted"}}"#,
                "expected `started` or `stopped`",
            ),
            (r#"{"docker.servce": true}"#, "not a type of unit"),
            (r#"{"my docker": true}"#, "` ` is not allowed"),
            (r#"{"": true}"#, "can't be empty"),
            (r#"["docker"]"#, "expected a map"),
        ] {
            let error = decode(json).unwrap_err();
            assert!(error.contains(words), "{json}: {error}");
        }
    }

    #[test]
    fn contradictions_are_found_at_their_place() {
        let places = |json: &str| -> Vec<(String, bool)> {
            problems(json)
                .into_iter()
                .map(|p| (p.path.join("."), p.warning))
                .collect()
        };
        let error = |place: &str| (place.to_owned(), false);
        assert_eq!(
            places(r#"{"a": {"masked": true, "enabled": true}}"#),
            [error("a.enabled")]
        );
        assert_eq!(
            places(r#"{"a": {"masked": true, "state": "started"}}"#),
            [error("a.state")]
        );
        assert_eq!(places(r#"{"a@": true}"#), [error("a@")]);
        assert_eq!(places(r#"{"a@": {"enabled": true}}"#), []);
        assert_eq!(places(r#"{"a": true, "a.service": true}"#), [error("a.service")]);
        assert_eq!(places(r#"{"a": {}}"#), [("a".to_owned(), true)]);
        assert_eq!(
            places(r#"{"a": null}"#),
            [("a".to_owned(), true)],
            "null asks for nothing"
        );
        assert_eq!(
            places(r#"{"a": {"masked": true, "enabled": false, "state": "stopped"}}"#),
            []
        );
    }
}
