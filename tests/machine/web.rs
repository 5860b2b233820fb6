//! A web server in a machine's neighbourhood, and a name server.

use crate::pen::Pen;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

/// The address of each name that is asked for.
pub const NAMED: [u8; 4] = [192, 0, 2, 77];

/// Serves the files of a directory at port 80 of the pen, which a virtual machine and a container both reach at 192.0.2.1.
/// It takes what is meant for a proxy as well, for any host. At port 53 each name has the address [`NAMED`].
pub struct Web {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Web {
    /// Begins at once.
    pub fn serve(pen: &Pen, directory: &Path) -> Self {
        let network = File::open(pen.network()).expect("the pen has a network");
        let (over, directory) = (Arc::new(AtomicBool::new(false)), directory.to_owned());
        let until = Arc::clone(&over);
        let thread = thread::spawn(move || {
            // For this thread alone.
            nix::sched::setns(network, nix::sched::CloneFlags::CLONE_NEWNET).expect("root may enter the pen");
            let listener = TcpListener::bind("0.0.0.0:80").expect("nobody else is there");
            listener.set_nonblocking(true).expect("Linux can");
            let names = UdpSocket::bind("0.0.0.0:53").expect("nobody else is there");
            names.set_nonblocking(true).expect("Linux can");
            while !until.load(Ordering::Relaxed) {
                while look_up(&names).is_ok() {}
                match listener.accept() {
                    Ok((stream, _)) => drop(answer(stream, &directory)),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(Duration::from_millis(20)),
                    Err(_) => break,
                }
            }
        });
        Self {
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn answer(mut stream: TcpStream, directory: &Path) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut request = String::new();
    for line in BufReader::new(&stream).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        request += &line;
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let path = match path.strip_prefix("http://") {
        Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
        None => path,
    };
    let path: PathBuf = directory.join(path.trim_start_matches('/'));
    let (status, body) = match std::fs::read(path) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

/// Answers one question, where there is one: RFC 1035, 4.1.
fn look_up(names: &UdpSocket) -> std::io::Result<()> {
    /// The identifier, the flags, and four counts.
    const HEADER: usize = 12;
    let mut message = [0; 512];
    let (length, from) = names.recv_from(&mut message)?;
    let message = &message[..length];
    let name = message
        .get(HEADER..)
        .unwrap_or_default()
        .split(|byte| *byte == 0)
        .next();
    let end = HEADER + name.unwrap_or_default().len() + 5;
    let Some(question) = message.get(HEADER..end) else {
        return Ok(());
    };
    let is_address = question.ends_with(&[0, 1, 0, 1]);
    // A recursive answer by who knows, with one question, and one answer or none.
    let mut answer = [
        &message[..2],
        &[0x85, 0x80, 0, 1, 0, u8::from(is_address), 0, 0, 0, 0],
        question,
    ]
    .concat();
    if is_address {
        // The name in the question, an address, for a minute.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend(NAMED);
    }
    names.send_to(&answer, from).map(drop)
}
