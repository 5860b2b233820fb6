//! Parts that firstlight writes itself: JSON, which is YAML once what YAML calls unprintable is escaped.

use serde_json::Value;

/// The value as a text that readers of YAML take as readers of JSON do.
pub fn text(value: &Value) -> String {
    let json = format!("{value:#}");
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' => text.push(c),
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => push_escaped(&mut text, c),
            c if c.is_control() => push_escaped(&mut text, c),
            c => text.push(c),
        }
    }
    text
}

fn push_escaped(text: &mut String, c: char) {
    text.push_str(&format!("\\u{:04x}", u32::from(c)));
}
