use super::*;
use crate::document::{Document, Texts};
use crate::system::{Facts, Root};

/// What is planned for a document on a machine with these files: the files with their modes, what is told, and what is wrong.
fn plan(yaml: &str, files: &[(&str, &str)]) -> (Vec<String>, Vec<String>, Vec<String>) {
    let tree = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = tree.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let root = Root::open(tree.path()).unwrap();
    let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
    assert!(!document.has_errors(), "{:?}", document.diagnostics);
    let facts = Facts::default();
    let plan = YumRepos.plan(&document.config, &Machine::new(&root, &facts)).unwrap();
    let change = |change: &Change| match change {
        Change::File(file) => {
            let content = file.content.as_ref().unwrap();
            assert_eq!(file.secret, content.mode == 0o600);
            assert!(file.headed);
            let asked = YumRepos.asked_at(change, &document.config).join(".");
            format!(
                "{asked} {} {:o} {}",
                file.path,
                content.mode,
                String::from_utf8_lossy(&content.bytes)
            )
        }
        Change::Directory(directory) => format!("{}/ {:o}", directory.path, directory.mode),
        other => panic!("{other:?}"),
    };
    (
        plan.changes.iter().map(change).collect(),
        plan.notes.iter().map(|note| note.text.clone()).collect(),
        plan.problems
            .iter()
            .map(|p| format!("{}: {p}", p.path.join(".")))
            .collect(),
    )
}

const TDNF: (&str, &str) = ("usr/bin/tdnf", "");

#[test]
fn each_repository_is_a_file() {
    let yaml = "yum_repos:\n  my repo: {baseurl: [http://x, http://y], enabled: false, name: N}\n  b: {mirrorlist: http://z}\n";
    let there = ("etc/yum.repos.d/b.repo", "[b]\nbaseurl=http://old\n");
    let (files, notes, problems) = plan(yaml, &[TDNF, there]);
    assert_eq!(
        files,
        [
            "yum_repos.my repo /etc/yum.repos.d/my-repo.repo 644 [my-repo]\nbaseurl = http://x http://y\nenabled = 0\n\
             name = N\n",
            "yum_repos.b /etc/yum.repos.d/b.repo 644 [b]\nname = b\nenabled = 1\nmirrorlist = http://z\n",
        ]
    );
    assert_eq!((notes.len(), problems.len()), (0, 0));
}

#[test]
fn a_password_is_for_root_alone() {
    for option in ["password: x", "proxy_password: x", "proxy: 'http://me:x@proxy'"] {
        let (files, ..) = plan(&format!("yum_repos: {{a: {{baseurl: http://x, {option}}}}}"), &[TDNF]);
        assert!(files[2].contains("a.repo 600 "), "{option}: {files:?}");
    }
}

#[test]
fn another_directory_is_made_where_it_is_missing() {
    let yaml = "yum_repos: {a: {baseurl: http://x}}\nyum_repo_dir: /store/repos/\n";
    let (files, ..) = plan(yaml, &[("usr/bin/dnf", "")]);
    assert_eq!(files[..2], ["/store/ 755", "/store/repos/ 755"]);
    assert!(files[2].contains(" /store/repos/a.repo 644 "), "{files:?}");
}

#[test]
fn other_machines_get_a_note_and_no_file() {
    let yaml = "yum_repos: {a: {baseurl: http://x}}";
    for program in ["usr/bin/apt-get", "usr/bin/zypper", "etc/passwd"] {
        let (files, notes, problems) = plan(yaml, &[(program, "")]);
        assert_eq!((files.len(), problems.len()), (0, 0));
        assert!(notes[0].contains("this machine has none of them"), "{notes:?}");
    }
    let (files, ..) = plan(yaml, &[("etc/yum.repos.d/x.repo", "")]);
    assert_eq!(files.len(), 1);
    let (files, notes, _) = plan("yum_repos: {}\nyum_repo_dir: /x\n", &[TDNF]);
    assert_eq!((files.len(), notes.len()), (0, 0));
}

#[test]
fn repositories_that_are_there_already_are_not_given_twice_or_lost() {
    let yaml = "yum_repos: {a: {baseurl: http://x}, b: {baseurl: http://y}}";
    let other = ("etc/yum.repos.d/all.repo", "# [b]\n [a] \nbaseurl=x\n[c]\n");
    let (files, _, problems) = plan(yaml, &[TDNF, other]);
    assert_eq!(files.len(), 1);
    assert_eq!(
        problems,
        ["yum_repos.a: /etc/yum.repos.d/all.repo has a repository `a` already"]
    );
    let (files, _, problems) = plan(yaml, &[TDNF, ("etc/yum.repos.d/dir.repo/a.repo", "[a]\n")]);
    assert_eq!(
        (files.len(), problems.len()),
        (2, 0),
        "a directory is no file of repositories"
    );
    let own = ("etc/yum.repos.d/b.repo", "[b]\n[b-source]\n");
    let (files, _, problems) = plan(yaml, &[TDNF, own]);
    assert_eq!(files.len(), 1);
    assert_eq!(
        problems,
        ["yum_repos.b: /etc/yum.repos.d/b.repo has other repositories as well, such as `b-source`"]
    );
}

#[test]
fn what_tdnf_does_not_read_is_told() {
    let yaml = format!(
        "yum_repos: {{a: {{metalink: http://x, exclude: {}}}}}",
        "x".repeat(1100)
    );
    let (_, notes, _) = plan(&yaml, &[TDNF]);
    assert!(notes[0].contains("first 1022 bytes of `exclude`"), "{notes:?}");
    assert!(notes[1].contains("only with its plugin"), "{notes:?}");
    let (_, notes, _) = plan(&yaml, &[("usr/bin/dnf", "")]);
    assert!(notes.is_empty());
}
