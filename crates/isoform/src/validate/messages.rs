//! What validators say, in the language of whoever reads it.

use std::fmt::Display;

/// What a validator says where it has no message of its own.
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
    /// A message of the application's own, as it is written where it is said: by a validator, or by a hook.
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
            Self::Own(text) => text,
        }
    }
}

/// The messages of validators in a language. What is not among them is said in English.
///
/// A message is the end of a sentence that begins with the field's label. `{min}` and `{max}` stand for the limits of `len` and `range`, `{pattern}`
/// and `{values}` for what `pattern` and `one_of` want; messages of one's own know them too.
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
        self.texts.iter().find(|(one, _)| *one == message).map(|(_, text)| *text)
    }

    fn own(&self, said: &str) -> Option<&'static str> {
        self.texts.iter().find(|(one, _)| matches!(one, Message::Own(text) if *text == said)).map(|(_, text)| *text)
    }

    /// Makes these the messages of the page.
    #[cfg(target_arch = "wasm32")]
    pub fn set_current(self) {
        CURRENT.set(Some(self));
    }
}

#[cfg(target_arch = "wasm32")]
thread_local! {
    static CURRENT: std::cell::RefCell<Option<Messages>> = const { std::cell::RefCell::new(None) };
}

#[cfg(target_arch = "wasm32")]
fn current<T>(look: impl FnOnce(&Messages) -> Option<T>) -> Option<T> {
    CURRENT.with_borrow(|messages| look(messages.as_ref()?))
}

#[cfg(not(target_arch = "wasm32"))]
fn current<T>(look: impl FnOnce(&Messages) -> Option<T>) -> Option<T> {
    look(crate::Context::current().ok()?.messages()?)
}

/// A message in the language of whoever asks, without anything in its placeholders.
#[must_use]
pub fn said(message: Message) -> &'static str {
    current(|messages| messages.get(message)).unwrap_or_else(|| message.english())
}

/// A message of the application's own, in the language of whoever asks.
pub(crate) fn own(said: String) -> String {
    current(|messages| messages.own(&said)).map_or(said, str::to_owned)
}

/// What a validator says, by a message of its own or the usual one, with what stands for its placeholders.
#[cold]
pub(super) fn filled(own: Option<&'static str>, message: Message, parts: &[(&str, &dyn Display)]) -> String {
    let mut text = said(own.map_or(message, Message::Own)).to_owned();
    for (name, part) in parts {
        if text.contains(name) {
            text = text.replace(name, &part.to_string());
        }
    }
    text
}
