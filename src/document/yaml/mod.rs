//! YAML with positions: text to a tree of [`Node`]s, and serde from such a tree.
//!
//! serde_yaml's typed deserialization stops at the first error and resolves scalars as YAML 1.2 does. What people have
//! was written for PyYAML, and every problem of a document must be reported in one run. So its parser is used for the
//! grammar, and the tree is ours: YAML 1.1 scalars ([`scalar`]), limits ([`reader`]), and a serde deserializer that
//! knows where each value is ([`mod@decode`]).

pub mod decode;
mod fault;
pub mod join;
mod json;
pub mod lines;
pub mod merge;
pub mod node;
pub mod notes;
pub mod patch;
pub mod reader;
pub mod scalar;
pub mod wrong;

pub use decode::{DecodeError, decode, decode_noting};
pub use fault::Fault;
pub use join::Mergers;
pub use json::to_json;
pub use node::{Entry, Key, Node, Scalar, Span, Tag, Value};
pub use notes::Notes;
pub use reader::{Parsed, Piece, parse, parse_within};
pub use wrong::Wrong;

/// Reads a `T` from JSON, which is YAML too, the way a document is read.
#[cfg(test)]
pub fn from_json<T: serde::de::DeserializeOwned>(json: &serde_json::Value) -> Result<T, DecodeError> {
    let parsed = parse(&json.to_string(), 0).unwrap();
    decode(&parsed.root.unwrap())
}
