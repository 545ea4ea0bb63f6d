//! Comments: what is said about tasks.

use isoform::prelude::*;

use crate::task::Task;
use crate::user::ADMIN;

/// Something that was said about a task.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "comments",
    label = "Comments",
    allow(read = authenticated, insert = authenticated, update = author_or_admin, delete = author_or_admin),
    api_filter = of_visible_tasks,
    order_by(at),
    index(task_id, at),
    hooks
)]
pub struct Comment {
    /// Made on the server.
    #[field(id)]
    pub id: Uuid,
    /// The task that it is about.
    pub task_id: Uuid,
    /// The task that it is about.
    #[relation(task_id, on_delete = cascade)]
    pub task: ToOne<Task>,
    /// The id of the user who said it.
    #[field(allow_update = false)]
    pub author: String,
    /// What was said.
    #[field(
        required(message = "Say something"),
        len(max = 2000),
        label = "Comment",
        placeholder = "Say something about it"
    )]
    pub text: String,
    /// When it was said.
    #[field(created_at)]
    pub at: DateTime<Utc>,
}

fn author_or_admin(user: &Identity, comment: &Record<Comment>) -> bool {
    user.has_role(ADMIN) || comment.author == user.id
}

/// Whoever sees a task sees what is said about it.
fn of_visible_tasks(user: Option<&Identity>) -> Filter<Comment> {
    match user {
        None => Filter::nothing(),
        Some(user) if user.has_role(ADMIN) => Filter::all(),
        Some(user) => Comment::filter(|c| c.task.owner.eq(&user.id)),
    }
}

#[hooks]
impl Hooks for Comment {
    async fn saving(comment: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if e.is_new() && comment.author.is_empty() {
            comment.author = Identity::current()?.id;
        }
        Ok(())
    }
}
