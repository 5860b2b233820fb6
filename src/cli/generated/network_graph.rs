//! `docs/network.svg`: the picture of `examples/network.yaml`.

use super::Made;
use crate::document::{Document, Texts};
use crate::report::network_graph::picture;

/// The picture.
pub fn svg() -> Made {
    let example = std::fs::read("examples/network.yaml").unwrap();
    let document = Document::read(&Texts::of_user_data("examples/network.yaml", &example));
    assert!(!document.has_errors(), "{:?}", document.diagnostics);
    (
        "docs/network.svg".into(),
        picture(&document.config.network.unwrap(), None),
    )
}
