//! Projects: what tasks are for.

use isoform::prelude::*;

use crate::task::Task;
use crate::user::ADMIN;

/// What tasks are for. Everybody sees the projects; of their tasks everybody sees their own.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "projects",
    label = "Projects",
    allow(read = authenticated, crud = ADMIN),
    order_by(archived, name),
    index(archived, name)
)]
pub struct Project {
    /// Made on the server.
    #[field(id)]
    pub id: Uuid,
    /// What people call it.
    #[field(required(message = "Give it a name"), len(max = 80), placeholder = "What is it about?")]
    pub name: String,
    /// What it is to come to.
    #[field(len(max = 500))]
    pub goal: String,
    /// Is it over?
    pub archived: bool,
    /// The tasks of it.
    #[relation(Task::project_id)]
    pub tasks: ToMany<Task>,
    /// When it was begun.
    #[field(created_at)]
    pub created_at: DateTime<Utc>,
    /// Counts the saves: a stale save is a conflict.
    #[field(version)]
    pub version: i64,
}
