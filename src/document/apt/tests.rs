use super::*;
use crate::document::{Diagnostic, Document, Texts};

const KEY: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\nmDMEZ0uB\\n-----END PGP PUBLIC KEY BLOCK-----\\n";

/// What a document asks of apt, and what is said of it.
fn read(yaml: &str) -> (Option<Apt>, Vec<String>) {
    let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
    let said = document.diagnostics.iter().map(Diagnostic::in_one_line).collect();
    (document.config.apt, said)
}

#[test]
fn sources_and_their_files() {
    for (yaml, name, path, stem) in [
        ("docker", "docker", "/etc/apt/sources.list.d/docker.list", "docker"),
        (
            "docker.list",
            "docker.list",
            "/etc/apt/sources.list.d/docker.list",
            "docker",
        ),
        (
            "/etc/apt/sources.list.d/a.list",
            "/etc/apt/sources.list.d/a.list",
            "/etc/apt/sources.list.d/a.list",
            "a",
        ),
    ] {
        let (apt, said) = read(&format!("apt: {{sources: {{{yaml}: {{source: deb http://x y z}}}}}}"));
        assert_eq!(said, Vec::<String>::new(), "{yaml}");
        let (file, source) = &apt.unwrap().sources.0[0];
        assert_eq!((file.written(), file.path(), file.stem()), (name, path, stem));
        assert_eq!(source.source.as_ref().unwrap().as_str(), "deb http://x y z\n");
    }
}

#[test]
fn a_key_is_armoured_and_alone() {
    let (apt, said) = read(&format!(
        "apt: {{sources: {{a: {{source: deb http://x y z, key: \" my key\\r\\n{KEY}\\n\"}}}}}}"
    ));
    assert_eq!(said, Vec::<String>::new());
    let apt = apt.unwrap();
    let key = apt.sources.0[0].1.key.as_ref().unwrap();
    assert_eq!(key.as_str(), KEY.replace("\\n", "\n"));
}

#[test]
fn values_that_ask_for_nothing() {
    for yaml in [
        "apt:",
        "apt: {}",
        "apt: {sources: }",
        "apt: {sources: {}, preserve_sources_list: true}",
        "apt: {proxy: ''}",
    ] {
        let (_, said) = read(yaml);
        assert_eq!(said, Vec::<String>::new(), "{yaml}");
    }
}

#[test]
fn a_mistake_costs_its_source_or_its_key_and_has_its_place() {
    let secret = KEY.replace("PUBLIC KEY", "PRIVATE KEY").replace("mDMEZ0uB", "hunter2");
    let secret = format!("apt: {{sources: {{a: {{source: deb http://x y z, key: \"{secret}\"}}}}}}");
    let long = format!("apt: {{conf: {}}}", "x".repeat(TEXT_MAX + 1));
    for (yaml, words) in [
        (
            "apt: {sources: {a: {source: 'ppa:x/y'}}}",
            "x:1:29: firstlight doesn't ask Launchpad",
        ),
        (
            "apt: {sources: {a: {source: http://x}}}",
            "begins with `deb` or `deb-src`",
        ),
        (
            "apt: {sources: {a: {source: \"deb http://x y z\\nTypes: deb\"}}}",
            "begins with `deb`",
        ),
        ("apt: {sources: {a: {source: debian}}}", "begins with `deb`"),
        (
            "apt: {sources: {a: {source: deb x y z, keyid: ABCD}}}",
            "x:1:47: firstlight asks no key server",
        ),
        (
            "apt: {sources: {a: {source: \"deb [signed-by=$KEY_FILE] x y z\"}}}",
            "`$KEY_FILE` is the file of `key`",
        ),
        ("apt: {sources: {a: {}}}", "x:1:17: the source has neither"),
        (
            "apt: {sources: {a: {source: deb x y z, key: mDME}}}",
            "-----BEGIN PGP PUBLIC KEY BLOCK-----` is missing",
        ),
        (&secret, "this is a private key"),
        (
            "apt: {sources: {a b: {source: deb x y z}}}",
            "apt reads no file with the name `a b`",
        ),
        (
            "apt: {sources: {../a: {source: deb x y z}}}",
            "by its name, or by its whole path",
        ),
        (
            "apt: {sources: {a: {source: deb x y z, filename: /etc/../a}}}",
            "`.` or `..`",
        ),
        (
            "apt: {sources: {a: {source: \"deb x y z\\u0007\"}}}",
            "control character",
        ),
        ("apt: {sources: [a]}", "found a list"),
        ("apt: {sources_list: 'http://x'}", "begins with `deb`"),
        ("apt: {proxy: 'http://x\";'}", "x:1:14: a blank, a quote"),
        ("apt: {http_proxy: 'http://x y'}", "a blank, a quote"),
        ("apt: {http_proxy: 10.0.0.1}", "x:1:19: a proxy is an address"),
        ("apt: {conf: [x]}", "found a list"),
        ("apt: {conf: \"a\\u0000\"}", "control character"),
        (
            "apt: {primary: [{arches: [default], uri: http://x}]}",
            "that firstlight doesn't apply",
        ),
        ("apt: {debconf_selections: {a: b}}", "that firstlight doesn't apply"),
        ("apt: [a]", "found a list"),
        (&long, "at most 1048576 bytes"),
    ] {
        let (_, said) = read(yaml);
        assert!(said.len() == 1 && said[0].contains(words), "{yaml}: {said:?}");
        assert!(!said[0].contains("hunter2"), "{said:?}");
    }
    let yaml =
        "apt: {conf: 'a;', sources: {a: {source: x}, b: {source: deb x y z}, c: {source: deb x y z, append: maybe}}}";
    let (apt, said) = read(yaml);
    let apt = apt.unwrap();
    let left: Vec<_> = apt.sources.0.iter().map(|(name, _)| name.written()).collect();
    assert_eq!((said.len(), left, apt.conf.is_some()), (2, vec!["b"], true));
}
