//! The package managers, and what they are told.

use std::fmt;

use crate::document::commands::quoted;
use crate::document::packages::Package;
use crate::document::proxy::Proxy;
use crate::system::{Kind, ReadError, Root};

/// A package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// Photon's, tdnf(8).
    Tdnf,
    /// Fedora's, dnf(8).
    Dnf,
    /// Older Fedoras', yum(8).
    Yum,
    /// Debian's, apt-get(8).
    Apt,
    /// SUSE's, zypper(8).
    Zypper,
}

/// What Debian and its children have, and where apt is therefore the one that counts: dnf can be there for other systems'
/// sake.
const DEBIAN: &str = "/etc/debian_version";

/// All of them, each with its program. The first that is there counts.
const MANAGERS: [(Manager, &str); 5] = [
    (Manager::Tdnf, "/usr/bin/tdnf"),
    (Manager::Dnf, "/usr/bin/dnf"),
    (Manager::Yum, "/usr/bin/yum"),
    (Manager::Apt, "/usr/bin/apt-get"),
    (Manager::Zypper, "/usr/bin/zypper"),
];

/// Tries a command again where a mirror, or a lock, is late. Installs one by one where all together can't be: one name that
/// nobody knows doesn't cost the others.
const FUNCTIONS: &str = r#"retry() {
  for pause in 0 5 15 30 60; do
    sleep "$pause"
    "$@" && return
  done
  return 1
}
each() {
  failed=
  for package in "$@"; do
    run install "$package" || failed="$failed $package"
  done
  [ -z "$failed" ] || { echo "not installed:$failed"; return 1; }
}"#;

impl Manager {
    /// The one that this machine has.
    ///
    /// # Errors
    /// The machine can't be looked at.
    pub fn of(root: &Root) -> Result<Option<Self>, ReadError> {
        let is_file = |path: &str| -> Result<bool, ReadError> {
            let there = root.metadata_followed(path)?;
            Ok(there.is_some_and(|there| there.kind == Kind::File))
        };
        let is_debian = is_file(DEBIAN)?;
        let first = MANAGERS
            .iter()
            .filter(|(manager, _)| is_debian && *manager == Self::Apt);
        for (manager, path) in first.chain(&MANAGERS) {
            if is_file(path)? {
                return Ok(Some(*manager));
            }
        }
        Ok(None)
    }

    /// The paths of all programs, for a message.
    pub fn names() -> String {
        MANAGERS.map(|(_, path)| path).join(", ")
    }

    /// Whether a document means this one. Photon's and Fedora's take the same packages.
    pub fn is_called(self, name: &str) -> bool {
        match self {
            Self::Tdnf | Self::Dnf | Self::Yum => matches!(name, "tdnf" | "dnf" | "yum"),
            Self::Apt => name == "apt",
            Self::Zypper => name == "zypper",
        }
    }

    /// A package as it is called on the command line.
    pub fn word(self, package: &Package) -> String {
        let between = match self {
            Self::Tdnf | Self::Dnf | Self::Yum => "-",
            Self::Apt | Self::Zypper => "=",
        };
        let version = package.version.iter().flat_map(|version| [between, version]);
        std::iter::once(package.name.as_str()).chain(version).collect()
    }

    /// Whether it would remove a package that is called this way: to apt-get(8), a `-` at the end says so.
    pub fn removes(self, package: &Package) -> bool {
        self == Self::Apt && self.word(package).ends_with('-')
    }

    /// How it is run: it asks nobody, keeps settings that somebody has changed, and waits for its
    /// lock. apt gives packages' scripts no terminal: one that reads an answer from it would wait for ever. A mirror that doesn't answer is an error, also of apt, which only warns of it otherwise (apt-get(8) since 2.3). A version that the document has may be older than what an upgrade brought.
    fn run(self) -> &'static str {
        match self {
            Self::Tdnf => r#"run() { tdnf -y "$@"; }"#,
            Self::Dnf => r#"run() { dnf -y "$@"; }"#,
            Self::Yum => r#"run() { yum -y "$@"; }"#,
            Self::Apt => {
                "export DEBIAN_FRONTEND=noninteractive\n\
                 run() { apt-get -y -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
                 -o APT::Update::Error-Mode=any -o Dpkg::Use-Pty=0 --allow-downgrades \
                 -o Dpkg::Options::=--force-confold \"$@\"; }"
            }
            Self::Zypper => "export ZYPP_LOCK_TIMEOUT=300\nrun() { zypper --non-interactive \"$@\"; }",
        }
    }

    /// The words for updating its lists, and for upgrading.
    fn verbs(self) -> (&'static str, &'static str) {
        match self {
            Self::Tdnf | Self::Dnf | Self::Yum => ("makecache", "upgrade"),
            Self::Apt => ("update", "dist-upgrade"),
            Self::Zypper => ("refresh", "update"),
        }
    }

    /// The commands, one for each step.
    pub fn lines(self, proxy: Option<&Proxy>, upgrade: bool, packages: &[String]) -> Vec<String> {
        let (update, upgrading) = self.verbs();
        let proxy = proxy.map(variables).unwrap_or_default();
        let mut lines = vec![
            format!("# how {self} is run\n{proxy}{}\n{FUNCTIONS}", self.run()),
            format!("retry run {update}"),
        ];
        if upgrade {
            lines.push(format!("run {upgrading}"));
        }
        if !packages.is_empty() {
            let all = quoted(packages);
            lines.push(format!("run install {all} || each {all}"));
        }
        lines
    }
}

/// The proxy as all of them know it: curl(1), "ENVIRONMENT", and apt-transport-http(1).
fn variables(proxy: &Proxy) -> String {
    let set = |name: &str, value: &str| format!("export {name}={}\n", quoted(&[value.to_owned()]));
    let address = proxy.address.expose();
    let mut variables = set("http_proxy", address) + &set("https_proxy", address);
    if !proxy.except.is_empty() {
        variables += &set("no_proxy", &proxy.except.join(","));
    }
    variables
}

impl fmt::Display for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tdnf => "tdnf",
            Self::Dnf => "dnf",
            Self::Yum => "yum",
            Self::Apt => "apt",
            Self::Zypper => "zypper",
        })
    }
}
