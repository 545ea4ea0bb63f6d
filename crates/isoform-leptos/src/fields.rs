//! Inputs that are bound to a field: label, type, limits, help and errors come from the entity.

mod check;
mod choice;
mod frame;
mod press;
mod reference;
mod text;

use std::marker::PhantomData;

use isoform::{ChoiceValue, FieldValue};

pub use check::CheckField;
pub use choice::SelectField;
pub use reference::ReferenceField;
pub use text::{DateField, NumberField, TextField};

use crate::field::{AnyField, Field};

/// The kinds of inputs.
pub mod kind {
    /// A text.
    #[derive(Clone, Copy, Debug)]
    pub struct Text;
    /// A number.
    #[derive(Clone, Copy, Debug)]
    pub struct Number;
    /// A day or a time.
    #[derive(Clone, Copy, Debug)]
    pub struct Date;
    /// Yes or no.
    #[derive(Clone, Copy, Debug)]
    pub struct Check;
    /// One of several.
    #[derive(Clone, Copy, Debug)]
    pub struct Choice;
    /// The key of a related row.
    #[derive(Clone, Copy, Debug)]
    pub struct Reference;
}

/// A field that fits a kind of input: each [`Field`] whose type does turns into one.
pub struct FieldFor<K> {
    field: AnyField,
    kind: PhantomData<fn() -> K>,
}

impl<K> FieldFor<K> {
    const fn new(field: AnyField) -> Self {
        Self { field, kind: PhantomData }
    }
}

impl<K> Clone for FieldFor<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for FieldFor<K> {}

impl<K> std::fmt::Debug for FieldFor<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.field.fmt(f)
    }
}

/// A field whose type is not known fits as far as its value can be written as text.
impl<K> From<AnyField> for FieldFor<K> {
    fn from(field: AnyField) -> Self {
        Self::new(field)
    }
}

/// A type of field that a kind of input is for. Each [`Field`] of such a type is what the input's `of` takes.
///
/// ```compile_fail,E0277
/// # use isoform::prelude::*;
/// # use isoform_leptos::{RecordSignal, SelectField};
/// # use leptos::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub due: NaiveDate }
/// # #[component]
/// # fn Due(task: RecordSignal<Task>) -> impl IntoView {
/// // a field of type `NaiveDate` does not fit this input
/// view! { <SelectField of=task.field(|t| t.due) /> }
/// # }
/// ```
///
/// ```compile_fail,E0277
/// # use isoform::prelude::*;
/// # use isoform_leptos::{RecordSignal, TextField};
/// # use leptos::prelude::*;
/// # #[derive(FieldEnum, Clone, Copy, Debug, PartialEq)]
/// # pub enum State { Open, Done }
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub state: State }
/// # #[component]
/// # fn Title(task: RecordSignal<Task>) -> impl IntoView {
/// // a field of type `State` does not fit this input
/// view! { <TextField of=task.field(|t| t.state) /> }
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` does not fit this input",
    label = "an input for another type of field",
    note = "TextField is for String, Uuid, durations and lists; NumberField for i32, i64, f64 and Decimal; DateField for NaiveDate, NaiveTime and DateTime<Utc>; CheckField for bool; SelectField for enums with #[derive(FieldEnum)] and for String with `one_of`; each for Option of these too",
    note = "any field fits as far as its value can be written as text: `of=task.field(|t| t.title).any()`"
)]
pub trait Fits<K> {}

impl<K, T: FieldValue + Fits<K>> From<Field<T>> for FieldFor<K> {
    fn from(field: Field<T>) -> Self {
        Self::new(field.any())
    }
}

macro_rules! fits {
    ($($kind:ident: $($value:ty),+;)+) => {$($(
        impl Fits<kind::$kind> for $value {}
        impl Fits<kind::$kind> for Option<$value> {}
    )+)+};
}

fits! {
    Text: String, isoform::prelude::Uuid, isoform::prelude::TimeDelta, std::time::Duration;
    Number: i32, i64, f64, isoform::prelude::Decimal;
    Date: isoform::prelude::NaiveDate, isoform::prelude::DateTime<isoform::prelude::Utc>, isoform::prelude::NaiveTime;
    Check: bool;
}

/// What is not loaded can only be read: load it first.
impl Fits<kind::Text> for isoform::Lazy<String> {}

/// A list is edited as a text with an item per line.
impl<T: FieldValue> Fits<kind::Text> for Vec<T> {}

#[diagnostic::do_not_recommend]
impl<T: ChoiceValue> Fits<kind::Choice> for T {}

/// Whatever its type: what is chosen is told by its text.
impl<T: FieldValue> Fits<kind::Reference> for T {}

#[cfg(test)]
mod tests {
    use std::marker::PhantomData;

    use super::{Fits, kind};

    struct Type<T, K>(PhantomData<(T, K)>);

    impl<T: Fits<K>, K> Type<T, K> {
        const FITS: bool = true;
    }

    /// What does not fit is found here: what a type itself says comes first.
    trait Otherwise {
        const FITS: bool = false;
    }

    impl<T, K> Otherwise for Type<T, K> {}

    #[test]
    fn an_input_takes_only_the_types_that_fit_it() {
        const {
            assert!(Type::<String, kind::Text>::FITS && Type::<Option<String>, kind::Text>::FITS);
            assert!(Type::<Vec<i64>, kind::Text>::FITS && Type::<i64, kind::Number>::FITS);
            assert!(Type::<bool, kind::Check>::FITS && Type::<isoform::prelude::NaiveDate, kind::Date>::FITS);
            assert!(!Type::<i64, kind::Text>::FITS && !Type::<bool, kind::Text>::FITS);
            assert!(!Type::<String, kind::Number>::FITS && !Type::<String, kind::Check>::FITS);
            assert!(!Type::<String, kind::Date>::FITS && !Type::<i64, kind::Date>::FITS);
            assert!(!Type::<bool, kind::Choice>::FITS && !Type::<i64, kind::Choice>::FITS);
        }
    }
}
