//! Blocking work on a separate thread.

use std::io::{Error, Result};

/// Does `work` on a thread called `name`, and waits for it. tokio's own threads panic if none can be started.
///
/// # Errors
/// No thread can be started, or the work ended early.
pub async fn blocking<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    let thread = move || {
        // If the run was stopped, nobody waits for the result.
        let _ = answer.send(work());
    };
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(thread);
    thread.map_err(|error| Error::other(format!("can't start a thread: {error}")))?;
    answered.await.map_err(|_| Error::other("it ended early"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn the_answer_comes_back_and_a_panic_is_an_error() {
        assert_eq!(blocking("test", || 7).await.unwrap(), 7);
        let early = blocking("test", || -> u8 { panic!("on purpose") }).await;
        assert_eq!(early.unwrap_err().to_string(), "it ended early");
    }
}
