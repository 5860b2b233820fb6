//! Why a template can't be rendered, in words of our own. The library's errors quote the template, which may hold secrets:
//! only a variable's name is shown.

use std::ops::Range;

use minijinja::{Error, ErrorKind};

use super::{Fault, V1};
use crate::document::advice::nearest;

/// What is wrong with the template `body`, as the library says it with `error`. `are_known`: all variables are.
pub(super) fn explain(error: &Error, body: &str, are_known: bool) -> Fault {
    let detail = error.detail().unwrap_or_default();
    let range = error.range().and_then(|range| trimmed(body, range));
    let named = |range: &Range<usize>| {
        body.get(range.clone())
            .is_some_and(|name| name.len() <= 100 && is_name(name))
    };
    let name = range.clone().filter(named);
    let (message, hint) = match error.kind() {
        ErrorKind::UndefinedError => {
            let asked = name.clone().and_then(|name| body.get(name));
            let is_known = asked.is_some_and(|asked| V1.contains(&asked.strip_prefix("v1.").unwrap_or(asked)));
            let asked = asked.map_or_else(|| "a variable".to_owned(), |asked| format!("`{asked}`"));
            match is_known {
                true => (
                    format!("the template uses {asked}, which this machine or its platform doesn't say"),
                    "add `| default('…')` to what may be missing".to_owned(),
                ),
                false => (
                    format!("the template uses {asked}, which doesn't exist"),
                    format!(
                        "{}use `v1.NAME` ({}), or `ds.meta_data.KEY` for a key of the meta-data; add `| default('…')` to what may \
                     be missing",
                        meant(&asked),
                        V1.join(", ")
                    ),
                ),
            }
        }
        ErrorKind::OutOfFuel => (
            "the template does too much".to_owned(),
            "simplify it: it may take 300,000 steps, and make 16 MiB of text".to_owned(),
        ),
        ErrorKind::SyntaxError => (
            format!("this is not valid Jinja: {}", unquoted(detail)),
            "check that each `{{` has its `}}`, and each `{% if %}` its `{% endif %}`".to_owned(),
        ),
        ErrorKind::UnknownFilter | ErrorKind::UnknownFunction | ErrorKind::UnknownTest | ErrorKind::UnknownMethod => (
            format!("the template uses something unknown: {}", unquoted(detail)),
            "use the filters, tests and functions that Jinja itself has".to_owned(),
        ),
        _ => (
            format!("the template can't be rendered: {}", unquoted(detail)),
            "check the expression in this line".to_owned(),
        ),
    };
    let of_line = || {
        let line = error.line().unwrap_or(1).saturating_sub(1);
        let mut starts = std::iter::once(0).chain(body.match_indices('\n').map(|(at, _)| at + 1));
        let start = starts.nth(line).unwrap_or(body.len());
        start..start
    };
    Fault {
        range: range.unwrap_or_else(of_line),
        name: name.map(|name| with_braces(body, name)),
        message: message.trim_end_matches([':', ' ']).to_owned(),
        hint: Some(hint),
        is_unsure: !are_known && is_about_values(error.kind()),
    }
}

/// Whether an error is about what a variable holds, rather than about the template.
fn is_about_values(kind: ErrorKind) -> bool {
    !matches!(
        kind,
        ErrorKind::SyntaxError
            | ErrorKind::OutOfFuel
            | ErrorKind::UndefinedError
            | ErrorKind::UnknownFilter
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownTest
    )
}

/// These bytes without the white space around them.
fn trimmed(body: &str, range: Range<usize>) -> Option<Range<usize>> {
    let text = body.get(range.clone())?;
    let start = range.start + (text.len() - text.trim_start().len());
    Some(start..start + text.trim().len())
}

/// A variable's name with the `{{` and `}}` around it, where it stands in them alone.
fn with_braces(body: &str, name: Range<usize>) -> Range<usize> {
    let before = body
        .get(..name.start)
        .map(str::trim_end)
        .and_then(|before| before.strip_suffix("{{"));
    let behind = body
        .get(name.end..)
        .map(str::trim_start)
        .and_then(|behind| behind.strip_prefix("}}"));
    match (before, behind) {
        (Some(before), Some(behind)) => before.len()..body.len() - behind.len(),
        _ => name,
    }
}

/// Which variable of `v1` may be meant by one that doesn't exist, as the beginning of a hint.
fn meant(asked: &str) -> String {
    let name = asked.trim_matches('`').rsplit('.').next().unwrap_or_default();
    let known: Vec<String> = V1.map(str::to_owned).into();
    let longer = V1.into_iter().find(|known| known.ends_with(&format!("_{name}")));
    match longer.or(nearest(name, &known)) {
        Some(near) => format!("did you mean `v1.{near}`? "),
        None => String::new(),
    }
}

/// Whether an expression is only the name of a variable.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
}

/// The text of an error up to the first quote, with the sign that may be in it: what else follows may be the document's.
fn unquoted(detail: &str) -> &str {
    let quote = detail.find(['"', '\'', '`']).unwrap_or(detail.len());
    let behind = detail.get(quote + 1..).unwrap_or_default();
    let signs = behind.len() - behind.trim_start_matches(|c: char| "{}()[]%,:.|".contains(c)).len();
    let is_sign = signs > 0
        && behind
            .get(signs..)
            .is_some_and(|rest| rest.starts_with(['"', '\'', '`']));
    let end = if is_sign { quote + signs + 2 } else { quote };
    detail.get(..end).unwrap_or_default().trim_end_matches([' ', ':'])
}
