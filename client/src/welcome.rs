//! What people see who are not signed in.

use leptos::prelude::*;
use leptos_meta::Title;

/// Says what this is, and where to sign in.
#[component]
pub fn Welcome() -> impl IntoView {
    view! {
        <Title text="" />
        <section class="card welcome">
            <h1>"Tasks, projects and orders, in one place"</h1>
            <p>
                "Write it down, say how urgent it is and when it is due, and tick it off. Sign in to see what is yours."
            </p>
            <ul>
                <li>"Everybody sees the tasks of their own; an admin sees all of them."</li>
                <li>"Change a title where it stands, and save it or take it back."</li>
                <li>"Put them into projects, and say what there is to say about them."</li>
                <li>"Customers and their orders: found, added up, and as long a list as you like."</li>
                <li>"Search, sort and filter; every view has an address to share."</li>
            </ul>
            <a class="button primary wide" href="/sign-in">"Sign in"</a>
        </section>
    }
}
