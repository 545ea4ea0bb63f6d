//! The page for addresses that there are none of.

use leptos::prelude::*;
use leptos_meta::Title;

/// "There is no such page."
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Title text="No such page" />
        <section class="card empty">
            <h1>"There is no such page"</h1>
            <p>"The address may be mistyped, or the page has gone."</p>
            <a class="button primary" href="/">"To the tasks"</a>
        </section>
    }
}
