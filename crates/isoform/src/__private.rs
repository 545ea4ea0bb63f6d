//! What the macros' output names. No part of the public interface.

pub use chrono::{DateTime, Utc};
pub use serde;
pub use serde_json::Value as JsonValue;
pub use uuid::Uuid;

pub use crate::aggregate::Ordered;
#[cfg(not(target_arch = "wasm32"))]
pub use crate::backend::{Args, Body, Options, direct, direct_record, way};
pub use crate::backend::{Called, Method, Travels, Way, call_record, call_static};
pub use crate::controller::Stored;
pub use crate::entity::{Column, Entity};
pub use crate::filter::custom_filter;
#[cfg(not(target_arch = "wasm32"))]
pub use crate::filter::{CustomFilter, Prefilters};
pub use crate::future::{BoxFuture, ready};
pub use crate::hooks::{DeclaresHooks, EventState, Hook, HookSet, Hooks, LifecycleEvent};
use crate::meta::FieldFunction;
pub use crate::meta::{
    Allow, Check, Direction, EntityMeta, FieldCheck, FieldMeta, FieldRole, Kept, Masks, Number, OnDelete, Origin,
    RelationMeta, Rule, Through, Validator,
};
#[cfg(not(target_arch = "wasm32"))]
pub use crate::meta::{Source, SqlPart};
pub use crate::persistence::{PersistenceItemFields, embedded};
pub use crate::query::Query;
pub use crate::record::{AnyRecord, Record};
pub use crate::relation::{
    Fixed, ManyLink, OneLink, Path, RelatedMany, RelatedOne, RelatedThrough, RelationField, TRAVEL, ToMany, ToOne,
    declared, joined,
};
pub use crate::validate::asked::{exists, own_function, unique};
pub use crate::value::{ChoiceValue, FieldEnum, FieldType, FieldValue, Value, ValueError, Variant};
pub use crate::{Error, Filter, Id, Identity, Result};

/// What an entity without custom filters answers: those are an inherent constant, which comes first.
#[cfg(not(target_arch = "wasm32"))]
pub trait NoFilters {
    /// Its custom filters.
    const __ISOFORM_FILTERS: &'static [CustomFilter] = &[];
}

#[cfg(not(target_arch = "wasm32"))]
impl<E> NoFilters for E {}

/// What a function made of a filter, without its type.
#[cfg(not(target_arch = "wasm32"))]
pub fn preprocessed<E: Entity, F>(made: F) -> BoxFuture<'static, Result<crate::Condition>>
where
    F: Future<Output = Result<Filter<E>>> + Send + 'static,
{
    Box::pin(async move { made.await.map(Filter::into_condition) })
}

/// What an entity without backend methods answers: methods are inherent constants, which come first.
pub trait NoMethods {
    /// The methods of its records.
    const __ISOFORM_RECORD_METHODS: &'static [Method] = &[];
    /// Its static methods.
    const __ISOFORM_STATIC_METHODS: &'static [Method] = &[];
}

impl<E> NoMethods for E {}

/// The record of the entity that a rule is about. A rule is only asked about records of its own entity.
pub fn check_record<E: Entity>(record: &dyn AnyRecord, check: impl FnOnce(&Record<E>) -> bool) -> bool {
    record.as_any().downcast_ref::<Record<E>>().is_some_and(check)
}

/// Is the function of a rule on a field one of the record?
#[must_use]
pub const fn by_record<E, J, F: FieldFunction<E, J>>(_: F) -> bool {
    F::BY_RECORD
}

/// Asks the function of a rule on a field.
pub fn judge<E, J, F: FieldFunction<E, J>>(function: F, identity: &Identity, record: Option<&dyn AnyRecord>) -> bool {
    function.judge(identity, record)
}

/// Runs a method's body on a record that has lost its type.
#[cfg(not(target_arch = "wasm32"))]
pub fn with_record<'a, E: Entity, F>(
    record: &'a mut dyn AnyRecord,
    run: impl FnOnce(&'a mut Record<E>) -> F,
) -> BoxFuture<'a, Result<JsonValue>>
where
    F: Future<Output = Result<JsonValue>> + Send + 'a,
{
    match record.as_any_mut().downcast_mut::<Record<E>>() {
        Some(record) => Box::pin(run(record)),
        None => crate::future::ready(Err(Error::internal("a method was called on a record of another entity"))),
    }
}

/// Checks a value with a function of the field's own type.
pub fn custom<T: FieldValue, M: std::fmt::Display>(
    value: &Value,
    check: impl FnOnce(&T) -> Result<(), M>,
) -> Result<(), String> {
    let typed = T::from_value(value.clone()).map_err(|error| error.0)?;
    check(&typed).map_err(|message| message.to_string())
}

/// What a function of the field's own type tells people of a value.
pub fn display<T: FieldValue, D: std::fmt::Display>(value: &Value, show: impl FnOnce(&T) -> D) -> String {
    T::from_value(value.clone()).map(|typed| show(&typed).to_string()).unwrap_or_default()
}

/// A new record, without its type.
#[must_use]
pub fn new_record<E: Entity>() -> Box<dyn AnyRecord> {
    Box::new(Record::<E>::new())
}

/// Positions come from the meta only: nobody asks for another.
#[cold]
pub fn no_such_field() -> Result<(), ValueError> {
    Err(ValueError("is not a field of the entity".into()))
}

/// The stored name of a variant.
#[must_use]
pub fn enum_to_value<T: FieldEnum>(variant: T) -> Value {
    Value::Text(variant.value().into())
}

/// An enum as serde writes it: by the name that is stored.
pub fn enum_from_serde<'de, T: FieldEnum, D: serde::Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let text = <String as serde::Deserialize>::deserialize(deserializer)?;
    T::parse(&text).ok_or_else(|| {
        let known: Vec<_> = T::VARIANTS.iter().map(|variant| variant.value).collect();
        serde::de::Error::custom(format_args!("must be one of {}", known.join(", ")))
    })
}

/// The variant with this stored name.
pub fn enum_from_value<T: FieldEnum + FieldValue>(value: Value) -> Result<T, ValueError> {
    match value {
        Value::Text(text) => T::parse(&text).ok_or_else(|| ValueError::expected(T::TYPE)),
        Value::Null => Err(ValueError::null()),
        _ => Err(ValueError::expected(T::TYPE)),
    }
}

/// The rows that a function's SQL answers, as a condition.
#[cfg(not(target_arch = "wasm32"))]
pub fn source<F>(sql: F) -> BoxFuture<'static, Result<crate::Condition>>
where
    F: Future<Output = Result<crate::sql::Sql>> + Send + 'static,
{
    Box::pin(async move { Ok(crate::Condition::From(Box::new(sql.await?))) })
}
