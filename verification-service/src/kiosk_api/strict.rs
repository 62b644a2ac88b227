//! JSON as the OpenAPI document has it. The derived code of serde takes more: a list in place of an object, its members in
//! order, and `{"word": null}` in place of a word. Nobody should come to rely on that.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use std::fmt;

/// A deserializer whose objects are objects and whose words are texts, at every depth.
pub struct Strict<D>(pub D);

macro_rules! forward {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method(Inside { visitor, list: true })
        }
    )+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    forward! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option
        deserialize_unit deserialize_seq deserialize_map deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct(name, fields, Inside { visitor, list: false })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_str(Word(visitor))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, Inside { visitor, list: true })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, Inside { visitor, list: true })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(len, Inside { visitor, list: true })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple_struct(name, len, Inside { visitor, list: true })
    }
}

/// Hands on what is inside, strict again.
struct Inside<V> {
    visitor: V,
    /// Whether a list may stand here.
    list: bool,
}

macro_rules! hand_on {
    ($($method:ident: $type:ty,)+) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.visitor.$method(value)
        }
    )+};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Inside<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    hand_on! {
        visit_bool: bool, visit_i64: i64, visit_i128: i128, visit_u64: u64, visit_u128: u128, visit_f64: f64,
        visit_char: char, visit_str: &str, visit_borrowed_str: &'de str, visit_string: String, visit_bytes: &[u8],
        visit_borrowed_bytes: &'de [u8], visit_byte_buf: Vec<u8>,
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Strict(deserializer))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Strict(deserializer))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        if self.list { self.visitor.visit_seq(Each(list)) } else { Err(Error::invalid_type(Unexpected::Seq, &self)) }
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Each(members))
    }
}

/// The items of a list, or the members of an object.
struct Each<A>(A);

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Each<A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        self.0.next_element_seed(One(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Each<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.0.next_value_seed(One(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

struct One<T>(T);

impl<'de, T: DeserializeSeed<'de>> DeserializeSeed<'de> for One<T> {
    type Value = T::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T::Value, D::Error> {
        self.0.deserialize(Strict(deserializer))
    }
}

/// A word of a list of words: all of this API's are without members.
struct Word<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Word<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<V::Value, E> {
        self.0.visit_enum(StrDeserializer::new(word))
    }
}

#[cfg(test)]
mod tests {
    use super::super::edge::parse;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};
    use verification_api::wire::{Check, InspectionRequest, SignInRequest, VerificationRequest};

    fn taken<T: DeserializeOwned>(value: &Value) -> bool {
        parse::<T>(value.to_string().as_bytes()).is_ok()
    }

    #[test]
    fn an_object_is_an_object_at_every_depth() {
        assert!(taken::<SignInRequest>(&json!({ "badge": "B1", "pin": "123456" })));
        assert!(!taken::<SignInRequest>(&json!(["B1", "123456"])));
        let mut body = json!({
            "visit": "01980000-0000-7000-8000-000000000001", "identifier": { "type": "a_number", "value": "A000000701" },
            "code": "", "purpose": "inspection", "lane": "7", "device_time": "2026-11-25T20:04:05.006Z",
        });
        assert!(taken::<VerificationRequest>(&body));
        body["identifier"] = json!(["a_number", "A000000701"]);
        assert!(!taken::<VerificationRequest>(&body));
    }

    #[test]
    fn a_word_is_a_text() {
        assert!(taken::<Check>(&json!({ "field": "composite", "verdict": "ok", "printed": "5" })));
        assert!(!taken::<Check>(&json!({ "field": { "composite": null }, "verdict": "ok" })));
        assert!(!taken::<Check>(&json!({ "field": "composed", "verdict": "ok" })));
    }

    #[test]
    fn everything_else_is_as_before() {
        let whole = json!({
            "visit": "01980000-0000-7000-8000-000000000001", "lane": "7", "device_time": "2026-11-25T20:04:05.006Z",
            "how": "camera", "document": { "type": "passport", "sex": "X", "issuer": null, "birth_date": "1974-05-02" },
            "checks": [{ "field": "birth_date", "verdict": "disagrees", "printed": "1", "computed": "2" }],
            "barcode_agrees": true, "mock": false,
        });
        assert!(taken::<InspectionRequest>(&whole));
        let mut wrong = whole.clone();
        wrong["checks"][0] = json!(["birth_date", "ok", null, null]);
        assert!(!taken::<InspectionRequest>(&wrong), "inside a list");
        let raw = format!("{whole} {{}}");
        assert!(parse::<InspectionRequest>(raw.as_bytes()).is_err(), "one value, and no more");
    }
}
