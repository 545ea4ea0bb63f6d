//! What the application's own functions, custom filters and prefilters, have answered to a question: each is asked once.

use std::sync::{Arc, Mutex};

use crate::Result;
use crate::filter::{Condition, Custom};
use crate::future::BoxFuture;
use crate::meta::EntityMeta;

/// The answers to a question: what is asked once more is answered the same.
#[derive(Clone, Default)]
pub(super) struct Answers(Arc<Mutex<Vec<Answer>>>);

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

tokio::task_local! {
    /// Those of the question that is asked.
    static ANSWERS: Option<Answers>;
}

impl Answers {
    /// Does something that knows them and adds to them.
    pub fn during<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        ANSWERS.scope(Some(self.clone()), work)
    }

    fn current() -> Option<Self> {
        ANSWERS.try_with(Option::clone).ok().flatten()
    }
}

/// Does something that knows no answers: what handlers and other functions of the application ask is asked anew.
pub(super) fn unknowing<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    ANSWERS.scope(None, work)
}

/// Asks a question in which each custom filter runs once, however often it is called with the same arguments.
pub(super) fn each_call_once<'a, T: Send + 'a>(
    question: impl Future<Output = Result<T>> + Send + 'a,
) -> BoxFuture<'a, Result<T>> {
    // The question of an operation that has handlers is guarded twice.
    match Answers::current() {
        Some(_) => Box::pin(question),
        None => Box::pin(Answers::default().during(question)),
    }
}

/// What a function has answered before in this question, or what it answers now.
pub(super) async fn once(
    meta: &'static EntityMeta,
    asked: impl FnOnce() -> Asked,
    ask: impl Future<Output = Result<Condition>>,
) -> Result<Condition> {
    let Some(Answers(answers)) = Answers::current() else { return ask.await };
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
