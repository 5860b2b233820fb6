//! What becomes of cloud-init's keys and modules: `docs/cloud-init.md`.

use std::fmt::Write;

use super::Made;
use crate::document::cloud_config::{MODULES, Module, OLD_SPELLINGS, OTHER_KEYS, OtherKey, Treatment};
use crate::document::config::KEYS;

const INTRODUCTION: &str = "# Documents of cloud-init

firstlight reads cloud-init's user-data, and says of each key what becomes of it. This page is made from the same tables as these
diagnostics: `UPDATE=1 cargo test --lib generated` writes it.

- *Applied*: the key means what it means to cloud-init. [The reference](reference.md) describes it.
- *No effect*: the key is accepted and changes nothing here. `firstlight validate -vv` says why.
- *Not applied*: the key is an error that names it and says what to use instead. The rest of the document is applied, unless it
  says `firstlight: {strict: true}`. A value that asks for nothing is no error: null, an empty list or mapping, and mostly `false`.

Keys that cloud-init doesn't have either are errors with the nearest key as a hint.

## Formats

Read: cloud-config with or without its first line, MIME messages, cloud-config archives, JSON patches, include lists (`#include`,
`#include-once`), Jinja templates; each of them also compressed with gzip, in base64, or both. They are merged as in cloud-init
(`merge_how`, `Merge-Type`).

Scripts (`#!`, also for each boot or once) and boot hooks are run. Refused by name, while the other parts are applied: part handlers,
as nothing here runs Python; and scripts that don't name their interpreter.

Network configuration: versions 1 and 2 are applied, see [the reference](reference.md#network-config). Version 1 becomes version 2
first. Unlike in cloud-init, SLAAC and DHCPv6 of version 1 work with networkd, and a global route goes to the link that can reach its
gateway.

## Where the document comes from

| Here | In cloud-init | Why |
|---|---|---|
| cloud-init's own settings aren't read: [/etc/firstlight/config.yaml](settings.md) has ours. | Those in /etc/cloud can ignore user-data, or set the network. | One file says who may configure the machine. |
| User-data in base64, with a byte order mark, or without its first line is read. | It is ignored, with a warning. | It is clear what it says. |
| User-data without a key asks for nothing, and that is no mistake. | A warning. | Seeds are made by programs. |
| A key that is given twice is an error; the last one is applied. | It counts without a word. | Half of what somebody wrote is lost. |
| A seed or an encoding that can't be read is an error. | It is plain text, or there is no seed. | Half a machine is worse than none. |
| A document that has changed is applied, also for the same instance; what it no longer asks for goes, and the host name stays. | It is ignored, unless the instance is another one, and what the last one wrote stays. | The document says how the machine should be. |
| A machine whose seed has no `instance-id` gets one of its own. | Each is `nocloud`. | A clone is a new machine. |
| OVF properties are also found in /var/lib/cloud/seed/ovf, and their `network-config` counts there too. | That is in its documentation, not in its code. | It is where people put them. |
| A template that uses a variable that doesn't exist is an error, and isn't applied. | The variable becomes a text that says so. | Nobody wants that text in a file. |
| A device that is plugged in later needs no rule of udev. | VMware's source writes one. | networkd configures it. |

## Names, network, files and services

| Here | In cloud-init | Why |
|---|---|---|
| A name in the document always wins: `hostname`, then `fqdn`, then that of the platform. | On Photon the platform's name wins, or the current one, unless `fqdn` is given. | Who writes a name wants it. |
| `manage_etc_hosts: true` writes the same lines everywhere, and gives the name the address 127.0.1.1. | Each distribution has a template; on Photon the name has 127.0.0.1. | `localhost` stays the name of 127.0.0.1. |
| `network` is a key of user-data too. | It is ignored there. | One document is enough. |
| `match: {name: …}` matches. | The ID becomes the name. | That is what it says. |
| Files of networkd belong to root. | They belong to systemd-network. | networkd only reads them. |
| With `dhcp4`, a link takes its MTU from DHCP, and its routes have a metric of 100. | networkd's own defaults. | As netplan does. |
| A mistake in a file of `write_files` costs that file: content that isn't base64, an unknown encoding, owner or permissions, a path that is relative or has `..`. | Something else is written, or the files after it are left out. | A wrong file is worse than none. |
| A file whose owner comes with a package of the document, and a service or docker that does, wait for the packages. So do files with `defer: true`. They come before `runcmd`. | Without `defer: true` such a file stays root's, and the files after it are left out. | The order follows from the document. |
| `permissions: '4755'` is that also for a file of another owner. | The new owner takes the setuid bit away (until version 26). | It is what was asked for. |
| `permissions: 600` is octal, with a warning. | It is decimal: 01130. | Nobody means that. |
| A time zone is the link /etc/localtime, relative; /etc/timezone is written where it is there. | Both are always written. | A relative link also works from outside of the tree. |
| `locale` is applied everywhere, also where it is the default. | Not on Photon, and not where it is the default. | Who writes a locale wants it. |
| `ntp` writes a file beside that of the distribution, for the client that sets the clock. | That of the client is overwritten, whichever sets the clock. | An update of the package goes on as usual. |
| sshd's settings are in 01-firstlight.conf where its directory is included. | They are in 50-cloud-init.conf. | The first file wins. |

## Commands and scripts

`runcmd`, `bootcmd` and scripts run as their users are used to: all commands of a key are one `sh`, so that `cd`, `export` and `source`
carry over; a list is a program with arguments that no shell looks at; null is skipped; scripts and `runcmd` run in the order of their
names. What is different, and why:

| Here | In cloud-init | Why |
|---|---|---|
| Each command's exit status is recorded, and one that fails makes the boot degraded. The commands behind it run all the same; `firstlight: {stop_on_error: true}` stops at it. | Only the last command counts. | What fails in the middle is found months later. |
| A number in a command is a word of it, without a warning. | A warning. | `sleep 5` is what people write. |
| There is no `cloud-init-per`; a part of user-data can be a script for once. | It can be used in `bootcmd`. | It is a program of cloud-init. |
| A mistake in an item, such as a mapping, costs all commands of the key, and is told before anything runs. | The same, in a log. | The commands behind it may rely on it. |
| Commands have an hour, or `firstlight: {command_timeout: 10m}`; `bootcmd` and boot hooks have 3 minutes. | They may hang for ever. | A boot should come to an end. |
| `runcmd` and scripts run once for each instance, even where they were cut off or have changed. `firstlight apply --run-again` runs them again. | The same, but the command line has other names. | Nobody knows how much of a script was done. |
| `bootcmd` and boot hooks are units that run before `basic.target`, also where there is no seed any more. In the first boot they run after files and accounts are written. | They run before files are written, when the network is up. | A later boot has the files anyway. |
| What a command leaves in the background goes on, in its unit `firstlight-runcmd.service`. | It goes on in cloud-init's own unit. | `systemctl stop` stops it. |
| The output is in the journal of the unit and, up to 1 MiB, in `/var/lib/firstlight/commands/NAME/output`, for root alone. | It is in `/var/log/cloud-init-output.log`, for all users of the group adm. | Commands print secrets. |
| Of `cloud_final_modules`, `[scripts-user, always]` counts; any other entry is warned of. | It is the list of what runs. | The keys of a document say what is done. |
| Scripts for each boot run with `runcmd` in the first boot; in later ones when the network and docker are up. What is added to `per-instance` or `per-once` after that has run is not run. | Each boot's final stage runs them. | A boot with nothing to do has no final stage. |
| A script for each boot is run until the document no longer has it. | It stays. | Who is taken out of a document should be gone. |
| Packages that can't be installed make the boot degraded, and are tried again at the next one; the others are installed. | tdnf's failure is only logged; with apt one unknown name costs all. | A mirror may be late. |
| The lists of packages are always updated before packages are installed. | Only with `package_update`, or where they are old. | An image has none. |
| `power_state` and `package_reboot_if_required` act when the boot is over and recorded, even where a part of it failed. `firstlight plan` says so first. | They act when the last module has run; after packages before `runcmd`, which then runs after the restart. | A machine shouldn't restart in the middle. |
| `package_reboot_if_required` also asks `needs-restarting`, and looks whether the modules of the running kernel are still there. It only acts once all packages are installed. | It looks for `/run/reboot-required`, which neither Photon nor Fedora has. | A new kernel does nothing before a restart. |
| A `phone_home` that fails makes the boot degraded, and is tried again at the next one. An answer that refuses it (4xx) isn't asked for again in the same boot. | The failure is only in a log, and nothing is tried again after `tries`. | Somebody waits for the call. |
| `phone_home` posts the names that the machine has, and where an address has moved (301) posts to the new one. | The name of the platform is posted, whatever the document says; the new address is asked by GET, without the form. | The call should say who it is from. |
| `phone_home` waits longer and longer between tries, has 5 minutes (`http.retry_for`) and 30 s for each, and needs `allow` to have `network`. | 3 s, and no limit. | A thousand machines shouldn't call in the same second. |
| `$INSTANCE_ID` is percent-encoded in the address of `phone_home`; other variables stay as they are, with a warning. | The value is put in as it is; with another variable there is no call. | An ID may have any character. |
| `tries` and `post` of `phone_home` can be left out; a name that can't be posted costs itself. | Without `tries` a traceback is logged; such a name is posted as `N/A`. | The rest is still worth a call. |
| A webhook of `reporting` gets all events at the end of a boot that applies something, after `phone_home`; none from a boot with nothing to do, or one that undoes all before its final stage. | It gets each event at once, at each boot, when there is a network. | Most of the work is done before there is a network. |
| Areas of firstlight are the modules in the events of `reporting` (`init-local/config-hostname`); only those that changed something or are not as asked are in them, without a start, at the time when their stage ended. | All modules are, with a start and an end. | Files of all areas are written at once. |
| Events of `reporting` are tried again 10 times, have 2 minutes together and 30 s each, and go no further after one that isn't taken; this makes the boot degraded. Another clock at the server is not made up for. | Without `retries` each is tried once; three failures end it, in a log. | Somebody waits for them, but not the boot. |
| A `timeout` of `reporting` that is 0 is an error. The type `hyperv` is one too. | It means no limit, and a pool of keys and values. | A boot should come to an end. |
| `final_message` is said once for each instance, when the boot is over and recorded. | At each boot. | A boot with nothing to do should cost nothing. |
| The `condition` of `power_state` has the time of a command, an hour or `command_timeout`. | It may hang for ever. | A boot should come to an end. |
| `packages` for a package manager that isn't there (`apt:` on Photon) are left out, with a note. | They are an error, and no package is installed. | One document is for several distributions. |

## The system

| Here | In cloud-init | Why |
|---|---|---|
| `random_seed` is mixed in before host keys are made. | It is when the network is up. | Keys should be made of it. |
| With `--root` no seed is used: the first boot uses it. | (no counterpart) | A seed in an image is that of all its clones. |
| Of `/dev`, `/proc` and `/sys`, `random_seed.file` may be `/dev/urandom` or `/dev/random`. A file that is new is for root alone. | Any device is written to, and everybody may read the file. | A seed that others know is no secret. |
| A `random_seed.command` that isn't there is told. | Nothing is said, unless it is required. | Somebody expects it to run. |
| `resolv_conf` is a drop-in of systemd-resolved where `/etc/resolv.conf` is that of resolved, and resolved runs; otherwise the file, in place of a link. | `/etc/systemd/resolved.conf` is overwritten on Photon, the file elsewhere, through a link. | What is in `/run` is gone at the next boot. |
| `domain` is the first search domain. | It is a line that makes the C library forget `searchdomains`. | Both are asked for. |
| The machine keeps the servers that it has where `resolv_conf` names none. LLMNR stays as it is. | The file has no server then; LLMNR is switched off. | Nobody asked for less. |
| `keyboard` writes the file that the machine reads: that of console-setup, or vconsole.conf and that of X; a layout that isn't there is an error. | `localectl` is run, and on Photon nothing. | It works offline too. |
| A host in `rsyslog.remotes` that isn't one is an error; so is a file's name with a directory. | It is left out, which only a log says; the file may be anywhere. | Somebody waits for those messages. |
| `rsyslog` where the machine has no rsyslog is told. | Nothing is said. | Nothing reads the files. |
| A file of rsyslog with a password or a token in it is for root alone. | Everybody may read it. | rsyslog reads it as root. |
| The keymap of the text console is made of `keyboard`, unless there is `keymap`. | `localectl` does so. | One file has one owner. |
| Host keys and fingerprints are shown on the console where the document is about host keys, or has commands or packages; `ssh: {emit_keys_to_console: true}` shows them always. | They always are. | Without any of these there is no final stage, which a boot would have to start for that alone. |
| The login prompt shows the fingerprints of the host keys, in `/etc/issue.d`. | It doesn't. | Who sits at the console can compare them at any time. |
| Fingerprints of keys that may log in are as ssh-keygen prints them, without the options of the keys; `authkey_hash` is sha256, sha384 or sha512. | They are in hexadecimal, which no tool prints; the options are shown. | They are there to be compared, and options may hold secrets. |

## Sources of packages

| Here | In cloud-init | Why |
|---|---|---|
| `apt` without `sources_list` leaves the machine's own sources alone. | `/etc/apt/sources.list` is written anew from a template, unless `preserve_sources_list` is true. | A mirror that the image has was chosen by somebody. |
| The `key` of a source is in `/etc/apt/keyrings`, and the lines of the source get `signed-by`. | Without `$KEY_FILE` it is in `/etc/apt/trusted.gpg.d`, trusted for all sources. | Whoever has one source shouldn't replace another's packages. |
| `keyid` without `key`, and `ppa:`, are errors that say what to write. | A key server, and Launchpad, are asked. | A key server says which key has a number, not whose it is. |
| Sources of one file are written as they are in the document. | They are added to the file each time. | The second run has to do what the first one did. |
| A proxy with a password is in a file for root alone. | Everybody can read it. | It is a password. |
| A file of `yum_repos` that is there already is replaced. | It stays as it is, which only a log says. | A document says how the machine should be; a rollback gives it back. |
| A repository that another file has too, or whose file has others as well, is an error. | It is written. | tdnf then does nothing at all, and the others would be lost. |
| A repository is enabled unless the document says otherwise. | What isn't said isn't written. | tdnf takes it for disabled. |
| `yes` and `on` are written as 1, also in quotes. | As they are. | tdnf takes them for 0. |
| Lists are one line, with blanks between. | Each value has its line. | tdnf only reads the first. |
| A file with a password is for root alone. | Everybody can read it. | It is a password. |
| A repository that the document no longer has is removed. | It stays. | The machine would go on trusting it. |

## Certificate authorities

| Here | In cloud-init | Why |
|---|---|---|
| Each certificate of `ca_certs` is a file of its own, named by its content. | Certificates are numbered; all are in one file on Debian. | openssl finds no certificate in a file that has two. |
| What is no certificate is an error, and costs itself. So does a private key, which is never shown. | It is written. | One bad block can end the list of all. |
| `remove_defaults` works on Debian, where it crosses out the lines of `/etc/ca-certificates.conf`. Elsewhere it is an error. | It empties directories: on Photon `/etc/ssl/certs` and `/etc/pki/tls/certs`. | A rollback couldn't give them back, and the next update of the package would. |
| A machine without the program that makes the list again is an error; a list that lacks a certificate afterwards, too. | The program's failure is an exception in a log. | Nothing would trust the certificates. |
| A certificate that the document no longer has is no longer trusted. | It is. | A document says how the machine should be. |

## Accounts

`users`, `user` and `groups` mean what they mean to cloud-init, in all their forms. What is different, and why:

| Here | In cloud-init | Why |
|---|---|---|
| A mistake in one key of an account costs that key; the account is created. | One bad account costs all after it. | A typo in a group should lock nobody out. |
| An account that exists gets the comment, shell, groups and expiry that the document has. Its number, primary group and home directory stay, which is told. | None of these is changed. | A document says how the machine should be. |
| A person's account that exists and whose home directory is missing gets a new one. | It gets none. | Its keys need one. |
| A new account doesn't get root's home directory, another account's, or a directory of the system. | It does, and its keys are written there. | Another account's keys would be its own. |
| A new account gets the number that its home directory belongs to, where no account has that. | It gets the next one. | An account that comes back has its files again. |
| Directories that `write_files` makes in a home are its user's. | They are the owner's of the file, or root's. | Nothing is written as root where a user decides what is there. |
| A primary group that doesn't exist is created. | Only where there are `groups` too; otherwise the account isn't created. | The account was asked for. |
| `passwd` is for an account that has no password yet. | It is for an account that doesn't exist yet. | The second run has to do what the first one did. |
| An account that exists, and gets neither a password nor a key, keeps its password. | It is locked. | A boot takes nobody's last way in. |
| A password that `lock_passwd` locks is told of: it is true by default. | Nothing is said. | Somebody may wait for that login. |
| An empty password is refused. | It lets anybody log in. | So it would. |
| `system` or `no_create_home` with SSH keys: the account is created, its keys are an error. | No account of the document is created. | There is no home directory for the keys. |
| A number that is taken by another account is refused; the new account has the next free one. | useradd refuses it, and later accounts are lost. | Two accounts with one number are one to the kernel. |
| Each account's rules of sudo are a file of their own, and visudo checks them first. | All are in one file, unchecked. | One broken rule disables sudo for everybody. |
| A rule of doas is about its own account, `doas -C` checks it first, and it goes with the account. | The same check; it stays. | Who is taken out of a document should no longer be anybody else. |
| An account that the document no longer has is removed; its home directory stays. | It stays. | Who is taken out of a document should no longer get in. |
| `password` without a default user sets root's password. | It has no effect. | On Photon there is no default user. |
| Accounts are numbered in the document's order. | The default user comes last. | The order is there to be seen. |
| `disable_root` is false unless the document says otherwise. | It is true, but on Photon. | A key that somebody gave the machine lets him in. |
| `disable_root: true` names the default user, else the first account that gets a key. If none does, or sshd refuses it, root's keys still work, with a warning. | Root's keys name the default user or `NONE`, whoever can log in. | A boot leaves nobody without a login. |
| `ssh_import_id` needs no program, and makes no account wait: the sites are asked in the final stage. | `ssh-import-id` has to be installed, or nothing is imported, with a warning. | Minimal images don't have it. |
| A site that can't be asked makes the boot degraded, and is asked again at the next boot. Keys from an earlier time stay. | That is only in a log, and the sites are not asked again. | Somebody waits to log in. |
| Imported keys that their site, or the document, no longer has go with the next document. | They stay. | Who is taken out of a document should no longer get in. |
| Of a site only keys are taken: a line with options is left out. | It is written as it is. | What a key may do is the document's to say. |
| `ssh_import_id` of an item that is the default user counts, too; root can have one. | Only that of the top level does. | It was asked for. |
| A random password is from the kernel's generator, and is shown on the console alone. Only a machine that runs gets one. | It is in the output of cloud-init too. | A log is read by more people than a console. |
| `ssh_deletekeys` is false unless the document says otherwise, and removes nothing unless another host key is there. | It is true. | A key that clients know isn't taken away without being asked. |
| Host keys are ecdsa and ed25519; RSA keys are left to sshd's own units. Without `ssh_genkeytypes` and `ssh_deletekeys` none are made. | All three kinds are made. | Every client of the last ten years knows these. |
| One wrong key in `ssh_keys` takes out all of them. | It is written, and sshd doesn't start. | The machine keeps the keys that it has. |
| The comment of the default user isn't given to the account that `user` names. | It is. | It is about another account. |
";

/// Keys of cloud-init that no module of it reads.
const OF_NO_MODULE: [&str; 3] = ["cloud_final_modules", "reporting", "system_info"];

/// `docs/cloud-init.md`.
pub fn markdown() -> Made {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("\n## Keys\n\nOf cloud-init 22.4 to 26.2, by name.\n\n| Key | Here | What it does, or why it is not applied | Instead |\n|---|---|---|---|\n");
    let of_modules = MODULES
        .iter()
        .flat_map(|module| module.keys)
        .chain(&OF_NO_MODULE)
        .copied();
    let mut names: Vec<&str> = of_modules.chain(OTHER_KEYS.iter().map(|key| key.name)).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let row = match OtherKey::find(name) {
            Some(other) => not_applied(other),
            None => applied(name),
        };
        let _ = writeln!(text, "{row}");
    }
    text.push_str("\nKeys that only firstlight has: ");
    let own: Vec<_> = KEYS
        .iter()
        .filter(|key| !is_of_a_module(key.name) && !OF_NO_MODULE.contains(&key.name))
        .map(|key| format!("[`{0}`](reference.md#{0})", key.name))
        .collect();
    let _ = writeln!(text, "{}.", own.join(", "));
    text.push_str("\n## Modules\n\nWhat becomes of a module is what becomes of the keys that it reads.\n\n| Module | Here | Keys |\n|---|---|---|\n");
    for module in MODULES {
        let keys: Vec<_> = module.keys.iter().map(|key| format!("`{key}`")).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            module.name,
            outcome(module),
            keys.join(", ")
        );
    }
    ("docs/cloud-init.md".into(), text)
}

fn applied(name: &str) -> String {
    if let Some((_, new)) = OLD_SPELLINGS.iter().find(|(old, _)| *old == name) {
        return format!("| `{name}` | applied, deprecated | The old name of `{new}`. | Use `{new}`. |");
    }
    let key = KEYS.iter().find(|key| key.name == name).unwrap();
    let first = key.doc.split("\n\n").next().unwrap_or_default();
    let words = first.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("| [`{name}`](reference.md#{name}) | applied | {words} | |")
}

fn not_applied(key: &OtherKey) -> String {
    let instead = key.instead.map(|instead| sentence(instead) + ".");
    let (name, here, why) = (key.name, treatment(key.treatment), sentence(key.reason));
    format!("| `{name}` | {here} | {why}. | {} |", instead.unwrap_or_default())
}

fn is_of_a_module(key: &str) -> bool {
    MODULES.iter().any(|module| module.keys.contains(&key))
}

fn treatment(treatment: Treatment) -> &'static str {
    match treatment {
        Treatment::NoEffect => "no effect",
        Treatment::NotApplied => "not applied",
    }
}

/// What becomes of a module.
fn outcome(module: &Module) -> String {
    let mut found: Vec<&str> = Vec::new();
    for key in module.keys {
        let here = OtherKey::find(key).map_or("applied", |key| treatment(key.treatment));
        if !found.contains(&here) {
            found.push(here);
        }
    }
    match (module.note, found.as_slice()) {
        (Some(note), _) => note.to_owned(),
        (None, [one]) => (*one).to_owned(),
        (None, _) => "differs by key".to_owned(),
    }
}

/// With a capital, unless it begins with the name of a program.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first)
            if !["firstlight", "networkd", "sshd"]
                .iter()
                .any(|name| text.starts_with(name)) =>
        {
            first.to_uppercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}
