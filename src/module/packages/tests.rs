use super::*;
use crate::document::{Document, Texts};
use crate::system::{Facts, Root};
use crate::vocabulary::{Run, RunOutcome};

/// The plan of a document on a machine with these programs.
fn plan(user_data: &str, programs: &[&str], ran: Option<Run>) -> Result<Plan, PlanError> {
    let document = Document::read(&Texts::of_user_data("x", user_data.as_bytes()));
    assert_eq!(document.diagnostics, []);
    let tree = tempfile::tempdir().unwrap();
    for directory in ["etc", "usr/bin"] {
        std::fs::create_dir_all(tree.path().join(directory)).unwrap();
    }
    for program in programs {
        std::fs::write(tree.path().join("usr/bin").join(program), "").unwrap();
    }
    let root = Root::open(tree.path()).unwrap();
    let facts = Facts {
        ran: ran.into_iter().map(|run| ("packages".to_owned(), run)).collect(),
        ..Facts::default()
    };
    Packages.plan(&document.config, &Machine::new(&root, &facts))
}

/// What is run, without the functions.
fn lines(plan: &Plan) -> Vec<String> {
    let [Change::DocumentCommand(command)] = plan.changes.as_slice() else {
        assert_eq!(plan.changes, []);
        return Vec::new();
    };
    let Program::Script(script) = &command.program else {
        panic!()
    };
    let steps = script
        .shown()
        .lines()
        .filter(|line| line.starts_with("run ") || line.starts_with("retry run"));
    steps.map(str::to_owned).collect()
}

#[test]
fn each_package_manager_is_told_in_its_own_words() {
    let document = "packages: [vim, [git, 2.40], {apt: [a], dnf: [d]}]\npackage_upgrade: true\n";
    for (programs, steps) in [
        (
            &["apt-get"][..],
            [
                "retry run update",
                "run dist-upgrade",
                "run install 'vim' 'git=2.40' 'a' || each 'vim' 'git=2.40' 'a'",
            ],
        ),
        (
            &["dnf", "apt-get", "../../etc/debian_version"],
            [
                "retry run update",
                "run dist-upgrade",
                "run install 'vim' 'git=2.40' 'a' || each 'vim' 'git=2.40' 'a'",
            ],
        ),
        (
            &["tdnf", "dnf", "yum", "apt-get"],
            [
                "retry run makecache",
                "run upgrade",
                "run install 'vim' 'git-2.40' 'd' || each 'vim' 'git-2.40' 'd'",
            ],
        ),
        (
            &["zypper"],
            [
                "retry run refresh",
                "run update",
                "run install 'vim' 'git=2.40' || each 'vim' 'git=2.40'",
            ],
        ),
    ] {
        assert_eq!(lines(&plan(document, programs, None).unwrap()), steps);
    }
}

#[test]
fn flags_alone_are_enough_and_false_asks_for_nothing() {
    let steps = |document: &str| lines(&plan(document, &["apt-get"], None).unwrap());
    assert_eq!(steps("package_update: true\n"), ["retry run update"]);
    assert_eq!(
        steps("package_upgrade: true\n"),
        ["retry run update", "run dist-upgrade"]
    );
    for nothing in [
        "package_update: false\npackage_upgrade: false\npackages: []\n",
        "packages: [{dnf: [a]}]\n",
    ] {
        assert_eq!(steps(nothing), [""; 0], "{nothing}");
    }
}

#[test]
fn what_was_installed_is_not_installed_again() {
    let run = |what: &str, outcome| Run {
        outcome,
        what: Some(what.to_owned()),
        ..Run::begun("i-1", 7)
    };
    for (run, is_planned) in [
        (run("vim", RunOutcome::Done), false),
        (run("vim", RunOutcome::Failed), true),
        (run("vim", RunOutcome::Begun), true),
        (run("vim git", RunOutcome::Done), true),
        (run("upgrade, vim", RunOutcome::Done), true),
    ] {
        let plan = plan("packages: [vim]\n", &["apt-get"], Some(run)).unwrap();
        assert_eq!(!plan.changes.is_empty(), is_planned);
    }
}

#[test]
fn a_machine_without_a_package_manager_says_so() {
    let error = plan("packages: [vim]\n", &[], None).unwrap_err();
    assert_eq!(error.path, ["packages"]);
    assert!(error.message.contains("none of /usr/bin/tdnf, /usr/bin/dnf"), "{error}");
    assert_eq!(
        plan("package_update: true\n", &[], None).unwrap_err().path,
        ["package_update"]
    );
}

#[test]
fn the_package_manager_goes_through_the_documents_proxy_whose_password_no_plan_shows() {
    let document =
        "packages: [vim]\nproxy: \"http://me:hun'ter2@proxy.example:3128\"\nno_proxy: 'localhost, .example.com'\n";
    for program in ["apt-get", "tdnf", "zypper"] {
        let plan = plan(document, &[program], None).unwrap();
        let [Change::DocumentCommand(command)] = plan.changes.as_slice() else {
            panic!("{plan:?}")
        };
        let Program::Script(script) = &command.program else {
            panic!()
        };
        let address = r"'http://me:hun'\''ter2@proxy.example:3128'";
        let exports = format!(
            "export http_proxy={address}\nexport https_proxy={address}\nexport no_proxy='localhost,.example.com'\n"
        );
        let (exported, run) = (script.text().find(&exports), script.text().find("run()"));
        assert!(exported.is_some() && exported < run, "{}", script.text());
        assert!(!format!("{plan:?}").contains("ter2"), "{plan:?}");
    }
    let plan = plan("packages: [vim]\n", &["apt-get"], None).unwrap();
    assert!(!format!("{plan:?}").contains("proxy"), "{plan:?}");
}

#[test]
fn a_name_by_which_apt_removes_a_package_is_refused_and_costs_itself() {
    let document = "packages: [g++, rsyslog-, {apt: [a, vim-]}, [git, 1-]]\n";
    let made = plan(document, &["apt-get"], None).unwrap();
    let problems: Vec<String> = made.problems.iter().map(|problem| problem.path.join(".")).collect();
    assert_eq!(problems, ["packages.1", "packages.2.apt.1", "packages.3"]);
    assert_eq!(
        made.problems[0].message,
        "apt would remove rsyslog: it takes a `-` at the end of a name for that"
    );
    assert_eq!(
        lines(&made),
        ["retry run update", "run install 'g++' 'a' || each 'g++' 'a'"]
    );
    // Others take it for a part of the name.
    assert_eq!(plan(document, &["zypper"], None).unwrap().problems, []);
}
