//! What `validate --format sarif` prints is SARIF 2.1.0.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::program::{firstlight, firstlight_in};
use support::tree::place;

/// What the standard requires of the objects that we write, and the names it has for their properties
/// (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/>).
fn standard() -> Value {
    let object = |required: &[&str], properties: Value| json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false});
    let message = object(&["text"], json!({"text": {"type": "string", "minLength": 1}}));
    let number = json!({"type": "integer", "minimum": 1});
    let region = object(
        &[],
        json!({"startLine": number, "startColumn": number, "endColumn": number}),
    );
    let artifact = object(&[], json!({"uri": {"type": "string", "format": "uri-reference"}}));
    let physical = object(
        &["artifactLocation"],
        json!({"artifactLocation": artifact, "region": region}),
    );
    let location = object(&[], json!({"physicalLocation": physical}));
    let result = object(
        &["message"],
        json!({
            "ruleId": {"type": "string"},
            "level": {"enum": ["none", "note", "warning", "error"]},
            "message": message,
            "locations": {"type": "array", "items": location},
        }),
    );
    let rule = object(
        &["id"],
        json!({"id": {"type": "string"}, "shortDescription": message, "fullDescription": message, "help": message}),
    );
    let rules = json!({"type": "array", "uniqueItems": true, "items": rule});
    let text = json!({"type": "string"});
    let driver = object(&["name"], json!({"name": text, "version": text, "rules": rules}));
    let run = object(
        &["tool"],
        json!({
            "tool": object(&["driver"], json!({"driver": driver})),
            "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            "results": {"type": "array", "items": result},
        }),
    );
    object(
        &["version", "runs"],
        json!({"$schema": {"type": "string", "format": "uri"}, "version": {"const": "2.1.0"}, "runs": {"type": "array", "items": run}}),
    )
}

#[test]
fn problems_are_sarif_with_file_line_column_and_rule() {
    let desk = place();
    fs::write(
        desk.path().join("a.yaml"),
        "hostnme: web1\nroot: {password: “hunter2”}\n",
    )
    .unwrap();
    fs::write(desk.path().join("b.yaml"), "hostname: web1\n").unwrap();
    let said = firstlight_in(desk.path(), &["validate", "--format", "sarif", "a.yaml", "b.yaml"]);
    assert_eq!(said.status, 65, "{}", said.stderr);
    assert!(!said.stdout.contains("hunter2"));
    let log: Value = serde_json::from_str(&said.stdout).unwrap();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&standard())
        .unwrap();
    let wrong: Vec<String> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let run = &log["runs"][0];
    let rules: Vec<&str> = run["tool"]["driver"]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["id"].as_str().unwrap())
        .collect();
    let results = run["results"].as_array().unwrap();
    let found: Vec<_> = results
        .iter()
        .map(|result| {
            let place = &result["locations"][0]["physicalLocation"];
            assert!(rules.contains(&result["ruleId"].as_str().unwrap()));
            (
                &result["ruleId"],
                &result["level"],
                &place["artifactLocation"]["uri"],
                &place["region"],
            )
        })
        .collect();
    assert_eq!(
        json!(found),
        json!([
            ["unknown-key", "error", "a.yaml", {"startLine": 1, "startColumn": 1, "endColumn": 8}],
            ["smart-quote", "warning", "a.yaml", {"startLine": 2, "startColumn": 18, "endColumn": 27}],
        ])
    );
    let first = results[0]["message"]["text"].as_str().unwrap();
    assert_eq!(first, "unknown key `hostnme` (did you mean `hostname`?)");

    let valid = firstlight_in(desk.path(), &["validate", "--format", "sarif", "b.yaml"]);
    let log: Value = serde_json::from_str(&valid.stdout).unwrap();
    assert_eq!((valid.status, &log["runs"][0]["results"]), (0, &json!([])));
}

#[test]
fn a_line_that_is_not_in_the_file_is_no_region_of_it() {
    let desk = place();
    // `hostnme: web1\nhostname: web2\n`, in base64.
    fs::write(desk.path().join("a.b64"), "aG9zdG5hbWU6IHdlYjIKaG9zdG5tZTogd2ViMQo=\n").unwrap();
    fs::create_dir(desk.path().join("seed")).unwrap();
    fs::copy(desk.path().join("a.b64"), desk.path().join("seed/user-data")).unwrap();
    fs::write(desk.path().join("seed/meta-data"), "").unwrap();
    for (document, uri) in [("a.b64", "a.b64"), ("seed", "seed/user-data")] {
        let said = firstlight_in(desk.path(), &["validate", "--format", "sarif", document]);
        let log: Value = serde_json::from_str(&said.stdout).unwrap();
        let result = &log["runs"][0]["results"][0];
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place, &json!({"artifactLocation": {"uri": uri}}));
        let text = result["message"]["text"].as_str().unwrap();
        assert!(
            text.starts_with("line 2, column 1 of the decoded text: unknown key `hostnme`"),
            "{text}"
        );
    }
}

#[test]
fn only_problems_of_documents_are_sarif() {
    for command in ["plan", "status", "history", "explain"] {
        let said = firstlight(&[command, "--format", "sarif"]);
        assert_eq!((said.status, said.stdout.as_str()), (2, ""), "{command}");
        assert!(
            said.stderr.contains("`--format sarif` is only for `validate`"),
            "{}",
            said.stderr
        );
    }
}
