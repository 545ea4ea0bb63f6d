//! The bar at the top: the product, who is signed in, and whether the server is there.

use isoform_leptos::{use_identity, use_online};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use shared::prelude::*;

use crate::page_state::page_state;

/// The product's name, who is signed in, and signing out.
#[component]
pub fn Header() -> impl IntoView {
    let identity = use_identity();
    view! {
        <header class="bar">
            <div class="bar-inner">
                <a class="brand" href="/">
                    <img src="/favicon.svg" alt="" width="28" height="28" />
                    "Isoform Tasks"
                </a>
                {move || identity.get().is_some().then(|| Pages().into_any())}
                {move || identity.get().map_or_else(|| Guest().into_any(), |who| who_is_in(&who).into_any())}
            </div>
        </header>
    }
}

/// The pages of whoever is signed in.
#[component]
fn Pages() -> impl IntoView {
    let location = use_location();
    let link = move |(href, label): (&'static str, &'static str)| {
        let here = move || {
            let path = location.pathname.get();
            if href == "/" { path == "/" } else { path.starts_with(href) }
        };
        view! { <a href=href aria-current=move || here().then_some("page")>{label}</a> }.into_any()
    };
    let pages = [("/", "Tasks"), ("/projects", "Projects"), ("/customers", "Customers"), ("/orders", "Orders")];
    let for_admins = [("/audit", "Audit"), ("/outbox", "Outbox")];
    let identity = use_identity();
    let admin = Memo::new(move |_| identity.has_role(ADMIN));
    view! {
        <nav class="pages" aria-label="Pages">
            {pages.map(link).into_iter().collect_view()}
            {move || admin.get().then(|| for_admins.map(link).into_iter().collect_view())}
        </nav>
    }
}

#[component]
fn Guest() -> impl IntoView {
    view! { <a class="button small" href="/sign-in">"Sign in"</a> }
}

fn who_is_in(who: &Identity) -> impl IntoView + use<> {
    let role = if who.has_role(ADMIN) { "Admin" } else { "Member" };
    let (identity, page, navigate) = (use_identity(), page_state(), use_navigate());
    let leave = move |_| {
        let navigate = navigate.clone();
        spawn_local(async move {
            match User::sign_out().await {
                Ok(()) => {
                    identity.set(None);
                    navigate("/", NavigateOptions::default());
                    page.say("You are signed out.");
                }
                Err(error) => page.say(error.message()),
            }
        });
    };
    view! {
        <div class="who">
            <p class="who-is" data-test="who">
                <span class="who-name">
                    <span class="visually-hidden">"Signed in as "</span>
                    {who.name.clone()}
                </span>
                <span class="chip role">{role}</span>
            </p>
            <button type="button" class="button small quiet" data-test="sign-out" on:click=leave>
                "Sign out"
            </button>
        </div>
    }
}

/// Says so when the server cannot be reached.
#[component]
pub fn Banner() -> impl IntoView {
    let online = use_online();
    view! {
        // The region is there from the start: only then is what comes into it read out.
        <div role="alert">
            {move || (!online.get()).then(|| away().into_any())}
        </div>
    }
}

fn away() -> impl IntoView {
    // What comes of any request is noted, and the list is asked for again once the server is back.
    let retry = move |_| {
        let api = Context::current().ok().and_then(|context| context.remote_api().cloned());
        if let Some(api) = api {
            spawn_local(async move {
                let _ = api.me().await;
            });
        }
    };
    view! {
        <div class="banner" data-test="banner">
            <div class="banner-inner">
                <p>
                    <strong>"The server cannot be reached."</strong>
                    " What you have typed stays on this page."
                </p>
                <button type="button" class="button small" data-test="retry" on:click=retry>
                    "Retry"
                </button>
            </div>
        </div>
    }
}
