//! What a hypervisor hands over, and only an emulated machine can find: devices, firmware, a kernel's command line.

use crate::check::Checks;
use crate::machine::Machine;
use crate::scenario::{FIRST, SHIPPED_PASSWORD};
use crate::seed::{PASSWORD, Seed};

/// The document is found in the first boot; docker, which it asks for, answers.
pub fn handed_over(test: &str, machine: &mut dyn Machine) {
    let seed = Seed::new("first-light", FIRST);
    one_boot(test, machine, &seed, |checks| checks.all_verified(&seed));
}

/// The document loads a module and sets a parameter that comes with it: containers can do neither, and dockerd would have
/// loaded it too.
pub fn kernel(test: &str, machine: &mut dyn Machine) {
    let seed = Seed {
        extra: "kernel_modules: [br_netfilter]\nsysctl: {net.bridge.bridge-nf-filter-vlan-tagged: 1}\n",
        ..Seed::without_docker("first-light", FIRST)
    };
    one_boot(test, machine, &seed, |checks| checks.said("bridge-parameter", "1"));
}

/// The document is at an address, and is fetched.
pub fn fetched(test: &str, machine: &mut dyn Machine) {
    let seed = Seed::without_docker("first-light", FIRST);
    one_boot(test, machine, &seed, |checks| checks.fetched());
}

/// The hypervisor's store can be read by any process of the machine: it holds no document after the first boot, and the
/// second knows what is left.
pub fn scrubbed(test: &str, machine: &mut dyn Machine) {
    let seed = Seed::without_docker("first-light", FIRST);
    one_boot(test, machine, &seed, |_| {});
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "what is left of it", &seen);
    checks.configured(&seed);
    checks.equal("guestinfo.userdata", seen.text("guestinfo").trim_end(), "---");
    checks.status("0");
    checks.units_succeeded();
    checks.generations(1);
    checks.finish();
}

fn one_boot(test: &str, machine: &mut dyn Machine, seed: &Seed, check: impl Fn(&mut Checks)) {
    machine.insert(seed);
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "handed over by the hypervisor", &seen);
    checks.configured(seed);
    check(&mut checks);
    checks.status("0");
    checks.units_succeeded();
    checks.generations(1);
    checks.finish();
}

/// Two seeds that say different things: the machine stays as it was shipped, and says which two.
pub fn two_seeds(test: &str, machine: &mut dyn Machine, address: &str, names: [&str; 2]) {
    machine.insert(&Seed::new("first-light", FIRST));
    let seen = machine.boot(&[], address, SHIPPED_PASSWORD);
    let mut checks = Checks::new(test, "two different seeds", &seen);
    checks.as_shipped();
    checks.status("1");
    checks.says(&["different seeds", names[0], names[1]]);
    checks.generations(0);
    checks.finish();
}

/// Then the seed is found after all: a machine's first boot is the first that firstlight sees.
pub fn on_again(test: &str, machine: &mut dyn Machine) {
    let seed = Seed::without_docker("first-light", FIRST);
    machine.insert(&seed);
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "without firstlight=off", &seen);
    checks.configured(&seed);
    checks.status("0");
    checks.units_succeeded();
    checks.generations(1);
    checks.finish();
}
