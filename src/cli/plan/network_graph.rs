//! `plan --network-graph`: the network as a picture, in a file of the user who asks for it.

use std::path::Path;

use anyhow::{Context as _, bail};
use users::{get_effective_gid, get_effective_uid};

use crate::cli::context::Context;
use crate::document::Document;
use crate::module::network::links_now;
use crate::report::network_graph::picture;
use crate::system::{Facts, Kind, Root, Writer};

/// The mode of a new picture: it holds no secret.
const MODE: u32 = 0o644;

/// Draws the network of the document into `file`, or prints it where that is `-`; whether it was printed.
pub fn draw(file: &Path, document: &Document, facts: &Facts, context: &Context) -> anyhow::Result<bool> {
    let Some(network) = &document.config.network else {
        bail!("there is no network to draw: the document has no `network`");
    };
    if network.is_disabled() {
        bail!("there is no network to draw: with `config: disabled` it stays as it is");
    }
    let now = facts
        .live
        .as_ref()
        .map(|live| links_now(network, &live.links))
        .transpose();
    // What can't be matched is a problem of the plan, which says so itself.
    let picture = picture(network, now.unwrap_or_default().as_ref());
    if file == Path::new("-") {
        context.print_text(&picture)?;
        return Ok(true);
    }
    write(file, picture.as_bytes()).with_context(|| format!("can't write the picture to {}", file.display()))?;
    context.say(&format!("the picture of the network is in {}", file.display()));
    Ok(false)
}

/// Puts a file into its place, whole or not at all.
fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let Some(name) = file.file_name().and_then(|name| name.to_str()) else {
        bail!("it is not a file's name");
    };
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let root = Root::open(directory.unwrap_or(Path::new(".")))?;
    let name = format!("/{name}");
    let mode = match root.metadata(&name)? {
        None => MODE,
        Some(there) if there.kind == Kind::File => there.mode,
        Some(there) if there.kind == Kind::Directory => bail!("it is a directory"),
        Some(_) => bail!("it is not a regular file; name another one, or write to standard output with `-`"),
    };
    Writer::new(root).write_file(&name, bytes, mode, (get_effective_uid(), get_effective_gid()))?;
    Ok(())
}
