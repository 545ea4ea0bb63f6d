//! How requests are answered: in the language of whoever asks, and with errors that the application has seen.

use std::sync::Arc;

use http::{HeaderMap, header};
use isoform::validate::Messages;
use isoform::{Context, ErrorHook, Identity};

/// The claim of an identity that says which language it reads.
const LANGUAGE: &str = "language";

/// What an application says about answers.
#[derive(Default)]
pub(crate) struct Answers {
    pub messages: Vec<Arc<Messages>>,
    pub on_error: Option<ErrorHook>,
}

impl Answers {
    /// The context of a request, which knows both.
    pub fn within(&self, context: Context, headers: &HeaderMap) -> Context {
        let context = match &self.on_error {
            Some(hook) => context.with_error_hook(hook.clone()),
            None => context,
        };
        if self.messages.is_empty() {
            return context;
        }
        let messages = self.in_language(context.identity(), headers).cloned();
        context.with_messages(messages)
    }

    fn in_language(&self, identity: Option<&Identity>, headers: &HeaderMap) -> Option<&Arc<Messages>> {
        let claimed = identity.and_then(|who| who.claims.get(LANGUAGE)?.as_str());
        if let Some(language) = claimed {
            // Whoever has said what they read is not asked what their browser does.
            return self.named(language);
        }
        let accepted = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
        let mut wanted: Vec<_> = accepted.split(',').take(20).filter_map(weighed).collect();
        // The sort keeps the order of those that are equally welcome.
        wanted.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        for (language, _) in wanted {
            if is_english(language) {
                return self.named(language);
            }
            if let Some(messages) = self.named(language) {
                return Some(messages);
            }
        }
        None
    }

    /// The messages in a language, or in what it is a kind of: `de` for `de-AT`.
    fn named(&self, language: &str) -> Option<&Arc<Messages>> {
        let find = |name: &str| self.messages.iter().find(|one| one.language().eq_ignore_ascii_case(name));
        find(language).or_else(|| find(language.split('-').next()?))
    }
}

/// English needs no table.
fn is_english(language: &str) -> bool {
    language.split('-').next().is_some_and(|first| first.eq_ignore_ascii_case("en"))
}

/// `de-AT;q=0.8`: a language, and how welcome it is.
fn weighed(part: &str) -> Option<(&str, f32)> {
    let mut pieces = part.split(';');
    let language = pieces.next()?.trim();
    let weight = pieces.find_map(|piece| piece.trim().strip_prefix("q=")).map_or(Some(1.0), |q| q.trim().parse().ok());
    let weight: f32 = weight.unwrap_or(0.0);
    (!language.is_empty() && weight > 0.0).then_some((language, weight))
}
