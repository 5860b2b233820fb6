//! A document with accounts, booted: they log in, and they are gone when the document no longer has them.

use crate::check::Checks;
use crate::container::Container;
use crate::machine::Machine;
use crate::rootfs::{Suite, run};
use crate::scenario::FIRST;
use crate::seed::{PASSWORD, Seed};
use std::process::Command;

/// The accounts of the first boot; `KEY` is a public key.
const ACCOUNTS: &str = "groups: [ops]
users:
- name: deploy
  gecos: Deployment
  groups: [ops, docker]
  sudo: ALL=(ALL) NOPASSWD:ALL
  ssh_authorized_keys: [KEY]
- {name: metrics, system: true}
- {name: root, lock_passwd: false}
write_files:
- {path: /home/deploy/app/a, owner: 'deploy:ops', content: x}
";

/// What is looked at in each boot.
const LOOK: &str = r"
getent passwd deploy metrics | cut -d : -f 1,5-7
ssh -i /usr/lib/probe/key -o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=20 deploy@127.0.0.1 'id -nG; cat app/a'
stat -c '%a %U:%G %n' /home/deploy /home/deploy/app /home/deploy/app/a /home/deploy/.ssh /home/deploy/.ssh/authorized_keys
getent shadow deploy | cut -d : -f 2
ls /etc/sudoers.d | grep firstlight
pwck -q -r && grpck -r && echo whole
firstlight status --drift >&2 && echo no drift
";

/// First boot with accounts, a second one without them.
pub fn accounts(test: &str, suite: Suite) {
    let mut machine = Container::new(suite, test);
    let key = machine.root.path.join("usr/lib/probe/key");
    run(Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "rig", "-f"])
        .arg(&key));
    let public = std::fs::read_to_string(key.with_extension("pub")).expect("ssh-keygen has made it");
    machine.root.write("usr/lib/probe/by-hand", LOOK);
    // The seed lives as long as the test.
    let extra = ACCOUNTS.replace("KEY", public.trim()).leak();
    let seed = Seed {
        extra,
        ..Seed::new("first-light", FIRST)
    };
    machine.insert(&seed);
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "accounts", &seen);
    checks.configured(&seed);
    checks.status("0");
    checks.units_succeeded();
    checks.generations(1);
    checks.equal(
        "what is to be seen of the accounts",
        seen.text("by-hand"),
        "deploy:Deployment:/home/deploy:/bin/sh\nmetrics::/home/metrics:/bin/sh\ndeploy docker ops\nx\
         700 deploy:deploy /home/deploy\n755 deploy:ops /home/deploy/app\n644 deploy:ops /home/deploy/app/a\n\
         700 deploy:deploy /home/deploy/.ssh\n600 deploy:deploy /home/deploy/.ssh/authorized_keys\n!\n\
         90-firstlight-deploy\nwhole\nno drift",
    );
    checks.finish();

    let seed = Seed { extra: "", ..seed };
    machine.insert(&seed);
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "no accounts", &seen);
    checks.configured(&seed);
    checks.status("0");
    checks.units_succeeded();
    checks.generations(2);
    checks.holds(
        "nobody is left",
        !seen.text("by-hand").contains("deploy:") && seen.text("by-hand").ends_with("whole\nno drift"),
        &seen.text("by-hand"),
    );
    checks.finish();
}
