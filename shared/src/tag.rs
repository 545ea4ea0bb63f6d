//! Tags, and which task has which.

use isoform::prelude::*;

use crate::task::Task;
use crate::user::ADMIN;

/// A word that tasks can be found by.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tags", label = "Tags", allow(read = authenticated, crud = ADMIN), order_by(name))]
pub struct Tag {
    /// Made on the server.
    #[field(id)]
    pub id: Uuid,
    /// The word.
    #[field(required, len(max = 30), unique)]
    pub name: String,
    /// How it is marked, beside its name.
    pub color: TagColor,
    /// The tasks that have it.
    #[relation(through = TaskTag, TaskTag::tag_id, TaskTag::task_id)]
    pub tasks: ToMany<Task>,
}

/// How a tag is marked. A tag never says anything by its colour alone.
#[derive(FieldEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagColor {
    /// As plain text.
    #[default]
    Grey,
    /// As what goes well.
    Green,
    /// As what can be followed.
    Blue,
    /// As what deserves care.
    Amber,
}

/// Which task has which tag: each once.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "task-tags",
    table = "task_tags",
    label = "Tags of tasks",
    allow(crud = authenticated),
    api_filter = of_visible_tasks
)]
pub struct TaskTag {
    /// The task.
    #[field(id, label = "Task")]
    pub task_id: Uuid,
    /// The tag.
    #[field(id, label = "Tag")]
    pub tag_id: Uuid,
    /// The task.
    #[relation(task_id, on_delete = cascade)]
    pub task: ToOne<Task>,
    /// The tag.
    #[relation(tag_id, on_delete = cascade)]
    pub tag: ToOne<Tag>,
}

/// Whoever sees a task sees its tags, and may change them.
fn of_visible_tasks(user: Option<&Identity>) -> Filter<TaskTag> {
    match user {
        None => Filter::nothing(),
        Some(user) if user.has_role(ADMIN) => Filter::all(),
        Some(user) => TaskTag::filter(|t| t.task.owner.eq(&user.id)),
    }
}
