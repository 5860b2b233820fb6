//! Programs that hang, talk on, close their output, ignore signals or leave something behind.

use super::*;

fn shell(script: &str) -> Vec<String> {
    ["/bin/sh", "-c", script].map(str::to_owned).to_vec()
}

#[test]
fn a_program_has_the_environment_that_it_is_given_and_no_other() {
    let long = Duration::from_secs(20);
    let said = run(&shell("env; exit 3"), &[("NAME", "a b")], long, Keep::Whole(1000)).unwrap();
    let stdout = String::from_utf8(said.stdout.to_vec()).unwrap();
    assert!(!said.success);
    assert!(
        stdout.contains("NAME=a b\n") && stdout.contains("LC_ALL=C\n"),
        "{stdout}"
    );
    assert!(!stdout.contains("CARGO"), "{stdout}");
    assert_eq!(format!("{said:?}").matches("NAME").count(), 0);
}

#[test]
fn what_is_too_much_is_an_error() {
    let long = Duration::from_secs(20);
    let said = run(&shell("printf 12345"), &[], long, Keep::Whole(5)).unwrap();
    assert_eq!(said.stdout.as_slice(), b"12345");
    let why = run(&shell("printf 123456"), &[], long, Keep::Whole(5))
        .unwrap_err()
        .to_string();
    assert_eq!(why, "its output has more than 5 bytes, the limit");
    assert!(run(&[], &[], long, Keep::Whole(5)).is_err());
}

/// A daemon in a session of its own keeps the pipe and outlives the group: its hundred seconds are not waited for.
#[test]
fn what_a_program_leaves_behind_holds_nobody_up() {
    let long = Duration::from_secs(60);
    for script in [
        "setsid sleep 100 & echo said",
        "sleep 100 & echo said",
        "(setsid sh -c 'while sleep 0.01; do echo more || exit; done' &); sleep 0.1; echo said",
    ] {
        let begun = Instant::now();
        let said = run(&shell(script), &[], long, Keep::Whole(1 << 20)).unwrap();
        assert!(
            said.success && said.stdout.windows(5).any(|part| part == b"said\n"),
            "{script}"
        );
        assert!(begun.elapsed() < long, "{script}");
    }
}

#[test]
fn the_group_that_a_program_leaves_behind_is_killed() {
    let said = run(
        &shell("sleep 100 & echo $!"),
        &[],
        Duration::from_secs(60),
        Keep::Whole(100),
    )
    .unwrap();
    let pid = String::from_utf8(said.stdout.to_vec()).unwrap();
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    while !(state().is_empty() || state().contains(") Z ")) {
        std::thread::yield_now();
    }
}

#[test]
fn output_is_taken_in_while_it_comes_and_what_is_not_wanted_is_dropped() {
    let long = Duration::from_secs(60);
    let said = run(
        &shell("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"),
        &[],
        long,
        Keep::Whole(3_000_000),
    )
    .unwrap();
    assert_eq!((said.stdout.len(), said.stderr.len()), (3_000_000, 4096));
    let why = run(&shell("exec yes"), &[], long, Keep::Whole(1000))
        .unwrap_err()
        .to_string();
    assert!(why.contains("more than 1000 bytes"), "{why}");
    let why = run(
        &shell("exec >&- 2>&-; sleep 100"),
        &[],
        Duration::from_millis(300),
        Keep::Whole(10),
    )
    .unwrap_err()
    .to_string();
    assert_eq!(why, "no answer within 0.3 s");
}

/// Whether the process with this number is gone or is a zombie.
fn is_gone(pid: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    state.is_empty() || state.contains(") Z ") || state.contains(") X ")
}

#[test]
fn what_left_for_a_session_of_its_own_is_killed_too() {
    let long = Duration::from_secs(60);
    for script in [
        "setsid sh -c 'echo $$; exec sleep 100' & sleep 0.3",
        "(setsid sh -c 'sh -c \"echo \\$\\$; exec sleep 100\" & exit' &); sleep 0.3",
        "setsid sh -c 'trap \"\" TERM HUP; echo $$; while :; do sleep 1; done' & sleep 0.3",
    ] {
        let said = run_foreign(&shell(script), &[], long, Keep::Head(100)).unwrap();
        let pid = String::from_utf8(said.stdout.to_vec()).unwrap();
        assert!(pid.trim().parse::<i32>().is_ok(), "{script}: {pid}");
        while !is_gone(&pid) {
            std::thread::yield_now();
        }
    }
}

/// It is killed with what it left, also when its own time is up, and whatever signals it ignores.
#[test]
fn one_that_hangs_and_ignores_signals_is_killed_with_what_it_left() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let script = format!(
        "trap '' TERM HUP INT; setsid sh -c 'echo $$ > {}; exec sleep 100' & while :; do sleep 1; done",
        file.path().display()
    );
    let why = run(&shell(&script), &[], Duration::from_secs(1), Keep::Head(100)).unwrap_err();
    assert!(matches!(why, RunError::Late(_)), "{why}");
    let pid = std::fs::read_to_string(file.path()).unwrap();
    assert!(pid.trim().parse::<i32>().is_ok(), "{pid}");
    while !is_gone(&pid) {
        std::thread::yield_now();
    }
}

#[test]
fn of_a_hundred_megabytes_the_head_is_kept() {
    let script = "echo head; head -c 100000000 /dev/zero";
    let said = run(&shell(script), &[], Duration::from_secs(60), Keep::Head(1000)).unwrap();
    assert!(said.success && said.cut && said.stdout.starts_with(b"head\n"));
    assert_eq!(said.stdout.len(), 1000);
    let said = run(&shell("echo all"), &[], Duration::from_secs(60), Keep::Head(1000)).unwrap();
    assert!(!said.cut);
}

/// Two that run at the same time don't end each other.
#[test]
fn another_run_is_left_alone() {
    let (one, other) = (left_behind::Mark::new(), left_behind::Mark::new());
    assert_ne!(one.value(), other.value());
    let mut child = Command::new("/bin/sleep")
        .arg("100")
        .env(left_behind::VARIABLE, other.value())
        .spawn()
        .unwrap();
    one.kill_all();
    assert!(child.try_wait().unwrap().is_none());
    other.kill_all();
    assert!(!child.wait().unwrap().success());
}
