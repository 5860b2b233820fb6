//! `final_message`: what the console says when all is done.

use serde::Deserialize;

use super::code::Code;
use super::problem::{Check, Problems};

/// The most bytes of a message.
const LENGTH_MAX: usize = 4096;

/// The first line of a message whose variables are written as in Jinja.
const JINJA: &str = "## template: jinja";

/// `final_message`: a text with `$UPTIME`, `$TIMESTAMP`, `$VERSION` and `$DATASOURCE`, as cloud-config has it.
///
/// ```yaml
/// final_message: "The machine is ready after $UPTIME seconds"
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("maxLength" = 4096)))]
pub struct FinalMessage(Vec<Piece>);

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// What is only known in the end.
    Variable(Variable),
    /// A name that stands for nothing; said as it is written.
    Unknown(String),
}

/// What is only known in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// How long the machine has been up, in seconds.
    Uptime,
    /// The time, as in a mail.
    Timestamp,
    /// firstlight's version.
    Version,
    /// The source of the document.
    Datasource,
}

impl FinalMessage {
    /// The message in parts.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }
}

impl Variable {
    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "uptime" => Some(Self::Uptime),
            "timestamp" => Some(Self::Timestamp),
            "version" => Some(Self::Version),
            "datasource" => Some(Self::Datasource),
            _ => None,
        }
    }
}

impl Check for FinalMessage {
    fn check(&self, problems: &mut Problems<'_>) {
        for piece in &self.0 {
            if let Piece::Unknown(written) = piece {
                problems.of(Code::NoEffect).warning(
                    &[],
                    format!("`{written}` is said as it is"),
                    Some("the variables are $UPTIME, $TIMESTAMP, $VERSION and $DATASOURCE"),
                );
            }
        }
    }
}

impl TryFrom<String> for FinalMessage {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() > LENGTH_MAX {
            return Err(format!("the message has at most {LENGTH_MAX} bytes"));
        }
        if let Some(bad) = text
            .chars()
            .find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        {
            return Err(format!("`{}` is not allowed in the message", bad.escape_debug()));
        }
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        Ok(Self(match first.trim_end() == JINJA {
            true => split(rest.trim_end(), in_braces),
            false => split(text.trim_end(), behind_dollar),
        }))
    }
}

/// The message in parts. `find`: the next variable in a text, as its place, its length and its name.
fn split(mut text: &str, find: fn(&str) -> Option<(usize, usize, &str)>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    while let Some((at, length, name)) = find(text) {
        if at > 0 {
            pieces.push(Piece::Text(text[..at].to_owned()));
        }
        pieces.push(match Variable::named(name) {
            Some(variable) => Piece::Variable(variable),
            None => Piece::Unknown(text[at..at + length].to_owned()),
        });
        text = &text[at + length..];
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
    pieces
}

/// The next `$NAME` or `${NAME}` in a text, as cloud-init's templates have them: its place, its length and its name.
pub(super) fn behind_dollar(text: &str) -> Option<(usize, usize, &str)> {
    for (at, _) in text.match_indices('$') {
        let rest = &text[at + 1..];
        let (open, name) = match rest.strip_prefix('{') {
            Some(inner) => (2, inner.split_once('}').map_or("", |(name, _)| name)),
            None => (0, rest),
        };
        let length = name
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        let is_whole = open == 0 || length == name.len();
        if length > 0 && is_whole && !name.starts_with(|c: char| c.is_ascii_digit()) {
            return Some((at, 1 + open + length, &name[..length]));
        }
    }
    None
}

/// `{{ name }}`.
fn in_braces(text: &str) -> Option<(usize, usize, &str)> {
    let at = text.find("{{")?;
    let inner = &text[at + 2..];
    let end = inner.find("}}")?;
    Some((at, end + 4, inner[..end].trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Diagnostic, Document, Texts};

    /// The message with its variables in angle brackets, or what is said of it.
    fn read(message: &str) -> (String, Vec<String>) {
        let yaml = serde_json::json!({ "final_message": message }).to_string();
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        let said = document.diagnostics.iter().map(Diagnostic::in_one_line).collect();
        let pieces = document
            .config
            .final_message
            .iter()
            .flat_map(|message| message.pieces());
        let shown = pieces.map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable(variable) => format!("<{variable:?}>"),
            Piece::Unknown(written) => format!("<?{written}>"),
        });
        (shown.collect(), said)
    }

    #[test]
    fn variables_are_those_of_cloud_init() {
        for (message, shown) in [
            ("done $UPTIME {{uptime}}", "done <Uptime> {{uptime}}"),
            ("${timestamp}s, $version.", "<Timestamp>s, <Version>."),
            (
                "## template: jinja\n{{ datasource }}: {{UPTIME}}\n",
                "<Datasource>: <Uptime>",
            ),
            ("100 $, $5 and ${}\n", "100 $, $5 and ${}"),
            ("é$UPTIMEé", "é<Uptime>é"),
            ("a\n\tb\n\n", "a\n\tb"),
        ] {
            assert_eq!(read(message), (shown.to_owned(), vec![]), "{message}");
        }
    }

    #[test]
    fn what_stands_for_nothing_is_told_and_what_a_terminal_obeys_refused() {
        for (message, words) in [
            ("up $UPTIMES", "`$UPTIMES` is said as it is"),
            (
                "## template: jinja\n{{ v1.region }}",
                "`{{ v1.region }}` is said as it is",
            ),
            ("\u{1b}[2J", "is not allowed in the message"),
            (&"a".repeat(LENGTH_MAX + 1), "at most 4096 bytes"),
        ] {
            let (_, said) = read(message);
            assert!(said.len() == 1 && said[0].contains(words), "{message}: {said:?}");
        }
    }
}
