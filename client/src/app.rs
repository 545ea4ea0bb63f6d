//! The frame of every page, and the routes.

use isoform_leptos::provide_identity;
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{SsrMode, path};

use crate::audit_page::AuditPage;
use crate::customers_page::CustomersPage;
use crate::header::{Banner, Header};
use crate::members::{for_admins, for_members};
use crate::not_found::NotFound;
use crate::orders_page::OrdersPage;
use crate::outbox_page::OutboxPage;
use crate::page_state::{Notice, provide_page_state};
use crate::project_page::ProjectPage;
use crate::projects_page::ProjectsPage;
use crate::sign_in::SignInPage;
use crate::tasks_page::TasksPage;

/// The application.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_identity();
    provide_page_state();
    Effect::new(|| {
        // For people who style or test the page: from here on it answers.
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-hydrated", "true");
        }
    });
    view! {
        <Title formatter=|page: String| if page.is_empty() { "Isoform Tasks".into() } else { format!("{page} · Isoform Tasks") } />
        <Router>
            <a class="skip" href="#main" rel="external">"Skip to the content"</a>
            <Header />
            <Banner />
            <main class="page" id="main" tabindex="-1">
                <FlatRoutes fallback=NotFound>
                    // Rendered whole before it is sent: it can be read before, and without, any script.
                    <Route path=path!("/") view=|| for_members(|| TasksPage().into_any()) ssr=SsrMode::Async />
                    <Route path=path!("/projects") view=|| for_members(|| ProjectsPage().into_any()) ssr=SsrMode::Async />
                    <Route path=path!("/projects/:id") view=|| for_members(|| ProjectPage().into_any()) ssr=SsrMode::Async />
                    <Route path=path!("/customers") view=|| for_members(|| CustomersPage().into_any()) ssr=SsrMode::Async />
                    <Route path=path!("/orders") view=|| for_members(|| OrdersPage().into_any()) ssr=SsrMode::Async />
                    <Route path=path!("/audit") view=|| for_admins(|| AuditPage().into_any()) ssr=SsrMode::Async />
                    <Route path=path!("/outbox") view=|| for_admins(|| OutboxPage().into_any()) ssr=SsrMode::Async />
                    <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async />
                </FlatRoutes>
            </main>
            <Notice />
        </Router>
    }
}
