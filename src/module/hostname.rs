//! What the machine is called: `/etc/hostname`, the kernel's host name, `/etc/hosts`.

use super::{Change, Expectation, FileChange, HostnameChange, Module, Plan, PlanError, Share, Stage};
use crate::document::Config;
use crate::document::hostname::{HOST_NAME_MAX, HostName, ManageEtcHosts};
use crate::system::{Machine, Metadata};

/// The hostname module.
#[derive(Debug, Clone, Copy)]
pub struct Hostname;

impl Module for Hostname {
    fn name(&self) -> &'static str {
        "hostname"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let Some(name) = applied_name(want) else {
            return Ok(plan);
        };
        if !want.preserve_hostname.unwrap_or(false) {
            // A machine has to have some name, so one that is too long is cut.
            let is_short = want.prefer_fqdn_over_hostname == Some(false);
            let kernels = if is_short { name.short() } else { name.fitting() };
            if !is_short && kernels != name.as_str() {
                plan.warn(format!(
                    "the kernel limits a host name to {HOST_NAME_MAX} bytes, and {} has {}: the machine is called \
                     {kernels}",
                    name.as_str(),
                    name.as_str().len()
                ));
            }
            let file = hostname_file(kernels, machine)?.share(Share::Lines).lasting();
            plan.changes.push(Change::File(file));
            plan.changes.push(Change::Hostname(HostnameChange {
                name: kernels.to_owned(),
            }));
            plan.expectations.push(Expectation::HostnameIs(kernels.to_owned()));
        }
        let file = match want.manage_etc_hosts.unwrap_or_default() {
            ManageEtcHosts::No => None,
            ManageEtcHosts::Whole => Some(hosts_file(machine, whole_hosts(want, name))?.headed()),
            ManageEtcHosts::Localhost => {
                let text = hosts_with_own_line(want, name, machine)?;
                Some(hosts_file(machine, text)?.share(Share::Lines))
            }
        };
        plan.changes.extend(file.map(Change::File));
        Ok(plan)
    }
}

/// The name that the machine gets. cloud-init on Photon prefers the platform's name to an explicit `hostname`; here
/// what the document says wins, and the fully qualified name is taken only where it is asked for or the only one given.
/// Its domain is left out where the document says that it isn't preferred.
fn applied_name(want: &Config) -> Option<&HostName> {
    let qualified = want
        .fqdn
        .as_ref()
        .filter(|_| want.prefer_fqdn_over_hostname.unwrap_or(false));
    qualified.or(want.hostname.as_ref()).or(want.fqdn.as_ref())
}

/// The names of the machine for `/etc/hosts`, the longest first: `web1.example.test web1`.
fn names(want: &Config, name: &HostName) -> String {
    let full = want.fqdn.as_ref().unwrap_or(name);
    let short = want.hostname.as_ref().unwrap_or(name).short();
    if full.as_str() == short {
        short.to_owned()
    } else {
        format!("{full} {short}", full = full.as_str())
    }
}

/// hostname(5): one line; comments and empty lines are not the name, so a file that says the name is left as it is.
fn hostname_file(name: &str, machine: &Machine<'_>) -> Result<FileChange, PlanError> {
    let path = "/etc/hostname";
    let text = match machine.read_text(path)? {
        Some(text) if static_name(&text) == Some(name) => text,
        _ => format!("{name}\n"),
    };
    Ok(like(machine.metadata(path)?, path, text))
}

fn static_name(text: &str) -> Option<&str> {
    text.lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))
}

fn like(as_is: Option<Metadata>, path: &str, text: String) -> FileChange {
    match as_is {
        // Everybody has to be able to read these two, whatever umask they were made under.
        Some(as_is) => FileChange::rewrite(
            path,
            text,
            &Metadata {
                mode: as_is.mode | 0o444,
                ..as_is
            },
        ),
        None => FileChange::write(path, text, 0o644),
    }
}

fn hosts_file(machine: &Machine<'_>, text: String) -> Result<FileChange, PlanError> {
    Ok(like(machine.metadata("/etc/hosts")?, "/etc/hosts", text))
}

fn whole_hosts(want: &Config, name: &HostName) -> String {
    format!(
        "127.0.0.1 localhost.localdomain localhost\n\
         127.0.1.1 {}\n\
         ::1 localhost ip6-localhost ip6-loopback\n\
         ff02::1 ip6-allnodes\n\
         ff02::2 ip6-allrouters\n",
        names(want, name)
    )
}

/// The file as it is, with one line of 127.0.1.1: where there is one already, that one.
fn hosts_with_own_line(want: &Config, name: &HostName, machine: &Machine<'_>) -> Result<String, PlanError> {
    let text = machine
        .read_text("/etc/hosts")?
        .unwrap_or_else(|| "127.0.0.1 localhost\n".to_owned());
    let own = format!("127.0.1.1 {}", names(want, name));
    let mut lines: Vec<&str> = text.lines().collect();
    let is_own = |line: &&str| line.split_whitespace().next() == Some("127.0.1.1");
    match lines.iter().position(is_own) {
        Some(at) if same_words(lines[at], &own) => return Ok(text),
        Some(at) => {
            lines[at] = &own;
            let mut seen = 0;
            lines.retain(|line| {
                !is_own(line) || {
                    seen += 1;
                    seen == 1
                }
            });
        }
        None => {
            let after = lines
                .iter()
                .rposition(|line| line.trim_start().starts_with("127."))
                .map_or(0, |at| at + 1);
            lines.insert(after, &own);
        }
    }
    Ok(lines.join("\n") + "\n")
}

fn same_words(a: &str, b: &str) -> bool {
    a.split_whitespace().eq(b.split_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Text, Texts};
    use crate::system::{Facts, Root};

    fn plan(document: &str, files: &[(&str, &str)]) -> Plan {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir(tree.path().join("etc")).unwrap();
        for (path, text) in files {
            std::fs::write(tree.path().join(path), text).unwrap();
        }
        let text = Text::new("user-data", document.as_bytes());
        let document = Document::read(&Texts {
            user_data: Some(text),
            ..Texts::default()
        });
        assert_eq!(document.diagnostics, []);
        let (root, facts) = (Root::open(tree.path()).unwrap(), Facts::default());
        Hostname.plan(&document.config, &Machine::new(&root, &facts)).unwrap()
    }

    fn written(plan: &Plan, path: &str) -> Option<String> {
        plan.changes.iter().find_map(|change| match change {
            Change::File(file) if file.path == path => {
                Some(String::from_utf8(file.content.as_ref().unwrap().bytes.to_vec()).unwrap())
            }
            _ => None,
        })
    }

    #[test]
    fn which_name_is_applied() {
        let table = [
            ("hostname: web1", Some("web1")),
            ("hostname: web1.example.test", Some("web1.example.test")),
            ("fqdn: web1.example.test", Some("web1.example.test")),
            ("{hostname: web1, fqdn: web1.example.test}", Some("web1")),
            (
                "{hostname: web1, fqdn: web1.example.test, prefer_fqdn_over_hostname: true}",
                Some("web1.example.test"),
            ),
            ("{hostname: web1, prefer_fqdn_over_hostname: true}", Some("web1")),
            (
                "{fqdn: web1.example.test, prefer_fqdn_over_hostname: false}",
                Some("web1"),
            ),
            (
                "{hostname: web1.example.test, prefer_fqdn_over_hostname: false}",
                Some("web1"),
            ),
            ("{hostname: web1, preserve_hostname: true}", None),
            ("{}", None),
        ];
        for (document, name) in table {
            let plan = plan(document, &[]);
            assert_eq!(
                written(&plan, "/etc/hostname"),
                name.map(|name| format!("{name}\n")),
                "{document}"
            );
            let kernel = plan.changes.iter().any(|c| {
                *c == Change::Hostname(HostnameChange {
                    name: name.unwrap_or_default().to_owned(),
                })
            });
            assert_eq!(kernel, name.is_some(), "{document}");
        }
    }

    #[test]
    fn a_name_that_is_too_long_for_the_kernel_is_its_first_label() {
        let long = format!("web1.{}.example", "d".repeat(60));
        let hosts = format!("127.0.0.1 localhost\n127.0.1.1 {long} web1\n");
        for (document, warnings) in [
            (format!("{{fqdn: {long}, manage_etc_hosts: localhost}}"), 1),
            (format!("{{hostname: {long}., manage_etc_hosts: localhost}}"), 1),
            (
                format!("{{hostname: web1, fqdn: {long}, manage_etc_hosts: localhost}}"),
                0,
            ),
            (
                format!(
                    "{{hostname: web1, fqdn: {long}, prefer_fqdn_over_hostname: true, manage_etc_hosts: localhost}}"
                ),
                1,
            ),
        ] {
            let plan = plan(&document, &[]);
            assert_eq!(written(&plan, "/etc/hostname").as_deref(), Some("web1\n"), "{document}");
            assert_eq!(
                written(&plan, "/etc/hosts").as_deref(),
                Some(hosts.as_str()),
                "{document}"
            );
            assert!(
                plan.changes.contains(&Change::Hostname(HostnameChange {
                    name: "web1".to_owned()
                })),
                "{document}"
            );
            assert_eq!(plan.notes.len(), warnings, "{document}: {:?}", plan.notes);
        }
    }

    #[test]
    fn a_file_that_says_the_name_stays_as_it_is() {
        let text = "# ours\n\nweb1\n";
        assert_eq!(
            written(&plan("hostname: web1", &[("etc/hostname", text)]), "/etc/hostname").as_deref(),
            Some(text)
        );
    }

    #[test]
    fn etc_hosts_is_kept_as_asked() {
        let hosts = "127.0.0.1 localhost\n::1 localhost\n";
        let document = "{hostname: web1, fqdn: web1.example.test, manage_etc_hosts: WAY}";
        let table = [
            ("false", hosts, None),
            (
                "localhost",
                hosts,
                Some("127.0.0.1 localhost\n127.0.1.1 web1.example.test web1\n::1 localhost\n"),
            ),
            (
                "localhost",
                "127.0.1.1\tweb1.example.test   web1\n",
                Some("127.0.1.1\tweb1.example.test   web1\n"),
            ),
            (
                "localhost",
                "127.0.1.1 old\n127.0.1.1 older\n# end\n",
                Some("127.0.1.1 web1.example.test web1\n# end\n"),
            ),
        ];
        for (way, before, after) in table {
            let plan = plan(&document.replace("WAY", way), &[("etc/hosts", before)]);
            assert_eq!(written(&plan, "/etc/hosts").as_deref(), after, "{way}");
        }
        let whole = written(&plan(&document.replace("WAY", "true"), &[]), "/etc/hosts").unwrap();
        assert!(whole.contains("127.0.1.1 web1.example.test web1\n"), "{whole}");
    }
}
