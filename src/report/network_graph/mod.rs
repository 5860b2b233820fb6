//! The network as a picture, for `plan --network-graph`: SVG (<https://www.w3.org/TR/SVG11/>).
//!
//! Columns of boxes, from left to right: the links that don't need another device, then what is made of them or on top of
//! them. Text is longer than high, so the devices of a column are below each other, and a large network is a long picture,
//! not a wide one.

mod describe;
mod graph;
mod layout;
mod routing;
mod svg;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::document::network::Network;

/// The names of the running machine's links that an entry of the document means, by its ID.
pub type LinksNow<'n> = BTreeMap<&'n str, Vec<&'n str>>;

/// The picture of a network. `now` is unknown where the machine doesn't run.
pub fn picture(network: &Network, now: Option<&LinksNow<'_>>) -> String {
    let graph = graph::Graph::of(network, now);
    svg::svg(&graph, &layout::lay_out(&graph))
}
