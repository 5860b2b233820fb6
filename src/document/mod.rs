//! The document: YAML with positions, typed configuration, diagnostics.
//!
//! Nothing here knows about sources, modules or the machine. Each part of the document has its own file, with the same
//! name as the module that applies it.

pub mod advice;
pub mod apt;
pub mod asked;
pub mod authorized_key;
pub mod base64;
pub mod budget;
pub mod ca_certs;
pub mod chpasswd;
pub mod cloud_config;
pub mod code;
pub mod commands;
pub mod config;
pub mod conversion;
pub mod diagnostic;
pub mod docker;
pub mod duration;
pub mod excerpt;
pub mod final_message;
pub mod final_modules;
pub mod fix;
pub mod flag;
pub mod forbidding;
pub mod format;
pub mod host_keys;
pub mod hostname;
pub mod import_id;
pub mod kernel_modules;
pub mod key;
pub mod keyboard;
pub mod keymap;
pub mod locale;
pub mod masked;
pub mod meta_data;
pub mod network;
pub mod networkd_files;
pub mod ntp;
pub mod one_or_many;
pub mod packages;
pub mod password;
pub mod phone_home;
pub mod plain;
pub mod power_state;
pub mod problem;
pub mod proxy;
pub mod public_keys;
pub mod random_seed;
pub mod read;
pub mod redact;
pub mod redirect;
pub mod resolv_conf;
pub mod root;
pub mod rsyslog;
pub mod services;
pub mod settings;
pub mod ssh_fingerprints;
pub mod sshd;
pub mod sysctl;
pub mod systemd_file;
pub mod text;
pub mod timezone;
pub mod tmpfiles;
mod twice;
pub mod units;
pub mod user_name;
pub mod users;
pub mod write_files;
pub mod yaml;
pub mod yum_repos;

#[cfg(test)]
mod tests;

pub use crate::vocabulary::{PasswordHash, Secret};
pub use authorized_key::AuthorizedKey;
pub use code::Code;
pub use config::Config;
pub use conversion::Conversion;
pub use diagnostic::{Diagnostic, Severity};
pub use meta_data::MetaData;
pub use password::Password;
pub use problem::{Check, Problem, Problems};
pub use read::{Document, Pointer, alone as read_alone};
pub use text::{Characters, Shared, Text, Texts};
pub use user_name::{GroupName, UserName};
