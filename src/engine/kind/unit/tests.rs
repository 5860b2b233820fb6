use super::*;
use crate::system::{Facts, Live};

/// What is done about a unit that the document had started, and no longer mentions.
#[test]
fn what_was_started_is_stopped_also_where_the_boot_is_still_to_start_it() {
    let tree = tempfile::tempdir().unwrap();
    let root = Root::open(tree.path()).unwrap();
    let store = crate::state::Store::new(root.clone());
    let baseline = Baseline::read(&store, &root).unwrap();
    let item = UnitActiveItem {
        unit: "a.service".to_owned(),
        before: false,
        written: true,
    };
    for (active, is_queued, stops) in [
        ("active", false, true),
        ("activating", false, true),
        ("inactive", true, true),
        ("inactive", false, false),
        ("failed", false, false),
    ] {
        let facts = UnitFacts {
            load_state: "loaded".to_owned(),
            active_state: active.to_owned(),
            is_queued,
            ..UnitFacts::default()
        };
        let facts = Facts {
            live: Some(Live {
                bus: true,
                units: [(item.unit.clone(), facts)].into(),
                ..Live::default()
            }),
            ..Facts::default()
        };
        let machine = Machine::new(&root, &facts);
        let release = item.release(1, &machine, &baseline).unwrap();
        let stop = unit_change(&item.unit, UnitAction::Stop);
        assert_eq!(
            release.changes,
            if stops { vec![stop.clone()] } else { vec![] },
            "{active} {is_queued}"
        );
        assert_eq!(stop.kind().holds(&machine).unwrap(), !stops, "{active} {is_queued}");
    }
}
