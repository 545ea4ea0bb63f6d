//! SQL of one's own: static text, names that the compiler knows, and values, which are always bound.
//!
//! [`sql!`](crate::sql!) writes it. In a filter it is [`Filter::sql`]; by itself it is fetched or executed, in the open
//! transaction where there is one, in trusted code.
//!
//! ```no_run
//! use isoform::prelude::*;
//!
//! #[derive(Entity, Clone, Debug, PartialEq)]
//! #[entity(key = "tasks", allow(crud = true))]
//! pub struct Task {
//!     #[field(id)]
//!     pub id: Uuid,
//!     pub owner: String,
//!     #[field(created_at)]
//!     pub created_at: DateTime<Utc>,
//! }
//!
//! async fn per_year(owner: &str) -> Result<Vec<(String, i64)>> {
//!     let t = Task::FIELDS;
//!     sql!(
//!         "SELECT strftime('%Y', {}) AS year, COUNT(*) FROM {} WHERE {} = {} GROUP BY year ORDER BY year",
//!         t.created_at, sql::table::<Task>(), t.owner, owner,
//!     )
//!     .fetch()
//!     .await
//! }
//!
//! fn of_year(year: i32) -> Filter<Task> {
//!     Filter::sql(sql!("strftime('%Y', {}) = {}", Task::FIELDS.created_at, format!("{year:04}")))
//! }
//! ```
//!
//! What stands in a hole:
//!
//! | | |
//! | --- | --- |
//! | a column, `t.owner` | its name, with that of its table: `"tasks"."owner"` |
//! | [`name`]`(t.owner)` | its name alone, where SQL wants that (`SET "owner" = …`) or the table has another name there |
//! | [`table`]`::<Task>()` | the name of the table |
//! | [`columns`]`::<Task>()` | all columns, for `fetch::<Record<Task>>()` |
//! | a value of a field's type, or a `&str` | a bound parameter |
//! | [`list`]`([1, 2])` | bound parameters, in parentheses |
//! | another `Sql` | what it says |
//!
//! The browser has no SQL: what uses it outside of `#[filters]`, `#[backend]` and `#[hooks]`, such as the function of an `api_filter`,
//! stands under `#[cfg(not(target_arch = "wasm32"))]`.
//!
//! A value is bound as it is stored: a `Decimal` as millionths, a time as its text in ISO 8601.

use crate::context::Context;
use crate::entity::{Column, Entity};
use crate::filter::{Condition, Filter};
use crate::meta::{EntityMeta, FieldMask};
use crate::operations;
use crate::record::Record;
use crate::value::{FieldType, FieldValue, Row, Value};
use crate::{Error, Result};

/// SQL of one's own, with what is bound in it.
///
/// [`sql!`](crate::sql!) makes it; what is put together by a program begins with [`Sql::default`], and goes on by [`Sql::then`].
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "SQL does nothing until it is fetched, executed or made a filter"]
pub struct Sql {
    parts: Vec<Part>,
}

/// A part of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text of the program.
    Text(&'static str),
    /// The name of an entity's table.
    Table(&'static EntityMeta),
    /// The name of a column, with that of its table.
    Qualified(&'static EntityMeta, usize),
    /// The name of a column alone.
    Name(&'static EntityMeta, usize),
    /// A value, to be bound.
    Value(Value),
}

impl Sql {
    /// The parts, in their order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The values, in the order in which they are bound.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.parts.iter().filter_map(|part| if let Part::Value(value) = part { Some(value) } else { None })
    }

    /// The entity that it names first.
    #[must_use]
    pub fn entity(&self) -> Option<&'static EntityMeta> {
        self.parts.iter().find_map(|part| match part {
            Part::Table(meta) | Part::Qualified(meta, _) | Part::Name(meta, _) => Some(*meta),
            Part::Text(_) | Part::Value(_) => None,
        })
    }

    pub(crate) fn first_word(&self) -> &'static str {
        let text = if let Some(Part::Text(text)) = self.parts.first() { text.trim_start() } else { "" };
        text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default()
    }

    /// Is it sure to write nothing, so that it need not wait for its turn to?
    #[must_use]
    pub fn only_reads(&self) -> bool {
        ["SELECT", "VALUES"].iter().any(|word| self.first_word().eq_ignore_ascii_case(word))
    }

    /// One more part behind it.
    ///
    /// ```
    /// use isoform::prelude::*;
    /// let mut all = sql!("SELECT 1");
    /// for n in 2..4 {
    ///     all = all.then(sql!(" UNION SELECT {}", n));
    /// }
    /// assert_eq!(all.values().count(), 2);
    /// ```
    pub fn then(mut self, part: impl IntoSql) -> Self {
        self.parts.extend(part.into_sql().parts);
        self
    }

    fn of(part: Part) -> Self {
        Self { parts: vec![part] }
    }

    /// The text with the parts in its holes: for [`sql!`](crate::sql!), which has counted them.
    #[doc(hidden)]
    pub fn filled<const N: usize>(text: &'static str, filling: [Self; N]) -> Self {
        let mut sql = Self::default();
        let mut filling = filling.into_iter();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, behind) = rest.split_at(at);
            if let Some(behind) = behind.strip_prefix("{}") {
                sql.push_text(before);
                sql.parts.extend(filling.next().unwrap_or_default().parts);
                rest = behind;
            } else {
                // `{{` and `}}` stand for one.
                sql.push_text(rest.get(..=at).unwrap_or_default());
                rest = behind.get(2..).unwrap_or_default();
            }
        }
        sql.push_text(rest);
        sql
    }

    fn push_text(&mut self, text: &'static str) {
        if !text.is_empty() {
            self.parts.push(Part::Text(text));
        }
    }

    /// Runs it, and answers its rows: as tuples of the types of fields, or as records of an entity, whose columns are found by
    /// their names.
    ///
    /// In a transaction it runs inside that. Out of one only a `SELECT` runs beside others; anything else waits for its turn to
    /// write.
    ///
    /// # Errors
    /// 403 in scope `Api`; 500 where the answer has other columns than asked for, or values of other types, and where the
    /// database cannot run it; 409, 503.
    pub async fn fetch<T: SqlRow>(self) -> Result<Vec<T>> {
        let rows = operations::fetch_sql(&Context::current()?, &self, &T::shape()).await?;
        rows.into_iter().map(T::from_values).collect()
    }

    /// The first row of the answer, where there is one.
    ///
    /// # Errors
    /// As [`Sql::fetch`].
    pub async fn fetch_first<T: SqlRow>(self) -> Result<Option<T>> {
        Ok(self.fetch().await?.into_iter().next())
    }

    /// Runs it; answers how many rows it has changed. Hooks and validators are not asked.
    ///
    /// # Errors
    /// 403 in scope `Api`; 500 where the database cannot run it; 409, 503.
    pub async fn execute(self) -> Result<u64> {
        operations::execute_sql(&Context::current()?, &self).await
    }
}

impl<E> Filter<E> {
    /// The rows of which a condition in SQL is true. The entity's own columns are those of the row that is asked about.
    ///
    /// Only trusted code and the bodies of custom filters ask by SQL, and only the database can answer it.
    #[must_use]
    pub fn sql(condition: Sql) -> Self {
        Self::from_condition(Condition::Sql(Box::new(condition)))
    }
}

/// What can stand in a hole of [`sql!`](crate::sql!).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in SQL",
    label = "must be a column, a value that a field can have, or SQL",
    note = "a table is `sql::table::<Task>()`, several values are `sql::list([…])`; a borrowed value is cloned"
)]
pub trait IntoSql {
    /// What it is in SQL.
    fn into_sql(self) -> Sql;
}

impl IntoSql for Sql {
    fn into_sql(self) -> Sql {
        self
    }
}

impl<E: Entity, T> IntoSql for Column<E, T> {
    fn into_sql(self) -> Sql {
        Sql::of(Part::Qualified(E::meta(), self.index()))
    }
}

impl<T: FieldValue> IntoSql for T {
    fn into_sql(self) -> Sql {
        Sql::of(Part::Value(self.to_value()))
    }
}

impl IntoSql for &str {
    fn into_sql(self) -> Sql {
        self.to_owned().into_sql()
    }
}

/// The name of an entity's table.
pub fn table<E: Entity>() -> Sql {
    Sql::of(Part::Table(E::meta()))
}

/// The name of a column, without that of its table.
pub fn name<E: Entity, T>(column: Column<E, T>) -> Sql {
    Sql::of(Part::Name(E::meta(), column.index()))
}

/// All columns of an entity's table, for `fetch::<Record<E>>()`.
pub fn columns<E: Entity>() -> Sql {
    let meta = E::meta();
    let mut parts = Vec::new();
    for index in meta.columns().iter() {
        if !parts.is_empty() {
            parts.push(Part::Text(", "));
        }
        parts.extend([Part::Qualified(meta, index), Part::Text(" AS "), Part::Name(meta, index)]);
    }
    Sql { parts }
}

/// Values in parentheses, for `IN`. Of none nothing is one.
pub fn list<T: IntoSql>(values: impl IntoIterator<Item = T>) -> Sql {
    let mut list = Sql::default();
    for value in values {
        list.push_text(if list.parts.is_empty() { "(" } else { ", " });
        list = list.then(value);
    }
    list.push_text(if list.parts.is_empty() { "(SELECT 1 WHERE 1 = 0)" } else { ")" });
    list
}

/// What the rows of an answer are.
#[derive(Clone, Debug, PartialEq)]
pub enum RowShape {
    /// So many columns, of these types.
    Columns(Vec<FieldType>),
    /// Rows of an entity: each column is found by its name.
    Entity(&'static EntityMeta),
}

/// What a row of an answer can be: a tuple of the types of fields, or a [`Record`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no row of an answer",
    label = "must be a tuple such as `(String, i64)`, or a `Record<…>`",
    note = "a single column is a tuple too: `(i64,)`; what may be null is an `Option`"
)]
pub trait SqlRow: Sized + Send {
    /// Of which columns it is made.
    fn shape() -> RowShape;

    /// The row of these values.
    ///
    /// # Errors
    /// Where a value does not fit; says which.
    fn from_values(values: Row) -> Result<Self>;
}

impl<E: Entity> SqlRow for Record<E> {
    fn shape() -> RowShape {
        RowShape::Entity(E::meta())
    }

    fn from_values(values: Row) -> Result<Self> {
        Self::from_stored(values, FieldMask::NONE)
    }
}

/// The next value of a row, as a type.
fn next<T: FieldValue>(values: &mut dyn Iterator<Item = (usize, Value)>) -> Result<T> {
    let (position, value) = values.next().unwrap_or((0, Value::Null));
    T::from_value(value).map_err(|error| Error::internal(format!("column {} of the answer {}", position + 1, error.0)))
}

macro_rules! tuple_rows {
    ($($($name:ident),+;)+) => { $(
        impl<$($name: FieldValue),+> SqlRow for ($($name,)+) {
            fn shape() -> RowShape {
                RowShape::Columns(vec![$($name::TYPE),+])
            }

            fn from_values(values: Row) -> Result<Self> {
                let mut values = values.into_iter().enumerate();
                Ok(($(next::<$name>(&mut values)?,)+))
            }
        }
    )+ };
}
tuple_rows! {
    A;
    A, B;
    A, B, C;
    A, B, C, D;
    A, B, C, D, F;
    A, B, C, D, F, G;
    A, B, C, D, F, G, H;
    A, B, C, D, F, G, H, I;
}

/// How many holes a text has: for [`sql!`](crate::sql!).
#[doc(hidden)]
#[must_use]
pub const fn holes(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut holes) = (0, 0);
    while at < bytes.len() {
        let next = if at + 1 < bytes.len() { bytes[at + 1] } else { 0 };
        match (bytes[at], next) {
            (b'{', b'}') => {
                holes += 1;
                at += 2;
            }
            (b'{', b'{') | (b'}', b'}') => at += 2,
            (b'{' | b'}', _) => panic!("a hole in SQL is `{{}}`; a brace by itself is written twice"),
            _ => at += 1,
        }
    }
    holes
}

/// SQL of one's own: `sql!("strftime('%Y', {}) = {}", t.created_at, year)`.
///
/// The text is a literal, in which each `{}` is a hole for a column, a table, a value (which is bound) or other SQL, as
/// [`isoform::sql`](crate::sql) lists them; `{{` and `}}` are braces. How many holes there are is checked when it is compiled.
///
/// ```
/// use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String }
/// let short = sql!("length({}) < {}", Task::FIELDS.title, 5);
/// assert_eq!(short.values().count(), 1);
/// ```
///
/// ```compile_fail
/// # use isoform::prelude::*;
/// let wrong = sql!("{} < {}", 5);
/// ```
#[macro_export]
macro_rules! sql {
    ($text:literal $(, $part:expr)* $(,)?) => {{
        const _: () = assert!(
            $crate::sql::holes($text) == 0 $(+ { let _ = stringify!($part); 1 })*,
            "there are not as many holes, `{{}}`, as there is to put in"
        );
        $crate::sql::Sql::filled($text, [$($crate::sql::IntoSql::into_sql($part)),*])
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_stands_in_the_holes_and_braces_are_written_twice() {
        let sql = sql!("a {} b {{}} {}{}", 1, "x", sql!("c {}", true));
        assert_eq!(
            sql.parts(),
            [
                Part::Text("a "),
                Part::Value(Value::Int(1)),
                Part::Text(" b {"),
                Part::Text("}"),
                Part::Text(" "),
                Part::Value(Value::Text("x".into())),
                Part::Text("c "),
                Part::Value(Value::Bool(true)),
            ]
        );
        assert_eq!(sql!("SELECT 1").parts(), [Part::Text("SELECT 1")]);
    }

    #[test]
    fn a_list_of_nothing_is_still_a_list() {
        assert_eq!(list([1, 2]).values().count(), 2);
        assert_eq!(list(Vec::<i64>::new()).parts(), [Part::Text("(SELECT 1 WHERE 1 = 0)")]);
    }
}
