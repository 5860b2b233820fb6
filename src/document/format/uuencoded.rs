//! uuencode, an encoding of mail before MIME (uuencode(5)), which cloud-init takes as a Content-Transfer-Encoding.

/// Its names as a Content-Transfer-Encoding.
pub const NAMES: [&str; 4] = ["x-uuencode", "uuencode", "uue", "x-uue"];

/// The decoded bytes; `None` if it is not uuencode from `begin` to `end`.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut lines = text.split(|byte| *byte == b'\n').map(|line| line.trim_ascii_end());
    lines.find(|line| line.starts_with(b"begin "))?;
    let mut decoded = Vec::new();
    for line in lines {
        if line == b"end" {
            return Some(decoded);
        }
        let Some((length, digits)) = line.split_first() else {
            continue;
        };
        let length = usize::from(six_bits(*length)?);
        let bytes = digits.chunks(4).map(three_bytes).collect::<Option<Vec<_>>>()?;
        let bytes: Vec<u8> = bytes.into_iter().flatten().take(length).collect();
        if bytes.len() < length {
            return None;
        }
        decoded.extend(bytes);
    }
    None
}

/// Spaces at the end of a line get lost on the way.
fn three_bytes(digits: &[u8]) -> Option<[u8; 3]> {
    let digit = |at: usize| six_bits(digits.get(at).copied().unwrap_or(b' ')).map(u32::from);
    let all = digit(0)? << 18 | digit(1)? << 12 | digit(2)? << 6 | digit(3)?;
    let [_, bytes @ ..] = all.to_be_bytes();
    Some(bytes)
}

fn six_bits(digit: u8) -> Option<u8> {
    match digit {
        b' '..=b'`' => Some((digit - b' ') & 63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_uuencode_writes() {
        let whole = "begin 644 x\n=(V-L;W5D+6-O;F9I9PIH;W-T;F%M93H@=V5B,0H \n`\nend\n";
        for (text, decoded) in [
            ("begin 644 x\n#0V%T\n`\nend\n", Some(&b"Cat"[..])),
            ("begin 644 x\r\n#0V%T\r\n \r\nend\r\n", Some(b"Cat")),
            ("begin 644 x\n$0V%T\n`\nend\n", None),
            ("begin 644 x\n\"0V$\n`\nend\n", Some(b"Ca")),
            ("begin 644 x\n`\nend\n", Some(b"")),
            (whole, Some(b"#cloud-config\nhostname: web1\n")),
            ("begin 644 x\n#0V%T\n", None),
            ("#0V%T\n`\nend\n", None),
            ("begin 644 x\n#0v\u{7f}~\n`\nend\n", None),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), decoded, "{text:?}");
        }
    }
}
