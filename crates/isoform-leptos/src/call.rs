//! Calls that are about no record: static backend methods.

use isoform::{Error, Result};
use leptos::prelude::*;

use crate::online::until_back;

/// Calls of static backend methods, one at a time: whether one is under way, and what went wrong with the last one.
///
/// A button that is pressed again meanwhile sends nothing, so it need not be disabled: that would take the focus of the keyboard from it.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # use isoform_leptos::use_call;
/// # use leptos::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String }
/// # #[backend]
/// # impl Task {
/// #     #[allowed("admin")]
/// #     pub async fn set_all(completed: bool) -> Result<u64> { Ok(u64::from(completed)) }
/// # }
/// # #[component]
/// # fn CompleteAll() -> impl IntoView {
/// let (call, changed) = (use_call(), RwSignal::new(0));
/// view! {
///     <button
///         aria-busy=move || call.pending().to_string()
///         on:click=move |_| call.run(Task::set_all(true), move |count| changed.set(count))
///     >
///         "Complete all"
///     </button>
///     {move || call.error().map(|error| view! { <p role="alert">{error.message().to_owned()}</p> })}
/// }
/// # }
/// ```
#[must_use]
pub fn use_call() -> CallState {
    CallState { pending: RwSignal::new(false), error: RwSignal::new(None) }
}

/// What [`use_call`] answers; a handle that can be copied.
#[derive(Clone, Copy, Debug)]
pub struct CallState {
    pending: RwSignal<bool>,
    error: RwSignal<Option<Error>>,
}

impl CallState {
    /// Is a call under way?
    #[must_use]
    pub fn pending(self) -> bool {
        self.pending.get()
    }

    /// What went wrong at the last call.
    #[must_use]
    pub fn error(self) -> Option<Error> {
        self.error.get()
    }

    /// Sends a call, and then does something with its answer. While one is under way a second one is not sent.
    pub fn run<R: 'static>(self, call: impl Future<Output = Result<R>> + 'static, then: impl FnOnce(R) + 'static) {
        if self.begin() {
            leptos::task::spawn_local(async move {
                if let Some(answer) = self.end(call.await) {
                    then(answer);
                }
            });
        }
    }

    fn begin(self) -> bool {
        if self.pending.try_get_untracked() != Some(false) {
            return false;
        }
        self.error.set(None);
        self.pending.set(true);
        true
    }

    /// What was answered; none where it is an error, or the page is gone.
    fn end<R>(self, answer: Result<R>) -> Option<R> {
        self.pending.try_set(false).is_none().then_some(())?;
        let failed = |error| {
            self.error.set(Some(error));
            until_back(self.error);
        };
        answer.map_err(failed).ok()
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn one_call_at_a_time_is_under_way() {
        Owner::new().with(|| {
            let call = use_call();
            assert!(call.begin() && call.pending() && !call.begin(), "a second click sends nothing");
            assert_eq!(call.end(Err::<i32, _>(Error::invalid("no"))), None);
            assert_eq!((call.pending(), call.error()), (false, Some(Error::invalid("no"))));
            assert!(call.begin() && call.error().is_none());
            assert_eq!((call.end(Ok(3)), call.pending()), (Some(3), false));
        });
    }
}
