//! What a file with pages needs: `use isoform_leptos::prelude::*;`.
//!
//! It is [`isoform::prelude`], [`leptos::prelude`] and what this crate adds, in one. Where those two have the same name for
//! different things (`Error`, `Result`), it is isoform's, so that nothing is ambiguous beside `use shared::prelude::*;`.
//!
//! ```no_run
//! use isoform_leptos::prelude::*;
//! # mod shared { pub mod prelude { pub use isoform::prelude::*; } }
//! use shared::prelude::*;
//!
//! # #[derive(Entity, Clone, Debug, PartialEq)]
//! # #[entity(key = "tasks", allow(crud = true))]
//! # pub struct Task { #[field(id)] pub id: Uuid, pub title: String }
//! async fn first() -> Result<Record<Task>> {
//!     Task::query().first().await?.ok_or_else(|| Error::not_found("There is no task."))
//! }
//!
//! #[component]
//! fn First() -> impl IntoView {
//!     let task = use_answer(|| (), |()| first());
//!     view! {
//!         <Suspense>
//!             {move || task.get().map(|task| match task {
//!                 Ok(task) => task.title.clone(),
//!                 Err(error) => error.message().to_owned(),
//!             })}
//!         </Suspense>
//!     }
//! }
//! # fn main() {}
//! ```

pub use isoform::prelude::*;
pub use isoform::{Error, Result};
pub use leptos::prelude::*;

pub use crate::*;
