//! The whole document, typed.

use serde::Deserialize;

use super::apt::{self, Apt};
use super::authorized_key::{AuthorizedKey, AuthorizedKeys};
use super::ca_certs::CaCerts;
use super::chpasswd::{self, Chpasswd};
use super::commands::{self, Commands, UserScripts};
use super::docker::{self, Docker};
use super::final_message::FinalMessage;
use super::final_modules::FinalModules;
use super::host_keys::{self, HostKeyTypes, SshKeys};
use super::hostname::{HostName, ManageEtcHosts};
use super::import_id::{ImportIds, Imported};
use super::kernel_modules::KernelModules;
use super::key::{document, item};
use super::keyboard::{self, Keyboard};
use super::keymap::Keymap;
use super::locale::Locale;
use super::network::{self, LeftOut, Network};
use super::networkd_files::NetworkdFile;
use super::ntp::Ntp;
use super::packages::Packages;
use super::password::{self, Credential};
use super::phone_home::PhoneHome;
use super::power_state::{self, PowerState};
use super::problem::{Check, Problems};
use super::proxy::{self, NoProxy, ProxyAddress};
use super::random_seed::{self, RandomSeed};
use super::redirect::{self, RedirectOptions};
use super::reporting::{self, Reporting};
use super::resolv_conf::{self, ResolvConf};
use super::root::RootAccount;
use super::rsyslog::Rsyslog;
use super::services::Services;
use super::settings::Settings;
use super::ssh_fingerprints::{AuthkeyHash, KeyKinds, SshConsole};
use super::sshd::{self, SshPwauth, Sshd};
use super::sysctl::Sysctl;
use super::timezone::Timezone;
use super::tmpfiles::Tmpfiles;
use super::units::{self, Unit};
use super::users::{self, Groups, NotCreated, SystemInfo, User, Users};
use super::write_files::WriteFile;
use super::yum_repos::{RepositoryDirectory, YumRepos};
use crate::vocabulary::Secret;

document! {
    /// What a document asks for. Every key is optional; what is not asked for is not touched.
    #[derive(Debug, Clone, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[cfg_attr(test, derive(schemars::JsonSchema))]
    pub struct Config {
        /// Bytes for the kernel's random numbers, and a command that gets more of them.
        random_seed: RandomSeed => {
            file: random_seed, data: random_seed, encoding: random_seed, command: random_seed_command,
            command_required: random_seed_command,
        } [random_seed::whole];
        /// The machine's name. This value always wins.
        hostname: HostName => hostname;
        /// The fully qualified name.
        ///
        /// ```yaml
        /// fqdn: web1.example.com
        /// ```
        fqdn: HostName => hostname;
        /// Whether the machine is called by its fully qualified name. Default: only if no other name is known.
        prefer_fqdn_over_hostname: bool => hostname;
        /// Keep the machine's current name.
        preserve_hostname: bool => hostname;
        /// What happens to `/etc/hosts`: true, false or localhost.
        manage_etc_hosts: ManageEtcHosts => hostname;
        /// The time zone.
        timezone: Timezone => timezone;
        /// The default locale of all programs. `false`, `off`, `no` and `0` keep the current one.
        #[serde(default, deserialize_with = "super::locale::unless_off")]
        locale: Locale => locale;
        /// The keymap of the text console.
        keymap: Keymap => keymap;
        /// What the keys of the keyboard mean, on the text console and to X.
        keyboard: Keyboard => keymap [keyboard::whole];
        /// Kernel modules to load.
        kernel_modules: KernelModules => kernel_modules;
        /// Kernel parameters.
        sysctl: Sysctl => sysctl;
        /// The network.
        network: Network => network [network::whole];
        /// Whether the machine's names are resolved as `resolv_conf` says. Default: false.
        manage_resolv_conf: bool => resolv_conf;
        /// Who resolves names for the whole machine.
        resolv_conf: ResolvConf => resolv_conf;
        /// networkd files, for settings that `network` has no key for.
        networkd_files: Vec<NetworkdFile> => networkd_files [item];
        /// Groups that exist, with their members.
        groups: Groups => users;
        /// The accounts that exist.
        users: Users => users [users::whole];
        /// The default user: its name, or a mapping like those of `users`.
        #[cfg_attr(test, schemars(with = "Option<User>", transform = users::or_name))]
        user: User => users;
        /// cloud-init's description of the distribution. Only `default_user` has an effect.
        system_info: SystemInfo => users;
        /// Public keys that may log in over SSH as the default user and as root.
        ssh_authorized_keys: AuthorizedKeys => ssh_authorized_keys;
        /// Whose public keys at GitHub (`gh:NAME`) and Launchpad (`lp:NAME`) may log in over SSH as the default user.
        ssh_import_id: ImportIds => ssh_authorized_keys;
        /// What the SSH server allows.
        sshd: Sshd => sshd;
        /// cloud-config's way to say `sshd.password_authentication`: true, false or unchanged.
        ssh_pwauth: SshPwauth => sshd;
        /// The keys by which the SSH server is known. A mistake in one takes out all, and the machine keeps its own.
        ssh_keys: SshKeys => host_keys [host_keys::whole];
        /// Whether the host keys that the image brought are removed, once for an instance, for new ones. Default: false.
        ssh_deletekeys: bool => host_keys;
        /// Which kinds of host keys are made where they are missing: ecdsa and ed25519. Default: with `ssh_deletekeys` both,
        /// otherwise none.
        ssh_genkeytypes: HostKeyTypes => host_keys;
        /// What the console shows of the host keys.
        ssh: SshConsole => ssh_fingerprints;
        /// Whether the console shows no fingerprints of the keys that may log in. Default: false where the document is about
        /// host keys, or has commands or packages; otherwise true.
        no_ssh_fingerprints: bool => ssh_fingerprints;
        /// The hash of the fingerprints of the keys that may log in. Default: sha256.
        authkey_hash: AuthkeyHash => ssh_fingerprints;
        /// The kinds of host keys whose fingerprints are not shown.
        ssh_fp_console_blacklist: KeyKinds => ssh_fingerprints;
        /// The kinds of host keys that are not shown.
        ssh_key_console_blacklist: KeyKinds => ssh_fingerprints;
        /// The root account.
        root: RootAccount => {
            password: password, hashed_password: password, expire: password, ssh_authorized_keys: ssh_authorized_keys,
        };
        /// Whether the public keys in the platform's meta-data may log in, as the default user and as root. Default: true.
        allow_public_ssh_keys: bool => ssh_authorized_keys;
        /// Whether root's keys from the top level and from the platform only tell to log in as the default user instead.
        /// Default: false. They still let root in where no other account gets a key.
        disable_root: bool => ssh_authorized_keys;
        /// The options that such keys get, as in authorized_keys(5). `$USER` is the account to log in as, `$DISABLE_USER` is
        /// root. Default: a command that says so.
        disable_root_opts: RedirectOptions => ssh_authorized_keys;
        /// Passwords of accounts, as in cloud-config.
        chpasswd: Chpasswd => password [chpasswd::whole];
        /// The password of cloud-config's default user, or of root if there is none, as on Photon. What looks like a
        /// hash is one.
        #[serde(default, deserialize_with = "super::password::as_in_chpasswd_list")]
        #[cfg_attr(test, schemars(with = "Option<super::Password>"))]
        password: Credential => password;
        /// Which units are enabled and running.
        services: Services => services;
        /// Files, directories and links that systemd-tmpfiles makes, now and at each boot.
        tmpfiles: Tmpfiles => tmpfiles;
        /// Unit files and their drop-ins, and whether they start.
        units: Vec<Unit> => units [item];
        /// The time servers.
        ntp: Ntp => ntp;
        /// The container engine.
        docker: Docker => docker;
        /// Which certificate authorities the machine's programs trust.
        ca_certs: CaCerts => ca_certs;
        /// Configuration of the log daemon rsyslog.
        rsyslog: Rsyslog => rsyslog;
        /// Files to write, with content from the document or fetched.
        write_files: Vec<WriteFile> => write_files [item];
        /// The proxy for what firstlight fetches and for the package manager. That of `/etc/firstlight/config.yaml` comes first
        /// for what firstlight fetches.
        ///
        /// ```yaml
        /// proxy: http://proxy.example.com:3128
        /// ```
        proxy: ProxyAddress => packages;
        /// What is reached without the proxy: names, addresses, and domains with a dot before them; a list, or one text with
        /// commas.
        ///
        /// ```yaml
        /// no_proxy: [localhost, .example.com]
        /// ```
        no_proxy: NoProxy => packages;
        /// Where apt gets packages from, and how. Machines without apt leave it alone.
        apt: Apt => apt [apt::whole];
        /// Where tdnf, dnf and yum get packages from.
        yum_repos: YumRepos => yum_repos [item];
        /// The directory of the files of `yum_repos`. Default: `/etc/yum.repos.d`.
        yum_repo_dir: RepositoryDirectory => yum_repos;
        /// Packages to install.
        packages: Packages => packages;
        /// Update the package manager's lists first. Default: true where packages are installed.
        package_update: bool => packages;
        /// Upgrade all packages.
        package_upgrade: bool => packages;
        /// Restart the machine, when all is done, where the packages that were installed or upgraded require it. Default: false.
        package_reboot_if_required: bool => power_state;
        /// Commands to run early in each boot.
        bootcmd: Commands => bootcmd [commands::whole];
        /// Only `[scripts-user, always]` is applied: `runcmd` and the scripts of user-data run at each boot.
        cloud_final_modules: FinalModules => runcmd [item];
        /// Commands to run once for each instance, when the rest is done.
        runcmd: Commands => runcmd [commands::whole];
        /// An address that is told when the machine is ready, once for each instance.
        phone_home: PhoneHome => phone_home;
        /// Who is told how each boot went that applies something: a `webhook` gets events in JSON, in the words of cloud-init,
        /// for each area that changed or failed, for each stage, and for the whole. They are posted at the end of the boot,
        /// after all else that can fail, `phone_home` included, and before `final_message` and `power_state`. All of
        /// them together have two minutes. What isn't taken by then makes the boot degraded, and isn't posted later.
        reporting: Reporting => reporting [reporting::whole];
        /// What the console says when all is done, once for each instance.
        final_message: FinalMessage => final_message;
        /// Restart or switch off the machine once for each instance, as the last thing.
        power_state: PowerState => power_state [power_state::whole];
        /// How firstlight treats this document.
        firstlight: Settings;
    }
    beside {
        /// What of the network is not taken, because of what is wrong with it.
        #[serde(skip)]
        left_out: LeftOut;
        /// The accounts and groups that the document creates, or would create if it had no mistakes.
        #[serde(skip)]
        not_created: NotCreated;
        /// The scripts among the parts of user-data and vendor-data.
        #[serde(skip)]
        scripts: UserScripts;
        /// The default user of the machine, as its owner or its distribution has it; `None` where there is none, as on
        /// Photon.
        #[serde(skip)]
        machine_user: Option<User>;
        /// The public keys of the platform's meta-data, unless the document doesn't allow them.
        #[serde(skip)]
        platform_keys: Vec<AuthorizedKey>;
        /// The public keys that other sites have, as far as they are known.
        #[serde(skip)]
        imported: Imported;
        /// The random bytes in the platform's meta-data.
        #[serde(skip)]
        platform_seed: Option<Secret>;
    }
    together {
        sshd::check_ssh_pwauth;
        password::check;
        users::check;
        redirect::check;
        host_keys::check;
        docker::check_with_services;
        units::check_with_services;
        resolv_conf::check_managed;
        proxy::check;
    }
}
