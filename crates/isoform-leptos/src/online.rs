//! Whether the server could be reached at the last try.

use isoform::Error;
use leptos::prelude::*;

/// Could the server be reached at the last try? On the server itself always.
///
/// Every request of the page counts, also those of backend methods. While the server is away the browser tries again
/// every few seconds. Once it is back, records and calls no longer say that it could not be reached.
///
/// ```no_run
/// # use isoform_leptos::use_online;
/// # use leptos::prelude::*;
/// # #[component]
/// # fn Banner() -> impl IntoView {
/// let online = use_online();
/// view! { <Show when=move || !online.get()><p role="alert">"The server cannot be reached."</p></Show> }
/// # }
/// ```
#[must_use]
pub fn use_online() -> Signal<bool> {
    watch();
    #[cfg(target_arch = "wasm32")]
    {
        let online = browser::online();
        Signal::derive(move || online.get())
    }
    #[cfg(not(target_arch = "wasm32"))]
    Signal::stored(true)
}

/// Watches the page's requests from now on.
pub(crate) fn watch() {
    #[cfg(target_arch = "wasm32")]
    browser::watch();
}

/// That the server cannot be reached is forgotten once it can.
pub(crate) fn until_back(error: RwSignal<Option<Error>>) {
    #[cfg(target_arch = "wasm32")]
    browser::until_back(error);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = error;
}

#[cfg(target_arch = "wasm32")]
mod browser {
    use std::cell::{Cell, RefCell};
    use std::sync::Arc;
    use std::time::Duration;

    use isoform::future::BoxFuture;
    use isoform::remote::{Request, Response, Transport};
    use isoform::{Context, Error, Result};
    use leptos::prelude::*;

    thread_local! {
        static ONLINE: ArcRwSignal<bool> = ArcRwSignal::new(true);
        static WATCHED: Cell<bool> = const { Cell::new(false) };
        static TRYING: Cell<bool> = const { Cell::new(false) };
        /// Where it may be said that the server is away.
        static SAID: RefCell<Vec<RwSignal<Option<Error>>>> = const { RefCell::new(Vec::new()) };
    }

    pub fn online() -> ArcRwSignal<bool> {
        ONLINE.with(Clone::clone)
    }

    pub fn watch() {
        if WATCHED.replace(true) {
            return;
        }
        if let Ok(context) = Context::current()
            && let Some(remote) = context.remote_api()
        {
            let watched = remote.clone().wrapped(|transport| Arc::new(Watched(transport)));
            Context::over(watched).with_identity(context.identity().cloned()).set_current();
        }
    }

    struct Watched(Arc<dyn Transport>);

    impl Transport for Watched {
        fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
            let again = request.again;
            let answer = self.0.send(request);
            Box::pin(async move {
                let answer = answer.await;
                // A proxy that answers for a server which is away says so by these.
                let reached = answer.as_ref().is_ok_and(|response| !(502..=504).contains(&response.status));
                // What is under way still may arrive: nothing is said before it is given up.
                if reached || answer.is_ok() || !again {
                    note(reached);
                }
                answer
            })
        }
    }

    fn note(reached: bool) {
        let online = online();
        if online.get_untracked() != reached {
            online.set(reached);
            if reached {
                SAID.take().into_iter().for_each(forget);
            }
        }
        if !reached && !TRYING.replace(true) {
            set_timeout(try_again, Duration::from_secs(5));
        }
    }

    pub fn until_back(error: RwSignal<Option<Error>>) {
        if !online().get_untracked() {
            SAID.with_borrow_mut(|said| said.push(error));
        }
    }

    fn forget(error: RwSignal<Option<Error>>) {
        // With a code it says something else: that a statement took too long.
        let away = |error: &Option<Error>| error.as_ref().is_some_and(|e| e.is_unavailable() && e.code().is_none());
        if error.try_with_untracked(away) == Some(true) {
            error.set(None);
        }
    }

    fn try_again() {
        TRYING.set(false);
        leptos::task::spawn_local(async {
            let remote = Context::current().ok().and_then(|context| context.remote_api().cloned());
            if let Some(remote) = remote {
                // The transport notes what comes of it.
                let _ = remote.me().await;
            }
        });
    }
}
