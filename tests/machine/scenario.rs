//! The stories that machines live through.

use crate::check::Checks;
use crate::container::{Container, SEED_DIRECTORY};
use crate::machine::Machine;
use crate::rootfs::{Root, Suite, discard};
use crate::say;
use crate::seed::{PASSWORD, Seed};
use std::ops::Range;
use std::process::Command;
use std::time::Duration;

pub const FIRST: &str = "192.0.2.10";
pub const OTHER: &str = "192.0.2.20";
/// As the root filesystem ships it.
pub const SHIPPED_PASSWORD: &str = "changeme";

/// First boot with a seed; a reboot, which changes nothing; a reboot with a changed seed, which is applied.
pub fn three_boots(test: &str, machine: &mut dyn Machine) {
    first_and_again(test, machine, &Seed::new("first-light", FIRST));
    changed(test, machine, &Seed::new("second-light", OTHER));
}

/// First boot with a seed; a reboot, which changes nothing.
pub fn first_and_again(test: &str, machine: &mut dyn Machine, seed: &Seed) {
    machine.insert(seed);
    let first = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "first boot", &first);
    checks.configured(seed);
    checks.all_verified(seed);
    checks.status("0");
    checks.units_succeeded();
    checks.generations(1);
    checks.finish();

    let second = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "second boot, same seed", &second);
    checks.configured(seed);
    checks.status("0");
    checks.units_succeeded();
    checks.generations(1);
    checks.same_etc(&first);
    checks.finish();
}

/// A reboot of such a machine, with a changed seed, which is applied.
pub fn changed(test: &str, machine: &mut dyn Machine, seed: &Seed) {
    machine.insert(seed);
    let third = machine.boot(&[], OTHER, PASSWORD);
    let mut checks = Checks::new(test, "third boot, changed seed", &third);
    checks.configured(seed);
    checks.status("0");
    checks.units_succeeded();
    checks.generations(2);
    checks.finish();
}

/// The power is cut at a random moment of a first boot, `rounds` times on a new machine; the next boot ends as asked.
pub fn power_cuts(test: &str, rounds: u32, moments: Range<f64>, seed: &Seed, machine: &dyn Fn() -> Box<dyn Machine>) {
    let rounds = std::env::var("SOAK_CUTS")
        .ok()
        .and_then(|it| it.parse().ok())
        .unwrap_or(rounds);
    for round in 1..=rounds {
        let mut machine = machine();
        machine.insert(seed);
        let after = moments.start + (moments.end - moments.start) * random_fraction();
        machine.cut(Duration::from_secs_f64(after));
        let seen = machine.boot(&[], FIRST, PASSWORD);
        let story = format!("round {round}, power cut after {after:.2} s");
        let mut checks = Checks::new(test, &story, &seen);
        checks.configured(seed);
        checks.status("0");
        checks.units_succeeded();
        checks.holds(
            "the entry of root is whole",
            seen.text("shadow").split(':').count() == 9,
            &seen.text("shadow"),
        );
        checks.finish();
    }
}

fn random_fraction() -> f64 {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).expect("the kernel has random numbers");
    f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)
}

/// A machine that nobody tells anything comes up as it was shipped.
pub fn no_seed(test: &str, suite: Suite) {
    let mut machine = Container::new(suite, test);
    administrator_sets_address(&machine);
    let seen = machine.boot(&[], FIRST, SHIPPED_PASSWORD);
    let mut checks = Checks::new(test, "no seed", &seen);
    checks.as_shipped();
    checks.status("5");
    checks.units_succeeded();
    checks.generations(0);
    checks.finish();
}

/// A container manager hands over the document, as systemd's credentials; there is no other source.
pub fn credentials(test: &str, suite: Suite) {
    let mut machine = Container::new(suite, test);
    let seed = Seed::new("first-light", FIRST);
    let directory = machine.root.path.with_extension("credentials");
    let words = seed.write_credentials(&directory);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let seen = machine.boot(&words, FIRST, PASSWORD);
    discard(&directory);
    let mut checks = Checks::new(test, "credentials", &seen);
    checks.configured(&seed);
    checks.status("0");
    checks.units_succeeded();
    checks.generations(1);
    checks.finish();
}

/// A seed directory with the network, and a list of addresses as its user-data, which leads to a file. A second boot finds
/// another document there, and applies it; later the server is gone.
pub fn included(test: &str, suite: Suite) {
    let mut machine = Container::new(suite, test);
    let seed = Seed {
        extra: "write_files: [{path: /etc/fetched, source: {uri: 'http://192.0.2.1/fetched'}}]\n",
        ..Seed::new("first-light", FIRST)
    };
    let served = machine.root.path.with_extension("served");
    machine.served = Some(served.clone());
    let insert = |machine: &mut Container, seed: &Seed| {
        machine.insert(seed);
        std::fs::write(served.join("fetched"), "a file\n").expect("the directory can be written");
    };
    insert(&mut machine, &seed);
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "a list of addresses", &seen);
    checks.configured(&seed);
    checks.fetched();
    checks.status("0");
    checks.units_succeeded();
    // The network came first, to get there.
    checks.generations(2);
    let fetched = std::fs::read_to_string(machine.root.path.join("etc/fetched"));
    checks.equal("/etc/fetched", fetched.unwrap_or_default().as_str(), "a file\n");
    checks.finish();

    let seed = Seed {
        hostname: "second-light".to_owned(),
        ..seed
    };
    insert(&mut machine, &seed);
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "fetched anew", &seen);
    checks.configured(&seed);
    checks.fetched();
    checks.status("0");
    checks.units_succeeded();
    checks.generations(3);
    checks.finish();

    discard(&served);
    let settings = "http: {retry_for: 0s}\n";
    machine.root.write("etc/firstlight/config.yaml", settings);
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "nothing at the address any more", &seen);
    checks.configured(&seed);
    checks.fetched();
    checks.status("0");
    checks.says(&["the configuration of generation 3 stays", "http://192.0.2.1/user-data"]);
    checks.generations(3);
    checks.finish();
}

/// The life of an instance: its seed goes away; then its disk is another machine's, which a seed says.
pub fn instances(test: &str, suite: Suite) {
    let mut machine = Container::new(suite, test);
    let seed = Seed::new("first-light", FIRST);
    machine.insert(&seed);
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "a new instance", &seen);
    checks.configured(&seed);
    checks.status("0");
    checks.not_fetched();
    checks.generations(1);
    checks.finish();

    discard(&machine.root.path.join(SEED_DIRECTORY));
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "its seed is gone", &seen);
    checks.configured(&seed);
    checks.status("0");
    checks.says(&["no source has a document now", "rig-1"]);
    checks.generations(1);
    checks.finish();

    let seed = Seed {
        instance_id: "rig-2",
        ..seed
    };
    machine.insert(&seed);
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "a clone", &seen);
    checks.configured(&seed);
    checks.status("0");
    checks.says(&["rig-2"]);
    checks.generations(2);
    checks.finish();
}

/// What is done in [`by_hand`]: a document applied to the machine as it runs, looked at, and taken back.
const HANDS: &str = r#"
look() {
    hostname
    hostnamectl --static
    # networkd answers a reload before it has set the address.
    for ((tenth = 0; tenth < 100; tenth++)); do
        ip -oneline -4 address show dev eth0 | grep -o "inet $1/24" && break
        sleep 0.1
    done
    sshd -T | grep permitrootlogin
    cat /proc/sys/net/core/somaxconn
    systemctl is-enabled docker.service
    systemctl is-active docker.service docker.socket systemd-resolved.service
}
cat >/run/by-hand.yaml <<'END'
hostname: by-hand
network: {version: 2, ethernets: {eth0: {addresses: [192.0.2.30/24]}}}
sshd: {permit_root_login: yes, options: {AuthorizedKeysFile: [/etc/ssh/keys/%u, .ssh/authorized_keys]}}
root: {ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5 me]}
docker: {enabled: true, daemon: {log-driver: journald}}
sysctl: {net.core.somaxconn: 6001}
services: {systemd-resolved: {masked: true, state: stopped}, once: {state: started}, limited: {state: stopped}}
END
systemctl start limited.service
firstlight apply -v /run/by-hand.yaml >/run/applied; echo "apply $?"
cat /run/applied >&2
look 192.0.2.30
sshd -T -C user=root,host=h,addr=192.0.2.1 | grep authorizedkeysfile
cut -d ' ' -f 3 /etc/ssh/keys/root
# What sshd or dockerd would refuse is not begun.
refused() {
    as_it_was=$(systemctl show --property InvocationID docker.service; ls /var/lib/firstlight/generations; cat /etc/docker/daemon.json)
    firstlight apply /run/refused.yaml >/run/refused 2>&1; echo "refused $?"
    cat /run/refused >&2
    grep -o "$1" /run/refused | head -n 1
    ip -oneline -4 address show dev eth0 | grep -o 'inet 192.0.2.3./24'
    [[ $as_it_was == "$(systemctl show --property InvocationID docker.service; ls /var/lib/firstlight/generations; \
        cat /etc/docker/daemon.json)" ]]
    echo "changed $?"
}
cat >/run/refused.yaml <<'END'
network: {version: 2, ethernets: {eth0: {addresses: [192.0.2.31/24]}}}
docker: {enabled: true, daemon: {log-driver: local}}
sshd: {options: {Ciphers: nonsense}}
END
refused 'refused.yaml:3:.*sshd rejects this value'
# Docker 20.10 can't be asked.
if dockerd --help | grep -q -e --validate; then word=live-restoree; else word=nothing; fi
case $word in
live-restoree)
    printf 'docker:\n  enabled: true\n  daemon:\n    live-restoree: true\n' >/run/refused.yaml
    refused 'refused.yaml:4:.*dockerd rejects this' ;;
nothing)
    printf 'refused 1\nrefused.yaml:4:20: dockerd rejects this\ninet 192.0.2.30/24\nchanged 0\n' ;;
esac
firstlight plan --exit-code /run/by-hand.yaml >&2; echo "plan $?"
ip address del 192.0.2.30/24 dev eth0
firstlight status --drift | grep -o "has 192.0.2.30/24: it doesn't"
firstlight plan /run/by-hand.yaml | grep -o 'reconfigured by networkd'
firstlight apply /run/by-hand.yaml >&2; echo "apply $?"
ip address show dev eth0 | grep -o 'inet 192.0.2.30/24'
sed -i '1i AuthorizedKeysFile none' /etc/ssh/sshd_config
firstlight status --drift >/run/drifted; echo "drift $?"
grep -o "sshd -T says authorizedkeysfile" /run/drifted
cat /run/drifted >&2
sed -i 1d /etc/ssh/sshd_config
firstlight status --drift >&2; echo "drift $?"
# What was mended has a generation of its own, with nothing to be undone.
firstlight rollback >&2; echo "rollback $?"
firstlight rollback >/run/rolled; echo "rollback $?"
cat /run/rolled >&2
look 192.0.2.10
# systemd would refuse its second start, but for what an undo forgets first.
systemctl is-active limited.service
grep -o 'started limited.service again' /run/rolled
echo 'services: {dies: {state: started}}' >/run/dies.yaml
firstlight apply /run/dies.yaml >&2; echo "dies $?"
"#;

/// A service whose work is done when it ends, one that ends a moment after its start was reported done, and one that may be
/// started once an hour.
const SERVICES: [(&str, &str); 3] = [
    ("once", "[Service]\nType=oneshot\nExecStart=/bin/true\n"),
    ("dies", "[Service]\nExecStart=/bin/sleep 0.3\n"),
    (
        "limited",
        "[Unit]\nStartLimitBurst=1\nStartLimitIntervalSec=1h\n\n[Service]\nExecStart=/bin/sleep infinity\n",
    ),
];

/// The expected output of [`HANDS`].
const SEEN_BY_HAND: &str = "apply 0
by-hand
by-hand
inet 192.0.2.30/24
permitrootlogin yes
6001
enabled
active
active
inactive
authorizedkeysfile /etc/ssh/keys/%u .ssh/authorized_keys
me
refused 1
refused.yaml:3:27: sshd rejects this value
inet 192.0.2.30/24
changed 0
refused 1
refused.yaml:4:20: dockerd rejects this
inet 192.0.2.30/24
changed 0
plan 0
has 192.0.2.30/24: it doesn't
reconfigured by networkd
apply 0
inet 192.0.2.30/24
drift 3
sshd -T says authorizedkeysfile
drift 0
rollback 0
rollback 0
photon-machine
photon-machine
inet 192.0.2.10/24
permitrootlogin no
4096
disabled
inactive
inactive
active
active
started limited.service again
dies 1";

/// On a machine that is up, `apply` changes what runs and `rollback` gives it back.
pub fn by_hand(test: &str, suite: Suite) {
    let mut machine = Container::new(suite, test);
    administrator_sets_address(&machine);
    machine.root.write("usr/lib/probe/by-hand", HANDS);
    for (name, text) in SERVICES {
        machine
            .root
            .write(&format!("usr/lib/systemd/system/{name}.service"), text);
    }
    let seen = machine.boot(&[], FIRST, SHIPPED_PASSWORD);
    let mut checks = Checks::new(test, "apply and rollback by hand", &seen);
    checks.equal("what was seen", seen.text("by-hand").trim_end(), SEEN_BY_HAND);
    checks.as_shipped();
    checks.finish();
}

/// Documents with an unknown key: the good keys are applied, and the machine says that it is degraded. A typo in an
/// interface leaves that interface as it is: as the image has it, then as an earlier document made it.
pub fn broken_document(test: &str, suite: Suite) {
    let typo = "network: {ethernets: {eth0: {adresses: [192.0.2.99/24]}}}\n";
    let mut machine = Container::new(suite, test);
    let network = format!("[Match]\nName=eth0\n\n[Network]\nAddress={FIRST}/24\nGateway=192.0.2.1\n");
    machine.root.write("etc/systemd/network/50-image.network", &network);
    let boots = [
        ("a typo in an interface", seed_with("first-light", FIRST, typo), true),
        (
            "an unknown key, and a directory where a file shall be",
            seed_with(
                "second-light",
                OTHER,
                "hostnme: typo\nwrite_files: [{path: /etc/systemd, content: x}]\n\
                 kernel_modules: [no_such_module]\nsysctl: {kernel.panic: 77, net.core.somaxconn: 5001}\n",
            ),
            false,
        ),
        ("the typo once more", seed_with("third-light", OTHER, typo), true),
    ];
    for (number, (boot, seed, left)) in boots.into_iter().enumerate() {
        machine.insert(&seed);
        if number == 1 {
            // With a good network, networkd is put right as well.
            disable_networkd(&machine);
        }
        let seen = machine.boot(&[], &seed.address, PASSWORD);
        let mut checks = Checks::new(test, boot, &seen);
        checks.configured(&seed);
        checks.status("4");
        checks.only_fails("firstlight.service");
        let status = seen.text("status");
        let says = status.contains("eth0 keeps its current configuration: unknown key `adresses`");
        checks.holds("the status says of eth0 what it is", says == left, &status);
        let says = status.contains("/etc/systemd can't be written: it is a directory");
        checks.holds("the status says which file is left out", says != left, &status);
        for words in [
            "no_such_module",
            "can't set kernel.panic to 77: Read-only file system",
            "expected that kernel.panic is 77, but it is ",
        ] {
            checks.holds(
                "the status says what the kernel refuses",
                status.contains(words) != left,
                &status,
            );
        }
        checks.holds("and nothing of what it takes", !status.contains("somaxconn"), &status);
        checks.generations(number + 1);
        checks.finish();
    }
}

/// As an image has it that another manager configured.
fn disable_networkd(machine: &Container) {
    let disabled = Command::new("systemctl")
        .arg("--root")
        .arg(&machine.root.path)
        .args(["disable", "systemd-networkd.service", "systemd-networkd.socket"])
        .status();
    assert!(
        disabled.is_ok_and(|status| status.success()),
        "systemctl disables networkd in a tree"
    );
}

fn seed_with(hostname: &str, address: &str, extra: &'static str) -> Seed {
    Seed {
        extra,
        ..Seed::new(hostname, address)
    }
}

/// Another `.network` file sorts before ours: the machine is up, degraded, and says which file it is.
pub fn another_file_wins(test: &str, suite: Suite) {
    let path = "/etc/systemd/network/05-other.network";
    let mut machine = Container::new(suite, test);
    let network = format!("[Match]\nName=eth*\n\n[Network]\nAddress={FIRST}/24\n");
    machine.root.write(path.trim_start_matches('/'), &network);
    machine.insert(&Seed::new("first-light", FIRST));
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "another file sorts before ours", &seen);
    checks.another_file_won(path);
    checks.status("4");
    checks.only_fails("firstlight.service");
    checks.finish();
}

/// `firstlight=off` on the kernel's command line, with a seed waiting.
pub fn off(test: &str, machine: &mut dyn Machine, address: &str) {
    machine.insert(&Seed::new("first-light", FIRST));
    let seen = machine.boot(&["firstlight=off"], address, SHIPPED_PASSWORD);
    let mut checks = Checks::new(test, "firstlight=off", &seen);
    checks.as_shipped();
    for unit in ["firstlight-local.service", "firstlight.service"] {
        checks.equal(unit, seen.property("firstlight-units", unit, "ConditionResult"), "no");
    }
    checks.generations(0);
    checks.finish();
}

/// A container has no DHCP server: an address that does not come from a seed comes from a file of the administrator's.
pub fn administrator_sets_address(machine: &Container) {
    let network = format!("[Match]\nName=eth0\n\n[Network]\nAddress={FIRST}/24\n");
    machine
        .root
        .write("etc/systemd/network/50-administrator.network", &network);
}

/// systemd itself has nothing to say against the units, in the version that will run them.
pub fn units_verify(test: &str, suite: Suite) {
    let root = Root::new(suite, test, PASSWORD);
    let mut verify = Command::new("chroot");
    verify.arg(&root.path).args([
        "systemd-analyze",
        "verify",
        "--man=no",
        "firstlight-local.service",
        "firstlight.service",
        "firstlight-final.service",
        "firstlight-emergency.service",
        "firstlight.target",
    ]);
    let said = verify.output().expect("chroot is part of coreutils");
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    let complaints: Vec<_> = said.lines().filter(|line| line.contains("firstlight")).collect();
    assert!(complaints.is_empty(), "systemd-analyze verify: {complaints:#?}");
    say(test, "systemd-analyze has no complaint");
}
