//! The full state of a unit, for verification and messages; planning needs less.

use std::time::Duration;
use zbus::OwnedObjectPath;

use zbus::OwnedVariant;
use zbus::fdo::PropertiesProxy;
use zbus::names::InterfaceName;

use super::{Bus, BusError, SYSTEMD_NAME};

/// The state of a unit, org.freedesktop.systemd1(5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitStatus {
    /// LoadState: `loaded`, `not-found`, `masked`, …
    pub load_state: String,
    /// ActiveState: `active`, `inactive`, `failed`, `activating`, …
    pub active_state: String,
    /// SubState: `running`, `exited`, `dead`, `auto-restart`, …
    pub sub_state: String,
    /// Result: `success`, `exit-code`, `timeout`, …; `None` of a kind of unit that has none.
    pub result: Option<String>,
    /// It is a `Type=oneshot` service without `RemainAfterExit=` that did not fail. It may be unknown whether it has
    /// run, because systemd forgets a finished unit unless another one needs it.
    pub has_ended_well: bool,
    /// Of a service that runs: since when, by CLOCK_MONOTONIC. `None` where systemd doesn't know: it has ended meanwhile.
    pub running_since: Option<Duration>,
    /// A `Condition…=` in its file prevented its start.
    pub condition_failed: bool,
}

impl Bus {
    /// The state of the unit.
    ///
    /// # Errors
    /// The name is not a unit's, or systemd doesn't answer.
    pub async fn unit_status(&self, unit: &str) -> Result<UnitStatus, BusError> {
        let row = self.row(unit).await?;
        let (load_state, active_state, sub_state, object) = (row.2, row.3, row.4, row.6);
        let rests = active_state == "inactive" && load_state == "loaded";
        let condition_failed = rests && self.condition_failed(&object).await;
        Ok(UnitStatus {
            result: self.result(unit, &object).await,
            has_ended_well: rests && !condition_failed && self.has_ended_well(unit, &object).await,
            running_since: match sub_state == "running" && unit.ends_with(".service") {
                true => self.active_since(&object).await,
                false => None,
            },
            condition_failed,
            load_state,
            active_state,
            sub_state,
        })
    }

    /// The property `Result` that services, sockets and some others have: why the unit ended.
    pub(super) async fn result(&self, unit: &str, object: &OwnedObjectPath) -> Option<String> {
        let kind = match unit.rsplit_once('.')?.1 {
            "service" => "Service",
            "socket" => "Socket",
            "mount" => "Mount",
            "timer" => "Timer",
            _ => return None,
        };
        String::try_from(self.property(object, kind, "Result").await?).ok()
    }

    /// A oneshot without `RemainAfterExit=` is inactive again once it has done its work: before as after.
    pub(super) async fn has_ended_well(&self, unit: &str, object: &OwnedObjectPath) -> bool {
        if !unit.ends_with(".service") {
            return false;
        }
        let kind = self.property(object, "Service", "Type").await;
        let remains = self.property(object, "Service", "RemainAfterExit").await;
        kind.and_then(|value| String::try_from(value).ok()).as_deref() == Some("oneshot")
            && remains.and_then(|value| bool::try_from(value).ok()) == Some(false)
            && self.result(unit, object).await.as_deref() == Some("success")
    }

    async fn active_since(&self, object: &OwnedObjectPath) -> Option<Duration> {
        let since = self.property(object, "Unit", "ActiveEnterTimestampMonotonic").await?;
        // Of a unit that systemd has forgotten meanwhile it says 0.
        let since = u64::try_from(since).ok().filter(|since| *since > 0);
        since.map(Duration::from_micros)
    }

    /// The units that start this one when something happens to them, as a socket does when somebody connects.
    ///
    /// # Errors
    /// The name is not a unit's, or systemd doesn't answer.
    pub async fn triggers(&self, unit: &str) -> Result<Vec<String>, BusError> {
        let object = self.row(unit).await?.6;
        let triggers = self.property(&object, "Unit", "TriggeredBy").await;
        Ok(triggers.and_then(|value| value.try_into().ok()).unwrap_or_default())
    }

    /// Whether systemd has to read its unit files before it knows the unit as its files are now: they have changed, or it
    /// knows none, and a generator may make it.
    ///
    /// # Errors
    /// The name is not a unit's, or systemd doesn't answer.
    pub async fn is_outdated(&self, unit: &str) -> Result<bool, BusError> {
        let row = self.row(unit).await?;
        let outdated = self.property(&row.6, "Unit", "NeedDaemonReload").await;
        Ok(row.2 == "not-found" || outdated.and_then(|value| bool::try_from(value).ok()) == Some(true))
    }

    async fn condition_failed(&self, object: &OwnedObjectPath) -> bool {
        let asked = self.property(object, "Unit", "ConditionTimestampMonotonic").await;
        let holds = self.property(object, "Unit", "ConditionResult").await;
        asked
            .and_then(|value| u64::try_from(value).ok())
            .is_some_and(|time| time > 0)
            && holds.and_then(|value| bool::try_from(value).ok()) == Some(false)
    }

    /// Whether it was made over the bus, and not from a file of somebody's.
    pub(super) async fn is_transient(&self, object: &OwnedObjectPath) -> bool {
        let transient = self.property(object, "Unit", "Transient").await;
        transient.and_then(|value| bool::try_from(value).ok()) == Some(true)
    }

    pub(super) async fn property(&self, object: &OwnedObjectPath, kind: &str, name: &str) -> Option<OwnedVariant> {
        let interface = InterfaceName::try_from(format!("{SYSTEMD_NAME}.{kind}")).ok()?;
        let builder = PropertiesProxy::builder(&self.connection);
        let proxy = builder.destination(SYSTEMD_NAME).path(object).build().await.ok()?;
        proxy.get(interface, name).await.ok()
    }
}
