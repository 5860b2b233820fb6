//! The settings as written in the file, and their checks.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;

use super::Settings;
use crate::document::one_or_many::one_or_many;
use crate::document::{Problems, Secret, duration};
use crate::source::signature::TrustedKey;
use crate::source::{Allow, Http, Name, Rules};

/// The file, key by key. Lists may be one value.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    sources: Option<Vec<Name>>,
    #[serde(default, deserialize_with = "one_or_many")]
    label: Vec<String>,
    device_timeout: Option<String>,
    source_timeout: Option<String>,
    allow: Option<Allow>,
    trusted_keys: Option<Vec<TrustedKey>>,
    #[serde(default)]
    http: HttpForm,
}

/// The restricting keys, with advice for one without a value. That is an error because the restriction may have been
/// lost.
pub const RESTRICTING: [(&str, &str); 3] = [
    (
        "allow",
        "list the kinds of sources that may configure this machine, write `allow: []` for none, or remove the key",
    ),
    (
        "trusted_keys",
        "list the public keys, or remove `trusted_keys` to require no signature",
    ),
    ("sources", "list the sources, or remove the key to search all of them"),
];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpForm {
    proxy: Option<Secret>,
    #[serde(default, deserialize_with = "one_or_many")]
    no_proxy: Vec<String>,
    #[serde(default, deserialize_with = "one_or_many")]
    ca_certificates: Vec<String>,
    timeout: Option<String>,
    retry_for: Option<String>,
}

impl Form {
    /// The settings, with defaults for missing keys; problems are added to `problems`.
    pub fn settings(self, problems: &mut Problems<'_>) -> Settings {
        self.check_lists(problems);
        let default = Settings::default();
        let mut time = |key: &str, said: Option<&String>, default, limits| {
            read_time(&mut problems.below(&[key]), said, default, limits)
        };
        let device_timeout = time(
            "device_timeout",
            self.device_timeout.as_ref(),
            default.device_timeout,
            seconds(0, 600),
        );
        let timeout = time(
            "source_timeout",
            self.source_timeout.as_ref(),
            default.rules.timeout,
            seconds(1, 120),
        );
        let labels = match self.label.is_empty() {
            true => default.rules.labels,
            false => self.label,
        };
        Settings {
            sources: self.sources,
            device_timeout,
            rules: Rules {
                labels,
                timeout,
                allow: self.allow.unwrap_or_default(),
                trusted_keys: self.trusted_keys.unwrap_or_default(),
                http: self.http.settings(&mut problems.below(&["http"])),
            },
        }
    }

    fn check_lists(&self, problems: &mut Problems<'_>) {
        if let Some(sources) = self.sources.as_ref() {
            let twice =
                (1..sources.len()).find(|at| sources.iter().take(*at).any(|name| sources.get(*at) == Some(name)));
            if let Some(at) = twice {
                problems.error(&["sources", &at.to_string()], "this source is named twice", None);
            }
            if sources.is_empty() {
                let hint = Some("remove the key to search all sources; `allow: []` forbids all of them");
                problems.error(&["sources"], "no source is named", hint);
            }
        }
        if self.trusted_keys.as_ref().is_some_and(Vec::is_empty) {
            let hint = Some("remove the key to require no signature");
            problems.error(&["trusted_keys"], "no key is given", hint);
        }
        for (at, label) in self.label.iter().enumerate() {
            if label.trim().is_empty() {
                let at = at.to_string();
                problems.error(&["label", &at], "a label has at least one character", None);
            }
        }
    }
}

impl HttpForm {
    fn settings(self, problems: &mut Problems<'_>) -> Http {
        let default = Http::default();
        let (timeout, retry_for) = (self.timeout.as_ref(), self.retry_for.as_ref());
        let timeout = read_time(
            &mut problems.below(&["timeout"]),
            timeout,
            default.timeout,
            seconds(1, 300),
        );
        let limits = seconds(0, 60 * 60);
        let retry_for = read_time(
            &mut problems.below(&["retry_for"]),
            retry_for,
            default.retry_for,
            limits,
        );
        if self.proxy.as_ref().is_some_and(|proxy| !is_proxy(proxy.expose())) {
            let hint = Some("write http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT");
            problems.error(&["proxy"], "this is not the address of a proxy", hint);
        }
        for (at, path) in self.ca_certificates.iter().enumerate() {
            if !path.starts_with('/') {
                let at = at.to_string();
                problems.error(&["ca_certificates", &at], "a path begins with a slash", None);
            }
        }
        for (at, host) in self.no_proxy.iter().enumerate() {
            if host.is_empty() || host.contains(|c: char| c == '/' || c.is_whitespace()) {
                let at = at.to_string();
                let hint = Some("write a host name, an address or `.example` for a domain; CIDR is not supported");
                problems.error(&["no_proxy", &at], "this is not a host", hint);
            }
        }
        Http {
            attended: default.attended,
            proxy: self.proxy,
            no_proxy: self.no_proxy,
            ca_certificates: self.ca_certificates,
            timeout,
            retry_for,
        }
    }
}

/// A proxy reached in plain text: the connections through it are encrypted themselves.
fn is_proxy(address: &str) -> bool {
    let host = address.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    let host = host.map(|rest| rest.rsplit_once('@').map_or(rest, |(_, host)| host));
    host.is_some_and(|host| !host.is_empty() && !host.contains(|c: char| c == '/' || c.is_whitespace()))
}

fn seconds(least: u64, most: u64) -> RangeInclusive<Duration> {
    Duration::from_secs(least)..=Duration::from_secs(most)
}

/// The given time, or the default; `problems` are those of its key.
fn read_time(
    problems: &mut Problems<'_>,
    said: Option<&String>,
    default: Duration,
    limits: RangeInclusive<Duration>,
) -> Duration {
    let Some(text) = said else { return default };
    duration::parse(text, limits).unwrap_or_else(|why| {
        problems.error(&[], format!("this is not a valid time: {why}"), None);
        default
    })
}
