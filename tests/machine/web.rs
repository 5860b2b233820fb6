//! A web server in a machine's neighbourhood.

use crate::pen::Pen;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

/// Serves the files of a directory at port 80 of the pen, which a virtual machine and a container both reach at 192.0.2.1.
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
            while !until.load(Ordering::Relaxed) {
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
