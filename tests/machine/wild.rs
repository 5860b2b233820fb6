//! Documents that people have, as they are, booted on one machine: VMware's acceptance test for Photon, and a node of a
//! Kubernetes cluster as Cluster API Provider vSphere writes it.

use crate::check::Checks;
use crate::container::{Container, SEED_DIRECTORY};
use crate::machine::Machine;
use crate::rootfs::{Suite, discard};
use crate::scenario::FIRST;
use crate::seed::PASSWORD;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const ACCEPTANCE: &str = include_str!("../corpus/vmware-photon-acceptance.yaml");
const CONTROL_PLANE: &str = include_str!("../corpus/capv-control-plane.yaml");

/// crypt(3) of the rig's password.
const HASH: &str =
    "$6$firstlightrig$1kkg6NCxrilzB6iUS.wDcGqDqPjSUqY3M68fy7TEGf3eF1VV5dz1.YX3kDFl.ktEqro9gRqKbPkr.f0rcEwLd.";

/// As Cluster API has it for a machine with an address of its own.
const NETWORK: &str = r#"version: 2
ethernets:
  id0:
    match: {name: eth0}
    set-name: eth0
    wakeonlan: true
    dhcp4: false
    addresses: ["192.0.2.10/24"]
    gateway4: 192.0.2.1
    nameservers: {addresses: [192.0.2.53]}
"#;

/// Programs that the documents run and the image lacks: each writes down how it was called.
const PROGRAMS: [(&str, &str); 2] = [
    ("iptables", "echo \"iptables $*\" >>/var/log/called"),
    (
        "kubeadm",
        "grep -h '^  name:\\|name: ' \"$3\" >>/var/log/called && echo \"kubeadm $*\" >>/var/log/called",
    ),
];

/// Photon's own, SPECS/openssh.
const SSHD_SOCKET: &str =
    "[Unit]\nConflicts=sshd.service\n[Socket]\nListenStream=22\nAccept=yes\n[Install]\nWantedBy=sockets.target\n";
const SSHD_OF_SOCKET: &str = "[Service]\nExecStart=-/usr/sbin/sshd -i\nStandardInput=socket\nRuntimeDirectory=sshd\n\
    RuntimeDirectoryPreserve=yes\nKillMode=process\n";

/// What is looked at in both boots.
const LOOK: &str = r"
firstlight status --wait >/dev/null
cat /var/log/called
wc -l </var/log/acceptance
systemctl is-active ssh.service sshd.socket
systemctl is-enabled sshd.socket
wc -l </root/.ssh/authorized_keys
ls /run/cluster-api /etc/kubernetes/pki
stat -c '%a %U:%G %n' /run/kubeadm/kubeadm.yaml /etc/kubernetes/pki/ca.key
grep -c . /home/capv/.ssh/authorized_keys
ls /etc/sudoers.d | grep firstlight
cat /etc/hosts
firstlight status --drift >&2 && echo no drift
";

/// What is to be seen in the second.
const NODE: &str = "iptables -A INPUT -p tcp --dport 8080 -j ACCEPT
iptables -A INPUT -p icmp -j ACCEPT
  name: 'lab-control-plane-x7k2p'
kubeadm init --config /run/kubeadm/kubeadm.yaml
1
inactive
active
enabled
/etc/kubernetes/pki:
ca.crt
ca.key

/run/cluster-api:
bootstrap-success.complete
placeholder
640 root:root /run/kubeadm/kubeadm.yaml
600 root:root /etc/kubernetes/pki/ca.key
1
90-firstlight-capv
::1         ipv6-localhost ipv6-loopback localhost6 localhost6.localdomain6
127.0.0.1   localhost localhost.localdomain localhost4 localhost4.localdomain4
127.0.0.1   lab-control-plane-x7k2p
no drift";

/// Both documents, one after the other, as of two instances.
pub fn documents(test: &str, suite: Suite) {
    let mut machine = Container::new(suite, test);
    for (name, code) in PROGRAMS {
        let path = format!("usr/local/sbin/{name}");
        machine.root.write(&path, &format!("#!/bin/sh\n{code}\n"));
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(machine.root.path.join(path), executable).expect("it was just written");
    }
    machine.root.write("usr/lib/systemd/system/sshd.socket", SSHD_SOCKET);
    machine
        .root
        .write("usr/lib/systemd/system/sshd@.service", SSHD_OF_SOCKET);
    machine.root.write("usr/lib/probe/by-hand", LOOK);

    let hash = ACCEPTANCE
        .split_once("hashed_passwd: ")
        .and_then(|(_, rest)| rest.lines().next());
    let document = ACCEPTANCE.replace(hash.expect("it has one"), HASH);
    insert(&machine, "photon-1", "appliance", &document);
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "VMware's acceptance test", &seen);
    // Its keys are for root, whom Photon's sshd doesn't let in: cloud-init says nothing of it.
    checks.status("4");
    checks.only_fails("firstlight-final.service");
    checks.says(&["SSH refuses root's keys", "`PermitRootLogin no`"]);
    checks.said("hostname", "photon-appliance");
    checks.equal("eth0's addresses", seen.addresses("eth0"), vec![format!("{FIRST}/24")]);
    checks.holds(
        "root has the document's password",
        seen.text("shadow").contains(HASH),
        &seen.text("shadow"),
    );
    checks.equal(
        "what the document has done",
        seen.text("by-hand"),
        "iptables -A INPUT -p tcp --dport 8080 -j ACCEPT\niptables -A INPUT -p icmp -j ACCEPT\n1\ninactive\nactive\nenabled\n3\n127.0.0.1 localhost.localdomain\n127.0.0.1 localhost\n::1 ipv6-localhost\n\
         127.0.0.1 photon-machine\nno drift",
    );
    checks.finish();

    insert(&machine, "node-1", "lab-control-plane-x7k2p", CONTROL_PLANE);
    let seen = machine.boot(&[], FIRST, PASSWORD);
    // sshd is started by its socket now, as the first document wanted it.
    let mut checks = Checks::stopped(test, "a node of Cluster API", &seen);
    checks.holds(
        "a visitor logs in over ssh",
        seen.visit.visitor.ok,
        &seen.visit.visitor.said,
    );
    checks.status("0");
    checks.units_succeeded();
    checks.said("hostname", "lab-control-plane-x7k2p");
    checks.equal("eth0's addresses", seen.addresses("eth0"), vec![format!("{FIRST}/24")]);
    checks.equal("what the document has done", seen.text("by-hand"), NODE);
    checks.finish();
}

/// A seed directory with a document as it is.
fn insert(machine: &Container, instance: &str, hostname: &str, document: &str) {
    let directory = machine.root.path.join(SEED_DIRECTORY);
    discard(&directory);
    fs::create_dir_all(&directory).expect("the seed directory can be made");
    let meta_data = format!("instance-id: {instance}\nlocal-hostname: {hostname}\nhostname: {hostname}\n");
    for (name, text) in [
        ("meta-data", meta_data.as_str()),
        ("user-data", document),
        ("network-config", NETWORK),
    ] {
        fs::write(directory.join(name), text).expect("the seed can be written");
    }
}
