//! Permission bits, as documents write them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::document::yaml::decode::AS_WRITTEN;

/// Permission bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^\s*(0o)?[0-7]{3,}\s*$", "examples" = ["0644", "0600"])))]
pub struct Permissions(u32);

impl Permissions {
    /// The bits.
    pub fn bits(self) -> u32 {
        self.0
    }
}

const NOT_OCTAL: &str = "permissions are three or four octal digits, such as '0644'";

const NO_OCTAL_NUMBER: &str = "this is not an octal number: write permissions in octal digits, quoted, such as '0644'";

const DECIMAL: &str = "read as octal, this number gives the owner fewer rights than others, so it is probably a \
    decimal number from a tool: write permissions in octal digits, quoted, such as '0644'";

/// Always octal: cloud-init takes an unquoted `644` for a decimal number, which is mode 1204. What a tool made of a
/// number is decimal anyway (0400 comes as 256), and betrays itself by an owner who may do less than others.
fn read(text: &str, quoted: bool) -> Result<Permissions, &'static str> {
    let text = text.trim();
    let digits = text.strip_prefix("0o").unwrap_or(text);
    if digits.len() < 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NOT_OCTAL);
    }
    let is_plain_number = !quoted && !text.starts_with('0');
    let bits = match u32::from_str_radix(digits, 8) {
        Ok(bits) if bits <= 0o7777 => bits,
        _ if is_plain_number => return Err(NO_OCTAL_NUMBER),
        _ => return Err(NOT_OCTAL),
    };
    let (owner, others) = ((bits >> 6) & 7, ((bits >> 3) | bits) & 7);
    if is_plain_number && (owner & 4 == 0 || others & !owner != 0) {
        return Err(DECIMAL);
    }
    Ok(Permissions(bits))
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(AS_WRITTEN, Written)
    }
}

struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Permissions;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("permissions in octal digits, such as '0644'")
    }

    fn visit_str<E: Error>(self, quoted: &str) -> Result<Permissions, E> {
        read(quoted, true).map_err(E::custom)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, plain: D) -> Result<Permissions, D::Error> {
        read(&String::deserialize(plain)?, false).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::{decode, parse};

    #[test]
    fn every_way_to_write_them() {
        for (written, bits) in [
            ("'0644'", Ok(0o644)),
            ("\"0644\"", Ok(0o644)),
            ("!!str 0644", Ok(0o644)),
            ("'644'", Ok(0o644)),
            ("'4111'", Ok(0o4111)),
            ("'0o600'", Ok(0o600)),
            // A quoted one is as it is asked for, whatever it is good for.
            ("'256'", Ok(0o256)),
            ("'0077'", Ok(0o077)),
            ("0644", Ok(0o644)),
            ("0600", Ok(0o600)),
            ("0077", Ok(0o077)),
            ("0o644", Ok(0o644)),
            ("600", Ok(0o600)),
            ("644", Ok(0o644)),
            ("755", Ok(0o755)),
            ("400", Ok(0o400)),
            ("2755", Ok(0o2755)),
            ("4755", Ok(0o4755)),
            ("1777", Ok(0o1777)),
            // 0400, 0640, 0644, 0660, 0440, 0600, 0755, 0500, 0444 and 02755, as tools write them.
            ("256", Err("decimal")),
            ("416", Err("decimal")),
            ("420", Err("decimal")),
            ("432", Err("decimal")),
            ("288", Err("not an octal number")),
            ("384", Err("not an octal number")),
            ("493", Err("not an octal number")),
            ("320", Err("decimal")),
            ("292", Err("not an octal number")),
            ("1517", Err("decimal")),
            ("08", Err("octal digits")),
            ("0888", Err("octal digits")),
            ("7", Err("octal digits")),
            ("0", Err("octal digits")),
            ("17777", Err("not an octal number")),
            ("+644", Err("octal digits")),
            ("-644", Err("octal digits")),
            ("6_44", Err("octal digits")),
            ("0x1a4", Err("octal digits")),
            ("644.0", Err("octal digits")),
            ("rw-r--r--", Err("octal digits")),
            ("u=rw", Err("octal digits")),
            ("true", Err("octal digits")),
            ("''", Err("octal digits")),
            ("[0644]", Err("expected")),
            ("99999999999999999999", Err("not an octal number")),
        ] {
            let node = parse(written, 0).unwrap().root.unwrap();
            match (decode::<Permissions>(&node), bits) {
                (Ok(found), Ok(bits)) => assert_eq!(found.bits(), bits, "{written}"),
                (Err(error), Err(why)) => assert!(error.to_string().contains(why), "{written}: {error}"),
                (found, _) => panic!("{written}: {found:?}"),
            }
        }
    }
}
