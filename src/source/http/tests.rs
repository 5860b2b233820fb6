//! Servers that behave badly, on loopback.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::server::{Server, Stream, answer, request};
use super::*;

fn client(settings: &Http) -> Client {
    let root = tempfile::tempdir().unwrap();
    Client::new(&Root::open(root.path()).unwrap(), settings)
}

/// Patient for as long as it takes.
fn patient() -> Http {
    Http::default()
}

/// Does not try again.
fn once() -> Http {
    Http {
        retry_for: Duration::ZERO,
        ..patient()
    }
}

fn a_form() -> Posted {
    Posted::form([("a", "b")])
}

fn failure(result: Result<Option<Vec<u8>>, Fault>) -> String {
    let why = result.unwrap_err().to_string();
    assert!(!why.contains("hunter2"), "{why}");
    why
}

#[test]
fn what_is_there_and_what_is_not() {
    let server = Server::new(vec![
        answer("200 OK", "", "#cloud-config\n"),
        answer("404 Not Found", "", "hunter2"),
    ]);
    let address = server.address("/seed/user-data?token=hunter2");
    let mut client = client(&once());
    assert_eq!(client.get(&address, 100), Ok(Some(b"#cloud-config\n".to_vec())));
    assert_eq!(client.get(&address, 100), Ok(None));
    let seen = server.seen();
    assert!(
        seen[0].starts_with("GET /seed/user-data?token=hunter2 HTTP/1.1\r\n"),
        "{seen:?}"
    );
    assert!(seen[0].contains("firstlight/"), "{seen:?}");
    assert!(!seen[0].to_lowercase().contains("authorization"), "{seen:?}");
}

#[test]
fn user_and_password_are_a_header() {
    let server = Server::new(vec![answer("200 OK", "", "x")]);
    let address = format!("http://me:hunter2@127.0.0.1:{}/", server.port).parse().unwrap();
    assert_eq!(client(&once()).get(&address, 1), Ok(Some(b"x".to_vec())));
    assert!(
        server.seen()[0].to_lowercase().contains("authorization: basic "),
        "{:?}",
        server.seen()
    );
}

#[test]
fn a_server_that_stumbles_is_asked_again() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhostname: hunter2".to_vec();
    let server = Server::new(vec![
        answer("503 Service Unavailable", "Retry-After: 0\r\n", "hunter2"),
        cut,
        Vec::new(),
        b"no http at all\r\n\r\n".to_vec(),
        answer("200 OK", "", "hostname: web1\n"),
    ]);
    assert_eq!(
        client(&patient()).get(&server.address("/"), 100),
        Ok(Some(b"hostname: web1\n".to_vec()))
    );
    assert_eq!(server.seen().len(), 5);
}

#[test]
fn what_stays_wrong_is_said_with_the_number_of_tries() {
    for (answer, words) in [
        (
            answer("500 Internal Server Error", "", "hunter2"),
            "the server answered 500",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhunter2".to_vec(),
            "the answer was cut off",
        ),
        (b"220 hunter2 ESMTP\r\n\r\n".to_vec(), "the answer is not HTTP"),
    ] {
        let server = Server::new(vec![answer]);
        let why = failure(client(&once()).get(&server.address("/a?hunter2"), 100));
        assert!(
            why.contains("/a?…: ") && why.contains(words) && why.contains("(tried once)"),
            "{why}"
        );
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let why = failure(client(&once()).get(&format!("http://{nobody}/").parse().unwrap(), 1));
    assert!(why.contains("can't be reached: Connection refused"), "{why}");
    let why = failure(client(&once()).get(&"http://nobody.invalid/".parse().unwrap(), 1));
    assert!(why.starts_with("http://nobody.invalid/: "), "{why}");
}

#[test]
fn what_would_stay_so_is_not_asked_for_again() {
    let long = "x".repeat(1001);
    for (answer, words) in [
        (answer("403 Forbidden", "", ""), "the server answered 403"),
        (answer("401 Unauthorized", "", ""), "the server answered 401"),
        (answer("200 OK", "", &long), "more than 1000 bytes"),
        (
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{long}\r\n0\r\n\r\n").into_bytes(),
            "more than 1000 bytes",
        ),
        (answer("302 Found", "Location: ftp://hunter2/\r\n", ""), ""),
        (answer("302 Found", "Location: /again\r\n", ""), "redirects more than"),
    ] {
        let server = Server::new(vec![answer]);
        let why = failure(client(&patient()).get(&server.address("/"), 1000));
        assert!(why.contains(words) && !why.contains("tried"), "{why}");
        assert!(server.seen().len() <= 6, "{:?}", server.seen());
    }
}

#[test]
fn a_body_without_end_is_read_up_to_the_limit() {
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.resize(4 << 20, b'x');
    let server = Server::new(vec![endless]);
    let why = failure(client(&patient()).get(&server.address("/"), 1 << 20));
    assert!(why.contains("more than 1048576 bytes"), "{why}");
}

#[test]
fn redirections_are_followed() {
    let server = Server::new(vec![
        answer("301 Moved Permanently", "Location: /there\r\n", ""),
        answer("200 OK", "", "x"),
    ]);
    assert_eq!(
        client(&once()).get(&server.address("/here"), 10),
        Ok(Some(b"x".to_vec()))
    );
    assert!(server.seen()[1].starts_with("GET /there "), "{:?}", server.seen());
}

/// What is sent along is for the server that was named, wherever that one leads.
#[test]
fn headers_and_passwords_stay_with_the_server_that_they_are_for() {
    let headers = || {
        ["Authorization", "Cookie", "X-Token"]
            .map(|name| (name.to_owned(), Secret::new("hunter2")))
            .to_vec()
    };
    let other = Server::new(vec![answer("200 OK", "", "x")]);
    let location = format!("Location: http://127.0.0.1:{}/\r\n", other.port);
    let at = |server: &Server, user: &str| format!("http://{user}127.0.0.1:{}/", server.port).parse().unwrap();
    for (user, headers) in [("", headers()), ("me:hunter2@", headers().split_off(1))] {
        let first = Server::new(vec![
            answer("307 Temporary Redirect", "Location: /own\r\n", ""),
            answer("302 Found", &location, ""),
        ]);
        let got = client(&once()).get_with(&at(&first, user), &headers, 9);
        assert_eq!(got, Ok(Some(b"x".to_vec())));
        for request in first.seen() {
            let request = request.to_lowercase();
            for name in ["authorization: ", "cookie: ", "x-token: hunter2"] {
                assert!(request.contains(name), "{name}: {request}");
            }
        }
        assert_eq!(first.seen().len(), 2);
    }
    for request in other.seen() {
        let request = request.to_lowercase();
        for name in ["authorization", "cookie", "x-token", "hunter2"] {
            assert!(!request.contains(name), "{name}: {request}");
        }
    }
    assert_eq!(other.seen().len(), 2);
    let guarded = Server::new(vec![answer("401 Unauthorized", "", "")]);
    let location = format!("Location: http://127.0.0.1:{}/\r\n", guarded.port);
    let first = Server::new(vec![answer("302 Found", &location, "")]);
    let why = failure(client(&once()).get_with(&at(&first, ""), &headers(), 9));
    assert!(why.contains("401") && why.contains("another server"), "{why}");
}

#[test]
fn a_header_that_is_given_twice_is_not_sent() {
    let server = Server::new(vec![answer("200 OK", "", "x")]);
    let header = |name: &str| (name.to_owned(), Secret::new("hunter2"));
    for (user, names, words) in [
        (
            "me:hunter2@",
            &["aUTHORIZATION"][..],
            "in the address and in the headers",
        ),
        ("", &["Authorization", "authorization"], "twice"),
        ("", &["X-Token", "X-TOKEN"], "twice"),
    ] {
        let address = format!("http://{user}127.0.0.1:{}/", server.port).parse().unwrap();
        let headers: Vec<_> = names.iter().map(|name| header(name)).collect();
        let why = failure(client(&patient()).get_with(&address, &headers, 9));
        assert!(why.contains(words), "{why}");
    }
    let injected = [
        ("X".to_owned(), Secret::new("a\r\nY: hunter2")),
        header("X Y"),
        header(""),
    ];
    for header in injected {
        failure(client(&patient()).get_with(&server.address("/"), &[header], 9));
    }
    assert_eq!(server.seen(), Vec::<String>::new());
}

#[test]
fn a_server_that_dawdles_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut stream = stream;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
                while stream.write_all(b"x").is_ok() {
                    thread::sleep(Duration::from_millis(50));
                }
            });
        }
    });
    let hasty = Http {
        timeout: Duration::from_secs(1),
        ..once()
    };
    let why = failure(client(&hasty).get(&address, 10_000));
    assert!(why.contains("no answer in time"), "{why}");
}

/// A proxy that leads every connection to `to`, and remembers what it was asked for.
fn proxy(to: u16) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&seen);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let Some(request) = request(&mut stream) else { continue };
            requests.lock().unwrap().push(request);
            let mut beyond = TcpStream::connect(("127.0.0.1", to)).unwrap();
            stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
            let (mut from, mut back) = (stream.try_clone().unwrap(), beyond.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut from, &mut beyond));
            thread::spawn(move || std::io::copy(&mut back, &mut stream));
        }
    });
    Server { port, seen }
}

#[test]
fn a_proxy_leads_to_everything_but_what_is_left_out() {
    let server = Server::new(vec![answer("200 OK", "", "x")]);
    let proxy = proxy(server.port);
    let settings = Http {
        proxy: Some(Proxy {
            address: Secret::new(format!("http://me:hunter2@127.0.0.1:{}", proxy.port)),
            except: vec!["127.0.0.1".to_owned()],
        }),
        ..once()
    };
    let mut client = client(&settings);
    assert_eq!(client.get(&server.address("/"), 100), Ok(Some(b"x".to_vec())));
    assert_eq!(proxy.seen(), Vec::<String>::new());
    assert_eq!(
        client.get(&"http://seeds.invalid/a".parse().unwrap(), 100),
        Ok(Some(b"x".to_vec()))
    );
    let seen = proxy.seen();
    assert!(
        seen.len() == 1 && seen[0].starts_with("CONNECT seeds.invalid:80 HTTP/1.1\r\n"),
        "{seen:?}"
    );
    assert!(
        seen[0].to_lowercase().contains("proxy-authorization: basic "),
        "{seen:?}"
    );
    assert!(
        server.seen()[1].starts_with("GET /a HTTP/1.1\r\n"),
        "{:?}",
        server.seen()
    );
    let nonsense = Http {
        proxy: Some(Proxy {
            address: Secret::new("gopher://hunter2"),
            except: Vec::new(),
        }),
        ..once()
    };
    let why = failure(super::tests::client(&nonsense).get(&server.address("/"), 1));
    assert!(why.contains("the proxy's address is not one"), "{why}");
}

#[test]
fn the_documents_proxy_is_for_machines_whose_owner_has_none() {
    let server = Server::new(vec![answer("200 OK", "", "x")]);
    let (of_owner, of_document) = (proxy(server.port), proxy(server.port));
    let through = |proxy: &Server| {
        Some(Proxy {
            address: Secret::new(format!("http://127.0.0.1:{}", proxy.port)),
            except: Vec::new(),
        })
    };
    let address = "http://seeds.invalid/a".parse().unwrap();
    for (owners, expected) in [(None, [1, 0]), (through(&of_owner), [1, 1])] {
        let settings = Http {
            proxy: owners,
            ..once()
        };
        let mut client = client(&settings);
        client.go_through(through(&of_document));
        assert_eq!(client.get(&address, 100), Ok(Some(b"x".to_vec())));
        assert_eq!([of_document.seen().len(), of_owner.seen().len()], expected);
    }
    // The document that is fetched may name another one than what led to it.
    let mut client = client(&once());
    client.go_through(through(&of_owner));
    assert_eq!(client.get(&address, 100), Ok(Some(b"x".to_vec())));
    client.go_through(None);
    assert_eq!(client.get(&server.address("/"), 100), Ok(Some(b"x".to_vec())));
    assert_eq!([of_document.seen().len(), of_owner.seen().len()], [1, 2]);
}

mod encrypted {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection, StreamOwned};

    use super::*;

    /// An authority's certificate as PEM, and a server whose certificate it signed.
    fn server(answers: Vec<Vec<u8>>) -> (String, Server) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = own.signed_by(&key, &issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        let config = Arc::new(config);
        let wrap = move |stream| -> Box<dyn Stream> {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            Box::new(StreamOwned::new(connection, stream))
        };
        (authority, Server::with(answers, wrap))
    }

    /// A machine that has these files.
    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
        let tree = crate::source::media::images::folder(files);
        let root = Root::open(tree.path()).unwrap();
        (tree, root)
    }

    fn address(server: &Server) -> Address {
        format!("https://localhost:{}/", server.port).parse().unwrap()
    }

    #[test]
    fn the_systems_authorities_and_those_of_the_settings_are_trusted() {
        let (authority, server) = server(vec![answer("200 OK", "", "x")]);
        for (path, named) in [
            ("etc/ssl/certs/ca-certificates.crt", false),
            ("etc/pki/tls/certs/ca-bundle.crt", false),
            ("etc/firstlight/ca.pem", true),
        ] {
            let (_tree, root) = machine(&[(path, &authority)]);
            let mut settings = once();
            settings.ca_certificates.extend(named.then(|| format!("/{path}")));
            assert_eq!(
                Client::new(&root, &settings).get(&address(&server), 1),
                Ok(Some(b"x".to_vec())),
                "{path}"
            );
        }
    }

    #[test]
    fn others_are_not() {
        let (_, server) = server(vec![answer("200 OK", "", "hunter2")]);
        let (other, _) = super::encrypted::server(vec![Vec::new()]);
        let (_tree, root) = machine(&[("etc/ssl/certs/ca-certificates.crt", &other)]);
        let why = failure(Client::new(&root, &once()).get(&address(&server), 100));
        assert!(
            why.contains("the encrypted connection failed: invalid peer certificate"),
            "{why}"
        );
        assert_eq!(server.seen(), Vec::<String>::new());
        let (_tree, root) = machine(&[]);
        let why = failure(Client::new(&root, &once()).get(&address(&server), 100));
        assert!(why.contains("install the package ca-certificates"), "{why}");
        for (text, words) in [(None, "does not exist"), (Some("hunter2"), "has no certificate in it")] {
            let files: Vec<_> = text.map(|text| ("ca.pem", text)).into_iter().collect();
            let (_tree, root) = machine(&files);
            let settings = Http {
                ca_certificates: vec!["/ca.pem".to_owned()],
                ..once()
            };
            let why = failure(Client::new(&root, &settings).get(&address(&server), 100));
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn encryption_is_not_left_by_a_redirection() {
        let plain = Server::new(vec![answer("200 OK", "", "x")]);
        let location = format!("Location: http://127.0.0.1:{}/\r\n", plain.port);
        let (authority, server) = server(vec![answer("302 Found", &location, "")]);
        let (_tree, root) = machine(&[("etc/ssl/certs/ca-certificates.crt", &authority)]);
        let why = failure(Client::new(&root, &patient()).get(&address(&server), 1));
        assert!(why.contains("without encryption"), "{why}");
        assert_eq!(plain.seen(), Vec::<String>::new());
    }
}

/// The method, the path and the form of each request.
fn posted(server: &Server) -> Vec<(String, String)> {
    let seen = server.seen();
    let parts = seen.iter().map(|request| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let line = head.split(" HTTP/").next().unwrap();
        let media = head
            .to_lowercase()
            .contains("content-type: application/x-www-form-urlencoded");
        assert_eq!(media, line.starts_with("POST "), "{request}");
        (line.to_owned(), body.to_owned())
    });
    parts.collect()
}

#[test]
fn a_form_is_posted_until_the_server_takes_it() {
    let server = Server::new(vec![
        answer("503 Service Unavailable", "Retry-After: 0\r\n", ""),
        Vec::new(),
        answer("204 No Content", "", ""),
    ]);
    let form = Posted::form([("name", "a b&c=ü\n"), ("empty", "")]);
    let address = server.address("/hello/i-1?token=hunter2");
    assert_eq!(client(&patient()).post(&address, &form, 10), Ok(()));
    let expected = (
        "POST /hello/i-1?token=hunter2".to_owned(),
        "name=a%20b%26c%3D%C3%BC%0A&empty=".to_owned(),
    );
    assert_eq!(posted(&server), [expected.clone(), expected.clone(), expected]);
    let server = Server::new(vec![answer("201 Created", "", "x")]);
    assert_eq!(client(&once()).post(&server.address("/"), &Posted::form([]), 1), Ok(()));
    assert_eq!(posted(&server), [("POST /".to_owned(), String::new())]);
}

#[test]
fn what_is_not_taken_is_tried_as_often_as_was_said() {
    let failed = |answers: Vec<Vec<u8>>, settings: &Http, tries: u32| {
        let server = Server::new(answers);
        let why = client(settings)
            .post(&server.address("/a?hunter2"), &a_form(), tries)
            .unwrap_err();
        let why = why.to_string();
        assert!(why.contains("/a?…: ") && !why.contains("hunter2"), "{why}");
        (why, server.seen().len())
    };
    let broken = || vec![answer("500 Internal Server Error", "Retry-After: 0\r\n", "hunter2")];
    let (why, asked) = failed(broken(), &patient(), 3);
    assert!(
        why.ends_with("the server answered 500 Internal Server Error (tried 3 times)") && asked == 3,
        "{why}"
    );
    let (why, asked) = failed(broken(), &once(), 3);
    assert!(why.ends_with("(tried once)") && asked == 1, "time counts too: {why}");
    for status in [
        "403 Forbidden",
        "404 Not Found",
        "405 Method Not Allowed",
        "304 Not Modified",
    ] {
        let (why, asked) = failed(vec![answer(status, "", "")], &patient(), 3);
        assert!(why.contains(&status[..3]) && asked == 1, "{why}");
    }
    let (why, asked) = failed(
        vec![answer("308 Permanent Redirect", "Location: /a?hunter2\r\n", "")],
        &patient(),
        3,
    );
    assert!(why.contains("redirects more than 5 times") && asked == 6, "{why}");
}

/// 302 and 303 are how a server answers a form that it has taken.
#[test]
fn a_form_goes_where_the_address_has_moved() {
    for (status, second) in [
        ("301 Moved Permanently", "POST"),
        ("307 Temporary Redirect", "POST"),
        ("308 Permanent Redirect", "POST"),
        ("302 Found", "GET"),
        ("303 See Other", "GET"),
    ] {
        let server = Server::new(vec![
            answer(status, "Location: /there\r\n", ""),
            answer("200 OK", "", ""),
        ]);
        assert_eq!(client(&once()).post(&server.address("/here"), &a_form(), 1), Ok(()));
        let form = if second == "POST" { "a=b" } else { "" };
        let second = (format!("{second} /there"), form.to_owned());
        assert_eq!(
            posted(&server),
            [("POST /here".to_owned(), "a=b".to_owned()), second],
            "{status}"
        );
    }
}

#[test]
fn a_server_that_takes_a_form_and_says_nothing_is_not_waited_for_for_ever() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", silent.local_addr().unwrap()).parse().unwrap();
    let settings = Http {
        timeout: Duration::from_millis(50),
        ..once()
    };
    let why = client(&settings).post(&address, &a_form(), 10).unwrap_err().to_string();
    assert!(why.contains("no answer in time (tried once)"), "{why}");
}

#[test]
fn an_answer_without_end_is_not_read() {
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.resize(4 << 20, b'x');
    let server = Server::new(vec![endless]);
    assert_eq!(client(&once()).post(&server.address("/"), &a_form(), 1), Ok(()));
}

/// A signature is good for one request, and nobody else's business.
#[test]
fn json_is_posted_with_headers_that_are_made_for_each_try() {
    let elsewhere = Server::new(vec![answer("200 OK", "", "")]);
    let moved = format!("Location: http://127.0.0.1:{}/there\r\n", elsewhere.port);
    let server = Server::new(vec![
        answer("503 Service Unavailable", "Retry-After: 0\r\n", ""),
        answer("307 Temporary Redirect", &moved, ""),
    ]);
    let made = std::cell::Cell::new(0);
    let headers = || {
        made.set(made.get() + 1);
        vec![(
            "Authorization".to_owned(),
            Secret::new(format!("hunter2 {}", made.get())),
        )]
    };
    let json = Posted::json(&serde_json::json!({"name": "ü\n"}));
    let told = client(&patient()).post_with(&server.address("/here"), &json, headers, 10);
    assert_eq!(told, Ok(()));
    for (number, request) in (1..).zip(server.seen()) {
        let head = request.to_lowercase();
        assert!(head.contains("content-type: application/json\r\n"), "{request}");
        assert!(
            head.contains(&format!("authorization: hunter2 {number}\r\n")),
            "{request}"
        );
        assert!(request.ends_with("\r\n\r\n{\"name\":\"ü\\n\"}"), "{request}");
    }
    let seen = elsewhere.seen().concat();
    assert!(seen.starts_with("POST /there ") && !seen.contains("hunter2"), "{seen}");
}
