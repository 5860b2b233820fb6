//! The offline form against the real `systemctl --root=`: the same links, the same states, over a table of trees.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::removal::links_below;
use super::*;
use crate::system::systemd::unit_file_state;

const LIB: &str = "usr/lib/systemd/system";

/// A tree, and what is done to it step by step.
struct Case {
    name: &'static str,
    /// Paths below the root and contents; `-> target` makes a link.
    files: &'static [(&'static str, &'static str)],
    /// The verb and the unit; after each step, links and states are compared.
    steps: &'static [(&'static str, &'static str)],
    /// The units whose state is compared, besides those of the steps.
    watch: &'static [&'static str],
}

const DOCKER: &[(&str, &str)] = &[
    (
        "usr/lib/systemd/system/docker.service",
        "[Unit]\nRequires=docker.socket\n[Service]\nExecStart=/usr/bin/dockerd\n[Install]\nWantedBy=multi-user.target\nAlso=docker.socket\n",
    ),
    (
        "usr/lib/systemd/system/docker.socket",
        "[Socket]\nListenStream=/run/docker.sock\n[Install]\nWantedBy=sockets.target\n",
    ),
];

const SSHD: &[(&str, &str)] = &[
    (
        "usr/lib/systemd/system/ssh.service",
        "[Install]\nWantedBy=multi-user.target\nAlias=sshd.service\n",
    ),
    (
        "usr/lib/systemd/system/other.service",
        "[Install]\nWantedBy=multi-user.target\n",
    ),
];

const GETTY: &[(&str, &str)] = &[(
    "usr/lib/systemd/system/getty@.service",
    "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\nAlias=autovt@.service\n",
)];

const CASES: &[Case] = &[
    Case {
        name: "docker with its socket in Also=",
        files: DOCKER,
        steps: &[
            ("enable", "docker.service"),
            ("enable", "docker.service"),
            ("disable", "docker.service"),
        ],
        watch: &["docker.socket", "containerd.service"],
    },
    Case {
        name: "the socket alone",
        files: DOCKER,
        steps: &[("enable", "docker.socket"), ("disable", "docker.service")],
        watch: &["docker.service"],
    },
    Case {
        name: "an alias",
        files: SSHD,
        steps: &[
            ("enable", "ssh.service"),
            ("disable", "sshd.service"),
            ("enable", "ssh.service"),
            ("disable", "ssh.service"),
        ],
        watch: &["sshd.service"],
    },
    Case {
        name: "an alias that is taken",
        files: &[
            ("usr/lib/systemd/system/ssh.service", "[Install]\nAlias=sshd.service\n"),
            ("usr/lib/systemd/system/other.service", "[Service]\n"),
            (
                "etc/systemd/system/sshd.service",
                "-> /usr/lib/systemd/system/other.service",
            ),
        ],
        steps: &[("enable", "ssh.service")],
        watch: &["sshd.service", "other.service"],
    },
    Case {
        name: "a vendor's alias",
        files: &[
            (
                "usr/lib/systemd/system/ssh.service",
                "[Install]\nWantedBy=multi-user.target\n",
            ),
            ("usr/lib/systemd/system/sshd.service", "-> ssh.service"),
        ],
        steps: &[
            ("enable", "sshd.service"),
            ("disable", "sshd.service"),
            ("enable", "ssh.service"),
        ],
        watch: &["ssh.service"],
    },
    Case {
        name: "a template with a default instance",
        files: GETTY,
        steps: &[
            ("enable", "getty@.service"),
            ("enable", "getty@tty2.service"),
            ("disable", "getty@tty2.service"),
            ("enable", "getty@tty2.service"),
            ("disable", "getty@.service"),
        ],
        watch: &[
            "getty@tty1.service",
            "getty@tty2.service",
            "getty@tty3.service",
            "autovt@.service",
            "autovt@tty2.service",
        ],
    },
    Case {
        name: "a template without a default instance",
        files: &[(
            "usr/lib/systemd/system/serial@.service",
            "[Install]\nWantedBy=multi-user.target\n",
        )],
        steps: &[("enable", "serial@.service")],
        watch: &[],
    },
    Case {
        name: "an instance of a template without a default",
        files: &[(
            "usr/lib/systemd/system/serial@.service",
            "[Install]\nWantedBy=multi-user.target x@%i.target\n",
        )],
        steps: &[
            ("enable", "serial@ttyS0.service"),
            ("disable", "serial@ttyS0.service"),
            ("enable", "serial@.service"),
        ],
        watch: &["serial@.service", "serial@ttyS1.service"],
    },
    Case {
        name: "a template that templates want",
        files: &[(
            "usr/lib/systemd/system/part@.service",
            "[Install]\nWantedBy=whole@.target\n",
        )],
        steps: &[
            ("enable", "part@.service"),
            ("enable", "part@a.service"),
            ("disable", "part@.service"),
        ],
        watch: &["part@a.service"],
    },
    Case {
        name: "required, several, repeated and reset",
        files: &[(
            "usr/lib/systemd/system/app.service",
            "[Install]\nWantedBy=lost.target\nWantedBy=\nWantedBy=multi-user.target graphical.target\nWantedBy=\"a b\"\nRequiredBy=db.service \\\n  # not a comment\n; a comment\n",
        )],
        steps: &[("enable", "app.service")],
        watch: &[],
    },
    Case {
        name: "required by units that are there",
        files: &[
            (
                "usr/lib/systemd/system/app.service",
                "[Install]\nWantedBy=multi-user.target \\\n# inside\n  graphical.target\nRequiredBy=db.service db.service\n",
            ),
            ("usr/lib/systemd/system/db.service", "[Service]\n"),
        ],
        steps: &[
            ("enable", "app.service"),
            ("disable", "app.service"),
            ("enable", "db.service"),
        ],
        watch: &["db.service"],
    },
    Case {
        name: "specifiers",
        files: &[
            (
                "usr/lib/systemd/system/web-app@.service",
                "[Install]\nWantedBy=%p-%i.target %j@%i.target slice-%N.target\nAlias=alias-%i@%i.service\nAlso=%p-helper@%i.socket\n",
            ),
            (
                "usr/lib/systemd/system/web-app-helper@.socket",
                "[Install]\nRequiredBy=%n.target\n",
            ),
        ],
        steps: &[("enable", "web-app@blue.service"), ("disable", "web-app@blue.service")],
        watch: &["web-app-helper@blue.socket"],
    },
    Case {
        name: "a specifier that isn't one",
        files: &[(
            "usr/lib/systemd/system/app@.service",
            "[Install]\nWantedBy=x-%I.target\n",
        )],
        steps: &[("enable", "app@a.service")],
        watch: &[],
    },
    Case {
        name: "drop-ins with [Install]",
        files: &[
            (
                "usr/lib/systemd/system/app.service",
                "[Install]\nWantedBy=multi-user.target\n",
            ),
            (
                "etc/systemd/system/app.service.d/20-more.conf",
                "[Install]\nWantedBy=rescue.target\nAlias=b.service\n",
            ),
            (
                "usr/lib/systemd/system/app.service.d/10-reset.conf",
                "[Install]\nWantedBy=\nWantedBy=c.target\n",
            ),
            (
                "usr/lib/systemd/system/app.service.d/20-more.conf",
                "[Install]\nWantedBy=hidden.target\n",
            ),
            (
                "usr/lib/systemd/system/app.service.d/30-off.conf",
                "[Install]\nWantedBy=off.target\n",
            ),
            ("etc/systemd/system/app.service.d/30-off.conf", ""),
            (
                "usr/lib/systemd/system/app.service.d/readme.txt",
                "[Install]\nWantedBy=readme.target\n",
            ),
        ],
        steps: &[("enable", "app.service"), ("disable", "app.service")],
        watch: &["b.service"],
    },
    Case {
        name: "drop-ins of a template and of its instance",
        files: &[
            ("usr/lib/systemd/system/app@.service", "[Service]\n"),
            (
                "etc/systemd/system/app@.service.d/10.conf",
                "[Install]\nWantedBy=all.target\n",
            ),
            (
                "etc/systemd/system/app@x.service.d/20.conf",
                "[Install]\nWantedBy=only-x.target\n",
            ),
        ],
        steps: &[
            ("enable", "app@x.service"),
            ("enable", "app@y.service"),
            ("disable", "app@x.service"),
        ],
        watch: &["app@.service", "app@z.service"],
    },
    Case {
        name: "the administrator's copy wins",
        files: &[
            (
                "usr/lib/systemd/system/app.service",
                "[Install]\nWantedBy=multi-user.target\n",
            ),
            ("etc/systemd/system/app.service", "[Install]\nWantedBy=rescue.target\n"),
        ],
        steps: &[
            ("enable", "app.service"),
            ("mask", "app.service"),
            ("disable", "app.service"),
        ],
        watch: &[],
    },
    Case {
        name: "enabled by hand with a relative link",
        files: &[
            (
                "usr/lib/systemd/system/app.service",
                "[Install]\nWantedBy=multi-user.target\n",
            ),
            (
                "etc/systemd/system/multi-user.target.wants/app.service",
                "-> ../../../../usr/lib/systemd/system/app.service",
            ),
        ],
        steps: &[("enable", "app.service"), ("disable", "app.service")],
        watch: &[],
    },
    Case {
        name: "enabled through the other name of the directory",
        files: &[
            (
                "usr/lib/systemd/system/app.service",
                "[Install]\nWantedBy=multi-user.target\n",
            ),
            (
                "etc/systemd/system/multi-user.target.wants/app.service",
                "-> /lib/systemd/system/app.service",
            ),
        ],
        steps: &[("enable", "app.service")],
        watch: &[],
    },
    Case {
        name: "half enabled",
        files: &[
            (
                "usr/lib/systemd/system/app.service",
                "[Install]\nWantedBy=multi-user.target rescue.target\n",
            ),
            (
                "etc/systemd/system/multi-user.target.wants/app.service",
                "-> /usr/lib/systemd/system/app.service",
            ),
        ],
        steps: &[("enable", "app.service")],
        watch: &[],
    },
    Case {
        name: "enabled in /run, and by the vendor",
        files: &[
            (
                "usr/lib/systemd/system/app.service",
                "[Install]\nWantedBy=multi-user.target\n",
            ),
            (
                "run/systemd/system/multi-user.target.wants/app.service",
                "-> /usr/lib/systemd/system/app.service",
            ),
            (
                "usr/lib/systemd/system/basic.service",
                "[Install]\nWantedBy=multi-user.target\n",
            ),
            (
                "usr/lib/systemd/system/sysinit.target.wants/basic.service",
                "-> ../basic.service",
            ),
            ("usr/lib/systemd/system/tpl@.service", "[Service]\n"),
            (
                "usr/lib/systemd/system/sysinit.target.wants/tpl@a.service",
                "-> ../tpl@.service",
            ),
        ],
        steps: &[("enable", "app.service"), ("disable", "app.service")],
        watch: &["basic.service", "tpl@a.service", "tpl@.service"],
    },
    Case {
        name: "static, and indirect",
        files: &[
            (
                "usr/lib/systemd/system/plain.service",
                "[Service]\nExecStart=/bin/true\n",
            ),
            (
                "usr/lib/systemd/system/indirect.service",
                "[Install]\nAlso=real.socket missing.socket\n",
            ),
            (
                "usr/lib/systemd/system/real.socket",
                "[Install]\nWantedBy=sockets.target\n",
            ),
        ],
        steps: &[
            ("enable", "plain.service"),
            ("enable", "indirect.service"),
            ("disable", "indirect.service"),
        ],
        watch: &["real.socket"],
    },
    Case {
        name: "units that also enable each other",
        files: &[
            (
                "usr/lib/systemd/system/a.service",
                "[Install]\nWantedBy=x.target\nAlso=b.service\n",
            ),
            (
                "usr/lib/systemd/system/b.service",
                "[Install]\nWantedBy=x.target\nAlso=a.service c.service\n",
            ),
            (
                "usr/lib/systemd/system/c.service",
                "[Install]\nWantedBy=x.target\nAlso=c.service\n",
            ),
        ],
        steps: &[("enable", "b.service"), ("disable", "a.service")],
        watch: &["a.service", "c.service"],
    },
    Case {
        name: "masked and unmasked",
        files: DOCKER,
        steps: &[
            ("mask", "docker.service"),
            ("enable", "docker.service"),
            ("mask", "docker.service"),
            ("unmask", "docker.service"),
            ("unmask", "docker.service"),
            ("enable", "docker.service"),
            ("mask", "docker.service"),
            ("mask", "nowhere.service"),
            ("disable", "docker.service"),
            ("unmask", "nowhere.service"),
        ],
        watch: &["docker.socket", "nowhere.service"],
    },
    Case {
        name: "an Also= that is masked",
        files: &[
            (
                "usr/lib/systemd/system/docker.service",
                "[Install]\nWantedBy=multi-user.target\nAlso=docker.socket\n",
            ),
            (
                "usr/lib/systemd/system/docker.socket",
                "[Install]\nWantedBy=sockets.target\n",
            ),
            ("etc/systemd/system/docker.socket", "-> /dev/null"),
        ],
        steps: &[("enable", "docker.service"), ("disable", "docker.service")],
        watch: &["docker.socket"],
    },
    Case {
        name: "masks by an empty file and in /run",
        files: &[
            ("usr/lib/systemd/system/a.service", "[Install]\nWantedBy=x.target\n"),
            ("run/systemd/system/a.service", "-> /dev/null"),
            ("usr/lib/systemd/system/b.service", ""),
        ],
        steps: &[
            ("enable", "a.service"),
            ("enable", "b.service"),
            ("unmask", "a.service"),
        ],
        watch: &[],
    },
    Case {
        name: "a file linked from elsewhere",
        files: &[
            ("opt/app.service", "[Install]\nWantedBy=multi-user.target\n"),
            ("etc/systemd/system/app.service", "-> /opt/app.service"),
        ],
        steps: &[("disable", "app.service")],
        watch: &[],
    },
    Case {
        name: "links to a unit that is gone",
        files: &[(
            "etc/systemd/system/multi-user.target.wants/gone.service",
            "-> /usr/lib/systemd/system/gone.service",
        )],
        steps: &[("enable", "gone.service")],
        watch: &["gone.service"],
    },
    Case {
        name: "a mask where a file is",
        files: &[(
            "etc/systemd/system/own.service",
            "[Install]\nWantedBy=multi-user.target\n",
        )],
        steps: &[
            ("mask", "own.service"),
            ("enable", "own.service"),
            ("disable", "own.service"),
        ],
        watch: &[],
    },
    Case {
        name: "wants written as an alias",
        files: &[
            (
                "usr/lib/systemd/system/a.service",
                "[Install]\nAlias=multi-user.target.wants/a.service\n",
            ),
            (
                "usr/lib/systemd/system/b.service",
                "[Install]\nAlias=multi-user.target.wants/c.service\n",
            ),
        ],
        steps: &[("enable", "a.service"), ("enable", "b.service")],
        watch: &[],
    },
    Case {
        name: "aliases that can't be",
        files: &[
            ("usr/lib/systemd/system/a.service", "[Install]\nAlias=a.socket\n"),
            (
                "usr/lib/systemd/system/b.service",
                "[Install]\nAlias=b.service\nWantedBy=x.target\n",
            ),
            (
                "usr/lib/systemd/system/c@.service",
                "[Install]\nAlias=c.service\nWantedBy=x.target\n",
            ),
        ],
        steps: &[
            ("enable", "a.service"),
            ("enable", "b.service"),
            ("enable", "c@i.service"),
        ],
        watch: &[],
    },
];

#[test]
fn links_and_states_are_those_of_systemctl() {
    if Command::new("systemctl").arg("--version").output().is_err() {
        return crate::skip::skip("systemctl is missing, there is nothing to compare with");
    }
    let mut wrong = Vec::new();
    for case in CASES {
        if let Err(why) = compare(case) {
            wrong.push(format!("{}: {why}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A comparison of nothing with nothing would always be right.
#[test]
fn the_comparison_sees_links() {
    let tree = tree(&[(
        "etc/systemd/system/x.target.wants/a.service",
        "-> /usr/lib/systemd/system/a.service",
    )]);
    assert_eq!(all_links(tree.path()).len(), 1);
}

fn compare(case: &Case) -> Result<(), String> {
    let (theirs, ours) = (tree(case.files), tree(case.files));
    let root = Root::open(ours.path()).unwrap();
    compare_states(case, theirs.path(), &root).map_err(|why| format!("at first: {why}"))?;
    for (verb, unit) in case.steps {
        let step = |why: String| format!("{verb} {unit}: {why}");
        let output = systemctl(theirs.path(), verb, unit);
        let links = match *verb {
            "enable" => enable_links(&root, unit),
            "disable" => disable_links(&root, unit),
            "mask" => mask_links(&root, unit),
            _ => unmask_links(&root, unit),
        };
        match (output.status.success(), links) {
            (true, Ok(links)) => apply(ours.path(), &links),
            // systemctl continues after an error; we create nothing. What it created before can't be compared.
            (false, Err(_)) if all_links(theirs.path()) != all_links(ours.path()) => return Ok(()),
            (false, Err(_)) => {}
            (true, Err(error)) => return Err(step(format!("we refuse: {error}"))),
            (false, Ok(links)) => {
                let theirs = String::from_utf8_lossy(&output.stderr).into_owned();
                return Err(step(format!("systemctl refuses ({theirs}), we make {links:?}")));
            }
        }
        let (expected, found) = (all_links(theirs.path()), all_links(ours.path()));
        if expected != found {
            return Err(step(format!("links\n  theirs {expected:#?}\n  ours {found:#?}")));
        }
        compare_states(case, theirs.path(), &root).map_err(step)?;
    }
    Ok(())
}

fn compare_states(case: &Case, theirs: &Path, root: &Root) -> Result<(), String> {
    let units: BTreeSet<&str> = case
        .steps
        .iter()
        .map(|(_, unit)| *unit)
        .chain(case.watch.iter().copied())
        .collect();
    for unit in units {
        let output = systemctl(theirs, "is-enabled", unit);
        let expected = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let found = unit_file_state(root, unit)
            .map_err(|e| e.to_string())?
            .map_or(String::new(), |s| s.to_string());
        // Newer versions say so on stdout.
        if expected != found && !(expected == "not-found" && found.is_empty()) {
            return Err(format!("{unit} is `{expected}` for systemctl, `{found}` for us"));
        }
    }
    Ok(())
}

fn systemctl(root: &Path, verb: &str, unit: &str) -> std::process::Output {
    let root = format!("--root={}", root.display());
    Command::new("systemctl")
        .args([&root, verb, unit])
        .env("LC_ALL", "C")
        .output()
        .unwrap()
}

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(tree.path().join(LIB)).unwrap();
    std::fs::create_dir_all(tree.path().join("etc/systemd/system")).unwrap();
    for (path, content) in files {
        let path = tree.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match content.strip_prefix("-> ") {
            Some(target) => symlink(target, path).unwrap(),
            None => std::fs::write(path, content).unwrap(),
        }
    }
    tree
}

/// What the engine does with the links.
fn apply(root: &Path, links: &[InstallLink]) {
    for link in links {
        let path = root.join(link.path.trim_start_matches('/'));
        let _ = std::fs::remove_file(&path);
        if let Some(target) = &link.target {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            symlink(target, path).unwrap();
        }
    }
}

fn all_links(root: &Path) -> BTreeMap<String, String> {
    let opened = Root::open(root).unwrap();
    let places = ["/etc", "/run", "/usr"];
    let links = places.iter().flat_map(|place| links_below(&opened, place, 8).unwrap());
    links
        .map(|path| (path.clone(), opened.read_link(&path).unwrap().unwrap()))
        .collect()
}

#[test]
fn upheld_by_makes_its_link_too() {
    let tree = tree(&[("usr/lib/systemd/system/a.service", "[Install]\nUpheldBy=x.target\n")]);
    let links = enable_links(&Root::open(tree.path()).unwrap(), "a.service").unwrap();
    let expected = InstallLink {
        path: "/etc/systemd/system/x.target.upholds/a.service".to_owned(),
        target: Some("/usr/lib/systemd/system/a.service".to_owned()),
    };
    assert_eq!(links, [expected]);
}

#[test]
fn an_administrators_alias_enables_the_unit_it_leads_to() {
    let tree = tree(SSHD);
    let root = Root::open(tree.path()).unwrap();
    apply(tree.path(), &enable_links(&root, "ssh.service").unwrap());
    assert_eq!(enable_links(&root, "sshd.service").unwrap(), []);
}

#[test]
fn what_can_t_be_enabled_says_why() {
    let tree = tree(&[
        (
            "usr/lib/systemd/system/host.service",
            "[Install]\nWantedBy=on-%H.target\n",
        ),
        (
            "usr/lib/systemd/system/tpl@.service",
            "[Install]\nWantedBy=multi-user.target\n",
        ),
        ("usr/lib/systemd/system/circle.service", "-> circle2.service"),
        ("usr/lib/systemd/system/circle2.service", "-> circle.service"),
        ("usr/lib/systemd/system/off.service", "-> /dev/null"),
    ]);
    let root = Root::open(tree.path()).unwrap();
    for (unit, words) in [
        ("host.service", "%H"),
        ("tpl@.service", "tpl@NAME.service"),
        ("circle.service", "points to itself"),
        ("off.service", "masked by /usr/lib/systemd/system/off.service"),
        ("nowhere.service", "no unit nowhere.service"),
        ("no unit", "not a unit name"),
    ] {
        let error = enable_links(&root, unit).unwrap_err().to_string();
        assert!(error.contains(words), "{unit}: {error}");
    }
}

#[test]
fn also_is_bounded() {
    let tree = tree(&[]);
    for n in 0..400 {
        let text = format!("[Install]\nAlso=u{}.service\n", n + 1);
        std::fs::write(tree.path().join(format!("{LIB}/u{n}.service")), text).unwrap();
    }
    let error = enable_links(&Root::open(tree.path()).unwrap(), "u0.service").unwrap_err();
    assert!(matches!(error, InstallError::TooMany(_)), "{error}");
}
