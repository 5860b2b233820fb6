//! Packages of a repository on the machine itself, installed by its real apt.

use crate::check::Checks;
use crate::container::Container;
use crate::machine::Machine;
use crate::rootfs::{Suite, run};
use crate::scenario::FIRST;
use crate::seed::{PASSWORD, Seed};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Where the repository is on the machine.
const REPOSITORY: &str = "srv/repository";

/// A command, files and a service that need a package of the same document, which lacks another one.
const WANTED: &str = "packages: [fl-hello, [fl-world, 1.2], fl-nowhere]
package_upgrade: true
package_reboot_if_required: true
write_files:
- {path: /etc/fl-hello/token, content: x, owner: 'fl-hello:fl-hello', permissions: '0600', append: true}
- {path: /etc/fl-hello/config, content: ours, defer: true}
- {path: /etc/fl-hello/early, content: x}
services: {fl-hello: true}
runcmd: [fl-hello >/var/log/hello]
";

/// The last package of it wants a restart.
const CORRECTED: &str = "packages: [fl-hello, [fl-world, 1.2], fl-restart]
package_reboot_if_required: true
write_files:
- {path: /etc/fl-hello/token, content: x, owner: 'fl-hello:fl-hello', permissions: '0600', append: true}
- {path: /etc/fl-hello/config, content: ours, defer: true}
- {path: /etc/fl-hello/early, content: x}
services: {fl-hello: true}
bootcmd: [echo boot >>/var/log/boots]
runcmd: [fl-hello >/var/log/hello]
";

/// What is looked at in each boot.
const LOOK: &str = r"
firstlight status --wait >/dev/null
dpkg-query -W -f '${Package} ${Version} ${Status}\n' 'fl-*' | grep ' ok installed'
cat /var/log/hello
firstlight status | grep -o 'not installed: .*' | head -n 1
cat /var/log/boots
firstlight status | grep '^commands: package_reboot' | sed 's/, [0-9]* ms.*//'
tail -n 1 /var/lib/firstlight/commands/package_reboot/output
stat -c '%n %U:%G' /etc/fl-hello/*; cat /etc/fl-hello/config; echo
systemctl is-enabled fl-hello.service; systemctl is-active fl-hello.service
firstlight status --drift >&2 && echo no drift
";

/// A package with a program of its name, which says its name and version.
pub fn package(into: &Path, name: &str, version: &str) {
    let tree = into.join(format!("{name}-{version}"));
    let program = tree.join("usr/bin").join(name);
    fs::create_dir_all(program.parent().expect("it has one")).expect("a new directory");
    fs::create_dir_all(tree.join("DEBIAN")).expect("a new directory");
    fs::write(&program, format!("#!/bin/sh\necho {name} {version}\n")).expect("a new file");
    run(Command::new("chmod").arg("755").arg(&program));
    let script = match name {
        "fl-restart" => ": >/run/reboot-required",
        "fl-hello" => "getent passwd fl-hello >/dev/null || useradd --system fl-hello",
        _ => "",
    };
    let postinst = tree.join("DEBIAN/postinst");
    fs::write(&postinst, format!("#!/bin/sh\n{script}\n")).expect("a new file");
    run(Command::new("chmod").arg("755").arg(&postinst));
    // A file that dpkg asks about where it finds another one, and a unit.
    for (path, text) in [
        (format!("etc/{name}/config"), "as packaged\n".to_owned()),
        ("DEBIAN/conffiles".to_owned(), format!("/etc/{name}/config\n")),
        (
            format!("usr/lib/systemd/system/{name}.service"),
            format!(
                "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart={name}\n[Install]\nWantedBy=multi-user.target\n"
            ),
        ),
    ] {
        let path = tree.join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a new directory");
        fs::write(path, text).expect("a new file");
    }
    let control = format!(
        "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: rig <rig@example.org>\nDescription: test\n"
    );
    fs::write(tree.join("DEBIAN/control"), control).expect("a new file");
    run(Command::new("dpkg-deb")
        .args(["--build", "--root-owner-group"])
        .arg(&tree)
        .arg(into));
    fs::remove_dir_all(&tree).expect("it is ours");
}

/// A repository of all packages in a directory, without a signature.
pub fn index(repository: &Path) {
    let said = Command::new("sh")
        .arg("-c")
        .arg(
            "for deb in *.deb; do dpkg-deb --field \"$deb\"; \
             printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' \"$deb\" \"$(stat -c %s \"$deb\")\" \
             \"$(sha256sum \"$deb\" | cut -d ' ' -f 1)\"; done >Packages",
        )
        .current_dir(repository)
        .status();
    assert!(said.is_ok_and(|said| said.success()), "no index");
}

/// A boot in which a package is not to be had, a second one in which it is tried again, a third one without it, which
/// restarts the machine.
pub fn packages(test: &str, suite: Suite) {
    let mut machine = Container::new(suite, test);
    let repository = machine.root.path.join(REPOSITORY);
    fs::create_dir_all(&repository).expect("a new directory");
    for (name, version) in [
        ("fl-hello", "1.0"),
        ("fl-world", "1.2"),
        ("fl-world", "2.0"),
        ("fl-restart", "1.0"),
    ] {
        package(&repository, name, version);
    }
    index(&repository);
    let sources = machine.root.path.join("etc/apt/sources.list.d");
    let _ = fs::remove_dir_all(sources);
    machine.root.write(
        "etc/apt/sources.list",
        &format!("deb [trusted=yes] file:/{REPOSITORY} ./\n"),
    );
    machine.root.write("usr/lib/probe/by-hand", LOOK);
    let installed = "fl-hello 1.0 install ok installed\nfl-world 1.2 install ok installed\nfl-hello 1.0\n";
    let brought = "/etc/fl-hello/config root:root\n/etc/fl-hello/early root:root\n/etc/fl-hello/token fl-hello:fl-hello\n\
                   ours\nenabled\nactive";

    let seed = Seed {
        extra: WANTED,
        ..Seed::new("packages", FIRST)
    };
    machine.insert(&seed);
    for _ in 0..2 {
        let seen = machine.boot(&[], FIRST, PASSWORD);
        let mut checks = Checks::new(test, "a package that is nowhere", &seen);
        checks.configured(&seed);
        checks.status("4");
        checks.generations(1);
        checks.equal(
            "what is installed",
            seen.text("by-hand"),
            format!(
                "{installed}not installed: fl-nowhere\ncommands: package_reboot done, 1 command of 3\n\
                 not all packages are installed: no restart\n{brought}\nno drift"
            ),
        );
        checks.finish();
    }

    let seed = Seed {
        extra: CORRECTED,
        ..seed
    };
    machine.insert(&seed);
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "packages that there are", &seen);
    checks.configured(&seed);
    checks.status("0");
    checks.generations(2);
    checks.equal(
        "what is installed",
        seen.text("by-hand"),
        format!(
            "{}boot\nboot\ncommands: package_reboot done, 3 commands of 3\n==> 3: trap '' TERM; shutdown -r -- now 'installed packages \
             require a restart' || syste… <==\n{brought}\nno drift",
            installed.replace("fl-world", "fl-restart 1.0 install ok installed\nfl-world")
        ),
    );
    checks.finish();
}
