//! A server for tests, on loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::vocabulary::Address;

/// A server that answers one connection after the other with these bytes, the last for ever, and remembers the requests.
pub(in crate::source) struct Server {
    pub(in crate::source) port: u16,
    pub(in crate::source) seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(in crate::source) fn new(answers: Vec<Vec<u8>>) -> Self {
        Self::with(answers, |stream| Box::new(stream))
    }

    /// As [`Self::new`], over connections that `wrap` makes of plain ones.
    pub(in crate::source) fn with(
        answers: Vec<Vec<u8>>,
        wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Send + 'static,
    ) -> Self {
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
    pub(in crate::source) fn of(files: &[(&str, &str)]) -> Self {
        Self::at(0, files)
    }

    /// The same on this port.
    pub(in crate::source) fn at(port: u16, files: &[(&str, &str)]) -> Self {
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

    pub(in crate::source) fn address(&self, path: &str) -> Address {
        format!("http://127.0.0.1:{}{path}", self.port).parse().unwrap()
    }

    pub(in crate::source) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

pub(in crate::source) trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// The head of a request; `None` if the other end goes before it is whole.
pub(in crate::source) fn request(stream: &mut dyn Stream) -> Option<String> {
    let mut reader = BufReader::with_capacity(1, stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

pub(in crate::source) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}").into_bytes()
}
