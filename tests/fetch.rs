//! What a person waits for: a server that is down is asked a few times within seconds, where a boot asks for minutes.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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
