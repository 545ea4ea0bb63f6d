//! The application's pages: rendered on the server, hydrated in the browser.
//!
//! - [`App`]: the frame and the routes; [`shell`]: the document around it.
//! - `tasks_page`: the list, made of `add_task`, `list_controls`, `task_row`, `pager` and `confirm`.
//! - `list_view`: what the address says about the list: filter, search, order, page.
//! - `projects_page`, `project_page` with `comments`; `customers_page`; `orders_page` with `order_row` and `chart`.
//! - `audit_page`, `outbox_page`: for admins.
//! - `listing`, `finder`: lists that grow and forms that find, for all of them; `members`: pages for whoever is signed in.
//! - `sign_in`, `welcome`, `not_found`: the other pages.
//! - `page_state`: what the parts of a page share: the notice at the bottom, the day, the question before deleting.

mod add_task;
mod admin_actions;
mod app;
mod audit_page;
mod chart;
mod comments;
mod confirm;
mod customers_page;
mod dates;
mod finder;
mod header;
mod list_controls;
mod list_view;
mod listing;
mod members;
mod not_found;
mod order_row;
mod orders_page;
mod outbox_page;
mod page_state;
mod pager;
mod project_page;
mod projects_page;
#[cfg(not(target_arch = "wasm32"))]
mod shell;
mod sign_in;
mod task_row;
mod tasks_page;
mod welcome;

pub use app::App;
#[cfg(not(target_arch = "wasm32"))]
pub use shell::shell;
