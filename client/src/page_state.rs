//! What the parts of a page share.

use std::sync::Arc;
use std::time::Duration;

use isoform_leptos::RecordSignal;
use leptos::prelude::*;
use shared::prelude::*;

use crate::dates;

/// How long a notice stands.
const NOTICE_TIME: Duration = Duration::from_secs(6);

/// What the parts of a page share; found with [`page_state`].
#[derive(Clone, Copy)]
pub struct PageState {
    /// A short word about what has just happened; shown, and read out.
    notice: RwSignal<String>,
    /// How many notices there were: an old one's timer leaves a newer notice alone.
    notices: StoredValue<u32>,
    /// Counts what changed the list: queries that read it ask the server anew.
    changes: RwSignal<u32>,
    /// Today, where the user is.
    today: RwSignal<NaiveDate>,
    /// What is about to be deleted, if the user says yes.
    pub doomed: RwSignal<Option<Doomed>>,
    /// The order that has just been begun: the cursor is to go into it.
    pub begun: RwSignal<Option<Uuid>>,
}

/// What is about to be deleted.
#[derive(Clone)]
pub struct Doomed {
    /// What it is: "task".
    pub what: &'static str,
    /// What it is called.
    pub name: String,
    /// What else is to be known before.
    pub also: &'static str,
    /// Deletes it, and then does something, told whether it is gone.
    pub delete: Arc<Delete>,
}

/// Deletes a record, and then does something, told whether it is gone.
type Delete = dyn Fn(Box<dyn FnOnce(bool)>) + Send + Sync;

impl Doomed {
    /// A record that is about to be deleted.
    pub fn new<E: Stored>(record: RecordSignal<E>, what: &'static str, name: String, also: &'static str) -> Self {
        Self { what, name, also, delete: Arc::new(move |then| record.delete_then(then)) }
    }
}

impl PageState {
    /// Says what has happened.
    pub fn say(self, what: impl Into<String>) {
        self.notice.set(what.into());
        self.notices.update_value(|count| *count += 1);
        let now = self.notices.get_value();
        let clear = move || {
            if self.notices.try_get_value() == Some(now) {
                self.notice.set(String::new());
            }
        };
        set_timeout(clear, NOTICE_TIME);
    }

    /// Says that the list is no longer what the server would answer.
    pub fn refresh(self) {
        self.changes.update(|count| *count += 1);
    }

    /// Whoever calls this in a query asks anew after each [`PageState::refresh`].
    pub fn track_changes(self) {
        self.changes.track();
    }

    /// Today, where the user is.
    pub fn today(self) -> NaiveDate {
        self.today.get()
    }
}

/// Makes the state that [`page_state`] finds.
pub fn provide_page_state() {
    let state = PageState {
        notice: RwSignal::default(),
        notices: StoredValue::new(0),
        changes: RwSignal::new(0),
        today: RwSignal::new(dates::today_in_utc()),
        doomed: RwSignal::new(None),
        begun: RwSignal::new(None),
    };
    // The server does not know where the user is: the browser corrects it.
    Effect::new(move || {
        let here = dates::today_here();
        if state.today.get_untracked() != here {
            state.today.set(here);
        }
    });
    provide_context(state);
}

/// What the parts of the page share.
pub fn page_state() -> PageState {
    expect_context()
}

/// The short word at the bottom of the window.
#[component]
pub fn Notice() -> impl IntoView {
    let notice = page_state().notice;
    view! {
        <div class="notice" role="status" aria-live="polite" data-test="notice">
            {move || Some(notice.get()).filter(|text| !text.is_empty()).map(|text| view! { <p>{text}</p> }.into_any())}
        </div>
    }
}
