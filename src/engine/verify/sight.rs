//! What is looked at to verify expectations, each of it once.

use std::cell::OnceCell;

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
    /// Whether what takes its time is looked at; else a later stage of the boot does that.
    pub(super) in_time: bool,
    network: OnceCell<Network>,
    sshd: AsyncOnceCell<Result<Effective, SshdError>>,
}

impl<'a> Sight<'a> {
    /// What there is to see for this job.
    pub fn of(job: &Job<'a>) -> Self {
        Self {
            in_time: !job.patience.is_zero(),
            ..Self::now(job.system)
        }
    }

    /// What there is to see now.
    pub fn now(system: &'a System) -> Self {
        Self {
            system,
            in_time: true,
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
