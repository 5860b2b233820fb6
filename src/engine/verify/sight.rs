//! The facts needed to verify expectations, each collected once.

use std::cell::OnceCell;

use tokio::sync::OnceCell as AsyncOnceCell;

use super::answer;
use crate::engine::apply::Job;
use crate::state::Store;
use crate::system::System;
use crate::system::network::Network;
use crate::system::sshd::{Printed, Sshd, SshdError};

/// The machine at one moment, after all files are in place.
#[derive(Debug)]
pub struct Sight<'a> {
    /// The machine.
    pub(super) system: &'a System,
    /// Whether what takes its time is looked at; else a later stage of the boot does that.
    pub(super) in_time: bool,
    network: OnceCell<Network>,
    /// Where what sshd says is kept for the next stage of the boot.
    store: Option<&'a Store>,
    sshd: AsyncOnceCell<Result<Printed, SshdError>>,
    /// Where no `Match` block matches.
    sshd_elsewhere: AsyncOnceCell<Option<Printed>>,
}

impl<'a> Sight<'a> {
    /// What there is to see for this job.
    pub fn of(job: &Job<'a>) -> Self {
        Self {
            in_time: !job.patience.is_zero(),
            store: Some(job.store),
            ..Self::now(job.system)
        }
    }

    /// What there is to see now.
    pub fn now(system: &'a System) -> Self {
        Self {
            system,
            in_time: true,
            network: OnceCell::new(),
            store: None,
            sshd: AsyncOnceCell::new(),
            sshd_elsewhere: AsyncOnceCell::new(),
        }
    }

    /// The network, observed when somebody wants to know.
    pub(super) fn network(&self) -> &Network {
        self.network.get_or_init(|| Network::observe(&self.system.root))
    }

    /// What counts for root in the machine's sshd: `sshd -T` refuses what `sshd -t` refuses.
    pub(super) async fn sshd(&self) -> &Result<Printed, SshdError> {
        let ask = async || match self.store {
            Some(store) => answer::effective(store, &self.system.root, !self.in_time).await,
            None => Sshd::find()?.effective().await,
        };
        self.sshd.get_or_init(ask).await
    }

    /// What counts where no `Match` block matches.
    pub(super) async fn sshd_elsewhere(&self) -> &Option<Printed> {
        let ask = async || Sshd::find().ok()?.elsewhere().await;
        self.sshd_elsewhere.get_or_init(ask).await
    }
}
