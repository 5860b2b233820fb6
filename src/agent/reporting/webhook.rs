//! Posts events to a webhook, one after the other.

use std::time::{Duration, Instant};

use crate::document::Secret;
use crate::document::reporting::{OAuth, Webhook};
use crate::source::http::{Client, Posted};
use crate::source::{Fault, Http};
use crate::system::{Root, clock};
use crate::vocabulary::percent_encoded;

/// What became of it.
#[derive(Debug)]
pub(super) struct Told {
    /// How many events it took.
    pub(super) taken: usize,
    /// Why it didn't take the next one.
    pub(super) fault: Option<Fault>,
}

/// Posts events until the webhook doesn't take one, however often it is tried, or for as long as `limit`. No try begins
/// after that.
pub(super) fn post(webhook: &Webhook, events: &[Posted], root: &Root, http: &Http, limit: Duration) -> Told {
    let until = Instant::now() + limit;
    // The owner's limits hold; the document may only make them narrower.
    let http = Http {
        timeout: webhook.timeout.unwrap_or(http.timeout).min(http.timeout).min(limit),
        retry_for: http.retry_for.min(limit),
        ..http.clone()
    };
    let mut client = Client::new(root, &http);
    let mut told = Told { taken: 0, fault: None };
    for event in events {
        let headers = || webhook.oauth.iter().map(authorization).collect();
        let posted = match Instant::now() < until {
            true => client.post_with(&webhook.endpoint, event, headers, webhook.tries),
            false => {
                let what = format!("it didn't take all events within {} s", limit.as_secs());
                Err(Fault::passing(what).at(webhook.endpoint.to_string()))
            }
        };
        if let Err(fault) = posted {
            told.fault = Some(fault);
            return told;
        }
        told.taken += 1;
    }
    told
}

/// The header of OAuth 1.0 with the method PLAINTEXT (RFC 5849, 3.4.4), for one request.
fn authorization(keys: &OAuth) -> (String, Secret) {
    let encoded = |secret: &Secret| percent_encoded(secret.expose());
    let signature = format!("{}&{}", encoded(&keys.consumer_secret), encoded(&keys.token_secret));
    let header = format!(
        "OAuth oauth_nonce=\"{}\", oauth_timestamp=\"{}\", oauth_version=\"1.0\", oauth_signature_method=\"PLAINTEXT\", \
         oauth_consumer_key=\"{}\", oauth_token=\"{}\", oauth_signature=\"{}\"",
        nonce(),
        clock::now(),
        encoded(&keys.consumer_key),
        encoded(&keys.token_key),
        percent_encoded(&signature),
    );
    ("Authorization".to_owned(), Secret::new(header))
}

/// A number for one request. Where the kernel has no random ones yet, the time tells requests apart.
fn nonce() -> String {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => hex::encode(bytes),
        Err(_) => format!("{:.9}", clock::now_exactly()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Texts};
    use crate::source::http::server::{Server, answer};

    fn webhook(port: u16, below: &str) -> Webhook {
        let yaml =
            format!("reporting: {{a: {{type: webhook, endpoint: 'http://127.0.0.1:{port}/x?t=hunter2'{below}}}}}\n");
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        assert_eq!(document.diagnostics, []);
        document.config.reporting.unwrap().webhooks().next().unwrap()
    }

    fn three() -> Vec<Posted> {
        (1..=3).map(|number| Posted::json(&number)).collect()
    }

    fn told(webhook: &Webhook, limit: Duration) -> (usize, Option<String>) {
        let tree = tempfile::tempdir().unwrap();
        let root = Root::open(tree.path()).unwrap();
        let told = post(webhook, &three(), &root, &Http::default(), limit);
        (told.taken, told.fault.map(|fault| fault.to_string()))
    }

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn each_event_is_a_request_with_a_signature_of_its_own() {
        let server = Server::new(vec![
            answer("503 Service Unavailable", "Retry-After: 0\r\n", ""),
            answer("200 OK", "", ""),
        ]);
        let keys = ", consumer_key: c/k, token_key: tk, token_secret: 't&s', consumer_secret: ''";
        assert_eq!(told(&webhook(server.port, keys), LONG), (3, None));
        let seen = server.seen();
        let bodies: Vec<&str> = seen
            .iter()
            .filter_map(|request| request.split("\r\n\r\n").nth(1))
            .collect();
        assert_eq!(bodies, ["1", "1", "2", "3"]);
        let mut nonces = std::collections::BTreeSet::new();
        for request in &seen {
            let lines = request.lines().filter_map(|line| line.split_once(": "));
            let header = lines.filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
            let header: Vec<&str> = header.map(|(_, value)| value).collect();
            let [header] = header.as_slice() else {
                panic!("{request}")
            };
            let end = "oauth_version=\"1.0\", oauth_signature_method=\"PLAINTEXT\", oauth_consumer_key=\"c%2Fk\", \
                       oauth_token=\"tk\", oauth_signature=\"%26t%2526s\"";
            assert!(
                header.starts_with("OAuth oauth_nonce=\"") && header.ends_with(end),
                "{header}"
            );
            nonces.insert(header.split('"').nth(1).unwrap().to_owned());
        }
        assert_eq!(nonces.len(), 4);
    }

    #[test]
    fn one_that_takes_no_event_is_not_asked_to_take_the_next() {
        for (below, status, words, asked) in [
            ("", "403 Forbidden", "403 Forbidden", 1),
            (", retries: 2", "500 Oops", "(tried 3 times)", 3),
            (", retries: 0", "500 Oops", "(tried once)", 1),
        ] {
            let server = Server::new(vec![answer(status, "Retry-After: 0\r\n", "hunter2")]);
            let (taken, why) = told(&webhook(server.port, below), LONG);
            let why = why.unwrap();
            assert!(why.contains(words) && !why.contains("hunter2"), "{why}");
            assert_eq!((taken, server.seen().len()), (0, asked), "{below}");
        }
    }

    #[test]
    fn the_time_is_bounded_however_often_it_may_be_tried() {
        let server = Server::new(vec![answer("500 Oops", "Retry-After: 120\r\n", "")]);
        let (taken, why) = told(&webhook(server.port, ", retries: 4000000000"), Duration::from_secs(100));
        assert!(taken == 0 && why.unwrap().contains("(tried once)"));
        assert_eq!(server.seen().len(), 1);
        let server = Server::new(vec![answer("200 OK", "", "")]);
        let (taken, why) = told(&webhook(server.port, ""), Duration::ZERO);
        assert_eq!((taken, server.seen().len()), (0, 0));
        assert!(why.unwrap().ends_with("/x?…: it didn't take all events within 0 s"));
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let (_, why) = told(&webhook(port, ", timeout: 0.05, retries: 0"), LONG);
        assert!(why.unwrap().contains("no answer in time"));
    }
}
