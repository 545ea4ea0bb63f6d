//! What is said of fields, in the language of whoever reads it.

use std::fmt::Display;

/// What is said of a field: by a validator that has no message of its own, and by what keeps its value readable and storable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// `required`: "is required"
    Required,
    /// `not_null`: "must be given"
    NotNull,
    /// `len`: "must have at least {min} characters"
    MinLength,
    /// `len`: "must have at most {max} characters"
    MaxLength,
    /// `range`: "must be at least {min}"
    Min,
    /// `range`: "must be at most {max}"
    Max,
    /// `email`: "must be an e-mail address such as ann@example.org"
    Email,
    /// `url`: "must be an address such as `https://example.org`"
    Url,
    /// `pattern`: "must match {pattern}"
    Pattern,
    /// `one_of`: "must be one of {values}"
    OneOf,
    /// `unique`: "already exists"
    Unique,
    /// `unique`, where several fields are so together: "already exists together with the others"
    UniqueTogether,
    /// `exists` of a relation: "does not exist"
    Exists,
    /// A part of an id: "must not contain a comma: it is a part of the id"
    PartOfId,
    /// Of a field that is null and cannot be: "must not be null"
    Null,
    /// Of a part of an id: "must not be empty"
    Empty,
    /// Of a `Lazy` field of a new record: "is not loaded"
    NotLoaded,
    /// Of a date or time: "must be in the years 0 to 9999"
    Years,
    /// Of an `f64`: "must be a finite number"
    Finite,
    /// Of a text: "must not contain the NUL character"
    Nul,
    /// Of a `Json<T>`: "does not fit: {problem}"
    Json,
    /// Of a list: "{problem} (item {item})"
    Item,
    /// Of a foreign key: "names a row that is not there"
    NoRow,
    /// Any other message by its English text, as it is written where it is said: by a validator, by a hook, or by the type of a value
    /// ("must be a whole number").
    Own(&'static str),
}

impl Message {
    /// What it is in English.
    #[must_use]
    pub const fn english(self) -> &'static str {
        match self {
            Self::Required => "is required",
            Self::NotNull => "must be given",
            Self::MinLength => "must have at least {min} {characters}",
            Self::MaxLength => "must have at most {max} {characters}",
            Self::Min => "must be at least {min}",
            Self::Max => "must be at most {max}",
            Self::Email => "must be an e-mail address such as ann@example.org",
            Self::Url => "must be an address such as https://example.org",
            Self::Pattern => "must match {pattern}",
            Self::OneOf => "must be one of {values}",
            Self::Unique => "already exists",
            Self::UniqueTogether => "already exists together with the others",
            Self::Exists => "does not exist",
            Self::PartOfId => "must not contain a comma: it is a part of the id",
            Self::Null => "must not be null",
            Self::Empty => "must not be empty",
            Self::NotLoaded => "is not loaded",
            Self::Years => "must be in the years 0 to 9999",
            Self::Finite => "must be a finite number",
            Self::Nul => "must not contain the NUL character",
            Self::Json => "does not fit: {problem}",
            Self::Item => "{problem} (item {item})",
            Self::NoRow => "names a row that is not there",
            Self::Own(text) => text,
        }
    }
}

/// What is said of fields in a language. What is not among them is said in English.
///
/// A message is the end of a sentence that begins with the field's label. `{min}` and `{max}` stand for the limits of `len` and `range`, `{pattern}`
/// and `{values}` for what `pattern` and `one_of` want (and of an enum for what it knows); messages of one's own know them too. A table is looked
/// into by the English text: `Message::Own("is required")` is `Message::Required`.
///
/// On the server `Api::messages` takes one for each language, and each request is answered in the one that its sender reads: their
/// identity's claim `language`, or the header `Accept-Language`. In the browser there is one for the page: `Messages::set_current`.
///
/// ```
/// use isoform::validate::{Message, Messages};
/// let german = Messages::new("de")
///     .set(Message::Required, "fehlt")
///     .set(Message::MinLength, "muss mindestens {min} Zeichen haben")
///     .set(Message::Own("is a question"), "ist eine Frage");
/// assert_eq!(german.get(Message::Required), Some("fehlt"));
/// assert_eq!(german.get(Message::Email), None);
/// assert_eq!(german.get(Message::Own("is required")), Some("fehlt"));
/// ```
#[derive(Clone, Debug)]
pub struct Messages {
    language: &'static str,
    texts: Vec<(Message, &'static str)>,
}

impl Messages {
    /// A table without any message yet. The language is named as in HTTP: `de`, or `de-AT`.
    #[must_use]
    pub const fn new(language: &'static str) -> Self {
        Self { language, texts: Vec::new() }
    }

    /// Says what a message is in this language.
    #[must_use]
    pub fn set(mut self, message: Message, text: &'static str) -> Self {
        self.texts.insert(0, (message, text));
        self
    }

    /// The language.
    #[must_use]
    pub const fn language(&self) -> &'static str {
        self.language
    }

    /// A message in this language.
    #[must_use]
    pub fn get(&self, message: Message) -> Option<&'static str> {
        self.of(message.english())
    }

    /// What an English text is in this language.
    fn of(&self, english: &str) -> Option<&'static str> {
        self.texts.iter().find(|(one, _)| one.english() == english).map(|(_, text)| *text)
    }

    /// An error of the application's own in this language.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn translated(&self, error: crate::Error) -> crate::Error {
        let say = |english: &str| self.of(english).unwrap_or(english).to_owned();
        let fields = error.fields().iter().map(|(wire, text)| (wire.clone(), say(text))).collect();
        let message = say(error.message());
        error.with_message(message).with_fields(fields)
    }

    /// Makes these the messages of the page.
    #[cfg(any(target_arch = "wasm32", test))]
    pub fn set_current(self) {
        CURRENT.set(Some(self));
    }
}

#[cfg(any(target_arch = "wasm32", test))]
thread_local! {
    static CURRENT: std::cell::RefCell<Option<Messages>> = const { std::cell::RefCell::new(None) };
}

#[cfg(any(target_arch = "wasm32", test))]
fn of_page<T>(look: impl Fn(&Messages) -> Option<T>) -> Option<T> {
    CURRENT.with_borrow(|messages| look(messages.as_ref()?))
}

#[cfg(target_arch = "wasm32")]
use of_page as current;

#[cfg(not(target_arch = "wasm32"))]
fn current<T>(look: impl Fn(&Messages) -> Option<T>) -> Option<T> {
    // A test can be a page.
    #[cfg(test)]
    if let Some(said) = of_page(&look) {
        return Some(said);
    }
    look(crate::Context::current().ok()?.messages()?)
}

/// A message in the language of whoever asks, without anything in its placeholders.
#[must_use]
pub fn said(message: Message) -> &'static str {
    current(|messages| messages.get(message)).unwrap_or_else(|| message.english())
}

/// A message by its English text, in the language of whoever asks.
#[must_use]
pub fn own(said: String) -> String {
    current(|messages| messages.of(&said)).map_or(said, str::to_owned)
}

/// An error of the application's own with its message, and what it says of fields, in the language of whoever asks.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn translated(error: crate::Error) -> crate::Error {
    current(|messages| Some(messages.translated(error.clone()))).unwrap_or(error)
}

/// What a validator says, by a message of its own or the usual one, with what stands for its placeholders.
#[cold]
pub(crate) fn filled(own: Option<&'static str>, message: Message, parts: &[(&str, &dyn Display)]) -> String {
    let mut text = said(own.map_or(message, Message::Own)).to_owned();
    for (name, part) in parts {
        if text.contains(name) {
            text = text.replace(name, &part.to_string());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Message, Messages, own, said};
    use crate::validate::storable;
    use crate::value::{FieldType, Value, ValueError};

    #[test]
    fn a_page_has_one_table_for_all_that_is_said_in_it() {
        let nul = Value::Text("\0".into());
        assert_eq!(storable(&nul), Err("must not contain the NUL character".into()));
        let french = Messages::new("fr").set(Message::Required, "est requis").set(Message::Max, "au plus {max}");
        french.set_current();
        assert_eq!((said(Message::Required), said(Message::Max)), ("est requis", "au plus {max}"));
        let german = Messages::new("de")
            .set(Message::Required, "fehlt")
            .set(Message::Nul, "hat ein NUL")
            .set(Message::Own("must be true or false"), "ist ja oder nein");
        german.set_current();
        assert_eq!((said(Message::Required), own("is required".into())), ("fehlt", "fehlt".to_owned()));
        assert_eq!(storable(&nul), Err("hat ein NUL".into()));
        assert_eq!(own(ValueError::expected(FieldType::Bool).0), "ist ja oder nein");
        // The last one is the page's, and what it does not have is English.
        assert_eq!((said(Message::Max), own("is rude".into())), ("must be at most {max}", "is rude".to_owned()));
    }
}
