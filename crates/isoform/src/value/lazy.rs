//! Values that are loaded when they are asked for.

use super::{FieldType, FieldValue, Value, ValueError};
use crate::filter::TextValue;

/// A field whose value does not come with its row: a long text, a picture. It is never null.
///
/// A list leaves it out, unless it says [`Query::with`](crate::Query::with); [`Record::load`](crate::Record::load) asks for
/// it. A save writes it where it was set. Of a new record it is there from the start.
///
/// An entity with a rule that judges the record (`api_read`), or with a `server_expression`, has it read nevertheless wherever these
/// are asked: they may ask about it.
///
/// ```
/// use isoform::prelude::*;
///
/// #[derive(Entity, Clone, Debug, PartialEq)]
/// #[entity(key = "pages", allow(crud = true))]
/// pub struct Page {
///     #[field(id)]
///     pub id: Uuid,
///     pub title: String,
///     #[field(len(max = 100_000))]
///     pub body: Lazy<String>,
/// }
///
/// # async fn example(id: Uuid) -> Result<()> {
/// let mut page = repo::<Page>().find_id(id).await?;
/// assert_eq!(page.body.get(), None, "not loaded");
/// println!("{}", page.load(|p| p.body).await?);
/// page.body.set("A new text".into());
/// page.save().await?;
/// let whole = Page::query().with(|p| p.body).await?;
/// # Ok(()) }
/// let new = Page { title: "New".into(), body: Lazy::new("Text".into()), ..Page::blank() };
/// assert_eq!(new.body.get().map(String::as_str), Some("Text"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lazy<T>(Option<T>);

impl<T> Lazy<T> {
    /// This value.
    pub const fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// The value; none, where it is not loaded.
    pub const fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }

    /// Is the value there?
    #[must_use]
    pub const fn is_loaded(&self) -> bool {
        self.0.is_some()
    }

    /// Sets the value, loaded or not.
    pub fn set(&mut self, value: T) {
        self.0 = Some(value);
    }
}

impl<T> From<T> for Lazy<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// What is not loaded is [`Value::Null`]: what is loaded never is.
impl<T: FieldValue> FieldValue for Lazy<T> {
    const TYPE: FieldType = {
        assert!(!T::NULLABLE, "a Lazy field is never null: write `Lazy<T>` without the `Option`");
        T::TYPE
    };
    const CONVERTS: bool = T::CONVERTS;
    const LAZY: bool = true;

    fn to_value(&self) -> Value {
        self.0.as_ref().map_or(Value::Null, FieldValue::to_value)
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        if value.is_null() { Ok(Self(None)) } else { T::from_value(value).map(Self::new) }
    }

    fn blank() -> Self {
        Self::new(T::blank())
    }
}

impl TextValue for Lazy<String> {}
