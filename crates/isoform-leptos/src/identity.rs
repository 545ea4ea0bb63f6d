//! Who is signed in, as a signal.

use isoform::{Context, Entity, Identity, guard};
use leptos::prelude::*;

use crate::answer::{AsJson, Known};

/// Who is signed in, for the components below; call it in the root component.
///
/// The server writes the identity into the page, so that the browser knows it without asking, and puts it into its
/// [`Context`], so that rules which run in the browser know it too.
///
/// ```no_run
/// # use isoform_leptos::{provide_identity, use_identity};
/// # use leptos::prelude::*;
/// #[component]
/// fn App() -> impl IntoView {
///     provide_identity();
///     let identity = use_identity();
///     view! { <p>{move || identity.get().map_or_else(|| "Nobody".to_owned(), |who| who.name)}</p> }
/// }
/// # fn main() {}
/// ```
pub fn provide_identity() {
    crate::online::watch();
    // A page that was rendered without a request's context, as the one for 404, does not know: the browser asks then.
    let (known, identity) = SharedValue::<_, AsJson>::new_with_encoding(of_context).into_inner();
    let state = IdentityState(RwSignal::new(None));
    state.set(identity);
    provide_context(state);
    #[cfg(target_arch = "wasm32")]
    if !known {
        Effect::new(move || leptos::task::spawn_local(state.ask()));
    }
    #[cfg(not(target_arch = "wasm32"))]
    let _ = known;
}

#[cfg(not(target_arch = "wasm32"))]
fn of_context() -> Known {
    let context = Context::current();
    (context.is_ok(), context.ok().and_then(|context| context.identity().cloned()))
}

#[cfg(target_arch = "wasm32")]
fn of_context() -> Known {
    (false, None)
}

/// Who is signed in.
///
/// Where no component above called [`provide_identity`], it is the identity of the context, once.
#[must_use]
pub fn use_identity() -> IdentityState {
    use_context().unwrap_or_else(|| {
        let identity = Context::current().ok().and_then(|context| context.identity().cloned());
        IdentityState(RwSignal::new(identity))
    })
}

/// Who is signed in, followed where a component above knows; without a page or a context nobody is.
pub(crate) fn asking() -> Option<Identity> {
    match use_context::<IdentityState>() {
        Some(state) => state.0.try_get().flatten(),
        None => Context::current().ok().and_then(|context| context.identity().cloned()),
    }
}

/// What [`use_identity`] answers; a handle that can be copied.
#[derive(Clone, Copy, Debug)]
pub struct IdentityState(RwSignal<Option<Identity>>);

impl IdentityState {
    /// Who is signed in.
    #[must_use]
    pub fn get(self) -> Option<Identity> {
        self.0.get()
    }

    /// Who is signed in, without following changes.
    #[must_use]
    pub fn get_untracked(self) -> Option<Identity> {
        self.0.get_untracked()
    }

    /// Is somebody signed in who has this role?
    #[must_use]
    pub fn has_role(self, role: &str) -> bool {
        self.0.with(|identity| identity.as_ref().is_some_and(|who| who.has_role(role)))
    }

    /// May whoever is signed in see rows of an entity? `identity.can_read::<Task>()`. Advice, as the server asks again.
    #[must_use]
    pub fn can_read<E: Entity>(self) -> bool {
        self.0.with(|identity| guard::read(E::meta(), identity.as_ref()).is_ok())
    }

    /// May whoever is signed in add rows to an entity? Advice, as the server asks again.
    #[must_use]
    pub fn can_insert<E: Entity>(self) -> bool {
        self.0.with(|identity| guard::write(E::meta(), identity.as_ref(), guard::Write::Insert).is_ok())
    }

    /// Says who is signed in: call it after signing in or out. Queries ask again.
    pub fn set(self, identity: Option<Identity>) {
        #[cfg(target_arch = "wasm32")]
        if let Ok(context) = Context::current() {
            context.with_identity(identity.clone()).set_current();
        }
        if self.0.with_untracked(|before| *before != identity) {
            self.0.set(identity);
        }
    }

    /// Asks the server who is signed in. Where it cannot be reached, what was known stays.
    #[cfg(target_arch = "wasm32")]
    async fn ask(self) {
        let remote = Context::current().ok().and_then(|context| context.remote_api().cloned());
        if let Some(remote) = remote
            && let Ok(identity) = remote.me().await
        {
            self.set(identity);
        }
    }
}
