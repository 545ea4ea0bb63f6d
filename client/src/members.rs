//! Pages for people who are signed in.

use isoform_leptos::{set_status, use_identity, use_online};
use leptos::prelude::*;
use leptos_meta::Title;
use shared::prelude::{ADMIN, Error};

use crate::listing::only_word;
use crate::page_state::page_state;
use crate::welcome::Welcome;

/// A page for whoever is signed in; everybody else is welcomed.
pub fn for_members(page: fn() -> AnyView) -> AnyView {
    let identity = use_identity();
    let signed_in = Memo::new(move |_| identity.get().is_some());
    view! { {move || if signed_in.get() { page() } else { Welcome().into_any() }} }.into_any()
}

/// A page for admins; members are told so.
pub fn for_admins(page: fn() -> AnyView) -> AnyView {
    let identity = use_identity();
    let may_see = Memo::new(move |_| identity.get().map(|who| who.has_role(ADMIN)));
    let instead = || {
        set_status(403);
        let tasks = view! { <a class="button" href="/">"To your tasks"</a> };
        view! {
            <Title text="For admins" />
            {only_word("This page is for admins", "Sign in as one to see it.", Some(tasks.into_any()))}
        }
        .into_any()
    };
    let shown = move || match may_see.get() {
        Some(true) => page(),
        Some(false) => instead(),
        None => Welcome().into_any(),
    };
    view! { {shown} }.into_any()
}

/// Asks again for what a page shows: after a change, and once the server is back.
pub fn keep_fresh(ask: impl Fn() + Send + Sync + 'static) {
    let (page, online) = (page_state(), use_online());
    Effect::new(move |before: Option<()>| {
        page.track_changes();
        // The first time what the server rendered is new enough; while it is away nothing comes of asking.
        if online.get() && before.is_some() {
            ask();
        }
    });
}

/// Where a session has ended, the page says so.
pub fn notice_sign_out(error: impl Fn() -> Option<Error> + Send + Sync + 'static) {
    let (page, identity) = (page_state(), use_identity());
    Effect::new(move || {
        if error().is_some_and(|error| error.is_unauthenticated()) && identity.get_untracked().is_some() {
            identity.set(None);
            page.say("You are no longer signed in.");
        }
    });
}
