//! Text that is safe to show: values whose names say they are secrets, and passwords in URLs, are masked.
//!
//! This is for text that firstlight did not produce and that is not a [`Secret`](super::Secret) as a whole: files in a
//! diff, untyped options of the document, a program's output. It relies on names (`token`, `--password`,
//! `"splunk-token"`), so it misses a secret without such a name. Line breaks are preserved.

mod json;
mod pem;
mod words;

use std::borrow::Cow;
use std::ops::Range;

use crate::vocabulary::MASK;

/// Whether the name of a key, option or variable says that its value is a secret.
pub fn names_a_secret(name: &str) -> bool {
    /// The parts of names that say so, by their first letter.
    fn parts(first: u8) -> &'static [&'static str] {
        match first {
            b'a' => &["apikey", "accesskey", "authkey"],
            b'c' => &["credential"],
            b'p' => &["pass", "pwd", "private", "psk", "preshared"],
            b's' => &["secret"],
            b't' => &["token"],
            _ => &[],
        }
    }
    const WHOLE: [&str; 4] = ["auth", "auths", "authorization", "proxyauthorization"];
    // Each word of each text that is shown comes by here: nothing is copied.
    let letters = name.bytes().filter(|byte| !matches!(byte, b'-' | b'_' | b'.'));
    let mut plain = letters.map(|byte| byte.to_ascii_lowercase());
    let is = |word: &str| plain.clone().eq(word.bytes());
    // A tag of sudoers(5), and a flag of docker.
    if is("nopasswd") || is("passwordstdin") {
        return false;
    }
    if WHOLE.into_iter().any(is) {
        return true;
    }
    while let Some(first) = plain.next() {
        let rest_is = |part: &&str| plain.clone().take(part.len() - 1).eq(part.bytes().skip(1));
        if parts(first).iter().any(rest_is) {
            return true;
        }
    }
    false
}

/// What stands before the secret in `Authorization`.
const SCHEMES: [&str; 4] = ["bearer", "basic", "token", "digest"];

/// The text with secrets masked.
pub fn redact(text: &str) -> Cow<'_, str> {
    let spans = secrets(text);
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    let mut from = 0;
    for span in spans {
        shown.push_str(text.get(from..span.start).unwrap_or_default());
        shown.push_str(MASK);
        from = span.end;
    }
    shown.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(shown)
}

/// Where the secrets of a text are: in order, without overlaps, none across a line break.
pub fn secrets(text: &str) -> Vec<Range<usize>> {
    let is_json = || serde_json::from_str::<serde::de::IgnoredAny>(text.trim_start_matches('\u{feff}')).is_ok();
    let found = if text.contains(['{', '[']) && is_json() {
        json::secrets(text)
    } else {
        let mut found: Vec<_> = lines(text)
            .flat_map(|(at, line)| shifted(line_secrets(line), at))
            .collect();
        found.extend(pem::private_keys(text));
        found.extend(on_lines_below(text));
        found
    };
    joined(found)
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split('\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        (start, line)
    })
}

fn shifted(spans: Vec<Range<usize>>, by: usize) -> impl Iterator<Item = Range<usize>> {
    spans.into_iter().map(move |span| span.start + by..span.end + by)
}

fn joined(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.retain(|span| !span.is_empty());
    spans.sort_by_key(|span| span.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    joined
}

fn line_secrets(line: &str) -> Vec<Range<usize>> {
    let mut found = assigned(line);
    // A password in an address is before the `@` of its host.
    if line.contains('@') {
        found.extend(url_passwords(line));
        found.extend(passwords_without_scheme(line));
    }
    found.extend(words::secrets(line));
    found
}

/// `scheme://user:PASSWORD@host`. The password extends to the last `@`, because people don't escape theirs.
fn url_passwords(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    let last = line.rfind('@');
    while let Some(at) = line.get(from..).and_then(|rest| rest.find("://")) {
        let start = from + at + "://".len();
        let rest = line.get(start..).unwrap_or_default();
        let word = rest.find(ends_word).unwrap_or(rest.len());
        let is_alone = !line.get(..from + at).unwrap_or_default().contains(ends_word);
        let last = last.and_then(|last| last.checked_sub(start));
        let length = userinfo(rest, word, last, is_alone);
        let user = rest.get(..length).unwrap_or_default();
        if let Some(colon) = user.find(':') {
            found.push(start + colon + 1..start + length);
        }
        from = start + word.max(length);
    }
    found
}

/// `user:PASSWORD@host`, as in a proxy setting. Email addresses and image digests don't count.
fn passwords_without_scheme(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for word in line.split_inclusive(ends_word) {
        let at = start;
        start += word.len();
        let Some((before, host)) = word.rsplit_once('@') else {
            continue;
        };
        let is_else = before.contains("://") || before.starts_with("mailto:") || host.starts_with("sha256:");
        if let Some(colon) = before.find(':').filter(|colon| *colon > 0 && !is_else) {
            found.push(at + colon + 1..at + before.len());
        }
    }
    found
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>')
}

/// The length of the `user:password` at the start of `rest`. It may contain blanks and quotes, unless a port follows
/// the first colon. `word`: where the first blank or quote is. `last`: where the last `@` is. `is_alone`: the URL is
/// the first word of the line.
fn userinfo(rest: &str, word: usize, last: Option<usize>, is_alone: bool) -> usize {
    let within = rest.get(..word).and_then(|word| word.rfind('@'));
    let beyond = last.filter(|at| *at > word);
    let Some((user, behind)) = rest.split_once(':') else {
        return within.unwrap_or(0);
    };
    let port = behind.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_port = port.len() < behind.len() && port.chars().next().is_none_or(|c| ends_word(c) || "/?#,;".contains(c));
    let is_user = !user.contains(|c| ends_word(c) || matches!(c, '/' | '@' | '?'));
    match beyond {
        Some(beyond) if is_user && (is_alone || !is_port) => beyond,
        _ => within.unwrap_or(0),
    }
}

/// `NAME=VALUE`, `NAME: VALUE`, `--NAME VALUE`, where the name is that of a secret. A quoted value ends with its quote.
/// If the name starts the line, the value is the rest of the line. Other values end with the word.
fn assigned(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut at = 0;
    while let Some(skipped) = line.get(at..).and_then(|rest| rest.find(is_name)) {
        let start = at + skipped;
        let rest = line.get(start..).unwrap_or_default();
        let name = rest
            .get(..rest.find(|c| !is_name(c)).unwrap_or(rest.len()))
            .unwrap_or_default();
        at = start + name.len();
        if !names_a_secret(name) {
            continue;
        }
        if let Some(value) = value_of(line, start..at) {
            at = at.max(value.end);
            found.push(value);
        }
    }
    found
}

/// The value assigned to the name at `name`, if there is one and it isn't just yes or no.
fn value_of(line: &str, name: Range<usize>) -> Option<Range<usize>> {
    // The name may be quoted, as JSON keys are.
    let behind = line.get(name.end..)?.trim_start_matches(['"', '\'']);
    let trimmed = behind.trim_start();
    let (value, separator) = match trimmed.strip_prefix(['=', ':']) {
        Some(value) => (value, true),
        None if line.get(name.clone())?.starts_with("--") && trimmed.len() < behind.len() => (trimmed, false),
        None if is_alone(line, &name) => (trimmed, false),
        None => return None,
    };
    let value = value.trim_start();
    let start = line.len() - value.len();
    let begins_line = line
        .get(..name.start)?
        .chars()
        .all(|c| c.is_whitespace() || matches!(c, '-' | '"' | '\'' | '{'));
    let (start, length) = match value.chars().next()? {
        quote @ ('"' | '\'') => {
            let inner = value.get(1..)?;
            (start + 1, closing_quote(inner, quote).unwrap_or(inner.trim_end().len()))
        }
        _ if separator && begins_line => (start, value.trim_end().len()),
        _ => {
            let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'');
            let word = |text: &str| text.find(ends).unwrap_or(text.len());
            // `Bearer TOKEN`: the scheme is none (RFC 9110, 11.1).
            let scheme = SCHEMES.iter().find_map(|scheme| {
                let rest = value.get(scheme.len()..)?;
                let is_it = value.get(..scheme.len())?.eq_ignore_ascii_case(scheme);
                (is_it && rest.starts_with(' ')).then_some(scheme.len() + 1)
            });
            let skipped = scheme.unwrap_or(0);
            (start, skipped + word(value.get(skipped..)?))
        }
    };
    let text = line.get(start..start + length)?;
    let harmless = matches!(
        text.to_ascii_lowercase().as_str(),
        "" | "yes" | "no" | "true" | "false" | "on" | "off" | "null" | "none"
    );
    (!harmless && text != MASK).then_some(start..start + length)
}

/// The values that stand on the lines below the name of a secret, indented further than it: `password =`, and in the next
/// line the password; also a YAML block.
fn on_lines_below(text: &str) -> Vec<Range<usize>> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    // The keys of an item of a list begin behind its `- `.
    let indent_of_name = |line: &str| line.len() - line.trim_start_matches([' ', '\t', '-']).len();
    let mut found = Vec::new();
    // How far the name is indented whose value goes on.
    let mut name = None;
    for (at, line) in lines(text) {
        let is_value = name.is_some_and(|name| indent(line) > name);
        match line.trim() {
            "" => {}
            value if is_value => found.push(at + indent(line)..at + indent(line) + value.len()),
            _ => name = awaits_its_value(line).then(|| indent_of_name(line)),
        }
    }
    found
}

/// Whether a line ends with the name of a secret and `=` or `:`, and what YAML and shells have there for a value below.
fn awaits_its_value(line: &str) -> bool {
    let mut before = line
        .trim_end()
        .trim_end_matches(['\\', '+', '-'])
        .trim_end_matches(['|', '>'])
        .trim_end();
    before = match before.strip_suffix(['=', ':']) {
        Some(before) => before.trim_end().trim_end_matches(['"', '\'']),
        None => return false,
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    names_a_secret(before.rsplit(|c| !is_name(c)).next().unwrap_or_default())
}

/// Whether a line is the name of a secret and one word: `requirepass hunter2`. More words are prose, and a name that only
/// begins like one (`PASS_MAX_DAYS 90`) has another value.
fn is_alone(line: &str, name: &Range<usize>) -> bool {
    const ENDS: [&str; 8] = [
        "pass",
        "passwd",
        "password",
        "pwd",
        "secret",
        "token",
        "psk",
        "passphrase",
    ];
    let name_ends = |name: &str| ENDS.iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    let mut words = line.split_whitespace();
    line.get(name.clone())
        .is_some_and(|name| words.next() == Some(name) && name_ends(name))
        && words.count() == 1
}

/// Where the string that began with `quote` ends. Escaped quotes don't end it.
fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_called_a_secret_is_masked_and_nothing_else() {
        let table = [
            ("plain", "plain"),
            ("Authorization: Bearer hunter2", "Authorization: (secret)"),
            (
                "curl -H 'Authorization: Bearer hunter2' https://x",
                "curl -H 'Authorization: (secret)' https://x",
            ),
            ("curl -H Authorization:Bearer x", "curl -H Authorization:(secret)"),
            (
                "docker login -u bob -p hunter2 reg.example",
                "docker login -u bob -p (secret) reg.example",
            ),
            ("docker run -p 80:80 login", "docker run -p 80:80 login"),
            ("docker run -p 80:80 nginx", "docker run -p 80:80 nginx"),
            (
                "tailscale up --authkey=hunter2 --ssh",
                "tailscale up --authkey=(secret) --ssh",
            ),
            ("tailscale up --auth-key hunter2", "tailscale up --auth-key (secret)"),
            (
                "'tailscale' 'up' '--authkey' 'hunter2'",
                "'tailscale' 'up' '--authkey' '(secret)'",
            ),
            ("echo \"user:hunter2\" | chpasswd", "echo \"user:(secret)\" | chpasswd"),
            (
                "echo hunter2 | /usr/sbin/passwd --stdin amy",
                "echo (secret) | /usr/sbin/passwd --stdin amy",
            ),
            (
                "echo hunter2 | docker login --password-stdin reg",
                "echo (secret) | docker login --password-stdin reg",
            ),
            ("mysql -uroot -phunter2 -e 'x'", "mysql -uroot -p(secret) -e 'x'"),
            ("mysql -p x", "mysql -p x"),
            ("usermod -p hunter2 root", "usermod -p (secret) root"),
            (
                "sudo cloudflared service install hunter2",
                "sudo cloudflared service install (secret)",
            ),
            ("requirepass hunter2", "requirepass (secret)"),
            ("PASSWORD\thunter2", "PASSWORD\t(secret)"),
            ("  secret hunter2", "  secret (secret)"),
            ("password is required", "password is required"),
            ("PASS_MAX_DAYS 90", "PASS_MAX_DAYS 90"),
            ("PasswordAuthentication no", "PasswordAuthentication no"),
            ("http://user:hunter2@proxy:3128/", "http://user:(secret)@proxy:3128/"),
            ("http://user:hun@ter2@proxy/ x", "http://user:(secret)@proxy/ x"),
            ("http://user:hun/ter2@proxy", "http://user:(secret)@proxy"),
            ("a=http://u:hunter2@a,http://v:hunter2@b", "a=http://u:(secret)@b"),
            ("ssh://git@example.test:22/x", "ssh://git@example.test:22/x"),
            ("http://example.test:8080/a", "http://example.test:8080/a"),
            ("http://u:hunt'er2@p:1", "http://u:(secret)@p:1"),
            ("proxy http://u:hunt er\"2@p:1/x y", "proxy http://u:(secret)@p:1/x y"),
            ("http://u:12 34@p", "http://u:(secret)@p"),
            ("u:hunter2@proxy:3128", "u:(secret)@proxy:3128"),
            ("https_proxy=u:hun@ter2@p", "https_proxy=u:(secret)@p"),
            (
                "{\"https-proxy\": \"u:hunter2@p\"}",
                "{\"https-proxy\": \"u:(secret)@p\"}",
            ),
            (
                "mailto:amy@example.test, git@example.test:a/b",
                "mailto:amy@example.test, git@example.test:a/b",
            ),
            ("image: nginx:1.27@sha256:00ff", "image: nginx:1.27@sha256:00ff"),
            (
                "see http://example.test:8080/a and write to a@example.test",
                "see http://example.test:8080/a and write to a@example.test",
            ),
            (
                "see http://example.test, and b: c@example.test",
                "see http://example.test, and b: c@example.test",
            ),
            ("[\"http://u:hunt'er2@p\", \"a@b\"", "[\"http://u:(secret)@b\""),
            (
                "curl -fsS -u amy:hunter2 https://x",
                "curl -fsS -u amy:(secret) https://x",
            ),
            ("[curl, --user=amy:hunter2, x]", "[curl, --user=amy:(secret), x]"),
            (
                "/usr/bin/curl --proxy-user 'amy:hunter2'",
                "/usr/bin/curl --proxy-user 'amy:(secret)'",
            ),
            ("sort -u amy:x", "sort -u amy:x"),
            (
                "machine example.test login amy password hunter2",
                "machine example.test login amy password (secret)",
            ),
            ("  password hunter2", "  password (secret)"),
            ("password =\n  hunter2\nuser = a", "password =\n  (secret)\nuser = a"),
            (
                "a:\n  token: |-\n    hunter2\n\n    hunter3 x\n  b: c",
                "a:\n  token: (secret)\n    (secret)\n\n    (secret)\n  b: c",
            ),
            ("password:\n- a", "password:\n- a"),
            ("- password:\n    hunter2\n  b: c", "- password:\n    (secret)\n  b: c"),
            ("the password:\n see below", "the password:\n (secret)"),
            ("a password prompt", "a password prompt"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n  hunter3\n-----END RSA PRIVATE KEY-----\nx",
                "-----BEGIN RSA PRIVATE KEY-----\n(secret)\n  (secret)\n-----END RSA PRIVATE KEY-----\nx",
            ),
            (
                "  -----BEGIN OPENSSH PRIVATE KEY-----\n  hunter2",
                "  -----BEGIN OPENSSH PRIVATE KEY-----\n  (secret)",
            ),
            (
                "k = '-----BEGIN PRIVATE KEY-----\\nhunter2\\n-----END PRIVATE KEY-----'",
                "k = '-----BEGIN PRIVATE KEY-----(secret)-----END PRIVATE KEY-----'",
            ),
            (
                "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
                "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            ),
            (
                "Environment=API_TOKEN=hunter2 HOME=/root",
                "Environment=API_TOKEN=(secret) HOME=/root",
            ),
            ("Password=correct horse", "Password=(secret)"),
            ("  - password: correct horse  ", "  - password: (secret)  "),
            ("psk=\"correct \\\"horse\" # x", "psk=\"(secret)\" # x"),
            ("run --token hunter2 --name a", "run --token (secret) --name a"),
            ("run --api-key=hunter2,b", "run --api-key=(secret),b"),
            ("PasswordAuthentication no", "PasswordAuthentication no"),
            ("password_authentication: false", "password_authentication: false"),
            ("passwd: files systemd", "passwd: (secret)"),
            ("the password of root", "the password of root"),
            ("{\"a\": 1}", "{\"a\": 1}"),
            (
                "{\"token\": \"hun\\\"ter2\", \"b\": 2}",
                "{\"token\": \"(secret)\", \"b\": 2}",
            ),
            (
                "{\"auths\": {\"a\": [\"hunter2\", 7, true]}, \"b\": 2}",
                "{\"auths\": {\"(secret)\": [\"(secret)\", (secret), true]}, \"b\": 2}",
            ),
            ("{\"token\": {}, \"b\": [\"x\"]}", "{\"token\": {}, \"b\": [\"x\"]}"),
            (
                "{\"m\": [\"https://u:hunter2@m\"]}",
                "{\"m\": [\"https://u:(secret)@m\"]}",
            ),
            (
                "{\n  \"secret\": -1.5e3,\n  \"c\": 2\n}\n",
                "{\n  \"secret\": (secret),\n  \"c\": 2\n}\n",
            ),
        ];
        for (text, shown) in table {
            assert_eq!(redact(text), shown, "{text}");
            assert_eq!(redact(shown).lines().count(), text.lines().count());
        }
    }

    #[test]
    fn names() {
        for name in [
            "password",
            "PASSWD",
            "splunk-token",
            "API_KEY",
            "api.key",
            "private_key",
            "auth",
            "aws-secret",
        ] {
            assert!(names_a_secret(name), "{name}");
        }
        for name in [
            "hostname",
            "log-driver",
            "authorized_keys",
            "Authorization-Plugins",
            "keys",
            "mirrors",
        ] {
            assert!(!names_a_secret(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_keeps_its_lines(text in "([a-z:/@\"'{}\\[\\],=\\\\\n -]|password|token|é){0,60}") {
            let shown = redact(&text);
            prop_assert_eq!(shown.matches('\n').count(), text.matches('\n').count());
        }

        #[test]
        fn no_value_below_a_secrets_name_is_left(value in "[A-Z]{6,12}", depth in 0_usize..4) {
            let mut inner = serde_json::json!([value.clone(), {"k": value.clone()}]);
            for _ in 0..depth {
                inner = serde_json::json!({"x": [inner]});
            }
            let text = serde_json::to_string_pretty(&serde_json::json!({"a": 1, "token": inner, "b": "c"})).unwrap();
            let shown = redact(&text);
            prop_assert!(!shown.contains(&value) && shown.contains("\"b\": \"c\""));
        }
    }
}
