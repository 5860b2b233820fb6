use super::*;
use crate::document::{Document, Texts};
use crate::system::{Facts, Root};

const KEY: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\nmDMEZ0uB\\n-----END PGP PUBLIC KEY BLOCK-----\\n";

const APT: (&str, &str) = ("usr/bin/apt-get", "");
const DEBIAN: (&str, &str) = ("etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n");

/// What is planned for a document on a machine with these files: the files, what is told, and what is wrong.
fn plan(yaml: &str, files: &[(&str, &str)]) -> (Vec<String>, Vec<String>, Vec<String>) {
    let tree = tempfile::tempdir().unwrap();
    let directories = [
        "etc/apt/sources.list.d",
        "etc/apt/keyrings",
        "etc/apt/apt.conf.d",
        "etc/apt/trusted.gpg.d",
    ];
    for directory in directories {
        std::fs::create_dir_all(tree.path().join(directory)).unwrap();
    }
    for (name, text) in files {
        let path = tree.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let root = Root::open(tree.path()).unwrap();
    let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
    assert!(!document.has_errors(), "{:?}", document.diagnostics);
    let facts = Facts::default();
    let plan = Apt.plan(&document.config, &Machine::new(&root, &facts)).unwrap();
    let file = |change: &Change| match change {
        Change::File(file) => {
            let content = file.content.as_ref().unwrap();
            assert_eq!(file.secret, content.mode == 0o600);
            let asked = Apt.asked_at(change, &document.config).join(".");
            format!(
                "{asked} {} {:o} {}",
                file.path,
                content.mode,
                String::from_utf8_lossy(&content.bytes)
            )
        }
        other => panic!("{other:?}"),
    };
    (
        plan.changes.iter().map(file).collect(),
        plan.notes.iter().map(|note| note.text.clone()).collect(),
        plan.problems
            .iter()
            .map(|p| format!("{}: {p}", p.path.join(".")))
            .collect(),
    )
}

#[test]
fn a_source_with_its_key_trusts_no_other() {
    let source = |lines: &str| format!("apt: {{sources: {{a: {{source: \"{lines}\", key: \"{KEY}\"}}}}}}");
    for (lines, written) in [
        (
            "deb http://x $RELEASE main",
            "deb [signed-by=/etc/apt/keyrings/a.asc] http://x bookworm main\n",
        ),
        (
            "deb [arch=amd64] http://x ${RELEASE}-x main",
            "deb [arch=amd64 signed-by=/etc/apt/keyrings/a.asc] http://x bookworm-x main\n",
        ),
        (
            "# x\\ndeb [ signed-by=$KEY_FILE ] $MIRROR x\\ndeb-src $SECURITY $(ARCH)/ ",
            "# x\ndeb [ signed-by=/etc/apt/keyrings/a.asc ] http://deb.debian.org/debian x\n\
             deb-src [signed-by=/etc/apt/keyrings/a.asc] http://deb.debian.org/debian-security $(ARCH)/\n",
        ),
    ] {
        let (files, notes, problems) = plan(&source(lines), &[APT, DEBIAN]);
        let key = KEY.replace("\\n", "\n");
        assert_eq!(
            files,
            [
                format!("apt.sources.a /etc/apt/keyrings/a.asc 644 {key}"),
                format!("apt.sources.a /etc/apt/sources.list.d/a.list 644 {written}"),
            ]
        );
        assert_eq!((notes.len(), problems.len()), (0, 0));
    }
    let (_, notes, _) = plan(
        &source("deb [signed-by=/usr/share/keyrings/b.gpg] http://x y z"),
        &[APT, DEBIAN],
    );
    assert!(notes[0].contains("isn't used"), "{notes:?}");
    let (files, ..) = plan(&format!("apt: {{sources: {{a: {{key: \"{KEY}\"}}}}}}"), &[APT, DEBIAN]);
    assert!(
        files.len() == 1 && files[0].starts_with("apt.sources.a /etc/apt/trusted.gpg.d/a.asc 644"),
        "{files:?}"
    );
}

#[test]
fn sources_of_one_file_are_one_below_the_other() {
    let yaml = "apt: {sources: {a: {source: deb http://x y z}, b: {source: deb http://u v w, filename: a.list}}}";
    let (files, ..) = plan(yaml, &[APT, DEBIAN]);
    assert_eq!(
        files,
        ["apt.sources.a /etc/apt/sources.list.d/a.list 644 deb http://x y z\ndeb http://u v w\n"]
    );
    let other = KEY.replace("mDME", "mQIN");
    let yaml = format!(
        "apt: {{sources: {{a: {{source: deb http://x y z, key: \"{KEY}\"}}, a.list: {{source: deb http://u v w, key: \"{other}\"}}}}}}"
    );
    let (files, _, problems) = plan(&yaml, &[APT, DEBIAN]);
    assert_eq!(files.len(), 2);
    assert!(
        problems[0].contains("apt.sources.a.list: /etc/apt/keyrings/a.asc already has the key"),
        "{problems:?}"
    );
}

#[test]
fn the_list_and_the_settings() {
    let yaml = "apt: {sources_list: 'deb $PRIMARY $RELEASE main', conf: 'A::B \"$RELEASE\";', proxy: http://p:1, https_proxy: \
                'http://u:p@q'}";
    let (files, ..) = plan(yaml, &[APT, DEBIAN]);
    assert_eq!(
        files,
        [
            "apt.sources_list /etc/apt/sources.list 644 deb http://deb.debian.org/debian bookworm main\n",
            "apt /etc/apt/apt.conf.d/90firstlight-proxy 600 Acquire::http::Proxy \"http://p:1\";\n\
             Acquire::https::Proxy \"http://u:p@q\";\n",
            "apt.conf /etc/apt/apt.conf.d/94firstlight 644 A::B \"$RELEASE\";\n",
        ]
    );
    let (files, notes, _) = plan(
        "apt: {sources_list: deb x y z, preserve_sources_list: yes}",
        &[APT, DEBIAN],
    );
    assert!(
        files.is_empty() && notes[0].contains("`sources_list` isn't used"),
        "{notes:?}"
    );
}

#[test]
fn a_distribution_that_does_not_say_and_a_machine_without_apt() {
    let yaml = "apt: {sources: {a: {source: deb http://x $RELEASE z}, b: {source: deb http://x y z}}}";
    let (files, _, problems) = plan(yaml, &[APT, ("etc/os-release", "ID=debian\n")]);
    assert_eq!(files.len(), 1);
    assert_eq!(
        problems,
        ["apt.sources.a: this machine's os-release(5) doesn't say what `$RELEASE` is"]
    );
    let (files, notes, problems) = plan(yaml, &[DEBIAN]);
    assert_eq!((files.len(), problems.len()), (0, 0));
    assert!(notes[0].contains("for machines with apt"), "{notes:?}");
}
