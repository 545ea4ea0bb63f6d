//! Validators that have to ask: the database, or the API where this is the browser.
//!
//! Each is a function pointer in [`Check`], so that only an application that uses one has its code in its pages.

use super::messages::{Message, own, said};
use crate::context::Scope;
use crate::entity::Entity;
use crate::filter::Condition;
use crate::future::BoxFuture;
use crate::hooks::Hook;
use crate::hooks::running;
use crate::meta::{Check, EntityMeta, FieldMask};
use crate::record::{AnyRecord, Record};
use crate::repository;
use crate::value::{FieldValue, Value};
use crate::{Context, Error, Result, guard};

/// Asks about a field of a record; answers what is wrong with its value.
pub type Ask = for<'a> fn(&'a dyn AnyRecord, usize) -> BoxFuture<'a, Result<Option<String>>>;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    /// Everything.
    All,
    /// Nothing that the server asks anyway, in the same request.
    Own,
}

/// Asks about the fields of a record, of those that are chosen, and notes what is wrong.
pub(super) async fn fields(record: &mut dyn AnyRecord, asking: Asking, chosen: FieldMask) -> Result<()> {
    let meta = record.meta();
    let chosen = chosen.without(record.state().hidden);
    for index in chosen.iter().filter(|index| *index < meta.fields.len()) {
        for validator in meta.field(index).validators {
            let (ask, is_unique) = match validator.check {
                Check::Unique(ask) => (ask, true),
                Check::Exists(ask) => (ask, false),
                Check::CustomAsync(ask) => (ask, false),
                _ => continue,
            };
            let is_own = matches!(validator.check, Check::CustomAsync(_));
            let value = record.get(index);
            let as_stored = !record.state().is_new && value == record.original(index);
            // One thing is said of a field; and what is in the table is right.
            if value.is_null()
                || record.state().errors.get(index).is_some()
                || (!is_own && (asking == Asking::Own || as_stored))
            {
                continue;
            }
            let Some(wrong) = ask(record, index).await? else { continue };
            let wrong = validator.message.map_or(wrong, |own| said(Message::Own(own)).to_owned());
            let errors = &mut record.state_mut().errors;
            if is_unique {
                errors.add_taken(index, wrong);
            } else {
                errors.add(index, wrong);
            }
        }
    }
    Ok(())
}

/// How many rows fulfil a condition, as far as the one who asks may know. `asked`: the fields of `meta` that it names.
async fn count(meta: &'static EntityMeta, asked: FieldMask, condition: Condition) -> Result<Option<u64>> {
    let context = Context::current()?;
    if context.scope() == Scope::Backend {
        return repository::count_rows(&context, meta, condition).await.map(Some);
    }
    let readable = guard::readable_fields(meta, context.identity());
    if guard::read(meta, context.identity()).is_err() || !asked.without(readable).is_empty() {
        return Ok(None);
    }
    // Whatever keeps them from knowing, the server finds out when the record is saved.
    Ok(repository::count_rows(&context, meta, condition).await.ok())
}

/// `unique`: has another row this value?
pub fn unique(record: &dyn AnyRecord, index: usize) -> BoxFuture<'_, Result<Option<String>>> {
    Box::pin(async move {
        let meta = record.meta();
        let mut condition = Condition::equals(index, record.get(index));
        let mut asked = FieldMask::NONE;
        asked.insert(index);
        if !record.state().is_new {
            asked = asked.or(meta.id_fields());
            condition = condition.and(Condition::Not(Box::new(record.original_id().condition(meta))));
        }
        let there = count(meta, asked, condition).await?;
        Ok(there.filter(|count| *count > 0).map(|_| said(Message::Unique).to_owned()))
    })
}

/// `exists`: is there a row that a relation leads to?
pub fn exists(record: &dyn AnyRecord, relation: usize) -> BoxFuture<'_, Result<Option<String>>> {
    Box::pin(async move {
        let Some(relation) = record.meta().relations.get(relation) else { return Ok(None) };
        let mut condition = Condition::All;
        for (own, other) in relation.keys {
            let value = record.get(*own);
            if value.is_null() {
                return Ok(None);
            }
            condition = condition.and(Condition::equals(*other, value));
        }
        let asked = relation.keys.iter().map(|(_, other)| *other).collect();
        let there = count(relation.target(), asked, condition).await?;
        Ok(there.filter(|count| *count == 0).map(|_| said(Message::Exists).to_owned()))
    })
}

/// What is said of a field whose value another row has, by whoever finds it out.
#[cfg(not(target_arch = "wasm32"))]
#[must_use]
pub fn taken(field: &crate::meta::FieldMeta) -> &'static str {
    let validator = field.validators.iter().find(|validator| matches!(validator.check, Check::Unique(_)));
    said(validator.and_then(|validator| validator.message).map_or(Message::Unique, Message::Own))
}

/// What `exists` says of a relation: of a row that is not there for whoever asks, too.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn missing(meta: &EntityMeta, relation: &crate::meta::RelationMeta) -> Option<Error> {
    let (index, _) = *relation.keys.first()?;
    let validators = meta.field(index).validators;
    let validator = validators.iter().find(|validator| matches!(validator.check, Check::Exists(_)))?;
    let message = said(validator.message.map_or(Message::Exists, Message::Own));
    Some(super::error(meta, std::iter::once((index, message))))
}

/// The function of a `validate_async`.
pub type AskOwn<E, T> = for<'a> fn(&'a T, &'a Record<E>) -> BoxFuture<'a, Result<()>>;

/// `validate_async`: what the application's own function says.
pub fn own_function<E: Entity, T: FieldValue>(
    record: &dyn AnyRecord,
    index: usize,
    ask: AskOwn<E, T>,
) -> BoxFuture<'_, Result<Option<String>>> {
    Box::pin(async move {
        let Some(typed) = record.as_any().downcast_ref::<Record<E>>() else { return Ok(None) };
        let value = match record.get(index) {
            Value::Null => return Ok(None),
            value => T::from_value(value).map_err(|error| Error::invalid(error.0))?,
        };
        let event = super::event(record);
        let asked = running::begin(record.meta(), Hook::Validation, &event)?.run(ask(&value, typed)).await;
        match asked {
            Ok(()) => Ok(None),
            Err(error) if error.is_invalid() && error.fields().is_empty() => Ok(Some(own(error.message().to_owned()))),
            Err(error) => Err(error),
        }
    })
}
