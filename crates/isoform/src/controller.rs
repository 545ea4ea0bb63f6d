//! Controllers: fields that travel to a backend method and back, without rows.

use serde_json::{Map, Value as JsonValue, json};

use crate::backend::Called;
#[cfg(not(target_arch = "wasm32"))]
use crate::backend::{Args, Begun, Body, Method, limited, said};
use crate::context::Context;
use crate::entity::Entity;
use crate::meta::{EntityMeta, FieldMask, Rule};
use crate::record::AnyRecord;
use crate::repository::note_errors;
use crate::{Error, Result, json as wire, validate};
#[cfg(not(target_arch = "wasm32"))]
use crate::{guard, operations};

/// An entity that has rows: all but controllers. `#[derive(Entity)]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no rows that could be asked for or saved",
    label = "not an entity with rows",
    note = "`#[derive(Entity)]` makes rows of a struct; a controller has methods alone, and a type parameter needs the bound `isoform::Stored`"
)]
pub trait Stored: Entity {}

impl EntityMeta {
    /// Is it a controller: fields that travel, without rows? It has no id then.
    #[must_use]
    pub const fn is_controller(&self) -> bool {
        self.ids.is_empty()
    }

    /// Passes what has rows.
    ///
    /// # Errors
    /// 404 for a controller.
    pub fn has_rows(&self) -> Result<()> {
        if self.is_controller() {
            return Err(Error::not_found(format!("{} is a controller: it has methods, and no rows.", self.key)));
        }
        Ok(())
    }

    /// The fields that somebody may set at all, so that they are worth sending.
    fn sent_fields(&self) -> FieldMask {
        let never = |rule: &_| matches!(rule, Rule::Nobody);
        let fields = self.fields.iter().enumerate();
        fields
            .filter(|(_, field)| !never(&field.api_read) && !never(&field.allow_update))
            .map(|(index, _)| index)
            .collect()
    }
}

/// Calls a method of a controller, remotely or guarded: validated first, and the fields are as the method left them then. Where
/// something goes wrong they are as they were, with the messages.
pub(crate) async fn call(record: &mut dyn AnyRecord, called: Called, args: Vec<JsonValue>) -> Result<JsonValue> {
    let context = Context::current()?;
    let meta = record.meta();
    validate::any(record).await?;
    let fields = wire::row_to_json(meta, meta.sent_fields(), |index| record.get(index));
    let answer = match context.remote_api() {
        Some(remote) => {
            let body = json!({ "args": args, "fields": fields });
            let answer = remote.request("POST", &crate::remote::method_path(meta, called), Some(&body)).await;
            answer.and_then(|answer| crate::remote::object(meta, answer))
        }
        #[cfg(not(target_arch = "wasm32"))]
        None => invoke(&context, meta, called.method()?, args, fields).await,
        #[cfg(target_arch = "wasm32")]
        None => Err(Error::internal("no server to call")),
    };
    let mut answer = answer.inspect_err(|error| note_errors(record, error))?;
    take_over(record, &mut answer)?;
    Ok(wire::take(&mut answer, "result"))
}

/// The fields and messages of an answer. What the caller may not see is not among them and stays as it is.
fn take_over(record: &mut dyn AnyRecord, answer: &mut Map<String, JsonValue>) -> Result<()> {
    let meta = record.meta();
    let fields = wire::take_object(answer, "fields");
    for (index, field) in meta.fields.iter().enumerate() {
        let Some(json) = fields.get(field.wire) else { continue };
        let value = wire::from_json(field.field_type, json);
        value
            .and_then(|value| record.set(index, value))
            .map_err(|error| Error::internal(format!("{}.{} {}", meta.key, field.wire, error.0)))?;
    }
    // What came back is what is changed from now on; there is no row for it to be in.
    record.mark_stored();
    record.state_mut().is_new = true;
    for (name, message) in wire::take_object(answer, "modelState") {
        if let (Some(index), Some(message)) = (meta.field_by_wire(&name), message.as_str()) {
            record.state_mut().errors_mut().add(index, message);
        }
    }
    Ok(())
}

/// Runs a method of a controller for the identity of a context, guarded: `allowed` is asked of the identity before anything is
/// read, then of the fields, where it judges them: the declared defaults with what the caller sent and may set. They are validated;
/// then the body runs, trusted, in one transaction unless the method does without.
///
/// It answers what goes over the wire: the `result`, the `fields` that the caller may see, and a `modelState` of what the method has
/// said of them.
///
/// # Errors
/// 400 with messages at fields, 401, 403, and what the method answers; whatever it wrote is undone then.
#[cfg(not(target_arch = "wasm32"))]
pub async fn invoke(
    context: &Context,
    meta: &'static EntityMeta,
    method: &'static Method,
    args: Vec<JsonValue>,
    fields: Map<String, JsonValue>,
) -> Result<Map<String, JsonValue>> {
    let Body::Record(allowed, body) = method.body else {
        return Err(Error::invalid(format!(
            "\"{}\" is a method without fields: send its arguments alone.",
            method.wire
        )));
    };
    let identity = context.identity();
    let refused = || guard::refusal(identity, &format!("call {}/{}", meta.key, method.wire));
    let judged_by_fields = matches!(allowed, Rule::Check(_));
    if judged_by_fields {
        identity.ok_or_else(Error::unauthenticated)?;
    } else if !guard::allows_record(&allowed, identity, &*(meta.new_record)()) {
        return Err(refused());
    }
    let readable = guard::readable_fields(meta, identity);
    let writable = guard::writable_fields(meta, identity);
    // Of what they have sent themselves they are told what is wrong with it.
    let told = readable.or(writable);
    let patch = operations::read_patch(meta, &fields, writable)?;
    let begun = Begun::default();
    let work = async |_: Context| {
        let mut record = (meta.new_record)();
        operations::apply(&mut *record, patch)?;
        if judged_by_fields && !guard::allows_record(&allowed, identity, &*record) {
            return Err(refused());
        }
        validate::any(&mut *record).await?;
        begun.now().await?;
        let result = body(&mut *record, Args::new(args)).await.map_err(|error| said(error, &*record, identity))?;
        let mut answer = Map::new();
        if !result.is_null() {
            answer.insert("result".into(), result);
        }
        let sent = readable.without(passwords(&*record));
        answer.insert("fields".into(), wire::row_to_json(meta, sent, |index| record.get(index)).into());
        let messages: Map<_, _> =
            messages(&*record, told).into_iter().map(|(name, message)| (name, message.into())).collect();
        if !messages.is_empty() {
            answer.insert("modelState".into(), messages.into());
        }
        Ok(answer)
    };
    limited(context, method, &begun, work).await.map_err(|error| operations::concealed(error, meta, told))
}

/// The passwords that a method has left: nobody is told them, and no answer that is kept has them. That one is empty is told.
#[cfg(not(target_arch = "wasm32"))]
fn passwords(record: &dyn AnyRecord) -> FieldMask {
    let fields = record.meta().fields.iter().enumerate();
    let left = fields.filter(|(index, field)| field.input == Some("password") && !record.get(*index).is_empty());
    left.map(|(index, _)| index).collect()
}

/// What is wrong with these fields, by their names on the wire.
#[cfg(not(target_arch = "wasm32"))]
fn messages(record: &dyn AnyRecord, told: FieldMask) -> Vec<(String, String)> {
    let told = record.state().errors().iter().filter(|(index, _)| told.contains(*index));
    told.map(|(index, message)| (record.meta().field(index).wire.to_owned(), message.to_owned())).collect()
}
