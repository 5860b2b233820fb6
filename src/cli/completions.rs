//! `firstlight completions`: what a shell needs to complete the command line.

use clap::{Args, ValueEnum};

use super::context::Context;
use super::exit::Exit;

/// The arguments of `completions`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The shell
    shell: Shell,
}

/// A shell that completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    /// For /usr/share/bash-completion/completions/firstlight
    Bash,
    /// For /usr/share/fish/vendor_completions.d/firstlight.fish
    Fish,
    /// For /usr/share/zsh/vendor-completions/_firstlight
    Zsh,
}

pub fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    context.print_text(match arguments.shell {
        Shell::Bash => include_str!("../../completions/firstlight.bash"),
        Shell::Fish => include_str!("../../completions/firstlight.fish"),
        Shell::Zsh => include_str!("../../completions/_firstlight"),
    })?;
    Ok(Exit::Done)
}
