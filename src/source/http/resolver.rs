//! The addresses of a host, looked up on its own thread. ureq's resolver panics where no thread can be started; this
//! one says so.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::Builder;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{self, DefaultResolver, ResolvedSocketAddrs};
use ureq::unversioned::transport::NextTimeout;
use ureq::unversioned::transport::time::Duration;

/// Looks names up as ureq does, within the time that is left.
#[derive(Debug)]
pub(super) struct Resolver;

impl resolver::Resolver for Resolver {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let (uri, config) = (uri.clone(), config.clone());
        // Without a limit ureq starts no thread.
        let unlimited = NextTimeout {
            after: Duration::NotHappening,
            ..timeout
        };
        let (answer, asked) = mpsc::channel();
        let look_up = move || {
            // Nobody waits any more when the time is up.
            let _ = answer.send(DefaultResolver::default().resolve(&uri, &config, unlimited));
        };
        let thread = Builder::new().name("resolver".to_owned()).spawn(look_up);
        thread.map_err(|error| std::io::Error::other(format!("can't start a thread: {error}")))?;
        match asked.recv_timeout(*timeout.after) {
            Ok(found) => found,
            Err(RecvTimeoutError::Timeout) => Err(Error::Timeout(timeout.reason)),
            Err(RecvTimeoutError::Disconnected) => Err(Error::HostNotFound),
        }
    }
}
