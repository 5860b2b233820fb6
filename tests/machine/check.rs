//! What is asked of a boot. All checks of a boot are made before the test fails, so that one run tells everything.

use crate::probe::Observed;
use crate::say;
use crate::seed::Seed;
use std::fmt::Debug;

/// The checks of one boot.
pub struct Checks<'a> {
    test: &'a str,
    boot: &'a str,
    seen: &'a Observed,
    passed: usize,
    failed: Vec<String>,
}

impl<'a> Checks<'a> {
    /// Begins with what holds for every boot: it came up, someone could log in, and it went off.
    pub fn new(test: &'a str, boot: &'a str, seen: &'a Observed) -> Self {
        let mut checks = Self::stopped(test, boot, seen);
        checks.holds(
            "a visitor logs in over ssh",
            seen.visit.visitor.ok,
            &seen.visit.visitor.said,
        );
        checks.ordered();
        checks
    }

    /// Begins with what holds for a boot that nobody can log in to as well.
    pub fn stopped(test: &'a str, boot: &'a str, seen: &'a Observed) -> Self {
        let mut checks = Self {
            test,
            boot,
            seen,
            passed: 0,
            failed: Vec::new(),
        };
        checks.holds("the machine powers off", seen.visit.off, &"it had to be killed");
        checks.equal("ordering cycles", seen.text("cycles"), "");
        checks
    }

    /// The units stand where they should: before the network and every login, and in nobody's way.
    fn ordered(&mut self) {
        let seen = self.seen;
        let time = |unit, property| seen.property("times", unit, property).parse::<u64>().unwrap_or(0);
        let local = time("firstlight-local.service", "ActiveEnterTimestampMonotonic");
        for unit in [
            "network-pre.target",
            "systemd-networkd.service",
            "ssh.service",
            "systemd-user-sessions.service",
        ] {
            let started = time(unit, "InactiveExitTimestampMonotonic");
            self.holds(
                &format!("{unit} starts after the local stage"),
                local <= started,
                &(local, started),
            );
        }
        let after = seen.property("times", "multi-user.target", "After");
        let waits = after.split(' ').any(|unit| unit == "firstlight.service");
        self.holds(
            "multi-user.target doesn't wait for the system stage",
            !waits && after.contains("ssh"),
            &after,
        );
    }

    /// One fact.
    pub fn holds(&mut self, what: &str, fact: bool, otherwise: &dyn Debug) {
        if fact {
            self.passed += 1;
        } else {
            self.failed.push(format!("{what}: {otherwise:?}"));
        }
    }

    /// One value.
    pub fn equal<T: PartialEq<U> + Debug, U: Debug>(&mut self, what: &str, found: T, wanted: U) {
        self.holds(
            what,
            found == wanted,
            &format_args!("found {found:?}, wanted {wanted:?}"),
        );
    }

    /// What the probe found, by the name of its question.
    pub fn said(&mut self, question: &str, wanted: &str) {
        self.equal(question, self.seen.text(question), wanted);
    }

    /// The five areas are as the seed asks, seen from inside and from outside; and its password is nowhere.
    pub fn configured(&mut self, seed: &Seed) {
        let seen = self.seen;
        self.equal("/etc/hostname", seen.text("hostname"), seed.hostname.as_str());
        self.equal(
            "the kernel's host name",
            seen.text("kernel-hostname"),
            seed.hostname.as_str(),
        );
        self.equal(
            "eth0's addresses",
            seen.addresses("eth0"),
            vec![format!("{}/24", seed.address)],
        );
        self.equal("the default gateway", seen.gateway(), "192.0.2.1");
        self.equal("sshd -T permitrootlogin", seen.sshd("permitrootlogin"), "yes");
        self.holds(
            "root logs in over ssh",
            seen.visit.root.ok && seen.visit.root.said == "root",
            &seen.visit.root,
        );
        let (active, enabled) = if seed.docker {
            ("active", "enabled")
        } else {
            ("inactive", "disabled")
        };
        self.equal("docker is active", seen.text("docker-active"), active);
        self.equal("docker is enabled", seen.text("docker-enabled"), enabled);
        self.equal("places where the password can be read", seen.text("leaks"), "");
    }

    /// `firstlight status --format json` is JSON and exits with this.
    pub fn status(&mut self, exit: &str) {
        let seen = self.seen;
        self.equal("exit status of firstlight status", seen.exit("status"), exit);
        self.holds(
            "firstlight status is JSON",
            seen.json("status").is_object(),
            &seen.text("status"),
        );
    }

    /// Each expectation of the network is named in generation 1's report, and every one of every module was verified.
    pub fn all_verified(&mut self, seed: &Seed) {
        let seen = self.seen;
        let findings = seen.findings("system");
        let short: Vec<_> = findings.iter().filter(|it| it["verdict"] != "verified").collect();
        self.equal(
            "expectations that were not verified",
            short,
            Vec::<&serde_json::Value>::new(),
        );
        let docker = seed.docker.then(|| "docker.service is active".to_owned());
        let network = [
            "networkd uses 10-firstlight-lan.network for eth0".to_owned(),
            format!("eth0 has {}/24", seed.address),
            "eth0 has the route default via 192.0.2.1".to_owned(),
            "eth0 has the DNS servers 192.0.2.53".to_owned(),
            "eth0 has the search domains rig.test".to_owned(),
        ];
        for expected in network.into_iter().chain(docker) {
            let is_there = findings.iter().any(|it| it["expected"] == expected.as_str());
            self.holds(&format!("the report says: {expected}"), is_there, &seen.text("report"));
        }
    }

    /// Another file than ours is used for eth0: the status and the report name it.
    pub fn another_file_won(&mut self, path: &str) {
        let seen = self.seen;
        let brief = format!("networkd uses {path} for eth0");
        let names_it = |text: Option<&str>| text.is_some_and(|text| text.contains(&brief));
        let status = seen.json("status");
        self.equal("the status", status["status"].as_str(), Some("degraded"));
        let problems = status["problems"].as_array().cloned().unwrap_or_default();
        let advice = format!("{brief}, which sorts before 10-firstlight-lan.network; remove or rename it");
        let is_told = problems
            .iter()
            .any(|it| it.as_str().is_some_and(|it| it.contains(&advice)));
        self.holds("the status says what to do", is_told, &seen.text("status"));
        for expected in [
            "networkd uses 10-firstlight-lan.network for eth0",
            "eth0 has the route default via 192.0.2.1",
        ] {
            let findings = seen.findings("system");
            let finding = findings
                .iter()
                .find(|it| it["expected"] == expected)
                .cloned()
                .unwrap_or_default();
            self.equal(expected, finding["verdict"].as_str(), Some("wrong"));
            self.holds("its reason is the file", names_it(finding["why"].as_str()), &finding);
        }
    }

    /// Of all units this one failed, and no other: a machine that is not as asked says so in `systemctl --failed` too.
    pub fn only_fails(&mut self, unit: &str) {
        let failed: Vec<_> = self
            .seen
            .text("failed")
            .lines()
            .filter_map(|it| it.split_whitespace().next())
            .collect();
        self.equal("failed units", failed, vec![unit]);
    }

    /// No unit failed, ours least of all. Where the local stage has the last word, the system stage's was skipped.
    pub fn units_succeeded(&mut self) {
        if self.seen.json("status")["stage"].as_str() == Some("local") {
            return self.system_stage_skipped();
        }
        self.equal("failed units", self.seen.text("failed"), "");
        for unit in ["firstlight-local.service", "firstlight.service"] {
            self.equal(
                unit,
                self.seen.property("firstlight-units", unit, "ActiveState"),
                "active",
            );
        }
    }

    /// Nothing was left for the system stage: its unit was skipped, which is no failure, and the local stage has the last
    /// word.
    fn system_stage_skipped(&mut self) {
        let seen = self.seen;
        self.equal("failed units", seen.text("failed"), "");
        for (unit, property, wanted) in [
            ("firstlight-local.service", "ActiveState", "active"),
            ("firstlight.service", "ActiveState", "inactive"),
            ("firstlight.service", "ConditionResult", "no"),
            ("firstlight.service", "Result", "success"),
        ] {
            let found = seen.property("firstlight-units", unit, property);
            self.equal(&format!("{property} of {unit}"), found, wanted);
        }
        self.equal("the status", seen.json("status")["status"].as_str(), Some("done"));
    }

    /// The final stage has fetched the document: from then on the report is its.
    pub fn fetched(&mut self) {
        let state = self
            .seen
            .property("firstlight-units", "firstlight-final.service", "ActiveState");
        self.equal("firstlight-final.service", state, "active");
        let status = self.seen.json("status");
        self.equal("the stage that ran last", status["stage"].as_str(), Some("final"));
    }

    /// The document was here: nothing was fetched, and nobody waited for the network to be.
    pub fn not_fetched(&mut self) {
        let state = self
            .seen
            .property("firstlight-units", "firstlight-final.service", "ActiveState");
        self.equal("firstlight-final.service", state, "inactive");
    }

    /// The status says these words.
    pub fn says(&mut self, words: &[&str]) {
        let status = self.seen.text("status");
        for word in words {
            self.holds(&format!("the status says {word:?}"), status.contains(word), &status);
        }
    }

    /// So many generations have been applied by now.
    pub fn generations(&mut self, count: usize) {
        let numbers = self
            .seen
            .text("generations")
            .split_whitespace()
            .filter(|it| it.parse::<u64>().is_ok());
        self.equal("generations", numbers.count(), count);
    }

    /// Nothing of what Photon ships was touched.
    pub fn as_shipped(&mut self) {
        let seen = self.seen;
        self.equal("/etc/hostname", seen.text("hostname"), "photon-machine");
        self.equal("the kernel's host name", seen.text("kernel-hostname"), "photon-machine");
        self.equal("sshd -T permitrootlogin", seen.sshd("permitrootlogin"), "no");
        self.holds("root can't log in over ssh", !seen.visit.root.ok, &seen.visit.root);
        // Last changed on day 0: to be changed at the first login.
        let last_changed = seen.text("shadow").split(':').nth(2);
        self.equal("root's password, last changed", last_changed, Some("0"));
        self.equal("docker is active", seen.text("docker-active"), "inactive");
        self.equal("docker is enabled", seen.text("docker-enabled"), "disabled");
    }

    /// Nothing was to be done: one stage has seen that, and not one file of /etc differs from the boot before.
    pub fn same_etc(&mut self, before: &Observed) {
        let status = self.seen.json("status");
        self.equal("the stage that ran last", status["stage"].as_str(), Some("local"));
        let lines = |of: &Observed| {
            of.text("etc")
                .lines()
                .map(str::to_owned)
                .collect::<std::collections::BTreeSet<_>>()
        };
        let (old, new) = (lines(before), lines(self.seen));
        let differences: Vec<_> = old.symmetric_difference(&new).collect();
        self.equal("differences in /etc", differences, Vec::<&String>::new());
        self.holds("/etc was read", new.len() > 100, &self.seen.text("etc"));
    }

    /// Says how it went; panics if anything failed.
    pub fn finish(self) {
        let Self {
            test,
            boot,
            seen,
            passed,
            failed,
        } = self;
        if failed.is_empty() {
            say(
                test,
                &format!(
                    "{boot}: {passed} checks hold, off after {:.1} s",
                    seen.visit.took.as_secs_f32()
                ),
            );
            return;
        }
        panic!(
            "{test}: {boot}: {} checks failed (logs: {})\n  - {}",
            failed.len(),
            seen.logs.display(),
            failed.join("\n  - ")
        );
    }
}
