//! What one boot looked like: from inside, as `guest/probe` wrote it down, and from outside, by logging in.

use crate::pen::{Login, Pen};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// No boot takes this long, emulated on a busy host either; the probe itself gives up, and powers off, earlier.
const LIMIT: Duration = Duration::from_secs(480);

/// The logins, while the machine was up.
#[derive(Debug, Default)]
pub struct Visit {
    /// Someone whom no document mentions.
    pub visitor: Login,
    /// Root, with the password given to [`visit`].
    pub root: Login,
    /// The machine powered itself off.
    pub off: bool,
    /// From power on to power off; for people to read.
    pub took: Duration,
}

/// One boot.
#[derive(Debug)]
pub struct Observed {
    answers: BTreeMap<String, String>,
    /// The logins.
    pub visit: Visit,
    /// Where the console's log and the answers are kept.
    pub logs: PathBuf,
}

/// Logs in as soon as that is possible, waits for the probe, tries root's password, and lets the machine go.
pub fn visit(pen: &mut Pen, at: (&str, u16), root_password: &str) -> Visit {
    let start = Instant::now();
    let deadline = start + LIMIT;
    let mut visit = Visit::default();
    while pen.running() && Instant::now() < deadline {
        visit.visitor = pen.ssh(
            "visitor",
            "visitor",
            at,
            // Without a process for each look: an emulated machine has better things to do.
            "exec 3<> <(:); until [ -e /run/probe/done ]; do read -rt 0.2 <&3; done",
        );
        if visit.visitor.ok {
            let leave = "touch /run/probe/leave";
            visit.root = pen.ssh("root", root_password, at, &format!("{leave} && id --user --name"));
            if !visit.root.ok {
                pen.ssh("visitor", "visitor", at, leave);
            }
            break;
        }
        sleep(Duration::from_millis(500));
    }
    visit.off = pen.off(deadline);
    visit.took = start.elapsed();
    visit
}

impl Observed {
    /// Reads what the probe wrote, from a copy of the machine's `/var/lib/probe`.
    pub fn read(answers: &Path, visit: Visit, logs: &Path) -> Self {
        let files = fs::read_dir(answers).into_iter().flatten().flatten();
        let answers = files.filter_map(|file| {
            let content = fs::read(file.path()).ok()?;
            Some((
                file.file_name().into_string().ok()?,
                String::from_utf8_lossy(&content).trim().to_owned(),
            ))
        });
        Self {
            answers: answers.collect(),
            visit,
            logs: logs.to_owned(),
        }
    }

    /// The answer to one of the probe's questions; a text that fits no expectation when there is none.
    pub fn text(&self, question: &str) -> &str {
        self.answers
            .get(question)
            .map_or("(the probe did not get that far)", String::as_str)
    }

    /// The exit status of the question's command.
    pub fn exit(&self, question: &str) -> &str {
        self.text(&format!("{question}.exit"))
    }

    /// The answer as JSON; null when it isn't.
    pub fn json(&self, question: &str) -> Value {
        serde_json::from_str(self.text(question)).unwrap_or_default()
    }

    /// What was looked at in a stage of the first generation, and how it was.
    pub fn findings(&self, stage: &str) -> Vec<Value> {
        let report = self.json("report");
        let modules = report["stages"][stage]["modules"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let findings = modules.iter().filter_map(|module| module["findings"].as_array());
        findings.flatten().cloned().collect()
    }

    /// What `sshd -T` says of a keyword.
    pub fn sshd(&self, keyword: &str) -> &str {
        let mut lines = self.text("sshd").lines().filter_map(|line| line.split_once(' '));
        lines
            .find(|(key, _)| *key == keyword)
            .map_or("(nothing)", |(_, value)| value)
    }

    /// The IPv4 addresses of a link.
    pub fn addresses(&self, link: &str) -> Vec<String> {
        let links = self.json("addresses");
        let links = links.as_array().into_iter().flatten().filter(|it| it["ifname"] == link);
        let addresses = links.flat_map(|it| it["addr_info"].as_array().cloned().unwrap_or_default());
        let mut found: Vec<String> = addresses
            .filter(|it| it["family"] == "inet")
            .map(|it| format!("{}/{}", it["local"].as_str().unwrap_or("?"), it["prefixlen"]))
            .collect();
        found.sort();
        found
    }

    /// The gateway of the default route.
    pub fn gateway(&self) -> String {
        let routes = self.json("routes");
        let default = routes
            .as_array()
            .into_iter()
            .flatten()
            .find(|it| it["dst"] == "default");
        default
            .and_then(|it| it["gateway"].as_str())
            .unwrap_or("(none)")
            .to_owned()
    }

    /// A property of a unit, from one of the answers in the form of `systemctl show`.
    pub fn property(&self, question: &str, unit: &str, property: &str) -> &str {
        let id = format!("Id={unit}");
        let mut units = self.text(question).split("\n\n");
        let unit = units.find(|it| it.lines().any(|line| line == id)).unwrap_or_default();
        let mut lines = unit.lines().filter_map(|line| line.split_once('='));
        lines
            .find(|(key, _)| *key == property)
            .map_or("(nothing)", |(_, value)| value)
    }
}
