//! An environment without its secrets: their values are emptied, everything else stays as it is, byte for byte.

use std::ops::Range;

use roxmltree::Node;

use super::environment::{Environment, attribute, parse};
use super::properties::is_secret;
use crate::source::Fault;

/// The environment with the values of our secret properties emptied; `None` if they all are. Those of the other machines
/// of a vApp as well: every process of this one can read them.
///
/// # Errors
/// It can't be read, or edited with certainty; the words show no value.
pub fn without_secrets(xml: &[u8]) -> Result<Option<String>, Fault> {
    let document = parse(xml)?;
    let text = document.input_text();
    let mut values: Vec<Range<usize>> = document.descendants().flat_map(secret_values).collect();
    if values.is_empty() {
        return Ok(None);
    }
    values.sort_by_key(|value| value.start);
    let mut edited = String::with_capacity(text.len());
    let mut done = 0;
    for value in values {
        if !is_between_quotes(text, &value) {
            return Err(uncertain());
        }
        edited.push_str(text.get(done..value.start).unwrap_or_default());
        done = value.end;
    }
    edited.push_str(text.get(done..).unwrap_or_default());
    match is_the_same_but_for_secrets(xml, &edited)? {
        true => Ok(Some(edited)),
        false => Err(uncertain()),
    }
}

fn uncertain() -> Fault {
    Fault::lasting("is written in a way that firstlight can't edit safely").with_hint("remove it in the hypervisor")
}

/// Where the values of a secret property are; none of another node.
fn secret_values(node: Node<'_, '_>) -> Vec<Range<usize>> {
    let is_ours = node.is_element()
        && node.tag_name().name() == "Property"
        && attribute(node, "key").is_some_and(|key| is_secret(key.trim()));
    if !is_ours {
        return Vec::new();
    }
    let values = node.attributes().filter(|attribute| attribute.name() == "value");
    let values = values.map(|value| value.range_value());
    values.filter(|value| !value.is_empty()).collect()
}

/// The positions are those of the reader, which are wrong for names and spaces of absurd length.
fn is_between_quotes(text: &str, value: &Range<usize>) -> bool {
    let at = |position: Option<usize>| text.as_bytes().get(position?).copied();
    let (before, after) = (at(value.start.checked_sub(1)), at(Some(value.end)));
    let inside = text.get(value.clone());
    before == after
        && matches!((before, inside), (Some(quote @ (b'"' | b'\'')), Some(inside)) if !inside.as_bytes().contains(&quote))
}

fn is_the_same_but_for_secrets(before: &[u8], after: &str) -> Result<bool, Fault> {
    let (mut before, after) = (Environment::parse(before)?, Environment::parse(after.as_bytes())?);
    for property in &mut before.properties {
        if let Some(value) = property.value.as_mut().filter(|_| is_secret(&property.key)) {
            value.clear();
        }
    }
    Ok(before == after)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "<Environment xmlns=\"http://schemas.dmtf.org/ovf/environment/1\" \
                        xmlns:oe=\"http://schemas.dmtf.org/ovf/environment/1\">";

    fn within(sections: &str) -> String {
        format!("<?xml version=\"1.0\"?>\n{HEAD}\n{sections}\n</Environment>")
    }

    fn properties(properties: &str) -> String {
        within(&format!("<PropertySection>\r\n{properties}</PropertySection>"))
    }

    #[test]
    fn secrets_are_emptied_and_nothing_else_is_touched() {
        for (before, after) in [
            (
                r#"<Property oe:key="firstlight.root-password" oe:value="a&quot;&#10;&lt;hunter2 é"/>"#,
                r#"<Property oe:key="firstlight.root-password" oe:value=""/>"#,
            ),
            (
                "<Property  oe:value = 'hunter2\" >'\toe:key='com.example.firstlight.user-data.0'></Property>",
                "<Property  oe:value = ''\toe:key='com.example.firstlight.user-data.0'></Property>",
            ),
            (
                r#"<Property oe:key=" password " oe:value="hunter2" value="hunter2"/><!-- é --><Property oe:key="x" oe:value="é &amp; b"/>"#,
                r#"<Property oe:key=" password " oe:value="" value=""/><!-- é --><Property oe:key="x" oe:value="é &amp; b"/>"#,
            ),
            (
                r#"<Property oe:key="user-data" oe:value="hunter2"/><Property oe:key="hostname" oe:value="a"/><Property oe:key="user-data" oe:value="hunter2"/>"#,
                r#"<Property oe:key="user-data" oe:value=""/><Property oe:key="hostname" oe:value="a"/><Property oe:key="user-data" oe:value=""/>"#,
            ),
        ] {
            let edited = without_secrets(properties(before).as_bytes()).unwrap();
            assert_eq!(edited, Some(properties(after)));
            assert_eq!(without_secrets(edited.unwrap().as_bytes()), Ok(None));
        }
    }

    #[test]
    fn those_of_other_machines_too() {
        let vapp = |password| {
            let other = format!("<Property oe:key=\"firstlight.root-password\" oe:value=\"{password}\"/>");
            within(&format!(
                "<Entity oe:id=\"b\"><PropertySection>{other}</PropertySection></Entity>"
            ))
        };
        assert_eq!(without_secrets(vapp("hunter2").as_bytes()), Ok(Some(vapp(""))));
    }

    #[test]
    fn what_is_around_the_document_is_left_out() {
        let text = properties(r#"<Property oe:key="password" oe:value="hunter2"/>"#);
        let around = format!("\u{feff}{text}\n\0");
        let edited = without_secrets(around.as_bytes()).unwrap().unwrap();
        assert_eq!(edited, text.replace("hunter2", ""));
    }

    #[test]
    fn what_holds_no_secret_is_left_alone() {
        for section in [
            r#"<Property oe:key="firstlight.hostname" oe:value="a"/>"#,
            r#"<Property oe:key="com.example.password" oe:value="of another product"/>"#,
            r#"<Property oe:key="password" oe:value=""/><Property oe:key="user-data"/>"#,
        ] {
            assert_eq!(without_secrets(properties(section).as_bytes()), Ok(None), "{section}");
        }
    }

    #[test]
    fn what_cannot_be_edited_is_refused_without_being_shown() {
        let wide = format!(
            "<Property oe:key=\"password\" oe:value{}=\"hunter2\"/>",
            " ".repeat(1000)
        );
        for xml in [properties(&wide), "<a".to_owned(), "<a/>".repeat(2)] {
            let why = without_secrets(xml.as_bytes()).unwrap_err().to_string();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
