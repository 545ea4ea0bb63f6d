//! Signing in.

use isoform_leptos::use_identity;
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use shared::prelude::*;

/// The form to sign in with; afterwards it goes to the tasks.
#[component]
pub fn SignIn() -> impl IntoView {
    let (identity, navigate) = (use_identity(), use_navigate());
    let (name, password) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let (error, pending) = (RwSignal::new(None::<String>), RwSignal::new(false));
    // Nobody answers the form before the page is hydrated; and a password must not go into an address.
    let ready = RwSignal::new(false);
    Effect::new(move || {
        ready.set(true);
        if let Some(name) = name.get() {
            let _ = name.focus();
        }
    });

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (Some(name), Some(password)) = (name.get(), password.get()) else { return };
        if pending.get_untracked() {
            return;
        }
        if name.value().trim().is_empty() || password.value().is_empty() {
            error.set(Some("Enter your name and your password.".into()));
            let _ = if name.value().trim().is_empty() { name.focus() } else { password.focus() };
            return;
        }
        pending.set(true);
        let navigate = navigate.clone();
        spawn_local(async move {
            let answer = User::sign_in(name.value().trim().to_owned(), password.value()).await;
            pending.set(false);
            match answer {
                Ok(who) => {
                    error.set(None);
                    identity.set(Some(who));
                    navigate("/", NavigateOptions { replace: true, ..NavigateOptions::default() });
                }
                Err(refused) => {
                    error.set(Some(refused.message().to_owned()));
                    if refused.is_unauthenticated() {
                        password.set_value("");
                        let _ = password.focus();
                    }
                }
            }
        });
    };
    let wrong = move || error.with(Option::is_some).to_string();

    view! {
        <Title text="Sign in" />
        <section class="card sheet">
            <h1>"Sign in"</h1>
            <form method="post" novalidate on:submit=submit aria-describedby="sign-in-error">
                <div class="field">
                    <label for="name">"Name"</label>
                    <input
                        id="name" name="name" type="text" autocomplete="username" autocapitalize="none" spellcheck="false"
                        required aria-invalid=wrong data-test="sign-in-name" node_ref=name
                    />
                </div>
                <div class="field">
                    <label for="password">"Password"</label>
                    <input
                        id="password" name="password" type="password" autocomplete="current-password"
                        required aria-invalid=wrong data-test="sign-in-password" node_ref=password
                    />
                </div>
                <div role="alert" id="sign-in-error">
                    {move || error.get().map(|text| view! { <p class="form-error" data-test="sign-in-error">{text}</p> }.into_any())}
                </div>
                <button
                    type="submit" class="button primary" data-test="sign-in"
                    disabled=move || !ready.get() aria-busy=move || pending.get().to_string()
                >
                    {move || if pending.get() { "Signing in…" } else { "Sign in" }.to_owned()}
                </button>
            </form>
            <p class="field-help">"The server prints the two demonstration users and their passwords when it first starts in development."</p>
        </section>
    }
}
