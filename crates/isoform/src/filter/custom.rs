//! Custom filters: a name and arguments on both sides and on the wire, of which the server makes a condition.
//!
//! No arguments are `{}`. One is what it is, a list in `{"$an array": […]}`, as the npm client sends them. Several are an object
//! by their names.

use std::borrow::Cow;

use serde_json::{Map, Value as JsonValue};

use super::{Condition, Filter};
#[cfg(not(target_arch = "wasm32"))]
use crate::backend::Args;
use crate::error::shown;
#[cfg(not(target_arch = "wasm32"))]
use crate::future::BoxFuture;
use crate::meta::EntityMeta;
use crate::{Error, Result};

/// What stands before the name of a custom filter on the wire.
pub const CUSTOM: &str = "$custom$";

/// What a list is wrapped in on the wire: an array means several calls.
pub const ARRAY: &str = "$an array";

/// A call of a custom filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Custom {
    /// Its name on the wire: `byYear`.
    pub name: Cow<'static, str>,
    /// The arguments, as they are on the wire.
    pub arguments: JsonValue,
}

/// A custom filter as the server knows it, made by `#[filters]`.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Copy)]
pub struct CustomFilter {
    /// Its name on the wire.
    pub wire: &'static str,
    /// The names of its arguments on the wire.
    pub arguments: &'static [&'static str],
    /// Reads the arguments, and makes the condition.
    pub body: fn(Args) -> Result<BoxFuture<'static, Result<Condition>>>,
}

#[cfg(not(target_arch = "wasm32"))]
impl std::fmt::Debug for CustomFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CustomFilter").field("wire", &self.wire).finish_non_exhaustive()
    }
}

/// The filter that a call means: for `#[filters]`.
#[doc(hidden)]
#[must_use]
pub fn custom_filter<E>(name: &'static str, names: &[&str], mut arguments: Vec<JsonValue>) -> Filter<E> {
    let named = |arguments: Vec<JsonValue>| {
        JsonValue::Object(names.iter().map(|name| (*name).to_owned()).zip(arguments).collect())
    };
    let arguments = match (names, arguments.pop()) {
        ([name], Some(one)) if is_named(&one, name) => named(vec![one]),
        ([_], Some(JsonValue::Array(list))) => {
            let mut wrapped = Map::new();
            wrapped.insert(ARRAY.into(), list.into());
            wrapped.into()
        }
        ([_], Some(one)) => one,
        (_, last) => named(arguments.into_iter().chain(last).collect()),
    };
    Filter::from_condition(Condition::Custom(Box::new(Custom { name: name.into(), arguments })))
}

/// Is it an object with this one name?
fn is_named(json: &JsonValue, name: &str) -> bool {
    json.as_object().is_some_and(|object| object.len() == 1 && object.contains_key(name))
}

/// Reads the calls of a custom filter: one, or an array of several, all of which hold.
///
/// # Errors
/// 400 with the name of a filter that the entity does not have.
pub(super) fn calls(meta: &EntityMeta, name: &str, json: &JsonValue) -> Result<Condition> {
    let name = known(meta, name)?;
    let call = |json: &JsonValue| Condition::Custom(Box::new(Custom { name: name.clone(), arguments: json.clone() }));
    Ok(match json {
        JsonValue::Array(list) => list.iter().map(call).fold(Condition::All, Condition::and),
        one => call(one),
    })
}

#[cfg(not(target_arch = "wasm32"))]
fn known(meta: &EntityMeta, name: &str) -> Result<Cow<'static, str>> {
    meta.custom_filter(name).map(|filter| filter.wire.into()).ok_or_else(|| unknown(meta, name))
}

/// Only the server knows which there are.
#[cfg(target_arch = "wasm32")]
fn known(meta: &EntityMeta, name: &str) -> Result<Cow<'static, str>> {
    if name.is_empty() { Err(unknown(meta, name)) } else { Ok(name.to_owned().into()) }
}

fn unknown(meta: &EntityMeta, name: &str) -> Error {
    #[cfg(not(target_arch = "wasm32"))]
    let meant = crate::did_you_mean(name, meta.filters.custom.iter().map(|filter| filter.wire));
    #[cfg(target_arch = "wasm32")]
    let meant = "";
    Error::invalid(format!("\"{CUSTOM}{}\" is not a filter of {}.{meant}", shown(name), meta.key))
}

#[cfg(not(target_arch = "wasm32"))]
impl CustomFilter {
    /// The arguments of a call, in their order.
    ///
    /// # Errors
    /// 400 that says which are wanted.
    fn arguments_of(&self, call: &Custom) -> Result<Args> {
        let values = match (self.arguments, &call.arguments) {
            ([], JsonValue::Null) => Vec::new(),
            ([name], JsonValue::Object(object)) if is_named(&call.arguments, name) => {
                object.values().cloned().collect()
            }
            ([_], one) => vec![unwrapped(one).cloned().map_or_else(|| one.clone(), JsonValue::Array)],
            (names, json) => match (unwrapped(json), json) {
                (Some(list), _) if list.len() <= names.len() => list.clone(),
                (None, JsonValue::Object(object)) if object.keys().all(|key| names.contains(&key.as_str())) => {
                    names.iter().map(|name| object.get(*name).cloned().unwrap_or_default()).collect()
                }
                _ => return Err(self.wrong(&format!("takes {}", self.wanted()))),
            },
        };
        Ok(Args::new(values))
    }

    /// What its arguments are called.
    pub fn wanted(&self) -> String {
        if self.arguments.is_empty() {
            return "no arguments: {}".into();
        }
        let names: Vec<_> = self.arguments.iter().map(|name| format!("\"{name}\": …")).collect();
        format!("{{{}}}", names.join(", "))
    }

    /// What a call makes of the filter.
    ///
    /// # Errors
    /// 400 that says what is wrong with the arguments.
    pub(crate) fn call(&self, call: &Custom) -> Result<BoxFuture<'static, Result<Condition>>> {
        (self.body)(self.arguments_of(call)?)
            .map_err(|error| self.wrong(&format!("takes {}. {}", self.wanted(), error.message().trim_end_matches('.'))))
    }

    /// 400 that says what is wrong with a call.
    fn wrong(&self, problem: &str) -> Error {
        Error::invalid(format!("The filter \"{CUSTOM}{}\" {problem}.", self.wire))
    }
}

/// The list in `{"$an array": […]}`.
#[cfg(not(target_arch = "wasm32"))]
fn unwrapped(json: &JsonValue) -> Option<&Vec<JsonValue>> {
    if is_named(json, ARRAY) { json.get(ARRAY)?.as_array() } else { None }
}
