//! What a person waits for: a server that is down is asked a few times within seconds, where a boot asks for minutes. And
//! the requests that a machine makes for others: `phone_home` and `reporting`.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use support::chroot::Machine;
use support::mounts::with_own_mounts;
use support::program::{firstlight, text};
use support::tree::{build, place};

/// A server that wants to be asked again in a minute, and counts how often it is asked.
fn busy_server() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            count.fetch_add(1, Ordering::SeqCst);
            let head = BufReader::new(&stream).lines().map_while(Result::ok);
            head.take_while(|line| !line.is_empty()).for_each(drop);
            let answer =
                "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, asked)
}

/// With the patience of a boot the server would be asked again after that minute.
#[test]
fn a_persons_command_does_not_wait_for_a_server_as_a_boot_does() {
    let tree = place();
    build("photon5", None, tree.path());
    let (address, asked) = busy_server();
    let document = tree.path().join("list.yaml");
    fs::write(&document, format!("#include\n{address}document\n")).unwrap();
    let source = format!("nocloud:{address}");
    let commands: [&[&str]; 4] = [
        &["plan", text(&document)],
        &["apply", text(&document)],
        &["plan", "--source", &source],
        &["apply", "--source", &source],
    ];
    for (number, command) in (1..).zip(commands) {
        let said = firstlight(&[command, &["--root", text(tree.path())]].concat());
        assert_eq!(said.status, 1, "{command:?}: {said:?}");
        for words in [address.as_str(), "the server answered 503", "(tried once)"] {
            assert!(said.stderr.contains(words), "{command:?}: {said:?}");
        }
        assert_eq!(asked.load(Ordering::SeqCst), number, "{command:?}");
    }
    // These ask no server at all.
    firstlight(&["validate", text(&document)]);
    firstlight(&["sources", "--source", &source]);
    assert_eq!(asked.load(Ordering::SeqCst), commands.len());
}

/// A calling program can distinguish temporary failures from those that somebody must fix.
#[test]
fn a_failure_says_whether_asking_again_may_help() {
    let tree = place();
    build("photon5", None, tree.path());
    let (address, _) = busy_server();
    let kind = |source: &str| {
        let said = firstlight(&[
            "plan",
            "--root",
            text(tree.path()),
            "--format",
            "json",
            "--source",
            source,
        ]);
        let json: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        json["kind"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(kind(&format!("nocloud:{address}")), "passing");
    assert_eq!(kind("nocloud:/nowhere/at/all"), "lasting");
    let settings = tree.path().join("etc/firstlight");
    fs::create_dir_all(&settings).unwrap();
    fs::write(settings.join("config.yaml"), "allow: [directory]\n").unwrap();
    let seed = tree.path().join("var/lib/firstlight/seed");
    fs::create_dir_all(&seed).unwrap();
    fs::write(seed.join("meta-data"), format!("seedfrom: {address}\n")).unwrap();
    fs::write(seed.join("user-data"), "").unwrap();
    assert_eq!(kind("nocloud"), "forbidden");
}

/// A server that answers with these statuses, the last for ever, and remembers what is posted.
fn server(statuses: &'static [&'static str]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let posted = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&posted);
    std::thread::spawn(move || {
        for (number, mut stream) in listener.incoming().flatten().enumerate() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let head: Vec<String> = (&mut reader)
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let length = head.iter().find_map(|line| {
                let line = line.to_lowercase();
                line.strip_prefix("content-length: ")?.parse().ok()
            });
            let mut body = vec![0; length.unwrap_or_default()];
            reader.read_exact(&mut body).unwrap();
            let line = head.first().cloned().unwrap_or_default();
            seen.lock()
                .unwrap()
                .push(format!("{line}: {}", String::from_utf8(body).unwrap()));
            let status = statuses[number.min(statuses.len() - 1)];
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, posted)
}

/// A machine that systemd runs, as far as the program can tell, which is to call this address.
fn caller(url: &str) -> Machine {
    let machine = Machine::new(&format!(
        "hostname: web1\nfqdn: web1.example.test\nphone_home: {{url: '{url}', post: [instance_id, fqdn, pub_key_ed25519]}}\n"
    ));
    fs::create_dir_all(machine.path("run/systemd/system")).unwrap();
    fs::write(machine.path("etc/ssh/ssh_host_ed25519_key.pub"), "ssh-ed25519 AAAA\n").unwrap();
    machine
}

#[test]
fn a_machine_calls_until_the_call_is_taken_and_never_again() {
    with_own_mounts("a_machine_calls_until_the_call_is_taken_and_never_again", || {
        let (address, posted) = server(&["403 Forbidden", "200 OK"]);
        let machine = caller(&format!("http://me:hunter2@{address}/hello/$INSTANCE_ID?token=hunter2"));
        let call = "POST /hello/i-1?token=hunter2 HTTP/1.1: instance_id=i-1&fqdn=web1.example.test\
                    &pub_key_ed25519=ssh-ed25519%20AAAA%0A";
        for (boot, standing) in [(1, "degraded"), (2, "done")] {
            let (_, status) = machine.boot();
            assert_eq!(status["status"], "running", "boot {boot}: {status:#}");
            let (_, status) = machine.stage("final");
            assert_eq!(status["status"], standing, "boot {boot}: {status:#}");
            let refused = format!("http://{address}/hello/i-1?…: the server answered 403 Forbidden");
            assert_eq!(
                status.to_string().contains(&refused),
                boot == 1,
                "boot {boot}: {status:#}"
            );
            assert_eq!(*posted.lock().unwrap(), vec![call; boot], "boot {boot}: {status:#}");
        }
        let (_, status) = machine.boot();
        assert_eq!(status["status"], "done", "{status:#}");
        // A changed document, and a person, don't repeat it; who asks for that does.
        let seed = fs::read_to_string(machine.path("var/lib/firstlight/seed/user-data")).unwrap();
        machine.tell(&format!("{seed}timezone: UTC\n"));
        machine.boot();
        machine.stage("final");
        machine.run(&["apply"]);
        assert_eq!(posted.lock().unwrap().len(), 2);
        let said = machine.run(&["apply", "--run-again"]);
        assert_eq!(posted.lock().unwrap().len(), 3, "{said:?}");
        for file in [
            "ledger.json",
            "generations/1/document.json",
            "generations/1/report.json",
        ] {
            let text = machine.read(&format!("var/lib/firstlight/{file}"));
            assert!(
                text.contains("phone_home") && !text.contains("hunter2"),
                "{file}: {text}"
            );
        }
    });
}

#[test]
fn a_persons_call_does_not_wait_for_a_server_as_a_boots_does() {
    with_own_mounts("a_persons_call_does_not_wait_for_a_server_as_a_boots_does", || {
        let (address, asked) = busy_server();
        let machine = caller(&address);
        let said = machine.run(&["apply"]);
        let words = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(
            words.contains("the server answered 503") && words.contains("(tried once)"),
            "{said:?}"
        );
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    });
}

/// A machine that tells a webhook at this address, with keys, and something that changes with the document.
fn reporting(address: &str, more: &str) -> String {
    format!(
        "hostname: web1\nreporting:\n  inventory: {{type: webhook, endpoint: 'http://{address}/x?token=hunter2', \
         consumer_key: hunter2, token_key: hunter2, token_secret: hunter2}}\n{more}"
    )
}

/// The name and the result of each event that was posted.
fn events(posted: &Mutex<Vec<String>>) -> Vec<String> {
    let requests = std::mem::take(&mut *posted.lock().unwrap());
    let events = requests.iter().map(|request| {
        let (line, body) = request.split_once(": ").unwrap();
        assert_eq!(line, "POST /x?token=hunter2 HTTP/1.1");
        let event: serde_json::Value = serde_json::from_str(body).unwrap();
        let word = |key: &str| event[key].as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", word("event_type"), word("name"), word("result"))
    });
    events.collect()
}

/// Each boot that applies something is told once, at its end; a boot with nothing to do tells nothing, and neither does a
/// person.
#[test]
fn a_webhook_is_told_how_each_boot_went_that_did_something() {
    with_own_mounts("a_webhook_is_told_how_each_boot_went_that_did_something", || {
        let (address, posted) = server(&["503 Service Unavailable", "200 OK"]);
        let machine = Machine::new(&reporting(&address, ""));
        let boot = || {
            let (_, status) = machine.boot();
            assert_eq!(status["status"], "running", "{status:#}");
            assert_eq!(events(&posted), Vec::<String>::new(), "there is no network yet");
            machine.stage("final").1
        };
        let status = boot();
        assert_eq!(status["status"], "done", "{status:#}");
        let expected = [
            "start init-local -",
            "start init-local -",
            "finish init-local/config-hostname SUCCESS",
            "finish init-local SUCCESS",
            "start modules-final -",
            "finish modules-final SUCCESS",
        ];
        assert_eq!(events(&posted), expected, "the first is tried again");
        let generation = machine.read("var/lib/firstlight/generations/1/generation.json");
        let generation: serde_json::Value = serde_json::from_str(&generation).unwrap();
        assert!(generation["needs"].to_string().contains("final"), "{generation:#}");
        let (_, status) = machine.boot();
        assert_eq!(
            (status["status"].as_str(), events(&posted)),
            (Some("done"), vec![]),
            "{status:#}"
        );

        machine.tell(&reporting(
            &address,
            "write_files: [{path: /etc/a, content: a}]\nlocal: typo\n",
        ));
        let status = boot();
        assert_eq!(status["status"], "degraded", "{status:#}");
        let expected = [
            "start init-local -",
            "finish init-local/config-write_files SUCCESS",
            "finish init-local SUCCESS",
            "start modules-final -",
            "finish modules-final WARN",
        ];
        assert_eq!(events(&posted), expected);

        machine.tell(&reporting(&address, ""));
        let said = machine.run(&["apply"]);
        assert_eq!((said.status.code(), events(&posted)), (Some(0), vec![]), "{said:?}");
        let said = machine.run(&["status"]);
        assert!(!format!("{said:?}").contains("hunter2"), "{said:?}");
        for file in ["document.json", "report.json", "plan-final.json", "generation.json"] {
            let text = machine.read(&format!("var/lib/firstlight/generations/1/{file}"));
            assert!(!text.is_empty() && !text.contains("hunter2"), "{file}: {text}");
        }
    });
}

/// A webhook that is down costs a boot its report alone, and no later boot anything.
#[test]
fn a_webhook_that_is_down_is_told_of_and_not_asked_again() {
    with_own_mounts("a_webhook_that_is_down_is_told_of_and_not_asked_again", || {
        let nobody = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .to_string();
        let (address, posted) = server(&["200 OK"]);
        let other = format!("  other: {{type: webhook, endpoint: 'http://{address}/x?token=hunter2'}}\n");
        let machine = Machine::new(&reporting(&nobody, &other));
        fs::create_dir_all(machine.path("etc/firstlight")).unwrap();
        fs::write(machine.path("etc/firstlight/config.yaml"), "http: {retry_for: 0s}\n").unwrap();
        machine.boot();
        let (exit, status) = machine.stage("final");
        let problem = format!("reporting: inventory: http://{nobody}/x?…: can't be reached");
        let said = status["problems"][0].as_str().unwrap();
        assert!(said.starts_with(&problem) && !said.contains("hunter2"), "{status:#}");
        assert_eq!((exit, status["status"].as_str()), (10, Some("degraded")), "{status:#}");
        assert_eq!(events(&posted).len(), 5, "the other one is told");
        assert_eq!(machine.read("etc/hostname"), "web1\n");
        let (_, status) = machine.boot();
        assert_eq!(status["status"], "done", "{status:#}");
        assert_eq!(events(&posted), Vec::<String>::new());
    });
}

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q6";

/// What a site has for the keys, and who was asked for.
type KeySite = Arc<Mutex<(String, Vec<String>)>>;

/// A site with people's public keys: what it says of everybody can be changed; where it says nothing, it is broken.
fn key_site() -> (String, KeySite) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let shared = Arc::new(Mutex::new((String::new(), Vec::new())));
    let state = Arc::clone(&shared);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = BufReader::new(&stream).lines().map_while(Result::ok);
            let head: Vec<String> = head.take_while(|line| !line.is_empty()).collect();
            let mut state = state.lock().unwrap();
            let path = head[0].split(' ').nth(1).unwrap().to_owned();
            state.1.push(path);
            let status = if state.0.is_empty() { "500 Oops" } else { "200 OK" };
            let length = state.0.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{}",
                state.0
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, shared)
}

fn key_settings(address: &str) -> String {
    format!(
        "http: {{retry_for: 0s}}\nkey_sites: {{gh: 'http://{address}/%s.keys', lp: 'http://{address}/~%s/+sshkeys'}}\n"
    )
}

/// Keys come in the final stage of a boot, and none goes while the site is down: neither at the next boot nor with a changed
/// document. What the site no longer has goes, and so does everything with the key of the document.
#[test]
fn keys_are_imported_and_none_is_lost_while_a_site_is_down() {
    with_own_mounts("keys_are_imported_and_none_is_lost_while_a_site_is_down", || {
        let (address, site) = key_site();
        let document = "users: [{name: bob, ssh_import_id: [gh:octocat, smoser]}]\n";
        let machine = Machine::new(document);
        fs::create_dir_all(machine.path("etc/firstlight")).unwrap();
        fs::write(machine.path("etc/firstlight/config.yaml"), key_settings(&address)).unwrap();
        let keys = || fs::read_to_string(machine.path("home/bob/.ssh/authorized_keys")).unwrap_or_default();
        let asked = || std::mem::take(&mut site.lock().unwrap().1);
        let both = ["/octocat.keys", "/~smoser/+sshkeys"];

        let boot = |standing: &str, row: &str| {
            let (_, status) = machine.boot();
            assert_eq!(status["status"], "running", "{row}: {status:#}");
            let (_, status) = machine.stage("final");
            assert_eq!(status["status"], standing, "{row}: {status:#}");
            status.to_string()
        };
        let said = boot("degraded", "the site is down");
        assert!(
            said.contains("the keys of gh:octocat were not imported: http://"),
            "{said}"
        );
        assert_eq!((keys(), asked()), (String::new(), both.map(str::to_owned).to_vec()));

        site.lock().unwrap().0 = format!("{KEY}\n{OTHER}\n");
        boot("done", "the site is up");
        let all = format!("{KEY} # ssh-import-id gh:octocat\n{OTHER} # ssh-import-id gh:octocat\n");
        assert_eq!((keys(), asked()), (all.clone(), both.map(str::to_owned).to_vec()));

        let (_, status) = machine.boot();
        assert_eq!(
            (status["status"].as_str(), asked()),
            (Some("done"), vec![]),
            "{status:#}"
        );

        site.lock().unwrap().0 = String::new();
        machine.tell(&format!("{document}timezone: UTC\n"));
        machine.boot();
        assert_eq!(keys(), all, "a changed document, before the network is there");
        let (_, status) = machine.stage("final");
        assert_eq!(
            (status["status"].as_str(), keys()),
            (Some("degraded"), all.clone()),
            "{status:#}"
        );

        site.lock().unwrap().0 = format!("{OTHER}\n");
        boot("done", "the site is up again, with one key less");
        assert_eq!(keys(), format!("{OTHER} # ssh-import-id gh:octocat\n"));
        assert_eq!(asked().len(), 4);

        machine.tell("users: [{name: bob}]\n");
        let (_, status) = machine.boot();
        assert_eq!(keys(), "", "{status:#}");
        assert_eq!(asked(), Vec::<String>::new());
    });
}

/// A person's `apply` asks at once, for a tree as well; a rollback takes the keys away.
#[test]
fn a_persons_apply_imports_keys_or_says_why_not() {
    let tree = place();
    build("photon5", None, tree.path());
    let (address, site) = key_site();
    fs::create_dir_all(tree.path().join("etc/firstlight")).unwrap();
    fs::write(tree.path().join("etc/firstlight/config.yaml"), key_settings(&address)).unwrap();
    let document = tree.path().join("document.yaml");
    fs::write(&document, "users: [{name: bob, ssh_import_id: gh:octocat}]\n").unwrap();
    let run = |command: &[&str]| firstlight(&[command, &["--root", text(tree.path())]].concat());
    let said = run(&["apply", text(&document)]);
    assert!(
        said.status == 1 && format!("{said:?}").contains("the keys of gh:octocat were not imported"),
        "{said:?}"
    );
    site.lock().unwrap().0 = format!("command=\"sh\" {OTHER}\n{KEY} octo@cat\n");
    let said = run(&["plan", text(&document)]);
    assert!(
        said.stdout.contains(&format!("+{KEY} # ssh-import-id gh:octocat")) && !said.stdout.contains(OTHER),
        "{said:?}"
    );
    let said = run(&["apply", text(&document)]);
    assert_eq!(said.status, 0, "{said:?}");
    let keys = || fs::read_to_string(tree.path().join("home/bob/.ssh/authorized_keys")).unwrap_or_default();
    assert_eq!(keys(), format!("{KEY} # ssh-import-id gh:octocat\n"));
    let said = run(&["plan", text(&document), "--exit-code"]);
    assert_eq!(said.status, 0, "a second one has nothing to do: {said:?}");
    run(&["rollback"]);
    assert_eq!(keys(), "");
}
