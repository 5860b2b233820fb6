//! `random_seed`: bytes of the document and of the platform for the kernel's random numbers, before any key is made of them.

use super::{Change, Module, Plan, PlanError, RandomSeed as RandomSeedChange, Stage};
use crate::document::Config;
use crate::document::random_seed::SeedFile;
use crate::document::write_files::Content;
use crate::system::Machine;

/// Gives the kernel random bytes.
#[derive(Debug, Clone, Copy)]
pub struct RandomSeed;

impl Module for RandomSeed {
    fn name(&self) -> &'static str {
        "random_seed"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn plan(&self, want: &Config, _machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let asked = want.random_seed.as_ref();
        let own = asked.map_or_else(|| Ok(Default::default()), |seed| seed.bytes());
        let mut bytes = own.map_err(|why| PlanError::at(&["random_seed", "data"], why))?;
        if let Some(platforms) = &want.platform_seed {
            bytes.extend_from_slice(platforms.expose().as_bytes());
        }
        if bytes.is_empty() {
            return Ok(plan);
        }
        let file = match asked.map(|seed| seed.target()) {
            None | Some(SeedFile::Pool) => None,
            Some(SeedFile::File(path)) => Some(path.as_str().to_owned()),
        };
        let bytes = Content::new(&bytes);
        plan.changes.push(Change::RandomSeed(RandomSeedChange { file, bytes }));
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Secret;
    use crate::system::{Facts, Root};
    use serde_json::{Value, json};

    fn plan(document: Value, platforms: Option<&str>) -> Option<(Option<String>, String)> {
        let tree = tempfile::tempdir().unwrap();
        let root = Root::open(tree.path()).unwrap();
        let mut config: Config = crate::document::yaml::from_json(&document).unwrap();
        config.platform_seed = platforms.map(Secret::new);
        let facts = Facts::default();
        let mut plan = RandomSeed.plan(&config, &Machine::new(&root, &facts)).unwrap();
        match plan.changes.pop()? {
            Change::RandomSeed(seed) => Some((seed.file, String::from_utf8(seed.bytes.expose().to_vec()).unwrap())),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_documents_bytes_and_then_the_platforms() {
        let file = || Some("/var/lib/seed".to_owned());
        let data = json!({"random_seed": {"data": "YWJj", "encoding": "base64"}});
        for (document, platforms, expected) in [
            (json!({}), None, None),
            (json!({"random_seed": {"file": "/dev/urandom"}}), None, None),
            (data.clone(), None, Some((None, "abc".to_owned()))),
            (data, Some("def"), Some((None, "abcdef".to_owned()))),
            (json!({}), Some("def"), Some((None, "def".to_owned()))),
            (
                json!({"random_seed": {"data": "abc", "file": "/var/lib/seed"}}),
                None,
                Some((file(), "abc".to_owned())),
            ),
        ] {
            assert_eq!(plan(document.clone(), platforms), expected, "{document} {platforms:?}");
        }
    }
}
