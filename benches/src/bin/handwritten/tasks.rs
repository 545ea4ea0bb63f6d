//! `tasks`: a signed-in user sees and changes only what is theirs, an admin everything.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{Connection, FromRow, QueryBuilder, SqliteConnection};
use uuid::Uuid;

use crate::answer::{Answer, Call, Called, ListQuery, Problem, millis};
use crate::db::{BEGIN, Db};
use crate::user::User;

/// A row.
#[derive(FromRow, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    id: Uuid,
    title: String,
    completed: bool,
    priority: Priority,
    due: Option<NaiveDate>,
    owner: String,
    #[serde(serialize_with = "millis")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "millis")]
    updated_at: DateTime<Utc>,
    version: i64,
}

/// How soon.
#[derive(Clone, Copy, Default, Deserialize, Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub enum Priority {
    /// Some day.
    Low,
    /// In its turn.
    #[default]
    Normal,
    /// Before the others.
    High,
}

/// The body of an insert.
#[derive(Deserialize)]
pub struct NewTask {
    title: String,
    #[serde(default)]
    completed: bool,
    #[serde(default)]
    priority: Priority,
    due: Option<NaiveDate>,
}

/// The body of an update: what is absent stays.
#[derive(Deserialize)]
pub struct TaskPatch {
    title: Option<String>,
    completed: Option<bool>,
    priority: Option<Priority>,
    #[serde(default, with = "present")]
    due: Option<Option<NaiveDate>>,
    version: Option<i64>,
}

/// Tells `null` from absent.
mod present {
    use serde::{Deserialize, Deserializer};

    pub fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

const BY_ID: &str = "SELECT id, title, completed, priority, due, owner, created_at, updated_at, version \
                     FROM tasks WHERE id = ?";

/// `GET /api/tasks/{id}`
pub async fn one(State(db): State<Db>, user: User, Path(id): Path<Uuid>) -> Answer<Json<Task>> {
    let task: Option<Task> = sqlx::query_as(BY_ID).bind(id).fetch_optional(&db.read).await?;
    task.filter(|task| user.may_touch(&task.owner)).map(Json).ok_or(Problem::NotFound)
}

/// `GET /api/tasks`
pub async fn list(State(db): State<Db>, user: User, Query(query): Query<ListQuery>) -> Answer<Json<Vec<Task>>> {
    let mut sql = QueryBuilder::new(
        "SELECT id, title, completed, priority, due, owner, created_at, updated_at, version FROM tasks WHERE true",
    );
    if let Some(owner) = user.only_own() {
        sql.push(" AND owner = ").push_bind(owner);
    }
    if let Some(completed) = query.completed {
        sql.push(" AND completed = ").push_bind(completed);
    }
    sql.push(" ORDER BY ").push(query.sort.unwrap_or_default().columns());
    sql.push(" LIMIT ").push_bind(query.limit.unwrap_or(100));
    Ok(Json(sql.build_query_as().fetch_all(&db.read).await?))
}

/// `POST /api/tasks`
pub async fn insert(State(db): State<Db>, user: User, Json(new): Json<NewTask>) -> Answer<(StatusCode, Json<Task>)> {
    let now = Utc::now();
    let task = Task {
        id: Uuid::new_v4(),
        title: new.title,
        completed: new.completed,
        priority: new.priority,
        due: new.due,
        owner: user.id,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    task.validate()?;
    let mut writer = db.writer().await;
    let mut tx = writer.begin_with(BEGIN).await?;
    sqlx::query(
        "INSERT INTO tasks (id, title, completed, priority, due, owner, created_at, updated_at, version) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(task.id)
    .bind(&task.title)
    .bind(task.completed)
    .bind(task.priority)
    .bind(task.due)
    .bind(&task.owner)
    .bind(task.created_at)
    .bind(task.updated_at)
    .bind(task.version)
    .execute(&mut *tx)
    .await?;
    note(&mut tx, &task.owner, "added", task.id).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(task)))
}

/// `PUT /api/tasks/{id}`
pub async fn update(
    State(db): State<Db>,
    user: User,
    Path(id): Path<Uuid>,
    Json(patch): Json<TaskPatch>,
) -> Answer<Json<Task>> {
    let mut writer = db.writer().await;
    let mut tx = writer.begin_with(BEGIN).await?;
    let mut task = Task::stored(&mut tx, &user, id).await?;
    if patch.version.is_some_and(|version| version != task.version) {
        return Err(Problem::Stale);
    }
    task.title = patch.title.unwrap_or(task.title);
    task.completed = patch.completed.unwrap_or(task.completed);
    task.priority = patch.priority.unwrap_or(task.priority);
    task.due = patch.due.unwrap_or(task.due);
    task.save(&mut tx).await?;
    note(&mut tx, &user.id, "changed", id).await?;
    tx.commit().await?;
    Ok(Json(task))
}

/// `DELETE /api/tasks/{id}`
pub async fn delete(State(db): State<Db>, user: User, Path(id): Path<Uuid>) -> Answer<StatusCode> {
    let mut writer = db.writer().await;
    let mut tx = writer.begin_with(BEGIN).await?;
    Task::stored(&mut tx, &user, id).await?;
    sqlx::query("DELETE FROM tasks WHERE id = ?").bind(id).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/tasks/toggleCompleted`: reads, changes, saves.
pub async fn toggle_completed(State(db): State<Db>, user: User, Json(call): Json<Call>) -> Answer<Json<Called<Task>>> {
    let mut writer = db.writer().await;
    let mut tx = writer.begin_with(BEGIN).await?;
    let mut task = Task::stored(&mut tx, &user, call.row_info.id).await?;
    task.completed = !task.completed;
    task.save(&mut tx).await?;
    tx.commit().await?;
    Ok(Called::saved(task.id, task))
}

/// Notes in the audit who has done what to a task, as the application does.
async fn note(tx: &mut SqliteConnection, who: &str, what: &str, row: Uuid) -> Answer<()> {
    sqlx::query("INSERT INTO audit (id, at, who, what, entity, \"row\") VALUES (?, ?, ?, ?, 'tasks', ?)")
        .bind(Uuid::now_v7())
        .bind(Utc::now())
        .bind(who)
        .bind(what)
        .bind(row.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

impl Task {
    /// The stored row, if it is there and the user may change it.
    async fn stored(tx: &mut SqliteConnection, user: &User, id: Uuid) -> Answer<Self> {
        let task: Option<Self> = sqlx::query_as(BY_ID).bind(id).fetch_optional(tx).await?;
        task.filter(|task| user.may_touch(&task.owner)).ok_or(Problem::NotFound)
    }

    fn validate(&self) -> Answer<()> {
        if (5..=200).contains(&self.title.chars().count()) {
            Ok(())
        } else {
            Err(Problem::Invalid("title: 5 to 200 characters"))
        }
    }

    /// Checks, stamps and writes the row.
    async fn save(&mut self, tx: &mut SqliteConnection) -> Answer<()> {
        self.validate()?;
        self.updated_at = Utc::now();
        self.version += 1;
        sqlx::query(
            "UPDATE tasks SET title = ?, completed = ?, priority = ?, due = ?, updated_at = ?, version = ? \
             WHERE id = ?",
        )
        .bind(&self.title)
        .bind(self.completed)
        .bind(self.priority)
        .bind(self.due)
        .bind(self.updated_at)
        .bind(self.version)
        .bind(self.id)
        .execute(tx)
        .await?;
        Ok(())
    }
}
