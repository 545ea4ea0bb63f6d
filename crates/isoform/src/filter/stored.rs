//! Filters as values: stored as JSON, read back, compared, and answered in memory.

use serde_json::Value as JsonValue;

use super::{Condition, Filter, wire};
use crate::entity::Entity;
use crate::meta::EntityMeta;
use crate::{Error, Result};

impl<E: Entity> Filter<E> {
    /// The filter as JSON, as the REST API spells it: to be stored, or sent.
    ///
    /// ```
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tasks", allow(crud = true))]
    /// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String, pub done: bool }
    /// # fn main() -> Result<()> {
    /// let open = Task::filter(|t| t.done.eq(false) & !t.title.contains("tax"));
    /// let stored = open.to_json()?.to_string();
    /// assert_eq!(stored, r#"{"NOT":{"title.contains":"tax"},"done":false}"#);
    /// assert_eq!(Filter::from_json(&stored.parse().unwrap())?, open);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// 400 where a part of it has no form in JSON: SQL, and what is asked of a field of JSON beside null.
    pub fn to_json(&self) -> Result<JsonValue> {
        travels(E::meta(), self.condition())?;
        Ok(wire::to_json(E::meta(), self.condition()).into())
    }

    /// The filter that JSON means, as [`Filter::to_json`] and the REST API write it.
    ///
    /// It can name any field, and in trusted code any relation: what it may ask about is judged where it is used.
    ///
    /// # Errors
    /// 400 with the name of what is unknown, of the wrong type or too large.
    pub fn from_json(json: &JsonValue) -> Result<Self> {
        wire::from_json(E::meta(), E::meta().all_fields(), json).map(Self::from_condition)
    }

    /// Does an entity fulfil the filter? It is answered as the database would.
    ///
    /// ```
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tasks", allow(crud = true))]
    /// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String, pub due: Option<NaiveDate> }
    /// # fn main() -> Result<()> {
    /// let taxes = Task::filter(|t| t.title.contains("TAX"));
    /// assert!(taxes.matches(&Task { title: "pay taxes".into(), ..Task::blank() })?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// 400 where only the server can tell: of related rows, custom filters and SQL.
    pub fn matches(&self, entity: &E) -> Result<bool> {
        if self.condition().asks_elsewhere() {
            return Err(Error::invalid(format!(
                "A filter of {} that asks about related rows, or is made by the server, cannot be answered in memory.",
                E::meta().key
            )));
        }
        Ok(self.condition().matches(&|field| entity.get(field)))
    }
}

/// Passes a condition that has a form in JSON.
fn travels(meta: &EntityMeta, condition: &Condition) -> Result<()> {
    match condition {
        Condition::And(list) | Condition::Or(list) => list.iter().try_for_each(|one| travels(meta, one)),
        Condition::Not(inner) => travels(meta, inner),
        Condition::Related(related) => travels(related.relation.target(), &related.target),
        Condition::Measured(measured) => travels(measured.value.relation.target(), &measured.value.target),
        Condition::Compare(field, ..) | Condition::In(field, _) if meta.field(*field).field_type.is_json() => {
            Err(Error::invalid(format!(
                "The filter on \"{}\" can only ask for null: it is a field of JSON.",
                meta.field(*field).wire
            )))
        }
        #[cfg(not(target_arch = "wasm32"))]
        Condition::Sql(_) | Condition::From(_) => Err(Error::invalid(format!(
            "A filter of {} in SQL has no form in JSON: make it a custom filter, with `#[filters]`.",
            meta.key
        ))),
        Condition::All
        | Condition::Nothing
        | Condition::Null(_)
        | Condition::Text(..)
        | Condition::Compare(..)
        | Condition::In(..)
        | Condition::RelatedTo(_)
        | Condition::Custom(_) => Ok(()),
    }
}

/// Do two conditions consist of the same parts? Of what is joined by *and* or *or* the order counts for nothing.
pub(super) fn is_same(one: &Condition, other: &Condition) -> bool {
    match (one, other) {
        (Condition::And(list), Condition::And(others)) | (Condition::Or(list), Condition::Or(others)) => {
            let mut others: Vec<_> = others.iter().collect();
            let mut taken = |one: &Condition| {
                let found = others.iter().position(|other| is_same(one, other));
                found.map(|at| others.swap_remove(at)).is_some()
            };
            list.iter().all(&mut taken) && others.is_empty()
        }
        (Condition::Not(one), Condition::Not(other)) => is_same(one, other),
        (Condition::Related(one), Condition::Related(other)) => {
            one.relation == other.relation
                && is_same(&one.target, &other.target)
                && is_same(&one.between, &other.between)
        }
        (one, other) => one == other,
    }
}
