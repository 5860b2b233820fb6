//! A MIME message (RFC 2045, RFC 2046): its parts, however they are nested and encoded.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use zeroize::Zeroizing;

use super::uuencoded;

/// One part of a message that is not itself made of parts.
#[derive(Debug)]
pub struct Part {
    /// Its media type, such as `text/cloud-config`; empty if it has none.
    pub media_type: String,
    /// Its filename.
    pub name: Option<String>,
    /// How it is merged with the parts before it: `Merge-Type`.
    pub merge: Option<String>,
    /// The number of the machine it is for: `Launch-Index`.
    pub launch_index: Option<i64>,
    /// Its content.
    pub body: Body,
    /// How many line breaks of the message come before its content.
    pub lines: usize,
}

/// What a part of a message holds.
#[derive(Debug)]
pub enum Body {
    /// These bytes of the message, as they are.
    Plain(std::ops::Range<usize>),
    /// The decoded bytes, and how they were decoded.
    Decoded(Zeroizing<Vec<u8>>, &'static str),
    /// It can't be decoded: why, as the end of a sentence, and what to do.
    Undecodable(String, &'static str),
}

/// How many bytes are searched for the header of a message, as in cloud-init.
const HEAD: usize = 4096;

/// What to do about a transfer encoding.
const ENCODE: &str = "use 8bit, quoted-printable or base64";

/// Whether bytes begin with the header of a MIME message: lines `Name: value` up to an empty one, one of them
/// `MIME-Version` or `Content-Type`.
pub fn is_message(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let head = bytes.get(..HEAD).unwrap_or(bytes).trim_ascii_start();
    let mut is_mime = false;
    for (number, line) in head.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii_end();
        let is_continued = number > 0 && line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        let is_envelope = number == 0 && line.starts_with(b"From ");
        if line.is_empty() || is_continued || is_envelope {
            if line.is_empty() {
                break;
            }
            continue;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return false;
        };
        let name = line.get(..colon).unwrap_or_default();
        if name.is_empty()
            || !name
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        {
            return false;
        }
        is_mime |= name.eq_ignore_ascii_case(b"mime-version") || name.eq_ignore_ascii_case(b"content-type");
    }
    is_mime
}

/// The parts of a message in order, and whether the message is complete. `None`: it can't be read.
pub fn parts(bytes: &[u8]) -> Option<(Vec<Part>, bool)> {
    let message = MessageParser::default().parse(bytes)?;
    let mut parts: Vec<&MessagePart<'_>> = message.parts.iter().collect();
    parts.retain(|part| !matches!(part.body, PartType::Multipart(_)));
    parts.sort_by_key(|part| part.offset_body);
    let parts = parts.into_iter().map(|part| read(part, bytes)).collect();
    Some((parts, is_complete(&message, bytes)))
}

/// Whether a message has its last boundary, if it has boundaries at all. Without it, the end is missing.
fn is_complete(message: &Message<'_>, bytes: &[u8]) -> bool {
    let boundary = message.content_type().and_then(|found| found.attribute("boundary"));
    let has_parts = message.parts.first().is_some_and(|part| part.is_multipart());
    let boundary = boundary.filter(|_| has_parts);
    boundary.is_none_or(|boundary| {
        let end = format!("--{boundary}--");
        bytes.windows(end.len()).any(|window| window == end.as_bytes())
    })
}

fn read(part: &MessagePart<'_>, bytes: &[u8]) -> Part {
    let range = part.offset_body as usize..part.offset_end as usize;
    let before = bytes.get(..range.start).unwrap_or_default();
    let header = |name: &str| header(part, bytes, name);
    let media_type = part.content_type().map(|found| match found.subtype() {
        Some(subtype) => format!("{}/{subtype}", found.ctype()),
        None => found.ctype().to_owned(),
    });
    Part {
        media_type: media_type.unwrap_or_default(),
        name: part.attachment_name().map(str::to_owned),
        merge: header("Merge-Type").or_else(|| header("X-Merge-Type")),
        launch_index: header("Launch-Index").and_then(|number| number.parse().ok()),
        lines: before.iter().filter(|byte| **byte == b'\n').count(),
        body: match part.content_type() {
            Some(found) if found.ctype().eq_ignore_ascii_case("multipart") => no_parts(found.attribute("boundary")),
            _ => body(part, header("Content-Transfer-Encoding"), bytes, range),
        },
    }
}

/// Why a multi-part message has no parts.
fn no_parts(boundary: Option<&str>) -> Body {
    let why = match boundary {
        Some(_) => "is multi-part, but the boundary that its header names is not in it",
        None => "is multi-part, but its header names no boundary",
    };
    let hint = "name the line between the parts in the header, as in Content-Type: multipart/mixed; boundary=\"…\"";
    Body::Undecodable(why.to_owned(), hint)
}

fn body(part: &MessagePart<'_>, encoding: Option<String>, bytes: &[u8], range: std::ops::Range<usize>) -> Body {
    let raw = bytes.get(range.clone()).unwrap_or_default();
    let decoded = |decoded: Option<Vec<u8>>, name: &str, how| match decoded {
        Some(decoded) => Body::Decoded(Zeroizing::new(decoded), how),
        None => Body::Undecodable(
            format!("has the Content-Transfer-Encoding {name}, but is not {name}"),
            ENCODE,
        ),
    };
    let written = encoding.unwrap_or_default().to_ascii_lowercase();
    match part.encoding {
        Encoding::Base64 => decoded(base64_decode(raw), "base64", "decoded from base64"),
        Encoding::QuotedPrintable => decoded(
            quoted_printable_decode(raw),
            "quoted-printable",
            "decoded from quoted-printable",
        ),
        Encoding::None if matches!(written.as_str(), "" | "7bit" | "8bit" | "binary") => Body::Plain(range),
        // The library's word for what it couldn't decode, too.
        Encoding::None if matches!(written.as_str(), "base64" | "quoted-printable") => decoded(None, &written, ""),
        Encoding::None if uuencoded::NAMES.contains(&written.as_str()) => {
            decoded(uuencoded::decode(raw), "uuencode", "decoded from uuencode")
        }
        Encoding::None => Body::Undecodable("has an unknown Content-Transfer-Encoding".to_owned(), ENCODE),
    }
}

/// The text of a header, unfolded; the first one counts.
fn header(part: &MessagePart<'_>, bytes: &[u8], name: &str) -> Option<String> {
    let found = part
        .headers
        .iter()
        .find(|header| header.name.as_str().eq_ignore_ascii_case(name))?;
    let raw = bytes.get(found.offset_start as usize..found.offset_end as usize)?;
    let text = std::str::from_utf8(raw).ok()?;
    Some(text.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_begins_with_its_header() {
        for (text, is) in [
            (
                "Content-Type: multipart/mixed; boundary=\"x\"\nMIME-Version: 1.0\n\n",
                true,
            ),
            ("From nobody Fri Nov 28\nSubject: x\nMIME-Version: 1.0\n\n", true),
            ("Content-Type: multipart/mixed;\n boundary=x\n\n", true),
            ("content-type: text/cloud-config\r\n\r\n#cloud-config\r\n", true),
            ("#cloud-config\nMIME-Version: 1.0\n", false),
            ("hostname: x\n\nMIME-Version: 1.0\n", false),
            ("hostname: x\nlist:\n- MIME-Version: 1.0\n", false),
            ("", false),
        ] {
            assert_eq!(is_message(text.as_bytes()), is, "{text:?}");
        }
    }

    #[test]
    fn parts_stand_in_their_order_however_they_are_nested() {
        let text = "Content-Type: multipart/mixed; boundary=o\nMIME-Version: 1.0\n\npreamble\n--o\n\
                    Content-Type: multipart/mixed; boundary=\"i\"\n\n--i\nContent-Type: text/cloud-config\n\
                    Merge-Type: list(append)+\n dict()\nContent-Disposition: attachment; filename=\"a.cfg\"\n\n\
                    a: 1\n--i\nContent-Type: text/x-shellscript; charset=\"utf-8\"\nContent-Transfer-Encoding: base64\n\
                    Launch-Index: 2\n\nIyEvYmluL3NoCg==\n--i--\n--o\nContent-Transfer-Encoding: quoted-printable\n\n\
                    b: =3D\n--o--\n";
        let (parts, is_complete) = parts(text.as_bytes()).unwrap();
        let shown: Vec<_> = parts
            .iter()
            .map(|part| {
                let body = match &part.body {
                    Body::Plain(range) => text[range.clone()].to_owned(),
                    Body::Decoded(bytes, _) => String::from_utf8(bytes.to_vec()).unwrap(),
                    Body::Undecodable(why, _) => why.clone(),
                };
                (part.media_type.as_str(), part.lines, body)
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("text/cloud-config", 13, "a: 1".to_owned()),
                ("text/x-shellscript", 19, "#!/bin/sh\n".to_owned()),
                ("", 24, "b: =".to_owned()),
            ]
        );
        assert_eq!(parts[0].name.as_deref(), Some("a.cfg"));
        assert_eq!(parts[0].merge.as_deref(), Some("list(append)+ dict()"));
        assert_eq!(parts[1].launch_index, Some(2));
        let (_, is_cut_complete) = super::parts(&text.as_bytes()[..text.len() - 8]).unwrap();
        assert!(is_complete && !is_cut_complete);
    }

    #[test]
    fn what_can_not_be_taken_apart_says_why() {
        for (text, words) in [
            (
                "Content-Type: multipart/mixed\n\n--x\n\na: 1\n--x--\n",
                "names no boundary",
            ),
            (
                "Content-Type: multipart/mixed; boundary=y\n\n--x\n\na: 1\n--x--\n",
                "that its header names is not in it",
            ),
            (
                "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n@@@\n",
                "but is not base64",
            ),
            (
                "Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode\n\nx\n",
                "but is not uuencode",
            ),
            (
                "Content-Type: text/plain\nContent-Transfer-Encoding: x-y\n\nx\n",
                "an unknown Content-Transfer-Encoding",
            ),
        ] {
            let (parts, is_complete) = super::parts(text.as_bytes()).unwrap();
            assert!(
                matches!(parts.as_slice(), [Part { body: Body::Undecodable(why, _), .. }] if why.contains(words)),
                "{text}: {parts:?}"
            );
            assert!(is_complete, "one thing is wrong: {text}");
        }
    }
}
