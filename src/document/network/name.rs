//! What links are called and recognised by: IDs, names, patterns.

use std::borrow::Borrow;

use serde::{Deserialize, Serialize};

/// The size of the kernel's buffer for a link's name, in bytes: a name has at most one less (netdevice(7)).
pub const IFNAMSIZ: usize = 16;

/// The most bytes an ID may have: escaped, it still fits into a file's name.
const ID_MAX: usize = 64;

/// The most bytes a pattern may have: alternative names have up to 127 (`ALTIFNAMSIZ` of the kernel).
const PATTERN_MAX: usize = 127;

/// How the kernel's own names of links begin; a number follows.
const KERNEL_PREFIXES: [&str; 5] = ["eth", "wlan", "usb", "wwan", "ib"];

/// The ID of an interface in the document. Free text, but part of a file's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[^/\u0000-\u001f\u007f-\u009f]+$", "maxLength" = 64, "examples" = ["eth0"])))]
pub struct InterfaceId(String);

impl InterfaceId {
    /// The ID.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for InterfaceId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for InterfaceId {
    type Error = String;

    fn try_from(id: String) -> Result<Self, String> {
        let shown = id.escape_debug();
        if id.is_empty() {
            return Err("an interface's ID can't be empty".to_owned());
        }
        if id.len() > ID_MAX {
            return Err(format!(
                "an interface's ID has at most {ID_MAX} bytes, this one has {}",
                id.len()
            ));
        }
        if id.contains('/') || id.chars().any(char::is_control) {
            return Err(format!(
                "`{shown}` can't be an interface's ID: `/` and control characters are not allowed"
            ));
        }
        Ok(Self(id))
    }
}

/// The name of a link, as systemd takes it: what the kernel allows, less what would be read as something else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^(?![0-9]+$)(?!(\.|\.\.|all|default)$)[#$&(-.0-9;<=>@A-Z^-~]+$", "maxLength" = 15, "examples" = ["lan0"])))]
pub struct LinkName(String);

impl LinkName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is one that the kernel may give to any link by itself: `eth0`, `wlan1`.
    pub fn is_kernels_own(&self) -> bool {
        KERNEL_PREFIXES.iter().any(|prefix| {
            let number = self.0.strip_prefix(prefix).unwrap_or_default();
            !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
        })
    }
}

impl TryFrom<String> for LinkName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let not_a_name = |why: &str| Err(format!("`{}` can't be a link's name: {why}", name.escape_debug()));
        if name.is_empty() {
            return Err("a link's name can't be empty".to_owned());
        }
        if name.len() >= IFNAMSIZ {
            let most = IFNAMSIZ - 1;
            return not_a_name(&format!(
                "it has {} bytes, {most} is the most the kernel takes",
                name.len()
            ));
        }
        if let Some(bad) = name.chars().find(|c| !is_name_char(*c)) {
            return not_a_name(&format!("`{}` is not allowed in it", bad.escape_debug()));
        }
        if name.chars().all(|c| c.is_ascii_digit()) {
            return not_a_name("a name of digits alone is read as a number");
        }
        if matches!(name.as_str(), "." | ".." | "all" | "default") {
            return not_a_name("it is reserved");
        }
        Ok(Self(name))
    }
}

/// What a name may consist of: `ifname_valid()` of systemd, less what systemd.network(5) reads as a pattern, a
/// negation or a quotation.
fn is_name_char(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '/' | ':' | '%' | '*' | '?' | '[' | ']' | '!' | '"' | '\'' | '\\')
}

/// A shell-style pattern of a link's or a driver's name: `eth0`, `en*`, `vmxnet[23]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^[#$&(-.0-9;<=>@A-Z^-~*?\[\]][#$&(-.0-9;<=>@A-Z^-~*?\[\]!]*$", "maxLength" = 127, "examples" = ["en*", "eth0"])))]
pub struct Pattern(String);

impl Pattern {
    /// The pattern.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a name that the kernel gives no link: only an alternative name can be so long.
    pub fn is_too_long_for_a_name(&self) -> bool {
        !self.is_glob() && self.0.len() >= IFNAMSIZ
    }

    /// Whether it matches more than itself.
    pub fn is_glob(&self) -> bool {
        self.0.contains(['*', '?', '['])
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(pattern: String) -> Result<Self, String> {
        let shown = pattern.escape_debug();
        if pattern.is_empty() {
            return Err("an empty pattern matches nothing".to_owned());
        }
        if pattern.len() > PATTERN_MAX {
            return Err(format!(
                "a pattern has at most {PATTERN_MAX} bytes, this one has {}",
                pattern.len()
            ));
        }
        let words: Vec<&str> = pattern.split_whitespace().collect();
        if words.len() > 1 {
            let list = words.join(", ").escape_debug().to_string();
            return Err(format!(
                "`{shown}` is read as one pattern: write several as a list, `[{list}]`"
            ));
        }
        if pattern.starts_with('!') {
            return Err(format!("`{shown}`: a match can't exclude links"));
        }
        let allowed = |c: char| is_name_char(c) || matches!(c, '*' | '?' | '[' | ']' | '!');
        if let Some(bad) = pattern.chars().find(|c| !allowed(*c)) {
            return Err(format!(
                "`{shown}` can't match anything: no name has `{}` in it",
                bad.escape_debug()
            ));
        }
        Ok(Self(pattern))
    }
}
