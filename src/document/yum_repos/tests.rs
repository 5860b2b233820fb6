use super::*;
use crate::document::{Diagnostic, Document, Texts};

/// The repositories of a document, or what is wrong with it and where.
fn read(yaml: &str) -> Result<Vec<String>, Vec<String>> {
    let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
    if !document.diagnostics.is_empty() {
        return Err(document.diagnostics.iter().map(Diagnostic::in_one_line).collect());
    }
    let shown = |(id, repository): &(RepositoryId, Repository)| {
        let options = repository.options();
        let options: Vec<_> = options
            .map(|(name, value)| format!(" {name}={}", value.expose()))
            .collect();
        format!("{}{}", id.as_str(), options.concat())
    };
    let repositories = document.config.yum_repos.unwrap_or_default();
    Ok(repositories.0.iter().map(shown).collect())
}

#[test]
fn values_of_all_types_become_one_line() {
    for (yaml, expected) in [
        (
            "yum_repos: {my repo: {baseurl: http://x/y, enabled: yes, gpgcheck: 0, name: N}}",
            &["my-repo baseurl=http://x/y enabled=1 gpgcheck=0 name=N"][..],
        ),
        (
            "yum_repos: {a: {BaseURL: [http://x, http://y], skip-if-unavailable: 'yes', priority: 10, throttle: 0.5}}",
            &["a baseurl=http://x http://y skip_if_unavailable=1 priority=10 throttle=0.5"],
        ),
        (
            "yum_repos:\n  a:\n    mirrorlist: http://x\n    name: 'yes'\n    gpgkey: |\n      http://k\n      http://l\n    proxy: ~\n",
            &["a mirrorlist=http://x name=yes gpgkey=http://k http://l"],
        ),
        (
            "yum_repos: {a: {metalink: http://x, exclude: []}}",
            &["a metalink=http://x exclude="],
        ),
        ("yum_repos: {}", &[]),
        ("yum_repos:", &[]),
        (
            "yum_repos: {a: {baseurl: http://x, password: 0815}}",
            &["a baseurl=http://x password=0815"],
        ),
    ] {
        assert_eq!(read(yaml).unwrap(), expected, "{yaml}");
    }
}

#[test]
fn what_is_wrong_costs_its_repository_and_has_its_place() {
    let long = format!("yum_repos: {{a: {{baseurl: {}}}}}", "x".repeat(5000));
    let long_name = format!("yum_repos: {{{}: {{baseurl: x}}}}", "a".repeat(129));
    for (yaml, words) in [
        ("yum_repos: {a: {name: x}}", "x:1:13: the repository has no address"),
        ("yum_repos: {a: }", "has no address"),
        ("yum_repos: {a: {baseurl: }}", "has no address"),
        ("yum_repos: {a: {baseurl: ''}}", "x:1:26: `baseurl` is empty"),
        ("yum_repos: {a: {baseurl: []}}", "`baseurl` is empty"),
        ("yum_repos: {a: {baseurl: {b: 1}}}", "expected a text, a number"),
        ("yum_repos: {a: {baseurl: [[x]]}}", "a list in a list"),
        ("yum_repos: {a: {baseurl: \"x\\u0001\"}}", "control character"),
        ("yum_repos: {a: {baseurl: '{'}}", "begin with a brace"),
        // A repository whose packages nobody checks, or that dnf doesn't read, is another one.
        (
            "yum_repos: {a: {baseurl: x, gpgcheck: maybe}}",
            "x:1:39: `gpgcheck` takes true or false",
        ),
        (
            "yum_repos: {a: {baseurl: x, Enabled: 2}}",
            "`enabled` takes true or false",
        ),
        ("yum_repos: {a: {baseurl: x, 'a b': 1}}", "`a b` is not an option"),
        ("yum_repos: {a: {baseurl: x, '[b]': 1}}", "is not an option"),
        (
            "yum_repos: {a: {baseurl: x, base-url: y, base_url: z}}",
            "x:1:52: `base_url` and `base-url` are the same",
        ),
        (
            "yum_repos: {a/b: {baseurl: x}}",
            "x:1:13: `a/b` is not a name for a repository: `/`",
        ),
        ("yum_repos: {..: {baseurl: x}}", "begins with a dot"),
        ("yum_repos: {'': {baseurl: x}}", "can't be empty"),
        ("yum_repos: {\"a\\nb\": {baseurl: x}}", "`\\n` is not allowed"),
        ("yum_repos: {main: {baseurl: x}}", "dnf's own settings"),
        (
            "yum_repos: {a b: {baseurl: x}, a-b: {baseurl: y}}",
            "x:1:32: `a-b` and `a b` are the same repository",
        ),
        ("yum_repos: [a]", "found a list"),
        ("yum_repo_dir: etc", "it must begin with a slash"),
        ("yum_repo_dir: /etc/../x", "`.` or `..`"),
        ("yum_repo_dir: /proc", "belongs to the kernel"),
        (&long, "at most 4096 bytes"),
        (&long_name, "at most 128 bytes"),
    ] {
        let found = read(yaml).unwrap_err();
        assert!(found.len() == 1 && found[0].contains(words), "{yaml}: {found:?}");
    }
    let yaml = b"yum_repos: {a: {baseurl: x}, b: {name: y}, c: {baseurl: {}}, d: {baseurl: z}}\n";
    let document = Document::read(&Texts::of_user_data("x", yaml));
    let left = document.config.yum_repos.unwrap().0;
    assert_eq!(left.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["a", "d"]);
}

#[test]
fn a_password_is_never_shown() {
    let shown = |yaml: &str| {
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        format!("{document:?}")
    };
    for yaml in [
        "yum_repos: {a: {baseurl: x, password: hunter2}}",
        "yum_repos: {a: {baseurl: x, Proxy-Password: hunter2}}",
        "yum_repos: {a: {baseurl: x, password: \"hunter2\\n\"}}",
        "yum_repos: {a: {baseurl: x, password: {hunter2: hunter2}}}",
    ] {
        let shown = shown(yaml);
        assert!(!shown.contains("hunter2"), "{yaml}: {shown}");
    }
}
