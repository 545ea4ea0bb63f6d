//! What is asked for, for handlers to change: a question for rows, the rows of a bulk write, the values that they get.

use std::fmt;
use std::marker::PhantomData;

use super::view::View;
use crate::bulk::Which;
use crate::entity::{Column, Entity, IntoOrder};
use crate::filter::{Condition, Filter};
use crate::meta::{EntityMeta, FieldMask};
use crate::provider::{Find, Include};
use crate::query::Query;
use crate::record::IntoFields;
use crate::relation::Relation;
use crate::repository::IntoAssignments;
use crate::value::{FieldValue, Value};
use crate::{Error, Result};

/// A question for rows: its filter, order and page, what of the rows, and what comes along.
///
/// What a handler asks counts as asked by whoever sent the request: a field that they may not see is unknown, and no filter
/// leads out of `api_filter`. [`Question::filter_trusted`] only narrows, by whatever it likes.
pub struct Question<E> {
    /// Filter, order, page, includes and lazy fields, without types.
    pub find: Box<Find>,
    /// The properties: the fields that are answered, as far as the asker may see them.
    pub fields: FieldMask,
    pub(crate) page: Option<Paged>,
    pub(crate) trusted: Condition,
    view: PhantomData<fn() -> E>,
}

/// A page of a list by cursors.
#[derive(Clone, Debug)]
pub(crate) struct Paged {
    pub cursor: String,
    pub total: bool,
}

impl<E> Clone for Question<E> {
    fn clone(&self) -> Self {
        Self {
            find: self.find.clone(),
            fields: self.fields,
            page: self.page.clone(),
            trusted: self.trusted.clone(),
            view: PhantomData,
        }
    }
}

impl<E> fmt::Debug for Question<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("find", &self.find).field("fields", &self.fields).finish_non_exhaustive()
    }
}

impl<E> Question<E> {
    pub(crate) fn new(find: Find, fields: FieldMask) -> Self {
        Self { find: Box::new(find), fields, page: None, trusted: Condition::All, view: PhantomData }
    }

    pub(crate) fn seen<B: View>(self) -> Question<B> {
        let Self { find, fields, page, trusted, view: _ } = self;
        Question { find, fields, page, trusted, view: PhantomData }
    }

    /// Is it asked how many rows there are on all pages?
    #[must_use]
    pub fn asks_total(&self) -> bool {
        self.page.as_ref().is_some_and(|page| page.total)
    }

    /// Only rows that fulfil this too.
    pub fn and(&mut self, condition: Condition) {
        let before = std::mem::replace(&mut self.find.filter, Condition::All);
        self.find.filter = before.and(condition);
    }

    /// Only rows that fulfil this too, whatever the asker may see of it: it is the server's word, as `api_filter` is.
    pub fn and_trusted(&mut self, condition: Condition) {
        let before = std::mem::replace(&mut self.trusted, Condition::All);
        self.trusted = before.and(condition);
    }

    /// The relations that come along, as paths by their names on the wire: `project`, `items.product`.
    #[must_use]
    pub fn relations(&self) -> Vec<String> {
        fn walk(prefix: &str, includes: &[Include], paths: &mut Vec<String>) {
            for include in includes {
                let path = format!("{prefix}{}", include.relation.wire);
                walk(&format!("{path}."), &include.find.include, paths);
                paths.push(path);
            }
        }
        let mut paths = Vec::new();
        walk("", &self.find.include, &mut paths);
        paths.sort();
        paths
    }

    /// How many relations one behind the other come along: 0 without any.
    #[must_use]
    pub fn depth(&self) -> usize {
        depth(&self.find.include)
    }
}

pub(super) fn depth(includes: &[Include]) -> usize {
    includes.iter().map(|include| 1 + depth(&include.find.include)).max().unwrap_or_default()
}

impl<E: Entity> Question<E> {
    /// Only rows that fulfil this too.
    pub fn filter(&mut self, build: impl FnOnce(E::Fields) -> Filter<E>) {
        self.and(E::filter(build).into_condition());
    }

    /// Only rows that fulfil this too, by fields that the asker need not see.
    pub fn filter_trusted(&mut self, build: impl FnOnce(E::Fields) -> Filter<E>) {
        self.and_trusted(E::filter(build).into_condition());
    }

    /// This filter instead of the one that was asked for.
    pub fn replace_filter(&mut self, build: impl FnOnce(E::Fields) -> Filter<E>) {
        self.find.filter = E::filter(build).into_condition();
    }

    /// This order instead of the one that was asked for.
    pub fn order_by<O: IntoOrder<E>>(&mut self, order: impl FnOnce(E::Fields) -> O) {
        self.find.order = order(E::FIELDS).into_order();
    }

    /// These properties instead of those that were asked for.
    pub fn select<F: IntoFields<E>>(&mut self, fields: impl FnOnce(E::Fields) -> F) {
        self.fields = fields(E::FIELDS).into_fields();
    }

    /// Loads related rows along, too.
    pub fn include<R: Relation<E>>(&mut self, relation: impl FnOnce(E::Fields) -> R) {
        self.include_with(relation, |all| all);
    }

    /// Loads those of the related rows along that a query chooses.
    pub fn include_with<R: Relation<E>>(
        &mut self,
        relation: impl FnOnce(E::Fields) -> R,
        choose: impl FnOnce(Query<R::Target>) -> Query<R::Target>,
    ) {
        for include in Query::<E>::new().include_with(relation, choose).into_includes() {
            self.find.include.retain(|other| other.relation != include.relation);
            self.find.include.push(include);
        }
    }
}

/// The rows that an operation is about.
pub struct Rows<E> {
    condition: Condition,
    /// Every row, said on purpose.
    all: bool,
    pub(crate) trusted: Condition,
    view: PhantomData<fn() -> E>,
}

impl<E> Clone for Rows<E> {
    fn clone(&self) -> Self {
        let (condition, trusted) = (self.condition.clone(), self.trusted.clone());
        Self { condition, all: self.all, trusted, view: PhantomData }
    }
}

impl<E> fmt::Debug for Rows<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("condition", &self.condition).field("all", &self.all).finish_non_exhaustive()
    }
}

impl<E> Rows<E> {
    pub(crate) const fn new(condition: Condition) -> Self {
        Self { condition, all: false, trusted: Condition::All, view: PhantomData }
    }

    pub(crate) fn of(which: Which) -> Self {
        match which {
            Which::All => Self { all: true, ..Self::new(Condition::All) },
            Which::Matching(condition) => Self::new(condition),
        }
    }

    pub(crate) fn which(&self) -> Which {
        match (&self.condition, self.all) {
            (Condition::All, true) => Which::All,
            (condition, _) => Which::Matching(condition.clone()),
        }
    }

    pub(crate) fn seen<B: View>(self) -> Rows<B> {
        let Self { condition, all, trusted, view: _ } = self;
        Rows { condition, all, trusted, view: PhantomData }
    }

    /// What the rows fulfil.
    #[must_use]
    pub const fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Other rows than those that were asked for.
    pub fn replace(&mut self, condition: Condition) {
        self.condition = condition;
    }

    /// Only rows that fulfil this too.
    pub fn and(&mut self, condition: Condition) {
        let before = std::mem::replace(&mut self.condition, Condition::All);
        self.condition = before.and(condition);
    }

    /// Only rows that fulfil this too, whatever the asker may see of it.
    pub fn and_trusted(&mut self, condition: Condition) {
        let before = std::mem::replace(&mut self.trusted, Condition::All);
        self.trusted = before.and(condition);
    }
}

impl<E: Entity> Rows<E> {
    /// Only rows that fulfil this too.
    pub fn filter(&mut self, build: impl FnOnce(E::Fields) -> Filter<E>) {
        self.and(E::filter(build).into_condition());
    }

    /// Only rows that fulfil this too, by fields that the asker need not see.
    pub fn filter_trusted(&mut self, build: impl FnOnce(E::Fields) -> Filter<E>) {
        self.and_trusted(E::filter(build).into_condition());
    }
}

/// The values that rows get.
pub struct Changes<E> {
    /// Fields by their positions, and their values.
    pub values: Vec<(usize, Value)>,
    view: PhantomData<fn() -> E>,
}

impl<E> Clone for Changes<E> {
    fn clone(&self) -> Self {
        Self::new(self.values.clone())
    }
}

impl<E> fmt::Debug for Changes<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("values", &self.values).finish()
    }
}

impl<E> Changes<E> {
    pub(crate) const fn new(values: Vec<(usize, Value)>) -> Self {
        Self { values, view: PhantomData }
    }

    pub(crate) fn seen<B: View>(self) -> Changes<B> {
        Changes::new(self.values)
    }

    /// Gives a field, by its position, a value.
    pub fn put(&mut self, field: usize, value: Value) {
        self.values.retain(|(known, _)| *known != field);
        self.values.push((field, value));
    }

    /// The names and values, as they are on the wire.
    #[must_use]
    pub fn to_json(&self, meta: &EntityMeta) -> serde_json::Map<String, serde_json::Value> {
        let named = |(field, value): &(usize, Value)| {
            meta.fields.get(*field).map(|field| (field.wire.to_owned(), crate::json::to_json(value)))
        };
        self.values.iter().filter_map(named).collect()
    }
}

impl<E: Entity> Changes<E> {
    /// The value that a field is to get; nothing, where it gets none.
    ///
    /// # Errors
    /// Where the value does not fit the field.
    pub fn get<T: FieldValue>(&self, field: impl FnOnce(E::Fields) -> Column<E, T>) -> Result<Option<T>> {
        let index = field(E::FIELDS).index();
        let value = self.values.iter().find(|(known, _)| *known == index).map(|(_, value)| value.clone());
        let fitting = |value| {
            T::from_value(value)
                .map_err(|error| Error::internal(format!("{} {}", E::meta().field(index).name, error.0)))
        };
        value.map(fitting).transpose()
    }

    /// Gives fields values: `set(|o| o.total.set(5))`.
    pub fn set<A: IntoAssignments<E>>(&mut self, set: impl FnOnce(E::Fields) -> A) {
        for (field, value) in set(E::FIELDS).into_assignments() {
            self.put(field, value);
        }
    }

    /// Leaves fields as they are in the table.
    pub fn leave<F: IntoFields<E>>(&mut self, fields: impl FnOnce(E::Fields) -> F) {
        let fields = fields(E::FIELDS).into_fields();
        self.values.retain(|(known, _)| !fields.contains(*known));
    }
}
