//! Backend methods: async functions under `#[backend]`. On the server they run directly; everywhere else they are
//! remote calls that carry the record there and back.

#[cfg(not(target_arch = "wasm32"))]
mod options;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use options::{Begun, limited};
#[cfg(not(target_arch = "wasm32"))]
pub use options::{Options, beginning_with};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as JsonValue};

use crate::context::Context;
use crate::entity::Entity;
#[cfg(not(target_arch = "wasm32"))]
use crate::future::BoxFuture;
#[cfg(not(target_arch = "wasm32"))]
use crate::meta::{EntityMeta, FieldMask, IdentityRule, RecordRule};
#[cfg(not(target_arch = "wasm32"))]
use crate::operations;
use crate::record::{AnyRecord, Record, WireState};
use crate::{Error, Result, json, validate};
#[cfg(not(target_arch = "wasm32"))]
use crate::{context::Scope, guard};

/// A backend method, as `#[backend]` describes it.
#[derive(Clone, Copy)]
pub struct Method {
    /// The name in Rust: `toggle_completed`.
    pub name: &'static str,
    /// The name on the wire: `toggleCompleted`.
    pub wire: &'static str,
    /// Where it is declared: `shared::task::Task::set_all`.
    pub path: &'static str,
    /// What it says about its calls.
    #[cfg(not(target_arch = "wasm32"))]
    pub options: Options,
    /// Who may call it, and its body.
    #[cfg(not(target_arch = "wasm32"))]
    pub body: Body,
}

impl std::fmt::Debug for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Method").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Runs a method of a record with the arguments of a call.
#[cfg(not(target_arch = "wasm32"))]
pub type RecordBody = for<'a> fn(&'a mut dyn AnyRecord, Args) -> BoxFuture<'a, Result<JsonValue>>;

/// Runs a static method with the arguments of a call.
#[cfg(not(target_arch = "wasm32"))]
pub type StaticBody = fn(Args) -> BoxFuture<'static, Result<JsonValue>>;

/// Who may call a method, and its body.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Copy)]
pub enum Body {
    /// A method of a record: judged by the stored and the resulting record.
    Record(RecordRule, RecordBody),
    /// A method of the entity.
    Static(IdentityRule, StaticBody),
}

/// The arguments of a call, as they came over the wire.
#[derive(Debug)]
pub struct Args {
    values: std::vec::IntoIter<JsonValue>,
    position: usize,
}

impl Args {
    /// These arguments.
    #[must_use]
    pub fn new(values: Vec<JsonValue>) -> Self {
        Self { values: values.into_iter(), position: 0 }
    }

    /// The next argument; an absent one is null.
    ///
    /// # Errors
    /// 400 with the argument's name.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T> {
        self.position += 1;
        let given = self.values.len() > 0;
        let value = self.values.next().filter(|value| value.get("_isUndefined").is_none()).unwrap_or_default();
        crate::record::refused_within(|| json::typed(value)).map_err(|error| {
            let problem = if given { format!("does not fit: {error}") } else { "is missing".into() };
            Error::invalid(format!("Argument {} ({name}) {problem}.", self.position))
        })
    }

    /// Passes where no argument is left over.
    ///
    /// # Errors
    /// 400 where there is one.
    pub fn end(mut self) -> Result<()> {
        match self.values.next() {
            None => Ok(()),
            Some(_) => Err(Error::invalid(format!("The method takes {} arguments; there are more.", self.position))),
        }
    }
}

/// A type that arguments and results of backend methods can have: what serde writes and reads, and what is `Send`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel to a backend method and back",
    label = "not a type that serde writes and reads",
    note = "arguments and results derive `serde::Serialize` and `serde::Deserialize`, are `Send` and borrow nothing"
)]
pub trait Travels: Sized + Send {
    /// The value as JSON.
    ///
    /// # Errors
    /// Where serde cannot write it.
    fn encode(&self) -> Result<JsonValue>;

    /// The value of the next argument of a call.
    ///
    /// # Errors
    /// 400 with the argument's name.
    #[cfg(not(target_arch = "wasm32"))]
    fn take(args: &mut Args, name: &str) -> Result<Self>;

    /// The value that a method answered.
    ///
    /// # Errors
    /// Where it does not fit: the server has another version of the method.
    fn decode(answer: JsonValue, method: &str) -> Result<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send> Travels for T {
    fn encode(&self) -> Result<JsonValue> {
        serde_json::to_value(self).map_err(Error::internal)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn take(args: &mut Args, name: &str) -> Result<Self> {
        args.take(name)
    }

    fn decode(answer: JsonValue, method: &str) -> Result<Self> {
        json::typed(answer).map_err(|error| Error::internal(format!("the result of {method}: {error}")))
    }
}

/// A record on its way to a backend method.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RowInfo {
    /// Values by name on the wire: of a new record all, of another the unsaved ones.
    pub data: Map<String, JsonValue>,
    /// Is it not in the table?
    pub is_new_row: bool,
    /// Has it unsaved values?
    pub was_changed: bool,
    /// The id that the row has in the table.
    pub id: JsonValue,
}

impl RowInfo {
    /// What travels of a record: its id, its state, and what is not in the table yet.
    fn of(record: &dyn AnyRecord) -> Self {
        let meta = record.meta();
        let state = record.state();
        let changed = record.changed_fields().without(state.hidden);
        let mut fields = if state.is_new { meta.all_fields() } else { changed };
        if let Some(version) = meta.version.filter(|_| !state.is_new) {
            fields.insert(version);
        }
        if !state.is_new {
            fields = fields.or(meta.id_fields());
        }
        Self {
            data: json::row_to_json(meta, fields, |index| record.get(index)),
            is_new_row: state.is_new,
            was_changed: !changed.is_empty(),
            id: record.original_id().to_json(),
        }
    }
}

/// What a method of a record answers.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RecordAnswer {
    /// The method's result; left out where it has none.
    #[serde(skip_serializing_if = "JsonValue::is_null")]
    pub result: JsonValue,
    /// The record as the method left it.
    pub row_info: AnsweredRow,
}

/// A record on its way back from a backend method.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AnsweredRow {
    /// The fields that the caller may see.
    pub data: Map<String, JsonValue>,
    /// Of an existing record with unsaved values: those fields as they are in the table.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub original: Map<String, JsonValue>,
    /// Is it not in the table?
    pub is_new_row: bool,
    /// Has it unsaved values?
    pub was_changed: bool,
    /// The id that the row has in the table.
    pub id: JsonValue,
    /// Was it deleted?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_deleted: bool,
    /// What is wrong with it, by field.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub model_state: Map<String, JsonValue>,
}

impl RecordAnswer {
    /// What a server answered, read by hand: serde's own reading of these structs would be a part of every page.
    pub(crate) fn read(mut answer: Map<String, JsonValue>) -> Self {
        let mut row = json::take_object(&mut answer, "rowInfo");
        Self {
            result: json::take(&mut answer, "result"),
            row_info: AnsweredRow {
                data: json::take_object(&mut row, "data"),
                original: json::take_object(&mut row, "original"),
                is_new_row: json::take(&mut row, "isNewRow") == JsonValue::Bool(true),
                was_changed: json::take(&mut row, "wasChanged") == JsonValue::Bool(true),
                id: json::take(&mut row, "id"),
                is_deleted: json::take(&mut row, "isDeleted") == JsonValue::Bool(true),
                model_state: json::take_object(&mut row, "modelState"),
            },
        }
    }
}

impl AnsweredRow {
    #[cfg(not(target_arch = "wasm32"))]
    fn of(record: &dyn AnyRecord, visible: FieldMask) -> Self {
        let state = WireState::of(record, visible);
        Self {
            was_changed: !record.changed_fields().is_empty(),
            id: record.original_id().to_json(),
            data: state.data,
            original: state.original,
            is_new_row: state.is_new,
            is_deleted: state.is_deleted,
            model_state: state.errors,
        }
    }

    fn apply<E: Entity>(self, record: &mut Record<E>) -> Result<()> {
        let state = WireState {
            data: self.data,
            original: self.original,
            is_new: self.is_new_row,
            is_deleted: self.is_deleted,
            errors: self.model_state,
        };
        state.apply(record).map_err(Error::internal)
    }
}

/// How a call of a backend method goes on: for `#[backend]`.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The body runs here.
    Direct,
    /// The call is guarded here, or goes to another server.
    Call,
}

/// Where the body of a method runs: for `#[backend]`.
#[doc(hidden)]
#[cfg(not(target_arch = "wasm32"))]
pub fn way() -> Result<Way> {
    let context = Context::current()?;
    let trusted = context.scope() == Scope::Backend && context.remote_api().is_none();
    Ok(if trusted { Way::Direct } else { Way::Call })
}

/// Runs the body of a method of a record here, trusted. Where it fails the record is as it was, but for its errors.
#[doc(hidden)]
#[cfg(not(target_arch = "wasm32"))]
pub async fn direct_record<E: Entity, T>(
    record: &mut Record<E>,
    transaction: bool,
    // A boxed future, for the compiler cannot see that an async closure's is `Send`.
    body: impl for<'a> FnOnce(&'a mut Record<E>) -> BoxFuture<'a, Result<T>>,
) -> Result<T> {
    let before = record.clone();
    let result = direct(transaction, body(record)).await;
    if result.is_err() {
        let errors = record.errors().clone();
        *record = before;
        record.state_mut().errors = errors;
    }
    result
}

/// Runs the body of a method here, trusted.
#[doc(hidden)]
#[cfg(not(target_arch = "wasm32"))]
pub async fn direct<T>(transaction: bool, body: impl Future<Output = Result<T>>) -> Result<T> {
    if transaction { Context::current()?.transaction(|_| body).await } else { body.await }
}

/// Which method a call means: for `#[backend]`.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Called {
    /// Its name on the wire.
    pub wire: &'static str,
    /// The path before it, where that is not the entity's key.
    pub prefix: Option<&'static str>,
    /// It is one of these.
    #[cfg(not(target_arch = "wasm32"))]
    pub methods: &'static [Method],
}

#[cfg(not(target_arch = "wasm32"))]
impl Called {
    pub(crate) fn method(self) -> Result<&'static Method> {
        let method = self.methods.iter().find(|method| method.wire == self.wire);
        method.ok_or_else(|| Error::internal(format!("there is no backend method {}", self.wire)))
    }
}

/// Calls a method of a record: for `#[backend]`. The result is JSON still, so that this is compiled once per entity.
#[doc(hidden)]
pub async fn call_record<E: Entity>(record: &mut Record<E>, called: Called, args: Vec<JsonValue>) -> Result<JsonValue> {
    if E::CONTROLLER {
        return crate::controller::call(record, called, args).await;
    }
    let context = Context::current()?;
    let meta = E::meta();
    if record.is_new() || record.is_changed() {
        validate::record(record).await?;
    } else {
        record.state_mut().errors.clear();
    }
    let row_info = RowInfo::of(record);
    let answer = match context.remote_api() {
        Some(remote) => remote.call_record(meta, called, args, row_info).await,
        #[cfg(not(target_arch = "wasm32"))]
        None => invoke_record(&context, meta, called.method()?, args, row_info).await,
        #[cfg(target_arch = "wasm32")]
        None => Err(Error::internal("no server to call")),
    };
    let answer = answer.inspect_err(|error| crate::repository::note_errors(record, error))?;
    answer.row_info.apply(record)?;
    Ok(answer.result)
}

/// Calls a static method: for `#[backend]`.
#[doc(hidden)]
pub async fn call_static<E: Entity>(called: Called, args: Vec<JsonValue>) -> Result<JsonValue> {
    let context = Context::current()?;
    match context.remote_api() {
        Some(remote) => remote.call_static(E::meta(), called, args).await,
        #[cfg(not(target_arch = "wasm32"))]
        None => invoke_static(&context, called.method()?, args).await,
        #[cfg(target_arch = "wasm32")]
        None => Err(Error::internal("no server to call")),
    }
}

/// Runs a method of a record for the identity of a context, guarded: the stored row is loaded under the API's filter,
/// `allowed` is asked of it, what the caller may write is applied, `allowed` is asked of the result, which is validated;
/// then the body runs, trusted. All of it in one transaction, unless the method does without.
///
/// # Errors
/// 400, 401, 403, 404, 409, and what the method answers; whatever it wrote is undone then.
#[cfg(not(target_arch = "wasm32"))]
pub async fn invoke_record(
    context: &Context,
    meta: &'static EntityMeta,
    method: &'static Method,
    args: Vec<JsonValue>,
    row_info: RowInfo,
) -> Result<RecordAnswer> {
    let Body::Record(allowed, body) = method.body else {
        return Err(Error::invalid(format!(
            "\"{}\" is a method of {}, not of a record: send no rowInfo.",
            method.wire, meta.key
        )));
    };
    let identity = context.identity();
    let refused = || guard::refusal(identity, &format!("call {}/{}", meta.key, method.wire));
    // Nobody reaches the table whom no record would let pass.
    if matches!(allowed, crate::meta::Rule::Check(_)) {
        identity.ok_or_else(Error::unauthenticated)?;
    } else if !guard::allows_record(&allowed, identity, &*(meta.new_record)()) {
        return Err(refused());
    }
    let sent: FieldMask = row_info.data.keys().filter_map(|name| meta.field_by_wire(name)).collect();
    let begun = Begun::default();
    let work = async |inside: Context| {
        let mut record = operations::received(&inside, meta, row_info, |stored| {
            if guard::allows_record(&allowed, identity, stored) { Ok(()) } else { Err(refused()) }
        })
        .await?;
        let kept = operations::kept_from(&inside, &*record);
        begun.now().await?;
        let result = body(&mut *record, Args::new(args)).await;
        let result = result.map_err(|error| operations::untold(said(error, &*record, identity), meta, kept))?;
        let mut visible = guard::readable_of(identity, &*record);
        if record.state().is_new {
            // Not in the table yet: it is its caller's own.
            visible = visible.or(guard::writable_of(identity, &*record));
        }
        // Of lazy fields what was sent, and what is not in the table.
        let known = sent.or(record.changed_fields());
        let visible = visible.without(meta.lazy_fields().without(known));
        Ok(RecordAnswer { result, row_info: AnsweredRow::of(&*record, visible) })
    };
    limited(context, method, &begun, work).await
}

/// The error of a method with what the method has said at fields of its record, as far as its caller knows them.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn said(error: Error, record: &dyn AnyRecord, identity: Option<&crate::Identity>) -> Error {
    let error = crate::validate::translated(error);
    let errors = &record.state().errors;
    if errors.is_empty() || error.is_internal() {
        return error;
    }
    let (meta, mut fields) = (record.meta(), error.fields().to_vec());
    let known = guard::readable_of(identity, record).or(guard::writable_of(identity, record));
    for (index, message) in errors.iter().filter(|(index, _)| known.contains(*index)) {
        let wire = meta.field(index).wire;
        if error.field(wire).is_none() {
            fields.push((wire.to_owned(), message.to_owned()));
        }
    }
    error.with_fields(fields)
}

/// Runs a static method for the identity of a context, guarded.
///
/// # Errors
/// 400, 401, 403, and what the method answers; whatever it wrote is undone then.
#[cfg(not(target_arch = "wasm32"))]
pub async fn invoke_static(context: &Context, method: &'static Method, args: Vec<JsonValue>) -> Result<JsonValue> {
    let Body::Static(allowed, body) = method.body else {
        return Err(Error::invalid(format!("\"{}\" is a method of a record: send its rowInfo.", method.wire)));
    };
    if !guard::allows(&allowed, context.identity()) {
        return Err(guard::refusal(context.identity(), &format!("call {}", method.wire)));
    }
    let begun = Begun::default();
    let work = async |_: Context| {
        begun.now().await?;
        body(Args::new(args)).await
    };
    limited(context, method, &begun, work).await
}
