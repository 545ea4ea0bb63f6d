//! Signing in.

use isoform_leptos::{ControllerForm, TextField, focus, use_controller, use_identity};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use shared::prelude::*;

/// The form to sign in with; afterwards it goes to the tasks.
#[component]
pub fn SignInPage() -> impl IntoView {
    let (identity, navigate) = (use_identity(), use_navigate());
    let form = use_controller::<SignIn>();
    // Nobody answers the form before the page is hydrated.
    let ready = RwSignal::new(false);
    Effect::new(move || ready.set(true));
    // Whoever was refused types the password anew.
    Effect::new(move || {
        if form.error().is_some_and(|error| error.is_unauthenticated()) {
            let password = form.field(|f| f.password);
            password.set(String::new());
            focus(&password.any().input_id());
        }
    });

    let submit = move |()| {
        let navigate = navigate.clone();
        form.call_then(
            async |f| f.sign_in().await,
            move |who| {
                identity.set(Some(who));
                navigate("/", NavigateOptions { replace: true, ..NavigateOptions::default() });
            },
        );
    };

    view! {
        <Title text="Sign in" />
        <section class="card sheet">
            <h1>"Sign in"</h1>
            <ControllerForm of=form on_submit=submit attr:autocapitalize="none" attr:spellcheck="false">
                <TextField of=form.field(|f| f.name) autocomplete="username" autofocus=true />
                <TextField of=form.field(|f| f.password) autocomplete="current-password" />
                <button
                    type="submit" class="button primary" data-test="sign-in"
                    disabled=move || !ready.get() aria-busy=move || form.pending().to_string()
                >
                    {move || if form.pending() { "Signing in…" } else { "Sign in" }.to_owned()}
                </button>
            </ControllerForm>
            <p class="field-help">"The server prints the two demonstration users and their passwords when it first starts in development."</p>
        </section>
    }
}
