//! Validation of chosen fields: what a form asks while somebody is still filling in the rest.

use super::Record;
use crate::entity::{Column, Entity};
use crate::hooks::Hook;
use crate::meta::FieldMask;
use crate::record::AnyRecord;
use crate::value::FieldValue;
use crate::{Result, validate};

/// One field, or a tuple of several: `|t| (t.title, t.due)`.
pub trait IntoFields<E> {
    /// The fields.
    fn into_fields(self) -> FieldMask;
}

impl<E, T: FieldValue> IntoFields<E> for Column<E, T> {
    fn into_fields(self) -> FieldMask {
        std::iter::once(self.index()).collect()
    }
}

macro_rules! tuple_fields {
    ($($name:ident),+) => {
        impl<E, $($name: IntoFields<E>),+> IntoFields<E> for ($($name,)+) {
            #[allow(non_snake_case, reason = "the type's name serves as the variable's")]
            fn into_fields(self) -> FieldMask {
                let ($($name,)+) = self;
                FieldMask::NONE$(.or($name.into_fields()))+
            }
        }
    };
}
tuple_fields!(A);
tuple_fields!(A, B);
tuple_fields!(A, B, C);
tuple_fields!(A, B, C, D);
tuple_fields!(A, B, C, D, F);
tuple_fields!(A, B, C, D, F, G);

impl<E: Entity> Record<E> {
    /// Asks the validators of some fields, and the entity's `validation` about them; the answers are in [`Record::errors`]. What was
    /// said about other fields stays.
    ///
    /// ```
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tasks", allow(crud = true))]
    /// # pub struct Task {
    /// #     #[field(id)] pub id: Uuid, #[field(len(min = 5))] pub title: String, #[field(required)] pub owner: String,
    /// # }
    /// # futures::executor::block_on(async {
    /// let mut task = Record::<Task>::new();
    /// task.title = "Taxes".into();
    /// assert!(task.validate_fields(|t| t.title).await.is_ok(), "nobody asks for the owner yet");
    /// assert!(task.validate_fields(|t| (t.title, t.owner)).await.is_err());
    /// assert_eq!(task.error(|t| t.owner), Some("is required"));
    /// # });
    /// ```
    ///
    /// # Errors
    /// 400 where something is wrong with one of them, with the messages.
    pub async fn validate_fields<F: IntoFields<E>>(&mut self, fields: impl FnOnce(E::Fields) -> F) -> Result<()> {
        validate_chosen(self, fields(E::FIELDS).into_fields()).await
    }
}

async fn validate_chosen(record: &mut dyn AnyRecord, chosen: FieldMask) -> Result<()> {
    let meta = record.meta();
    let before = std::mem::take(record.state_mut().errors_mut());
    validate::fields(record);
    if let Err(error) = validate::ask(record, chosen).await {
        *record.state_mut().errors_mut() = before;
        return Err(error);
    }
    let mut hook = Ok(());
    if meta.hooks.validation {
        hook = validate::hook(record, Hook::Validation).await.map(drop);
    }
    let after = std::mem::take(record.state_mut().errors_mut());
    let said = hook.as_ref().err().map(crate::Error::fields).unwrap_or_default();
    let said = said.iter().filter_map(|(wire, message)| Some((meta.field_by_wire(wire)?, message.as_str())));
    let now: Vec<_> = after.iter().chain(said).filter(|(index, _)| chosen.contains(*index)).collect();
    let errors = record.state_mut().errors_mut();
    for (index, message) in before.iter().filter(|(index, _)| !chosen.contains(*index)).chain(now.iter().copied()) {
        errors.add(index, message);
    }
    if !now.is_empty() {
        return Err(validate::error(meta, now.into_iter()));
    }
    // That the record as a whole is wrong says nothing about the fields that were asked about.
    hook.or_else(|error| if error.is_invalid() { Ok(()) } else { Err(error) })
}
