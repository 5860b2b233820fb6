//! The settings as written in the file, and their checks.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;

use super::Settings;
use crate::document::one_or_many::one_or_many;
use crate::document::proxy::{NO_PROXY_ADDRESS, Proxy, is_proxy};
use crate::document::users::User;
use crate::document::{Check, Problems, Secret, duration};
use crate::source::signature::TrustedKey;
use crate::source::{Allow, Http, KeySites, Name, Rules};
use crate::vocabulary::Address;

/// The file, key by key. Lists may be one value.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Form {
    /// Which sources are asked, in this order: the first that has a seed is taken. Without it all are, and two that say
    /// different things are refused.
    ///
    /// ```yaml
    /// sources: [vmware, nocloud]
    /// ```
    #[cfg_attr(test, schemars(extend("x-not-null" = true)))]
    sources: Option<Vec<Name>>,
    /// The labels of the volumes that NoCloud reads. Default: cidata.
    ///
    /// ```yaml
    /// label: cidata
    /// ```
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(test, schemars(with = "crate::vocabulary::schema::OneOrMany<String>", transform = crate::vocabulary::schema::each("\\S")))]
    label: Vec<String>,
    /// How long a first boot waits for a device with a seed, 0s to 10m. Default: 30s.
    #[cfg_attr(test, schemars(extend("pattern" = "^[0-9]+[smh]$", "examples" = ["30s"])))]
    device_timeout: Option<String>,
    /// How long one source may look, 1s to 2m. Default: 10s.
    #[cfg_attr(test, schemars(extend("pattern" = "^[0-9]+[smh]$", "examples" = ["30s"])))]
    source_timeout: Option<String>,
    /// What may tell this machine anything; `[]` where nothing may. Without it, all may.
    ///
    /// ```yaml
    /// allow: [hypervisor]
    /// ```
    #[cfg_attr(test, schemars(extend("x-not-null" = true)))]
    allow: Option<Allow>,
    /// minisign's public keys. With them, nothing is taken that none of them has signed.
    #[cfg_attr(test, schemars(extend("x-not-null" = true)))]
    trusted_keys: Option<Vec<TrustedKey>>,
    /// How addresses are fetched.
    ///
    /// ```yaml
    /// http: {timeout: 30s, retry_for: 10m}
    /// ```
    #[serde(default)]
    http: HttpForm,
    /// Where the public keys of `ssh_import_id` are, in place of GitHub and Launchpad.
    ///
    /// ```yaml
    /// key_sites: {gh: 'https://github.example.com/%s.keys'}
    /// ```
    #[serde(default)]
    key_sites: KeySitesForm,
    /// The default user, which `default` in a document's `users` stands for, with the keys of an item of `users`. Default:
    /// that of the distribution; Photon has none.
    ///
    /// ```yaml
    /// default_user: {name: core, groups: [docker], sudo: 'ALL=(ALL) NOPASSWD:ALL'}
    /// ```
    #[cfg_attr(test, schemars(extend("x-not-null" = true)))]
    default_user: Option<Box<User>>,
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct KeySitesForm {
    /// The address of the keys of `gh:NAME`; `%s` stands for the name. Default: that of GitHub.
    ///
    /// ```yaml
    /// gh: https://github.example.com/%s.keys
    /// ```
    gh: Option<Address>,
    /// The address of the keys of `lp:NAME`; `%s` stands for the name. Default: that of Launchpad.
    ///
    /// ```yaml
    /// lp: https://keys.example.com/%s
    /// ```
    lp: Option<Address>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct HttpForm {
    /// The proxy for all addresses, as `http://HOST:PORT` or `http://USER:PASSWORD@HOST:PORT`.
    ///
    /// ```yaml
    /// proxy: http://proxy.example.com:3128
    /// ```
    proxy: Option<Secret>,
    /// Host names and addresses that are fetched without the proxy; `.example.com` stands for a domain.
    ///
    /// ```yaml
    /// no_proxy: [.example.com]
    /// ```
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(test, schemars(with = "crate::vocabulary::schema::OneOrMany<String>", transform = crate::vocabulary::schema::each("^[^/\\s]+$")))]
    no_proxy: Vec<String>,
    /// Files with certificates that are trusted besides the system's.
    ///
    /// ```yaml
    /// ca_certificates: [/etc/ssl/own.pem]
    /// ```
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(test, schemars(with = "crate::vocabulary::schema::OneOrMany<String>", transform = crate::vocabulary::schema::each("^/")))]
    ca_certificates: Vec<String>,
    /// How long one request may take, 1s to 5m. Default: 30s.
    #[cfg_attr(test, schemars(extend("pattern" = "^[0-9]+[smh]$", "examples" = ["30s"])))]
    timeout: Option<String>,
    /// How long is tried again, 0s to 1h. Default: 5m.
    #[cfg_attr(test, schemars(extend("pattern" = "^[0-9]+[smh]$", "examples" = ["30s"])))]
    retry_for: Option<String>,
}

impl Form {
    /// The settings, with defaults for missing keys; problems are added to `problems`.
    pub fn settings(self, problems: &mut Problems<'_>) -> Settings {
        self.check_lists(problems);
        if let Some(user) = &self.default_user {
            user.check(&mut problems.below(&["default_user"]));
        }
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
                key_sites: KeySites {
                    gh: self.key_sites.gh,
                    lp: self.key_sites.lp,
                },
            },
            default_user: self.default_user,
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
            let (message, hint) = NO_PROXY_ADDRESS;
            problems.error(&["proxy"], message, Some(hint));
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
            proxy: self.proxy.map(|address| Proxy {
                address,
                except: self.no_proxy,
            }),
            ca_certificates: self.ca_certificates,
            timeout,
            retry_for,
        }
    }
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
