//! Tasks: the one place where a task is described.

use isoform::prelude::*;

use crate::comment::Comment;
use crate::project::Project;
use crate::tag::{Tag, TaskTag};
use crate::user::ADMIN;

/// A thing to do.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "tasks",
    label = "Tasks",
    allow(read = authenticated, insert = authenticated, update = owner_or_admin, delete = owner_or_admin),
    api_filter = visible_to_user,
    order_by(created_at desc),
    hooks
)]
pub struct Task {
    /// Made on the server.
    #[field(id)]
    pub id: Uuid,
    /// What is to be done.
    #[field(
        required(message = "Say what is to be done"),
        len(min = 5, max = 200),
        placeholder = "What is to be done?"
    )]
    pub title: String,
    /// Is it done?
    #[field(label = "Done")]
    pub completed: bool,
    /// How urgent it is.
    pub priority: Priority,
    /// The day by which it should be done.
    #[field(label = "Due", help = "Leave empty if there is no hurry")]
    pub due_date: Option<NaiveDate>,
    /// The project that it is for.
    #[field(index, label = "Project")]
    pub project_id: Option<Uuid>,
    /// The project that it is for.
    #[relation(project_id, on_delete = set_null)]
    pub project: ToOne<Project>,
    /// What is said about it.
    #[relation(Comment::task_id)]
    pub comments: ToMany<Comment>,
    /// The words that it can be found by.
    #[relation(through = TaskTag, TaskTag::task_id, TaskTag::tag_id)]
    pub tags: ToMany<Tag>,
    /// The id of the user whose task it is.
    #[field(allow_update = ADMIN)]
    pub owner: String,
    /// When it was written down.
    #[field(created_at)]
    pub created_at: DateTime<Utc>,
    /// When it was last saved.
    #[field(updated_at)]
    pub updated_at: DateTime<Utc>,
    /// Counts the saves: a stale save is a conflict.
    #[field(version)]
    pub version: i64,
}

/// How urgent a task is.
#[derive(FieldEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Some day.
    Low,
    /// As it comes.
    #[default]
    Normal,
    /// Before the others.
    High,
}

fn owner_or_admin(user: &Identity, task: &Record<Task>) -> bool {
    user.has_role(ADMIN) || task.owner == user.id
}

/// Everybody sees the tasks of their own, an admin all of them.
fn visible_to_user(user: Option<&Identity>) -> Filter<Task> {
    match user {
        None => Filter::nothing(),
        Some(user) if user.has_role(ADMIN) => Filter::all(),
        Some(user) => Task::filter(|t| t.owner.eq(&user.id)),
    }
}

#[hooks]
impl Hooks for Task {
    async fn validation(task: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if task.title.trim_start().starts_with('?') {
            e.error(|t| t.title, "is a question, not a task");
        }
        Ok(())
    }

    async fn saving(task: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        task.title = task.title.trim().to_owned();
        if e.is_new() && task.owner.is_empty() {
            task.owner = Identity::current()?.id;
            debug!(owner = task.owner, "a new task belongs to whoever adds it");
        }
        Ok(())
    }
}

#[backend]
impl Record<Task> {
    /// Flips `completed`, on the server, and saves whatever else the caller had changed.
    #[allowed(owner_or_admin)]
    pub async fn toggle_completed(&mut self) -> Result<()> {
        self.completed = !self.completed;
        info!(title = self.title, was = self.original().title, "toggling a task");
        self.save().await
    }
}

#[backend]
impl Task {
    /// Completes or reopens every task at once; answers how many changed.
    #[allowed(ADMIN)]
    pub async fn set_all(completed: bool) -> Result<u64> {
        let mut changed = 0;
        for mut task in Task::query().filter(|t| t.completed.ne(completed)).await? {
            task.completed = completed;
            task.save().await?;
            changed += 1;
        }
        Ok(changed)
    }
}
