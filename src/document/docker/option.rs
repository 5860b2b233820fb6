//! The settings of dockerd: what `/etc/docker/daemon.json` may hold, and the flags that say the same.
//!
//! Taken from dockerd(8) and its configuration of Docker 20.10 to 28, with those that older versions had. A setting that
//! is not here may be one of a newer version: it is warned of, not refused.

use serde_json::Value;

/// A setting of dockerd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaemonOption {
    /// Its key in daemon.json.
    pub key: &'static str,
    /// The flag that says the same, without the dashes.
    pub flag: &'static str,
    /// What its value is.
    kind: Kind,
}

/// What a value is in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// true or false.
    Bool,
    /// A number.
    Number,
    /// A string.
    Text,
    /// A list of strings.
    Texts,
    /// A mapping to strings.
    TextMap,
    /// A value with its own form.
    Other,
}

impl DaemonOption {
    /// The setting with this key.
    pub fn find(key: &str) -> Option<&'static Self> {
        OPTIONS.iter().find(|option| option.key == key)
    }

    /// The setting that this flag says too.
    pub fn of_flag(flag: &str) -> Option<&'static Self> {
        OPTIONS.iter().find(|option| option.flag == flag)
    }

    /// What dockerd has against this value, if anything.
    pub fn objection(&self, value: &Value) -> Option<String> {
        let is_string = |value: &Value| value.is_string() || value.is_null();
        let (fits, expected) = match (self.kind, value) {
            (Kind::Other, _) | (_, Value::Null) => return None,
            (Kind::Bool, value) => (value.is_boolean(), "true or false"),
            (Kind::Number, value) => (value.is_number(), "a number, without quotes"),
            (Kind::Text, value) => (value.is_string(), "a string"),
            (Kind::Texts, Value::Array(list)) => (list.iter().all(is_string), "a list of strings"),
            (Kind::Texts, _) => (false, "a list of strings"),
            (Kind::TextMap, Value::Object(map)) => (
                map.values().all(is_string),
                "a mapping to strings: put numbers and booleans in quotes",
            ),
            (Kind::TextMap, _) => (false, "a mapping to strings"),
        };
        (!fits).then(|| format!("dockerd takes `{}` as {expected}", self.key))
    }
}

/// The message for a key that is not a setting of dockerd.
pub fn unknown(key: &str) -> String {
    let likeness = |option: &DaemonOption| strsim::jaro_winkler(option.key, key);
    let said = format!(
        "`{}` is not a setting of dockerd that firstlight knows",
        key.escape_debug()
    );
    if let Some(option) = DaemonOption::of_flag(key) {
        return format!("{said}: in daemon.json it is called `{}`", option.key);
    }
    let nearest = OPTIONS.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match nearest.filter(|option| likeness(option) > 0.85) {
        Some(option) => format!("{said}, did you mean `{}`?", option.key),
        None => said,
    }
}

const fn option(key: &'static str, kind: Kind) -> DaemonOption {
    DaemonOption { key, flag: key, kind }
}

const fn named(key: &'static str, flag: &'static str, kind: Kind) -> DaemonOption {
    DaemonOption { key, flag, kind }
}

const OPTIONS: &[DaemonOption] = &[
    option("allow-direct-routing", Kind::Bool),
    option("allow-nondistributable-artifacts", Kind::Texts),
    option("api-cors-header", Kind::Text),
    named("authorization-plugins", "authorization-plugin", Kind::Texts),
    option("bip", Kind::Text),
    option("bip6", Kind::Text),
    option("bridge", Kind::Text),
    option("bridge-accept-fwmark", Kind::Text),
    option("builder", Kind::Other),
    named("cdi-spec-dirs", "cdi-spec-dir", Kind::Texts),
    option("cgroup-parent", Kind::Text),
    option("cluster-advertise", Kind::Text),
    option("cluster-store", Kind::Text),
    named("cluster-store-opts", "cluster-store-opt", Kind::TextMap),
    option("containerd", Kind::Text),
    option("containerd-namespace", Kind::Text),
    named(
        "containerd-plugin-namespace",
        "containerd-plugins-namespace",
        Kind::Text,
    ),
    option("cpu-rt-period", Kind::Number),
    option("cpu-rt-runtime", Kind::Number),
    option("cri-containerd", Kind::Bool),
    option("data-root", Kind::Text),
    option("debug", Kind::Bool),
    named("default-address-pools", "default-address-pool", Kind::Other),
    option("default-cgroupns-mode", Kind::Text),
    option("default-gateway", Kind::Text),
    option("default-gateway-v6", Kind::Text),
    option("default-ipc-mode", Kind::Text),
    named("default-network-opts", "default-network-opt", Kind::Other),
    option("default-runtime", Kind::Text),
    option("default-shm-size", Kind::Text),
    named("default-ulimits", "default-ulimit", Kind::Other),
    option("deprecated-key-path", Kind::Text),
    option("disable-legacy-registry", Kind::Bool),
    option("dns", Kind::Texts),
    named("dns-opts", "dns-opt", Kind::Texts),
    option("dns-search", Kind::Texts),
    named("exec-opts", "exec-opt", Kind::Texts),
    option("exec-root", Kind::Text),
    option("experimental", Kind::Bool),
    named("features", "feature", Kind::Other),
    option("firewall-backend", Kind::Text),
    option("fixed-cidr", Kind::Text),
    option("fixed-cidr-v6", Kind::Text),
    option("graph", Kind::Text),
    option("group", Kind::Text),
    option("host-gateway-ip", Kind::Text),
    option("host-gateway-ips", Kind::Texts),
    named("hosts", "host", Kind::Texts),
    option("icc", Kind::Bool),
    option("init", Kind::Bool),
    option("init-path", Kind::Text),
    named("insecure-registries", "insecure-registry", Kind::Texts),
    option("ip", Kind::Text),
    option("ip-forward", Kind::Bool),
    option("ip-forward-no-drop", Kind::Bool),
    option("ip-masq", Kind::Bool),
    option("ip6tables", Kind::Bool),
    option("iptables", Kind::Bool),
    option("ipv6", Kind::Bool),
    option("isolation", Kind::Text),
    named("labels", "label", Kind::Texts),
    option("live-restore", Kind::Bool),
    option("log-driver", Kind::Text),
    option("log-format", Kind::Text),
    option("log-level", Kind::Text),
    named("log-opts", "log-opt", Kind::TextMap),
    option("max-concurrent-downloads", Kind::Number),
    option("max-concurrent-uploads", Kind::Number),
    option("max-download-attempts", Kind::Number),
    option("metrics-addr", Kind::Text),
    option("min-api-version", Kind::Text),
    option("mtu", Kind::Number),
    option("network-control-plane-mtu", Kind::Number),
    option("network-diagnostic-port", Kind::Number),
    option("no-new-privileges", Kind::Bool),
    named("node-generic-resources", "node-generic-resource", Kind::Texts),
    named("nri-opts", "nri-opt", Kind::Other),
    option("oom-score-adjust", Kind::Number),
    option("pidfile", Kind::Text),
    option("proxies", Kind::Other),
    option("raw-logs", Kind::Bool),
    named("registry-mirrors", "registry-mirror", Kind::Texts),
    option("rootless", Kind::Bool),
    named("runtimes", "add-runtime", Kind::Other),
    option("seccomp-profile", Kind::Text),
    option("selinux-enabled", Kind::Bool),
    option("shutdown-timeout", Kind::Number),
    option("storage-driver", Kind::Text),
    named("storage-opts", "storage-opt", Kind::Texts),
    option("swarm-default-advertise-addr", Kind::Text),
    option("tls", Kind::Bool),
    option("tlscacert", Kind::Text),
    option("tlscert", Kind::Text),
    option("tlskey", Kind::Text),
    option("tlsverify", Kind::Bool),
    option("userland-proxy", Kind::Bool),
    option("userland-proxy-path", Kind::Text),
    option("userns-remap", Kind::Text),
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_is_sorted_and_each_key_is_there_once() {
        let keys: Vec<&str> = OPTIONS.iter().map(|option| option.key).collect();
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{keys:?}");
    }

    #[test]
    fn a_value_of_another_type_is_told() {
        for (key, value, words) in [
            ("live-restore", json!(true), ""),
            ("live-restore", json!("true"), "true or false"),
            ("mtu", json!(1400), ""),
            ("mtu", json!("1400"), "a number"),
            ("hosts", json!(["fd://"]), ""),
            ("hosts", json!("fd://"), "a list of strings"),
            ("dns", json!([1]), "a list of strings"),
            ("log-opts", json!({"max-file": "3"}), ""),
            ("log-opts", json!({"max-file": 3}), "put numbers and booleans in quotes"),
            ("log-opts", json!([]), "a mapping to strings"),
            ("data-root", json!(7), "a string"),
            ("data-root", Value::Null, ""),
            ("default-address-pools", json!([{"base": "10.0.0.0/8", "size": 24}]), ""),
        ] {
            let said = DaemonOption::find(key).unwrap().objection(&value);
            match words {
                "" => assert_eq!(said, None, "{key} {value}"),
                words => assert!(
                    said.as_ref().is_some_and(|said| said.contains(words)),
                    "{key} {value}: {said:?}"
                ),
            }
        }
    }

    #[test]
    fn a_typo_gets_the_nearest_key() {
        for (typo, words) in [
            ("live-restoree", "did you mean `live-restore`?"),
            ("log_driver", "did you mean `log-driver`?"),
            ("registry-mirror", "it is called `registry-mirrors`"),
            ("host", "it is called `hosts`"),
        ] {
            assert!(unknown(typo).contains(words), "{}", unknown(typo));
        }
        assert!(!unknown("zzz").contains("did you mean"));
    }
}
