use super::event::EventResult;
use super::*;
use crate::source::http::server::{Server, answer};
use crate::source::{Part, Rules};

/// A machine with a seed that has this user-data.
struct Scratch {
    tree: tempfile::TempDir,
    system: System,
    store: Store,
    seed: Seed,
}

impl Scratch {
    fn new(user_data: &str) -> Self {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tree.path().join("etc/firstlight")).unwrap();
        let system = System::tree(tree.path()).unwrap();
        let store = Store::new(system.root.clone());
        let mut seed = Seed::empty("nocloud", "a place".to_owned());
        seed.user_data = Some(Part::new("user-data".to_owned(), user_data.as_bytes().to_vec()));
        Self {
            tree,
            system,
            store,
            seed,
        }
    }

    fn note(&self, stages: &[Stage]) {
        let document = Document::read(&texts_on(&self.system, &self.seed));
        assert_eq!(document.diagnostics, []);
        for stage in stages {
            note(&self.store, &document, *stage, 7.5);
        }
    }

    async fn tell(&self, status: Status) -> Status {
        tell(&self.system, &self.store, None, &self.seed, status).await
    }
}

fn hook(port: u16, below: &str) -> String {
    format!("{{type: webhook, endpoint: 'http://u:hunter2@127.0.0.1:{port}/x?t=hunter2'{below}}}")
}

fn row(name: &str, status: Standing, changed: usize) -> ModuleStatus {
    ModuleStatus {
        name: name.to_owned(),
        status,
        changed,
        verified: 1,
        unseen: 0,
        milliseconds: 1,
        verify_milliseconds: 1,
    }
}

fn status(standing: Standing, modules: Vec<ModuleStatus>, problems: &[&str]) -> Status {
    Status {
        stage: Some(Stage::Final),
        modules,
        problems: problems.iter().map(ToString::to_string).collect(),
        ..Status::plain(standing, "so it is")
    }
}

fn bodies(server: &Server) -> Vec<serde_json::Value> {
    let seen = server.seen();
    let bodies = seen.iter().filter_map(|request| request.split("\r\n\r\n").nth(1));
    bodies.map(|body| serde_json::from_str(body).unwrap()).collect()
}

#[tokio::test]
async fn the_events_have_the_shape_of_cloud_init() {
    let server = Server::new(vec![answer("200 OK", "", "")]);
    let scratch = Scratch::new(&format!("reporting: {{a: {}}}\n", hook(server.port, "")));
    scratch.note(&[Stage::Local, Stage::System, Stage::Final]);
    let modules = vec![
        row("hostname", Standing::Done, 2),
        row("timezone", Standing::Done, 0),
        row("sshd", Standing::Failed, 0),
        row("packages", Standing::Degraded, 1),
        row("reporting", Standing::Done, 0),
        row("scrub", Standing::Done, 1),
    ];
    let problems = ["x:1: a key", "sshd: it broke", "sshd: it lies", "packages: no vim"];
    let told = scratch.tell(status(Standing::Degraded, modules, &problems)).await;
    assert_eq!(told.problems, problems);
    let seen = bodies(&server);
    let shown: Vec<String> = seen
        .iter()
        .map(|event| {
            let of = |key: &str| event[key].as_str().unwrap_or("-").to_owned();
            assert_eq!(of("origin"), "cloudinit");
            assert!(event["timestamp"].is_f64(), "{event}");
            format!(
                "{} {} {}: {}",
                of("event_type"),
                of("name"),
                of("result"),
                of("description")
            )
        })
        .collect();
    let expected = [
        "start init-local -: running the local stage",
        "finish init-local/config-hostname SUCCESS: 2 changed, 1 verified",
        "finish init-local/config-sshd FAIL: it broke; it lies",
        "finish init-local FAIL: the local stage ran",
        "start init-network -: running the system stage",
        "finish init-network SUCCESS: the system stage ran",
        "start modules-final -: running the final stage",
        "finish modules-final/config-packages WARN: no vim",
        "finish modules-final/config-scrub SUCCESS: 1 changed, 1 verified",
        "finish modules-final FAIL: so it is; x:1: a key; sshd: it broke; sshd: it lies; packages: no vim",
    ];
    assert_eq!(shown, expected);
    assert_eq!(seen[0]["timestamp"], 7.5);
    assert_eq!(seen[0].as_object().unwrap().len(), 5);
    assert_eq!(seen[1].as_object().unwrap().len(), 6);
}

/// Where the final stage itself fails, what the earlier ones did is told.
#[tokio::test]
async fn a_stage_that_fails_before_its_modules_act_is_told_too() {
    let server = Server::new(vec![answer("200 OK", "", "")]);
    let scratch = Scratch::new(&format!("reporting: {{a: {}}}\n", hook(server.port, "")));
    scratch.note(&[Stage::Local]);
    let earlier = status(Standing::Running, vec![row("hostname", Standing::Done, 1)], &[]);
    let earlier = serde_json::to_vec(&earlier).unwrap();
    scratch.store.publish("status.json", &earlier).unwrap();
    let told = scratch.tell(Status::plain(Standing::Failed, "no space left")).await;
    assert_eq!((told.status, told.detail.as_str()), (Standing::Failed, "no space left"));
    let seen: Vec<String> = bodies(&server)
        .iter()
        .map(|event| format!("{} {}", event["name"], event["result"]))
        .collect();
    let expected = [
        "\"init-local\" null",
        "\"init-local/config-hostname\" \"SUCCESS\"",
        "\"init-local\" \"SUCCESS\"",
        "\"modules-final\" \"FAIL\"",
    ];
    assert_eq!(seen, expected);
}

/// The second time there is nothing that a stage has noted.
#[tokio::test]
async fn a_boot_with_nothing_to_do_tells_nobody() {
    let server = Server::new(vec![answer("200 OK", "", "")]);
    let scratch = Scratch::new(&format!("reporting: {{a: {}}}\n", hook(server.port, "")));
    let done = || status(Standing::Done, vec![row("hostname", Standing::Done, 1)], &[]);
    assert_eq!(scratch.tell(done()).await, done());
    scratch.note(&[Stage::Final]);
    let told = scratch.tell(done()).await;
    assert_eq!((told.status, told.modules.len()), (Standing::Done, 2));
    assert_eq!(bodies(&server).len(), 3);
    assert_eq!(scratch.tell(done()).await, done());
    scratch.note(&[Stage::Final]);
    forget(&scratch.store);
    assert_eq!(scratch.tell(done()).await, done());
    assert_eq!(bodies(&server).len(), 3);
}

#[tokio::test]
async fn without_a_webhook_nothing_is_noted_and_nothing_told() {
    for quiet in ["reporting: {a: {type: log}, b: {type: print}}\n", "hostname: a\n"] {
        let scratch = Scratch::new(quiet);
        scratch.note(&[Stage::Local, Stage::Final]);
        assert!(
            !scratch.tree.path().join("run/firstlight/stages.json").exists(),
            "{quiet}"
        );
    }
}

/// One that is down costs the others nothing, and says what it missed without its secrets.
#[tokio::test]
async fn what_is_not_taken_is_in_the_status() {
    let (up, down) = (
        Server::new(vec![answer("200 OK", "", "")]),
        Server::new(vec![
            answer("200 OK", "", ""),
            answer("401 Unauthorized", "", "hunter2"),
        ]),
    );
    let text = format!(
        "reporting: {{down: {}, up: {}}}\n",
        hook(down.port, ""),
        hook(up.port, "")
    );
    let scratch = Scratch::new(&text);
    scratch.note(&[Stage::Final]);
    let done = || status(Standing::Done, vec![row("runcmd", Standing::Done, 1)], &[]);
    let told = scratch.tell(done()).await;
    assert_eq!((bodies(&up).len(), bodies(&down).len()), (3, 2));
    let words = format!(
        "reporting: down: http://127.0.0.1:{}/x?…: the server answered 401 Unauthorized; it took 1 of 3 events, and the \
         rest isn't posted later",
        down.port
    );
    assert_eq!(told.problems, [words]);
    assert_eq!(told.status, Standing::Degraded);
    assert!(told.detail.contains("not everybody was told"), "{}", told.detail);
    let own = told.modules.last().unwrap();
    assert_eq!((own.name.as_str(), own.status), (MODULE, Standing::Degraded));
    assert!(!format!("{told:?}").contains("hunter2"));
}

#[tokio::test]
async fn the_documents_proxy_counts() {
    let proxy = Server::new(vec![answer("200 OK", "", "")]);
    let hook = "{type: webhook, endpoint: 'http://nowhere.invalid/x', retries: 0}";
    let scratch = Scratch::new(&format!(
        "proxy: 'http://127.0.0.1:{}'\nreporting: {{a: {hook}}}\n",
        proxy.port
    ));
    scratch.note(&[Stage::Final]);
    let told = scratch.tell(status(Standing::Done, Vec::new(), &[])).await;
    assert_eq!(told.problems.len(), 1, "a proxy that leads nowhere: {told:?}");
    assert!(
        proxy.seen().concat().starts_with("CONNECT nowhere.invalid:80 "),
        "{told:?}"
    );
}

#[tokio::test]
async fn the_owner_says_whether_anybody_is_told() {
    let server = Server::new(vec![answer("200 OK", "", "")]);
    let scratch = Scratch::new(&format!("reporting: {{a: {}}}\n", hook(server.port, "")));
    for settings in ["allow: [directory]\n", "allow: directory here\n"] {
        std::fs::write(scratch.tree.path().join("etc/firstlight/config.yaml"), settings).unwrap();
        scratch.note(&[Stage::Final]);
        let told = scratch.tell(status(Standing::Done, Vec::new(), &[])).await;
        assert!(told.problems[0].contains("config.yaml"), "{told:?}");
    }
    assert_eq!(server.seen(), Vec::<String>::new());
    assert_eq!(Rules::default().http.timeout, Duration::from_secs(30));
}

#[test]
fn a_description_is_bounded_and_the_worst_result_counts() {
    let long = "ü".repeat(10_000);
    let spans: Spans = [(Stage::System, Span { begun: 1.0, ended: 2.0 })].into();
    let failed = status(
        Standing::Failed,
        // A late document: the system stage did the work of the local one.
        vec![row("hostname", Standing::Done, 1)],
        &[&long],
    );
    let events = events(&spans, &failed, 3.0);
    let names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "init-network",
            "init-network/config-hostname",
            "init-network",
            "modules-final"
        ]
    );
    let last = events.last().unwrap();
    assert_eq!(last.result, Some(EventResult::Fail));
    assert_eq!(last.description.chars().count(), 501);
}
