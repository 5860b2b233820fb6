//! What is posted.

use serde::Serialize;

use crate::vocabulary::percent_encoded;

/// A text with its media type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub(super) media_type: &'static str,
    pub(super) text: String,
}

impl Posted {
    /// A form: `name=value&name=value`.
    pub fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let fields = fields.into_iter();
        let fields = fields.map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value)));
        Self {
            media_type: "application/x-www-form-urlencoded",
            text: fields.collect::<Vec<_>>().join("&"),
        }
    }

    /// JSON.
    pub fn json(value: &impl Serialize) -> Self {
        Self {
            media_type: "application/json",
            text: serde_json::to_string(value).unwrap_or_default(),
        }
    }
}
