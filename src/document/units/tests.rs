use crate::document::{Diagnostic, Document, Texts};

/// What is said of a document with these units, each with its place.
fn said(units: &str) -> Vec<String> {
    let text = format!("units:\n{units}");
    let document = Document::read(&Texts::of_user_data("x", text.as_bytes()));
    let found = document.diagnostics.iter();
    found.map(Diagnostic::in_one_line).collect()
}

/// A unit with this name and these contents.
fn unit(name: &str, contents: &str, more: &str) -> String {
    format!("- {{name: {name}, contents: \"{contents}\"{more}}}\n")
}

const SERVICE: &str = "[Service]\\nExecStart=/bin/a\\n[Install]\\nWantedBy=multi-user.target\\n";

#[test]
fn what_systemd_and_podman_would_take() {
    for (name, contents) in [
        ("app.service", SERVICE),
        ("app@.service", "[Service]\\nExecStart=/bin/a %i\\n"),
        ("exit.service", "[Unit]\\nSuccessAction=exit\\n"),
        ("app.timer", "[Timer]\\nOnCalendar=daily\\n"),
        ("app.socket", "[Socket]\\nListenStream=80\\n"),
        ("app.path", "[Path]\\nPathExists=/a\\n"),
        ("srv-my\\\\x2ddata.mount", ""),
        ("app.target", "[Unit]\\nDescription=a\\n[X-Mine]\\nA=b\\n"),
        ("app.slice", "[Slice]\\nMemoryMax=1G\\n"),
        (
            "web.container",
            "[Container]\\nImage=a\\n[Service]\\nRestart=always\\n[Install]\\nWantedBy=default.target\\n",
        ),
        ("web.volume", "[Volume]\\n"),
        ("web.kube", "[Kube]\\nYaml=a.yml\\n"),
        (
            "web.build",
            "[Build]\\nImageTag=a\\nFile=/a\\n[Quadlet]\\nDefaultDependencies=false\\n",
        ),
    ] {
        let text = match contents {
            "" => unit(
                &format!("\"{name}\""),
                "[Mount]\\nWhat=/dev/sdb\\nWhere=/srv/my-data\\n",
                "",
            ),
            contents => unit(name, contents, ""),
        };
        assert_eq!(said(&text), [""; 0], "{name}");
    }
    for more in [
        "- {name: docker.service, enabled: true, dropins: [{name: a.conf, contents: ''}, {name: b.conf, contents: \"[Service]\\nUser=a\\n\"}]}",
        "- {name: getty@tty2.service, mask: true, state: stopped}",
        "- {name: sda.device, dropins: [{name: a.conf, contents: \"[Unit]\\nDescription=a\\n\"}]}",
        "- {name: app.service, dropins: [{name: a.conf, contents: \"[Service]\\nExecStart=\\nExecStart=/b\\n\"}]}",
    ] {
        assert_eq!(said(more), [""; 0], "{more}");
    }
}

#[test]
fn what_they_would_not_take_costs_the_entry_and_has_its_place() {
    let (bad, fine) = (unit("app.service", "[Service]\\n", ""), unit("b.service", SERVICE, ""));
    let text = format!("units:\n{bad}{fine}");
    let document = Document::read(&Texts::of_user_data("x", text.as_bytes()));
    let names: Vec<_> = document
        .config
        .units
        .iter()
        .flatten()
        .map(|unit| unit.name.as_str())
        .collect();
    assert_eq!(names, ["b.service"]);
    for (units, expected) in [
        (
            bad,
            "x:2:33: a .service file needs ExecStart= or ExecStop= or SuccessAction= in [Service]",
        ),
        (
            unit("app.service", "[Service]\\nExecStart=/a\\nExecStart=\\n", ""),
            "a .service file needs ExecStart=",
        ),
        (unit("app.service", " \\n", ""), "an empty file masks the unit"),
        (
            unit("app.service", "ExecStart=/a\\n", ""),
            "line 1: this setting comes before any [Section]",
        ),
        (
            unit("app.service", "[Service\\nExecStart=/a\\n", ""),
            "so systemd ignores the whole file",
        ),
        (
            unit("app.service", "[Service]\\nExecStart=/a\\nhunter2\\n", ""),
            "line 3: this is neither",
        ),
        (
            unit("app.service", "[Service]\\nExecStart=/a\\0\\n", ""),
            "the control character \\u{0}",
        ),
        (
            unit("app.timer", "[Timer]\\nUnit=a.service\\n", ""),
            "a .timer file needs OnCalendar= or OnBootSec=",
        ),
        (
            unit("app.socket", "[Socket]\\nAccept=no\\n", ""),
            "a .socket file needs ListenStream=",
        ),
        (
            unit("app.path", "[Path]\\nUnit=a.service\\n", ""),
            "a .path file needs PathChanged=",
        ),
        (
            unit("data.mount", "[Mount]\\nWhat=/dev/sdb\\nWhere=/srv/data\\n", ""),
            "(call it srv-data.mount, or correct Where=)",
        ),
        (unit("a.scope", "[Scope]\\n", ""), "systemd reads no .scope files"),
        (
            unit("web.container", "[Container]\\nExec=a\\n", ""),
            "a .container file needs Image= or Rootfs= in [Container]",
        ),
        (unit("web.kube", "[Kube]\\n", ""), "a .kube file needs Yaml= in [Kube]"),
        (
            unit("web.build", "[Build]\\nImageTag=a\\n", ""),
            "a .build file needs File= or SetWorkingDirectory=",
        ),
        (
            unit("00-eth0.network", "[Match]\\nName=eth0\\n[Network]\\nDHCP=yes\\n", ""),
            "this is a file of systemd-networkd (put it below `networkd_files`",
        ),
        (
            unit("web.volume", "[Volume]\\n", ", mask: true"),
            "podman's file web.volume can't be masked",
        ),
        (
            unit(
                "web.volume",
                "[Volume]\\n[Install]\\nWantedBy=a.target\\n",
                ", enabled: false",
            ),
            "are enabled by their [Install], and this one has it",
        ),
        (
            unit("web@.container", "[Container]\\nImage=a\\n", ", state: started"),
            "only instances of a template run",
        ),
        (
            unit("app@.service", SERVICE, ", enabled: true"),
            "only where its [Install] has DefaultInstance=",
        ),
        (
            unit("app@.service", SERVICE, ", state: started"),
            "only its instances run",
        ),
        (
            unit("app.service", SERVICE, ", mask: true"),
            "the mask would take the file's place",
        ),
        (
            "- {name: a.service, mask: true, enabled: true}".to_owned(),
            "a masked unit can't be enabled",
        ),
        (
            "- {name: a.service, mask: true, state: started}".to_owned(),
            "a masked unit can't be started",
        ),
        (
            "- {name: a, enabled: true}".to_owned(),
            "it has no suffix such as `.service`",
        ),
        ("- {name: ../a.service, enabled: true}".to_owned(), "`/` is not allowed"),
        (
            "- {name: a.servce, enabled: true}".to_owned(),
            "`.servce` is not a type of unit",
        ),
        ("- {enabled: true}".to_owned(), "missing"),
        (
            "- {name: a.service, enabled: true}\n- {name: a.service, mask: true}".to_owned(),
            "x:3:10: the unit a.service is given twice",
        ),
        (drop_in("a"), "it must end in .conf"),
        (drop_in(".conf"), "it must end in .conf"),
        (drop_in(".a.conf"), "it begins with a dot"),
        (drop_in("../a.conf"), "`/` is not allowed in it"),
        (
            drop_in(&format!("{}.conf", "a".repeat(251))),
            "at most 255 bytes, this one has 256",
        ),
        (
            "- {name: a.service, dropins: [{name: a.conf, contents: ''}, {name: a.conf, contents: ''}]}".to_owned(),
            "the drop-in a.conf is given twice",
        ),
    ] {
        let found = said(&units);
        assert!(!found.is_empty() && found[0].contains(expected), "{units}: {found:?}");
        assert!(found.iter().all(|text| !text.contains("hunter2")), "{found:?}");
        let text = format!("units:\n{units}");
        let document = Document::read(&Texts::of_user_data("x", text.as_bytes()));
        assert!(document.has_errors(), "{units}");
    }
}

fn drop_in(name: &str) -> String {
    format!("- {{name: a.service, dropins: [{{name: {name}, contents: ''}}]}}")
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    for (units, expected) in [
        (
            unit("app.service", "[Sevice]\\nA=b\\n[Service]\\nExecStart=/a\\n", ""),
            "line 1: a .service file has no section [Sevice] (did you mean [Service]?)",
        ),
        (
            unit(
                "app.service",
                "[Timer]\\nOnCalendar=daily\\n[Service]\\nExecStart=/a\\n",
                "",
            ),
            "line 1: a .service file has no section [Timer] ([Timer] belongs in a .timer file)",
        ),
        (
            unit("app.service", "[Service]\\nExecStart=/a\\n", ", enabled: true"),
            "it can't be enabled: its file has no [Install]",
        ),
        (
            unit("web.container", "[Container]\\nImage=a\\n", ", enabled: true"),
            "podman's files are enabled by their [Install], and this one has none",
        ),
        ("- {name: a.service}".to_owned(), "this entry sets nothing"),
    ] {
        let found = said(&units);
        assert!(found.len() == 1 && found[0].contains(expected), "{units}: {found:?}");
        let text = format!("units:\n{units}");
        assert!(!Document::read(&Texts::of_user_data("x", text.as_bytes())).has_errors());
    }
}

#[test]
fn one_unit_is_asked_for_in_one_way() {
    let conflicts = |text: &str| {
        let document = Document::read(&Texts::of_user_data("x", text.as_bytes()));
        let found = document.diagnostics.iter().map(Diagnostic::in_one_line);
        found.collect::<Vec<_>>()
    };
    for (text, expected) in [
        (
            "units: [{name: a.service, enabled: true}]\nservices: {a: false}\n",
            "x:2:15: `units` says something else about a.service (set it in one place)",
        ),
        (
            "units: [{name: a.service, mask: true}]\nservices: {a: {state: started}}\n",
            "`units` says something else about a.service",
        ),
        (
            "docker: true\nunits: [{name: docker.service, mask: true}]\n",
            "x:2:9: `docker` says something else about docker.service (set it in one place)",
        ),
    ] {
        let found = conflicts(text);
        assert!(found.len() == 1 && found[0].contains(expected), "{text}: {found:?}");
    }
    for text in [
        "units: [{name: a.service, enabled: true}]\nservices: {a: true}\n",
        "units: [{name: a.service, enabled: true}]\nservices: {a: {state: stopped}}\n",
        "units: [{name: a.service, mask: false}]\nservices: {b: false}\n",
        "docker: true\nunits: [{name: docker.service, enabled: true}]\n",
    ] {
        assert_eq!(conflicts(text), [""; 0], "{text}");
    }
}
