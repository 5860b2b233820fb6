//! Fetching over HTTP and HTTPS: bounded in size and time, tried again with patience, certificates checked.
//!
//! Everything is fetched by GET, and forms and JSON are posted, over at most one connection at a time. `ureq` speaks HTTP and
//! `rustls` TLS; both are told everything here: neither environment variables nor files of theirs count.

mod backoff;
mod posted;
mod resolver;
mod settings;
mod trust;

use std::collections::HashSet;
use std::io::Write;
use std::time::{Duration, Instant};

use ureq::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use ureq::http::{Method, Request, Response, StatusCode};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, AsSendBody, Body, Error};
use zeroize::Zeroizing;

pub use posted::Posted;
pub use settings::Http;

use self::resolver::Resolver;
use super::Fault;
use crate::document::Secret;
use crate::document::proxy::Proxy;
use crate::system::{Root, name_service};
use crate::vocabulary::Address;

/// How many redirections are followed.
const REDIRECTS: u32 = 5;

/// Asks servers.
#[derive(Debug)]
pub struct Client {
    root: Root,
    settings: Http,
    /// Whether the proxy is the word of the machine's owner.
    owner_has_proxy: bool,
    agent: Option<Agent>,
    /// Nothing is tried again after this.
    until: Instant,
}

/// Why one try brought nothing.
struct Failed {
    fault: Fault,
    /// When the server wants to be asked again, where it says so.
    retry_after: Option<Duration>,
}

/// What a server answers.
struct Answer {
    response: Response<Body>,
    /// Whether it is another server than the one that was named, which is not given what was meant for that one.
    withheld: bool,
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            retry_after: None,
        }
    }
}

impl Client {
    /// A client for the machine at `root`, whose certificate authorities it trusts. All that it fetches together may be
    /// tried again for `retry_for`.
    pub fn new(root: &Root, settings: &Http) -> Self {
        Self {
            root: root.clone(),
            owner_has_proxy: settings.proxy.is_some(),
            settings: settings.clone(),
            agent: None,
            until: Instant::now() + settings.retry_for,
        }
    }

    /// Goes through the document's proxy, where the machine's owner has settled none.
    pub fn go_through(&mut self, proxy: Option<Proxy>) {
        if self.owner_has_proxy || self.settings.proxy == proxy {
            return;
        }
        self.settings.proxy = proxy;
        self.agent = None;
    }

    /// What is at `address`, at most `limit` bytes; `None` if the server answered that there is nothing.
    ///
    /// # Errors
    /// It can't be had: the address without what may be secret in it, why, after how many tries.
    pub fn get(&mut self, address: &Address, limit: u64) -> Result<Option<Vec<u8>>, Fault> {
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
    ) -> Result<Option<Vec<u8>>, Fault> {
        self.patiently(address, u32::MAX, |client| client.get_once(address, headers, limit))
    }

    /// Posts something to `address`, at most `tries` times, until the server takes it. The answer is not read.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn post(&mut self, address: &Address, posted: &Posted, tries: u32) -> Result<(), Fault> {
        self.post_with(address, posted, Vec::new, tries)
    }

    /// The same, with these headers, made anew for each try: a signature is good for one.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn post_with(
        &mut self,
        address: &Address,
        posted: &Posted,
        headers: impl Fn() -> Vec<(String, Secret)>,
        tries: u32,
    ) -> Result<(), Fault> {
        self.patiently(address, tries, |client| client.post_once(address, posted, &headers()))
    }

    /// Tries `once`, and again while that may help, at most `most` times.
    fn patiently<T>(
        &mut self,
        address: &Address,
        most: u32,
        once: impl Fn(&mut Self) -> Result<T, Failed>,
    ) -> Result<T, Fault> {
        let mut tries = 0;
        loop {
            tries += 1;
            let failed = match once(self) {
                Ok(had) => return Ok(had),
                Err(failed) => failed,
            };
            let mut fault = failed.fault.at(address.to_string());
            if !fault.is_passing() {
                return Err(fault);
            }
            let wait = backoff::wait(tries, backoff::random(), failed.retry_after);
            if tries >= most || Instant::now() + wait > self.until {
                let times = if tries == 1 {
                    "once".to_owned()
                } else {
                    format!("{tries} times")
                };
                fault.what += &format!(" (tried {times})");
                return Err(fault);
            }
            self.announce(&fault, tries, wait);
            std::thread::sleep(wait);
        }
    }

    /// Says that and how long is waited: a person who sees nothing takes it for hanging.
    fn announce(&self, why: &Fault, tries: u32, wait: Duration) {
        let (wait, next) = (wait.as_secs_f32(), tries + 1);
        if self.settings.attended {
            let all = self.settings.retry_for.as_secs();
            // Who closed standard error doesn't want to know.
            let _ = writeln!(
                std::io::stderr(),
                "{why}; attempt {next} follows in {wait:.1} s, giving up after {all} s in all; press Ctrl-C to stop"
            );
        }
        tracing::info!("{why}; attempt {next} follows in {wait:.1} s");
    }

    fn get_once(
        &mut self,
        address: &Address,
        headers: &[(String, Secret)],
        limit: u64,
    ) -> Result<Option<Vec<u8>>, Failed> {
        let mut answer = self.ask(address, headers, None)?;
        match answer.response.status() {
            StatusCode::OK => Ok(Some(read(answer.response.body_mut(), limit)?)),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            _ => Err(answer.refusal()),
        }
    }

    fn post_once(&mut self, address: &Address, posted: &Posted, headers: &[(String, Secret)]) -> Result<(), Failed> {
        let answer = self.ask(address, headers, Some(posted))?;
        match answer.response.status().is_success() {
            true => Ok(()),
            false => Err(answer.refusal()),
        }
    }

    /// Asks for what is at `address`, or posts something, wherever that leads. It is posted again where the address has
    /// moved (301, 307, 308); 302 and 303 lead to what the server answers to it, as for every client.
    fn ask(
        &mut self,
        address: &Address,
        headers: &[(String, Secret)],
        mut posted: Option<&Posted>,
    ) -> Result<Answer, Failed> {
        given_twice(address, headers)?;
        let agent = self.agent(address)?;
        let until = Instant::now() + self.settings.timeout;
        let mut at = address.clone();
        for _ in 0..=REDIRECTS {
            // What was meant for one server is no other's business.
            let is_meant = at.has_origin_of(address);
            let mut request = Request::builder().uri(at.bare());
            if is_meant {
                if let Some(header) = address.authorization() {
                    request = request.header("authorization", header.expose());
                }
                for (name, value) in headers {
                    request = request.header(name, value.expose());
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(fault(&Error::Timeout(ureq::Timeout::Global)).into());
            }
            // An encrypted address doesn't lead to one that is not.
            let limits = (address.is_encrypted(), left);
            let answer = match posted {
                None => send(&agent, request.body(()), limits),
                Some(posted) => {
                    let request = request.method(Method::POST).header(CONTENT_TYPE, posted.media_type);
                    send(&agent, request.body(posted.text.as_str()), limits)
                }
            };
            let response = answer.map_err(|error| fault(&error))?;
            let (status, location) = (response.status(), response.headers().get(LOCATION));
            let Some(location) = location.filter(|_| is_redirection(status)) else {
                let withheld = !is_meant && (address.authorization().is_some() || !headers.is_empty());
                return Ok(Answer { response, withheld });
            };
            let next = location.to_str().ok().and_then(|location| at.leads_to(location).ok());
            at = next.ok_or_else(|| fault(&Error::BadUri(String::new())))?;
            if matches!(status, StatusCode::FOUND | StatusCode::SEE_OTHER) {
                posted = None;
            }
        }
        Err(fault(&Error::TooManyRedirects).into())
    }

    /// Made at the first request: an address without encryption needs no authorities.
    fn agent(&mut self, address: &Address) -> Result<Agent, Fault> {
        if let Some(agent) = &self.agent {
            return Ok(agent.clone());
        }
        name_service::without_plugins();
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // Followed here, which knows what not to send on.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy(&self.settings)?)
            .user_agent(concat!("firstlight/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(self.settings.timeout));
        let tls = trust::tls(&self.root, &self.settings.ca_certificates);
        match tls {
            Ok(tls) => config = config.tls_config(tls),
            Err(why) if address.is_encrypted() || !self.settings.ca_certificates.is_empty() => return Err(why),
            Err(_) => {}
        }
        let agent = Agent::with_parts(config.build(), DefaultConnector::default(), Resolver);
        self.agent = Some(agent.clone());
        Ok(agent)
    }
}

/// Refuses a request with two headers of one name: which of them counts is the server's guess.
fn given_twice(address: &Address, headers: &[(String, Secret)]) -> Result<(), Fault> {
    let refused = |what: &str| Err(Fault::lasting(what).with_hint("leave one out"));
    let mut seen = HashSet::new();
    for (name, _) in headers {
        if !seen.insert(name.to_ascii_lowercase()) {
            return refused("a header is given twice, with a different case");
        }
    }
    let in_both = address.authorization().is_some() && seen.contains("authorization");
    match in_both {
        true => refused("Authorization is given twice, in the address and in the headers"),
        false => Ok(()),
    }
}

fn is_redirection(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn proxy(settings: &Http) -> Result<Option<ureq::Proxy>, Fault> {
    let Some(settled) = &settings.proxy else {
        return Ok(None);
    };
    // Not shown: it may hold a password.
    let wrong = |_| Fault::lasting("the proxy's address is not one").with_hint("write http://HOST:PORT");
    let plain = ureq::Proxy::new(settled.address.expose()).map_err(wrong)?;
    let mut proxy = ureq::Proxy::builder(plain.protocol())
        .host(plain.host())
        .port(plain.port());
    if let Some(user) = plain.username() {
        proxy = proxy.username(user).password(plain.password().unwrap_or_default());
    }
    for host in &settled.except {
        proxy = proxy.no_proxy(host);
    }
    proxy.build().map(Some).map_err(wrong)
}

fn read(body: &mut Body, limit: u64) -> Result<Vec<u8>, Fault> {
    let read = body.with_config().limit(limit.saturating_add(1)).read_to_vec();
    let bytes = Zeroizing::new(read.map_err(|error| match error {
        Error::BodyExceedsLimit(_) => too_large(limit),
        other => fault(&other),
    })?);
    if bytes.len() as u64 > limit {
        return Err(too_large(limit));
    }
    Ok(bytes.to_vec())
}

fn too_large(limit: u64) -> Fault {
    Fault::lasting(format!("has more than {limit} bytes, the limit"))
}

impl Answer {
    /// Its status as an error.
    fn refusal(&self) -> Failed {
        let status = self.response.status();
        let what = format!("the server answered {status}");
        let passing = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
        let mut fault = match passing || status.is_server_error() {
            true => Fault::passing(what),
            false => Fault::lasting(what),
        };
        if self.withheld {
            fault.what += "; this is another server, and firstlight doesn't send headers and passwords to it";
            fault = fault.with_hint("name it in the address");
        }
        let retry_after = self.response.headers().get(RETRY_AFTER);
        let seconds = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Failed {
            fault,
            retry_after: seconds.map(Duration::from_secs),
        }
    }
}

/// Sends one request. `limits`: whether only over an encrypted connection, and how long it may take.
fn send<B: AsSendBody>(
    agent: &Agent,
    request: Result<Request<B>, ureq::http::Error>,
    (encrypted, time): (bool, Duration),
) -> Result<Response<Body>, Error> {
    let request = agent.configure_request(request.map_err(Error::Http)?);
    agent.run(request.https_only(encrypted).timeout_global(Some(time)).build())
}

/// What went wrong before there was a whole answer. Only words that are known are repeated: an error may quote an address.
fn fault(error: &Error) -> Fault {
    let passing = |what: &str| Fault::passing(what);
    let lasting = |what: &str| Fault::lasting(what);
    match error {
        Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => passing("the answer was cut off"),
        Error::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
            passing(&format!("the encrypted connection failed: {error}"))
        }
        Error::Io(error) => passing(&format!("can't be reached: {error}")),
        Error::Timeout(_) => passing("no answer in time"),
        Error::HostNotFound => passing("its name can't be resolved"),
        Error::ConnectionFailed => passing("can't be reached"),
        Error::ConnectProxyFailed(_) => {
            passing("the proxy refuses the connection, which it has to allow by CONNECT for http:// too")
        }
        // A clock that is yet to be set is a reason as well, and that passes.
        Error::Rustls(error) => passing(&format!("the encrypted connection failed: {error}")),
        Error::Tls(why) => passing(&format!("the encrypted connection failed: {why}")),
        Error::TooManyRedirects => lasting(&format!("redirects more than {REDIRECTS} times")),
        Error::RequireHttpsOnly(_) => {
            lasting("redirects to an address without encryption, which firstlight doesn't follow")
        }
        Error::LargeResponseHeader(..) => lasting("the headers of the answer are too large"),
        Error::BadUri(_) => lasting("redirects to an invalid address"),
        Error::Http(_) => lasting("the request has an invalid header or address"),
        _ => passing("the answer is not HTTP, or was cut off"),
    }
}

#[cfg(test)]
pub(crate) mod server;
#[cfg(test)]
mod tests;
