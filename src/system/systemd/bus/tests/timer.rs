//! Transient timers: what systemd is told, and what it says.

use super::*;

/// A property's type and value.
pub(super) fn in_words(value: &zbus::OwnedVariant) -> String {
    format!("{} {value:?}", value.value_signature())
}

fn timer(name: &'static str) -> TransientTimer {
    TransientTimer {
        name,
        description: "Undo it".to_owned(),
        after: Duration::from_secs(120),
        argv: ["/usr/bin/firstlight", "rollback", "--unconfirmed", "5"]
            .map(str::to_owned)
            .into(),
    }
}

#[tokio::test]
async fn a_timer_is_started_with_its_service() {
    let Some(stage) = stage().await else { return };
    stage.bus.start_timer(&timer("waiting")).await.unwrap();
    let calls = stage.calls();
    assert_eq!(
        calls[..3],
        [
            "reset waiting.service",
            "stop waiting.timer replace",
            "transient waiting.timer fail"
        ]
    );
    // The types are what systemd insists on: org.freedesktop.systemd1(5).
    for (property, signature) in [
        ("waiting.timer: Description", "s"),
        ("waiting.timer: TimersMonotonic", "a(st)"),
        ("waiting.timer: AccuracyUSec", "t"),
        ("waiting.timer: RemainAfterElapse", "b"),
        ("waiting.timer: IgnoreOnIsolate", "b"),
        ("waiting.service: Type", "s"),
        ("waiting.service: ExecStart", "a(sasb)"),
        ("waiting.service: TimeoutStartUSec", "t"),
        ("waiting.service: Restart", "s"),
        ("waiting.service: RestartUSec", "t"),
        ("waiting.service: StartLimitIntervalUSec", "t"),
        ("waiting.service: StartLimitBurst", "u"),
    ] {
        let start = format!("{property}={signature} ");
        assert!(
            calls.iter().any(|call| call.starts_with(&start)),
            "{start} in {calls:#?}"
        );
    }
    let after = calls.iter().find(|call| call.contains("TimersMonotonic")).unwrap();
    assert!(after.contains("OnActiveSec") && after.contains("120000000"), "{after}");
    let program = calls.iter().find(|call| call.contains("ExecStart")).unwrap();
    assert!(
        program.contains("/usr/bin/firstlight") && program.contains("--unconfirmed"),
        "{program}"
    );
}

#[tokio::test]
async fn a_timer_that_does_not_wait_is_an_error() {
    let Some(stage) = stage().await else { return };
    let error = stage.bus.start_timer(&timer("taken")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "can't start taken.timer: systemd says: Unit taken.timer was already loaded."
    );
    let error = stage.bus.start_timer(&timer("bad")).await.unwrap_err();
    assert!(error.to_string().starts_with("bad.timer did not start"), "{error}");
}

#[tokio::test]
async fn a_timer_that_is_not_there_is_stopped_already() {
    let Some(stage) = stage().await else { return };
    stage.bus.stop_timer("waiting").await.unwrap();
    stage.bus.stop_timer("nowhere").await.unwrap();
    assert_eq!(
        stage.calls(),
        ["stop waiting.timer replace", "stop nowhere.timer replace"]
    );
}
