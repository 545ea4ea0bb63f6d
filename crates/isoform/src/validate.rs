//! Validation: the same on both sides. In the browser before anything is sent, and on the server again.

pub(crate) mod asked;
mod messages;
mod unread;

use chrono::Datelike as _;

pub(crate) use asked::Asking;
#[cfg(not(target_arch = "wasm32"))]
pub use asked::taken;
pub use asked::{Ask, AskOwn};
pub(crate) use messages::filled;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use messages::translated;
pub use messages::{Message, Messages, own, said};
pub use unread::unread;

use crate::entity::Entity;
use crate::hooks::{EventState, Hook, running};
use crate::meta::{Check, EntityMeta, FieldMask, FieldMeta, FieldRole, Number, Validator};
use crate::record::{AnyRecord, Record};
use crate::value::{FieldType, Value};
use crate::{Error, Result};

/// Validates a record that is about to be sent: the validators of each field, then the entity's `validation`. All messages are in the
/// record's errors and in the error. What the server asks the database anyway is not asked before.
pub(crate) async fn record<E: Entity>(record: &mut Record<E>) -> Result<()> {
    asking(record, Asking::Own).await
}

/// Validates a record, with all there is to ask.
pub(crate) async fn any(record: &mut dyn AnyRecord) -> Result<()> {
    asking(record, Asking::All).await
}

async fn asking(record: &mut dyn AnyRecord, asking: Asking) -> Result<()> {
    let meta = record.meta();
    record.state_mut().errors.clear();
    fields(record);
    if meta.asks() {
        asked::fields(record, asking, meta.all_fields()).await?;
    }
    if meta.hooks.validation {
        hook(record, Hook::Validation).await?;
    }
    outcome(record)
}

/// Asks those validators of some fields that ask elsewhere, and notes what they say.
pub(crate) async fn ask(record: &mut dyn AnyRecord, chosen: FieldMask) -> Result<()> {
    if record.meta().asks() { asked::fields(record, Asking::All, chosen).await } else { Ok(()) }
}

/// Validates a record of which no hook sees anything: what an index says it says itself.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn at_once(record: &mut dyn AnyRecord) -> Result<()> {
    record.state_mut().errors.clear();
    fields(record);
    outcome(record)
}

/// Asks the validators of every field that is known, and notes what they say.
pub(crate) fn fields(record: &mut dyn AnyRecord) {
    let hidden = record.state().hidden;
    for (index, field) in record.meta().fields.iter().enumerate() {
        let known = record.get(index);
        if field.lazy && known.is_null() {
            // Of a row that is there it is known to be right. A copy of what was never loaded is nothing to insert.
            if record.state().is_new {
                record.state_mut().errors.add(index, said(Message::NotLoaded));
            }
            continue;
        }
        // Trusted code may have set what is hidden.
        let right = if hidden.contains(index) { storable(&known) } else { value(field, &known) };
        if let Err(message) = right {
            record.state_mut().errors.add(index, message);
        }
    }
}

/// Runs a hook of a record and takes over the errors that it set; answers whether it prevented the default.
pub(crate) fn hook(record: &mut dyn AnyRecord, hook: Hook) -> impl Future<Output = Result<bool>> + Send {
    hook_after(record, hook, false)
}

/// As [`hook`], where an earlier hook may have prevented the default.
pub(crate) async fn hook_after(record: &mut dyn AnyRecord, hook: Hook, prevented: bool) -> Result<bool> {
    let mut event = EventState { prevented, ..event(record) };
    let entered = running::begin(record.meta(), hook, &event)?;
    let result = entered.run(record.run_hook(hook, &mut event)).await;
    take_over(record, &event, result)
}

/// Runs the `saving` of a field.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) async fn field_saving(record: &mut dyn AnyRecord, index: usize) -> Result<bool> {
    let mut event = event(record);
    let entered = running::begin(record.meta(), Hook::Saving, &event)?;
    let result = entered.run(record.run_field_saving(index, &mut event)).await;
    take_over(record, &event, result)
}

pub(crate) fn event(record: &dyn AnyRecord) -> EventState {
    EventState {
        is_new: record.state().is_new,
        id: record.id(),
        original_id: record.original_id(),
        ..EventState::default()
    }
}

fn take_over(record: &mut dyn AnyRecord, event: &EventState, result: Result<()>) -> Result<bool> {
    let errors = &mut record.state_mut().errors;
    for (index, message) in event.errors.iter() {
        errors.add(index, own(message.to_owned()));
    }
    if let Some(message) = event.errors.message() {
        errors.set_message(own(message.to_owned()));
    }
    match result {
        Ok(()) => Ok(event.prevented),
        Err(error) => Err(with_fields(record, error)),
    }
}

/// An error that a hook has returned, with what was said of the fields.
pub(crate) fn with_fields(record: &dyn AnyRecord, error: Error) -> Error {
    #[cfg(not(target_arch = "wasm32"))]
    let error = translated(error);
    let meta = record.meta();
    let said =
        record.state().errors.iter().map(|(index, message)| (meta.field(index).wire.to_owned(), message.to_owned()));
    let more: Vec<_> = said.filter(|(wire, _)| error.field(wire).is_none()).collect();
    if more.is_empty() {
        return error;
    }
    let fields = error.fields().iter().cloned().chain(more).collect();
    error.with_fields(fields)
}

/// The error of a record whose fields are at fault, or that is at fault as a whole, if it is.
///
/// # Errors
/// What is in [`Record::errors`]: 400, or 409 where all of it is that other rows have the values.
pub fn outcome(record: &dyn AnyRecord) -> Result<()> {
    let errors = record.state().errors();
    if errors.is_empty() {
        return Ok(());
    }
    let at_fields = error(record.meta(), errors.iter());
    Err(match errors.message() {
        Some(message) if at_fields.fields().is_empty() => Error::invalid(message),
        Some(message) => {
            let all = format!("{message}; {}", at_fields.message());
            at_fields.with_message(all)
        }
        None if errors.are_conflicts() => at_fields.with_status(409),
        None => at_fields,
    })
}

/// 400 with messages at fields, given by their positions; as a sentence each starts with the field's label.
pub fn error<'a>(meta: &EntityMeta, messages: impl Iterator<Item = (usize, &'a str)>) -> Error {
    let (mut sentences, mut fields) = (Vec::new(), Vec::new());
    for (index, message) in messages {
        let field = meta.field(index);
        sentences.push(sentence(field.label, message));
        fields.push((field.wire.to_owned(), message.to_owned()));
    }
    Error::invalid(sentences.join("; ")).with_fields(fields)
}

/// What is wrong with a field: most messages are the end of a sentence, and one that is a sentence itself stands behind the label.
fn sentence(label: &str, message: &str) -> String {
    let colon = if message.starts_with(char::is_uppercase) { ":" } else { "" };
    format!("{label}{colon} {}", message.trim_end_matches('.'))
}

/// Asks the validators of one field about a value.
///
/// # Errors
/// What is wrong with it, as the end of a sentence that starts with the field's label: "must …".
pub fn value(field: &FieldMeta, value: &Value) -> Result<(), String> {
    storable(value)?;
    if field.is_stamped() || (field.role == FieldRole::Id && value.is_empty()) {
        return Ok(());
    }
    field.validators.iter().find_map(|validator| check(field, validator, value).err()).map_or(Ok(()), Err)
}

/// Passes values for stored rows that the validators of their fields let pass.
///
/// # Errors
/// 400 with messages at fields.
pub(crate) fn values(meta: &EntityMeta, values: &[(usize, Value)]) -> Result<()> {
    let right = |index: usize, one: &Value| {
        if meta.ids.contains(&index) && one.is_empty() {
            Err(said(Message::Empty).to_owned())
        } else {
            value(meta.field(index), one)
        }
    };
    let wrong = values.iter().filter_map(|(index, one)| right(*index, one).err().map(|message| (*index, message)));
    let wrong: Vec<_> = wrong.collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(error(meta, wrong.iter().map(|(index, message)| (*index, message.as_str()))))
}

/// Passes a value that can be stored and read again, whatever its field.
///
/// # Errors
/// As [`value`].
pub(crate) fn storable(value: &Value) -> Result<(), String> {
    let wrong = match value {
        Value::Float(n) if !n.is_finite() => Message::Finite,
        Value::Text(text) if text.contains('\0') => Message::Nul,
        Value::DateTime(time) if !crate::json::years_fit(time.year()) => Message::Years,
        Value::Date(date) if !crate::json::years_fit(date.year()) => Message::Years,
        Value::Scalar(scalar) => return scalar.storable().map_err(own),
        _ => return Ok(()),
    };
    Err(said(wrong).to_owned())
}

fn check(field: &FieldMeta, validator: &Validator, value: &Value) -> Result<(), String> {
    let must = |right: bool, message: Message, parts: &[(&str, &dyn std::fmt::Display)]| {
        if right { Ok(()) } else { Err(filled(validator.message, message, parts)) }
    };
    // A date that nobody has given is the first one that is counted from; where it may be null, that is a date like others.
    let no_date = !field.nullable && matches!(value, Value::Date(day) if *day == chrono::NaiveDate::default());
    let blank = value.is_empty()
        || no_date
        || matches!(value, Value::Text(text) if text.trim().is_empty())
        || matches!((field.field_type, value), (FieldType::List(_), Value::Json(list)) if list.as_array().is_some_and(Vec::is_empty));
    match (&validator.check, value) {
        (Check::Required, _) => must(!blank, Message::Required, &[]),
        (Check::NotNull, value) => must(!value.is_null(), Message::NotNull, &[]),
        (_, Value::Null) => Ok(()),
        // They are asked elsewhere.
        (Check::Unique(_) | Check::Exists(_) | Check::CustomAsync(_), _) => Ok(()),
        (Check::Len { min, max }, Value::Text(text)) => {
            let length = text.chars().count();
            let (least, most) = (characters(*min), characters(*max));
            must(length >= *min, Message::MinLength, &[("{min}", min), ("{max}", max), ("{characters}", &least)])?;
            must(length <= *max, Message::MaxLength, &[("{min}", min), ("{max}", max), ("{characters}", &most)])
        }
        (Check::Range { min, max }, value) => {
            let fits = |limit: &Option<Number>, wanted: std::cmp::Ordering| {
                limit
                    .as_ref()
                    .is_none_or(|limit| order(value, limit).is_some_and(|order| order == wanted || order.is_eq()))
            };
            let limits: [(&str, &dyn std::fmt::Display); 2] = [("{min}", &Limit(min)), ("{max}", &Limit(max))];
            must(fits(min, std::cmp::Ordering::Greater), Message::Min, &limits)?;
            must(fits(max, std::cmp::Ordering::Less), Message::Max, &limits)
        }
        (Check::Custom(function), value) => {
            function(value).map_err(|said| own(validator.message.map_or(said, str::to_owned)))
        }
        (Check::PartOfId, Value::Text(text)) => must(!text.contains(','), Message::PartOfId, &[]),
        (Check::PartOfId, _) => Ok(()),
        (_, _) if blank => Ok(()),
        (Check::Email, Value::Text(text)) => must(is_email(text), Message::Email, &[]),
        (Check::Url, Value::Text(text)) => must(is_url(text), Message::Url, &[]),
        (Check::Pattern(pattern), Value::Text(text)) => {
            must(matches_pattern(pattern, text), Message::Pattern, &[("{pattern}", pattern)])
        }
        (Check::OneOf(values), Value::Text(text)) => {
            if values.contains(&text.as_str()) {
                return Ok(());
            }
            must(false, Message::OneOf, &[("{values}", &values.join(", "))])
        }
        // The derive refuses a validator on a field whose type it does not fit.
        (Check::Len { .. } | Check::Email | Check::Url | Check::Pattern(_) | Check::OneOf(_), _) => {
            debug_assert!(matches!(field.field_type, FieldType::Text), "a validator on a field of another type");
            Ok(())
        }
    }
}

const fn characters(count: usize) -> &'static str {
    if count == 1 { "character" } else { "characters" }
}

struct Limit<'a>(&'a Option<Number>);

impl std::fmt::Display for Limit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.as_ref().map_or(Ok(()), |limit| limit.fmt(f))
    }
}

fn order(value: &Value, limit: &Number) -> Option<std::cmp::Ordering> {
    if let Value::Scalar(scalar) = value {
        return scalar.compare_number(*limit);
    }
    let limit = match limit {
        Number::Int(n) => Value::Int(*n),
        Number::Float(n) => Value::Float(*n),
    };
    crate::filter::eval::compare(value, &limit)
}

/// What HTML calls a valid e-mail address, with a dot in the domain asked for as well.
/// Source: <https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address>.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (1..=64).contains(&local.len())
        && local.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte))
        && domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(label)
}

/// `http` or `https`, a host, and nothing that an address cannot hold as it stands.
fn is_url(text: &str) -> bool {
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        let head = text.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
    });
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        !host.is_empty()
            && !host.starts_with(':')
            && !host.starts_with('.')
            && !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"\\^`{|}".contains(c))
    })
}

/// The whole text matches the pattern. The macro has checked that the pattern means the same in Rust and in JavaScript.
#[cfg(not(target_arch = "wasm32"))]
fn matches_pattern(pattern: &'static str, text: &str) -> bool {
    use std::collections::HashMap;
    use std::sync::{LazyLock, PoisonError, RwLock};
    static COMPILED: LazyLock<RwLock<HashMap<&'static str, Option<regex::Regex>>>> = LazyLock::new(RwLock::default);

    if let Some(regex) = COMPILED.read().unwrap_or_else(PoisonError::into_inner).get(pattern) {
        return regex.as_ref().is_some_and(|regex| regex.is_match(text));
    }
    let regex = regex::Regex::new(&format!("^(?:{pattern})$")).ok();
    let answer = regex.as_ref().is_some_and(|regex| regex.is_match(text));
    COMPILED.write().unwrap_or_else(PoisonError::into_inner).insert(pattern, regex);
    answer
}

/// The browser's own regular expressions cost no wasm.
#[cfg(target_arch = "wasm32")]
fn matches_pattern(pattern: &'static str, text: &str) -> bool {
    js_sys::RegExp::new(&format!("^(?:{pattern})$"), "u").test(text)
}
