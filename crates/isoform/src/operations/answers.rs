//! What the application's own functions, custom filters and prefilters, have answered to a question: each is asked once.

use std::sync::{Arc, Mutex};

use crate::Result;
use crate::context::Context;
use crate::filter::{Condition, Custom};
use crate::meta::EntityMeta;

/// The answers to a question: what is asked once more is answered the same.
#[derive(Clone, Default)]
pub(crate) struct Answers(Arc<Mutex<Vec<Answer>>>);

/// What a function has answered.
struct Answer {
    meta: &'static EntityMeta,
    asked: Asked,
    condition: Condition,
}

/// What a function was asked.
#[derive(PartialEq)]
pub(super) enum Asked {
    /// A call of a custom filter.
    Call(Custom),
    /// What a function, which is called so, makes of a condition.
    Preprocess(&'static str, Condition),
}

/// What a function has answered before in this question, or what it answers now.
pub(super) async fn once(
    context: &Context,
    meta: &'static EntityMeta,
    asked: impl FnOnce() -> Asked,
    ask: impl Future<Output = Result<Condition>>,
) -> Result<Condition> {
    let Some(Answers(answers)) = context.known() else { return ask.await };
    let asked = asked();
    let known = answers.lock().ok().and_then(|answers| {
        let same = |one: &&Answer| std::ptr::eq(one.meta, meta) && one.asked == asked;
        answers.iter().find(same).map(|one| one.condition.clone())
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let condition = ask.await?;
    if let Ok(mut answers) = answers.lock() {
        answers.push(Answer { meta, asked, condition: condition.clone() });
    }
    Ok(condition)
}
