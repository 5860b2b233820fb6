//! `power_state`: whether the machine restarts, or is switched off, when all is done.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::commands::Command;
use super::problem::Check;
use super::yaml::Node;

/// The most bytes of a message.
const MESSAGE_MAX: usize = 1024;

/// The longest delay, in minutes: a year.
const DELAY_MAX: u32 = 365 * 24 * 60;

/// The longest wait for firstlight, in seconds: a day.
const TIMEOUT_MAX: u32 = 24 * 60 * 60;

/// `power_state`: once for each instance, as the last thing, as cloud-config has it.
///
/// ```yaml
/// power_state: {mode: reboot, delay: 5, condition: [test, -e, /run/reboot-required]}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PowerState {
    /// What happens to the machine.
    pub mode: PowerMode,
    /// In how many minutes: `now`, a number, or the number as shutdown(8) has it, `+5`. Default: now.
    ///
    /// ```yaml
    /// delay: 5
    /// ```
    #[serde(default)]
    pub delay: Delay,
    /// What users who are logged in are told.
    ///
    /// ```yaml
    /// message: The first boot is done.
    /// ```
    pub message: Option<Message>,
    /// How many seconds firstlight is waited for, where it is still at work. Default: 30.
    ///
    /// ```yaml
    /// timeout: 30
    /// ```
    timeout: Option<Timeout>,
    /// Whether it happens: true, false, or a command that says so by its exit status 0. Default: true.
    #[serde(default)]
    pub condition: Condition,
}

impl PowerState {
    /// How long firstlight itself is waited for by default.
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// How long it is waited for.
    pub fn timeout(&self) -> Duration {
        self.timeout.as_ref().map_or(Self::TIMEOUT, |timeout| timeout.0)
    }
}

/// All of it goes where a part is wrong: without its condition or delay, a restart is another one.
pub fn whole<'p>(_: &Node, path: &'p [String]) -> &'p [String] {
    path.get(..1).unwrap_or(path)
}

impl Check for PowerState {}

/// What happens to the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum PowerMode {
    /// It is switched off.
    Poweroff,
    /// It restarts.
    Reboot,
    /// It stops, and is not switched off.
    Halt,
}

/// When it happens, in minutes from the end of the boot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "forms::Delay"))]
pub struct Delay(u32);

impl Delay {
    /// As shutdown(8) takes it.
    pub fn as_argument(self) -> String {
        match self.0 {
            0 => "now".to_owned(),
            minutes => format!("+{minutes}"),
        }
    }

    /// The minutes.
    pub fn minutes(self) -> u32 {
        self.0
    }

    fn of(minutes: u64) -> Result<Self, String> {
        match u32::try_from(minutes) {
            Ok(minutes) if minutes <= DELAY_MAX => Ok(Self(minutes)),
            _ => Err(format!("the delay is at most {DELAY_MAX} minutes, a year")),
        }
    }
}

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Minutes)
    }
}

struct Minutes;

impl Visitor<'_> for Minutes {
    type Value = Delay;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`now` or a number of minutes")
    }

    fn visit_u64<E: Error>(self, minutes: u64) -> Result<Delay, E> {
        Delay::of(minutes).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, minutes: i64) -> Result<Delay, E> {
        let minutes = u64::try_from(minutes).map_err(|_| E::custom("the delay can't be negative"))?;
        self.visit_u64(minutes)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Delay, E> {
        if text == "now" {
            return Ok(Delay(0));
        }
        let digits = text.strip_prefix('+').unwrap_or(text);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        match digits.parse() {
            Ok(minutes) if is_number => self.visit_u64(minutes),
            _ => Err(E::custom(format!(
                "`{}` is not a delay: write `now` or a number of minutes",
                text.escape_debug()
            ))),
        }
    }
}

/// A message of one line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("maxLength" = 1024)))]
pub struct Message(String);

impl Message {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Message {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() > MESSAGE_MAX {
            return Err(format!("the message has at most {MESSAGE_MAX} bytes"));
        }
        // A block of YAML ends in a line break.
        let text = text.trim_end();
        match text.chars().any(char::is_control) {
            true => Err("the message has one line, without control characters".to_owned()),
            false => Ok(Self(text.to_owned())),
        }
    }
}

/// Seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "u32", extend("maximum" = 86_400)))]
struct Timeout(Duration);

impl TryFrom<u32> for Timeout {
    type Error = String;

    fn try_from(seconds: u32) -> Result<Self, String> {
        match seconds {
            0..=TIMEOUT_MAX => Ok(Self(Duration::from_secs(seconds.into()))),
            _ => Err(format!("the timeout is at most {TIMEOUT_MAX} seconds, a day")),
        }
    }
}

/// Whether it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "forms::Condition"))]
pub enum Condition {
    /// It does, or does not.
    Always(bool),
    /// It does where this ends with the exit status 0.
    Command(Command),
}

impl Default for Condition {
    fn default() -> Self {
        Self::Always(true)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BoolOrCommand)
    }
}

struct BoolOrCommand;

impl<'de> Visitor<'de> for BoolOrCommand {
    type Value = Condition;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, a command or a list of words")
    }

    fn visit_bool<E: Error>(self, always: bool) -> Result<Condition, E> {
        Ok(Condition::Always(always))
    }

    fn visit_str<E: Error>(self, line: &str) -> Result<Condition, E> {
        match (line.trim().is_empty(), line.contains('\0')) {
            (true, _) => Err(E::custom("the condition is empty: write true, false or a command")),
            (_, true) => Err(E::custom("a command can't contain a NUL character")),
            _ => Ok(Condition::Command(Command::Line(line.to_owned()))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Condition, A::Error> {
        let command = Command::deserialize(SeqAccessDeserializer::new(items))?;
        match command.has_nul() {
            true => Err(A::Error::custom("a command can't contain a NUL character")),
            false => Ok(Condition::Command(command)),
        }
    }
}

#[cfg(test)]
mod forms {
    /// What an editor is told of a delay.
    #[derive(schemars::JsonSchema)]
    #[schemars(untagged)]
    #[allow(dead_code, reason = "only its schema is used")]
    pub enum Delay {
        /// Minutes.
        Minutes(#[schemars(extend("maximum" = 525_600))] u32),
        /// Minutes as shutdown(8) has them, or `now`.
        Text(#[schemars(extend("pattern" = r"^(now|\+?[0-9]{1,6})$", "maximum" = 525_600))] String),
    }

    /// What an editor is told of a condition.
    #[derive(schemars::JsonSchema)]
    #[schemars(untagged)]
    #[allow(dead_code, reason = "only its schema is used")]
    pub enum Condition {
        /// Always or never.
        Always(bool),
        /// Shell code.
        Line(#[schemars(extend("pattern" = r"\S"))] String),
        /// A program and its arguments, which no shell looks at.
        Words(
            #[schemars(extend("minItems" = 1, "prefixItems" = [{"type": ["string", "boolean", "number"], "minLength": 1}]))]
             Vec<String>,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Diagnostic, Document, Texts};

    fn read(yaml: &str) -> Result<PowerState, Vec<String>> {
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        if !document.diagnostics.is_empty() {
            return Err(document.diagnostics.iter().map(Diagnostic::in_one_line).collect());
        }
        Ok(document.config.power_state.unwrap())
    }

    #[test]
    fn delays_and_conditions_as_cloud_config_has_them() {
        for (delay, argument) in [
            ("now", "now"),
            ("0", "now"),
            ("'+0'", "now"),
            ("5", "+5"),
            ("'5'", "+5"),
            ("'+5'", "+5"),
            ("+5", "+5"),
            ("~", "now"),
        ] {
            let state = read(&format!("power_state: {{mode: reboot, delay: {delay}}}\n")).unwrap();
            assert_eq!(state.delay.as_argument(), argument, "{delay}");
        }
        let line = |line: &str| Condition::Command(Command::Line(line.to_owned()));
        for (condition, read_as) in [
            ("true", Condition::Always(true)),
            ("no", Condition::Always(false)),
            ("~", Condition::Always(true)),
            ("test -e /a", line("test -e /a")),
            (
                "[test, -e, /a]",
                Condition::Command(Command::Words(["test", "-e", "/a"].map(str::to_owned).into())),
            ),
        ] {
            let state = read(&format!("power_state: {{mode: halt, condition: {condition}}}\n")).unwrap();
            assert_eq!(state.condition, read_as, "{condition}");
        }
        let state = read("power_state:\n  mode: poweroff\n  message: |\n    Bye\n  timeout: 5\n").unwrap();
        assert_eq!(state.message.as_ref().unwrap().as_str(), "Bye");
        assert_eq!(
            (state.mode, state.timeout()),
            (PowerMode::Poweroff, Duration::from_secs(5))
        );
    }

    #[test]
    fn what_is_wrong_costs_the_key_and_has_its_place() {
        for (state, words) in [
            ("{}", "`mode`"),
            ("{delay: 5}", "`mode`"),
            ("{mode: restart}", "x:1:21: "),
            ("{mode: reboot, delay: -5}", "can't be negative"),
            ("{mode: reboot, delay: soon}", "`soon` is not a delay"),
            ("{mode: reboot, delay: '+'}", "`+` is not a delay"),
            ("{mode: reboot, delay: '12:30'}", "is not a delay"),
            ("{mode: reboot, delay: 1000000}", "at most 525600 minutes"),
            ("{mode: reboot, delay: 99999999999999999999}", "minutes"),
            ("{mode: reboot, condition: ''}", "the condition is empty"),
            ("{mode: reboot, condition: []}", "found no program"),
            ("{mode: reboot, condition: 5}", "expected true, false, a command"),
            ("{mode: reboot, condition: {a: b}}", "expected true, false, a command"),
            ("{mode: reboot, condition: \"a\\0b\"}", "NUL"),
            ("{mode: reboot, message: \"a\\nb\"}", "has one line"),
            ("{mode: reboot, timeout: 1000000}", "at most 86400 seconds"),
            ("{mode: reboot, when: now}", "`when`"),
            ("reboot", "expected a mapping"),
        ] {
            let yaml = format!("power_state: {state}\n");
            let found = read(&yaml).unwrap_err();
            assert!(found.len() == 1 && found[0].contains(words), "{state}: {found:?}");
            let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
            assert_eq!(document.config.power_state, None, "{state}");
        }
    }
}
