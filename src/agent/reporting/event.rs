//! What a webhook is told, in the shape that cloud-init gives it.

use serde::Serialize;

use super::{MODULE, Spans};
use crate::document::plain::beginning;
use crate::module::{Module, Stage, all};
use crate::report::status::{ModuleStatus, Standing, Status};

/// The most characters of a description.
const DESCRIPTION_MAX: usize = 500;

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Event {
    /// The stage, and behind a slash the module.
    pub(super) name: String,
    /// In words.
    pub(super) description: String,
    event_type: &'static str,
    /// Who says so. Receivers know this one, and what its events mean.
    origin: &'static str,
    timestamp: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<EventResult>,
}

/// How it ended; the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum EventResult {
    Success,
    Warn,
    Fail,
}

impl From<Standing> for EventResult {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Done => Self::Success,
            Standing::Failed => Self::Fail,
            Standing::NotRun | Standing::Running | Standing::Degraded | Standing::NoSource | Standing::Disabled => {
                Self::Warn
            }
        }
    }
}

impl Event {
    fn start(name: &str, description: String, timestamp: f64) -> Self {
        Self {
            name: name.to_owned(),
            description,
            event_type: "start",
            origin: "cloudinit",
            timestamp,
            result: None,
        }
    }

    fn finish(name: &str, description: &str, timestamp: f64, result: EventResult) -> Self {
        Self {
            event_type: "finish",
            result: Some(result),
            ..Self::start(name, beginning(description, DESCRIPTION_MAX), timestamp)
        }
    }
}

/// The events of a boot: for each stage that ran its start, its modules that did something or are not as asked, and its
/// end; the last one is about the whole. When a module acted is not known: it has the time when its stage ended.
pub(super) fn events(spans: &Spans, status: &Status, now: f64) -> Vec<Event> {
    let mut events = Vec::new();
    for (stage, span) in spans {
        let (name, words) = stage_name(*stage);
        events.push(Event::start(name, format!("running the {words} stage"), span.begun));
        let mut result = EventResult::Success;
        for module in status.modules.iter().filter(|module| is_news(module)) {
            if told_with(module, spans) == Some(*stage) {
                let event = of_module(name, module, &status.problems, span.ended);
                result = result.max(module.status.into());
                events.push(event);
            }
        }
        if *stage != Stage::Final {
            events.push(Event::finish(
                name,
                &format!("the {words} stage ran"),
                span.ended,
                result,
            ));
        }
    }
    let modules = status.modules.iter().map(|module| module.status.into());
    let worst = modules.max().unwrap_or(EventResult::Success);
    // As in cloud-init: where a module failed, so did the whole.
    let result = worst.max(status.status.into());
    let whole: Vec<&str> = [status.detail.as_str()]
        .into_iter()
        .chain(status.problems.iter().map(String::as_str))
        .collect();
    events.push(Event::finish(
        stage_name(Stage::Final).0,
        &whole.join("; "),
        now,
        result,
    ));
    events
}

/// What cloud-init calls a stage, and what we do.
fn stage_name(stage: Stage) -> (&'static str, &'static str) {
    match stage {
        Stage::Local => ("init-local", "local"),
        Stage::System => ("init-network", "system"),
        Stage::Final => ("modules-final", "final"),
    }
}

fn is_news(module: &ModuleStatus) -> bool {
    module.name != MODULE && (module.changed > 0 || module.status != Standing::Done)
}

/// The stage that a module acted in. Where the document came late, the first one that ran did the work of those before it.
fn told_with(module: &ModuleStatus, spans: &Spans) -> Option<Stage> {
    let own = all().into_iter().find(|known| known.name() == module.name);
    let own = own.map_or(Stage::Final, Module::stage);
    spans.range(own..).next().map(|(stage, _)| *stage)
}

fn of_module(stage: &str, module: &ModuleStatus, problems: &[String], time: f64) -> Event {
    let prefix = format!("{}: ", module.name);
    let own: Vec<&str> = problems
        .iter()
        .filter_map(|problem| problem.strip_prefix(&prefix))
        .collect();
    let description = match own.is_empty() {
        true => format!("{} changed, {} verified", module.changed, module.verified),
        false => own.join("; "),
    };
    let name = format!("{stage}/config-{}", module.name);
    Event::finish(&name, &description, time, module.status.into())
}
