//! Documents as a whole: what is reported, what is kept, what is never shown.

use super::*;
use crate::document::budget::PROBLEM_LIMIT;
use crate::document::format;
use crate::document::text::TEXT_LIMIT;
use crate::document::{Code, Diagnostic, Severity, Text};

fn read(user_data: &str) -> Document {
    let text = Text::new("user-data", user_data.as_bytes());
    Document::read(&Texts {
        user_data: Some(text),
        ..Texts::default()
    })
}

fn shown(document: &Document) -> String {
    document
        .diagnostics
        .iter()
        .map(|d| d.render(false))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A text of a seed.
fn text(origin: &'static str, text: &'static str) -> Option<Text<'static>> {
    let bytes = text.as_bytes();
    Some(Text::new(origin, bytes))
}

#[test]
fn comments_are_not_shown() {
    for line in [
        "hostnme: web1 # password: hunter2",
        "hostname: \"a #b\" #hunter2",
        "{hostname: a b, fqdn: c} # hünter2 # hunter2",
    ] {
        let text = shown(&read(line));
        assert!(
            text.contains("hostn") && !text.contains("hunter2") && !text.contains("hünter2"),
            "{text}"
        );
    }
    assert!(shown(&read("hostname: \"a #b\" # c")).contains("a #b"));
}

#[test]
fn what_only_follows_from_a_problem_is_not_reported() {
    let document = read(
        "chpasswd:\n  users:\n  - {name: root, password: plain}\n  - {name: bob}\n\
         docker: {enabled: maybe}\n\
         network: {version: 2, ethernets: {eth0: {routes: [{to: default, via: 192.0.2.300}]}}}\n",
    );
    let places: Vec<_> = document.diagnostics.iter().map(|d| d.path.join(".")).collect();
    let expected = [
        "docker.enabled",
        "network.ethernets.eth0.routes.0.via",
        "chpasswd.users.0.password",
        "chpasswd.users.1",
    ];
    assert_eq!(places.len(), expected.len(), "{}", shown(&document));
    assert!(
        expected.iter().all(|path| places.contains(&(*path).to_owned())),
        "{places:?}"
    );
    let users = document.config.chpasswd.map_or(0, |chpasswd| chpasswd.logins().len());
    assert_eq!(users, 0);
}

/// How long it takes is measured by `benches/document`; with a look at all keys for each, nobody would wait for this.
#[test]
fn a_document_may_have_many_keys() {
    let keys: String = (0..50_000).map(|n| format!("  s{n}: true\n")).collect();
    assert!(!read(&format!("services:\n{keys}")).has_errors());
}

#[test]
fn all_problems_are_reported_in_one_run_and_the_rest_is_kept() {
    let document =
        read("hostnme: a\nhostname: web1\nfqdn: web 1\npreserve_hostname: 7\nmounts: [ls]\nhostname: web2\n");
    let text = shown(&document);
    for words in [
        "hostname: web1",
        "did you mean `hostname`?",
        "web 1",
        "expected true or false",
        "doesn't apply",
        "given twice",
    ] {
        assert!(words == "hostname: web1" || text.contains(words), "{words}\n{text}");
    }
    assert_eq!(document.diagnostics.len(), 5, "{text}");
    assert_eq!(document.config.hostname.as_ref().unwrap().as_str(), "web2");
    assert_eq!(document.config.fqdn, None);
}

#[test]
fn a_key_of_cloud_config_below_another_is_known_and_not_applied() {
    let document = read("ntp: {servers: [a], peers: [b], config: {confpath: /x}, poools: [c]}\n");
    let text = shown(&document);
    for words in [
        "`ntp.peers` is a key of cloud-config",
        "`ntp.config` is a key of cloud-config",
        "did you mean `pools`?",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert_eq!(document.config.ntp.unwrap().all().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn a_condition_is_not_widened_by_what_is_wrong_in_it() {
    let document = read(
        "network:\n  version: 2\n  ethernets:\n    a: {match: {name: 'e*', macaddress: nonsense}, dhcp4: true}\n    b: {dhcp4: true}\n",
    );
    assert_eq!(document.diagnostics.len(), 1, "{}", shown(&document));
    let network = format!("{:?}", document.config.network);
    assert!(!network.contains("e*") && network.contains("\"b\""), "{network}");
}

#[test]
fn a_file_with_something_wrong_in_it_is_not_written_at_all() {
    let document = read(
        "write_files:\n- {path: /a, content: '%', encoding: b64}\n- {path: /b, permissions: rw-------}\n\
         - {path: ../c}\n- {path: /d, mode: 1}\n- {content: x}\n\
         - {path: /e, content: '%', encoding: b64, source: {uri: ftp://x}}\n- {path: /good}\n\
         networkd_files: [{name: a.network, contents: [x]}, {name: b.conf, contents: x}]\n",
    );
    assert_eq!(document.diagnostics.len(), 8, "{}", shown(&document));
    let files = document.config.write_files.unwrap();
    let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["/good"]);
    assert_eq!(document.config.networkd_files, Some(Vec::new()));
}

#[test]
fn a_diagnostic_has_file_line_column_and_the_line() {
    let document = read("#cloud-config\nhostname: web1\nhostnme: x\n");
    let found = &document.diagnostics[0];
    assert_eq!((found.file.as_str(), found.line, found.column), ("user-data", 3, 1));
    let text = found.render(false);
    assert!(
        text.contains("user-data:3:1") && text.contains("hostnme: *") && text.contains("^^^^^^^"),
        "{text}"
    );
}

#[test]
fn no_diagnostic_shows_a_secret() {
    for text in [
        "root: hunter2\n",
        "pasword: hunter2\n",
        "root: {password: hunter2, passwrd: hunter2}\n",
        "password: [hunter2]\n",
        "firstlight: {strict: hunter2, x: y}\npassword: hunter2\n",
        "password: hunter2\n\tx: y\n",
        "password: \"hunter2\n",
        "- hunter2\n",
        "hunter2\n",
        "password: hunter2\npassword: hunter2\n",
        "root: {password: hunter2, password: hunter2, x: y}\n",
    ] {
        let document = read(text);
        if text.starts_with("firstlight") {
            continue;
        }
        assert!(document.has_errors(), "{text}");
        let json = serde_json::to_string(&document.diagnostics).unwrap();
        let all = format!("{}{json}{document:?}", shown(&document));
        assert!(!all.contains("hunter2"), "{text}\n{all}");
    }
}

#[test]
fn texts_that_are_no_document() {
    let big = vec![b'#'; TEXT_LIMIT + 1];
    let table: [(&[u8], &str); 8] = [
        (b"#part-handler\n", "a part handler"),
        (b"\x1f\x8b\x08", "compressed and damaged"),
        (b"a: \xff\n", "not UTF-8"),
        (&big, "too large"),
        (b"- a\n", "expected a mapping"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n", "MIME"),
        (b"a: 1\n---\nb: 2\n", "second YAML document"),
        (b"hostname:\n\tweb1\n", "tab"),
    ];
    for (bytes, words) in table {
        let text = Text::new("doc", bytes);
        let document = Document::read(&Texts {
            user_data: Some(text),
            ..Texts::default()
        });
        assert!(
            document.has_errors() && shown(&document).contains(words),
            "{words}: {}",
            shown(&document)
        );
    }
}

#[test]
fn a_compressed_text_is_unpacked_within_bounds() {
    use std::io::Write;
    let gz = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    };
    let read = |bytes: &[u8]| {
        let text = Text::new("doc", bytes);
        Document::read(&Texts {
            user_data: Some(text),
            ..Texts::default()
        })
    };
    let document = read(&gz(b"#cloud-config\nhostname: web1\n"));
    assert_eq!(
        (document.diagnostics.len(), document.config.hostname.unwrap().as_str()),
        (0, "web1")
    );
    let bomb = read(&gz(&vec![b'#'; TEXT_LIMIT + 1]));
    assert!(
        shown(&bomb).contains("too large once it is unpacked"),
        "{}",
        shown(&bomb)
    );
}

#[test]
fn vendor_data_is_below_user_data_and_the_network_beside_it() {
    let document = Document::read(&Texts {
        user_data: text("user-data", "hostname: mine\n"),
        vendor_data: text("vendor-data", "hostname: theirs\nfqdn: theirs.example.test\n"),
        meta_data: text("meta-data", "instance-id: i-1\nlocal-hostname: platform\nother: 1\n"),
        network_config: text("network-config", "network: {}\n"),
        source: ("nocloud", "/dev/sr0"),
        ..Texts::default()
    });
    assert_eq!(document.diagnostics, []);
    assert_eq!(document.source, "nocloud /dev/sr0");
    assert_eq!(document.config.hostname.as_ref().unwrap().as_str(), "mine");
    assert_eq!(document.config.fqdn.as_ref().unwrap().as_str(), "theirs.example.test");
    assert_eq!(document.meta_data.instance_id.as_deref(), Some("i-1"));
    assert!(document.config.network.is_some());
    let refused = Document::read(&Texts {
        user_data: text("user-data", "vendor_data: {enabled: false}\n"),
        vendor_data: text("vendor-data", "hostname: theirs\n"),
        ..Texts::default()
    });
    assert_eq!(refused.config, Config::default());
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn in_base64(bytes: &[u8]) -> String {
    use base64ct::Encoding;
    base64ct::Base64::encode_string(&packed(bytes))
}

#[test]
fn more_problems_than_are_shown_leave_nothing_to_apply() {
    let bad_files = "- {path: x}\n".repeat(3000);
    let twice = "- {path: /x}\n".to_owned() + &"- {path: /x/y}\n".repeat(3000);
    let keys: String = (0..3000).map(|n| format!("k{n}: 1\n")).collect();
    let interfaces: String = (0..3000).map(|n| format!("    e{n}: {{dhcp4: maybe}}\n")).collect();
    let aliases = "- {path: /x, source: {uri: 'http://x', headers: &h {a: [1]}}}\n".to_owned()
        + &"- {path: /x, source: {uri: 'http://x', headers: *h}}\n".repeat(3000);
    for text in [
        "a: 1\n".repeat(3000),
        format!("{{{}}}", "a: 1,".repeat(3000)),
        format!("hostname: web1\n{keys}"),
        format!("hostname: web1\nwrite_files:\n{bad_files}"),
        format!("hostname: web1\nwrite_files:\n{twice}"),
        format!("hostname: web1\nwrite_files:\n{aliases}"),
        format!("hostname: web1\nwrite_files: [{}]", "1,".repeat(3000)),
        format!("hostname: web1\nnetwork:\n  ethernets:\n{interfaces}"),
        format!("hostname: web1\nservices: {{{}}}", "a b: true, ".repeat(3000)),
    ] {
        let begin = &text[..60.min(text.len())];
        let document = read(&text);
        assert!(document.diagnostics.len() <= PROBLEM_LIMIT + 1, "{begin}");
        let last = document.diagnostics.last().unwrap();
        assert!(
            last.message
                .contains("only the first 100 are shown, and nothing in the document is applied"),
            "{begin}: {last:?}"
        );
        assert!(last.is_error());
        let left = Config {
            left_out: document.config.left_out.clone(),
            ..Config::default()
        };
        assert_eq!(document.config, left, "{begin}");
        let kept = document.masked();
        assert!(kept.is_null() || kept == serde_json::json!({}), "{begin}: {kept}");
    }
}

#[test]
fn each_line_of_a_list_of_passwords_is_judged_alone() {
    for list in [
        "|\n    root:x\n    hunter2\n\n    amy:\n    bob:y",
        "\"root:x\\nhunter2\\namy:\\nbob:y\"",
    ] {
        let document = read(&format!("chpasswd:\n  list: {list}\n"));
        let errors: Vec<_> = document.diagnostics.iter().filter(|found| found.is_error()).collect();
        let found: Vec<_> = errors.iter().map(|error| (error.line, error.path.join("."))).collect();
        let lines = if list.starts_with('|') { [4, 6] } else { [2, 2] };
        let paths = ["chpasswd.list.1", "chpasswd.list.1"].map(str::to_owned);
        // What is wrong is taken out as it is found, so that the second one has the first one's number by then.
        assert_eq!(
            found.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
            lines,
            "{}",
            shown(&document)
        );
        assert_eq!(
            found.iter().map(|(_, path)| path.clone()).collect::<Vec<_>>(),
            paths,
            "{}",
            shown(&document)
        );
        assert!(!shown(&document).contains("hunter2"));
        let logins = document.config.chpasswd.unwrap().logins();
        let users: Vec<_> = logins.iter().map(|login| login.user.as_str()).collect();
        assert_eq!(users, ["root", "bob"], "{list}");
    }
}

#[test]
fn the_last_of_two_words_about_all_passwords_counts() {
    let document =
        read("chpasswd:\n  expire: true\n  expire: false\n  users: [{name: a, name: b, type: text, password: x}]\n");
    assert_eq!(document.diagnostics.len(), 2, "{}", shown(&document));
    let chpasswd = document.config.chpasswd.unwrap();
    assert_eq!(chpasswd.expire, Some(false));
    assert!(chpasswd.users.is_empty(), "half of an account is none");
}

#[test]
fn what_is_wrong_behind_an_alias_is_told_once_and_taken_out_everywhere() {
    let document = read(
        "network:\n  version: 2\n  ethernets:\n    eth0: &same {dhcp4: maybe}\n    eth1: *same\n    eth2: {dhcp4: true}\n",
    );
    assert_eq!(document.diagnostics.len(), 1, "{}", shown(&document));
    let network = document.config.network.unwrap();
    assert_eq!(network.ethernets.len(), 1);
    assert_eq!(
        document.config.left_out.network.len(),
        2,
        "{:?}",
        document.config.left_out
    );
    let many: String = (0..150).map(|_| "- *file\n").collect();
    let document = read(&format!(
        "write_files:\n- &file {{path: relative}}\n{many}hostname: web1\n"
    ));
    assert_eq!(document.diagnostics.len(), 1, "{}", shown(&document));
    assert_eq!(document.config.hostname.unwrap().as_str(), "web1");
}

#[test]
fn line_ends_of_old_macs_are_line_ends() {
    let text = "## template: jinja\r#cloud-config\rhostname: {{ 'web1' }}\rtimezon: UTC\r";
    let document = read(text);
    assert_eq!(document.config.hostname.as_ref().unwrap().as_str(), "web1");
    let found: Vec<_> = document
        .diagnostics
        .iter()
        .map(|found| (found.line, found.column))
        .collect();
    assert_eq!(found, [(4, 1)], "{}", shown(&document));
    assert_eq!(document.diagnostics[0].excerpt.as_deref(), Some("timezon: ***"));
}

#[test]
fn what_hangs_on_the_machine_is_a_warning_elsewhere() {
    let text =
        "## template: jinja\n{% if v1.distro != 'photon' %}\nhostname: a b\n{% endif %}\ntimezone: Mars/Base 1\n";
    let bytes = text.as_bytes();
    let severities = |machine| {
        let user_data = Some(Text::new("user-data", bytes));
        let document = Document::read(&Texts {
            user_data,
            machine,
            ..Texts::default()
        });
        let found = document.diagnostics.iter().map(|found| (found.line, found.severity));
        found.collect::<Vec<_>>()
    };
    assert_eq!(severities(None), [(3, Severity::Warning), (5, Severity::Error)]);
    let debian = format::MachineFacts {
        distro: "debian".to_owned(),
        ..format::MachineFacts::default()
    };
    assert_eq!(severities(Some(debian)), [(3, Severity::Error), (5, Severity::Error)]);
    // What can't be judged is not called empty.
    let document = read("## template: jinja\nhostname: {{ v1.kernel_release[:3] }}\n");
    assert!(!document.is_empty() && !document.has_errors(), "{}", shown(&document));
}

#[test]
fn warnings_without_end_leave_the_document_as_it_is() {
    let units: String = (0..300).map(|n| format!("  a{n}: true\n")).collect();
    let mut document = read(&format!("hostname: web1\nservices:\n{units}"));
    assert!(document.diagnostics.is_empty());
    let span = document.tree.as_ref().unwrap().span;
    for n in 0..300 {
        document.report_at(
            span,
            None,
            Diagnostic::whole("", format!("warning {n}"), None).warning(),
        );
    }
    document.finish();
    assert_eq!(
        (document.diagnostics.len(), document.given_up),
        (PROBLEM_LIMIT + 1, false)
    );
    assert!(!document.has_errors());
}

/// How many values are decoded, for each value that there is.
#[test]
fn what_is_right_is_not_decoded_anew_for_each_problem() {
    let good: String = (0..20_000)
        .map(|n| format!("- {{path: /f{n}, content: x}}\n"))
        .collect();
    let bad = "- {path: x}\n".repeat(90);
    let units: String = (0..20_000).map(|n| format!("  u{n}: true\n")).collect();
    let bad_units: String = (0..90).map(|n| format!("  v{n}: maybe\n")).collect();
    let in_between: String = (0..90).map(|n| format!("- {{path: x}}\n- {{path: /g{n}}}\n")).collect();
    for (text, values, problems) in [
        (format!("write_files:\n{good}{bad}"), 60_000, 90),
        (format!("write_files:\n{bad}{good}"), 60_000, 90),
        (format!("write_files:\n{in_between}{good}"), 60_000, 90),
        (format!("services:\n{units}{bad_units}"), 20_000, 90),
        (format!("write_files:\n{good}services:\n{bad_units}"), 60_000, 90),
    ] {
        let document = read(&text);
        let begin = &text[..40];
        let twice = document
            .diagnostics
            .iter()
            .filter(|found| !found.message.contains("given twice"));
        assert_eq!(twice.count(), problems, "{begin}: {}", shown(&document));
        let decoded = document.notes.decoded();
        assert!(decoded < 5 * values + 100 * problems, "{begin}: {decoded} of {values}");
    }
}

#[test]
fn what_a_document_unpacks_has_one_bound() {
    let large = in_base64(&vec![b' '; 7 << 20]);
    let small = in_base64(b"x");
    let file = |path: &str, content: &str| format!("- {{path: {path}, encoding: gz+b64, content: {content}}}\n");
    let text = format!(
        "write_files:\n{}{}{}{}- {{path: /plain, content: x}}\n{}",
        file("/small", &small),
        file("/a", &large),
        file("/b", &large),
        file("/c", &large),
        file("/d", &small)
    );
    let document = read(&text);
    assert_eq!(document.diagnostics.len(), 1, "{}", shown(&document));
    let found = &document.diagnostics[0];
    assert_eq!(
        (found.line, found.path.join(".").as_str()),
        (5, "write_files.3.content")
    );
    assert!(found.message.contains("more than 16 MiB"), "{found:?}");
    let files = document.config.write_files.unwrap();
    let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["/small", "/a", "/b", "/plain"]);
    // What a text unpacks to counts.
    let bytes = packed(format!("{}\n{}", "#".repeat(7 << 20), text).as_bytes());
    let text = Text::new("doc", &bytes);
    let document = Document::read(&Texts {
        user_data: Some(text),
        ..Texts::default()
    });
    assert_eq!(document.config.write_files.unwrap().len(), 3);
    // And so does what is fetched.
    let fetched = packed(&vec![b' '; 7 << 20]);
    let text: String = ["a", "b", "c", "d"]
        .map(|name| format!("- {{path: /{name}, encoding: gz, source: {{uri: 'http://h/{name}'}}}}\n"))
        .concat();
    let text = format!("write_files:\n{text}");
    let document = Document::read(&Texts {
        user_data: Some(Text::new("doc", text.as_bytes())),
        fetched: ["http://h/a", "http://h/b", "http://h/c", "http://h/d"]
            .map(|uri| {
                let bytes = fetched.as_slice();
                (uri, Text::new(uri, bytes))
            })
            .to_vec(),
        ..Texts::default()
    });
    assert_eq!(document.diagnostics.len(), 1, "{}", shown(&document));
    assert_eq!(document.diagnostics[0].line, 4);
    assert_eq!(document.config.write_files.unwrap().len(), 2);
}

#[test]
fn problems_are_in_the_order_of_the_texts() {
    let document = Document::read(&Texts {
        user_data: text(
            "user-data",
            "x: 1\nfqdn: a b\nntp: {servers: [a], enabled: maybe}\nfqdn: c d\nhostname: e f\n",
        ),
        vendor_data: text("vendor-data", "timezone: x y\nz: 1\n"),
        network_config: text("network-config", "ethernets: {eth0: {addresses: [a], dhcp4: b}}\n"),
        meta_data: text("meta-data", "local-hostname: g h\n"),
        ..Texts::default()
    });
    let places: Vec<_> = document.diagnostics.iter().map(Diagnostic::place).collect();
    let expected = [
        "user-data:1:1",
        "user-data:3:30",
        "user-data:4:1",
        "user-data:4:7",
        "user-data:5:11",
        "vendor-data:1:11",
        "vendor-data:2:1",
        "network-config:1:32",
        "network-config:1:43",
        "meta-data:1:17",
    ];
    assert_eq!(places, expected, "{}", shown(&document));
}

#[test]
fn no_problem_only_follows_from_another() {
    for (network, lines) in [
        ("{addresses: [192.0.2.999/24], gateway4: 192.0.2.1}", 1),
        ("{addresses: [192.0.2.2/24], routes: [{to: 0/0, via: 192.0.2.1}]}", 1),
        (
            "{addresses: [192.0.2.2/24], routes: [{to: 192.0.2.999/32, via: 192.0.2.1}]}",
            1,
        ),
        (
            "{addresses: [192.0.2.2/24], routes: [{to: default, via: 192.0.2.999}]}",
            1,
        ),
        ("{addresses: [x], nameservers: {addresses: [y]}}", 2),
        ("{match: {macaddress: x}, set-name: lan0}", 1),
    ] {
        let document = read(&format!("network: {{ethernets: {{eth0: {network}}}}}\n"));
        assert_eq!(document.diagnostics.len(), lines, "{network}\n{}", shown(&document));
    }
}

#[test]
fn what_is_no_document_does_not_flood_the_terminal() {
    let long = format!("hostname: {}\n", "x ".repeat(100_000));
    let key = format!("{{? {} : 1}}\n", "k".repeat(100_000));
    let pasted = "QUJDREVG".repeat(10_000);
    for text in [long, key, pasted, format!("a: [{}", "b, ".repeat(100_000))] {
        let document = read(&text);
        assert_eq!(document.diagnostics.len(), 1);
        let found = &document.diagnostics[0];
        let json = serde_json::to_string(found).unwrap();
        let size = found.render(false).len().max(json.len());
        assert!(size < 4000, "{size}: {}", &text[..20]);
    }
}

#[test]
fn the_column_is_that_of_the_text_where_a_line_is_cut() {
    let line = format!("{{{}hostnme: x}}", "a: 1, ".repeat(50));
    let document = read(&line.replacen("a: 1, ", "", 49));
    assert!(shown(&document).contains("user-data:1:"), "{}", shown(&document));
    let units: String = (0..50).map(|n| format!("u{n}: true, ")).collect();
    let document = read(&format!("services: {{{units}v: maybe}}"));
    let text = shown(&document);
    let column = document.diagnostics[0].column;
    assert!(
        column > 300 && text.contains(&format!("user-data:1:{column}\n")),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() < 200), "{text}");
}

#[test]
fn a_list_of_addresses_is_one_however_it_is_packed() {
    let list = b"#include\nhttp://127.0.0.1:1/x\n";
    for bytes in [list.to_vec(), packed(list), in_base64(list).into_bytes()] {
        let document = Document::read(&Texts::of_user_data("doc", &bytes));
        assert!(shown(&document).contains("list") && !document.has_errors());
        let addresses: Vec<_> = document.pointers().iter().map(|p| p.address().to_owned()).collect();
        assert_eq!(addresses, ["http://127.0.0.1:1/x".parse().unwrap()]);
        assert!(!format::leads_nowhere(&bytes));
    }
    for bytes in [
        packed(b"#cloud-config\n"),
        packed(b"#included\n"),
        packed(list)[..20].to_vec(),
    ] {
        assert!(
            Document::read(&Texts::of_user_data("doc", &bytes))
                .pointers()
                .is_empty()
        );
    }
}

/// The places of what is wrong, and the words.
fn told(document: &Document) -> Vec<(String, &str)> {
    let diagnostics = document.diagnostics.iter();
    diagnostics
        .map(|found| (found.place(), found.message.as_str()))
        .collect()
}

#[test]
fn parts_of_a_message_have_their_places_in_it() {
    let text = "Content-Type: multipart/mixed; boundary=\"==b\"\nMIME-Version: 1.0\n\n--==b\n\
                Content-Type: text/cloud-config; charset=\"utf-8\"\nContent-Disposition: attachment; filename=\"a.yaml\"\n\n\
                #cloud-config\nhostname: web1\nhostnme: x\n--==b\nContent-Type: text/cloud-config\n\
                Content-Transfer-Encoding: base64\n\nI2Nsb3VkLWNvbmZpZwp0aW1lem9uZTogVVRDCmRvY2tlcjogdHVyZQo=\n--==b\n\
                Content-Type: text/html\n\n<p>\n--==b\nContent-Type: text/x-shellscript\n\n#!/bin/sh\n--==b\n\
                Content-Type: text/plain\n\nwho knows\n--==b--\n";
    let document = read(text);
    let told = told(&document);
    let places: Vec<_> = told.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(
        places,
        [
            "user-data:10:1",
            "user-data (part 2, decoded from base64):3:9",
            "user-data:19:1",
            "user-data:27:1"
        ],
        "{told:?}"
    );
    assert_eq!(document.config.hostname.unwrap().as_str(), "web1");
    assert!(document.config.timezone.is_some());
}

#[test]
fn a_message_without_an_end_is_told() {
    let whole =
        "Content-Type: multipart/mixed; boundary=b\nMIME-Version: 1.0\n\n--b\n\n#cloud-config\nhostname: web1\n--b--\n";
    let document = read(whole);
    assert_eq!(
        (document.diagnostics.len(), document.config.hostname.unwrap().as_str()),
        (0, "web1")
    );
    let document = read(whole.trim_end_matches("--b--\n"));
    assert!(
        shown(&document).contains("its last boundary is missing"),
        "{}",
        shown(&document)
    );
}

#[test]
fn a_later_part_takes_the_place_of_an_earlier_ones_keys_unless_it_says_how_it_is_joined() {
    let part = |headers: &str, text: &str| format!("--b\nContent-Type: text/cloud-config\n{headers}\n{text}\n");
    let message =
        |parts: &str| format!("Content-Type: multipart/mixed; boundary=b\nMIME-Version: 1.0\n\n{parts}--b--\n");
    let first = part("", "kernel_modules: [nfs]\nhostname: a");
    for (second, modules) in [
        (part("", "kernel_modules: [xfs]"), 1),
        (part("Merge-Type: list(append)+dict(recurse_list)\n", "kernel_modules: [xfs]"), 2),
        (part("X-Merge-Type: list(append)+dict(recurse_list)\n", "kernel_modules: [xfs]"), 2),
        (part("", "merge_how: list(append)+dict(recurse_list)\nkernel_modules: [xfs]"), 2),
        (
            "--b\nContent-Type: text/cloud-config-jsonp\n\n#cloud-config-jsonp\n[{\"op\": \"add\", \"path\": \"/kernel_modules/-\", \"value\": \"xfs\"}]\n"
                .to_owned(),
            2,
        ),
    ] {
        let document = read(&message(&format!("{first}{second}")));
        assert!(document.diagnostics.is_empty(), "{second}: {}", shown(&document));
        let kept = document.masked();
        assert_eq!(kept["kernel_modules"].as_array().unwrap().len(), modules, "{second}");
        assert_eq!(document.config.hostname.unwrap().as_str(), "a");
    }
    for second in [
        part("Merge-Type: frob\n", "timezone: UTC"),
        part("", "merge_how: frob\ntimezone: UTC"),
        "--b\nContent-Type: text/cloud-config-jsonp\n\n[{\"op\": \"remove\", \"path\": \"/x\"}]\n".to_owned(),
    ] {
        let document = read(&message(&format!("{first}{second}")));
        assert_eq!(document.diagnostics.len(), 1, "{second}: {}", shown(&document));
        assert!(document.diagnostics[0].line > 8);
    }
}

#[test]
fn an_archive_is_a_list_of_parts() {
    let document = read(
        "#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    #cloud-config\n    hostname: web1\n    hostnme: x\n\
         - |\n  #cloud-config\n  timezone: UTC\n- content: \"docker: ture\"\n- {content: [1]}\n",
    );
    assert!(
        document.config.hostname.is_none(),
        "an item that is none costs the archive"
    );
    let document = read(
        "#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    #cloud-config\n    hostname: web1\n    hostnme: x\n\
         - |\n  #cloud-config\n  timezone: UTC\n- content: \"docker: ture\"\n",
    );
    let told = told(&document);
    let places: Vec<_> = told.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(places, ["user-data:6:5", "user-data (item 3):1:9"], "{told:?}");
    assert!(document.config.timezone.is_some());
    assert_eq!(document.config.hostname.unwrap().as_str(), "web1");
}

#[test]
fn a_template_has_its_own_lines_and_knows_its_machine() {
    let template = "## template: jinja\n#cloud-config\n{% if v1.distro == 'photon' %}\nhostname: {{ ds.meta_data.local_hostname }}-x\n\
                    {% endif %}\nhostnme: {{ v1.instance_id }}\n";
    let read = |machine, template: &'static str| {
        Document::read(&Texts {
            user_data: text("user-data", template),
            meta_data: text("meta-data", "instance-id: i-1\nlocal-hostname: web1\n"),
            machine,
            ..Texts::default()
        })
    };
    let photon = format::MachineFacts {
        distro: "photon".to_owned(),
        ..format::MachineFacts::default()
    };
    let document = read(Some(photon.clone()), template);
    assert_eq!(document.config.hostname.as_ref().unwrap().as_str(), "web1-x");
    assert_eq!(told(&document)[0].0, "user-data:6:1");
    let document = read(
        Some(photon),
        "## template: jinja\n#cloud-config\n\nhostname: {{ v1.regoin }}\n",
    );
    assert_eq!(told(&document)[0].0, "user-data:4:14");
    assert!(shown(&document).contains("`v1.regoin`"), "{}", shown(&document));
    // Elsewhere what only the machine knows is not judged.
    let document = read(
        None,
        "## template: jinja\nhostname: {{ v1.region }}\ntimezone: {{ ds.meta_data.tz }}\n",
    );
    assert!(document.diagnostics.is_empty(), "{}", shown(&document));
}

#[test]
fn parts_are_for_the_machine_of_their_number() {
    let document = Document::read(&Texts {
        user_data: text(
            "user-data",
            "Content-Type: multipart/mixed; boundary=b\nMIME-Version: 1.0\n\n--b\nContent-Type: text/cloud-config\nLaunch-Index: 0\n\n\
             hostname: zero\n--b\nContent-Type: text/cloud-config\nLaunch-Index: 1\n\nhostname: one\n--b\n\
             Content-Type: text/cloud-config\n\nlaunch-index: 0\nhostname: later\n--b--\n",
        ),
        meta_data: text("meta-data", "launch-index: 1\n"),
        ..Texts::default()
    });
    assert!(document.diagnostics.is_empty(), "{}", shown(&document));
    assert_eq!(document.config.hostname.unwrap().as_str(), "one");
}

#[test]
fn parts_within_parts_have_a_bound() {
    let mut archive = "#cloud-config-archive\n- 'hostname: x'\n".to_owned();
    for _ in 0..12 {
        let inner: String = archive.lines().map(|line| format!("  {line}\n")).collect();
        archive = format!("#cloud-config-archive\n- |\n{inner}");
    }
    let document = read(&archive);
    assert!(
        shown(&document).contains("more than 256 parts, or nests"),
        "{}",
        shown(&document)
    );
    let many = format!("#cloud-config-archive\n{}", "- 'hostname: x'\n".repeat(1000));
    assert!(shown(&read(&many)).contains("more than 256 parts, or nests"));
    // A list that leads to itself.
    let list = "#include\nhttp://h/self\nhttp://h/self\n";
    let document = Document::read(&Texts {
        user_data: Some(Text::new("user-data", list.as_bytes())),
        fetched: vec![("http://h/self", Text::new("http://h/self", list.as_bytes()))],
        ..Texts::default()
    });
    assert!(shown(&document).contains("more than 256 parts, or nests") && document.diagnostics.len() < 5);
}

#[test]
fn a_value_that_is_another_one_than_it_seems_to_be_is_told() {
    for (text, severity, code) in [
        ("hostname: “web1”", Severity::Error, Code::SmartQuote),
        ("docker: {enabled: “true”}", Severity::Error, Code::SmartQuote),
        (
            "write_files: [{path: /etc/motd, content: “hi”}]",
            Severity::Warning,
            Code::SmartQuote,
        ),
        ("root: {password: „geheim“}", Severity::Warning, Code::SmartQuote),
        ("root:\n  password: pass #1word", Severity::Warning, Code::CutByComment),
        ("root:\n  hashed_password: $6$x #y", Severity::Error, Code::CutByComment),
        (
            "chpasswd:\n  users:\n  - name: root\n    type: text\n    password: a\t#b",
            Severity::Warning,
            Code::CutByComment,
        ),
        ("#cloudconfig\nhostname: web1", Severity::Warning, Code::MisspeltHeader),
        ("hostname: no", Severity::Warning, Code::Doubtful),
        ("password: #hunter2", Severity::Warning, Code::CutByComment),
        (
            "root:\n  password: #hunter2\n  expire: true",
            Severity::Warning,
            Code::CutByComment,
        ),
        ("hostname: 1_000", Severity::Error, Code::InvalidValue),
        ("root: {password: a}\npassword: 0123", Severity::Error, Code::Conflict),
        ("hostname:web1", Severity::Error, Code::MissingColon),
        ("  hostname: a\ntimezone: UTC", Severity::Error, Code::WrongIndentation),
        ("hostname: \"a\u{7}b\"", Severity::Error, Code::NotYaml),
        ("hostname: 010", Severity::Warning, Code::AmbiguousNumber),
        ("root: {password: yes}", Severity::Warning, Code::Doubtful),
        ("password: 0123", Severity::Warning, Code::AmbiguousNumber),
        ("password: 1_000", Severity::Warning, Code::AmbiguousNumber),
        ("password: 22:22", Severity::Warning, Code::AmbiguousNumber),
        ("password: 1.10", Severity::Warning, Code::AmbiguousNumber),
    ] {
        let document = read(text);
        let found: Vec<_> = document.diagnostics.iter().map(|d| (d.severity, d.code)).collect();
        assert_eq!(found, [(severity, code)], "{}", shown(&document));
        assert!(!shown(&document).contains("1word") && !shown(&document).contains("geheim"));
    }
    for text in [
        "root:\n  password: 'pass #1word'",
        "root:\n  password: pass#1word",
        "root:\n  password: password # to be changed",
        "hostname: web1 #1",
        "hostname: 'no'",
        "hostname: 123",
        "password: 123456",
        "password: # to be set",
        "password: 0e123",
        "password: \"0123\"",
        "sshd: {permit_root_login: yes}",
        "timezone: \"Europe/Berlin\"",
        "write_files: [{path: /etc/motd, content: don’t}]",
        "write_files: [{path: /etc/motd, content: '“hi”'}]",
        "# our cloud-config\nhostname: web1",
    ] {
        let document = read(text);
        assert!(document.diagnostics.is_empty(), "{}", shown(&document));
    }
}
