//! Packages of a repository on the machine itself, installed by the real dnf, whose words Photon's tdnf takes too.

use crate::check::Checks;
use crate::container::Container;
use crate::machine::Machine;
use crate::rootfs::{Suite, run};
use crate::scenario::FIRST;
use crate::seed::{PASSWORD, Seed};
use std::process::Command;

/// Packages of which one is nowhere, with a file and a service that come with one. dnf asks for the machine's own name, and
/// here no server answers.
const WANTED: &str = "manage_etc_hosts: true
yum_repos:
  rig: {name: Of the rig, baseurl: 'file:///srv/rpm', gpgcheck: false}
  gone: {baseurl: 'file:///srv/gone', enabled: false}
packages: [fl-hello, [fl-world, '1.2'], fl-nowhere]
package_update: true
write_files: [{path: /etc/fl-hello/config, content: ours, defer: true}]
services: {fl-hello: true}
runcmd: [fl-hello >/var/log/hello]
";

/// The same without it, and with a repository that takes a password.
const CORRECTED: &str = "manage_etc_hosts: true
yum_repos:
  rig: {name: Of the rig, baseurl: 'file:///srv/rpm', gpgcheck: false}
  own: {baseurl: 'file:///srv/rpm', gpgcheck: false, username: me, password: 'correct horse battery'}
packages: [fl-hello, [fl-world, '1.2']]
package_update: true
write_files: [{path: /etc/fl-hello/config, content: ours, defer: true}]
services: {fl-hello: true}
runcmd: [fl-hello >/var/log/hello]
";

/// What is looked at in each boot.
const LOOK: &str = r"
firstlight status --wait >/dev/null
rpm -qa 'fl-*' | sort
cat /var/log/hello /etc/fl-hello/config; echo
firstlight status | grep -o 'not installed: .*' | head -n 1
stat -c '%n %a' /etc/yum.repos.d/*
dnf --quiet repolist 2>/dev/null | sed 1d | tr -s ' ' | sed 's/ $//'
systemctl is-enabled fl-hello.service; systemctl is-active fl-hello.service
firstlight status --drift >&2 && echo no drift
";

/// Makes the packages and the repository, with the tree's own programs, and a machine whose packages don't come from apt.
const MAKE: &str = r#"
rm /etc/debian_version
cd /srv
for package in fl-hello-1.0 fl-world-1.2 fl-world-2.0; do
    name=${package%-*} version=${package##*-}
    cat >spec <<END
Name: $name
Version: $version
Release: 1
Summary: test
License: MIT
BuildArch: noarch
AutoReqProv: no
%description
test
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc/$name %{buildroot}/usr/lib/systemd/system
printf '#!/bin/sh\necho $name $version\n' >%{buildroot}/usr/bin/$name
chmod 755 %{buildroot}/usr/bin/$name
echo as packaged >%{buildroot}/etc/$name/config
printf '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/bin/$name\n' \
    >%{buildroot}/usr/lib/systemd/system/$name.service
printf '[Install]\nWantedBy=multi-user.target\n' >>%{buildroot}/usr/lib/systemd/system/$name.service
%files
/usr/bin/$name
%config(noreplace) /etc/$name/config
/usr/lib/systemd/system/$name.service
END
    rpmbuild --quiet -bb --define '_topdir /srv/made' --define '_rpmdir /srv/rpm' spec
done
createrepo_c --quiet rpm
rm -r spec made
"#;

/// A boot in which a package is not to be had, and one with a document that is corrected.
pub fn dnf(test: &str, suite: Suite) {
    let mut machine = Container::with_areas(suite, test);
    run(Command::new("chroot")
        .arg(&machine.root.path)
        .args(["bash", "-euc", MAKE]));
    machine.root.write("usr/lib/probe/by-hand", LOOK);
    let installed = "fl-hello-1.0-1.noarch\nfl-world-1.2-1.noarch\nfl-hello 1.0\nours";
    let runs = "enabled\nactive\nno drift";

    let seed = Seed {
        extra: WANTED,
        ..Seed::without_docker("dnf", FIRST)
    };
    machine.insert(&seed);
    let seen = machine.boot(&[], FIRST, PASSWORD);
    let mut checks = Checks::new(test, "a package that is nowhere", &seen);
    checks.configured(&seed);
    checks.status("4");
    checks.generations(1);
    checks.equal(
        "what is installed",
        seen.text("by-hand"),
        format!(
            "{installed}\nnot installed: fl-nowhere\n/etc/yum.repos.d/gone.repo 644\n/etc/yum.repos.d/rig.repo 644\n\
             rig Of the rig\n{runs}"
        ),
    );
    checks.finish();

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
            "{installed}\n/etc/yum.repos.d/own.repo 600\n/etc/yum.repos.d/rig.repo 644\nown own\nrig Of the rig\n{runs}"
        ),
    );
    checks.finish();
}
