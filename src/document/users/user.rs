//! One account: an item of `users`, and the default user.

use serde::{Deserialize, Deserializer};

use super::account_text::{AccountPath, Gecos};
use super::{Doas, Expiry, GroupNames, Inactivity, SelinuxUser, Sudo};
use crate::document::import_id::ImportId;
use crate::document::one_or_many::one_or_many;
use crate::document::password::{Credential, Login, Password};
use crate::document::problem::{Check, Problems};
use crate::document::redirect::SshRedirectUser;
use crate::document::user_name::GroupName;
use crate::document::yaml::scalar::{ambiguous, integer};
use crate::document::{AuthorizedKey, Code, PasswordHash, UserName};

/// An account. If it exists, it keeps its number, its primary group and its home directory; the rest is made so.
///
/// ```yaml
/// name: core
/// groups: [docker]
/// shell: /bin/bash
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct User {
    /// The account's name.
    pub name: UserName,
    /// A comment, usually the person's full name.
    pub gecos: Option<Gecos>,
    /// The home directory. Default: the account's name below /home.
    #[cfg_attr(test, schemars(extend("examples" = ["/home/core"])))]
    pub homedir: Option<AccountPath>,
    /// The login shell. Default: as the machine has it for new accounts.
    pub shell: Option<AccountPath>,
    /// The account's number. Default: the next free one.
    pub uid: Option<Uid>,
    /// The primary group. Default: a group of its own, with the account's name.
    pub primary_group: Option<GroupName>,
    /// Further groups, as a list or with commas in between. Groups that don't exist are created.
    ///
    /// ```yaml
    /// groups: [docker]
    /// ```
    #[serde(default, deserialize_with = "said")]
    #[cfg_attr(test, schemars(with = "Option<GroupNames>"))]
    groups: Option<GroupNames>,
    /// Whether groups that don't exist are created. Default: true.
    pub create_groups: Option<bool>,
    /// No group of its own for the account: its primary group is the machine's group for users.
    pub no_user_group: Option<bool>,
    /// No home directory is created.
    pub no_create_home: Option<bool>,
    /// An account of a service: its number is one of the system's own, and no home directory is created.
    pub system: Option<bool>,
    /// Whether the password is locked; SSH keys still let the account in. Default: true.
    pub lock_passwd: Option<bool>,
    /// The password of a new account as a crypt(5) hash. One that has a password keeps it.
    pub passwd: Option<PasswordHash>,
    /// The password as a crypt(5) hash.
    pub hashed_passwd: Option<PasswordHash>,
    /// The password in plain text.
    pub plain_text_passwd: Option<Password>,
    /// The day on which the account expires.
    pub expiredate: Option<Expiry>,
    /// How many days after its expiry a password is still accepted.
    pub inactive: Option<Inactivity>,
    /// What the account may do as another one: a rule of sudoers(5), or a list of them, without the account's name.
    ///
    /// ```yaml
    /// sudo: ALL=(ALL) NOPASSWD:ALL
    /// ```
    #[serde(default, deserialize_with = "said")]
    #[cfg_attr(test, schemars(with = "Option<Sudo>"))]
    sudo: Option<Sudo>,
    /// What the account may do as another one with doas: rules of doas.conf(5), each with the account's name.
    ///
    /// ```yaml
    /// doas: [permit nopass bob]
    /// ```
    doas: Option<Doas>,
    /// Public keys that may log in over SSH, each a line of authorized_keys(5). Keys that are already on the machine stay.
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(test, schemars(with = "crate::vocabulary::schema::OneOrMany<AuthorizedKey>"))]
    pub ssh_authorized_keys: Vec<AuthorizedKey>,
    /// Whose public keys at GitHub (`gh:NAME`) and Launchpad (`lp:NAME`) may log in over SSH, too.
    ///
    /// ```yaml
    /// ssh_import_id: [gh:octocat]
    /// ```
    #[serde(default, deserialize_with = "one_or_many")]
    #[cfg_attr(test, schemars(with = "crate::vocabulary::schema::OneOrMany<ImportId>"))]
    pub ssh_import_id: Vec<ImportId>,
    /// Whether the platform's public keys tell those who log in as this account to log in as the default user. Default:
    /// false, the account doesn't get them.
    pub ssh_redirect_user: Option<SshRedirectUser>,
    /// Which user of SELinux's policy the account logs in as. semanage(8) has to be on the machine, or among `packages`.
    ///
    /// ```yaml
    /// selinux_user: staff_u
    /// ```
    pub selinux_user: Option<SelinuxUser>,
    /// Has no effect: firstlight keeps no log of logins.
    pub no_log_init: Option<bool>,
}

/// The number of an account: 4294967295 and 65535 stand for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "crate::vocabulary::schema::NumberOrText", extend("examples" = [1500])))]
pub struct Uid(u32);

impl Uid {
    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<String> for Uid {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        // What isn't ambiguous is a number in any form that YAML 1.1 has for one.
        let number = match ambiguous(text) {
            Some(_) => text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit())),
            None => integer(text).and_then(|number| u32::try_from(number).ok()),
        };
        match number {
            Some(number) if number != u32::MAX && number != u32::from(u16::MAX) => Ok(Self(number)),
            Some(number) => Err(format!("{number} stands for no account")),
            None => Err(format!(
                "expected a number from 0 to 4294967294, found `{}`",
                text.escape_debug()
            )),
        }
    }
}

/// Reads a value; an empty one is a value too: it wins over what the default user has.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl User {
    /// An account of which only the name is known.
    pub fn named(name: UserName) -> Self {
        Self {
            name,
            gecos: None,
            homedir: None,
            shell: None,
            uid: None,
            primary_group: None,
            groups: None,
            create_groups: None,
            no_user_group: None,
            no_create_home: None,
            system: None,
            lock_passwd: None,
            passwd: None,
            hashed_passwd: None,
            plain_text_passwd: None,
            expiredate: None,
            inactive: None,
            sudo: None,
            doas: None,
            ssh_authorized_keys: Vec::new(),
            ssh_import_id: Vec::new(),
            ssh_redirect_user: None,
            selinux_user: None,
            no_log_init: None,
        }
    }

    /// The same, with what it doesn't say as `other` has it.
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        let is_same = self.name == other.name;
        let has_password = self.credential().is_some();
        Self {
            name: self.name,
            // Another account's name says nothing of this one.
            gecos: self.gecos.or(other.gecos.filter(|_| is_same)),
            homedir: self.homedir.or(other.homedir),
            shell: self.shell.or(other.shell),
            uid: self.uid.or(other.uid),
            primary_group: self.primary_group.or(other.primary_group),
            groups: self.groups.or(other.groups),
            create_groups: self.create_groups.or(other.create_groups),
            no_user_group: self.no_user_group.or(other.no_user_group),
            no_create_home: self.no_create_home.or(other.no_create_home),
            system: self.system.or(other.system),
            lock_passwd: self.lock_passwd.or(other.lock_passwd),
            passwd: self.passwd.or(other.passwd.filter(|_| !has_password)),
            hashed_passwd: self.hashed_passwd.or(other.hashed_passwd.filter(|_| !has_password)),
            plain_text_passwd: self
                .plain_text_passwd
                .or(other.plain_text_passwd.filter(|_| !has_password)),
            expiredate: self.expiredate.or(other.expiredate),
            inactive: self.inactive.or(other.inactive),
            sudo: self.sudo.or(other.sudo),
            doas: self.doas.or(other.doas.filter(|_| is_same)),
            ssh_authorized_keys: match self.ssh_authorized_keys.is_empty() {
                true => other.ssh_authorized_keys,
                false => self.ssh_authorized_keys,
            },
            ssh_import_id: match self.ssh_import_id.is_empty() {
                true => other.ssh_import_id,
                false => self.ssh_import_id,
            },
            ssh_redirect_user: self.ssh_redirect_user.or(other.ssh_redirect_user),
            selinux_user: self.selinux_user.or(other.selinux_user.filter(|_| is_same)),
            no_log_init: self.no_log_init.or(other.no_log_init),
        }
    }

    /// The further groups.
    pub fn groups(&self) -> &[GroupName] {
        self.groups.as_ref().map(GroupNames::names).unwrap_or_default()
    }

    /// The rules of sudo.
    pub fn sudo(&self) -> &[String] {
        self.sudo.as_ref().map(Sudo::rules).unwrap_or_default()
    }

    /// The rules of doas.
    pub fn doas(&self) -> &[String] {
        self.doas.as_ref().map(Doas::rules).unwrap_or_default()
    }

    /// Whether the password is locked: it is unless the document says otherwise.
    pub fn is_locked(&self) -> bool {
        self.lock_passwd.unwrap_or(true)
    }

    /// Whether the platform's keys tell to log in as the default user instead.
    pub fn is_redirected(&self) -> bool {
        self.ssh_redirect_user == Some(SshRedirectUser::Default)
    }

    /// Whether a home directory is created.
    pub fn has_home(&self) -> bool {
        self.system != Some(true) && self.no_create_home != Some(true)
    }

    /// The password that is given, and its key.
    fn credential(&self) -> Option<(Credential, &'static str)> {
        let plain = self.plain_text_passwd.clone().map(Credential::Plain);
        let hashed = self.hashed_passwd.clone().map(Credential::Hash);
        let first = self.passwd.clone().map(Credential::Hash);
        let keys = [
            (plain, "plain_text_passwd"),
            (hashed, "hashed_passwd"),
            (first, "passwd"),
        ];
        keys.into_iter().find_map(|(credential, key)| Some((credential?, key)))
    }

    /// The password that the account gets; `path` leads to the account in the document.
    pub fn login(&self, path: &[String]) -> Option<Login> {
        let (credential, key) = self.credential()?;
        Some(Login {
            user: self.name.as_str().to_owned(),
            credential,
            expire: false,
            expire_given: false,
            locked: self.is_locked(),
            only_first: key == "passwd",
            path: path.iter().cloned().chain([key.to_owned()]).collect(),
        })
    }
}

impl Check for User {
    fn check(&self, problems: &mut Problems<'_>) {
        let given = [
            ("plain_text_passwd", self.plain_text_passwd.is_some()),
            ("hashed_passwd", self.hashed_passwd.is_some()),
            ("passwd", self.passwd.is_some()),
        ];
        let given: Vec<&str> = given.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect();
        if let [first, second, ..] = given.as_slice() {
            let message = format!("`{first}` and `{second}` are both given");
            let hint = Some("keep one of them");
            problems.of(Code::Conflict).error(&[second], message, hint);
        }
        if !given.is_empty() && self.lock_passwd.is_none() {
            let message = format!(
                "`lock_passwd` is true by default: the password of `{}` is set and locked",
                self.name
            );
            let hint = Some("write `lock_passwd: false` to log in with it, or `lock_passwd: true` to silence this");
            let key = given.first().copied().unwrap_or_default();
            problems.warning(&[key], message, hint);
        }
        if let (Some(_), Some(true)) = (&self.primary_group, self.no_user_group) {
            let message = "`no_user_group` has no effect beside `primary_group`";
            problems
                .of(Code::NoEffect)
                .warning(&["no_user_group"], message, Some("remove it"));
        }
        let others = |rule: &&String| super::doas::identity(rule) != Some(self.name.as_str());
        if let Some(rule) = self.doas().iter().find(others) {
            let whose = super::doas::identity(rule).unwrap_or_default();
            let message = format!("a rule of `{}` is about `{whose}`", self.name);
            problems.error(&["doas"], message, Some("give each account its own rules"));
        }
        let given = match (self.ssh_authorized_keys.is_empty(), self.ssh_import_id.is_empty()) {
            (false, _) => Some("ssh_authorized_keys"),
            (true, false) => Some("ssh_import_id"),
            (true, true) => None,
        };
        if let Some(given) = given.filter(|_| self.is_redirected()) {
            let message = format!("`ssh_redirect_user` and `{given}` are both given");
            let hint = Some("keep the keys to let somebody in, or `ssh_redirect_user` to let nobody in");
            problems.of(Code::Conflict).error(&["ssh_redirect_user"], message, hint);
        }
        if !self.has_home() && (given.is_some() || self.is_redirected()) {
            let needs = given.unwrap_or("ssh_redirect_user");
            let key = if self.system == Some(true) {
                "system"
            } else {
                "no_create_home"
            };
            let message = format!("the keys need a home directory, and `{key}` creates none");
            let hint = format!("remove `{key}`, or the keys");
            problems.of(Code::Conflict).error(&[needs], message, Some(&hint));
        }
    }
}
