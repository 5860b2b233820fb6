//! What modules write, and what stands in the way: nothing hangs, nothing is written outside of the tree or half, and what is
//! refused is named.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::stat::{Mode, SFlag, mknod};
use nix::unistd::mkfifo;

use support::mounts::{make_read_only, with_own_mounts};
use support::program::{Said, firstlight, text};
use support::skip::skip;
use support::tree::{build, difference, place, snapshot};

/// A user who is not root.
const BOB: u32 = 4242;

/// What is written, and a document that asks for it.
const TARGETS: [(&str, &str); 9] = [
    ("/etc/hostname", "hostname: web1\n"),
    ("/etc/hosts", "hostname: web1\nmanage_etc_hosts: localhost\n"),
    (
        "/etc/systemd/network/10-firstlight-eth0.network",
        "network: {version: 2, ethernets: {eth0: {addresses: [192.0.2.1/24]}}}\n",
    ),
    ("/etc/ssh/sshd_config", "sshd: {options: {MaxAuthTries: 3}}\n"),
    (
        "/root/.ssh/authorized_keys",
        "root: {ssh_authorized_keys: [ssh-ed25519 \
         AAAAC3NzaC1lZDI1NTE5AAAAIBf5Y1nQvY2m0g3Wv3kM3J5o1pQ8x6Zk0q9kq0m1J4uR backup]}\n",
    ),
    (
        "/etc/shadow",
        "root: {hashed_password: \"$6$saltsaltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/\"}\n",
    ),
    ("/etc/docker/daemon.json", "docker: {daemon: {mtu: 1400}}\n"),
    ("/srv/app/file", "write_files: [{path: /srv/app/file, content: new}]\n"),
    (
        "/etc/systemd/system/multi-user.target.wants/docker.service",
        "docker: {enabled: true}\n",
    ),
];

/// Something in the way of a path.
struct Obstacle {
    name: &'static str,
    /// Puts it there; `false` where this system can't. Gets the tree, the path in it, and a directory outside.
    put: fn(&Path, &Path, &Path) -> bool,
    /// Whether it has to be refused, for whatever target.
    refused: bool,
}

fn obstacle(name: &'static str, refused: bool, put: fn(&Path, &Path, &Path) -> bool) -> Obstacle {
    Obstacle { name, put, refused }
}

/// What stands at the path itself.
fn at_the_path() -> Vec<Obstacle> {
    vec![
        obstacle("a directory", true, |_, path, _| {
            fs::create_dir_all(path.join("full")).is_ok()
        }),
        obstacle("a dangling link", false, |_, path, _| {
            symlink("/nowhere/at/all", path).is_ok()
        }),
        obstacle("a link to itself", false, |_, path, _| {
            symlink(path.file_name().unwrap(), path).is_ok()
        }),
        obstacle("a link outside", false, |_, path, outside| {
            symlink(outside.join("victim"), path).is_ok()
        }),
        obstacle("a climbing link", false, |_, path, outside| {
            let climb = format!(
                "{}{}",
                "../".repeat(20),
                text(&outside.join("victim")).trim_start_matches('/')
            );
            symlink(climb, path).is_ok()
        }),
        obstacle("a pipe", false, |_, path, _| mkfifo(path, Mode::S_IRWXU).is_ok()),
        obstacle("a device", false, |_, path, _| {
            // /dev/full: who writes through it is told.
            mknod(path, SFlag::S_IFCHR, Mode::S_IRWXU, nix::sys::stat::makedev(1, 7)).is_ok()
        }),
        obstacle("a bound socket", false, |_, path, _| {
            mknod(path, SFlag::S_IFSOCK, Mode::S_IRWXU, 0).is_ok()
        }),
        obstacle("another user's link", false, |_, path, _| {
            symlink("/etc/passwd", path).is_ok() && lchown(path, Some(BOB), Some(BOB)).is_ok()
        }),
        obstacle("an immutable file", true, |_, path, _| {
            fs::write(path, "immutable\n").is_ok() && chattr("+i", path)
        }),
    ]
}

/// What stands at the directory that the path is in. It is a directory of its own, which may be taken away.
fn at_its_directory() -> Vec<Obstacle> {
    vec![
        obstacle("below a file", true, |_, path, _| fs::write(parent(path), "").is_ok()),
        obstacle("below a dangling link", true, |_, path, _| {
            symlink("/nowhere/at/all", parent(path)).is_ok()
        }),
        obstacle("below a link to itself", true, |_, path, _| {
            symlink(parent(path).file_name().unwrap(), parent(path)).is_ok()
        }),
        obstacle("below a link outside", true, |_, path, outside| {
            symlink(outside, parent(path)).is_ok()
        }),
        obstacle("below another user's link", true, |tree, path, _| {
            fs::create_dir(tree.join("srv/real")).unwrap();
            symlink("/srv/real", parent(path)).is_ok() && lchown(parent(path), Some(BOB), Some(BOB)).is_ok()
        }),
        obstacle(
            "below another user's directory in the one of a third",
            true,
            |_, path, _| {
                let (outer, inner) = (parent(path).parent().unwrap(), parent(path));
                fs::create_dir(inner).unwrap();
                lchown(inner, Some(BOB), Some(BOB)).is_ok() && lchown(outer, Some(BOB + 1), Some(BOB + 1)).is_ok()
            },
        ),
        obstacle("below a directory that nobody may enter", false, |_, path, _| {
            fs::create_dir(parent(path)).unwrap();
            fs::set_permissions(parent(path), fs::Permissions::from_mode(0o000)).is_ok()
        }),
        obstacle("below a link to /proc", true, |tree, path, _| {
            fs::create_dir(tree.join("proc")).unwrap();
            symlink("/proc", parent(path)).is_ok()
        }),
        obstacle("below a read-only mount", true, |_, path, _| {
            fs::create_dir(parent(path)).unwrap();
            make_read_only(parent(path));
            true
        }),
    ]
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap()
}

fn chattr(flag: &str, path: &Path) -> bool {
    Command::new("chattr")
        .arg(flag)
        .arg(path)
        .output()
        .is_ok_and(|done| done.status.success())
}

/// Takes away what is there.
fn clear(path: &Path) {
    let _ = fs::remove_dir_all(path);
    let _ = fs::remove_file(path);
    fs::create_dir_all(parent(path)).unwrap();
}

/// A tree with the obstacle in it, and a place beside it.
struct Scene {
    _both: tempfile::TempDir,
    tree: PathBuf,
    outside: PathBuf,
}

fn scene() -> Scene {
    let both = place();
    let (tree, outside) = (both.path().join("tree"), both.path().join("outside"));
    build("photon5", None, &tree);
    fs::create_dir_all(tree.join("srv/app")).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("victim"), "untouched").unwrap();
    Scene {
        _both: both,
        tree,
        outside,
    }
}

fn run(command: &str, tree: &Path, document: &Path) -> Said {
    firstlight(&[command, "--root", text(tree), text(document)])
}

fn row(target: &str, document: &str, obstacle: &Obstacle, cleared: &Path, scene: &Scene) {
    let row = format!("{target}: {}", obstacle.name);
    let path = scene.tree.join(&target[1..]);
    clear(cleared);
    if !(obstacle.put)(&scene.tree, &path, &scene.outside) {
        return skip(format_args!("{row}: not on this system"));
    }
    let asked = scene.outside.with_extension("yaml");
    fs::write(&asked, document).unwrap();
    let before = snapshot(&scene.tree);
    let outside = snapshot(&scene.outside);
    let planned = run("plan", &scene.tree, &asked);
    assert!([0, 1, 3, 4].contains(&planned.status), "{row}: {planned:?}");
    let said = run("apply", &scene.tree, &asked);
    let now = snapshot(&scene.tree);
    assert_eq!(
        difference(&outside, &snapshot(&scene.outside)),
        "",
        "{row}: written outside: {said:?}"
    );
    match said.status {
        1 => {
            let told = format!("{}{}", said.stdout, said.stderr);
            let names = [target, target.rsplit_once('/').unwrap().0];
            assert!(
                names.iter().any(|name| told.contains(name)),
                "{row}: the path is not named: {said:?}"
            );
            assert_eq!(difference(&before, &now), "", "{row}: {said:?}");
        }
        0 | 4 => {
            assert!(!obstacle.refused, "{row}: {said:?}");
            let back = firstlight(&["rollback", "--root", text(&scene.tree)]);
            assert_eq!(back.status, 0, "{row}: {back:?}");
            let undone = snapshot(&scene.tree);
            let left = difference(&before, &undone);
            assert!(left.is_empty() || left.contains("(special)"), "{row}: {back:?}\n{left}");
        }
        _ => panic!("{row}: {said:?}"),
    }
    let left = now.keys().filter(|path| path.contains("/.firstlight-")).count();
    assert_eq!(left, 0, "{row}: temporary files: {said:?}");
    let _ = chattr("-i", &path);
}

#[test]
fn what_stands_at_a_path_is_replaced_or_refused_and_never_followed() {
    with_own_mounts("what_stands_at_a_path", || {
        for (target, document) in TARGETS {
            for obstacle in at_the_path() {
                let scene = scene();
                row(target, document, &obstacle, &scene.tree.join(&target[1..]), &scene);
            }
        }
    });
}

#[test]
fn what_stands_at_its_directory_is_refused_and_never_followed() {
    with_own_mounts("what_stands_at_its_directory", || {
        // The others lie in /etc itself, beside what every module reads.
        let deep = TARGETS.iter().filter(|(target, _)| target.matches('/').count() > 2);
        for (target, document) in deep {
            for obstacle in at_its_directory() {
                let scene = scene();
                let directory = scene.tree.join(&target[1..]);
                row(target, document, &obstacle, parent(&directory), &scene);
            }
        }
    });
}
