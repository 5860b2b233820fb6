//! Fetching over HTTP and HTTPS: bounded in size and time, tried again with patience, certificates checked.
//!
//! Everything is fetched by GET, over at most one connection at a time. `ureq` speaks HTTP and `rustls` TLS; both are
//! told everything here: neither environment variables nor files of theirs count.

mod address;
mod backoff;
mod settings;
mod trust;

use std::time::{Duration, Instant};

use ureq::http::StatusCode;
use ureq::http::header::RETRY_AFTER;
use ureq::{Agent, Body, Error, Proxy};
use zeroize::Zeroizing;

pub use address::{Address, is_address};
pub use settings::Http;

use crate::document::Secret;
use crate::system::{Root, name_service};

/// How many redirections are followed.
const REDIRECTS: u32 = 5;

/// Asks servers.
#[derive(Debug)]
pub struct Client {
    root: Root,
    settings: Http,
    agent: Option<Agent>,
    /// Nothing is tried again after this.
    until: Instant,
}

/// Why one try brought nothing.
enum Fault {
    /// It may be better soon; the server may have said when.
    Passing(String, Option<Duration>),
    /// Asking again would bring the same.
    Lasting(String),
}

impl Client {
    /// A client for the machine at `root`, whose certificate authorities it trusts. All that it fetches together may be
    /// tried again for `retry_for`.
    pub fn new(root: &Root, settings: &Http) -> Self {
        Self {
            root: root.clone(),
            settings: settings.clone(),
            agent: None,
            until: Instant::now() + settings.retry_for,
        }
    }

    /// What is at `address`, at most `limit` bytes; `None` if the server says that there is nothing.
    ///
    /// # Errors
    /// It can't be had: the address without what may be secret in it, why, after how many tries.
    pub fn get(&mut self, address: &Address, limit: u64) -> Result<Option<Vec<u8>>, String> {
        self.get_with(address, &[], limit)
    }

    /// The same, asked with these headers.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn get_with(
        &mut self,
        address: &Address,
        headers: &[(String, Secret)],
        limit: u64,
    ) -> Result<Option<Vec<u8>>, String> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (why, asked) = match self.try_once(address, headers, limit) {
                Ok(found) => return Ok(found),
                Err(Fault::Lasting(why)) => return Err(format!("{address}: {why}")),
                Err(Fault::Passing(why, asked)) => (why, asked),
            };
            let wait = backoff::wait(tries, backoff::random(), asked);
            if Instant::now() + wait > self.until {
                let times = if tries == 1 {
                    "once".to_owned()
                } else {
                    format!("{tries} times")
                };
                return Err(format!("{address}: {why} (tried {times})"));
            }
            tracing::info!("{address}: {why}; tried again in {:.1} s", wait.as_secs_f32());
            std::thread::sleep(wait);
        }
    }

    fn try_once(
        &mut self,
        address: &Address,
        headers: &[(String, Secret)],
        limit: u64,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let agent = self.agent(address).map_err(Fault::Lasting)?;
        let mut request = agent.get(address.bare());
        if let Some(header) = address.authorization() {
            request = request.header("authorization", header.expose());
        }
        for (name, value) in headers {
            request = request.header(name, value.expose());
        }
        // An encrypted address doesn't lead to one that is not.
        let request = request.config().https_only(address.is_encrypted()).build();
        let mut response = request.call().map_err(|error| fault(&error))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
            status => return Err(refusal(status, response.headers().get(RETRY_AFTER))),
        }
        read(response.body_mut(), limit)
    }

    /// Made at the first request: an address without encryption needs no authorities.
    fn agent(&mut self, address: &Address) -> Result<Agent, String> {
        if let Some(agent) = &self.agent {
            return Ok(agent.clone());
        }
        name_service::without_plugins();
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(REDIRECTS)
            .proxy(proxy(&self.settings)?)
            .user_agent(concat!("firstlight/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(self.settings.timeout));
        let tls = trust::tls(&self.root, &self.settings.ca_certificates);
        match tls {
            Ok(tls) => config = config.tls_config(tls),
            Err(why) if address.is_encrypted() || !self.settings.ca_certificates.is_empty() => return Err(why),
            Err(_) => {}
        }
        let agent: Agent = config.build().into();
        self.agent = Some(agent.clone());
        Ok(agent)
    }
}

fn proxy(settings: &Http) -> Result<Option<Proxy>, String> {
    let Some(address) = &settings.proxy else {
        return Ok(None);
    };
    // Not shown: it may hold a password.
    let wrong = |_| "http.proxy in the settings is no address of a proxy: write http://HOST:PORT".to_owned();
    let plain = Proxy::new(address.expose()).map_err(wrong)?;
    let mut proxy = Proxy::builder(plain.protocol()).host(plain.host()).port(plain.port());
    if let Some(user) = plain.username() {
        proxy = proxy.username(user).password(plain.password().unwrap_or_default());
    }
    for host in &settings.no_proxy {
        proxy = proxy.no_proxy(host);
    }
    proxy.build().map(Some).map_err(wrong)
}

fn read(body: &mut Body, limit: u64) -> Result<Option<Vec<u8>>, Fault> {
    let read = body.with_config().limit(limit.saturating_add(1)).read_to_vec();
    let bytes = Zeroizing::new(read.map_err(|error| match error {
        Error::BodyExceedsLimit(_) => too_large(limit),
        other => fault(&other),
    })?);
    if bytes.len() as u64 > limit {
        return Err(too_large(limit));
    }
    Ok(Some(bytes.to_vec()))
}

fn too_large(limit: u64) -> Fault {
    Fault::Lasting(format!("has more than the {limit} bytes that are read"))
}

/// A status that is not a document's.
fn refusal(status: StatusCode, retry_after: Option<&ureq::http::HeaderValue>) -> Fault {
    let why = format!("the server says {status}");
    let seconds = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let asked = seconds.map(Duration::from_secs);
    let passing = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
    match passing || status.is_server_error() {
        true => Fault::Passing(why, asked),
        false => Fault::Lasting(why),
    }
}

/// What went wrong before there was a whole answer. Only words that are known are repeated: an error may quote an address.
fn fault(error: &Error) -> Fault {
    let passing = |why: &str| Fault::Passing(why.to_owned(), None);
    let lasting = |why: &str| Fault::Lasting(why.to_owned());
    match error {
        Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => passing("the answer was cut off"),
        Error::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
            Fault::Passing(format!("no encrypted connection: {error}"), None)
        }
        Error::Io(error) => Fault::Passing(format!("can't be reached: {error}"), None),
        Error::Timeout(_) => passing("no answer in time"),
        Error::HostNotFound => passing("its name is not known"),
        Error::ConnectionFailed => passing("can't be reached"),
        Error::ConnectProxyFailed(_) => passing("the proxy refuses the connection"),
        // A clock that is yet to be set is a reason as well, and that passes.
        Error::Rustls(error) => Fault::Passing(format!("no encrypted connection: {error}"), None),
        Error::Tls(why) => Fault::Passing(format!("no encrypted connection: {why}"), None),
        Error::TooManyRedirects => Fault::Lasting(format!("leads on and on, more than {REDIRECTS} times")),
        Error::RequireHttpsOnly(_) => lasting("leads to an address without encryption, which is not followed"),
        Error::LargeResponseHeader(..) => lasting("the head of the answer is too large"),
        Error::BadUri(_) => lasting("leads to what is no address"),
        Error::Http(_) => lasting("the request has a header, or leads to an address, that can't be sent"),
        _ => passing("the answer is no HTTP, or was cut off"),
    }
}

#[cfg(test)]
pub(in crate::source) mod server;
#[cfg(test)]
mod tests;
