//! Logs to the journal if systemd reads our standard error, otherwise as text to standard error.

use nix::sys::stat::fstat;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging. A terminal shows errors, and more with each `-v`; the journal also gets informational messages.
pub fn start(verbose: u8) {
    let journal = if stderr_is_the_journal() {
        tracing_journald::layer().ok()
    } else {
        None
    };
    let level = match (verbose, journal.is_some()) {
        (0, false) => LevelFilter::ERROR,
        (0, true) | (1, _) => LevelFilter::INFO,
        (2, _) => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // Only our own messages: those of libraries are about sockets and don't help operators.
    let ours = tracing_subscriber::filter::Targets::new().with_target("firstlight", level);
    let registry = tracing_subscriber::registry().with(ours);
    match journal {
        Some(journal) => registry.with(journal).init(),
        None => {
            let text = tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                // If standard error is closed, an error message about that would go there too, and end the program.
                .log_internal_errors(false)
                .without_time()
                .with_target(false);
            registry.with(text.with_ansi(false)).init();
        }
    }
}

/// Whether `JOURNAL_STREAM` names our standard error (systemd.exec(5)). A shell that a service has started inherits the
/// variable, while its standard error is a terminal.
fn stderr_is_the_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    fstat(std::io::stderr()).is_ok_and(|stat| stream == format!("{}:{}", stat.st_dev, stat.st_ino))
}
