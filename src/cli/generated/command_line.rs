//! The man pages and the completions of the command line.

use clap::CommandFactory;
use clap_complete::Shell;
use clap_complete::generate;
use clap_mangen::Man;

use super::Made;
use crate::cli::Arguments;

/// firstlight(1), and a page for each subcommand.
pub fn man() -> Vec<Made> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let pages = command.get_subcommands().filter(|sub| !sub.is_hide_set()).map(|sub| {
        // clap takes names that live as long as the program.
        let name: &str = format!("firstlight-{}", sub.get_name()).leak();
        sub.clone().name(name)
    });
    let pages: Vec<_> = std::iter::once(command.clone()).chain(pages).collect();
    pages.into_iter().map(page).collect()
}

fn page(command: clap::Command) -> Made {
    let path = format!("man/{}.1", command.get_name());
    let mut text = Vec::new();
    let source = format!("firstlight {}", env!("CARGO_PKG_VERSION"));
    // A blank for the date, which would be stale the day after.
    Man::new(command)
        .date(" ")
        .source(source)
        .manual("firstlight")
        .render(&mut text)
        .unwrap();
    (path.into(), String::from_utf8(text).unwrap())
}

/// Under the names that the shells look for.
pub fn completions() -> Vec<Made> {
    let shells = [
        (Shell::Bash, "firstlight.bash"),
        (Shell::Fish, "firstlight.fish"),
        (Shell::Zsh, "_firstlight"),
    ];
    let script = |(shell, name)| {
        let mut text = Vec::new();
        generate(shell, &mut Arguments::command(), "firstlight", &mut text);
        (format!("completions/{name}").into(), String::from_utf8(text).unwrap())
    };
    shells.into_iter().map(script).collect()
}
