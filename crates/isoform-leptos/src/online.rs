//! Whether the server could be reached at the last try.

use leptos::prelude::*;

/// Could the server be reached at the last try? On the server itself always.
///
/// Every request of the page counts, also those of backend methods. While the server is away the browser tries again
/// every few seconds.
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

#[cfg(target_arch = "wasm32")]
mod browser {
    use std::cell::Cell;
    use std::sync::Arc;
    use std::time::Duration;

    use isoform::future::BoxFuture;
    use isoform::remote::{Request, Response, Transport};
    use isoform::{Context, Result};
    use leptos::prelude::*;

    thread_local! {
        static ONLINE: ArcRwSignal<bool> = ArcRwSignal::new(true);
        static WATCHED: Cell<bool> = const { Cell::new(false) };
        static TRYING: Cell<bool> = const { Cell::new(false) };
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
        }
        if !reached && !TRYING.replace(true) {
            set_timeout(try_again, Duration::from_secs(5));
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
