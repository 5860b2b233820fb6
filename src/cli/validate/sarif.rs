//! Problems as SARIF 2.1.0 (OASIS), which CI systems show beside the line.

use serde_json::{Value, json};

use crate::cli::explain::explained;
use crate::document::{Code, Diagnostic};

/// The log of one run: each problem with the file in which it was found.
pub fn log<'a>(problems: impl Iterator<Item = (&'a str, &'a Diagnostic)>) -> Value {
    let results: Vec<Value> = problems.map(|(file, problem)| result(file, problem)).collect();
    let rules: Vec<Value> = Code::ALL.iter().copied().map(rule).collect();
    let driver = json!({"name": "firstlight", "version": env!("CARGO_PKG_VERSION"), "rules": rules});
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code,
        "shortDescription": {"text": code.gist()},
        "fullDescription": {"text": code.meaning()},
        "help": {"text": explained(code)},
    })
}

fn result(file: &str, problem: &Diagnostic) -> Value {
    let hint = problem
        .hint
        .as_ref()
        .map(|hint| format!(" ({hint})"))
        .unwrap_or_default();
    let mut text = format!("{}{hint}", problem.message);
    let mut place = json!({"artifactLocation": {"uri": uri(&problem.file)}});
    if !is_file(file, &problem.file) {
        // What is packed in a file has lines of its own.
        place["artifactLocation"]["uri"] = uri(file).into();
        text = format!("{}: {text}", problem.place());
    } else if problem.is_packed() && problem.line > 0 {
        text = format!(
            "line {}, column {} of the decoded text: {text}",
            problem.line, problem.column
        );
    } else if problem.line > 0 {
        place["region"] = json!({
            "startLine": problem.line,
            "startColumn": problem.column.max(1),
            "endColumn": problem.end_column().max(1),
        });
    }
    json!({
        "ruleId": problem.code,
        "level": problem.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    })
}

/// Whether a problem's place is `file` itself, or a file in this directory.
fn is_file(file: &str, place: &str) -> bool {
    let below = place.strip_prefix(file);
    below.is_some_and(|below| {
        below.is_empty() || (file.ends_with('/') || below.starts_with('/')) && !below.ends_with(')')
    })
}

/// A path as a URI reference (RFC 3986).
fn uri(path: &str) -> String {
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    let mut uri = scheme.to_owned();
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => uri.push(byte.into()),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_where_its_file_is() {
        for (file, place, uri, has_region) in [
            ("my docs/a.yaml", "my docs/a.yaml", "my%20docs/a.yaml", true),
            ("/a.yaml", "/a.yaml", "file:///a.yaml", true),
            ("seed", "seed/user-data", "seed/user-data", true),
            ("seed/", "seed/user-data", "seed/user-data", true),
            ("seed", "seeds/user-data", "seed", false),
            ("seed", "seed/user-data (part 1, decoded from base64)", "seed", false),
            ("a.mime", "a.mime (part 1, decoded from base64)", "a.mime", false),
            ("s.iso", "s.iso:user-data", "s.iso", false),
        ] {
            let mut problem = Diagnostic::whole(place, "wrong", None);
            (problem.line, problem.column) = (2, 3);
            let result = result(file, &problem);
            let at = &result["locations"][0]["physicalLocation"];
            assert_eq!(at["artifactLocation"]["uri"], uri, "{place}");
            assert_eq!(at.get("region").is_some(), has_region, "{place}");
            let says_where = result["message"]["text"]
                .as_str()
                .unwrap()
                .starts_with(&format!("{place}:2:3: "));
            assert_ne!(says_where, has_region, "{place}");
        }
    }
}
