//! What a plain scalar means in YAML 1.1, as PyYAML's resolver takes it: `yes` is true, `0644` is 420, `1e3` is text.

use super::node::{Scalar, Tag};
use super::wrong::Ambiguous;

/// A scalar's meaning.
#[derive(Clone, Copy, PartialEq)]
pub enum Meaning<'a> {
    /// Nothing: `null`, `~` or an empty value.
    Null,
    /// `yes`, `On`, `true`, …
    Bool(bool),
    /// A whole number, octal, binary, hexadecimal and sexagesimal ones included.
    Int(i64),
    /// A number with a point.
    Float(f64),
    /// Anything else.
    Text(&'a str),
}

impl std::fmt::Debug for Meaning<'_> {
    /// Shows the kind only: it may be a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind())
    }
}

impl Meaning<'_> {
    /// What it is, in words for a message.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a string",
        }
    }
}

/// The meaning of `scalar`.
pub fn resolve(scalar: &Scalar) -> Meaning<'_> {
    let text = &**scalar.text;
    match (scalar.tag, scalar.plain) {
        (Some(Tag::Str | Tag::Binary), _) | (None, false) => Meaning::Text(text),
        (Some(Tag::Null), _) => Meaning::Null,
        _ => plain(text),
    }
}

/// The boolean that `text` spells in YAML 1.1, if any.
pub fn boolean(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// Whether `text` written plain is nothing.
pub fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn plain(text: &str) -> Meaning<'_> {
    if is_null(text) {
        Meaning::Null
    } else if let Some(value) = boolean(text) {
        Meaning::Bool(value)
    } else if let Some(value) = integer(text) {
        Meaning::Int(value)
    } else if let Some(value) = float(text) {
        Meaning::Float(value)
    } else {
        Meaning::Text(text)
    }
}

/// The whole number that `text` spells in YAML 1.1, if any and if it fits.
pub fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = unsigned(text);
    let magnitude = if let Some(rest) = digits.strip_prefix("0b") {
        radix(rest, 2)?
    } else if let Some(rest) = digits.strip_prefix("0x") {
        radix(rest, 16)?
    } else if digits.contains(':') {
        sexagesimal(digits)?
    } else if digits.len() > 1 && digits.starts_with('0') {
        radix(digits, 8)?
    } else if digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'_')
    {
        digits.replace('_', "").parse().ok()?
    } else {
        return None;
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// What of a number nobody expects who doesn't know YAML 1.1 by heart; `None` of a plain decimal, binary or hexadecimal one.
pub fn ambiguous(text: &str) -> Option<Ambiguous> {
    let digits = unsigned(text).1;
    if digits.contains(':') {
        return integer(text).map(Ambiguous::Sexagesimal);
    }
    let is_number = digits.len() > 1 && digits.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    (is_number && digits.starts_with('0')).then(|| Ambiguous::Octal(integer(text)))
}

fn radix(digits: &str, base: u32) -> Option<i64> {
    let clean = digits.replace('_', "");
    if clean.starts_with(['+', '-']) {
        return None;
    }
    i64::from_str_radix(&clean, base).ok()
}

/// `1:20` is 80: base 60, the first part not starting with 0, the others below 60.
fn sexagesimal(digits: &str) -> Option<i64> {
    let mut parts = digits.split(':');
    let first = parts.next()?;
    if !first.starts_with(|c: char| ('1'..='9').contains(&c)) {
        return None;
    }
    let first: i64 = radix(first, 10)?;
    parts.try_fold(first, |sum, part| {
        let well_formed = matches!(part.len(), 1 | 2) && part.bytes().all(|b| b.is_ascii_digit());
        let value: i64 = if well_formed { part.parse().ok()? } else { return None };
        if value > 59 {
            None
        } else {
            sum.checked_mul(60)?.checked_add(value)
        }
    })
}

fn float(text: &str) -> Option<f64> {
    let (negative, digits) = unsigned(text);
    let sign = if negative { -1.0 } else { 1.0 };
    match digits {
        ".inf" | ".Inf" | ".INF" => return Some(sign * f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" if digits == text => return Some(f64::NAN),
        _ => {}
    }
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        // PyYAML wants a sign in the exponent.
        Some((mantissa, exponent)) if exponent.starts_with(['+', '-']) => (mantissa, Some(exponent)),
        Some(_) => return None,
        None => (digits, None),
    };
    let (whole, fraction) = mantissa.split_once('.')?;
    let allowed = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let starts_well = whole.starts_with(|c: char| c.is_ascii_digit()) || (whole.is_empty() && !fraction.is_empty());
    if !starts_well || !allowed(whole) || !allowed(fraction) {
        return None;
    }
    let number = format!(
        "0{whole}.{fraction}0{}",
        exponent.map(|e| format!("e{e}")).unwrap_or_default()
    );
    number.replace('_', "").parse::<f64>().ok().map(|value| sign * value)
}

fn unsigned(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::{Value, parse};

    #[test]
    fn plain_scalars_mean_what_yaml_1_1_says() {
        let table: [(&str, Meaning<'_>); 20] = [
            ("yes", Meaning::Bool(true)),
            ("Off", Meaning::Bool(false)),
            ("oN", Meaning::Text("oN")),
            ("~", Meaning::Null),
            ("", Meaning::Null),
            ("0644", Meaning::Int(420)),
            ("0o644", Meaning::Text("0o644")),
            ("08", Meaning::Text("08")),
            ("1_000", Meaning::Int(1000)),
            ("0x1F", Meaning::Int(31)),
            ("-0b101", Meaning::Int(-5)),
            ("22:22", Meaning::Int(1342)),
            ("00:50:56:aa:bb:cc", Meaning::Text("00:50:56:aa:bb:cc")),
            ("1.10", Meaning::Float(1.1)),
            ("1e3", Meaning::Text("1e3")),
            ("1.5e+3", Meaning::Float(1500.0)),
            ("-.inf", Meaning::Float(f64::NEG_INFINITY)),
            ("1.2.3.4", Meaning::Text("1.2.3.4")),
            ("+", Meaning::Text("+")),
            ("10.0.0.1/24", Meaning::Text("10.0.0.1/24")),
        ];
        for (text, meaning) in table {
            assert!(plain(text) == meaning, "{text}");
        }
    }

    #[test]
    fn pyyaml_agrees() {
        let oracle = include_str!("../../../tests/oracles/yaml11-scalars.json");
        let cases: std::collections::BTreeMap<String, serde_json::Value> = serde_json::from_str(oracle).unwrap();
        assert!(!cases.is_empty());
        for (text, expected) in cases {
            let Some(want_type) = expected["type"].as_str() else {
                continue;
            };
            let want = &expected["value"];
            // Dates stay text, bytes are not wanted anywhere, and numbers beyond 64 bits are no configuration.
            let huge = want_type == "int" && want.as_i64().is_none();
            if matches!(want_type, "date" | "datetime" | "bytes") || huge {
                continue;
            }
            let parsed = parse(&text, 0).unwrap_or_else(|fault| panic!("{text}: {}", fault.message));
            let Some(node) = parsed.root else {
                assert_eq!(want_type, "NoneType", "{text}");
                continue;
            };
            let Value::Scalar(scalar) = &node.value else { continue };
            let same = match resolve(scalar) {
                Meaning::Null => want_type == "NoneType",
                Meaning::Bool(b) => want.as_bool() == Some(b),
                Meaning::Int(i) => want.as_i64() == Some(i) && want_type == "int",
                Meaning::Float(f) if !f.is_finite() => want_type == "float",
                Meaning::Float(f) => want_type == "float" && (want.as_f64().unwrap() - f).abs() < 1e-9,
                Meaning::Text(t) => want_type == "str" && want.as_str() == Some(t),
            };
            assert!(
                same,
                "{text}: PyYAML says {expected}, we say {}",
                resolve(scalar).kind()
            );
        }
    }
}
