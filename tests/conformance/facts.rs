//! What a scenario leaves on a machine, as texts that can be compared: what was recorded, and what firstlight leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::machine::Machine;
use crate::support::program::Said;
use crate::support::recorded::{GROUP, PASSWD, SHADOW, whole};
use crate::support::tree::{Entry, Snapshot, snapshot, today};

/// A text for each fact: the path of a file, or a word.
pub type Facts = BTreeMap<String, String>;

/// That something is said of the document is compared, not the words.
const SAID: &str = "something is said";

/// The account files: what is compared are their new lines.
const ACCOUNTS: [(&str, &str); 3] = [("passwd", PASSWD), ("shadow", SHADOW), ("group", GROUP)];

/// What isn't compared: the programs that are put in to run commands, what those leave, the other account files, and the
/// files by which commands of each boot are run.
const OTHERS: [&str; 19] = [
    "/bin/",
    "/calls",
    "/dev/",
    "/etc/.pwd.lock",
    "/etc/firstlight",
    "/etc/group",
    "/etc/gshadow",
    "/etc/hostname",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/sub",
    "/etc/sudoers.d/",
    "/etc/systemd/system/firstlight-",
    "/etc/systemd/system/sysinit.target.wants/firstlight-",
    "/lib",
    "/proc/",
    "/run/",
    "/usr/",
    "/var/lib/cloud/",
];

/// What was recorded.
pub fn theirs(case: &Value) -> Facts {
    let mut facts = Facts::new();
    let text = |key: &str| case[key].as_str().unwrap_or("none").to_owned();
    facts.insert("instance-id".to_owned(), text("instance-id"));
    facts.insert(
        "hostname".to_owned(),
        case["hostname"].as_str().unwrap_or("vm").to_owned(),
    );
    for key in ["passwd", "shadow", "group", "sudo"] {
        let lines = case[key].as_array().into_iter().flatten().filter_map(Value::as_str);
        let lines = lines.map(|line| entry(&whole(line), "TODAY"));
        facts.insert(key.to_owned(), joined(lines));
    }
    let commands = case["commands"].as_array().into_iter().flatten();
    let commands: Vec<&str> = commands.filter_map(Value::as_str).collect();
    facts.insert("commands".to_owned(), commands.join("\n"));
    if case["complains"] == true {
        facts.insert("said".to_owned(), SAID.to_owned());
    }
    for (path, file) in case["files"].as_object().into_iter().flatten() {
        let fact = match file["link"].as_str() {
            Some(target) => format!("-> {target}"),
            None => {
                let content = whole(file["content"].as_str().unwrap());
                let owner = format!("{}:{}", file["owner"][0], file["owner"][1]);
                told(path, file["mode"].as_str().unwrap(), &owner, &content)
            }
        };
        facts.insert(path.replace("10-cloud-init-", "10-"), fact);
    }
    facts
}

/// What our program leaves.
pub fn ours(name: &str, case: &Value) -> Facts {
    let machine = Machine::of(name, case);
    let before = snapshot(machine.tree.path());
    let mut said = words(machine.boot());
    if case["second-boot"].is_object() {
        machine.seed(&case["second-boot"]);
        said.extend(words(machine.boot()));
    }
    let after = snapshot(machine.tree.path());
    let mut facts = of_files(&before, &after);
    let tree = machine.tree.path();
    for (fact, before) in ACCOUNTS {
        facts.insert(fact.to_owned(), news(tree, fact, before));
    }
    facts.insert("sudo".to_owned(), sudo(&after));
    let hostname = fs::read_to_string(machine.path("etc/hostname")).unwrap();
    facts.insert("hostname".to_owned(), hostname.trim().to_owned());
    let instance_id = machine.document().map(|document| document.meta_data.instance_id);
    let instance_id = instance_id.map(|id| id.unwrap_or_else(|| "made from the machine's".to_owned()));
    facts.insert(
        "instance-id".to_owned(),
        instance_id.unwrap_or_else(|| "none".to_owned()),
    );
    facts.insert("commands".to_owned(), machine.calls().trim().to_owned());
    if !said.is_empty() {
        let said = said.into_iter().collect::<Vec<_>>().join("\n");
        facts.insert("said".to_owned(), said.replace(&tree.display().to_string(), ""));
    }
    facts
}

/// Whether the two are the same of a fact.
pub fn is_same(fact: &str, ours: &str, theirs: &str) -> bool {
    match fact {
        "said" => ours.is_empty() == theirs.is_empty(),
        _ => ours == theirs,
    }
}

/// What is said: errors and warnings, without their places, and which commands have failed.
fn words((said, failed): (Said, Vec<String>)) -> BTreeSet<String> {
    let heads = said.stderr.lines().filter(|line| {
        let is_head = ["error", "warning"].iter().any(|head| line.starts_with(head));
        is_head && !line.starts_with("warning[deprecated]")
    });
    let mut words: BTreeSet<String> = heads.map(str::to_owned).chain(failed).collect();
    let report: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"));
    for module in report["modules"].as_array().into_iter().flatten() {
        let notes = module["notes"].as_array().unwrap().iter();
        let notes = notes.filter(|note| note["level"] == "warning" || note["level"] == "lasting");
        words.extend(notes.map(|note| note["text"].as_str().unwrap().to_owned()));
        words.extend(module["problems"].as_array().unwrap().iter().map(Value::to_string));
    }
    if said.status != 0 && words.is_empty() {
        words.insert(report["error"].as_str().unwrap_or("failed").to_owned());
    }
    words
}

/// The files that are new or changed, and those that are gone.
fn of_files(before: &Snapshot, after: &Snapshot) -> Facts {
    let mut facts = Facts::new();
    for (path, entry) in after.iter().filter(|(path, entry)| before.get(*path) != Some(*entry)) {
        if OTHERS.iter().any(|other| path.starts_with(other)) {
            continue;
        }
        let fact = match entry {
            Entry::Directory(..) => continue,
            Entry::Symlink(target) => format!("-> {}", target.display()),
            Entry::Special(..) => "special".to_owned(),
            Entry::File(content, mode, (uid, gid)) => {
                let content = String::from_utf8_lossy(content);
                told(path, &format!("{mode:04o}"), &format!("{uid}:{gid}"), &content)
            }
        };
        facts.insert(path.replace("10-firstlight-", "10-"), fact);
    }
    let gone = before.keys().filter(|path| !after.contains_key(*path));
    facts.extend(gone.map(|path| (path.clone(), "gone".to_owned())));
    facts
}

/// A file in words. Of configuration, what the programs read that it is for.
fn told(path: &str, mode: &str, owner: &str, content: &str) -> String {
    let head = content
        .lines()
        .next()
        .filter(|line| line.starts_with("# Written by firstlight "));
    let content = head.map_or(content, |head| &content[head.len() + 1..]);
    let content = match path {
        _ if path.starts_with("/etc/systemd/network/") => settings(content),
        _ if ["/etc/systemd/", "/etc/yum.repos.d/", "/etc/hosts"]
            .iter()
            .any(|read| path.starts_with(read)) =>
        {
            let lines = content
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with('#'));
            let lines: Vec<String> = lines
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect();
            lines.join("\n")
        }
        _ => content.to_owned(),
    };
    format!("{mode} {owner} {content}")
}

/// The settings of a file of networkd, in whatever order they are.
fn settings(content: &str) -> String {
    let mut section = "";
    let mut settings = BTreeSet::new();
    for line in content.lines() {
        match line.strip_prefix('[') {
            Some(name) => section = name.trim_end_matches(']'),
            None if line.is_empty() || line.starts_with('#') => {}
            None => drop(settings.insert(format!("{section}.{line}"))),
        }
    }
    // The same in two ways to write it.
    let short = |setting: &String| {
        setting
            .replace("Address.Address=", "Network.Address=")
            .replace("Route.Gateway=", "Network.Gateway=")
    };
    let settings: BTreeSet<String> = settings.iter().map(short).collect();
    settings.into_iter().collect::<Vec<_>>().join(" ")
}

/// The lines of an account file that are not in `before`.
fn news(tree: &Path, file: &str, before: &str) -> String {
    let now = fs::read_to_string(tree.join("etc").join(file)).unwrap();
    let old: BTreeSet<&str> = before.lines().collect();
    let lines = now.lines().filter(|line| !old.contains(line));
    joined(lines.map(|line| entry(line, &today())))
}

/// An entry of an account file, with the day and the hashes that are made replaced by words.
fn entry(line: &str, today: &str) -> String {
    let mut fields: Vec<String> = line.split(':').map(str::to_owned).collect();
    if fields.len() == 9 {
        if fields[2] == today {
            fields[2] = "TODAY".to_owned();
        }
        let own = fields[1].trim_start_matches('!');
        if own.starts_with('$') && !own.contains("aaaaaaaa") {
            fields[1] = "HASH".to_owned();
        }
        fields[1] = fields[1].replace(&"a".repeat(86), "HASH");
    }
    fields.join(":")
}

/// The rules of sudo, whichever file they are in.
fn sudo(after: &Snapshot) -> String {
    let mut rules = Vec::new();
    for (path, entry) in after.iter().filter(|(path, _)| path.starts_with("/etc/sudoers.d/")) {
        let Entry::File(content, 0o440, (0, 0)) = entry else {
            panic!("{path}: {entry:?}");
        };
        let text = String::from_utf8(content.clone()).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        rules.extend(lines.map(str::to_owned));
    }
    joined(rules.into_iter())
}

fn joined(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
}
