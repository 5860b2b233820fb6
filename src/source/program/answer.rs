//! What a program prints: JSON with the parts of a seed.

use serde_json::{Map, Value};

use super::NAME;
use crate::source::{Fault, PART_LIMIT, Part, Seed, Verdict, json};

/// The parts that may be there.
const PARTS: [&str; 4] = ["user-data", "meta-data", "vendor-data", "network-config"];

/// How long a place may be, in characters.
const PLACE_LIMIT: usize = 200;

/// The seed that the program at `path` printed. No output, or an object without a part, is no seed.
pub fn verdict(stdout: &[u8], path: &str) -> Verdict {
    match seed(stdout, path) {
        Ok(Some(seed)) => seed.into(),
        Ok(None) => Verdict::Absent(format!("{path} has no seed")),
        Err(fault) => fault.at(path).into(),
    }
}

fn seed(stdout: &[u8], path: &str) -> Result<Option<Seed>, Fault> {
    if stdout.trim_ascii().is_empty() {
        return Ok(None);
    }
    // serde's own words may quote a value.
    let wrong = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        Fault::lasting(format!("its output is not JSON (line {line}, column {column})"))
            .with_hint("print an object with keys such as user-data, or nothing")
    };
    let Value::Object(mut answer) = serde_json::from_slice(stdout).map_err(wrong)? else {
        let hint = "print an object with keys such as user-data, or nothing";
        return Err(Fault::lasting("its output is not a JSON object").with_hint(hint));
    };
    let place = match place(answer.remove("place"))? {
        Some(place) => format!("{path} ({place})"),
        None => path.to_owned(),
    };
    let mut signatures = match answer.remove("signatures") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(signatures)) => signatures,
        Some(_) => {
            return Err(Fault::lasting(
                "its signatures are not an object of part names and signatures",
            ));
        }
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
        let hint = format!("there are {known}, place and signatures");
        return Err(Fault::lasting(format!("prints an unknown key {start:?}")).with_hint(hint));
    }
    if !signatures.is_empty() {
        return Err(Fault::lasting("its signatures are for parts that it does not print"));
    }
    let any = seed.parts().next().is_some();
    Ok(any.then_some(seed))
}

/// Text is taken as it is; what is written out in JSON is taken as that, and no one can have signed those bytes.
fn part(name: &str, value: Option<Value>, path: &str) -> Result<Option<Part>, Fault> {
    let origin = format!("{path}: {name}");
    let part = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => Part::new(origin, text),
        Some(value @ (Value::Object(_) | Value::Array(_))) => Part::new(origin, json::text(&value)).unsignable(),
        Some(_) => return Err(Fault::lasting(format!("its {name} is neither text nor an object"))),
    };
    match part.bytes.len() as u64 > PART_LIMIT {
        true => Err(Fault::lasting(format!(
            "its {name} has more than {PART_LIMIT} bytes, the limit"
        ))),
        false => Ok(Some(part)),
    }
}

fn place(value: Option<Value>) -> Result<Option<String>, Fault> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(place)) if place.chars().count() <= PLACE_LIMIT && !place.contains(char::is_control) => {
            Ok(Some(place))
        }
        Some(_) => Err(Fault::lasting(format!(
            "its place is not one line of text with at most {PLACE_LIMIT} characters"
        ))),
    }
}

fn signature(name: &str, value: Option<Value>) -> Result<Option<Vec<u8>>, Fault> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.into_bytes())),
        Some(_) => {
            let fault = Fault::lasting(format!("its signature of {name} is not a text"));
            Err(fault.with_hint(format!("print the content of {name}.minisig")))
        }
    }
}
