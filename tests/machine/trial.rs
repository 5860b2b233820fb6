//! `apply --confirm` over the very connection that it cuts.

use crate::container::Container;
use crate::machine::Machine;
use crate::pen::{Login, Pen};
use crate::rootfs::Suite;
use crate::say;
use crate::seed::{PASSWORD, Seed};
use crate::vm::Vm;
use serde_json::Value;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The address that machines have at first.
pub const OLD: &str = "192.0.2.10";
pub const NEW: &str = "192.0.2.20";
/// What a document has to ask for too, or it is undone: the way in.
pub const LOGIN: &str = "sshd: {permit_root_login: 'yes'}\n";
/// No boot, and no way back, takes this long.
const LIMIT: Duration = Duration::from_secs(240);

/// A machine that is on, to be talked to at any of its addresses.
pub struct Session {
    pen: Pen,
    /// Where it is reached whatever its address, as a virtual machine's port is.
    door: Option<(&'static str, u16)>,
}

/// Unconfirmed, and back by itself; confirmed, and there to stay; unconfirmed, and back by a power cut.
pub fn confirm_or_revert(test: &str, suite: Suite) {
    let mut machine = Container::new(suite, test);
    machine.insert(&Seed::new("first-light", OLD));
    machine.stays_on();

    let session = Session::power_on(&mut machine, OLD);
    session.reverts();
    say(test, "unconfirmed: the old address is back");
    session.stays();
    say(test, "confirmed: the new address stays");
    session.moves_without_docker();
    // As a power cut ends it.
    drop(session);
    let session = Session::power_on(&mut machine, NEW);
    session.is_as_before_the_power_cut();
    say(test, "unconfirmed and rebooted: everything is back");
}

impl Session {
    /// Switches the machine on and waits until firstlight has ended its work.
    pub fn power_on(machine: &mut Container, address: &str) -> Self {
        let (pen, _) = machine.power_on(&[]);
        Self { pen, door: None }.ready(address)
    }

    /// The same with a virtual machine, whose probe stays away.
    pub fn power_on_vm(machine: &mut Vm, address: &str) -> Self {
        let pen = machine.power_on(&["systemd.mask=probe.service"], address);
        let door = Some(("127.0.0.1", 2222));
        Self { pen, door }.ready(address)
    }

    fn ready(self, address: &str) -> Self {
        self.reach(address);
        let status = self.run(address, "firstlight status --wait");
        assert!(status.ok, "{}", status.said);
        self
    }

    pub fn run(&self, address: &str, command: &str) -> Login {
        self.pen.ssh("root", PASSWORD, self.at(address), command)
    }

    fn at<'a>(&self, address: &'a str) -> (&'a str, u16) {
        self.door.unwrap_or((address, 22))
    }

    pub fn json(&self, address: &str, command: &str) -> Value {
        let said = self.run(address, command).said;
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{command}: {error}: {said}"))
    }

    /// Waits until root can log in at this address.
    fn reach(&self, address: &str) {
        let deadline = Instant::now() + LIMIT;
        loop {
            let login = self.pen.ssh_until_silent("root", PASSWORD, self.at(address), "true");
            if login.ok {
                return;
            }
            assert!(Instant::now() < deadline, "nobody answers at {address}: {}", login.said);
            sleep(Duration::from_millis(300));
        }
    }

    /// Gives the machine another address.
    fn apply(&self, from: &str, time: &str, to: &str, more: &str) {
        self.moves(from, time, to, &format!("{}{LOGIN}{more}", network(to)));
    }

    /// Applies a document that moves the machine to `to`, over a connection to `from`, which does not survive it.
    pub fn moves(&self, from: &str, time: &str, to: &str, document: &str) {
        let command = format!("firstlight apply --confirm {time} - <<'END'\n{document}END\n");
        let cut = self.pen.ssh_until_silent("root", PASSWORD, (from, 22), &command);
        assert!(!cut.ok, "the connection outlived its address: {}", cut.said);
        assert!(cut.said.contains("unless you run `firstlight confirm`"), "{}", cut.said);
        self.reach(to);
        // Until the report is written, the disconnected run is still working.
        self.run(
            to,
            "until firstlight confirm --help >/dev/null && ! pgrep -x firstlight; do sleep 0.1; done",
        );
    }

    fn generation(&self, address: &str, number: u64) -> Value {
        let history = self.json(address, "firstlight history --format json");
        let found = history["generations"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|it| it["number"] == number);
        found
            .unwrap_or_else(|| panic!("no generation {number} in {history}"))
            .clone()
    }

    fn timer(&self, address: &str) -> String {
        self.run(address, "systemctl is-active firstlight-revert.timer").said
    }

    fn reverts(&self) {
        let plan = format!("firstlight plan - <<'END'\n{}END\n", network(NEW));
        let plan = self.run(OLD, &plan).said;
        let warned = format!("! the network will be reconfigured, and you are logged in over eth0 ({OLD})");
        assert!(plan.contains(&warned), "{plan}");
        self.apply(OLD, "25s", NEW, "docker: true\n");
        assert_eq!(self.addresses(NEW), [format!("{NEW}/24")]);
        assert_eq!(self.timer(NEW), "active");
        let status = self.json(NEW, "firstlight status --format json");
        assert_eq!(status["unconfirmed"]["generation"], 2, "{status}");
        let left = status["unconfirmed"]["reverts_in"].as_u64().unwrap_or_default();
        assert!((1..=25).contains(&left), "{status}");
        let human = self.run(NEW, "firstlight history").said;
        assert!(human.contains("unless confirmed"), "{human}");

        let second = self.run(NEW, "echo 'hostname: second' | firstlight apply -");
        assert!(!second.ok, "{}", second.said);
        assert!(
            second.said.contains("generation 2 is unconfirmed and is undone in "),
            "{}",
            second.said
        );
        let plan = self.run(NEW, "echo 'hostname: second' | firstlight plan -");
        assert!(plan.ok && plan.said.contains("second"), "{}", plan.said);
        // Neither of them has touched it.
        assert_eq!(self.timer(NEW), "active");

        self.is_back(OLD, 2);
        assert_eq!(self.addresses(OLD), [format!("{OLD}/24")]);
        assert_eq!(self.run(OLD, "systemctl --failed --no-legend").said, "");
        let human = self.run(OLD, "firstlight history").said;
        assert!(human.contains("rolled back, was not confirmed"), "{human}");
        let late = self.run(OLD, "firstlight confirm");
        assert!(
            !late.ok && late.said.contains("was not confirmed in time"),
            "{}",
            late.said
        );
    }

    /// Lets the timer that undoes an unconfirmed generation elapse.
    pub fn time_is_up(&self, address: &str) {
        let started = self.run(address, "systemctl start --no-block firstlight-revert.service");
        assert!(started.ok, "{}", started.said);
    }

    /// Waits until an unconfirmed generation is undone, and the machine is at its old address.
    pub fn is_back(&self, address: &str, number: u64) {
        self.reach(address);
        let deadline = Instant::now() + LIMIT;
        while self.generation(address, number)["outcome"] != "rolled-back" || self.timer(address) == "active" {
            assert!(Instant::now() < deadline, "{}", self.generation(address, number));
            sleep(Duration::from_millis(200));
        }
    }

    pub fn confirms(&self, address: &str, number: u64) {
        let confirmed = self.run(address, "firstlight confirm");
        let said = format!("generation {number} is confirmed");
        assert!(confirmed.ok && confirmed.said.contains(&said), "{}", confirmed.said);
    }

    fn stays(&self) {
        self.apply(OLD, "10m", NEW, "docker: true\n");
        self.confirms(NEW, 3);
        // What could undo it is gone.
        assert_eq!(self.timer(NEW), "inactive");
        assert_eq!(self.run(NEW, "ls /run/systemd/transient | grep firstlight").said, "");
        let generation = self.generation(NEW, 3);
        assert_eq!(
            (&generation["outcome"], &generation["unconfirmed"]),
            (&"done".into(), &Value::Null)
        );
        assert_eq!(self.addresses(NEW), [format!("{NEW}/24")]);
    }

    fn moves_without_docker(&self) {
        assert_eq!(self.docker(NEW), ["active", "enabled"]);
        self.apply(NEW, "1h", OLD, "services: {docker: {enabled: false, state: stopped}}\n");
        assert_eq!(self.generation(OLD, 4)["outcome"], "done");
        assert_eq!(self.docker(OLD), ["inactive", "disabled"]);
    }

    fn is_as_before_the_power_cut(&self) {
        assert_eq!(self.addresses(NEW), [format!("{NEW}/24")]);
        let generation = self.generation(NEW, 4);
        assert_eq!(
            (&generation["outcome"], &generation["undoing"]),
            (&"rolled-back".into(), &Value::Null)
        );
        assert_eq!(self.docker(NEW), ["active", "enabled"]);
        let again = self.run(NEW, "echo 'hostname: second' | firstlight apply --only hostname -");
        assert!(again.ok, "{}", again.said);
    }

    pub fn docker(&self, address: &str) -> Vec<String> {
        let said = self
            .run(address, "systemctl is-active docker; systemctl is-enabled docker")
            .said;
        said.lines().map(str::to_owned).collect()
    }

    /// The IPv4 addresses of eth0.
    fn addresses(&self, address: &str) -> Vec<String> {
        let links = self.json(address, "ip -json -4 address show eth0");
        let all = links[0]["addr_info"].as_array().cloned().unwrap_or_default();
        all.iter()
            .map(|it| format!("{}/{}", it["local"].as_str().unwrap_or("?"), it["prefixlen"]))
            .collect()
    }
}

pub fn network(address: &str) -> String {
    format!(
        "network:\n\
         \x20 version: 2\n\
         \x20 ethernets:\n\
         \x20   lan:\n\
         \x20     match: {{name: eth0}}\n\
         \x20     addresses: [{address}/24]\n\
         \x20     routes: [{{to: default, via: 192.0.2.1}}]\n"
    )
}
