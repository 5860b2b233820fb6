//! Quadlet: files that podman's generator makes services of when systemd reads its unit files, podman-systemd.unit(5).

use super::install_section::logical_lines;
use super::unit_name::UnitName;
use crate::system::{ReadError, Root};

/// Where an administrator's files are.
pub const QUADLET_DIRECTORY: &str = "/etc/containers/systemd";

/// Where they are looked for, first match wins.
const PLACES: [&str; 3] = [
    "/run/containers/systemd",
    QUADLET_DIRECTORY,
    "/usr/share/containers/systemd",
];

/// The generator, in the directories of systemd.generator(7).
const GENERATORS: [&str; 5] = [
    "/run/systemd/system-generators/podman-system-generator",
    "/etc/systemd/system-generators/podman-system-generator",
    "/usr/local/lib/systemd/system-generators/podman-system-generator",
    "/usr/lib/systemd/system-generators/podman-system-generator",
    "/lib/systemd/system-generators/podman-system-generator",
];

/// A kind of file: its suffix, its section, and what is added to the name of its service.
#[derive(Debug, PartialEq, Eq)]
struct Kind {
    suffix: &'static str,
    section: &'static str,
    added: &'static str,
}

const KINDS: [Kind; 7] = [
    kind("container", "Container", ""),
    kind("volume", "Volume", "-volume"),
    kind("network", "Network", "-network"),
    kind("kube", "Kube", ""),
    kind("pod", "Pod", "-pod"),
    kind("image", "Image", "-image"),
    kind("build", "Build", "-build"),
];

const fn kind(suffix: &'static str, section: &'static str, added: &'static str) -> Kind {
    Kind { suffix, section, added }
}

/// The name of such a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuadletName {
    name: String,
    kind: &'static Kind,
}

impl QuadletName {
    /// Takes a name; `None` where its suffix is not one of Quadlet's.
    ///
    /// # Errors
    /// It is not one; the reason, in words.
    pub fn parse(name: &str) -> Option<Result<Self, String>> {
        let (stem, suffix) = name.rsplit_once('.')?;
        let kind = KINDS.iter().find(|kind| kind.suffix == suffix)?;
        // It is checked as the name of its service.
        let service = UnitName::parse(&format!("{stem}{}.service", kind.added));
        Some(service.map(|_| Self {
            name: name.to_owned(),
            kind,
        }))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The suffix, without the dot.
    pub fn suffix(&self) -> &'static str {
        self.kind.suffix
    }

    /// The section that is for podman.
    pub fn section(&self) -> &'static str {
        self.kind.section
    }

    /// The service that the generator makes of it, where `texts` are the file and its drop-ins; `None` where its
    /// `ServiceName=` is none.
    pub fn service<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> Option<UnitName> {
        let mut named = None;
        for text in texts {
            named = service_name(text, self.kind.section).or(named);
        }
        let stem = self.name.strip_suffix(self.kind.suffix)?.strip_suffix('.')?;
        let stem = named.unwrap_or_else(|| format!("{stem}{}", self.kind.added));
        UnitName::parse(&format!("{stem}.service")).ok()
    }
}

/// The last `ServiceName=` in the section.
fn service_name(text: &str, section: &str) -> Option<String> {
    let mut inside = false;
    let mut found = None;
    for line in logical_lines(text) {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            inside = header.strip_suffix(']') == Some(section);
        } else if let Some((key, value)) = line.split_once('=')
            && inside
            && key.trim() == "ServiceName"
        {
            found = Some(value.trim().to_owned()).filter(|name| !name.is_empty());
        }
    }
    found
}

/// Whether the machine has podman's generator.
///
/// # Errors
/// That can't be looked at.
pub fn has_generator(root: &Root) -> Result<bool, ReadError> {
    for program in GENERATORS {
        if root.exists(program)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The file that the generator makes this service of; `None` where there is none, or no generator.
///
/// # Errors
/// One of the files can't be read.
pub fn source_of(root: &Root, service: &UnitName) -> Result<Option<String>, ReadError> {
    if service.suffix() != "service" || !has_generator(root)? {
        return Ok(None);
    }
    let wanted = [Some(service.clone()), service.template()];
    for place in PLACES {
        for name in root.list(place)? {
            let Some(Ok(quadlet)) = QuadletName::parse(&name) else {
                continue;
            };
            let path = format!("{place}/{name}");
            let text = root.read_text(&path)?.unwrap_or_default();
            if wanted.contains(&quadlet.service([text.as_str()])) {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, texts: &[&str]) -> Option<String> {
        let quadlet = QuadletName::parse(name).unwrap().unwrap();
        quadlet
            .service(texts.iter().copied())
            .map(|unit| unit.as_str().to_owned())
    }

    #[test]
    fn a_service_is_called_by_its_file() {
        for (name, texts, expected) in [
            ("web.container", &["[Container]\nImage=a\n"][..], Some("web.service")),
            ("data.volume", &[], Some("data-volume.service")),
            ("lan.network", &["[Network]\n"], Some("lan-network.service")),
            ("app.kube", &[], Some("app.service")),
            ("app.pod", &[], Some("app-pod.service")),
            ("base.image", &[], Some("base-image.service")),
            ("base.build", &[], Some("base-build.service")),
            ("web@.container", &[], Some("web@.service")),
            ("web@1.container", &[], Some("web@1.service")),
            (
                "web.container",
                &["[Unit]\nServiceName=no\n[Container]\nServiceName = site\n"],
                Some("site.service"),
            ),
            (
                "app.pod",
                &["[Pod]\nServiceName=a\n", "[Pod]\nServiceName=b\n"],
                Some("b.service"),
            ),
            ("app.pod", &["[Pod]\nServiceName=a b\n"], None),
        ] {
            assert_eq!(service(name, texts).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn names() {
        for other in ["web.service", "web", "web.conf", ""] {
            assert_eq!(QuadletName::parse(other), None, "{other}");
        }
        let long = format!("{}.volume", "a".repeat(250));
        for bad in [".container", "a b.container", "a/b.volume", "@.pod", &long] {
            assert!(QuadletName::parse(bad).unwrap().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_file_of_a_service_is_found_where_there_is_a_generator() {
        let tree = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = tree.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put(
            "etc/containers/systemd/web.container",
            "[Container]\nServiceName=site\n",
        );
        put("usr/share/containers/systemd/log@.kube", "");
        let find = |service: &str| {
            let root = Root::open(tree.path()).unwrap();
            source_of(&root, &UnitName::parse(service).unwrap()).unwrap()
        };
        assert_eq!(find("site.service"), None);
        put("usr/lib/systemd/system-generators/podman-system-generator", "");
        let web = Some("/etc/containers/systemd/web.container".to_owned());
        assert_eq!((find("site.service"), find("web.service")), (web, None));
        let log = Some("/usr/share/containers/systemd/log@.kube".to_owned());
        assert_eq!((find("log@1.service"), find("site.socket")), (log, None));
    }
}
