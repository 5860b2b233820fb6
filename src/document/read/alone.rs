//! One text that is no document, read and explained as a document is: the owner's settings.

use serde::de::DeserializeOwned;

use super::Document;
use crate::document::advice::Dialect;
use crate::document::code::Code;
use crate::document::diagnostic::Diagnostic;
use crate::document::format;
use crate::document::problem::Problems;
use crate::document::text::Text;
use crate::document::yaml::Node;

/// Reads a text as a `T` of which `check` makes what is wanted, with everything that is wrong with it. Of `never_empty`,
/// keys that forbid something with what to do, none may lack its value: it may have lost what it forbade.
///
/// # Errors
/// Everything that is wrong with it.
pub fn alone<T: DeserializeOwned + Default, R>(
    text: Text<'_>,
    never_empty: &[(&str, &str)],
    check: impl FnOnce(T, &mut Problems<'_>) -> R,
) -> Result<R, Vec<Diagnostic>> {
    let mut read = Document {
        dialect: Dialect::Settings,
        ..Document::default()
    };
    let (place, decoded) = format::text(text, &mut read.budget).map_err(|diagnostic| vec![*diagnostic])?;
    let root = read.parse(place, decoded, None);
    read.tree = root.and_then(|node| read.mapping(node));
    for (key, hint) in never_empty {
        if read
            .tree
            .as_ref()
            .and_then(|tree| tree.get(key))
            .is_some_and(Node::is_null)
        {
            let told = Diagnostic::whole("", format!("`{key}` is empty"), Some((*hint).to_owned()));
            read.report_value(&[(*key).to_owned()], told.code(Code::Empty));
        }
    }
    let whole = match &read.tree {
        Some(_) => read.decode_pruning::<T>(),
        None => Some(T::default()),
    };
    let made = whole.map(|whole| {
        let mut problems = Vec::new();
        let made = check(whole, &mut Problems::new(&mut problems));
        read.report(problems, Vec::new());
        made
    });
    read.finish();
    match made.filter(|_| read.diagnostics.is_empty()) {
        Some(made) => Ok(made),
        None => Err(read.diagnostics),
    }
}
