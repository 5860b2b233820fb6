use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use super::*;
use crate::skip::is_root;
use crate::source::Seed;
use crate::source::media::images;
use crate::source::signature::checked;
use crate::source::signature::tests::{USER_DATA, USER_DATA_SIGNATURE, key};
use crate::system::Root;

fn read(stdout: &str) -> Verdict {
    answer::verdict(stdout.as_bytes(), "/p")
}

fn parts(verdict: Verdict) -> Vec<(&'static str, String)> {
    let Verdict::Present(seed) = verdict else {
        panic!("{verdict:?}")
    };
    let text = |part: &crate::source::Part| String::from_utf8(part.bytes.to_vec()).unwrap();
    seed.parts().map(|(name, part)| (name, text(part))).collect()
}

fn broken(verdict: Verdict) -> String {
    match verdict {
        Verdict::Broken(fault) => fault.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn answers() {
    let found = read(
        r#"{"user-data": "hostname: web1\n", "meta-data": {"instance-id": "i-1"}, "vendor-data": null,
            "network-config": {"note": "a\u2028b"}, "place": "the lab"}"#,
    );
    let Verdict::Present(seed) = &found else {
        panic!("{found:?}")
    };
    assert_eq!((seed.source.as_str(), seed.place.as_str()), ("program", "/p (the lab)"));
    let texts = parts(found);
    assert_eq!(texts[0], ("user-data", "hostname: web1\n".to_owned()));
    assert_eq!(texts[1], ("meta-data", "{\n  \"instance-id\": \"i-1\"\n}".to_owned()));
    assert!(texts[2].1.contains("a\\u2028b") && texts.len() == 3, "{texts:?}");
    for nothing in ["", " \n", "{}", r#"{"place": "x"}"#, r#"{"user-data": null}"#] {
        assert_eq!(read(nothing), Verdict::Absent("/p has no seed".to_owned()), "{nothing}");
    }
}

#[test]
fn answers_that_are_wrong_are_refused_without_being_shown() {
    let long = format!(r#"{{"place": "{}"}}"#, "x".repeat(201));
    for (stdout, words) in [
        ("hunter2", "not JSON (line 1, column 1)"),
        (r#"{"user-data": "hunter2""#, "not JSON"),
        (r#"["hunter2"]"#, "not a JSON object"),
        (r#"{"user-data": 7}"#, "neither text nor an object"),
        (r#"{"user_data": "hunter2"}"#, "an unknown key \"user_data\""),
        (r#"{"place": "a\nb"}"#, "not one line of text"),
        (&long, "not one line of text"),
        (r#"{"signatures": "hunter2"}"#, "not an object of part names"),
        (
            r#"{"signatures": {"user-data": "hunter2"}}"#,
            "for parts that it does not print",
        ),
        (
            r#"{"user-data": "hunter2", "signatures": {"user-data": 1}}"#,
            "user-data.minisig",
        ),
    ] {
        let why = broken(read(stdout));
        assert!(why.starts_with("/p: ") && why.contains(words), "{stdout}: {why}");
        assert!(!why.contains("hunter2"), "{why}");
    }
}

#[test]
fn what_they_print_can_be_signed_if_it_is_text() {
    let print = |user_data: serde_json::Value| {
        let answer = serde_json::json!({"user-data": user_data, "signatures": {"user-data": USER_DATA_SIGNATURE}});
        checked(read(&answer.to_string()), &[key()])
    };
    assert_eq!(parts(print(USER_DATA.into())).len(), 1);
    let why = broken(print("hostname: web2\n".into()));
    assert!(why.contains("as user-data among its signatures"), "{why}");
    let why = broken(print(serde_json::json!({"hostname": "web1"})));
    assert!(why.contains("can't carry a signature"), "{why}");
}

/// A tree with these files in its program directories; `None`, with a word, for who is not root.
fn machine(files: &[(&str, &str, u32)]) -> Option<(tempfile::TempDir, Root)> {
    if !is_root("others can't own programs that root runs") {
        return None;
    }
    let tree = tempfile::tempdir().unwrap();
    for directory in DIRECTORIES {
        fs::create_dir_all(tree.path().join(directory.trim_start_matches('/'))).unwrap();
    }
    for (path, content, mode) in files {
        let path = tree.path().join(path);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
    }
    let root = Root::open(tree.path()).unwrap();
    Some((tree, root))
}

#[test]
fn who_may_be_run() {
    let Some((tree, root)) = machine(&[
        ("usr/lib/firstlight/sources.d/20-both", "", 0o755),
        ("etc/firstlight/sources.d/20-both", "", 0o755),
        ("usr/lib/firstlight/sources.d/30-masked", "", 0o755),
        ("usr/lib/firstlight/sources.d/10-plain", "", 0o700),
        ("etc/firstlight/sources.d/.hidden", "", 0o755),
        ("etc/firstlight/sources.d/40-no-program", "", 0o644),
        ("etc/firstlight/sources.d/50-anybodys", "", 0o757),
        ("etc/firstlight/sources.d/51-groups", "", 0o775),
        ("etc/firstlight/sources.d/60-users", "", 0o755),
    ]) else {
        return;
    };
    let etc = tree.path().join("etc/firstlight/sources.d");
    symlink("/dev/null", etc.join("30-masked")).unwrap();
    symlink("/nowhere", etc.join("70-dangling")).unwrap();
    symlink("../../../usr/lib/firstlight/sources.d/10-plain", etc.join("80-link")).unwrap();
    fs::create_dir(etc.join("90-directory")).unwrap();
    chown(etc.join("60-users"), Some(1000), None).unwrap();
    let found = find::programs(&root).unwrap();
    let shown = found.iter().map(|program| {
        let (directory, name) = program.path.rsplit_once('/').unwrap();
        let why = program.refused.as_ref().map_or("runs", |fault| fault.what.as_str());
        format!("{} {name} {why}", directory.len())
    });
    let expected = [
        "29 10-plain runs",
        "25 20-both runs",
        "25 40-no-program is not executable",
        "25 50-anybodys others than root can write to it (mode 0757)",
        "25 51-groups others than root can write to it (mode 0775)",
        "25 60-users belongs to user 1000, not to root",
        "25 70-dangling is a dangling link",
        "25 80-link runs",
        "25 90-directory is not a program",
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    fs::set_permissions(&etc, fs::Permissions::from_mode(0o777)).unwrap();
    let why = find::programs(&root).unwrap_err().to_string();
    assert!(why.starts_with("/etc/firstlight/sources.d: others than root"), "{why}");
}

#[test]
fn there_is_an_end_to_programs() {
    let many: Vec<_> = (0..33).map(|n| format!("etc/firstlight/sources.d/{n}")).collect();
    let files: Vec<_> = many.iter().map(|path| (path.as_str(), "", 0o755)).collect();
    let Some((_tree, root)) = machine(&files) else { return };
    let why = find::programs(&root).unwrap_err().to_string();
    assert!(why.starts_with("33 programs"), "{why}");
}

fn script(script: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let tree = tempfile::tempdir().unwrap();
    let path = tree.path().join("program");
    // Written by another process: what a test that forks meanwhile holds open for writing can't be executed.
    let write = "cat > \"$0\" && chmod 755 \"$0\"";
    let script = format!("#!/bin/sh\n{script}\n");
    images::run("sh", &["-c", write, path.to_str().unwrap()], &script);
    (tree, path)
}

fn run_script(text: &str) -> Verdict {
    let (_tree, path) = script(text);
    let rules = Rules {
        timeout: Duration::from_secs(20),
        ..Rules::default()
    };
    from_path(&path, &rules)
}

#[test]
fn how_they_are_run() {
    let found = parts(run_script(
        r#"printf '{"user-data": "%s %s %s %s"}' "$FIRSTLIGHT_PROGRAM_VERSION" "$PWD" "$HOME" "$(cat)""#,
    ));
    assert_eq!(found, [("user-data", "1 /  ".to_owned())]);
    for (script, words) in [
        ("echo hunter2; echo hunter2 >&2; exit 3", "ended with exit status 3"),
        ("kill -9 $$", "was killed by a signal"),
        ("true", "has no seed"),
        ("exec cat /dev/zero", "more than 8388608 bytes"),
    ] {
        let why = broken(run_script(script));
        assert!(why.contains(words) && !why.contains("hunter2"), "{script}: {why}");
    }
    let why = broken(from_path(Path::new("/nonexistent/program"), &Rules::default()));
    assert!(why.starts_with("/nonexistent/program: can't be started"), "{why}");
}

#[test]
fn a_program_that_hangs_is_named_and_killed() {
    let (_tree, path) = script("exec sleep 60");
    let rules = Rules {
        timeout: Duration::from_secs(1),
        ..Rules::default()
    };
    let why = broken(from_path(&path, &rules));
    let expected = format!("{}: no answer within 0.9 s", path.display());
    assert_eq!(why, expected);
    assert!(limit(Duration::from_secs(120)) > Duration::from_secs(119));
    // Nobody knows what it would have said, and it may say it yet.
    let verdict = ask(&Program::at(&path.to_string_lossy()), Duration::from_millis(50));
    assert!(
        matches!(&verdict, Verdict::Unknown(fault) if fault.is_passing()),
        "{verdict:?}"
    );
}

#[test]
fn several_programs() {
    let seed = |text: &str, place: &str| {
        let mut seed = Seed::empty(NAME, place.to_owned());
        seed.user_data = Some(crate::source::Part::new(place, text));
        Verdict::Present(Box::new(seed))
    };
    let none = || Verdict::Absent("none".to_owned());
    assert_eq!(choose(vec![none(), seed("a", "1"), seed("a", "2")]), seed("a", "1"));
    assert_eq!(choose(vec![none(), none()]), Verdict::Absent("none; none".to_owned()));
    let why = broken(choose(vec![seed("a", "1"), seed("b", "2")]));
    assert!(why.starts_with("different seeds of 1 and 2: keep one of them"), "{why}");
    let why = broken(choose(vec![seed("a", "1"), Fault::lasting("torn").into()]));
    assert_eq!(why, "torn");
    let late = || Verdict::Unknown(Fault::passing("late"));
    assert_eq!(choose(vec![late(), seed("a", "1")]), seed("a", "1"));
    assert_eq!(choose(vec![late(), none()]), late());
}

#[test]
fn nothing_of_a_tree_is_executed() {
    let Some((_tree, root)) = machine(&[(
        "etc/firstlight/sources.d/1",
        "#!/bin/sh\necho '{\"user-data\": \"\"}'",
        0o755,
    )]) else {
        return;
    };
    let places = Places {
        root,
        live: false,
        devices: Vec::new(),
        rules: Rules::default(),
    };
    let Verdict::Absent(why) = search(&places) else {
        panic!()
    };
    assert!(why.contains("firstlight executes nothing from a tree"), "{why}");
}
