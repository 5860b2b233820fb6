//! Drift of a running machine, healed; and what the document no longer asks for, stopped and disabled.

use crate::container::Container;
use crate::machine::Machine;
use crate::rootfs::Suite;
use crate::say;
use crate::seed::Seed;
use crate::trial::{LOGIN, OLD, Session, network};
use std::collections::BTreeSet;

/// The file of the seed's network.
const NETWORK: &str = "/etc/systemd/network/10-firstlight-lan.network";

/// What the kernel lets a container set; units, and what systemd-tmpfiles makes.
const EXTRA: &str = r#"sysctl: {net.core.somaxconn: 5001}
units:
- name: hello.service
  enabled: true
  contents: |
    [Service]
    ExecStart=/bin/sleep infinity
    ExecStop=/bin/touch /run/hello-stopped
    [Install]
    WantedBy=multi-user.target
  dropins: [{name: 10-word.conf, contents: "[Service]\nEnvironment=WORD=first\n"}]
- name: tick.timer
  enabled: true
  contents: |
    [Timer]
    OnCalendar=yearly
    Unit=hello.service
    [Install]
    WantedBy=timers.target
- {name: debug-shell.service, mask: true}
tmpfiles: ["d /srv/hello 0750 root root -", "f /run/hello 0644 - - - made"]
"#;

/// What of it can be seen, and that it is.
const LOOK: &str = "systemctl is-active hello tick.timer; systemctl show --property Environment --value hello; systemctl \
                    is-enabled hello debug-shell; cat /run/hello; stat --format %a /srv/hello";
const SEEN: &str = "active\nactive\nWORD=first\nenabled\nmasked\nmade750";

/// A change of what a unit has that runs.
const CHANGED: &str = r#"units:
- name: hello.service
  enabled: true
  contents: |
    [Service]
    ExecStart=/bin/sleep infinity
    [Install]
    WantedBy=multi-user.target
  dropins: [{name: 10-word.conf, contents: "[Service]\nEnvironment=WORD=second\n"}]
"#;

const SOMAXCONN: &str = "cat /proc/sys/net/core/somaxconn";

/// An expectation: no file says whether the route is there.
const ROUTE: &str = "eth0 has the route default via 192.0.2.1";

/// No target at all.
const NOTHING: [&str; 0] = [];

/// Tampered with, named and healed; then asked for no more, and undone; then rolled back.
pub fn drift(test: &str, suite: Suite) {
    let mut machine = Container::new(suite, test);
    machine.insert(&Seed {
        extra: EXTRA,
        ..Seed::new("first-light", OLD)
    });
    machine.stays_on();
    let session = Session::power_on(&mut machine, OLD);
    assert_eq!(drifted(&session), NOTHING);
    assert_eq!(session.run(OLD, LOOK).said, SEEN);
    say(test, "booted: nothing has drifted");

    assert_eq!(session.run(OLD, SOMAXCONN).said, "5001");
    let tampering = format!(
        "systemctl disable --now docker && hostname tampered && chmod 0600 {NETWORK} && echo 100 >/proc/sys/net/core/somaxconn \
         && ip route del default"
    );
    let tampered = session.run(OLD, &tampering);
    assert!(tampered.ok, "{}", tampered.said);
    assert_eq!(
        drifted(&session),
        [NETWORK, "docker.service", ROUTE, "first-light", "net.core.somaxconn"]
    );
    let exit = session.run(OLD, "firstlight status --drift; echo exit $?").said;
    assert!(
        exit.contains("was started, now is inactive") && exit.contains("it is 100") && exit.ends_with("exit 3"),
        "{exit}"
    );
    let healed = session.run(OLD, "firstlight apply");
    assert!(healed.ok, "{}", healed.said);
    assert_eq!(drifted(&session), NOTHING);
    assert_eq!(session.docker(OLD), ["active", "enabled"]);
    assert_eq!(session.run(OLD, "hostname").said, "first-light");
    assert_eq!(session.run(OLD, SOMAXCONN).said, "5001");
    let gateway = session.run(OLD, "ip route show default").said;
    assert!(gateway.starts_with("default via 192.0.2.1 "), "{gateway}");
    say(test, "tampered with, named and healed");

    let document = format!("{}{LOGIN}", network(OLD));
    let undone = session.run(OLD, &format!("firstlight apply - <<'END'\n{document}END\n"));
    assert!(undone.ok, "{}", undone.said);
    for words in [
        "keeps the name first-light",
        "no longer sets a password for root",
        "stop docker.service",
        "no longer sets net.core.somaxconn; it stays 5001 until the next boot",
        "stop hello.service",
        "what systemd-tmpfiles made of /etc/tmpfiles.d/00-firstlight.conf stays as it is",
    ] {
        assert!(undone.said.contains(words), "{words}: {}", undone.said);
    }
    assert_eq!(session.docker(OLD), ["inactive", "disabled"]);
    assert_eq!(
        session.run(OLD, "cat /etc/hostname; hostname").said,
        "first-light\nfirst-light"
    );
    assert_eq!(drifted(&session), NOTHING);
    let gone = "systemctl show --property LoadState --value hello tick.timer; systemctl is-enabled debug-shell; ls -d \
                /run/hello-stopped /run/hello /etc/systemd/system/*hello* /etc/systemd/system/*/hello*";
    let gone = session.run(OLD, gone).said;
    let wanted = "not-found\n\nnot-found\ndisabled\n";
    assert!(gone.starts_with(wanted) && !gone.contains("system/hello"), "{gone}");
    assert!(
        gone.contains("/run/hello-stopped\n"),
        "it stops as its own file says: {gone}"
    );
    say(test, "docker and units are no longer asked for: stopped and disabled");

    let back = session.run(OLD, "firstlight rollback");
    assert!(back.ok, "{}", back.said);
    assert_eq!(session.docker(OLD), ["active", "enabled"]);
    assert_eq!(drifted(&session), NOTHING);
    assert_eq!(session.run(OLD, LOOK).said, SEEN);

    let changed = session.run(OLD, &format!("firstlight apply - <<'END'\n{document}{CHANGED}END\n"));
    assert!(changed.ok, "{}", changed.said);
    let pid = "systemctl show --property MainPID --value hello";
    let environment = format!("tr '\\0' '\\n' </proc/$({pid})/environ | grep WORD");
    assert_eq!(session.run(OLD, &environment).said, "WORD=second");
    let again = session.run(
        OLD,
        &format!("firstlight plan --exit-code - <<'END'\n{document}{CHANGED}END\n"),
    );
    assert!(again.ok, "{}", again.said);
}

/// What `status --drift` names, in order, each once.
fn drifted(session: &Session) -> Vec<String> {
    let report = session.json(OLD, "firstlight status --drift --format json");
    let drift = report["drift"].as_array().cloned().unwrap_or_default();
    assert!(report["items"].as_u64() > Some(0), "{report}");
    let targets: BTreeSet<String> = drift
        .iter()
        .filter_map(|drift| Some(drift["target"].as_str()?.to_owned()))
        .collect();
    targets.into_iter().collect()
}
