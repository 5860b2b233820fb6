//! The real sshd, where it is installed; a test that can't run says so.

use super::*;
use crate::skip::{is_root, skip};

/// Asks an sshd about a configuration with this text; `None`, aloud, where this machine can't run one.
fn asked<T>(config: &str, question: impl AsyncFnOnce(Sshd) -> T) -> Option<T> {
    let sshd = match Sshd::find() {
        Ok(sshd) if is_root("sshd wants it") => sshd,
        Ok(_) => return None,
        Err(error) => {
            skip(error);
            return None;
        }
    };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sshd_config");
    std::fs::write(&file, config).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    Some(runtime.block_on(question(sshd.with_config(&file))))
}

async fn effective(sshd: &mut Sshd) -> Effective {
    Effective {
        root: sshd.effective().await.unwrap(),
        elsewhere: sshd.elsewhere().await,
    }
}

/// Host keys that don't exist: as on a first boot.
const NO_KEYS: &str = "HostKey /nowhere/ssh_host_ed25519_key\n";

#[test]
fn it_is_asked_without_host_keys() {
    let config = format!("{NO_KEYS}PermitRootLogin no\nLoginGraceTime 2m\n");
    let Some((effective, key)) = asked(&config, async |mut sshd| {
        sshd.accepts().await.unwrap();
        let effective = effective(&mut sshd).await;
        (effective, sshd.scratch_key.as_ref().unwrap().path().to_owned())
    }) else {
        return;
    };
    assert_eq!(effective.compare("permitrootlogin", "no"), Verdict::Same);
    assert_eq!(effective.compare("logingracetime", "120s"), Verdict::Same);
    assert_eq!(effective.root.values("hostkey"), ["/nowhere/ssh_host_ed25519_key"]);
    // By its name: other tests have keys of their own meanwhile.
    assert!(!key.parent().unwrap().exists(), "{}", key.display());
}

#[test]
fn a_refusal_shows_the_line() {
    for (config, message, line) in [
        (
            "Port 22\n  PermitRootLogin yess # x\n",
            "unsupported option",
            Some((2, "  PermitRootLogin yess # x")),
        ),
        ("Prot 22\n", "Bad configuration option", Some((1, "Prot 22"))),
        ("Match User\nPort 22\n", "", None),
    ] {
        let Some(answer) = asked(config, async |mut sshd| sshd.accepts().await) else {
            return;
        };
        let SshdError::Refused(refusal) = answer.unwrap_err() else {
            panic!("{config} is refused");
        };
        assert!(refusal.message.contains(message), "{refusal}");
        if let Some((number, text)) = line {
            assert_eq!(refusal.line, Some((number, text.to_owned())), "{refusal}");
            assert!(refusal.to_string().ends_with(text), "{refusal}");
        }
    }
}

#[test]
fn a_configuration_that_is_only_planned_is_judged_under_its_own_names() {
    let text = |line: &str| PlannedLine::Text(format!("{line}\n").into_bytes());
    let files = |last: &str| {
        let file = |path: &str, lines| PlannedFile {
            path: path.to_owned(),
            lines,
        };
        [
            file(
                "/etc/ssh/sshd_config",
                vec![
                    text(NO_KEYS.trim()),
                    PlannedLine::Include(Vec::new()),
                    PlannedLine::Include(vec![1, 2]),
                ],
            ),
            file(
                "/etc/ssh/sshd_config.d/1.conf",
                vec![text("# nothing"), text("Port 22")],
            ),
            file("/etc/ssh/sshd_config.d/2.conf", vec![text(""), text(last)]),
        ]
    };
    for (last, expected) in [
        ("MaxAuthTries 3", None),
        ("MaxAuthTries foo", Some("/etc/ssh/sshd_config.d/2.conf line 2: ")),
        (
            "Match User root\nMaxAuthTries foo",
            Some("/etc/ssh/sshd_config.d/2.conf line 3: "),
        ),
    ] {
        let Some((answer, own)) = asked(NO_KEYS, async |mut sshd| {
            (sshd.would_accept(&files(last)).await, sshd.accepts().await)
        }) else {
            return;
        };
        assert_eq!(own, Ok(()), "it is itself again");
        match (answer, expected) {
            (Ok(()), None) => {}
            (Err(SshdError::Refused(refusal)), Some(start)) => {
                assert!(refusal.message.starts_with(start), "{refusal}");
                assert_eq!(refusal.file.as_deref(), Some("/etc/ssh/sshd_config.d/2.conf"));
                assert!(refusal.line.is_some_and(|(_, text)| text == "MaxAuthTries foo"));
            }
            other => panic!("{last}: {other:?}"),
        }
    }
}

/// By its name: other tests have directories of their own meanwhile.
#[test]
fn the_copies_are_gone_afterwards() {
    if !is_root("the copies are in /run") {
        return;
    }
    let file = PlannedFile {
        path: "/etc/ssh/sshd_config".to_owned(),
        lines: vec![PlannedLine::Text(b"Port 22\n".to_vec())],
    };
    let copies = ScratchConfig::make(&[file]).unwrap();
    let main = copies.main();
    assert_eq!(std::fs::read(&main).unwrap(), b"Port 22\n");
    drop(copies);
    assert!(!main.parent().unwrap().exists(), "{}", main.display());
}

#[test]
fn root_may_get_something_else_than_the_others() {
    let config = "PermitRootLogin no\nMatch Address 127.0.0.1 LocalPort 22\nPermitRootLogin yes\n";
    let Some(effective) = asked(config, async |mut sshd| effective(&mut sshd).await) else {
        return;
    };
    let found = "yes".to_owned();
    assert_eq!(
        effective.compare("PermitRootLogin", "no"),
        Verdict::OnlyOutsideMatch { found: found.clone() }
    );
    assert_eq!(effective.compare("PermitRootLogin", "yes"), Verdict::Same);
    assert_eq!(
        effective.compare("PermitRootLogin", "prohibit-password"),
        Verdict::Differs { found }
    );
}

#[test]
fn only_a_directory_that_boots_make_is_made() {
    for bad in [
        "/var/empty/x",
        "/run/",
        "/run/../etc/x",
        "/run/a/b",
        "relative",
        "/run/..",
    ] {
        let error = make_privilege_directory(bad).unwrap_err().to_string();
        assert!(error.contains(bad), "{error}");
    }
    let said = "x\nMissing privilege separation directory: /run/sshd\r\n";
    assert_eq!(missing_privilege_directory(said), Some("/run/sshd"));
}
