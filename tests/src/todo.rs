//! What a client of another make is tried on: an entity as applications have them, and a small one with a number as its id.

use isoform::prelude::*;

/// A thing to do. Its owner, whom every rule asks for, is a field like any other.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "todos",
    allow(read = true, insert = authenticated, update = owner, delete = owner),
    order_by(title),
    hooks
)]
pub struct Todo {
    #[field(id)]
    pub id: Uuid,
    #[field(label = "Title", required, len(min = 3, max = 100))]
    pub title: String,
    pub completed: bool,
    pub priority: Priority,
    pub due: Option<NaiveDate>,
    pub remind_at: Option<DateTime<Utc>>,
    pub estimate: Option<f64>,
    pub owner: String,
    #[field(api_read = false)]
    pub secret: Option<String>,
    #[field(allow_update = false)]
    pub rank: i32,
    #[field(created_at)]
    pub created_at: DateTime<Utc>,
    #[field(version)]
    pub version: i64,
}

#[derive(FieldEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    Low,
    #[default]
    Normal,
    High,
}

fn owner(user: &Identity, todo: &Record<Todo>) -> bool {
    todo.owner == user.id
}

#[filters]
impl Todo {
    /// Those with a title.
    pub async fn titled(title: String) -> Result<Filter<Self>> {
        Ok(Todo::filter(|t| t.title.eq(title)))
    }

    /// Those with one of some titles.
    pub async fn titled_one_of(titles: Vec<String>) -> Result<Filter<Self>> {
        Ok(Todo::filter(|t| t.title.in_(titles)))
    }

    /// Those whose estimate is between two.
    pub async fn estimated(from: f64, to: Option<f64>) -> Result<Filter<Self>> {
        Ok(Todo::filter(|t| t.estimate.gte(from) & t.estimate.lte(to.unwrap_or(f64::MAX))))
    }

    /// Those of whoever asks.
    pub async fn own() -> Result<Filter<Self>> {
        let who = Identity::current()?;
        Ok(Todo::filter(|t| t.owner.eq(who.id)))
    }
}

#[hooks]
impl Hooks for Todo {
    async fn saving(todo: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if e.is_new() && todo.owner.is_empty() {
            todo.owner = Identity::current()?.id;
        }
        match todo.title.as_str() {
            "refused" => Err(Error::invalid("a hook refuses this title").with_code("refused")),
            _ => Ok(()),
        }
    }
}

#[backend]
impl Record<Todo> {
    /// Flips it and saves it with whatever was unsaved.
    #[allowed(owner)]
    pub async fn toggle_completed(&mut self) -> Result<bool> {
        self.completed = !self.completed;
        self.save().await?;
        Ok(self.completed)
    }

    /// Changes the title without saving it.
    #[allowed(owner)]
    pub async fn rename(&mut self, title: String, suffix: Option<String>) -> Result<()> {
        self.title = title + suffix.as_deref().unwrap_or_default();
        Ok(())
    }
}

#[backend]
impl Todo {
    /// Completes them all.
    #[allowed("admin")]
    pub async fn complete_all() -> Result<u64> {
        let mut count = 0;
        for mut todo in Todo::query().filter(|t| t.completed.eq(false)).await? {
            todo.completed = true;
            todo.save().await?;
            count += 1;
        }
        Ok(count)
    }

    /// Adds, for everybody.
    #[allowed(true)]
    pub async fn add(a: i32, b: Option<i32>) -> Result<i32> {
        Ok(a + b.unwrap_or(100))
    }
}

/// An entity whose writes need no stored row: each is one statement.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "counters", allow(crud = true))]
pub struct Counter {
    #[field(id)]
    pub id: i32,
    #[field(range(max = 1000))]
    pub count: i64,
    pub name: String,
    #[field(version)]
    pub version: i64,
}
