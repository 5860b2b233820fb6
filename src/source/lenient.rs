//! Platforms' JSON, read for what it means: what is missing, null, empty or blank is absent, and a number may be a
//! text. Tools that make metadata write every one of these. A meaningless value is an error of its own member only.

use std::str::FromStr;

use serde_json::Value;

/// A value that is not there.
static ABSENT: Value = Value::Null;

/// A value of a platform's JSON, there or not, and its place: `networks[0].gateway`.
#[derive(Clone)]
pub struct Member<'a> {
    value: &'a Value,
    place: String,
}

/// Something that can't be read: where it is, and what is wrong with it. Without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Its place.
    pub place: String,
    /// What is wrong with it.
    pub message: String,
}

impl std::fmt::Debug for Member<'_> {
    /// Shows the place only: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place)
    }
}

impl<'a> Member<'a> {
    /// The whole of a text.
    pub fn whole(value: &'a Value) -> Self {
        Self {
            value,
            place: String::new(),
        }
    }

    /// Its place, with the keys and numbers that lead there.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The last key of its place.
    fn key(&self) -> &str {
        self.place.rsplit('.').next().unwrap_or_default()
    }

    /// The member of this one that is called `key`, there or not.
    pub fn get(&self, key: &str) -> Member<'a> {
        let place = match self.place.as_str() {
            "" => key.to_owned(),
            around => format!("{around}.{key}"),
        };
        let value = self.value.get(key).unwrap_or(&ABSENT);
        Member { value, place }
    }

    /// The value, whatever it is; `None` where it is absent.
    pub fn value(&self) -> Option<&'a Value> {
        let absent = match self.value {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            _ => false,
        };
        (!absent).then_some(self.value)
    }

    /// A text, without whitespace around it, or a number as text.
    ///
    /// # Errors
    /// It is neither.
    pub fn text(&self) -> Result<Option<String>, Wrong> {
        match self.value() {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(self.wrong("is not a text")),
        }
    }

    /// A text that has to be there.
    ///
    /// # Errors
    /// It is absent, or no text.
    pub fn required(&self) -> Result<String, Wrong> {
        self.text()?.ok_or_else(|| self.wrong("is missing"))
    }

    /// A whole number, written as a number or as text.
    ///
    /// # Errors
    /// It is not a number, or is too large.
    pub fn number<T: FromStr>(&self) -> Result<Option<T>, Wrong> {
        let Some(text) = self.text()? else { return Ok(None) };
        // JSON made by a language without integers.
        let digits = text.strip_suffix(".0").unwrap_or(&text);
        digits
            .parse()
            .map(Some)
            .map_err(|_| self.wrong("is not a whole number"))
    }

    /// What `read` makes of the text.
    ///
    /// # Errors
    /// It is not a text, or no such thing: `what`.
    pub fn parsed<T: FromStr>(&self, what: &str) -> Result<Option<T>, Wrong> {
        let text = self.text()?;
        text.map(|text| text.parse().map_err(|_| self.wrong(what))).transpose()
    }

    /// The items of a list; those that are absent are left out, and an absent list has none.
    ///
    /// # Errors
    /// It is not a list.
    pub fn items(&self) -> Result<Vec<Member<'a>>, Wrong> {
        let items = match self.value() {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.wrong("is not a list")),
        };
        let item = |(number, value): (usize, &'a Value)| Member {
            value,
            place: format!("{}[{number}]", self.place),
        };
        let items = items.iter().enumerate().map(item);
        Ok(items.filter(|item| item.value().is_some()).collect())
    }

    /// Nothing, if it has its own members or is absent.
    ///
    /// # Errors
    /// It is something else.
    pub fn object(&self) -> Result<(), Wrong> {
        match self.value() {
            None | Some(Value::Object(_)) => Ok(()),
            Some(_) => Err(self.wrong("is not an object")),
        }
    }

    /// What is wrong with it.
    pub fn wrong(&self, what: &str) -> Wrong {
        let message = match self.key() {
            "" => format!("the text {what}"),
            key => format!("`{key}` {what}"),
        };
        Wrong {
            place: self.place.clone(),
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_null_empty_or_missing_is_absent() {
        let value = json!({"null": null, "empty": "", "blank": " \n", "list": [null, "", "x"], "other": 1});
        let whole = Member::whole(&value);
        for key in ["null", "empty", "blank", "missing"] {
            let member = whole.get(key);
            assert_eq!(member.text(), Ok(None), "{key}");
            assert_eq!(member.number::<u32>(), Ok(None), "{key}");
            assert_eq!(member.items().unwrap().len(), 0, "{key}");
            assert_eq!(
                (member.object(), member.get("below").text()),
                (Ok(()), Ok(None)),
                "{key}"
            );
            assert_eq!(member.required().unwrap_err().message, format!("`{key}` is missing"));
        }
        let items = whole.get("list").items().unwrap();
        let places: Vec<_> = items.iter().map(|item| item.place().to_owned()).collect();
        assert_eq!(places, ["list[2]"]);
    }

    #[test]
    fn numbers_and_texts_stand_for_each_other() {
        let value = json!({"a": 1450, "b": "1450", "c": " 1450 ", "d": 1450.0, "e": "1450.0", "f": "1450.5", "g": -1,
                           "h": 1e99, "i": true, "j": [1]});
        let whole = Member::whole(&value);
        for key in ["a", "b", "c", "d", "e"] {
            assert_eq!(whole.get(key).number::<u32>(), Ok(Some(1450)), "{key}");
        }
        for key in ["f", "g", "h", "i", "j"] {
            assert!(whole.get(key).number::<u32>().is_err(), "{key}");
        }
        assert_eq!(whole.get("a").text(), Ok(Some("1450".to_owned())));
        assert_eq!(whole.get("c").text(), Ok(Some("1450".to_owned())));
    }

    #[test]
    fn an_error_names_the_place_and_not_the_value() {
        let value = json!({"networks": [{"routes": [{"gateway": {"hunter2": 1}}], "services": "hunter2"}]});
        let network = Member::whole(&value).get("networks").items().unwrap().remove(0);
        let route = network.get("routes").items().unwrap().remove(0);
        let wrong = route.get("gateway").text().unwrap_err();
        assert_eq!(wrong.place, "networks[0].routes[0].gateway");
        assert_eq!(wrong.message, "`gateway` is not a text");
        assert_eq!(
            network.get("services").items().unwrap_err().message,
            "`services` is not a list"
        );
        assert_eq!(
            network.get("services").object().unwrap_err().message,
            "`services` is not an object"
        );
        assert_eq!(
            Member::whole(&json!([])).object().unwrap_err().message,
            "the text is not an object"
        );
    }
}
