//! A tunnel between two machines, each of whose documents has one end of it.

use crate::machine::Machine;
use crate::rootfs::Suite;
use crate::say;
use crate::seed::Seed;
use crate::trial::{LOGIN, OLD, Session};
use crate::vm::{Medium, Vm};

/// One end: its number, its private key, the public key of the other one and its number.
const ENDS: [(u8, &str, &str, u8); 2] = [
    (
        1,
        "iGvZ4h6Jp2Zo8MRsHDBrZFhjXP/MOXTxu1eMMGuHmEA=",
        "uesqlbJPkERGiLJH/IS7usGgcImx64H1cuGlGnSmZA8=",
        2,
    ),
    (
        2,
        "IPmzPOysECWlK0yJDEpWwJ1UaYdtyD0XrKBl7ldZkkg=",
        "ye8MG+9CWV6HZEmQibpFYlDivgju/IYH0vIFLgyOgQc=",
        1,
    ),
];

fn document((own, key, public, other): (u8, &str, &str, u8)) -> String {
    format!(
        "{LOGIN}network:
  version: 2
  ethernets:
    lan: {{match: {{name: eth0}}, addresses: [{OLD}/24], routes: [{{to: default, via: 192.0.2.1}}]}}
    wire: {{match: {{name: eth1}}, addresses: [198.51.100.{own}/24]}}
  tunnels:
    wg0:
      mode: wireguard
      port: 51820
      key: {key}
      peers: [{{keys: {{public: {public}}}, allowed-ips: [10.7.0.{other}/32], endpoint: 198.51.100.{other}:51820}}]
      addresses: [10.7.0.{own}/24]
"
    )
}

/// Both reach the other's sshd through the tunnel, and it alone carries it.
pub fn two_machines(test: &str, suite: Suite) {
    let mut machines = ["one", "other"].map(|name| Vm::new(suite, &format!("{test}_{name}"), Medium::CdRom));
    Vm::wire(&machines[0], &machines[1]);
    for machine in &mut machines {
        machine.insert(&Seed::without_docker("first-light", OLD));
    }
    let sessions = machines.each_mut().map(|machine| Session::power_on_vm(machine, OLD));
    for (session, end) in sessions.iter().zip(ENDS) {
        let applied = session.run(OLD, &format!("firstlight apply - <<'END'\n{}END\n", document(end)));
        assert!(applied.ok, "{}", applied.said);
    }
    for (session, (_, _, _, other)) in sessions.iter().zip(ENDS) {
        let reach = format!("timeout 60 bash -c 'head -c 4 </dev/tcp/10.7.0.{other}/22'; ip -s link show wg0");
        let said = session.run(OLD, &reach).said;
        assert!(said.contains("SSH-"), "{said}");
        say(test, &said.lines().map(str::trim).collect::<Vec<_>>().join("; "));
    }
}
