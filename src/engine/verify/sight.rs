//! What is looked at to verify expectations, each of it once.

use std::cell::OnceCell;
use std::time::Duration;

use tokio::sync::OnceCell as AsyncOnceCell;

use crate::engine::apply::Job;
use crate::system::System;
use crate::system::network::Network;
use crate::system::sshd::{Effective, Sshd, SshdError};

/// The machine at one moment. All files are in place by then.
#[derive(Debug)]
pub struct Sight<'a> {
    /// The machine.
    pub(super) system: &'a System,
    /// How long what was asked may take to show.
    pub(super) patience: Duration,
    network: OnceCell<Network>,
    sshd: AsyncOnceCell<Result<Effective, SshdError>>,
}

impl<'a> Sight<'a> {
    /// What there is to see for this job.
    pub fn of(job: &Job<'a>) -> Self {
        Self {
            system: job.system,
            patience: job.patience,
            network: OnceCell::new(),
            sshd: AsyncOnceCell::new(),
        }
    }

    /// The network, observed when somebody wants to know.
    pub(super) fn network(&self) -> &Network {
        self.network.get_or_init(|| Network::observe(&self.system.root))
    }

    /// What the machine's sshd says of its configuration: `sshd -T` refuses what `sshd -t` refuses.
    pub(super) async fn sshd(&self) -> &Result<Effective, SshdError> {
        self.sshd.get_or_init(async || Sshd::find()?.effective().await).await
    }
}
