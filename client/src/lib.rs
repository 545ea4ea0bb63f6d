//! The application's pages: rendered on the server, hydrated in the browser.
//!
//! - [`App`]: the frame and the routes; [`shell`]: the document around it.
//! - `tasks_page`: the list, made of `add_task`, `list_controls`, `task_row`, `pager` and `confirm`.
//! - `list_view`: what the address says about the list: filter, search, order, page.
//! - `sign_in`, `welcome`, `not_found`: the other pages.
//! - `page_state`: what the parts of a page share: the notice at the bottom, the day, the question before deleting.

mod add_task;
mod admin_actions;
mod app;
mod confirm;
mod dates;
mod header;
mod list_controls;
mod list_view;
mod not_found;
mod page_state;
mod pager;
#[cfg(not(target_arch = "wasm32"))]
mod shell;
mod sign_in;
mod task_row;
mod tasks_page;
mod welcome;

pub use app::App;
#[cfg(not(target_arch = "wasm32"))]
pub use shell::shell;
