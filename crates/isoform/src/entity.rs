//! The trait that `#[derive(Entity)]` implements, and its typed columns.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::Result;
use crate::controller::Stored;
use crate::filter::Filter;
use crate::future::BoxFuture;
use crate::hooks::{Hook, LifecycleEvent};
use crate::id::IntoId;
use crate::meta::{Direction, EntityMeta, FieldMeta};
use crate::query::Query;
use crate::record::{AnyRecord, Record};
use crate::relation::{Fixed, OrderBy, OrderKey, Path};
use crate::value::{FieldValue, Row, Value, ValueError};

/// A struct whose values are rows of a table. Derive it, do not implement it by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity",
    label = "not an entity",
    note = "write `#[derive(Entity, Clone, Debug, PartialEq)]` and `#[entity(key = \"…\")]` on the struct"
)]
pub trait Entity: Clone + PartialEq + Send + Sync + Sized + 'static {
    /// Is it a controller: fields that travel, without rows?
    #[doc(hidden)]
    const CONTROLLER: bool = false;

    /// The type of the id: that of its field, or a tuple of those of its fields.
    type Id: IntoId<Self::Id> + Clone + PartialEq + Send + Sync + 'static;

    /// A struct with a [`Column`] for each field, so that closures can name fields: `|t| t.title`.
    type Fields: Copy + Send + Sync + 'static;

    /// The columns.
    const FIELDS: Self::Fields;

    /// The columns, over relations from another entity.
    #[doc(hidden)]
    type FieldsVia<P: Path>: Fixed;

    /// The column of the id. Where several are, it is the first of them with the type of all: nothing can be compared with it.
    #[doc(hidden)]
    const ID: Column<Self, Self::Id>;

    /// What the framework knows about the entity.
    fn meta() -> &'static EntityMeta;

    /// An entity with the declared defaults, which nobody has filled in yet.
    fn blank() -> Self;

    /// The value of a field, by its position.
    fn get(&self, index: usize) -> Value;

    /// Sets a field, by its position.
    ///
    /// # Errors
    /// Where the value does not fit the field's type.
    fn set(&mut self, index: usize, value: Value) -> Result<(), ValueError>;

    /// Takes over the loaded records of a relation, by its position.
    #[doc(hidden)]
    fn relate(&mut self, relation: usize, related: Vec<Arc<dyn AnyRecord>>) {
        let _ = (relation, related);
    }

    /// The loaded records of a relation, by its position.
    #[doc(hidden)]
    fn related(&self, relation: usize) -> Option<Vec<&dyn AnyRecord>> {
        let _ = relation;
        None
    }

    /// Takes what is loaded of a relation out of another entity, by its position.
    #[doc(hidden)]
    fn take_related(&mut self, relation: usize, from: &mut Self) {
        let _ = (relation, from);
    }

    /// Runs a lifecycle hook of the entity. The derive forwards it to `Hooks`, where the entity has any.
    #[must_use]
    fn run_hook<'a>(
        record: &'a mut Record<Self>,
        hook: Hook,
        event: &'a mut LifecycleEvent<Self>,
    ) -> BoxFuture<'a, Result<()>> {
        let _ = (record, hook, event);
        crate::future::ready(Ok(()))
    }

    /// Runs the `saving` function of a field, where it has one.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    fn run_field_saving<'a>(
        record: &'a mut Record<Self>,
        field: usize,
        event: &'a mut LifecycleEvent<Self>,
    ) -> BoxFuture<'a, Result<()>> {
        let _ = (record, field, event);
        crate::future::ready(Ok(()))
    }

    /// Computes a field that says `server_expression`.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    fn run_server_expression<'a>(record: &'a Record<Self>, field: usize) -> BoxFuture<'a, Result<Value>> {
        let _ = (record, field);
        crate::future::ready(Ok(Value::Null))
    }

    /// The entity of a row that came from a table.
    ///
    /// # Errors
    /// Where a cell does not fit its field; names the field.
    fn from_row(row: Row) -> Result<Self> {
        let mut entity = Self::blank();
        for (index, value) in row.into_iter().enumerate() {
            // What the server computes is computed later.
            if value.is_null() && !Self::meta().field(index).has_column() {
                continue;
            }
            entity.set(index, value).map_err(|error| {
                let meta = Self::meta();
                crate::Error::internal(format!("{}.{}: the stored value {}", meta.key, meta.field(index).name, error.0))
            })?;
        }
        Ok(entity)
    }

    /// A query for rows of this entity.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tasks", allow(crud = true))]
    /// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String }
    /// # async fn example() -> Result<()> {
    /// let tax = Task::query().filter(|t| t.title.contains("tax")).limit(25).await?;
    /// # Ok(()) }
    /// ```
    fn query() -> Query<Self>
    where
        Self: Stored,
    {
        Query::new()
    }

    /// A filter of this entity, as a value.
    ///
    /// ```
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tasks", allow(crud = true))]
    /// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String, pub done: bool }
    /// let open = Task::filter(|t| t.done.eq(false) & !t.title.starts_with("x"));
    /// ```
    #[must_use]
    fn filter(build: impl FnOnce(Self::Fields) -> Filter<Self>) -> Filter<Self> {
        build(Self::FIELDS)
    }
}

/// A field of an entity, by name and type: what `|t| t.title` answers. Over a relation, as in `|t| t.project.name`, `E` is the
/// way there.
pub struct Column<E, T> {
    index: usize,
    types: PhantomData<fn() -> (E, T)>,
}

impl<E, T> Clone for Column<E, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, T> Copy for Column<E, T> {}

impl<E, T> Column<E, T> {
    /// The column at a position: for the derive.
    #[doc(hidden)]
    #[must_use]
    pub const fn at(index: usize) -> Self {
        Self { index, types: PhantomData }
    }

    /// The position of the field in the entity's declaration.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index
    }
}

impl<E: Entity, T: FieldValue> Column<E, T> {
    /// Small values first.
    #[must_use]
    pub const fn asc(self) -> Order<E> {
        Order { index: self.index, direction: Direction::Asc, entity: PhantomData }
    }

    /// Large values first.
    #[must_use]
    pub const fn desc(self) -> Order<E> {
        Order { index: self.index, direction: Direction::Desc, entity: PhantomData }
    }

    /// What the framework knows about the field.
    #[must_use]
    pub fn meta(self) -> &'static FieldMeta {
        E::meta().field(self.index)
    }
}

/// One field and direction of an order.
pub struct Order<E> {
    pub(crate) index: usize,
    pub(crate) direction: Direction,
    entity: PhantomData<fn() -> E>,
}

/// One order, or a tuple of several: `|t| (t.created_at.desc(), t.title.asc())`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no order",
    label = "write `.asc()` or `.desc()` behind the field; several orders are a tuple"
)]
pub trait IntoOrder<E> {
    /// The orders, the first one first.
    fn into_order(self) -> OrderBy;
}

impl<E> IntoOrder<E> for Order<E> {
    fn into_order(self) -> OrderBy {
        vec![(OrderKey::Field(self.index), self.direction)]
    }
}

impl<E> IntoOrder<E> for Vec<Order<E>> {
    fn into_order(self) -> OrderBy {
        self.into_iter().flat_map(IntoOrder::into_order).collect()
    }
}

macro_rules! tuple_order {
    ($($name:ident),+) => {
        impl<E, $($name: IntoOrder<E>),+> IntoOrder<E> for ($($name,)+) {
            #[allow(non_snake_case, reason = "the type's name serves as the variable's")]
            fn into_order(self) -> OrderBy {
                let ($($name,)+) = self;
                [$($name.into_order()),+].concat()
            }
        }
    };
}
tuple_order!(A, B);
tuple_order!(A, B, C);
tuple_order!(A, B, C, D);

/// The entities that a server serves, with their backend methods: what [`entities!`](crate::entities!) answers.
#[derive(Clone, Debug, Default)]
pub struct Entities {
    pub(crate) list: Vec<Registered>,
    pub(crate) controllers: Vec<Registered>,
}

/// An entity and its backend methods.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The entity.
    pub meta: &'static EntityMeta,
    /// Its backend methods, of records and static ones.
    pub methods: Vec<&'static crate::backend::Method>,
}

impl Entities {
    /// No entity.
    #[must_use]
    pub const fn new() -> Self {
        Self { list: Vec::new(), controllers: Vec::new() }
    }

    /// One more entity with its methods: for [`entities!`](crate::entities!).
    #[doc(hidden)]
    #[must_use]
    pub fn with(mut self, meta: &'static EntityMeta, methods: &[&'static [crate::backend::Method]]) -> Self {
        let methods = methods.iter().flat_map(|list| list.iter()).collect();
        let list = if meta.is_controller() { &mut self.controllers } else { &mut self.list };
        list.push(Registered { meta, methods });
        self
    }

    /// These entities and those.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.list.extend(others.list);
        self.controllers.extend(others.controllers);
        self
    }

    /// Each entity.
    pub fn iter(&self) -> impl Iterator<Item = &Registered> {
        self.list.iter()
    }

    /// Each controller.
    pub fn controllers(&self) -> impl Iterator<Item = &Registered> {
        self.controllers.iter()
    }
}

/// Lists entities and controllers for a server: `entities![Task, Project, SignIn]`.
///
/// Each comes with the methods of its `#[backend]` blocks.
#[macro_export]
macro_rules! entities {
    ($($entity:ty),* $(,)?) => {{
        #[allow(unused_imports, reason = "an entity with methods does not need the fallback")]
        use $crate::__private::NoMethods as _;
        $crate::Entities::new()$(.with(
            <$entity as $crate::Entity>::meta(),
            &[<$entity>::__ISOFORM_RECORD_METHODS, <$entity>::__ISOFORM_STATIC_METHODS],
        ))*
    }};
}
