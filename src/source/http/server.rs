//! A server for tests, on loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::vocabulary::Address;

/// A server that answers one connection after the other with these bytes, the last for ever, and remembers the requests.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn new(answers: Vec<Vec<u8>>) -> Self {
        Self::with(answers, |stream| Box::new(stream))
    }

    /// As [`Self::new`], over connections that `wrap` makes of plain ones.
    pub(crate) fn with(answers: Vec<Vec<u8>>, wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Send + 'static) -> Self {
        Self::answering(0, move |number, _| answers[number.min(answers.len() - 1)].clone(), wrap)
    }

    fn answering(
        port: u16,
        answer: impl Fn(usize, &str) -> Vec<u8> + Send + 'static,
        wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let requests = Arc::clone(&seen);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let mut stream = wrap(stream);
                let Some(request) = request(&mut stream) else { continue };
                let answer = answer(number, &request);
                requests.lock().unwrap().push(request);
                let _ = stream.write_all(&answer).and_then(|()| stream.flush());
            }
        });
        Self { port, seen }
    }

    /// A server that has these files, by path, and nothing else.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self::at(0, files)
    }

    /// The same on this port.
    pub(crate) fn at(port: u16, files: &[(&str, &str)]) -> Self {
        let files: Vec<(String, String)> = files
            .iter()
            .map(|(path, body)| ((*path).to_owned(), (*body).to_owned()))
            .collect();
        Self::answering(
            port,
            move |_, request| {
                let path = request.split(' ').nth(1).unwrap_or_default();
                let file = files.iter().find(|(own, _)| own == path);
                file.map_or_else(
                    || answer("404 Not Found", "", ""),
                    |(_, body)| answer("200 OK", "", body),
                )
            },
            |stream| Box::new(stream),
        )
    }

    pub(crate) fn address(&self, path: &str) -> Address {
        format!("http://127.0.0.1:{}{path}", self.port).parse().unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

pub(crate) trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// A request: its head, and its body where it has one; `None` if the other end goes before it is whole.
pub(crate) fn request(stream: &mut dyn Stream) -> Option<String> {
    let mut reader = BufReader::with_capacity(1, stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8(body).ok()?)
}

pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}").into_bytes()
}
