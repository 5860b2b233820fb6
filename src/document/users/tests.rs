use super::*;
use crate::document::{Diagnostic, Document, Texts};

/// The document, and what is wrong with it.
fn read(yaml: &str) -> (Config, Vec<String>) {
    let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
    let said = document.diagnostics.iter().map(Diagnostic::in_one_line).collect();
    (document.config, said)
}

fn names(yaml: &str) -> Vec<String> {
    let (config, said) = read(yaml);
    let errors: Vec<_> = said.iter().filter(|said| !said.contains("deprecated")).collect();
    assert_eq!(errors, Vec::<&String>::new(), "{yaml}");
    wanted(&config)
        .iter()
        .map(|wanted| wanted.user.name.to_string())
        .collect()
}

#[test]
fn accounts_in_every_form() {
    for yaml in [
        "users: [bob, amy]",
        "users: bob, amy,",
        "users: {bob: , amy: {shell: /bin/sh}}",
        "users: {bob: true, amy: {}}",
        "users: [{name: bob}, amy]",
        "users: [default, bob, {name: amy}]",
        "user: bob\nusers: [default, amy]",
    ] {
        assert_eq!(names(yaml), ["bob", "amy"], "{yaml}");
    }
    for yaml in ["users:", "users: []", "users: [default]", "user:", "groups: [ops]"] {
        assert_eq!(names(yaml), [""; 0], "{yaml}");
    }
    assert_eq!(names("user: {name: bob, uid: 7}\nusers: [amy]"), ["amy", "bob"]);
    assert_eq!(
        names("system_info: {default_user: {name: ec2}, distro: x}\nusers: [default]"),
        ["ec2"]
    );
}

#[test]
fn groups_in_every_form() {
    for (yaml, expected) in [
        ("groups: [ops, {docker: [bob, amy]}]", "ops= docker=bob,amy"),
        ("groups: 'ops, docker'", "ops= docker="),
        ("groups: {ops: bob, docker: }", "ops=bob docker="),
        ("groups: [{ops: bob, docker: [amy]}]", "ops=bob docker=amy"),
        ("groups:", ""),
    ] {
        let (config, said) = read(yaml);
        assert_eq!(said, [""; 0], "{yaml}");
        let groups = config.groups.unwrap_or_default();
        let shown: Vec<String> = groups
            .all()
            .iter()
            .map(|group| {
                let members: Vec<_> = group.members.iter().map(UserName::as_str).collect();
                format!("{}={}", group.name, members.join(","))
            })
            .collect();
        assert_eq!(shown.join(" "), expected, "{yaml}");
    }
}

#[test]
fn what_an_account_may_say() {
    let yaml = "users:\n- name: bob\n  gecos: Bob B.\n  homedir: /srv/bob/\n  shell: /bin/zsh\n  uid: '1500'\n  \
                primary_group: ops\n  groups: adm, docker\n  sudo: ['ALL=(ALL) ALL', 'x=y']\n  lock_passwd: no\n  \
                expiredate: 2032-09-01\n  inactive: '5'\n  system: false\n";
    let (config, said) = read(yaml);
    assert_eq!(said, [""; 0]);
    let user = wanted(&config).remove(0).user;
    let groups: Vec<_> = user.groups().iter().map(crate::document::GroupName::as_str).collect();
    assert_eq!(groups, ["adm", "docker"]);
    assert_eq!(user.homedir.as_ref().map(|home| home.as_str()), Some("/srv/bob"));
    assert_eq!(user.uid.map(Uid::get), Some(1500));
    assert_eq!(user.sudo(), ["ALL=(ALL) ALL", "x=y"]);
    assert_eq!(user.expiredate.map(Expiry::day), Some(22_889));
    assert_eq!(
        (user.inactive.map(Inactivity::days), user.is_locked()),
        (Some(5), false)
    );
    for yaml in ["{bob: 1}", "[bob, adm]", "'bob,adm'"] {
        let (config, said) = read(&format!("users: [{{name: x, groups: {yaml}}}]"));
        assert_eq!(said, [""; 0], "{yaml}");
        assert!(wanted(&config)[0].user.groups()[0].as_str() == "bob");
    }
}

#[test]
fn dashes_are_deprecated_and_taken() {
    let (config, said) = read("users:\n- name: bob\n  lock-passwd: false\n  primary-group: ops\n");
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].starts_with("x:3:3: ") && said[0].contains("`lock-passwd` is deprecated"),
        "{said:?}"
    );
    let user = wanted(&config).remove(0).user;
    assert_eq!((user.lock_passwd, user.primary_group.is_some()), (Some(false), true));
}

/// What is wrong with one key costs no account, and what is wrong with one account costs no other.
#[test]
fn a_mistake_costs_itself() {
    for (entry, place, words, left) in [
        ("{name: 'a b'}", "'a b'", "is not an account's name", "amy"),
        ("{gecos: x}", "{gecos", "the key `name` is missing", "amy"),
        ("{name: bob, shel: /bin/sh}", "shel:", "unknown key `shel`", "bob amy"),
        ("{name: bob, shell: sh}", "sh}", "a path begins with a slash", "bob amy"),
        ("{name: bob, uid: many}", "many", "expected a number from 0", "bob amy"),
        (
            "{name: bob, uid: 4294967295}",
            "4294967295",
            "stands for no account",
            "bob amy",
        ),
        (
            "{name: bob, expiredate: soon}",
            "soon",
            "expected a date like",
            "bob amy",
        ),
        ("{name: bob, sudo: true}", "true", "found true", "bob amy"),
        (
            "{name: bob, sudo: \"a=b\\nroot=c\"}",
            "\"a=b",
            "a rule is one line",
            "bob amy",
        ),
        (
            "{name: bob, sudo: ALL}",
            "ALL",
            "expected a rule of sudoers(5)",
            "bob amy",
        ),
        (
            "{name: bob, groups: ['a b']}",
            "'a b'",
            "is not a group's name",
            "bob amy",
        ),
        (
            "{name: bob, gecos: 'a:b'}",
            "'a:b'",
            "can't stand in /etc/passwd",
            "bob amy",
        ),
        ("{name: bob, ssh_authorized_keys: [nokey]}", "nokey", "key", "bob amy"),
        (
            "{name: amy}",
            "{name: amy}",
            "there is an entry for `amy` before",
            "amy",
        ),
        (
            "{name: bob, system: true, ssh_authorized_keys: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5'}",
            "'ssh-ed",
            "the keys need a home directory",
            "bob amy",
        ),
    ] {
        let yaml = format!("users: [          {entry},  {{name: amy}}]\n");
        let (config, said) = read(&yaml);
        assert_eq!(said.len(), 1, "{yaml}: {said:?}");
        assert!(said[0].contains(words), "{yaml}: {said:?}");
        let column = yaml.find(place).unwrap() + 1;
        assert!(
            said[0].starts_with(&format!("x:1:{column}: ")) || entry == "{name: amy}",
            "{yaml}: {said:?}"
        );
        let names: Vec<_> = wanted(&config)
            .iter()
            .map(|wanted| wanted.user.name.to_string())
            .collect();
        assert_eq!(names.join(" "), left, "{yaml}");
    }
}

#[test]
fn a_number_has_the_forms_that_yaml_has_for_one() {
    for (written, number) in [
        ("1500", Some(1500)),
        ("0x7d0", Some(2000)),
        ("1_500", Some(1500)),
        ("+1500", Some(1500)),
        ("0b11", Some(3)),
        ("'2000'", Some(2000)),
        ("0", Some(0)),
        ("-1", None),
        ("0xffffffff", None),
        ("4294967296", None),
        ("0x", None),
        ("22:22", None),
        ("1.5", None),
    ] {
        let yaml = format!("users: [{{name: bob, uid: {written}}}]\n");
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        let errors = document.diagnostics.iter().filter(|one| one.is_error()).count();
        assert_eq!(
            errors,
            usize::from(number.is_none()),
            "{written}: {:?}",
            document.diagnostics
        );
        let found = document
            .config
            .users
            .iter()
            .flat_map(Users::entries)
            .find_map(|entry| match entry {
                UserEntry::Full(user) => user.uid.map(Uid::get),
                UserEntry::Named(_) => None,
            });
        assert_eq!(found, number, "{written}");
    }
}

#[test]
fn two_accounts_have_two_numbers() {
    let (config, said) = read("users: [{name: bob, uid: 7}, {name: amy, uid: '7'}]\n");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("`bob` already has the number 7"), "{said:?}");
    assert_eq!(wanted(&config)[1].user.uid, None);
}

#[test]
fn a_locked_password_is_told() {
    let (_, said) = read("users: [{name: bob, plain_text_passwd: hunter2}]\n");
    assert!(
        said.len() == 1 && said[0].contains("`lock_passwd` is true by default"),
        "{said:?}"
    );
    assert!(!format!("{said:?}").contains("hunter2"));
    for quiet in ["true", "false"] {
        let (_, said) = read(&format!(
            "users: [{{name: bob, plain_text_passwd: x, lock_passwd: {quiet}}}]\n"
        ));
        assert_eq!(said, [""; 0]);
    }
    let (_, said) = read("users: [{name: bob, plain_text_passwd: x, hashed_passwd: $6$s$h, lock_passwd: true}]\n");
    assert_eq!(said.len(), 1, "{said:?}");
}

#[test]
fn the_default_user_is_wanted_where_something_is_for_it() {
    let on_debian = |yaml: &str| {
        let (config, _) = read(yaml);
        let config = Config {
            machine_user: of_distribution("debian"),
            ..config
        };
        let wanted = wanted(&config).into_iter();
        wanted
            .map(|wanted| (wanted.user.name.to_string(), wanted.is_default, wanted.path.join(".")))
            .collect::<Vec<_>>()
    };
    let is = |name: &str, is_default, path: &str| (name.to_owned(), is_default, path.to_owned());
    assert_eq!(on_debian("hostname: a"), []);
    assert_eq!(on_debian("users: [default]"), [is("debian", true, "users.0")]);
    assert_eq!(on_debian("password: x"), [is("debian", true, "password")]);
    assert_eq!(on_debian("password: x\nusers: [bob]"), [is("bob", false, "users.0")]);
    assert_eq!(on_debian("user: bob"), [is("bob", true, "user")]);
    assert_eq!(on_debian("user: {name: bob}\nusers: []"), [is("bob", true, "user")]);
    assert_eq!(
        on_debian("users: [default, {name: debian, shell: /bin/sh}]"),
        [is("debian", true, "users.1")]
    );
    let (config, _) = read("users: [{name: default, sudo: false, groups: [], shell: /bin/sh}]");
    let config = Config {
        machine_user: of_distribution("debian"),
        ..config
    };
    let debian = wanted(&config).remove(0).user;
    assert_eq!(
        (debian.name.as_str(), debian.sudo(), debian.groups()),
        ("debian", &[][..], &[][..])
    );
    assert_eq!(debian.shell.as_ref().map(|shell| shell.as_str()), Some("/bin/sh"));
    let (config, _) = read("user: {name: bob, gecos: B}\n");
    let config = Config {
        machine_user: of_distribution("debian"),
        ..config
    };
    let bob = wanted(&config).remove(0).user;
    assert_eq!(bob.shell.as_ref().map(|shell| shell.as_str()), Some("/bin/bash"));
    assert_eq!(bob.gecos.as_ref().map(|gecos| gecos.as_str()), Some("B"));
    assert!(bob.groups().len() > 3 && !bob.sudo().is_empty());
}
