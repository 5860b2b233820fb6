//! What an apply waits for: few flushes of the disk, not more of them for more files, and each where it is needed. A killed
//! process can't show a flush that is missing; these tests read what the kernel was asked for.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use support::chroot::Machine;
use support::mounts::{mount_overlay, mount_tmpfs, unmount_below, with_own_mounts};
use support::program::{firstlight, text};
use support::skip::skip;
use support::tree::{build, place};

/// Host name, network, sshd, password, docker.
const FIVE_AREAS: &str = "hostname: one\nmanage_etc_hosts: localhost\n\
     network: {version: 2, ethernets: {eth0: {addresses: [192.0.2.1/24]}}}\n\
     sshd: {permit_root_login: yes, options: {MaxAuthTries: 3}}\ndocker: {enabled: true, daemon: {mtu: 1400}}\n\
     root: {hashed_password: \"$6$saltsaltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/\"}\n";

/// The five areas and this many files more.
fn document(files: usize) -> String {
    let mut text = FIVE_AREAS.to_owned();
    if files > 0 {
        text.push_str("write_files:\n");
    }
    for number in 0..files {
        text.push_str(&format!("  - {{path: /srv/{number}/file, content: \"{number}\"}}\n"));
    }
    text
}

/// A system call that changes something or waits for the disk, in its order.
#[derive(Debug, Clone)]
struct Event {
    call: String,
    /// What the call names: paths of open files, and names in them joined.
    paths: Vec<String>,
    line: String,
}

/// What the kernel is asked for by an apply to this tree; `None`, aloud, where there is no strace.
fn traced(root: &Path, document: &str) -> Option<Vec<Event>> {
    let scratch = tempfile::tempdir().unwrap();
    let (input, output) = (scratch.path().join("document.yaml"), scratch.path().join("trace"));
    fs::write(&input, document).unwrap();
    let calls = "openat,write,fchmod,mkdirat,symlinkat,renameat,unlinkat,sync_file_range,fsync,fdatasync,syncfs,sync";
    let Ok(ran) = Command::new("strace")
        .args(["-f", "-y", "-s", "64", "-o", text(&output), "-e", calls])
        .arg(env!("CARGO_BIN_EXE_firstlight"))
        .args(["apply", "--root", text(root), text(&input)])
        .output()
    else {
        skip("strace is missing");
        return None;
    };
    assert!(ran.status.success(), "{ran:?}");
    let trace = fs::read_to_string(&output).unwrap();
    Some(trace.lines().filter_map(|line| event(line, text(root))).collect())
}

/// A line of strace's, where it is about the tree and the call went well.
fn event(line: &str, root: &str) -> Option<Event> {
    let line = line.split_once(' ')?.1.trim_start();
    assert!(!line.contains("unfinished"), "{line}");
    let (call, arguments) = line.split_once('(')?;
    if !line.contains(" = ") || line.contains(" = -1 ") {
        return None;
    }
    let mut paths = Vec::new();
    // `11</etc>, "name"` is an entry of the directory; `11</etc/name>` is an open file.
    for part in arguments.split(" = ").next()?.split('<').skip(1) {
        let (open, rest) = part.split_once('>')?;
        let name = rest.strip_prefix(", \"").and_then(|rest| rest.split('"').next());
        let is_entry = ["openat", "mkdirat", "symlinkat", "renameat", "unlinkat"].contains(&call);
        paths.push(match name.filter(|_| is_entry) {
            Some(name) => format!("{open}/{name}"),
            None => open.to_owned(),
        });
    }
    if call == "symlinkat" {
        // symlinkat("target", 11</etc>, "name")
        paths.truncate(1);
    }
    let paths: Vec<String> = paths
        .iter()
        .filter_map(|path| path.strip_prefix(root))
        .map(str::to_owned)
        .collect();
    (!paths.is_empty()).then(|| Event {
        call: call.to_owned(),
        paths,
        line: line.to_owned(),
    })
}

fn is_flush(event: &Event) -> bool {
    ["fsync", "fdatasync", "syncfs", "sync"].contains(&&*event.call)
}

#[test]
fn the_five_areas_take_few_flushes_and_more_files_take_none() {
    let flushes = |files: usize| {
        let tree = place();
        build("photon5", None, tree.path());
        let events = traced(tree.path(), &document(files))?;
        assert!(
            events.iter().all(|event| event.call != "syncfs"),
            "others' files are not waited for"
        );
        Some(events.iter().filter(|event| is_flush(event)).count())
    };
    let Some(few) = flushes(0) else { return };
    assert_eq!(few, 3, "the records, the mark, the end");
    assert_eq!(flushes(20), Some(few));
}

/// How often a stage of a boot waits for the disk; `None`, aloud, where there is no strace.
fn flushes_of(stage: &str, machine: &Machine) -> Option<usize> {
    let (ran, trace) = machine.traced(&["-e", "fsync,fdatasync,syncfs,sync"], stage)?;
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    Some(trace.lines().filter(|line| line.ends_with(" = 0")).count())
}

#[test]
fn a_boot_waits_for_the_disk_where_it_does_something() {
    with_own_mounts("a_boot_waits_for_the_disk_where_it_does_something", || {
        let local = flushes_of("local", &Machine::with_sshd(&format!("#cloud-config\n{FIVE_AREAS}")));
        let Some(local) = local else { return };
        assert_eq!(local, 5, "the host name and the instance are two more");

        // Without the host name, which is another one in each of these runs.
        let machine = Machine::with_sshd("#cloud-config\nsshd: {permit_root_login: yes}\n");
        assert_eq!(flushes_of("local", &machine), Some(4));
        assert_eq!(
            flushes_of("system", &machine),
            Some(2),
            "what it begins, and how it ended"
        );
        fs::remove_dir_all(machine.path("run/firstlight")).unwrap();
        for stage in ["local", "system"] {
            assert_eq!(flushes_of(stage, &machine), Some(0), "the second boot, {stage}");
        }
    });
}

/// A device of its own, since what is counted are its flushes and what is written to it.
#[test]
fn a_disk_with_ext4_is_flushed_few_times_whatever_else_is_dirty() {
    with_own_mounts("a_disk_with_ext4_is_flushed_few_times_whatever_else_is_dirty", || {
        let place = tempfile::tempdir().unwrap();
        let image = place.path().join("disk");
        fs::File::create(&image).unwrap().set_len(256 << 20).unwrap();
        let made = Command::new("mkfs.ext4").arg("-q").arg(&image).status();
        let at = place.path().join("mounted");
        fs::create_dir(&at).unwrap();
        // Nothing is committed but what is asked for.
        let mounted = made.is_ok_and(|made| made.success())
            && Command::new("mount")
                .args(["-o", "loop,commit=300"])
                .args([&image, &at])
                .status()
                .unwrap()
                .success();
        if !mounted {
            return skip("mkfs.ext4 or a loop device is missing");
        }
        for files in [0, 20] {
            let root = at.join(files.to_string());
            build("photon5", None, &root);
            let input = place.path().join("document.yaml");
            fs::write(&input, document(files)).unwrap();
            nix::unistd::syncfs(fs::File::open(&at).unwrap()).unwrap();
            // A new one each time: ext4 writes out at once what replaces something.
            fs::write(at.join(format!("dirty{files}")), vec![b'x'; 32 << 20]).unwrap();
            let before = counters(&at);
            let said = firstlight(&["apply", "--root", text(&root), text(&input)]);
            assert_eq!(said.status, 0, "{said:?}");
            let after = counters(&at);
            // A commit of the journal is two: before its last block, and with it.
            assert!(
                after.0 - before.0 <= 2 * 3,
                "{files} files: {} flushes",
                after.0 - before.0
            );
            assert!(
                after.1 - before.1 < 4 << 20,
                "{files} files: {} bytes",
                after.1 - before.1
            );
        }
        unmount_below(&at);
    });
}

/// How often the device that is mounted here was flushed, and the bytes that were written to it.
fn counters(at: &Path) -> (u64, u64) {
    let mounts = fs::read_to_string("/proc/thread-self/mounts").unwrap();
    let line = mounts
        .lines()
        .find(|line| line.split(' ').nth(1) == Some(text(at)))
        .unwrap();
    let device = line.split(' ').next().unwrap().trim_start_matches("/dev/");
    let stat = fs::read_to_string(format!("/sys/block/{device}/stat")).unwrap();
    let fields: Vec<u64> = stat.split_whitespace().map(|field| field.parse().unwrap()).collect();
    (fields[15], fields[6] * 512)
}

/// How a file system brings changes to the disk (`system/flush.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Log {
    One,
    None,
}

/// What a power cut may take away: what was changed on each file system and is not on the disk for sure.
#[derive(Default)]
struct Disk {
    /// File systems by the path that they are mounted at, the deepest last.
    mounts: BTreeMap<String, Log>,
    /// Files with content that is in memory alone.
    unwritten: BTreeSet<String>,
    /// By mount: what was changed since the last flush, files and directories.
    unflushed: BTreeMap<String, BTreeSet<String>>,
}

impl Disk {
    fn mount_of(&self, path: &str) -> (String, Log) {
        let inside = |mount: &&String| {
            path.strip_prefix(mount.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mount = self.mounts.keys().rfind(inside).unwrap();
        (mount.clone(), self.mounts[mount])
    }

    fn change(&mut self, path: &str) {
        let (mount, _) = self.mount_of(path);
        self.unflushed.entry(mount).or_default().insert(path.to_owned());
    }

    fn change_names(&mut self, path: &str) {
        let (directory, _) = path.rsplit_once('/').unwrap();
        self.change(directory);
    }

    fn flush(&mut self, event: &Event) {
        let path = &event.paths[0];
        let (mount, log) = self.mount_of(path);
        self.unwritten.remove(path);
        match (log, &*event.call) {
            (_, "sync_file_range") => {}
            (Log::None, "fsync" | "fdatasync") => {
                self.unflushed.entry(mount).or_default().remove(path);
            }
            _ => {
                if event.call == "syncfs" {
                    let here: Vec<String> = self
                        .unwritten
                        .iter()
                        .filter(|file| self.mount_of(file).0 == mount)
                        .cloned()
                        .collect();
                    for file in here {
                        self.unwritten.remove(&file);
                    }
                }
                self.unflushed.remove(&mount);
            }
        }
    }

    /// What may come to the disk later than the next change at `path`.
    fn later_than(&self, path: &str) -> Vec<String> {
        let (own, log) = self.mount_of(path);
        let others = self
            .unflushed
            .iter()
            .filter(|(mount, _)| **mount != own || log == Log::None);
        others.flat_map(|(_, changed)| changed.clone()).collect()
    }

    fn is_flushed(&self, path: &str) -> bool {
        let (mount, _) = self.mount_of(path);
        self.unflushed.get(&mount).is_none_or(|changed| !changed.contains(path))
    }
}

/// Who holds it: nobody after a power cut.
const LOCK: &str = "/var/lib/firstlight/lock";
const STATE: &str = "/var/lib/firstlight";
const CONTENTS: &str = "/var/lib/firstlight/contents/";
const JOURNAL: &str = "/var/lib/firstlight/generations/1/journal";
const RECORD: &str = "/var/lib/firstlight/generations/1/generation.json";

/// Goes through what the kernel was asked for; says where a power cut would leave what is committed without what it is
/// about, or a change without the record that undoes it.
fn broken(events: &[Event], mounts: &[(&str, Log)]) -> Option<String> {
    let mut disk = Disk {
        mounts: mounts.iter().map(|(at, log)| ((*at).to_owned(), *log)).collect(),
        ..Disk::default()
    };
    let mut is_committed = false;
    let mut made = BTreeSet::new();
    for event in events {
        let path = &event.paths[0];
        if path == LOCK {
            continue;
        }
        let of_state = path.starts_with(STATE);
        let fail = |why: &str| Some(format!("{why}: {}", event.line));
        match &*event.call {
            "write" => {
                if path == JOURNAL && event.line.contains("committed") {
                    is_committed = true;
                    if let Some(later) = disk.later_than(path).first() {
                        return fail(&format!("the mark may come before {later}"));
                    }
                    if let Some(file) = disk.unwritten.iter().find(|file| *file != path) {
                        return fail(&format!("the mark is about {file}, which is in memory"));
                    }
                }
                disk.unwritten.insert(path.clone());
                disk.change(path);
            }
            // The journal is opened so again and again.
            "openat" if event.line.contains("O_CREAT") && made.insert(path) => {
                if !of_state && !disk.is_flushed(JOURNAL) {
                    return fail("nobody would know of it");
                }
                disk.change(path);
                disk.change_names(path);
            }
            "mkdirat" | "symlinkat" => {
                if !of_state && !disk.is_flushed(JOURNAL) {
                    return fail("nobody would know of it");
                }
                // A link is its name.
                if event.call == "mkdirat" {
                    disk.change(path);
                }
                disk.change_names(path);
            }
            "fchmod" => disk.change(path),
            "renameat" => {
                let to = &event.paths[1];
                // Their names say what they hold, and nothing names them yet.
                if !to.starts_with(CONTENTS)
                    && let Some(file) = disk.unwritten.first()
                {
                    return fail(&format!("it is named before {file} is on the disk"));
                }
                if disk.unwritten.remove(path) {
                    disk.unwritten.insert(to.clone());
                }
                if !(of_state || is_committed && disk.is_flushed(JOURNAL)) {
                    return fail("what is not committed is put in its place");
                }
                if to == RECORD
                    && is_committed
                    && let Some(later) = disk.later_than(to).first()
                {
                    return fail(&format!("it is said to be done before {later}"));
                }
                let (mount, _) = disk.mount_of(path);
                // A file keeps what its name had yet to do.
                if disk.unflushed.entry(mount).or_default().remove(path) {
                    disk.change(to);
                }
                disk.change_names(to);
            }
            "unlinkat" => disk.change_names(path),
            _ if is_flush(event) || event.call == "sync_file_range" => disk.flush(event),
            _ => {}
        }
    }
    let left = disk.unflushed.values().flatten().next();
    left.map(|path| format!("{path} is not on the disk at the end"))
}

/// What is mounted where in the tree: in memory, and overlays, of which only fsync(2) is known.
const LAYOUTS: &[&[(&str, Log)]] = &[
    &[("", Log::One)],
    &[("", Log::One), ("/var", Log::One)],
    &[("", Log::None)],
    &[("", Log::One), ("/var", Log::None)],
    &[("", Log::None), ("/var", Log::One)],
];

#[test]
fn nothing_is_committed_before_what_it_is_about_is_on_the_disk() {
    with_own_mounts("nothing_is_committed_before_what_it_is_about_is_on_the_disk", || {
        for layout in LAYOUTS {
            for files in [0, 20] {
                let tree = place();
                for (at, log) in *layout {
                    let at = tree.path().join(at.trim_start_matches('/'));
                    fs::create_dir_all(&at).unwrap();
                    match log {
                        Log::One => mount_tmpfs(&at, "mode=755"),
                        Log::None => mount_overlay(&at),
                    }
                }
                build("photon5", None, tree.path());
                let Some(events) = traced(tree.path(), &document(files)) else {
                    return;
                };
                unmount_below(tree.path());
                let what = format!("{layout:?}, {files} files");
                assert_eq!(broken(&events, layout), None, "{what}");
                if layout.iter().any(|(_, log)| *log == Log::None) {
                    continue;
                }
                let flushes = events.iter().filter(|event| is_flush(event)).count();
                assert_eq!(flushes, if layout.len() == 1 { 3 } else { 5 }, "{what}");
                // Nothing that is waited for is for nothing, and the rule would notice.
                let is_wait = |event: &Event| is_flush(event) || event.call == "sync_file_range";
                for (at, wait) in events.iter().enumerate().filter(|(_, event)| is_wait(event)) {
                    let mut without = events.clone();
                    without.remove(at);
                    // What follows at once writes the journal out as well.
                    let is_needed = broken(&without, layout).is_some() || wait.paths[0] == JOURNAL && !is_flush(wait);
                    assert!(is_needed, "{what}: nothing needs {}", wait.line);
                }
            }
        }
    });
}
