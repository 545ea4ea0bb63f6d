//! The rows, the same for all servers, and their way into each server's file.

use benches::Result;
use chrono::{DateTime, Days, Utc};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use uuid::Uuid;

use crate::requests::Table;
use crate::server::Server;
use crate::subject::{Format, SignIn};

/// How many rows a table has at the start.
pub const ROWS: usize = 10_000;

/// The cookie of the session in the hand-written server's table.
pub const SESSION: &str = "id=k3b9wq7x1m5t";

/// A small random number generator (splitmix64): each run sends the same requests.
pub struct Rng(u64);

impl Rng {
    /// A sequence of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xA076_1D64_78BD_642F))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`, or 0.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() >> 16).unwrap_or(0).checked_rem(n).unwrap_or(0)
    }
}

/// One row of either table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The key.
    pub id: Uuid,
    /// Lower case and unique: every collation sorts it alike.
    pub title: String,
    /// The signed-in user's; all are where nobody is signed in.
    pub own: bool,
    /// 3,500 of the reachable rows are not.
    pub completed: bool,
    created_at: DateTime<Utc>,
}

/// All rows of a table.
pub struct Rows(Vec<Row>);

impl Rows {
    /// The 10,000 rows: 3,500 open ones can be reached, and of the tasks every fifth is another's.
    pub fn generate(table: Table) -> Self {
        const WORDS: [&str; 8] = ["answer", "buy", "call", "draw", "file", "mend", "paint", "write"];
        let mut rng = Rng::new(1);
        let row = |n: usize| {
            let bits = (u128::from(rng.next()) << 64 | u128::from(rng.next())).to_be_bytes();
            let word = WORDS.get(rng.below(WORDS.len())).copied().unwrap_or_default();
            let (own, open) = match table {
                Table::Items => (true, n % 20 < 7),
                Table::Tasks => (n % 5 != 4, (n - n / 5) % 16 < 7),
            };
            Row {
                id: uuid::Builder::from_random_bytes(bits).into_uuid(),
                title: format!("{word} {:04x} for customer {n:05}", rng.below(1 << 16)),
                own,
                completed: !open,
                created_at: DateTime::UNIX_EPOCH + Days::new(18_262) + std::time::Duration::from_secs(n as u64),
            }
        };
        Self((0..ROWS).map(row).collect())
    }

    /// The ids of the rows that the signed-in user may touch.
    pub fn reachable(&self) -> impl Iterator<Item = Uuid> {
        self.0.iter().filter(|row| row.own).map(|row| row.id)
    }

    /// The first of them.
    pub fn first(&self) -> Option<&Row> {
        self.0.iter().find(|row| row.own)
    }

    /// The titles that the measured list answers.
    pub fn listed(&self) -> Vec<&str> {
        let open = self.0.iter().filter(|row| row.own && !row.completed);
        let mut titles: Vec<_> = open.map(|row| row.title.as_str()).collect();
        titles.sort_unstable();
        titles.truncate(25);
        titles
    }
}

/// Fills the tables that the server has made.
pub async fn fill(server: &Server, rows: &Rows) -> Result<()> {
    let mut db = SqliteConnectOptions::new().filename(&server.db).connect().await?;
    let mut tx = db.begin().await?;
    for row in &rows.0 {
        match (server.subject.part.table(), server.subject.format) {
            (Table::Items, format @ (Format::Sqlx | Format::Isoform)) => insert_item(&mut tx, row, format).await?,
            (Table::Items, Format::Remult) => insert_remult_item(&mut tx, row).await?,
            (Table::Tasks, _) => {
                let owner = if row.own { &server.user_id } else { "someone else" };
                insert_task(&mut tx, row, owner, server.subject.format).await?;
            }
        }
    }
    if matches!(server.subject.sign_in, SignIn::Seeded) {
        insert_session(&mut tx, &server.user_id).await?;
    }
    tx.commit().await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut db).await?;
    db.close().await?;
    Ok(())
}

async fn insert_item(db: &mut SqliteConnection, row: &Row, format: Format) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO items (id, title, completed, priority, created_at) VALUES (?, ?, ?, 3, ?)")
        .bind(row.id)
        .bind(&row.title)
        .bind(row.completed)
        .bind(time(row.created_at, format))
        .execute(db)
        .await
        .map(drop)
}

/// A time as the server writes it.
fn time(time: DateTime<Utc>, format: Format) -> String {
    match format {
        Format::Isoform => time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
        _ => time.to_rfc3339(),
    }
}

/// Ids as text, times as milliseconds.
async fn insert_remult_item(db: &mut SqliteConnection, row: &Row) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO items (id, title, completed, priority, created_at) VALUES (?, ?, ?, 3, ?)")
        .bind(row.id.to_string())
        .bind(&row.title)
        .bind(row.completed)
        .bind(row.created_at.timestamp_millis())
        .execute(db)
        .await
        .map(drop)
}

async fn insert_task(db: &mut SqliteConnection, row: &Row, owner: &str, format: Format) -> sqlx::Result<()> {
    let due = if format == Format::Isoform { "due_date" } else { "due" };
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "INSERT INTO tasks (id, title, completed, priority, {due}, owner, created_at, updated_at, version) \
         VALUES (?1, ?2, ?3, 'normal', ?4, ?5, ?6, ?6, 1)",
    )))
    .bind(row.id)
    .bind(&row.title)
    .bind(row.completed)
    .bind((!row.completed).then(|| row.created_at.date_naive()))
    .bind(owner)
    .bind(time(row.created_at, format))
    .execute(db)
    .await
    .map(drop)
}

async fn insert_session(db: &mut SqliteConnection, user_id: &str) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO users (id, name, roles, password_hash) VALUES (?, 'Member', '[]', '')")
        .bind(user_id)
        .execute(&mut *db)
        .await?;
    sqlx::query("INSERT INTO sessions (id, data, expires_at) VALUES (?, ?, ?)")
        .bind(SESSION.trim_start_matches("id="))
        .bind(format!(r#"{{"userId":"{user_id}"}}"#))
        .bind(Utc::now().timestamp() + 86_400)
        .execute(db)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_lists_3500_reachable_open_rows() {
        for (table, reachable) in [(Table::Items, 10_000), (Table::Tasks, 8_000)] {
            let rows = Rows::generate(table);
            assert_eq!(rows.reachable().count(), reachable);
            assert_eq!(rows.0.iter().filter(|row| row.own && !row.completed).count(), 3_500);
            assert_eq!(rows.listed().len(), 25);
        }
    }

    #[test]
    fn every_run_has_the_same_rows() {
        assert_eq!(Rows::generate(Table::Tasks).0, Rows::generate(Table::Tasks).0);
    }
}
