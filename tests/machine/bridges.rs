//! Devices that this host's kernel has too, so in a container: what somebody else has made, what changes, what goes, and
//! the way in over a bridge.

use crate::container::Container;
use crate::devices::{Links, settles};
use crate::machine::Machine;
use crate::rootfs::Suite;
use crate::say;
use crate::seed::Seed;
use crate::trial::{LOGIN, NEW, OLD, Session, network};
use serde_json::json;

/// A bridge that docker has made, one of ours, and what it is made of.
const DEVICES: &str = "  bridges:
    docker0: {addresses: [10.2.0.1/24], parameters: {ageing-time: SECONDS}}
    br0:
      interfaces: [end0, vx0]
      parameters: {stp: false, ageing-time: SECONDS, path-cost: {end0: 77}}
      addresses: [10.1.0.1/24]
  virtual-ethernets:
    end0: {peer: end1}
    end1: {peer: end0, addresses: [10.1.0.2/24]}
  tunnels:
    vx0: {mode: vxlan, id: 5, local: 192.0.2.10, remote: 192.0.2.30}
";

/// The machine's address is a bridge's.
const BRIDGE: &str = "network:
  version: 2
  ethernets: {lan: {match: {name: eth0}}}
  bridges:
    lan0: {interfaces: [lan], addresses: [192.0.2.20/24], routes: [{to: default, via: 192.0.2.1}]}
";

pub fn bridges(test: &str, suite: Suite) {
    let mut machine = Container::new(suite, test);
    machine.insert(&Seed::without_docker("first-light", OLD));
    machine.stays_on();
    let session = Session::power_on(&mut machine, OLD);
    let made = session.run(OLD, "ip link add docker0 type bridge && ip link set docker0 up");
    assert!(made.ok, "{}", made.said);
    let theirs = Links::of(&session).index("docker0");

    let said = apply(&session, "50");
    assert!(
        said.contains("`docker0` is a link that firstlight did not make"),
        "{said}"
    );
    let first = Links::of(&session);
    are_as_asked(&first, 50);
    assert_eq!(first.index("docker0"), theirs);
    let again = apply(&session, "50");
    assert!(!again.contains("generation"), "{again}");
    say(test, "there beside a bridge that was there before");

    apply(&session, "70");
    let second = Links::of(&session);
    are_as_asked(&second, 70);
    assert_eq!(first.changed(&second), ["br0"], "it alone is another one");
    say(test, "a bridge of ours is another one, the other bridge is the same");

    let document = format!("{}{LOGIN}", network(OLD));
    let gone = session.run(OLD, &format!("firstlight apply - <<'END'\n{document}END\n"));
    assert!(gone.ok, "{}", gone.said);
    let none = Links::of(&session);
    let names = ["br0", "end0", "end1", "vx0"].map(|name| none.get(name).is_some());
    assert_eq!(names, [false; 4]);
    assert_eq!(none.index("docker0"), theirs);
    let back = session.run(OLD, "firstlight rollback");
    assert!(back.ok, "{}", back.said);
    settles(&session);
    let third = Links::of(&session);
    are_as_asked(&third, 70);
    assert_eq!(third.index("docker0"), theirs);
    say(test, "ours go and come back, the other bridge stays");

    let bridge = format!("{BRIDGE}{LOGIN}");
    session.moves(OLD, "10m", NEW, &bridge);
    session.time_is_up(NEW);
    session.is_back(OLD, 5);
    let fourth = Links::of(&session);
    assert_eq!(
        (fourth.get("lan0"), fourth.addresses("eth0")),
        (None, vec![format!("{OLD}/24")])
    );
    say(test, "unconfirmed: the address is the card's again");
    session.moves(OLD, "10m", NEW, &bridge);
    session.confirms(NEW, 6);
    let shown = session.json(NEW, "ip -json address show master lan0");
    assert_eq!(shown[0]["ifname"], json!("eth0"), "{shown}");
    assert_eq!(session.run(NEW, "systemctl --failed --no-legend").said, "");
    say(test, "confirmed: the address is the bridge's");
}

/// Applies a document with these devices; what was said. Nothing has drifted then.
fn apply(session: &Session, seconds: &str) -> String {
    let document = format!("{}{}{LOGIN}", network(OLD), DEVICES.replace("SECONDS", seconds));
    let applied = session.run(OLD, &format!("firstlight apply - <<'END'\n{document}END\n"));
    assert!(applied.ok, "{}", applied.said);
    let drift = session.run(OLD, "firstlight status --drift");
    assert!(drift.ok, "{}", drift.said);
    applied.said
}

fn are_as_asked(links: &Links, seconds: u64) {
    for (name, place, value) in [
        ("end0", "/master", json!("br0")),
        ("end0", "/linkinfo/info_slave_data/cost", json!(77)),
        ("vx0", "/master", json!("br0")),
        ("vx0", "/linkinfo/info_data/remote", json!("192.0.2.30")),
        ("br0", "/linkinfo/info_data/stp_state", json!(0)),
        ("br0", "/linkinfo/info_data/ageing_time", json!(seconds * 100)),
    ] {
        assert_eq!(links.at(name, place), value, "{name} {place}: {}", links.at(name, ""));
    }
    for (name, address) in [
        ("br0", "10.1.0.1/24"),
        ("end1", "10.1.0.2/24"),
        ("docker0", "10.2.0.1/24"),
    ] {
        assert_eq!(links.addresses(name), [address], "{name}");
    }
}
