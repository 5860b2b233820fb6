//! `resolv_conf`: a drop-in of systemd-resolved where that answers for the machine, else `/etc/resolv.conf` itself.

use super::{Change, Dirty, FileChange, Module, Plan, PlanError, Stage};
use crate::document::Config;
use crate::document::resolv_conf::{OptionValue, ResolvConf as Wanted};
use crate::document::services::ServiceState;
use crate::system::systemd::{UnitFile, UnitFileState, UnitName, unit_file_state};
use crate::system::{Kind, Machine, ReadError, UnitFacts};

/// What every program reads.
const FILE: &str = "/etc/resolv.conf";

/// Our drop-in, resolved.conf(5).
const DROP_IN: &str = "/etc/systemd/resolved.conf.d/10-firstlight.conf";

/// What reads it.
const UNIT: &str = "systemd-resolved.service";

/// The files to which `/etc/resolv.conf` points where resolved answers.
const RESOLVEDS: [&str; 3] = [
    "/run/systemd/resolve/stub-resolv.conf",
    "/run/systemd/resolve/resolv.conf",
    "/usr/lib/systemd/resolv.conf",
];

/// Where resolved itself listens: nobody answers there without it.
const STUBS: [&str; 2] = ["127.0.0.53", "127.0.0.54"];

/// The C library asks no more servers than these.
const SERVERS_MAX: usize = 3;

/// Has the document's servers resolve names.
#[derive(Debug, Clone, Copy)]
pub struct ResolvConf;

impl Module for ResolvConf {
    fn name(&self) -> &'static str {
        "resolv_conf"
    }

    /// resolved may have started before any document was found: it is restarted, which takes the bus.
    fn stage(&self) -> Stage {
        Stage::System
    }

    fn observes(&self, want: &Config) -> Vec<String> {
        wanted(want).map(|_| UNIT.to_owned()).into_iter().collect()
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let Some(wanted) = wanted(want) else { return Ok(plan) };
        let link = link(machine)?;
        let is_resolveds = match &link {
            Link::Elsewhere(target) => RESOLVEDS.contains(&target.as_str()),
            Link::Missing => true,
            Link::File => false,
        };
        if is_resolveds && resolved_answers(want, machine)? {
            plan_drop_in(wanted, &mut plan);
        } else {
            plan_file(wanted, &link, machine, &mut plan)?;
        }
        Ok(plan)
    }
}

fn wanted(want: &Config) -> Option<&Wanted> {
    let is_managed = want.manage_resolv_conf == Some(true);
    want.resolv_conf
        .as_ref()
        .filter(|wanted| is_managed && !wanted.is_empty())
}

/// What is at `/etc/resolv.conf`.
enum Link {
    /// A link to this path.
    Elsewhere(String),
    /// A file of its own.
    File,
    /// Nothing: systemd makes it a link to resolved's at the next boot.
    Missing,
}

fn link(machine: &Machine<'_>) -> Result<Link, ReadError> {
    let there = machine.root().metadata(FILE)?;
    Ok(match there.map(|there| there.kind) {
        None => Link::Missing,
        Some(Kind::Symlink) => {
            let target = machine.root().read_link(FILE)?.unwrap_or_default();
            Link::Elsewhere(absolute(&target))
        }
        Some(_) => Link::File,
    })
}

/// Where a link in `/etc` leads.
fn absolute(target: &str) -> String {
    let from = if target.starts_with('/') { "" } else { "/etc" };
    let mut names: Vec<&str> = from.split('/').filter(|name| !name.is_empty()).collect();
    for name in target.split('/').filter(|name| !name.is_empty() && *name != ".") {
        match name {
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.iter().fold(String::new(), |path, name| path + "/" + name)
}

/// Whether resolved runs once the document is applied: what `services` says about it takes precedence.
fn resolved_answers(want: &Config, machine: &Machine<'_>) -> Result<bool, PlanError> {
    let unit = UnitName::parse(UNIT).map_err(|why| PlanError::at(&["resolv_conf"], why))?;
    if UnitFile::find(machine.root(), &unit)?.is_none() {
        return Ok(false);
    }
    let services = want.services.iter().flat_map(|services| &services.0);
    for (_, service) in services.filter(|(name, _)| *name.unit() == unit) {
        if service.masked == Some(true) || service.state == Some(ServiceState::Stopped) {
            return Ok(false);
        }
        if let Some(enabled) = service.enabled {
            return Ok(enabled);
        }
    }
    Ok(machine.unit(UNIT).is_some_and(UnitFacts::runs)
        || unit_file_state(machine.root(), UNIT)? == Some(UnitFileState::Enabled))
}

/// Adds the drop-in.
fn plan_drop_in(wanted: &Wanted, plan: &mut Plan) {
    let servers: Vec<String> = wanted.nameservers.iter().map(|server| server.0.to_string()).collect();
    let search = wanted.search().into_iter().filter(|domain| *domain != ".");
    let search: Vec<String> = search.map(str::to_owned).collect();
    if !servers.is_empty() || !search.is_empty() {
        let file = FileChange::write(DROP_IN, drop_in(&servers, &search), 0o644)
            .headed()
            .dirties(Dirty::Restart(UNIT.to_owned()));
        plan.changes.push(Change::File(file));
    }
    let left: Vec<&str> = [
        ("`sortlist`", wanted.sortlist.is_empty()),
        ("`options`", wanted.options.is_empty()),
    ]
    .into_iter()
    .filter_map(|(key, is_empty)| (!is_empty).then_some(key))
    .collect();
    if !left.is_empty() {
        let left = left.join(" and ");
        plan.notice(format!(
            "systemd-resolved resolves names on this machine, and has nothing like {left} of `resolv_conf`"
        ));
    }
}

/// Its text. The empty assignment takes away what other files say.
fn drop_in(servers: &[String], search: &[String]) -> String {
    let mut text = "\n[Resolve]\n".to_owned();
    for (key, values) in [("DNS", servers), ("Domains", search)] {
        if !values.is_empty() {
            text += &format!("{key}=\n{key}={}\n", values.join(" "));
        }
    }
    text
}

/// Adds the file, in place of a link: what that leads to is somebody else's.
fn plan_file(wanted: &Wanted, link: &Link, machine: &Machine<'_>, plan: &mut Plan) -> Result<(), PlanError> {
    let own: Vec<String> = wanted.nameservers.iter().map(|server| server.0.to_string()).collect();
    let servers = if own.is_empty() { present(machine)? } else { own };
    if servers.is_empty() {
        let message = format!("no name would be resolved any more: {FILE} has no server that answers, and gets none");
        return Err(PlanError::at(&["resolv_conf"], message).hint("add `nameservers`"));
    }
    if servers.len() > SERVERS_MAX {
        plan.notice(format!(
            "the C library asks the first {SERVERS_MAX} of the {} servers of `resolv_conf`",
            servers.len()
        ));
    }
    if let Link::Elsewhere(target) = link {
        plan.notice(format!("{FILE} was a link to {target}: it becomes a file of its own"));
    }
    let text = text(wanted, &servers);
    plan.changes
        .push(Change::File(FileChange::write(FILE, text, 0o644).headed()));
    Ok(())
}

/// The servers that the file has: the document may only add to it.
fn present(machine: &Machine<'_>) -> Result<Vec<String>, ReadError> {
    let text = machine.read_text(FILE)?.unwrap_or_default();
    let servers = text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()).flatten()
    });
    let servers = servers.filter(|server| !STUBS.contains(server) && server.chars().all(|c| c.is_ascii_graphic()));
    Ok(servers.map(str::to_owned).collect())
}

/// The lines of resolv.conf(5).
fn text(wanted: &Wanted, servers: &[String]) -> String {
    let mut text: String = servers.iter().map(|server| format!("nameserver {server}\n")).collect();
    let options = wanted.options.iter().filter_map(|(name, value)| match value {
        OptionValue::Flag(true) => Some(name.as_str().to_owned()),
        OptionValue::Flag(false) => None,
        OptionValue::Number(number) => Some(format!("{}:{number}", name.as_str())),
        OptionValue::Word(word) => Some(format!("{}:{word}", name.as_str())),
    });
    let words = |words: &[&str]| words.join(" ");
    let search = words(&wanted.search());
    let sortlist: Vec<&str> = wanted.sortlist.iter().map(|address| address.as_str()).collect();
    let lines = [
        ("search", search),
        ("sortlist", words(&sortlist)),
        ("options", options.collect::<Vec<_>>().join(" ")),
    ];
    for (key, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        text += &format!("{key} {value}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Facts, Root};
    use serde_json::{Value, json};

    /// What is at /etc/resolv.conf, and whether resolved is there and enabled.
    #[derive(Clone, Copy)]
    struct There<'a> {
        link: Option<&'a str>,
        file: Option<&'a str>,
        unit: bool,
        enabled: bool,
    }

    const RESOLVED: There<'_> = There {
        link: Some("../run/systemd/resolve/stub-resolv.conf"),
        file: None,
        unit: true,
        enabled: true,
    };

    /// The path and the text that are planned, and the notes.
    type Planned = (Option<(String, String)>, Vec<String>);

    /// What is planned; or why nothing is.
    fn plan(there: There<'_>, document: Value) -> Result<Planned, String> {
        let tree = tempfile::tempdir().unwrap();
        let path = |name: &str| {
            let path = tree.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        if let Some(target) = there.link {
            std::os::unix::fs::symlink(target, path("etc/resolv.conf")).unwrap();
        }
        if let Some(text) = there.file {
            std::fs::write(path("etc/resolv.conf"), text).unwrap();
        }
        if there.unit {
            let text = "[Service]\n[Install]\nWantedBy=sysinit.target\n";
            std::fs::write(path("usr/lib/systemd/system/systemd-resolved.service"), text).unwrap();
        }
        if there.enabled {
            let link = path("etc/systemd/system/sysinit.target.wants/systemd-resolved.service");
            std::os::unix::fs::symlink("/usr/lib/systemd/system/systemd-resolved.service", link).unwrap();
        }
        let root = Root::open(tree.path()).unwrap();
        let mut whole = json!({"manage_resolv_conf": true});
        whole
            .as_object_mut()
            .unwrap()
            .extend(document.as_object().unwrap().clone());
        let config: Config = crate::document::yaml::from_json(&whole).unwrap();
        let facts = Facts::default();
        let plan = ResolvConf.plan(&config, &Machine::new(&root, &facts));
        let mut plan = plan.map_err(|error| error.to_string())?;
        let file = plan.changes.pop().map(|change| match change {
            Change::File(file) => (
                file.path,
                String::from_utf8(file.content.unwrap().bytes.to_vec()).unwrap(),
            ),
            other => panic!("{other:?}"),
        });
        assert!(plan.changes.is_empty());
        Ok((file, plan.notes.into_iter().map(|note| note.text).collect()))
    }

    fn all() -> Value {
        json!({"resolv_conf": {
            "nameservers": ["192.0.2.1", "2001:db8::1"],
            "searchdomains": ["a.example", "b.example"],
            "domain": "b.example",
            "sortlist": ["192.0.2.0/255.255.255.0"],
            "options": {"rotate": true, "timeout": 1, "edns0": false},
        }})
    }

    const DROP_IN_TEXT: &str = "\n[Resolve]\nDNS=\nDNS=192.0.2.1 2001:db8::1\nDomains=\nDomains=b.example a.example\n";

    const FILE_TEXT: &str = "nameserver 192.0.2.1\nnameserver 2001:db8::1\nsearch b.example a.example\n\
                             sortlist 192.0.2.0/255.255.255.0\noptions rotate timeout:1\n";

    #[test]
    fn where_resolved_answers_it_gets_a_drop_in() {
        let missing = There { link: None, ..RESOLVED };
        let absolute = There {
            link: Some("/run/systemd/resolve/resolv.conf"),
            ..RESOLVED
        };
        for there in [RESOLVED, missing, absolute] {
            let (file, notes) = plan(there, all()).unwrap();
            assert_eq!(file, Some((DROP_IN.to_owned(), DROP_IN_TEXT.to_owned())));
            assert!(
                notes.len() == 1 && notes[0].contains("`sortlist` and `options`"),
                "{notes:?}"
            );
        }
        let only_options = json!({"resolv_conf": {"options": {"rotate": true}}});
        assert_eq!(plan(RESOLVED, only_options).unwrap().0, None);
    }

    #[test]
    fn elsewhere_the_file_is_written_and_never_through_a_link() {
        let off = There {
            enabled: false,
            ..RESOLVED
        };
        let nobody = There {
            unit: false,
            enabled: false,
            ..RESOLVED
        };
        let file = There {
            link: None,
            file: Some("nameserver 192.0.2.9\n"),
            ..RESOLVED
        };
        let others = There {
            link: Some("/run/NetworkManager/resolv.conf"),
            ..RESOLVED
        };
        for (there, notes) in [(off, 1), (nobody, 1), (file, 0), (others, 1)] {
            let (file, told) = plan(there, all()).unwrap();
            assert_eq!(file, Some((FILE.to_owned(), FILE_TEXT.to_owned())));
            assert_eq!(told.len(), notes, "{told:?}");
        }
        for service in [json!(false), json!({"masked": true}), json!({"state": "stopped"})] {
            let mut document = all();
            document["services"] = json!({"systemd-resolved": service});
            let (file, _) = plan(RESOLVED, document).unwrap();
            assert_eq!(file.unwrap().0, FILE);
        }
        let mut document = all();
        document["services"] = json!({"systemd-resolved": true});
        assert_eq!(plan(off, document).unwrap().0.unwrap().0, DROP_IN);
    }

    #[test]
    fn nobody_is_left_without_a_server() {
        let nobody = There {
            unit: false,
            enabled: false,
            link: None,
            file: None,
        };
        let search = json!({"resolv_conf": {"searchdomains": ["a.example"]}});
        let why = plan(nobody, search.clone()).unwrap_err();
        assert!(why.contains("no name would be resolved"), "{why}");
        let stub = There {
            file: Some("nameserver 127.0.0.53\n"),
            ..nobody
        };
        assert!(plan(stub, search.clone()).is_err(), "nobody answers there");
        let there = There {
            file: Some("# x\nnameserver 192.0.2.9\nsearch old\n"),
            ..nobody
        };
        let (file, _) = plan(there, search).unwrap();
        assert_eq!(file.unwrap().1, "nameserver 192.0.2.9\nsearch a.example\n");
        let four = json!({"resolv_conf": {"nameservers": ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]}});
        let (_, notes) = plan(nobody, four).unwrap();
        assert!(notes.len() == 1 && notes[0].contains("first 3 of the 4"), "{notes:?}");
    }

    #[test]
    fn without_the_flag_nothing_is_done() {
        let off = json!({"manage_resolv_conf": false, "resolv_conf": {"nameservers": ["192.0.2.1"]}});
        assert_eq!(plan(RESOLVED, off).unwrap(), (None, vec![]));
    }

    #[test]
    fn where_a_link_leads() {
        for (target, path) in [
            ("../run/systemd/resolve/stub-resolv.conf", RESOLVEDS[0]),
            ("/run/systemd/resolve/stub-resolv.conf", RESOLVEDS[0]),
            ("../../usr/lib/systemd/./resolv.conf", RESOLVEDS[2]),
            ("resolvconf/run/resolv.conf", "/etc/resolvconf/run/resolv.conf"),
        ] {
            assert_eq!(absolute(target), path, "{target}");
        }
    }
}
