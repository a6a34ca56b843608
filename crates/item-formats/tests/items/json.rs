//! JSON as serde_json reads it, with duplicate members, and with random spellings for writing.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value. Numbers have no value here, because items do not have JSON numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number,
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Json> {
        serde_json::from_slice(bytes).ok()
    }

    pub(crate) fn member(name: &str, value: Json) -> Json {
        Json::Object(vec![(name.to_owned(), value)])
    }

    /// Writes the value without whitespace and with the escapes of serde_json.
    pub(crate) fn compact(&self) -> String {
        self.written(0)
    }

    /// Writes the value with random whitespace and escapes. The seed 0 adds none.
    pub(crate) fn written(&self, seed: u64) -> String {
        let mut writer = Writer { out: String::new(), seed };
        writer.value(self);
        writer.out
    }
}

struct Writer {
    out: String,
    seed: u64,
}

impl Writer {
    /// Returns true in one of five cases, and never for the seed 0.
    fn chance(&mut self) -> bool {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005);
        self.seed != 0 && (self.seed >> 33).is_multiple_of(5)
    }

    fn space(&mut self) {
        while self.chance() {
            self.out.push([' ', '\t', '\n', '\r'][self.seed as usize >> 40 & 3]);
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for character in text.chars() {
            if self.chance() {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    self.out.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                let quoted = serde_json::to_string(&character).unwrap();
                self.out.push_str(&quoted[1..quoted.len() - 1]);
            }
        }
        self.out.push('"');
    }

    fn token(&mut self, token: &str) {
        self.space();
        self.out.push_str(token);
        self.space();
    }

    fn value(&mut self, value: &Json) {
        self.space();
        match value {
            Json::Null => self.token("null"),
            Json::Bool(value) => self.token(if *value { "true" } else { "false" }),
            Json::Number => self.token("0"),
            Json::Text(text) => self.text(text),
            Json::Array(elements) => {
                self.token("[");
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        self.token(",");
                    }
                    self.value(element);
                }
                self.token("]");
            }
            Json::Object(members) => {
                self.token("{");
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        self.token(",");
                    }
                    self.text(name);
                    self.token(":");
                    self.value(value);
                }
                self.token("}");
            }
        }
        self.space();
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}
