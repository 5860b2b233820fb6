//! Where distributions keep the authorities that are trusted.

use crate::system::{Kind, ReadError, Root};

/// Where a distribution keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Store {
    /// The program that makes the bundle, and its arguments.
    command: &'static [&'static str],
    /// What tells it from another distribution whose program is called the same.
    sign: Option<&'static str>,
    /// The directory of what is added.
    directory: &'static str,
    /// What the names of the files there end in.
    suffix: &'static str,
    /// The file of all authorities, which programs read.
    bundle: &'static str,
    /// The list of what the distribution brings.
    pub list: Option<&'static str>,
}

/// Photon, Fedora, SUSE, Debian, as their manuals have it for what an administrator adds. The first whose program is there counts.
const STORES: [Store; 4] = [
    Store {
        command: &["/usr/bin/rehash_ca_certificates.sh"],
        sign: None,
        directory: "/etc/ssl/certs",
        suffix: ".pem",
        bundle: "/etc/pki/tls/certs/ca-bundle.crt",
        list: None,
    },
    Store {
        command: &["/usr/bin/update-ca-trust", "extract"],
        sign: None,
        directory: "/etc/pki/ca-trust/source/anchors",
        suffix: ".pem",
        bundle: "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        list: None,
    },
    Store {
        command: &["/usr/sbin/update-ca-certificates"],
        sign: Some("/etc/pki/trust/anchors"),
        directory: "/etc/pki/trust/anchors",
        suffix: ".pem",
        bundle: "/var/lib/ca-certificates/ca-bundle.pem",
        list: None,
    },
    Store {
        command: &["/usr/sbin/update-ca-certificates"],
        sign: None,
        directory: "/usr/local/share/ca-certificates",
        suffix: ".crt",
        bundle: "/etc/ssl/certs/ca-certificates.crt",
        list: Some("/etc/ca-certificates.conf"),
    },
];

/// The file of all authorities, made again by the distribution's own program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The file.
    pub path: String,
    /// Certificates that are in it afterwards, in base64.
    pub certificates: Vec<String>,
    /// The list and the directory that it is made of, where the program keeps the old file if there is nothing in them.
    pub sources: Option<(&'static str, &'static str)>,
}

impl Store {
    /// That of this machine.
    ///
    /// # Errors
    /// The machine can't be looked at.
    pub fn of(root: &Root) -> Result<Option<Self>, ReadError> {
        for store in STORES {
            let program = root.metadata_followed(store.command[0])?;
            let is_there = program.is_some_and(|program| program.kind == Kind::File);
            let is_meant = match store.sign {
                Some(sign) => root.exists(sign)?,
                None => true,
            };
            if is_there && is_meant {
                return Ok(Some(store));
            }
        }
        Ok(None)
    }

    /// The paths of all programs, for a message.
    pub fn programs() -> String {
        let mut programs = STORES.map(|store| store.command[0]).to_vec();
        programs.dedup();
        programs.join(", ")
    }

    /// The file of a certificate.
    pub fn path(&self, digest: &str) -> String {
        format!("{}/firstlight-{digest}{}", self.directory, self.suffix)
    }

    /// The bundle, with these certificates in it.
    pub fn bundle(&self, certificates: Vec<String>) -> Bundle {
        Bundle {
            argv: self.command.iter().map(ToString::to_string).collect(),
            path: self.bundle.to_owned(),
            certificates,
            sources: self.list.map(|list| (list, self.directory)),
        }
    }
}

impl Bundle {
    /// How many of the certificates are not in it.
    ///
    /// # Errors
    /// It can't be read.
    pub fn missing(&self, root: &Root) -> Result<usize, ReadError> {
        let mut bundle = root.read_text(&self.path)?.unwrap_or_default();
        bundle.retain(|c| !c.is_ascii_whitespace());
        let missing = self.certificates.iter().filter(|it| !bundle.contains(it.as_str()));
        Ok(missing.count())
    }

    /// Whether it is still there although no authority is left: Debian's program makes no new one then.
    ///
    /// # Errors
    /// The machine can't be looked at.
    pub fn is_left_over(&self, root: &Root) -> Result<bool, ReadError> {
        let Some((list, directory)) = self.sources else {
            return Ok(false);
        };
        let listed = root.read_text(list)?.unwrap_or_default();
        let mut lines = listed.lines().map(str::trim);
        let is_empty = lines.all(|line| line.is_empty() || line.starts_with(['#', '!']));
        Ok(is_empty && root.list(directory)?.is_empty() && root.exists(&self.path)?)
    }
}
