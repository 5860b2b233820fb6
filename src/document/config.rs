//! The whole document, typed.

use serde::Deserialize;

use super::chpasswd::Chpasswd;
use super::docker::Docker;
use super::hostname::{HostName, ManageEtcHosts};
use super::kernel_modules::KernelModules;
use super::keymap::Keymap;
use super::locale::Locale;
use super::network::{LeftOut, Network};
use super::networkd_files::NetworkdFile;
use super::ntp::Ntp;
use super::password::Credential;
use super::problem::{Check, Problems};
use super::root::RootAccount;
use super::services::Services;
use super::settings::Settings;
use super::sshd::Sshd;
use super::sysctl::Sysctl;
use super::timezone::Timezone;
use super::write_files::WriteFile;

/// What a document asks for. Every key is optional; what is not asked for is not touched.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Config {
    /// The machine's name. What is given here always wins.
    pub hostname: Option<HostName>,
    /// The fully qualified name.
    ///
    /// ```yaml
    /// fqdn: web1.example.com
    /// ```
    pub fqdn: Option<HostName>,
    /// Whether the machine is called by its fully qualified name where both are known. Default: false.
    pub prefer_fqdn_over_hostname: Option<bool>,
    /// Leave the name as it is.
    pub preserve_hostname: Option<bool>,
    /// What happens to `/etc/hosts`: true, false or localhost.
    pub manage_etc_hosts: Option<ManageEtcHosts>,
    /// The time zone.
    pub timezone: Option<Timezone>,
    /// The locale of every program that is told no other. `false`, `off`, `no` and `0` leave it as it is.
    #[serde(default, deserialize_with = "super::locale::unless_off")]
    pub locale: Option<Locale>,
    /// The keymap of the text console.
    pub keymap: Option<Keymap>,
    /// Modules of the kernel.
    pub kernel_modules: Option<KernelModules>,
    /// Parameters of the kernel.
    pub sysctl: Option<Sysctl>,
    /// The network.
    pub network: Option<Network>,
    /// Files of networkd, for what `network` has no key for.
    pub networkd_files: Option<Vec<NetworkdFile>>,
    /// What the SSH server allows.
    pub sshd: Option<Sshd>,
    /// cloud-config's way to say `sshd.password_authentication`: true, false or unchanged.
    pub ssh_pwauth: Option<super::sshd::SshPwauth>,
    /// Whether the public keys that the platform gives in the meta-data may log in as root. Default: true.
    pub allow_public_ssh_keys: Option<bool>,
    /// The root account.
    pub root: Option<RootAccount>,
    /// Passwords of accounts, as cloud-config has them.
    pub chpasswd: Option<Chpasswd>,
    /// cloud-config's password of the default user; where there is none, as on Photon, root's. What looks like a hash is
    /// one.
    #[serde(default, deserialize_with = "super::password::as_in_chpasswd_list")]
    #[cfg_attr(test, schemars(with = "Option<super::Password>"))]
    pub password: Option<Credential>,
    /// Which units are enabled and running.
    pub services: Option<Services>,
    /// The time servers.
    pub ntp: Option<Ntp>,
    /// The container engine.
    pub docker: Option<Docker>,
    /// Files, as they are or fetched.
    pub write_files: Option<Vec<WriteFile>>,
    /// How this document is to be treated.
    pub firstlight: Option<Settings>,
    /// What of the network is not taken, because of what is wrong with it.
    #[serde(skip)]
    pub left_out: LeftOut,
}

impl Check for Config {
    fn check(&self, problems: &mut Problems<'_>) {
        let parts: [(&str, Option<&dyn Check>); 9] = [
            ("network", self.network.as_ref().map(|p| p as &dyn Check)),
            ("sshd", self.sshd.as_ref().map(|p| p as &dyn Check)),
            ("root", self.root.as_ref().map(|p| p as &dyn Check)),
            ("chpasswd", self.chpasswd.as_ref().map(|p| p as &dyn Check)),
            ("services", self.services.as_ref().map(|p| p as &dyn Check)),
            ("ntp", self.ntp.as_ref().map(|p| p as &dyn Check)),
            ("kernel_modules", self.kernel_modules.as_ref().map(|p| p as &dyn Check)),
            ("sysctl", self.sysctl.as_ref().map(|p| p as &dyn Check)),
            ("docker", self.docker.as_ref().map(|p| p as &dyn Check)),
        ];
        for (key, part) in parts {
            if let Some(part) = part {
                part.check(&mut problems.below(&[key]));
            }
        }
        if let Some(files) = &self.write_files {
            files.check(&mut problems.below(&["write_files"]));
        }
        if let Some(files) = &self.networkd_files {
            files.check(&mut problems.below(&["networkd_files"]));
        }
        super::sshd::check_ssh_pwauth(self.ssh_pwauth, self.sshd.as_ref(), problems);
        super::password::check(self, problems);
        super::docker::check_with_services(self.docker.as_ref(), self.services.as_ref(), problems);
    }
}
