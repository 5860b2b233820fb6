//! What a program prints: JSON with the parts of a seed.

use serde_json::{Map, Value};

use super::NAME;
use crate::source::{PART_LIMIT, Part, Seed, Verdict, json};

/// The parts that may be there.
const PARTS: [&str; 4] = ["user-data", "meta-data", "vendor-data", "network-config"];

/// How long a place may be, in characters.
const PLACE_LIMIT: usize = 200;

/// The seed that the program at `path` printed. Nothing, or an object without a part, is none.
pub fn verdict(stdout: &[u8], path: &str) -> Verdict {
    match seed(stdout, path) {
        Ok(Some(seed)) => Verdict::Present(Box::new(seed)),
        Ok(None) => Verdict::Absent(format!("{path} has no seed")),
        Err(why) => Verdict::Broken(format!("{path}: {why}")),
    }
}

fn seed(stdout: &[u8], path: &str) -> Result<Option<Seed>, String> {
    if stdout.trim_ascii().is_empty() {
        return Ok(None);
    }
    // serde's own words may quote a value.
    let wrong = |error: serde_json::Error| {
        format!(
            "what it prints is no JSON (line {}, column {}): print an object with user-data and the like, or nothing",
            error.line(),
            error.column()
        )
    };
    let Value::Object(mut answer) = serde_json::from_slice(stdout).map_err(wrong)? else {
        return Err("what it prints is no JSON object: print one with user-data and the like, or nothing".to_owned());
    };
    let place = match place(answer.remove("place"))? {
        Some(place) => format!("{path} ({place})"),
        None => path.to_owned(),
    };
    let mut signatures = match answer.remove("signatures") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(signatures)) => signatures,
        Some(_) => return Err("its signatures are no object of part names and signatures".to_owned()),
    };
    let mut seed = Seed::empty(NAME, place);
    for name in PARTS {
        if let Some(mut part) = part(name, answer.remove(name), path)? {
            part.signature = signature(name, signatures.remove(name))?;
            seed.set(name, part);
        }
    }
    if let Some(unknown) = answer.keys().next() {
        let known = PARTS.join(", ");
        // It may be a value in the wrong place, so it is not shown whole.
        let start: String = unknown.chars().take(16).collect();
        return Err(format!(
            "prints a key {start:?} that is not known: there are {known}, place and signatures"
        ));
    }
    if !signatures.is_empty() {
        return Err("its signatures are of parts that it does not print".to_owned());
    }
    let any = seed.parts().next().is_some();
    Ok(any.then_some(seed))
}

/// Text is taken as it is; what is written out in JSON is taken as that, and nobody can have signed those bytes.
fn part(name: &str, value: Option<Value>, path: &str) -> Result<Option<Part>, String> {
    let origin = format!("{path}: {name}");
    let part = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => Part::new(origin, text),
        Some(value @ (Value::Object(_) | Value::Array(_))) => Part::new(origin, json::text(&value)).unsignable(),
        Some(_) => return Err(format!("its {name} is neither text nor an object")),
    };
    match part.bytes.len() as u64 > PART_LIMIT {
        true => Err(format!("its {name} has more than the {PART_LIMIT} bytes that are read")),
        false => Ok(Some(part)),
    }
}

fn place(value: Option<Value>) -> Result<Option<String>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(place)) if place.chars().count() <= PLACE_LIMIT && !place.contains(char::is_control) => {
            Ok(Some(place))
        }
        Some(_) => Err(format!(
            "its place is no line of text with at most {PLACE_LIMIT} characters"
        )),
    }
}

fn signature(name: &str, value: Option<Value>) -> Result<Option<Vec<u8>>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.into_bytes())),
        Some(_) => Err(format!(
            "its signature of {name} is no text: print what is in {name}.minisig"
        )),
    }
}
