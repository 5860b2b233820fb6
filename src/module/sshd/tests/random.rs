//! Configurations made at random of lines that are traps, against an evaluator written here and against the real sshd.

use proptest::prelude::*;
use serde_json::json;

use super::{DROP_IN, Tree, notes};
use crate::document::sshd::Keyword;
use crate::module::sshd::criteria::Who;
use crate::module::sshd::effective::{Effective, MAIN};
use crate::module::sshd::files::Files;
use crate::module::{Check, Level};
use crate::skip::{is_root, skip};
use crate::system::sshd::{Sshd, Verdict};

const LINES: &[&str] = &[
    "",
    "# a comment",
    "#PermitRootLogin prohibit-password",
    "#PasswordAuthentication yes",
    "PermitRootLogin no",
    "permitrootlogin=yes",
    "\tPermitRootLogin\t\"forced-commands-only\"  # why",
    "  PERMITROOTLOGIN = without-password",
    "PasswordAuthentication no",
    "PasswordAuthentication 'yes'",
    "X11Forwarding no",
    "Banner /etc/issue.net",
    "Match User bob",
    "match address 10.0.0.0/8",
];

/// What a single file may hold as well, for sshd itself to judge.
const STRUCTURE: &[&str] = &[
    "Match all",
    "Include /etc/ssh/sshd_config.d/*.conf",
    "Include more.conf",
];

fn text(lines: &'static [&'static str]) -> impl Strategy<Value = String> {
    let more: Vec<&'static str> = lines.to_vec();
    let line = prop::sample::select(more);
    let end = prop::sample::select(vec!["\n", "\r\n"]);
    (prop::collection::vec(line, 0..9), end, any::<bool>()).prop_map(|(lines, end, finished)| {
        let text = lines.join(end);
        if finished && !text.is_empty() { text + end } else { text }
    })
}

fn all_lines() -> &'static [&'static str] {
    // Twice the structure: it is what the traps are made of.
    Box::leak([LINES, STRUCTURE, STRUCTURE].concat().into_boxed_slice())
}

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["yes", "no", "prohibit-password", "forced-commands-only"])
}

/// The first value of the keyword before any `Match`, in one file without includes, in lower case.
fn first_value(text: &str, keyword: &str) -> Option<String> {
    for line in text.lines() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.to_ascii_lowercase().starts_with("match ") {
            return None;
        }
        let mut words = line.split(['=', ' ', '\t']).filter(|w| !w.is_empty());
        if words.next().is_some_and(|w| w.eq_ignore_ascii_case(keyword)) {
            let value = words.next()?.trim_matches(['"', '\'']).to_ascii_lowercase();
            return Some(value.replace("without-password", "prohibit-password"));
        }
    }
    None
}

/// How many lines were taken away and how many are new, ends of lines aside.
fn lines_changed(before: &str, after: &str) -> (usize, usize) {
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let (before, after) = (lines(before), lines(after));
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    let diff = similar::TextDiff::from_slices(&before, &after);
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    (count(similar::ChangeTag::Delete), count(similar::ChangeTag::Insert))
}

/// Whether every end of a line is `\r\n`.
fn is_crlf(text: &str) -> bool {
    text.matches("\r\n").count() == text.matches('\n').count()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn the_value_counts_and_every_other_byte_stays(main in text(LINES), word in word(), password in any::<Option<bool>>()) {
        let tree = Tree::new(&[(MAIN, &main)]);
        tree.configure(&json!({"permit_root_login": word, "password_authentication": password}));
        let after = tree.read(MAIN).unwrap();
        prop_assert_eq!(first_value(&after, "PermitRootLogin"), Some(word.to_owned()));
        let mut limit = 1;
        if let Some(password) = password {
            let expected = if password { "yes" } else { "no" };
            prop_assert_eq!(first_value(&after, "PasswordAuthentication"), Some(expected.to_owned()));
            limit = 2;
        }
        let (gone, new) = lines_changed(&main, &after);
        prop_assert!(gone <= new && new <= limit, "{:?} -> {:?}", main, after);
        if main.contains('\n') {
            prop_assert_eq!(is_crlf(&main), is_crlf(&after));
        }
        if !main.is_empty() {
            prop_assert_eq!(main.ends_with('\n'), after.ends_with('\n'), "{:?} -> {:?}", main, after);
        }
        if first_value(&main, "PermitRootLogin").as_deref() == Some(word) && password.is_none() {
            prop_assert_eq!(main, after);
        }
    }
}

/// After the plan is carried out, the real sshd takes the value that was asked for.
#[test]
fn the_real_sshd_agrees() {
    if let Err(error) = Sshd::find() {
        return skip(error);
    }
    if !is_root("sshd wants it") {
        return;
    }
    let lines = all_lines();
    let case = (
        text(lines),
        prop::collection::vec((prop::sample::select(vec!["00-a", "00-z", "50-x"]), text(LINES)), 0..3),
        text(LINES),
        word(),
    );
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(80)
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner
        .run(&case, |(main, drop_ins, more, word)| {
            check(&main, &drop_ins, &more, word)
        })
        .unwrap();
}

fn check(main: &str, drop_ins: &[(&str, String)], more: &str, word: &str) -> Result<(), TestCaseError> {
    let tree = Tree::new(&[(MAIN, main), ("/etc/ssh/more.conf", more)]);
    for (name, text) in drop_ins {
        tree.write(&format!("/etc/ssh/sshd_config.d/{name}.conf"), text.as_bytes());
    }
    let plan = tree.configure(&json!({"permit_root_login": word, "password_authentication": false}));
    if notes(&plan, Level::Warning).contains("won't be") {
        return Ok(());
    }
    // sshd knows nothing of our root: its includes have to name it.
    let etc = tree.path("/etc/ssh").display().to_string();
    let real = tree.read(MAIN).unwrap().replace("/etc/ssh/", &format!("{etc}/"));
    let real = real.replace("Include more.conf", &format!("Include {etc}/more.conf"));
    tree.write("/etc/ssh/real", real.as_bytes());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut sshd = Sshd::find().unwrap().with_config(&tree.path("/etc/ssh/real"));
    let printed = runtime.block_on(sshd.elsewhere()).expect("this sshd knows -C");
    let Some(Check::Sshd(planned)) = plan.checks.first() else {
        panic!("sshd is asked before anything is changed");
    };
    let answer = runtime.block_on(sshd.would_accept(&planned.files));
    prop_assert_eq!(answer, Ok(()), "{:?}", planned.files);
    for (keyword, wanted) in [("permitrootlogin", word), ("passwordauthentication", "no")] {
        prop_assert_eq!(
            printed.compare(keyword, wanted),
            Verdict::Same,
            "{}\n--\n{:?}\n--\n{:?}",
            real,
            tree.read(DROP_IN),
            drop_ins
        );
    }
    Ok(())
}

/// Lines about who may log in, and blocks that count for root, for others, or for some connections.
const ACCESS: &[&str] = &[
    "PermitRootLogin no",
    "permitrootlogin = \"yes\"",
    "PubkeyAuthentication no",
    "PubkeyAuthentication\tyes # x",
    "AuthorizedKeysFile none",
    "AuthorizedKeysFile=/etc/ssh/keys/%u .ssh/authorized_keys",
    "AllowUsers bob",
    "AllowUsers root amy",
    "Match User root",
    "Match User r*,!ro*",
    "Match user=bob",
    "Match Group root",
    "Match Group nosuch",
    "Match Address 10.0.0.0/8",
    "Match User root Address *",
    "Match User [r]oot",
    "Match all",
];

/// What counts for root is what `sshd -T -C user=root` prints, wherever it does not depend on the connection.
#[test]
fn the_real_sshd_agrees_on_what_counts_for_root() {
    if let Err(error) = Sshd::find() {
        return skip(error);
    }
    if !is_root("sshd wants it") {
        return;
    }
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(150)
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner.run(&text(ACCESS), |main| check_access(&main)).unwrap();
}

fn check_access(main: &str) -> Result<(), TestCaseError> {
    let tree = Tree::new(&[(MAIN, main)]);
    let effective = Effective::read(&Files::new(&tree.root)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut sshd = Sshd::find().unwrap().with_config(&tree.path(MAIN));
    let printed = runtime
        .block_on(sshd.effective())
        .map_err(|e| TestCaseError::fail(format!("{main}: {e}")))?;
    let who = Who {
        user: "root".to_owned(),
        groups: Some(vec!["root".to_owned()]),
    };
    for keyword in [
        "PermitRootLogin",
        "PubkeyAuthentication",
        "AuthorizedKeysFile",
        "AllowUsers",
    ] {
        let counting = effective.counting_for(Keyword::find(keyword).unwrap(), &who);
        if !counting.perhaps.is_empty() {
            continue;
        }
        let words: Vec<String> = counting.always.iter().flat_map(|line| line.words()).collect();
        if words.is_empty() {
            let default = ["without-password", "yes", ".ssh/authorized_keys .ssh/authorized_keys2"];
            let found = printed.values(keyword).join(" ");
            prop_assert!(
                found.is_empty() || default.contains(&found.as_str()),
                "{}: {}",
                main,
                found
            );
        } else {
            prop_assert_eq!(
                printed.compare(keyword, &words.join(" ")),
                Verdict::Same,
                "{}: {}",
                main,
                keyword
            );
        }
    }
    Ok(())
}
