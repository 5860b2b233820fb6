//! Areas of a document whose programs Photon's tree has not: what rsyslog, curl, apt, resolved, sshd, console-setup,
//! systemd-tmpfiles and podman's generator make of them.

use crate::check::Checks;
use crate::container::Container;
use crate::machine::Machine;
use crate::packages::{index, package};
use crate::probe::Observed;
use crate::rootfs::{Suite, discard, run};
use crate::scenario::FIRST;
use crate::seed::{PASSWORD, Seed};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The document; `CA` and `KEY` are a certificate and a key, each in one line as YAML has it between quotes.
const AREAS: &str = r#"
users: [{name: core, ssh_import_id: ['gh:octocat']}]
ca_certs: {trusted: [CA]}
proxy: http://192.0.2.1
no_proxy: [192.0.2.1]
apt:
  sources_list: ""
  sources: {rig: {source: 'deb http://apt.rig.example/deb ./', key: KEY}}
packages: [fl-hello]
rsyslog:
  configs:
  - local1.* /var/log/app.log
  - filename: 10-received.conf
    content: |
      module(load="imudp")
      ruleset(name="received") { action(type="omfile" file="/var/log/received.log") }
      input(type="imudp" address="127.0.0.1" port="5514" ruleset="received")
  remotes: {self: 'local1.* @127.0.0.1:5514'}
manage_resolv_conf: true
resolv_conf: {nameservers: [192.0.2.1], searchdomains: [corp.example.com]}
random_seed:
  file: /var/lib/seeds
  data: cmFuZG9tCg==
  encoding: base64
  command: [sh, -c, 'echo command >>$RANDOM_SEED_FILE']
keyboard: {layout: de, variant: nodeadkeys}
tmpfiles: [d /srv/app 0750 core root -, 'L+ /etc/app.conf - - - - /srv/app/app.conf']
units:
- name: web.container
  contents: "[Container]\nImage=localhost/web\n[Install]\nWantedBy=multi-user.target\n"
"#;

/// What is looked at: in each boot, and in one with another document once more, when that has been rolled back.
const LOOK: &str = r#"
look() {
    logger -p local1.info "seen $1"
    for ((tenth = 0; tenth < 100; tenth++)); do
        grep -q "seen $1" /var/log/syslog && break
        sleep 0.1
    done
    # What goes to the file of all messages first is on its way to the others.
    sleep 0.5
    grep -ch "seen $1" /var/log/app.log /var/log/received.log
    curl --silent --fail https://localhost:4433/ >/dev/null; echo "curl $?"
    http_proxy=http://192.0.2.1 apt-get -q update 2>&1 | grep -o 'http.*InRelease'
    fl-hello
    resolvectl dns | sed -n 's/^Global: *\(.\)/\1/p'
    timeout 5 getent ahostsv4 web | head -n 1
    ssh -i /usr/lib/probe/key -o BatchMode=yes -o StrictHostKeyChecking=no core@127.0.0.1 'id -un'
    cat /var/lib/seeds
    localectl | grep -E 'Layout|Variant'
    stat -c '%N %a %U' /srv/app /etc/app.conf
    systemctl is-active web.service
    ls /etc/issue.d/50-firstlight-ssh.issue
    firstlight status --drift >&2; echo "drift $?"
    firstlight plan --exit-code >&2; echo "plan $?"
}
firstlight status --wait >/dev/null
openssl s_server -quiet -accept 4433 -www -cert /usr/lib/probe/tls/server.pem -key /usr/lib/probe/tls/server.key \
    </dev/null >/dev/null 2>&1 &
read -r uptime _ </proc/uptime
look "$uptime"
if [[ $(ls /var/lib/firstlight/generations) == *2* ]]; then
    firstlight rollback >&2; echo "rollback $?"
    look "$uptime again"
fi
"#;

/// What it looks like as the document asks.
const SEEN: &str = "1
1
curl 0
http://apt.rig.example/deb ./ InRelease
fl-hello 1.0
192.0.2.1
192.0.2.77      STREAM web.corp.example.com
core
random
command
   X11 Layout: de
  X11 Variant: nodeadkeys
'/srv/app' 750 core
'/etc/app.conf' -> '/srv/app/app.conf' 777 root
active
/etc/issue.d/50-firstlight-ssh.issue
drift 0
plan 0";

/// And when it doesn't: packages, what was made of random numbers, and what tmpfiles.d(5) made stay.
const GONE: &str = "0
0
curl 60
fl-hello 1.0
random
command
   X11 Layout: us
'/srv/app' 750 UNKNOWN
'/etc/app.conf' -> '/srv/app/app.conf' 777 root
inactive
drift 0
plan 0";

/// podman takes half as much room as all else of the tree: this stands for it.
const PODMAN: &str = "#!/bin/sh\n[ \"$1\" != run ] || { systemd-notify --ready; exec sleep infinity; }\n";

/// A first boot, a second one in which nothing changes, one with a document that has none of it, and back.
pub fn areas(test: &str, suite: Suite) {
    let mut machine = Container::with_areas(suite, test);
    let tree = machine.root.path.clone();
    // The first package manager that there is counts.
    discard(&tree.join("usr/bin/dnf"));
    // The mirrors of the distribution can't be reached here.
    machine.root.write("etc/apt/sources.list", "# none\n");
    machine.root.write("usr/bin/podman", PODMAN);
    run(Command::new("chmod").arg("755").arg(tree.join("usr/bin/podman")));
    machine.root.write(
        "etc/firstlight/config.yaml",
        "key_sites: {gh: 'http://192.0.2.1/%s.keys'}\n",
    );
    machine.root.write("usr/lib/probe/by-hand", LOOK);
    let served = tree.with_extension("served");
    discard(&served);
    make_keys(&tree, &served);
    let quoted = |path: &Path| {
        let text = fs::read_to_string(path).expect("it has just been made");
        format!("\"{}\"", text.replace('\n', "\\n"))
    };
    let extra = AREAS
        .replace("CA", &quoted(&tree.join("usr/lib/probe/tls/ca.pem")))
        .replace("KEY", &quoted(&tree.join("usr/lib/probe/apt.asc")));
    let seed = Seed {
        // The seed lives as long as the test.
        extra: extra.leak(),
        ..Seed::without_docker("areas", FIRST)
    };
    machine.insert(&seed);
    // From here on: what is inserted is the document itself.
    machine.served = Some(served.clone());
    let mut first: Option<Observed> = None;
    for boot in ["all areas", "nothing new"] {
        let seen = machine.boot(&[], FIRST, PASSWORD);
        let mut checks = Checks::new(test, boot, &seen);
        checks.configured(&seed);
        checks.status("0");
        checks.units_succeeded();
        checks.generations(1);
        checks.equal("what is to be seen of the areas", seen.text("by-hand"), SEEN);
        match &first {
            Some(first) => checks.same_etc(first),
            None => checks.fetched(),
        }
        checks.finish();
        first = Some(seen);
    }

    let seed = Seed { extra: "", ..seed };
    machine.served = None;
    machine.insert(&seed);
    machine.served = Some(served.clone());
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "none of it, and rolled back", &seen);
    checks.configured(&seed);
    checks.status("0");
    checks.units_succeeded();
    checks.generations(2);
    checks.equal(
        "what is to be seen of the areas",
        seen.text("by-hand"),
        // The seed is the one without.
        format!("{GONE}\nrollback 0\n{}", SEEN.replace("plan 0", "plan 3")),
    );
    checks.finish();
    discard(&served);
}

/// Makes a certificate authority and a server's certificate, a key for ssh, and a repository that is signed; what others
/// get is in `served`. The tree's own programs do it.
fn make_keys(tree: &Path, served: &Path) {
    let repository = served.join("deb");
    fs::create_dir_all(&repository).expect("a new directory");
    package(&repository, "fl-hello", "1.0");
    index(&repository);
    run(Command::new("cp")
        .arg("-r")
        .arg(&repository)
        .arg(tree.join("usr/lib/probe/deb")));
    let script = r#"
cd /usr/lib/probe
mkdir tls
elliptic='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
openssl req -x509 $elliptic -keyout tls/ca.key -out tls/ca.pem -days 30 -subj '/CN=The rig'
openssl req -x509 $elliptic -keyout tls/server.key -out tls/server.pem -days 30 -subj /CN=localhost \
    -CA tls/ca.pem -CAkey tls/ca.key -addext subjectAltName=DNS:localhost -addext basicConstraints=CA:FALSE
ssh-keygen -q -t ed25519 -N '' -C rig -f key
export GNUPGHOME=$PWD/gnupg
mkdir -m 700 gnupg
gpg --batch --quiet --passphrase '' --quick-gen-key rig@example.org ed25519 sign never
gpg --armor --export >apt.asc
cd deb
printf 'Suite: rig\nDate: %s\nSHA256:\n %s %s Packages\n' "$(date -Ru)" \
    "$(sha256sum Packages | cut -d ' ' -f 1)" "$(stat -c %s Packages)" >Release
gpg --batch --clearsign -o InRelease Release
gpgconf --kill all
"#;
    run(Command::new("chroot").arg(tree).args(["sh", "-euc", script]));
    for (from, to) in [("deb/InRelease", "deb/InRelease"), ("key.pub", "octocat.keys")] {
        fs::copy(tree.join("usr/lib/probe").join(from), served.join(to)).expect("it has just been made");
    }
}
