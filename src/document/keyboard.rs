//! `keyboard`: what the keys mean, as X and console-setup have it.

use serde::Deserialize;

use super::problem::{Check, Problems};

/// The most bytes that each may have.
const MOST: usize = 256;

/// What the keys of the keyboard mean, xkeyboard-config(7): on the text console and to X.
///
/// ```yaml
/// {layout: de, variant: nodeadkeys, options: "compose:rwin"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Keyboard {
    /// The layout, or several with commas between them: `de,us`.
    pub layout: XkbLayout,
    /// The kind of keyboard. Default: `pc105`.
    pub model: Option<XkbModel>,
    /// The variant of each layout.
    pub variant: Option<XkbVariant>,
    /// Options, with commas between them.
    pub options: Option<XkbOptions>,
}

macro_rules! xkb {
    ($(#[$doc:meta])* $name:ident, $what:literal, $also:literal, $least:literal, $pattern:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(try_from = "String")]
        #[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = $pattern, "maxLength" = 256, "examples" = [$example])))]
        pub struct $name(String);

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                check(&text, $what, $also, $least).map(|()| Self(text))
            }
        }

        impl $name {
            /// As it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

xkb!(
    /// A layout, or several.
    XkbLayout,
    "layout",
    ",_-",
    1,
    r"^[A-Za-z0-9_-]+(,[A-Za-z0-9_-]+)*$",
    "de"
);
xkb!(
    /// A kind of keyboard.
    XkbModel,
    "model",
    "_-",
    0,
    r"^[A-Za-z0-9_-]*$",
    "pc105"
);
xkb!(
    /// Variants, one for each layout.
    XkbVariant,
    "variant",
    ",_-",
    0,
    r"^[A-Za-z0-9_,-]*$",
    "nodeadkeys"
);
xkb!(
    /// Options.
    XkbOptions,
    "options",
    ",:_-",
    0,
    r"^[A-Za-z0-9_,:-]*$",
    "compose:rwin"
);

/// Whether a text is one that goes into files of a shell and of X as it is.
fn check(text: &str, what: &str, also: &str, least: usize) -> Result<(), String> {
    if text.len() < least || (what == "layout" && text.split(',').any(str::is_empty)) {
        return Err("expected a layout, such as de".to_owned());
    }
    if text.len() > MOST {
        return Err(format!("at most {MOST} bytes are allowed, these are {}", text.len()));
    }
    match text.chars().find(|c| !c.is_ascii_alphanumeric() && !also.contains(*c)) {
        Some(bad) => Err(format!("`{}` is not allowed in a {what}", bad.escape_debug())),
        None => Ok(()),
    }
}

impl Keyboard {
    /// The layouts.
    pub fn layouts(&self) -> impl Iterator<Item = &str> {
        self.layout.as_str().split(',')
    }

    /// The kind of keyboard: that of cloud-init where none is given.
    pub fn model(&self) -> &str {
        self.model.as_ref().map_or("pc105", XkbModel::as_str)
    }

    /// The variants.
    pub fn variant(&self) -> &str {
        self.variant.as_ref().map_or("", XkbVariant::as_str)
    }

    /// The options.
    pub fn options(&self) -> &str {
        self.options.as_ref().map_or("", XkbOptions::as_str)
    }
}

/// The variant and the options mean something to a layout alone: all goes where one is wrong.
pub(super) fn whole<'p>(_: &super::yaml::Node, path: &'p [String]) -> &'p [String] {
    path.get(..1).unwrap_or(path)
}

impl Check for Keyboard {
    fn check(&self, problems: &mut Problems<'_>) {
        let variants = self.variant().split(',').count();
        let layouts = self.layouts().count();
        if variants > layouts {
            let message = format!("there are {variants} variants for {layouts} of `layout`");
            problems.error(
                &["variant"],
                message,
                Some("give one for each layout; an empty one is none"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Texts};

    fn read(keyboard: &str) -> (Option<Keyboard>, usize) {
        let text = format!("#cloud-config\nkeyboard: {keyboard}\nhostname: web1\n");
        let document = Document::read(&Texts::of_user_data("user-data", text.as_bytes()));
        (document.config.keyboard, document.diagnostics.len())
    }

    #[test]
    fn everything_that_cloud_init_has() {
        let (keyboard, told) = read("{layout: 'de,us', model: pc104, variant: 'nodeadkeys,', options: 'compose:rwin'}");
        let keyboard = keyboard.unwrap();
        let all = [keyboard.model(), keyboard.variant(), keyboard.options()];
        assert_eq!((all, told), (["pc104", "nodeadkeys,", "compose:rwin"], 0));
        assert_eq!(keyboard.layouts().collect::<Vec<_>>(), ["de", "us"]);
        let (keyboard, _) = read("{layout: us}");
        let keyboard = keyboard.unwrap();
        assert_eq!(
            [keyboard.model(), keyboard.variant(), keyboard.options()],
            ["pc105", "", ""]
        );
        assert_eq!(read("{layout: us, model: '', variant: '', options: ''}").1, 0);
    }

    #[test]
    fn nothing_gets_a_command_or_a_line_into_the_files() {
        for wrong in [
            "{layout: '$(reboot)'}",
            "{layout: \"de\\nXKBMODEL=x\"}",
            "{layout: 'de\"'}",
            "{layout: ../de}",
            "{layout: ''}",
            "{layout: 'de,'}",
            "{layout: de, model: 'a b'}",
            "{layout: de, variant: 'a;b'}",
            "{layout: de, variant: 'a,b'}",
            "{layout: de, options: '`x`'}",
            "{layout: de, options: [a]}",
            "{layout: de, speed: 1}",
            "{model: pc105}",
            "de",
            "[de]",
        ] {
            assert_eq!(read(wrong), (None, 1), "{wrong}");
        }
        assert_eq!(read(&format!("{{layout: {}}}", "a".repeat(300))), (None, 1));
    }
}
