//! From JSON to any serde type. As `serde_json::from_value`, but for its errors, which say what was expected and not what was
//! found: to print a number that is none of the expected ones brings the tables for printing numbers into every page.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    self, DeserializeOwned, Deserializer, EnumAccess, IntoDeserializer, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value as JsonValue;

/// Reads a value of a type.
///
/// ```
/// let read = isoform::json::typed::<Vec<u8>>(serde_json::json!([1, 2]));
/// assert_eq!(read, Ok(vec![1, 2]));
/// let wrong = isoform::json::typed::<u8>(serde_json::json!(1.5)).unwrap_err();
/// assert_eq!(wrong.to_string(), "a whole number from 0 to 255 is expected");
/// ```
///
/// # Errors
/// Where the JSON does not fit the type.
pub fn typed<T: DeserializeOwned>(json: JsonValue) -> Result<T, Unfit> {
    T::deserialize(Json(json))
}

/// Why JSON does not fit a type. Its text is for people, without what it would tell about the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit(String);

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&super::problem(&self.0))
    }
}

impl std::error::Error for Unfit {}

impl de::Error for Unfit {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self(format!("invalid type, expected {expected}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self(format!("invalid value, expected {expected}"))
    }

    fn invalid_length(_: usize, expected: &dyn de::Expected) -> Self {
        Self(format!("invalid length, expected {expected}"))
    }
}

struct Json(JsonValue);

impl<'de> IntoDeserializer<'de, Unfit> for Json {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Json {
    type Error = Unfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.0 {
            JsonValue::Null => visitor.visit_unit(),
            JsonValue::Bool(b) => visitor.visit_bool(b),
            JsonValue::Number(n) => match (n.as_u64(), n.as_i64()) {
                (Some(n), _) => visitor.visit_u64(n),
                (None, Some(n)) => visitor.visit_i64(n),
                (None, None) => visitor.visit_f64(n.as_f64().unwrap_or_default()),
            },
            JsonValue::String(text) => visitor.visit_string(text),
            JsonValue::Array(list) => {
                let mut list = SeqDeserializer::new(list.into_iter().map(Json));
                let value = visitor.visit_seq(&mut list)?;
                list.end().map(|()| value)
            }
            JsonValue::Object(object) => {
                let mut object = MapDeserializer::new(object.into_iter().map(|(key, value)| (Key(key), Json(value))));
                let value = visitor.visit_map(&mut object)?;
                object.end().map(|()| value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        let (variant, content) = match self.0 {
            JsonValue::String(variant) => (variant, None),
            JsonValue::Object(object) if object.len() == 1 => match object.into_iter().next() {
                Some((variant, content)) => (variant, Some(content)),
                None => return Err(Unfit("expected a variant".into())),
            },
            _ => return Err(Unfit("expected a variant".into())),
        };
        visitor.visit_enum(Variant { variant, content })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// The key of an object: a text, also where a map's keys are numbers.
struct Key(String);

impl<'de> IntoDeserializer<'de, Unfit> for Key {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! number_keys {
    ($($deserialize:ident $visit:ident $number:ty),+) => { $(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
            match self.0.parse::<$number>() {
                Ok(number) => visitor.$visit(number),
                Err(_) => visitor.visit_string(self.0),
            }
        }
    )+ };
}

impl<'de> Deserializer<'de> for Key {
    type Error = Unfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_string(self.0)
    }

    number_keys! {
        deserialize_bool visit_bool bool, deserialize_i8 visit_i64 i64, deserialize_i16 visit_i64 i64,
        deserialize_i32 visit_i64 i64, deserialize_i64 visit_i64 i64, deserialize_u8 visit_u64 u64,
        deserialize_u16 visit_u64 u64, deserialize_u32 visit_u64 u64, deserialize_u64 visit_u64 u64,
        deserialize_i128 visit_i128 i128, deserialize_u128 visit_u128 u128
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        visitor.visit_enum(Variant { variant: self.0, content: None })
    }

    forward_to_deserialize_any! {
        f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A variant of an enum, with what it holds.
struct Variant {
    variant: String,
    content: Option<JsonValue>,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Unfit;
    type Variant = Content;

    fn variant_seed<V: de::DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content), Unfit> {
        Ok((seed.deserialize(Key(self.variant))?, Content(self.content)))
    }
}

/// What a variant holds.
struct Content(Option<JsonValue>);

impl Content {
    fn held(self) -> Result<Json, Unfit> {
        self.0.map(Json).ok_or_else(|| Unfit("expected what the variant holds".into()))
    }
}

impl<'de> VariantAccess<'de> for Content {
    type Error = Unfit;

    fn unit_variant(self) -> Result<(), Unfit> {
        match self.0 {
            None | Some(JsonValue::Null) => Ok(()),
            Some(_) => Err(Unfit("expected a variant that holds nothing".into())),
        }
    }

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Unfit> {
        seed.deserialize(self.held()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unfit> {
        self.held()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Unfit> {
        self.held()?.deserialize_any(visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::typed;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Point,
        Circle(f64),
        Line(i8, i8),
        Box { width: u64, name: Option<String> },
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Drawing {
        all_shapes: Vec<Shape>,
        by_number: BTreeMap<u32, char>,
        by_sign: BTreeMap<bool, (i64, ())>,
        result: Result<u8, String>,
        #[serde(default)]
        absent: Option<Newtype>,
        flat: serde_json::Value,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Newtype(String);

    #[test]
    fn whatever_serde_writes_is_read_as_serde_json_reads_it() {
        let shapes = || {
            vec![
                Shape::Point,
                Shape::Circle(1.5),
                Shape::Circle(2.0),
                Shape::Line(-1, 1),
                Shape::Box { width: u64::MAX, name: None },
            ]
        };
        let drawing = |result, absent| Drawing {
            all_shapes: shapes(),
            by_number: BTreeMap::from([(7, 'x'), (0, 'ä')]),
            by_sign: BTreeMap::from([(true, (i64::MIN, ())), (false, (0, ()))]),
            result,
            absent,
            flat: serde_json::json!({"a": [1, -2, 3.5, null, {"b": true}]}),
        };
        for drawing in [drawing(Ok(7), None), drawing(Err("no".into()), Some(Newtype("new".into())))] {
            let json = serde_json::to_value(&drawing).unwrap_or_default();
            assert_eq!(typed::<Drawing>(json).as_ref(), Ok(&drawing));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_was_expected() {
        for (json, expected) in [
            (serde_json::json!(-1), "a whole number from 0 to 255 is expected"),
            (serde_json::json!(256), "a whole number from 0 to 255 is expected"),
            (serde_json::json!(1.5), "a whole number from 0 to 255 is expected"),
            (serde_json::json!("1"), "a whole number from 0 to 255 is expected"),
            (serde_json::json!([1, 2]), "a whole number from 0 to 255 is expected"),
        ] {
            assert_eq!(typed::<u8>(json).map_err(|error| error.to_string()), Err(expected.to_owned()));
        }
        for wrong in [
            serde_json::json!("Square"),
            serde_json::json!({"Point": 1}),
            serde_json::json!("Circle"),
            serde_json::json!({"Line": [1]}),
            serde_json::json!({"Line": [1, 2, 3]}),
            serde_json::json!({"Point": null, "Circle": 1}),
            serde_json::json!(1),
        ] {
            assert!(typed::<Shape>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
