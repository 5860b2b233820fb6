//! Which accounts get which keys, and which of these only say who to log in as instead.

use crate::document::import_id::ImportId;
use crate::document::redirect::RedirectOptions;
use crate::document::users::{Wanted, wanted};
use crate::document::{AuthorizedKey, Config};

/// The key that keys of accounts are below.
const KEYS: &str = "ssh_authorized_keys";

/// The same for keys of other sites.
const IDS: &str = "ssh_import_id";

/// The keys that one account gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The account.
    pub user: String,
    /// Its keys: where two are the same, the first one counts.
    pub keys: Vec<AuthorizedKey>,
    /// The keys of the document that lead to them.
    pub path: Vec<String>,
    /// Whether all of them only say who to log in as instead: then nobody misses them.
    pub only_tells: bool,
}

impl Asked {
    fn new(user: &str, keys: Vec<AuthorizedKey>, path: &[&str]) -> Self {
        Self {
            user: user.to_owned(),
            keys,
            path: path.iter().map(ToString::to_string).collect(),
            only_tells: false,
        }
    }
}

/// Everybody who gets keys.
#[derive(Debug, Default)]
pub struct AllAsked {
    /// Root.
    pub root: Option<Asked>,
    /// The keys that root gets too, though only to say who to log in as instead if `disable_root` says so.
    pub shared: Vec<AuthorizedKey>,
    /// The others who get keys of their own, the default user among them.
    pub others: Vec<Asked>,
    /// Those who get the platform's keys to say that the default user is the one to log in as.
    pub redirected: Vec<Asked>,
    /// The name of the default user, if the document asks for one.
    pub default_user: Option<String>,
    /// Whose keys are imported, with the keys of the document that say so, and for whom.
    pub imports: Vec<(ImportId, Vec<String>)>,
}

impl AllAsked {
    /// Reads them from the document. Those of the top level and of the platform are for the default user and for root.
    pub fn of(want: &Config) -> Self {
        let mut all = Self::default();
        let top = want.ssh_authorized_keys.iter().flat_map(|keys| &keys.0);
        all.shared = top.chain(&want.platform_keys).cloned().collect();
        let of_root = want.root.iter().flat_map(|root| &root.ssh_authorized_keys);
        let mut root = Asked::new("root", of_root.cloned().collect(), &["root", KEYS]);
        let is_of_top = root.keys.is_empty() && want.ssh_authorized_keys.is_some();
        if is_of_top {
            root.path = vec![KEYS.to_owned()];
        }
        for Wanted { user, path, is_default } in wanted(want) {
            let name = user.name.as_str();
            let below = |key: &str| {
                path.iter()
                    .map(String::as_str)
                    .chain([key])
                    .map(str::to_owned)
                    .collect()
            };
            let is_redirected = user.is_redirected();
            let mut keys = user.ssh_authorized_keys;
            let mut path_of_keys = below(KEYS);
            let own = user.ssh_import_id.into_iter().map(|id| (id, below(IDS)));
            let top = want.ssh_import_id.iter().flat_map(|ids| ids.0.iter().cloned());
            let top = top.filter(|_| is_default).map(|id| (id, vec![IDS.to_owned()]));
            for (id, path) in own.chain(top) {
                let imported = want.imported.by.get(&id).map(|import| import.keys.clone());
                let imported = imported.unwrap_or_default();
                if keys.is_empty() && !imported.is_empty() {
                    path_of_keys.clone_from(&path);
                }
                keys.extend(imported);
                all.imports.push((id, path));
            }
            if name == "root" {
                if root.keys.is_empty() && !keys.is_empty() {
                    root.path = path_of_keys;
                }
                root.keys.append(&mut keys);
                continue;
            }
            if is_default {
                all.default_user = Some(name.to_owned());
                keys.extend_from_slice(&all.shared);
            }
            let user = name.to_owned();
            if is_redirected {
                all.redirected.push(Asked {
                    user: user.clone(),
                    keys: want.platform_keys.clone(),
                    path: below("ssh_redirect_user"),
                    only_tells: true,
                });
            }
            if !keys.is_empty() {
                all.others.push(Asked {
                    user,
                    keys,
                    path: path_of_keys,
                    only_tells: false,
                });
            }
        }
        all.root = Some(root).filter(|root| !root.keys.is_empty() || !all.shared.is_empty());
        all
    }
}

/// These keys as those of `from` that say to log in as `to`.
pub fn redirected(keys: &[AuthorizedKey], own: Option<&RedirectOptions>, to: &str, from: &str) -> Vec<AuthorizedKey> {
    let options = RedirectOptions::filled(own, to, from);
    keys.iter().map(|key| key.with_options(&options)).collect()
}
