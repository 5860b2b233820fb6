//! Programs of the machine that print a seed: for what no other source knows.
//!
//! `docs/sources.md` has the contract. They are run as root, so only root may have written them; and never under `--root`.

mod answer;
mod find;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use self::find::Program;
use super::gathered::Gathered;
use super::{Fault, PART_LIMIT, Places, Rules, Verdict};
use crate::system::run::{self, Keep, RunError};

/// The source's name.
const NAME: &str = "program";

/// Where they are; one in the first directory takes the place of one of the same name in the second.
pub const DIRECTORIES: [&str; 2] = ["/etc/firstlight/sources.d", "/usr/lib/firstlight/sources.d"];

/// What a program is told of who runs it: the version of the contract.
const ENVIRONMENT: [(&str, &str); 1] = [("FIRSTLIGHT_PROGRAM_VERSION", "1")];

/// Runs the programs of the running machine, all at the same time.
pub fn search(places: &Places) -> Verdict {
    if !places.live {
        return Verdict::Absent(
            "programs run only on a running machine; firstlight executes nothing from a tree".to_owned(),
        );
    }
    let programs = match find::programs(&places.root) {
        Ok(programs) => programs,
        Err(fault) => return fault.into(),
    };
    if programs.is_empty() {
        return Verdict::Absent(format!("no program in {}", DIRECTORIES.join(" or ")));
    }
    let limit = limit(places.rules.timeout);
    let verdicts = std::thread::scope(|scope| {
        let running: Vec<_> = programs
            .iter()
            .map(|program| std::thread::Builder::new().spawn_scoped(scope, move || ask(program, limit)))
            .collect();
        let failed = |why: String| Verdict::Unknown(Fault::passing(format!("a program could not be run: {why}")));
        running
            .into_iter()
            .map(|asked| match asked.map(std::thread::ScopedJoinHandle::join) {
                Ok(Ok(verdict)) => verdict,
                Ok(Err(_)) => failed("its thread died".to_owned()),
                Err(error) => failed(error.to_string()),
            })
            .collect()
    });
    choose(verdicts)
}

/// Runs the program at `path`, which somebody named.
pub fn from_path(path: &Path, rules: &Rules) -> Verdict {
    // A name without a slash would be searched for.
    match std::path::absolute(path) {
        Ok(path) => match ask(&Program::at(&path.to_string_lossy()), limit(rules.timeout)) {
            Verdict::Absent(why) => Fault::lasting(why).into(),
            Verdict::Unknown(fault) => fault.into(),
            verdict => verdict,
        },
        Err(error) => Fault::unreadable(path.display().to_string(), &error).into(),
    }
}

/// How long a program may take: less than the source as a whole, so that it is named and killed when it takes longer.
pub(super) fn limit(timeout: Duration) -> Duration {
    timeout - (timeout / 10).min(Duration::from_millis(500))
}

fn ask(Program { path, refused }: &Program, limit: Duration) -> Verdict {
    if let Some(fault) = refused {
        return fault.clone().at(path).into();
    }
    let said = match run::run_foreign(std::slice::from_ref(path), &ENVIRONMENT, limit, Keep::Whole(PART_LIMIT)) {
        Ok(said) => said,
        Err(why @ RunError::Late(_)) => return Verdict::Unknown(Fault::passing(why.to_string()).at(path)),
        Err(why) => return Fault::lasting(why.to_string()).at(path).into(),
    };
    if said.success {
        return answer::verdict(&said.stdout, path);
    }
    let how = match said.status {
        Some(status) => format!("ended with exit status {status}"),
        None => "was killed by a signal".to_owned(),
    };
    let what = format!("{how}; its output is not shown because it may be secret");
    Fault::lasting(what).at(path).with_hint("run it by hand to see").into()
}

/// One verdict from those of all programs.
fn choose(verdicts: Vec<Verdict>) -> Verdict {
    let mut found = Gathered::default();
    verdicts.into_iter().for_each(|verdict| found.add(verdict));
    if let [_] = found.seeds.as_slice()
        && !found.broken.is_empty()
    {
        // The broken one is to be mended, whatever the others say.
        found.seeds.clear();
    }
    found.verdict(|seeds| {
        let places: Vec<_> = seeds.iter().map(|seed| seed.place.as_str()).collect();
        let fault = Fault::lasting(format!("different seeds of {}", places.join(" and ")));
        let hint = format!(
            "keep one of them; to mask another, link its name in {} to /dev/null",
            DIRECTORIES[0]
        );
        fault.with_hint(hint)
    })
}
