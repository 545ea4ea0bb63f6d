//! `isoform` in Leptos: queries, records and forms as signals and components, rendered on the server and taken over
//! in the browser.
//!
//! ```no_run
//! use isoform_leptos::prelude::*;
//!
//! # #[derive(Entity, Clone, Debug, PartialEq)]
//! # #[entity(key = "tasks", allow(crud = true))]
//! # pub struct Task { #[field(id)] pub id: Uuid, pub title: String, pub completed: bool }
//! #[component]
//! fn Tasks() -> impl IntoView {
//!     let tasks = use_query(|| Task::query().order_by(|t| t.title.asc()).limit(25));
//!     view! {
//!         <ul>
//!             <EntityList query=tasks let:task>
//!                 <li>
//!                     <TextField of=task.field(|t| t.title) />
//!                     <button on:click=move |_| task.save()>"Save"</button>
//!                 </li>
//!             </EntityList>
//!         </ul>
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! # The map
//!
//! - Reading: [`use_query`], [`use_count`], [`use_answer`], and the list [`EntityList`]; [`use_pages`] with [`LoadMore`] for a
//!   list that grows; [`use_aggregate`] and [`use_groups`] for sums and charts.
//! - Changing: [`RecordSignal`], its [`Field`]s, the inputs ([`TextField`] and its like), and [`RecordForm`]; [`use_controller`] and
//!   [`ControllerForm`] for what is no row, [`use_call`] for static backend methods.
//! - All of it, beside the entities' own names: [`prelude`].
//! - Around the page: [`provide_identity`] and [`use_identity`], [`use_online`].
//! - On the server, natively only: `Pages` adds the pages to a server, `options` says where, `set_status` answers 404.
//!
//! # Errors are values
//!
//! Every answer is a `Result`, matched where it is shown. Do not put an `<ErrorBoundary>` *around* a `<Suspense>`: under
//! out-of-order streaming (Leptos 0.8) it shows one request's error in another's page. Inside one it is safe.

mod aggregate;
mod answer;
mod call;
mod controller;
mod field;
mod fields;
mod focus;
mod form;
mod identity;
mod list;
mod load_more;
mod online;
mod pages;
pub mod prelude;
mod query;
mod record_signal;
#[cfg(not(target_arch = "wasm32"))]
mod ssr;
mod written;

pub use aggregate::{use_aggregate, use_groups};
pub use call::{CallState, use_call};
pub use controller::{ControllerForm, use_controller};
pub use field::{AnyField, Field};
pub use fields::{CheckField, DateField, FieldFor, Fits, NumberField, ReferenceField, SelectField, TextField, kind};
pub use focus::focus;
pub use form::RecordForm;
pub use identity::{IdentityState, provide_identity, use_identity};
pub use list::{EntityList, Rows};
pub use load_more::LoadMore;
pub use online::use_online;
pub use pages::{PagesState, use_pages};
pub use query::{Answered, QueryState, use_answer, use_count, use_query};
pub use record_signal::RecordSignal;
#[cfg(not(target_arch = "wasm32"))]
pub use ssr::{Pages, options};

/// What answers the page's request: 404 for a row that is not there. Does nothing in the browser.
///
/// A page that is streamed has sent its status before its queries have answered: give its route `SsrMode::Async`.
pub fn set_status(status: u16) {
    #[cfg(not(target_arch = "wasm32"))]
    ssr::set_status(status);
    #[cfg(target_arch = "wasm32")]
    let _ = status;
}
