use super::*;
use crate::document::Document;
use crate::source::http::Http;
use crate::source::http::server::{Server, answer};
use crate::source::signature::check;
use crate::source::signature::tests::{META_DATA, META_DATA_SIGNATURE, USER_DATA, USER_DATA_SIGNATURE, key};
use crate::system::Root;

fn fetched(seed: &Seed) -> Result<Seed, Fault> {
    fetched_by(seed, false)
}

fn fetched_by(seed: &Seed, signed: bool) -> Result<Seed, Fault> {
    let root = tempfile::tempdir().unwrap();
    let settings = Http {
        retry_for: std::time::Duration::ZERO,
        ..Http::default()
    };
    complete(
        seed,
        &mut Client::new(&Root::open(root.path()).unwrap(), &settings),
        signed,
    )
}

fn pointing(address: &str) -> Seed {
    let mut seed = Seed::empty("nocloud", "the serial number".into());
    seed.seedfrom = Some(address.parse().unwrap());
    seed
}

fn including(list: &str) -> Seed {
    let mut seed = Seed::empty("nocloud", "/dev/sr0".into());
    seed.user_data = Some(Part::new("/dev/sr0:user-data", list));
    seed
}

fn text(part: Option<&Part>) -> &str {
    part.map_or("", |part| std::str::from_utf8(&part.bytes).unwrap())
}

#[test]
fn a_whole_seed_has_nothing_to_fetch() {
    for (text, whole) in [
        ("#cloud-config\nhostname: web1\n", true),
        ("#included\n", true),
        ("#include\nhttp://x/\n", false),
        ("#include-once http://x/\n", false),
        ("\u{feff}#include http://x/", false),
    ] {
        assert_eq!(including(text).is_whole(), whole, "{text}");
    }
    let seed = pointing("http://me:hunter2@a/b?hunter2");
    assert!(!seed.is_whole() && seed.here().is_whole());
    assert_eq!(seed.rest(), "http://a/b?…");
    assert_eq!(
        including("#include\nhttp://a/\n\nhttp://b/?hunter2\n").rest(),
        "http://a/ and http://b/?…"
    );
    assert_ne!(seed.digest(), seed.here().digest());
}

#[test]
fn a_seed_at_an_address() {
    let server = Server::of(&[
        ("/s/meta-data", "instance-id: theirs\nlocal-hostname: theirs\n"),
        ("/s/user-data", "#cloud-config\nhostname: web1\n"),
        ("/s/vendor-data", "#cloud-config\ndocker: true\n"),
    ]);
    let address = server.address("/s");
    let mut own = pointing(address.written());
    own.meta_data = Some(Part::new(
        "the serial number",
        r#"{"instance-id": "own", "seedfrom": "x"}"#,
    ));
    own.network_config = Some(Part::new("here", "version: 2\n"));
    let seed = fetched(&own).unwrap();
    assert!(seed.is_whole());
    assert_eq!(
        (seed.place.as_str(), seed.source.as_str()),
        (address.to_string().as_str(), "nocloud")
    );
    assert_eq!(seed.pointer, Some(own.digest()));
    assert_eq!(
        text(seed.meta_data.as_ref()),
        r#"{"instance-id":"own","local-hostname":"theirs"}"#
    );
    assert_eq!(text(seed.network_config.as_ref()), "version: 2\n");
    assert_eq!(seed.user_data.unwrap().origin, format!("{address}/user-data"));
    let asked: Vec<_> = server
        .seen()
        .iter()
        .map(|r| r.lines().next().unwrap().to_owned())
        .collect();
    let files = ["meta-data", "user-data", "vendor-data", "network-config"];
    assert_eq!(asked, files.map(|file| format!("GET /s/{file} HTTP/1.1")));
}

#[test]
fn what_led_there_goes_below() {
    let server = Server::of(&[("/meta-data", ""), ("/user-data", "hostname: theirs\n")]);
    let mut own = pointing(server.address("/").written());
    own.user_data = Some(Part::new("ovf", "hostname: own\ndocker: true\n"));
    let seed = fetched(&own).unwrap();
    let document = Document::read(&seed.texts());
    assert_eq!(document.config.hostname.unwrap().as_str(), "theirs");
    assert_eq!(document.config.docker.unwrap().enabled, Some(true));
}

#[test]
fn a_seed_that_lacks_something_is_none() {
    for (files, words) in [
        (vec![("/user-data", "")], "there is no meta-data: put it there"),
        (vec![("/meta-data", "")], "there is no user-data"),
        (
            vec![("/meta-data", "- hunter2\n"), ("/user-data", "")],
            "meta-data: is not a YAML mapping",
        ),
    ] {
        let server = Server::of(&files);
        let mut own = pointing(server.address("/").written());
        own.meta_data = Some(Part::new("here", "{\"instance-id\": \"x\"}"));
        let why = fetched(&own).unwrap_err().to_string();
        assert!(why.contains(words) && !why.contains("hunter2"), "{why}");
    }
}

#[test]
fn documents_of_a_list_each_above_the_one_before() {
    let server = Server::of(&[
        (
            "/a",
            "#cloud-config\nhostname: a\nsshd: {permit_root_login: no, options: {MaxAuthTries: 3}}\n",
        ),
        ("/c", "#cloud-config\nhostname: c\ndocker: true\n"),
        ("/d", "hostname: d\nsshd: {permit_root_login: yes}\n"),
    ]);
    let list = format!(
        "#include\n{a}\n  # not this\n{c}\n\n{d}\n",
        a = server.address("/a").written(),
        c = server.address("/c").written(),
        d = server.address("/d").written()
    );
    let seed = fetched(&including(&list)).unwrap();
    assert_eq!((seed.fetched.len(), seed.place.as_str()), (3, "/dev/sr0"));
    let document = Document::read(&seed.texts());
    let shown: Vec<_> = document.diagnostics.iter().map(|d| d.render(false)).collect();
    assert!(shown.is_empty(), "{shown:?}");
    assert_eq!(document.config.hostname.as_ref().unwrap().as_str(), "d");
    assert_eq!(document.config.docker.as_ref().unwrap().enabled, Some(true));
    let sshd = format!("{:?}", document.config.sshd);
    assert!(
        !sshd.contains("MaxAuthTries"),
        "a later key replaces the whole of an earlier one: {sshd}"
    );
}

#[test]
fn lists_lead_to_lists_up_to_a_depth_and_a_number() {
    use std::fmt::Write;
    let server = Server::of(&[("/x", "hostname: x\n")]);
    let inner = format!("#include {}\n", server.address("/x").written());
    let outer = Server::of(&[("/list", &inner)]);
    let list = format!("#include\n{}\n", outer.address("/list").written());
    let whole = fetched(&including(&list)).unwrap();
    let document = Document::read(&whole.texts());
    assert_eq!(document.config.hostname.unwrap().as_str(), "x");

    let paths: Vec<_> = (0..33).map(|number| format!("/{number}")).collect();
    let files: Vec<_> = paths.iter().map(|path| (path.as_str(), "hostname: x\n")).collect();
    let server = Server::of(&files);
    let many = paths.iter().fold("#include\n".to_owned(), |mut list, path| {
        let _ = writeln!(list, "{}", server.address(path).written());
        list
    });
    let why = fetched(&including(&many)).unwrap_err().to_string();
    assert!(why.contains("over the limit of 32 addresses"), "{why}");

    // A list that leads to itself.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let own = format!("#include http://127.0.0.1:{port}/self\n");
    let server = Server::at(port, &[("/self", &own)]);
    let whole = fetched(&including(&own)).unwrap();
    assert_eq!(server.seen().len(), 1);
    let document = Document::read(&whole.texts());
    assert!(document.has_errors() && document.diagnostics[0].message.contains("more than 8 deep"));
}

#[test]
fn all_that_is_fetched_for_a_document_has_one_limit() {
    let large = format!("#cloud-config\n{}", "#".repeat(7 << 20));
    let paths: Vec<_> = (0..30).map(|number| format!("/{number}")).collect();
    let files: Vec<_> = paths.iter().map(|path| (path.as_str(), large.as_str())).collect();
    let server = Server::of(&files);
    let list = |times: usize| {
        let lines = paths[..times]
            .iter()
            .map(|path| format!("{}\n", server.address(path).written()));
        format!("#include\n{}", lines.collect::<String>())
    };
    assert!(fetched(&including(&list(4))).is_ok());
    let why = fetched(&including(&list(30))).unwrap_err().to_string();
    assert!(why.contains("more than 33554432 bytes"), "{why}");
    assert_eq!(server.seen().len(), 4 + 5);
}

#[test]
fn what_is_no_list_of_addresses_is_refused_without_being_shown() {
    let server = Server::of(&[]);
    let gone = format!("#include\n{}\n", server.address("/gone?hunter2").written());
    let why = fetched(&including(&gone)).unwrap_err().to_string();
    assert!(
        why.contains("/gone?…: the server doesn't have it") && !why.contains("hunter2"),
        "{why}"
    );
    // What can't be fetched for sure is the document's mistake, and the rest of it is taken.
    for (list, line) in [("#include\n\n/hunter2\n", 3), ("#include\nftp://hunter2/\n", 2)] {
        let document = Document::read(&including(list).texts());
        let [told] = document.diagnostics.as_slice() else {
            panic!("{list}: {:?}", document.diagnostics)
        };
        assert!(told.is_error() && told.line == line, "{told:?}");
        assert!(!format!("{told:?}").contains("hunter2") && document.pointers().is_empty());
    }
    let empty = Document::read(&including("#include\n").texts());
    assert!(
        empty.has_errors()
            && empty.diagnostics[0]
                .message
                .contains("this include list has no addresses")
    );
}

#[test]
fn what_a_message_and_an_archive_lead_to_is_fetched() {
    let server = Server::of(&[
        ("/a", "hostname: a\n"),
        ("/b", "#cloud-config\ntimezone: UTC\n"),
        ("/motd", "hi\n"),
    ]);
    let address = |path: &str| server.address(path).written().to_owned();
    let message = format!(
        "Content-Type: multipart/mixed; boundary=b\nMIME-Version: 1.0\n\n--b\nContent-Type: text/x-include-url\n\n{}\n--b\n\
         Content-Type: text/cloud-config-archive\n\n#cloud-config-archive\n- '#include {}'\n- content: |\n    write_files:\n    \
         - path: /etc/motd\n      source: {{uri: '{}'}}\n--b--\n",
        address("/a"),
        address("/b"),
        address("/motd")
    );
    let seed = including(&message);
    assert!(!seed.is_whole() && !seed.lacks_only_files());
    let whole = fetched(&seed).unwrap();
    assert!(whole.is_whole());
    let document = Document::read(&whole.texts());
    let shown: Vec<_> = document.diagnostics.iter().map(|found| found.render(false)).collect();
    assert!(shown.is_empty(), "{shown:?}");
    assert_eq!(document.config.hostname.unwrap().as_str(), "a");
    assert!(document.config.timezone.is_some());
    let file = &document.config.write_files.as_ref().unwrap()[0];
    assert_eq!(file.fetched.as_ref().unwrap().expose(), b"hi\n");
}

#[test]
fn what_is_fetched_is_signed_and_so_is_what_is_put_above_it() {
    let server = Server::of(&[
        ("/s/meta-data", META_DATA),
        ("/s/meta-data.minisig", META_DATA_SIGNATURE),
        ("/s/user-data", USER_DATA),
        ("/s/user-data.minisig", USER_DATA_SIGNATURE),
        ("/other/meta-data", META_DATA),
        ("/other/meta-data.minisig", META_DATA_SIGNATURE),
        ("/other/user-data", USER_DATA),
    ]);
    let look = |path: &str, own: Option<Part>| {
        let mut seed = pointing(server.address(path).written());
        seed.meta_data = own;
        check(&fetched_by(&seed, true).unwrap(), &[key()])
    };
    let own = || Part::new("the kernel command line", "instance-id: own\n");
    assert_eq!(look("/s", None), Ok(()));
    assert_eq!(look("/s", Some(own().settled())), Ok(()));
    let why = look("/s", Some(own())).unwrap_err().to_string();
    assert!(why.starts_with("the kernel command line: is not signed"), "{why}");
    let why = look("/other", None).unwrap_err().to_string();
    assert!(why.contains("/other/user-data: is not signed"), "{why}");
}

#[test]
fn files_that_are_elsewhere() {
    let server = Server::of(&[("/motd", "welcome\n"), ("/user-data", "")]);
    let document = format!(
        "#cloud-config\nwrite_files:\n- path: /etc/motd\n  source: {{uri: '{}', headers: {{X-Token: hunter2}}}}\n\
         - {{path: /etc/issue, content: stands in, source: {{uri: '{}'}}}}\n- {{path: /etc/plain, content: x}}\n",
        server.address("/motd").written(),
        server.address("/gone").written()
    );
    let seed = including(&document);
    assert!(!seed.is_whole() && !format!("{seed:?}").contains("hunter2"));
    assert!(seed.rest().contains("/motd and http://"), "{}", seed.rest());
    let whole = fetched(&seed).unwrap();
    assert!(whole.is_whole() && whole.digest() != seed.digest());
    assert!(
        server.seen()[0].to_lowercase().contains("x-token: hunter2"),
        "{:?}",
        server.seen()
    );
    let document = Document::read(&whole.texts());
    assert!(!document.has_errors());
    let files = document.config.write_files.as_ref().unwrap();
    let texts: Vec<_> = files
        .iter()
        .map(|file| file.fetched.as_ref().map(|fetched| fetched.expose().to_vec()))
        .collect();
    assert_eq!(texts, [Some(b"welcome\n".to_vec()), None, None]);
    let kept = document.masked().to_string();
    assert!(!kept.contains("hunter2"), "{kept}");
}

#[test]
fn a_file_whose_header_cant_be_read_is_not_asked_for() {
    let server = Server::of(&[("/motd", "welcome\n")]);
    let document = format!(
        "#cloud-config\nwrite_files: [{{path: /etc/motd, source: {{uri: '{}', headers: {{Authorization: &anchor}}}}}}]\n",
        server.address("/motd").written()
    );
    assert!(including(&document).is_whole());
}

#[test]
fn files_of_a_document_that_is_packed_are_elsewhere_too() {
    use std::io::Write;
    let server = Server::of(&[("/motd", "welcome\n")]);
    let document = format!(
        "#cloud-config\nwrite_files: [{{path: /etc/motd, source: {{uri: '{}'}}}}]\n",
        server.address("/motd").written()
    );
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(document.as_bytes()).unwrap();
    let mut seed = including("");
    seed.user_data = Some(Part::new("user-data", packer.finish().unwrap()));
    assert!(!seed.is_whole());
    let whole = fetched(&seed).unwrap();
    let document = Document::read(&whole.texts());
    let file = &document.config.write_files.as_ref().unwrap()[0];
    assert_eq!(file.fetched.as_ref().unwrap().expose(), b"welcome\n");
}

/// A proxy for what the document fetches; here it only has to be asked.
#[test]
fn the_files_of_a_document_come_through_its_proxy() {
    let proxy = Server::new(vec![answer("403 Forbidden", "", "")]);
    let seed = including(&format!(
        "#cloud-config\nproxy: http://me:hunter2@127.0.0.1:{}\nwrite_files:\n- path: /etc/motd\n  source: {{uri: \
         'http://files.invalid/motd'}}\n",
        proxy.port
    ));
    let why = fetched(&seed).unwrap_err().to_string();
    assert!(
        why.contains("the proxy refuses the connection") && !why.contains("hunter2"),
        "{why}"
    );
    let seen = proxy.seen();
    assert!(seen[0].starts_with("CONNECT files.invalid:80 HTTP/1.1\r\n"), "{seen:?}");
}
