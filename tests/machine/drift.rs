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

/// What the kernel lets a container set.
const KERNEL: &str = "sysctl: {net.core.somaxconn: 5001}\n";

const SOMAXCONN: &str = "cat /proc/sys/net/core/somaxconn";

/// An expectation: no file says whether the route is there.
const ROUTE: &str = "eth0 has the route default via 192.0.2.1";

/// No target at all.
const NOTHING: [&str; 0] = [];

/// Tampered with, named and healed; then asked for no more, and undone; then rolled back.
pub fn drift(test: &str, suite: Suite) {
    let mut machine = Container::new(suite, test);
    machine.insert(&Seed {
        extra: KERNEL,
        ..Seed::new("first-light", OLD)
    });
    machine.stays_on();
    let session = Session::power_on(&mut machine, OLD);
    assert_eq!(drifted(&session), NOTHING);
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
    ] {
        assert!(undone.said.contains(words), "{words}: {}", undone.said);
    }
    assert_eq!(session.docker(OLD), ["inactive", "disabled"]);
    assert_eq!(
        session.run(OLD, "cat /etc/hostname; hostname").said,
        "first-light\nfirst-light"
    );
    assert_eq!(drifted(&session), NOTHING);
    say(test, "docker is no longer asked for: stopped and disabled");

    let back = session.run(OLD, "firstlight rollback");
    assert!(back.ok, "{}", back.said);
    assert_eq!(session.docker(OLD), ["active", "enabled"]);
    assert_eq!(drifted(&session), NOTHING);
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
