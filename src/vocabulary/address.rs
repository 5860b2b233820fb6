//! An address to fetch from: `http` or `https`, checked once, and shown without what may be secret in it.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding};
use serde::de::{Deserialize, Deserializer, Error as _};
use ureq::http::Uri;

use super::Secret;

/// The longest address that is taken, in bytes.
const LENGTH_LIMIT: usize = 4096;

/// An address that can be fetched.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "Secret", extend("pattern" = r"^\s*[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#][^\s]*\s*$")))]
pub struct Address {
    /// As it was written, a user and a password included.
    text: String,
    uri: Uri,
}

/// Why a text is not an address to fetch from: the end of a sentence, without anything of the text, which may hold a
/// password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}", hint.map(|hint| format!(": {hint}")).unwrap_or_default())]
pub struct NoAddress {
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: Option<&'static str>,
}

impl NoAddress {
    fn new(what: impl Into<String>, hint: Option<&'static str>) -> Self {
        let what = what.into();
        Self { what, hint }
    }
}

/// Whether a text means a place on the network rather than a path. The scheme counts in any case (RFC 3986, 3.1).
pub fn is_address(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| !scheme.eq_ignore_ascii_case("file"))
}

impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let text = text.trim();
        if text.len() > LENGTH_LIMIT {
            return Err(NoAddress::new(format!("is longer than {LENGTH_LIMIT} bytes"), None));
        }
        let wrong = || NoAddress::new("is not an address", Some("write https://HOST/PATH"));
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        match uri.scheme_str() {
            Some("http" | "https") => {}
            Some(_) => {
                return Err(NoAddress::new(
                    "has an unsupported scheme",
                    Some("use https:// or http://"),
                ));
            }
            None => return Err(wrong()),
        }
        if uri.host().is_none_or(str::is_empty) {
            return Err(wrong());
        }
        let text = text.to_owned();
        Ok(Self { text, uri })
    }
}

impl<'de> Deserialize<'de> for Address {
    /// Announces itself as a [`Secret`]: it may hold a password.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Secret::deserialize(deserializer)?;
        let address = text.expose().parse();
        address.map_err(|why: NoAddress| D::Error::custom(format!("this {why}")))
    }
}

impl Address {
    /// Whether what is sent and received is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// The address as it was written.
    pub fn written(&self) -> &str {
        &self.text
    }

    /// The address to ask, without user and password, which go into a header.
    pub fn bare(&self) -> String {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        format!("{}{path}", self.host())
    }

    /// The header that says who asks, where the address has a user in it (RFC 7617).
    pub fn authorization(&self) -> Option<Secret> {
        let authority = self.uri.authority()?.as_str();
        let (user, _) = authority.rsplit_once('@')?;
        let user = percent_decoded(user);
        Some(Secret::new(format!("Basic {}", Base64::encode_string(&user))))
    }

    /// The file `name` of a seed here: in place of `%s`, otherwise after the path, as in cloud-init.
    ///
    /// # Errors
    /// That would be no address.
    pub fn file(&self, name: &str) -> Result<Self, NoAddress> {
        let text = &self.text;
        if text.contains("%s") {
            return text.replace("%s", name).parse();
        }
        // With a query string it is the query's business to end right.
        let between = if text.contains('?') || text.ends_with('/') {
            ""
        } else {
            "/"
        };
        format!("{text}{between}{name}").parse()
    }

    /// The address of the signature: `.minisig` after the path.
    pub fn signature(&self) -> Self {
        let (path, query) = self.text.split_once('?').unwrap_or((&self.text, ""));
        let mark = if self.text.contains('?') { "?" } else { "" };
        // What was an address stays one with a longer path.
        format!("{path}.minisig{mark}{query}")
            .parse()
            .unwrap_or_else(|_| self.clone())
    }

    /// Whether both are the same server: scheme, host and port (RFC 6454).
    pub fn has_origin_of(&self, other: &Self) -> bool {
        self.origin() == other.origin()
    }

    fn origin(&self) -> (bool, String, u16) {
        let port = if self.is_encrypted() { 443 } else { 80 };
        let host = self.uri.host().unwrap_or_default().to_ascii_lowercase();
        (self.is_encrypted(), host, self.uri.port_u16().unwrap_or(port))
    }

    /// The address that a `Location` here means (RFC 3986, 5.2). A user in it is left out: the server knows none of ours.
    ///
    /// # Errors
    /// It is none.
    pub fn leads_to(&self, location: &str) -> Result<Self, NoAddress> {
        let location = location.trim().split('#').next().unwrap_or_default();
        let path = self.uri.path();
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let head = location.split(['/', '?']).next().unwrap_or_default();
        let whole = match location {
            "" => self.bare(),
            _ if head.contains(':') => location.to_owned(),
            _ if location.starts_with("//") => format!("{scheme}:{location}"),
            _ if location.starts_with('/') => format!("{}{location}", self.host()),
            _ if location.starts_with('?') => format!("{}{path}{location}", self.host()),
            _ => {
                let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
                format!("{}{directory}/{location}", self.host())
            }
        };
        let address: Self = whole.parse()?;
        let query = address.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{}{query}", address.host(), without_dots(address.uri.path())).parse()
    }

    /// Scheme, host and port.
    fn host(&self) -> String {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        format!("{scheme}://{host}")
    }
}

impl fmt::Display for Address {
    /// Without user, password and query, which may hold a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.host(), self.uri.path())?;
        match self.uri.query() {
            Some(_) => f.write_str("?…"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// A path without `.` and `..` (RFC 3986, 5.2.4).
fn without_dots(path: &str) -> String {
    let mut names = Vec::new();
    for name in path.split('/').skip(1) {
        match name {
            "." => {}
            ".." => _ = names.pop(),
            name => names.push(name),
        }
    }
    if path.ends_with("/.") || path.ends_with("/..") {
        names.push("");
    }
    format!("/{}", names.join("/"))
}

/// The text in a part of an address or of a form: all but letters, digits and `-._~` percent-encoded (RFC 3986, 2.3).
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Percent-encoded characters such as `%40`, decoded.
fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..2).filter(|_| *first == b'%');
        let code = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &behind[2..] } else { behind };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_an_address() {
        for (text, is) in [
            ("http://a/", true),
            ("HTTPS://a/", true),
            ("ftp://a/", true),
            ("file:///a", false),
            ("/a/b", false),
            ("a", false),
        ] {
            assert_eq!(is_address(text), is, "{text}");
        }
        for text in [
            "ftp://hunter2/",
            "/hunter2",
            "http://",
            "http:///hunter2",
            "http://hunter2 x/",
            "",
            "https:hunter2",
        ] {
            let why = text.parse::<Address>().unwrap_err().to_string();
            assert!(!why.contains("hunter2") && why.contains("http"), "{text}: {why}");
        }
        assert!(format!("http://a/{}", "x".repeat(5000)).parse::<Address>().is_err());
        assert!(address(" https://a/b\n").is_encrypted() && !address("http://a:80/b").is_encrypted());
    }

    #[test]
    fn what_is_secret_in_it_is_not_shown_and_not_asked_for() {
        let one = address("https://me:hunt%402@example.test:8443/seed/?token=hunter2");
        let shown = format!("{one} {one:?}");
        assert!(
            !shown.contains("hunt") && shown.contains("https://example.test:8443/seed/?…"),
            "{shown}"
        );
        assert_eq!(one.bare(), "https://example.test:8443/seed/?token=hunter2");
        let header = one.authorization().unwrap();
        assert_eq!(
            header.expose(),
            format!("Basic {}", Base64::encode_string(b"me:hunt@2"))
        );
        assert_eq!(address("https://example.test/").authorization(), None);
    }

    #[test]
    fn a_text_can_be_a_part_of_an_address() {
        let text = "i-1/a b?ü%&=+~";
        let encoded = percent_encoded(text);
        assert_eq!(encoded, "i-1%2Fa%20b%3F%C3%BC%25%26%3D%2B~");
        assert_eq!(percent_decoded(&encoded), text.as_bytes());
    }

    #[test]
    fn files_of_a_seed() {
        for (text, file) in [
            ("http://a/b", "http://a/b/meta-data"),
            ("http://a/b/", "http://a/b/meta-data"),
            ("http://a", "http://a/meta-data"),
            ("http://a/?file=", "http://a/?file=meta-data"),
            ("http://a/%s?x=1", "http://a/meta-data?x=1"),
        ] {
            assert_eq!(address(text).file("meta-data").unwrap().written(), file);
        }
    }

    #[test]
    fn where_a_redirection_leads() {
        let from: Address = "http://me:hunter2@h.example:8080/a/b?q".parse().unwrap();
        for (location, expected) in [
            ("/c", "http://h.example:8080/c"),
            ("c?d", "http://h.example:8080/a/c?d"),
            ("../../../c", "http://h.example:8080/c"),
            ("./", "http://h.example:8080/a/"),
            ("..", "http://h.example:8080/"),
            ("?r", "http://h.example:8080/a/b?r"),
            ("", "http://h.example:8080/a/b?q"),
            ("//other/c", "http://other/c"),
            ("https://you:hunter3@other/c#part", "https://other/c"),
            ("/c?to=http://x/../y", "http://h.example:8080/c?to=http://x/../y"),
        ] {
            assert_eq!(from.leads_to(location).unwrap().written(), expected, "{location}");
        }
        for location in ["ftp://x/", "file:///etc/shadow", "http://", "data:,x", "http://a b/"] {
            assert!(from.leads_to(location).is_err(), "{location}");
        }
        for (other, same) in [
            ("http://H.example:8080/x", true),
            ("http://you@h.example:8080/x", true),
            ("https://h.example:8080/", false),
            ("http://h.example/", false),
            ("http://h.example.evil:8080/", false),
        ] {
            assert_eq!(from.has_origin_of(&other.parse().unwrap()), same, "{other}");
        }
        let [a, b]: [Address; 2] = ["https://h/", "https://h:443/"].map(|text| text.parse().unwrap());
        assert!(a.has_origin_of(&b));
    }
}
