//! The entities of the application: compiled for the server and for the browser.
//!
//! This is the crate to edit. Each entity is described once, in a file of its own; list it in [`entities`], and export
//! its methods in [`prelude`].

#![cfg_attr(
    target_arch = "wasm32",
    allow(dead_code, unused_imports, reason = "what only the bodies of the server use")
)]

pub mod audit;
pub mod comment;
pub mod customer;
pub mod money;
pub mod order;
pub mod outbox;
pub mod product;
pub mod project;
pub mod sign_in;
pub mod tag;
pub mod task;
pub mod user;

use isoform::prelude::*;

/// What pages and servers of this application need: `use shared::prelude::*;`.
pub mod prelude {
    pub use isoform::prelude::*;

    pub use crate::audit::Audit;
    pub use crate::comment::Comment;
    pub use crate::customer::{Customer, CustomerRelations};
    pub use crate::money::{grouped, money};
    pub use crate::order::{Order, OrderItem, OrderRelations, OrderStatus};
    pub use crate::outbox::Mail;
    pub use crate::product::Product;
    pub use crate::project::Project;
    pub use crate::sign_in::{SignIn, SignInMethods};
    pub use crate::tag::{Tag, TagColor, TaskTag};
    pub use crate::task::{Priority, Task, TaskMethods, TaskRelations};
    pub use crate::user::{ADMIN, User};
}

/// The entities and controllers that the server serves.
#[must_use]
pub fn entities() -> Entities {
    entities![
        task::Task,
        project::Project,
        comment::Comment,
        tag::Tag,
        tag::TaskTag,
        customer::Customer,
        product::Product,
        order::Order,
        order::OrderItem,
        audit::Audit,
        outbox::Mail,
        user::User,
        sign_in::SignIn,
    ]
}
