//! Devices of each kind on a running machine: as the kernel and networkd have them, changed, gone, and back.

use crate::machine::Machine;
use crate::say;
use crate::seed::Seed;
use crate::trial::{LOGIN, OLD, Session};
use crate::vm::Vm;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The way in, which every document keeps; and a link whose other end has a DHCP server and sends router advertisements,
/// both networkd's own.
const ALWAYS: &str = "\
networkd_files:
- name: 05-server.netdev
  contents: \"[NetDev]\\nName=server\\nKind=veth\\n[Peer]\\nName=client\\n\"
- name: 05-server.network
  contents: \"[Match]\\nName=server\\n[Network]\\nAddress=10.9.0.1/24\\nAddress=2001:db8:9::1/64\\nDHCPServer=yes\\nIPv6SendRA=yes\\n\
             IPv6AcceptRA=no\\n[DHCPServer]\\nPoolOffset=50\\nPoolSize=1\\n[IPv6Prefix]\\nPrefix=2001:db8:9::/64\\n\"
network:
  version: 2
  ethernets:
    lan: {match: {name: eth0}, addresses: [192.0.2.10/24], routes: [{to: default, via: 192.0.2.1}]}
    client: {dhcp4: true, accept-ra: true}
";

/// One device of each kind, on top of each other where they can be.
const KINDS: &str = "  dummy-devices:
    port0: {}
    port1: {}
    dm0: {addresses: [198.51.100.1/24], mtu: 1400}
  bonds:
    bond0:
      interfaces: [port0, port1]
      parameters: {mode: MODE, mii-monitor-interval: 100}
      addresses: [203.0.113.1/24]
      routing-policy: [{from: 203.0.113.0/24, table: 77, priority: 1000}]
  bridges:
    br0:
      interfaces: [v5, end0]
      parameters: {stp: false, ageing-time: 50, path-cost: {end0: 77}}
      addresses: [10.1.0.1/24]
  vlans:
    v5: {id: 5, link: bond0}
    v6: {id: NUMBER, link: bond0, addresses: [10.6.0.1/24]}
  virtual-ethernets:
    end0: {peer: end1}
    end1: {peer: end0, addresses: [10.1.0.2/24]}
  tunnels:
    vx0: {mode: vxlan, id: 5, local: 203.0.113.1, remote: 203.0.113.2, addresses: [10.8.0.1/24]}
    wg0:
      mode: wireguard
      port: 51820
      key: iGvZ4h6Jp2Zo8MRsHDBrZFhjXP/MOXTxu1eMMGuHmEA=
      peers: [{keys: {public: uesqlbJPkERGiLJH/IS7usGgcImx64H1cuGlGnSmZA8=}, allowed-ips: [10.7.0.2/32]}]
      addresses: [10.7.0.1/24]
    wg1:
      mode: wireguard
      key: IPmzPOysECWlK0yJDEpWwJ1UaYdtyD0XrKBl7ldZkkg=
      peers:
      - keys: {public: ye8MG+9CWV6HZEmQibpFYlDivgju/IYH0vIFLgyOgQc=}
        allowed-ips: [10.7.0.1/32]
        endpoint: 192.0.2.10:51820
  vrfs:
    blue: {table: 1005, interfaces: [dm0], routes: [{to: 10.5.0.0/16, via: 198.51.100.2}]}
";

/// Made, changed one by one while the others stay, taken away and rolled back; all on one machine.
pub fn kinds(test: &str, machine: &mut Vm) {
    machine.insert(&Seed::without_docker("first-light", OLD));
    let session = Session::power_on_vm(machine, OLD);
    let kinds = |mode: &str, number: &str| KINDS.replace("MODE", mode).replace("NUMBER", number);

    apply(&session, &kinds("active-backup", "6"));
    let first = Links::of(&session);
    first.are_as_asked("active-backup", 6);
    session.has_routes();
    session.has_leases();
    session.reaches_through_wireguard();
    say(test, "all kinds are there");

    apply(&session, &kinds("active-backup", "60"));
    let second = Links::of(&session);
    second.are_as_asked("active-backup", 60);
    assert_eq!(first.changed(&second), ["v6"], "only the VLAN is another one");
    say(test, "one VLAN is another one, the others are the same");

    let document = document(&kinds("balance-xor", "60"));
    let tried = session.run(
        OLD,
        &format!("firstlight apply --confirm 10m - <<'END'\n{document}END\n"),
    );
    assert!(tried.ok, "{}", tried.said);
    Links::of(&session).are_as_asked("balance-xor", 60);
    session.time_is_up(OLD);
    session.is_back(OLD, 4);
    settles(&session);
    let third = Links::of(&session);
    third.are_as_asked("active-backup", 60);
    // What is on top of it goes and comes with it.
    assert_eq!(second.changed(&third), ["bond0", "v5", "v6"]);
    say(
        test,
        "unconfirmed: the bond is as it was, and has its members and VLANs again",
    );

    apply(&session, "");
    let none = Links::of(&session);
    for name in [
        "bond0", "br0", "v5", "v6", "end0", "end1", "dm0", "port0", "port1", "blue",
    ] {
        assert!(none.get(name).is_none(), "{name} is still there");
    }
    assert_eq!(third.index("eth0"), none.index("eth0"));
    say(test, "what is no longer asked for is gone");

    let back = session.run(OLD, "firstlight rollback");
    assert!(back.ok, "{}", back.said);
    settles(&session);
    Links::of(&session).are_as_asked("active-backup", 60);
    assert_eq!(session.run(OLD, "systemctl --failed --no-legend").said, "");
    say(test, "rolled back: all are there again");
}

/// Waits until nothing has drifted: what is rolled back is not verified, and networkd is still at it.
pub fn settles(session: &Session) {
    let drift = session.run(
        OLD,
        "for i in $(seq 60); do firstlight status --drift >/dev/null && break; sleep 1; done; firstlight status --drift",
    );
    assert!(drift.ok, "{}", drift.said);
}

fn document(devices: &str) -> String {
    format!("{LOGIN}{ALWAYS}{devices}")
}

/// Applies a document with these devices; nothing has drifted then.
fn apply(session: &Session, devices: &str) {
    let document = document(devices);
    let applied = session.run(OLD, &format!("firstlight apply - <<'END'\n{document}END\n"));
    assert!(applied.ok, "{}", applied.said);
    let drift = session.run(OLD, "firstlight status --drift");
    assert!(drift.ok, "{}", drift.said);
}

/// The links as the kernel has them, by name.
pub struct Links(BTreeMap<String, Value>);

impl Links {
    pub fn of(session: &Session) -> Self {
        let all = session.json(OLD, "ip -json -details address show");
        let all = all.as_array().cloned().unwrap_or_default().into_iter();
        Self(
            all.map(|link| (link["ifname"].as_str().unwrap_or_default().to_owned(), link))
                .collect(),
        )
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// What the kernel says of a link at this place.
    pub fn at(&self, name: &str, place: &str) -> Value {
        let link = self
            .get(name)
            .unwrap_or_else(|| panic!("no link {name}: {:?}", self.0.keys()));
        link.pointer(place).cloned().unwrap_or_default()
    }

    pub fn index(&self, name: &str) -> Value {
        self.at(name, "/ifindex")
    }

    /// The links that are not the same ones as in `later`.
    pub fn changed(&self, later: &Self) -> Vec<String> {
        let names = self.0.keys().filter(|name| self.index(name) != later.index(name));
        names.cloned().collect()
    }

    pub fn addresses(&self, name: &str) -> Vec<String> {
        let all = self.at(name, "/addr_info");
        let static_ones = all
            .as_array()
            .into_iter()
            .flatten()
            .filter(|it| it["scope"] == "global");
        static_ones
            .map(|it| format!("{}/{}", it["local"].as_str().unwrap_or("?"), it["prefixlen"]))
            .collect()
    }

    fn are_as_asked(&self, mode: &str, number: u64) {
        for (name, place, value) in [
            ("bond0", "/linkinfo/info_data/mode", json!(mode)),
            ("bond0", "/linkinfo/info_data/miimon", json!(100)),
            ("port0", "/master", json!("bond0")),
            ("port1", "/master", json!("bond0")),
            ("v5", "/linkinfo/info_data/id", json!(5)),
            ("v5", "/link", json!("bond0")),
            ("v5", "/master", json!("br0")),
            ("v6", "/linkinfo/info_data/id", json!(number)),
            ("v6", "/link", json!("bond0")),
            ("end0", "/master", json!("br0")),
            ("end0", "/linkinfo/info_slave_data/cost", json!(77)),
            ("br0", "/linkinfo/info_data/stp_state", json!(0)),
            ("br0", "/linkinfo/info_data/ageing_time", json!(5000)),
            ("blue", "/linkinfo/info_data/table", json!(1005)),
            ("dm0", "/master", json!("blue")),
            ("dm0", "/mtu", json!(1400)),
            ("vx0", "/linkinfo/info_data/id", json!(5)),
            ("vx0", "/linkinfo/info_data/remote", json!("203.0.113.2")),
            ("wg0", "/linkinfo/info_kind", json!("wireguard")),
        ] {
            assert_eq!(self.at(name, place), value, "{name} {place}: {}", self.at(name, ""));
        }
        for (name, address) in [
            ("bond0", "203.0.113.1/24"),
            ("br0", "10.1.0.1/24"),
            ("v6", "10.6.0.1/24"),
            ("end1", "10.1.0.2/24"),
            ("dm0", "198.51.100.1/24"),
            ("vx0", "10.8.0.1/24"),
            ("wg0", "10.7.0.1/24"),
        ] {
            assert_eq!(self.addresses(name), [address], "{name}");
        }
    }
}

impl Session {
    /// The VRF's route is in its own table, and a rule chooses a table.
    fn has_routes(&self) {
        let routes = self.run(OLD, "ip route show table 1005").said;
        assert!(routes.contains("10.5.0.0/16 via 198.51.100.2 "), "{routes}");
        let rules = self.run(OLD, "ip rule show").said;
        assert!(rules.contains("1000:\tfrom 203.0.113.0/24 lookup 77"), "{rules}");
    }

    /// DHCPv4 and router advertisements have given addresses.
    fn has_leases(&self) {
        let until = "for i in $(seq 100); do ip -brief address show client | grep -q 10.9.0.50 && \
                     ip -brief address show client | grep -q 2001:db8:9: && break; sleep 0.2; done";
        let shown = self.run(OLD, &format!("{until}; ip -brief address show client")).said;
        assert!(
            shown.contains("10.9.0.50/24") && shown.contains("2001:db8:9:"),
            "{shown}"
        );
    }

    /// One end in a network of its own, as another machine would be, reaches sshd at the other: the keys are theirs. Back
    /// again, networkd takes it as new.
    fn reaches_through_wireguard(&self) {
        let commands = "ip netns add far && ip link set wg1 netns far && ip -n far address add 10.7.0.2/24 dev wg1 \
                        && ip -n far link set wg1 up && ip netns exec far timeout 20 bash -c 'head -c 4 </dev/tcp/10.7.0.1/22'; \
                        ip -n far link set wg1 netns 1; ip netns delete far";
        let said = self.run(OLD, commands).said;
        assert!(said.contains("SSH-"), "{said}");
    }
}
