//! What the database computes becomes another expression, whatever stands on it.

use isoform::prelude::*;
use isoform_server::Database;
use tests::entities_fields::Line;
use tests::{Way, World};

/// Two columns that are computed, one with an index.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "boxes", allow(crud = true), index(area, width))]
struct Crate {
    #[field(id)]
    id: i64,
    width: i64,
    height: i64,
    #[field(sql_expression = "{width} * {height}", index)]
    area: i64,
    #[field(sql_expression = "{width} + {height}")]
    half_way_round: i64,
}

/// A database in which a table was made before, with what the next start of the application says.
async fn started_after(made: &str) -> (Database, Vec<String>, sqlx::SqlitePool, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db?mode=rwc", folder.path().display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(made.to_owned())).execute(&pool).await.unwrap();
    let database = Database::connect(&url).await.unwrap();
    let done = database.ensure_schema(&[Crate::meta()]).await.unwrap();
    (database, done, pool, folder)
}

const COLUMNS: &str =
    "CREATE TABLE boxes (id bigint PRIMARY KEY NOT NULL, width bigint NOT NULL, height bigint NOT NULL";

async fn computed(database: &Database) -> (i64, i64) {
    database
        .context()
        .run(async {
            let row = repo::<Crate>().insert(Crate { id: 1, width: 3, height: 4, ..Crate::blank() }).await.unwrap();
            (row.area, row.half_way_round)
        })
        .await
}

#[tokio::test]
async fn an_expression_changes_although_indexes_stand_on_its_column() {
    let made = format!(
        "{COLUMNS}, area bigint GENERATED ALWAYS AS (\"width\") VIRTUAL, half_way_round bigint AS (\"width\" + \"height\") VIRTUAL);
         CREATE INDEX boxes_area_index ON boxes (area, id);
         CREATE INDEX boxes_area_width_index ON boxes (area, width, id);
         CREATE INDEX of_somebody_else ON boxes (height, area) WHERE height > 0"
    );
    let (database, done, pool, _folder) = started_after(&made).await;
    assert_eq!(done, ["changed the expression of area in the table boxes"]);
    assert_eq!(computed(&database).await, (12, 7));
    let indexes: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(indexes, ["boxes_area_index", "boxes_area_width_index", "of_somebody_else"]);
}

#[tokio::test]
async fn an_expression_changes_although_another_column_has_the_new_one() {
    let swapped = format!(
        "{COLUMNS}, area bigint GENERATED ALWAYS AS (\"width\" + \"height\") VIRTUAL, half_way_round bigint AS (\"width\" * \"height\") VIRTUAL)"
    );
    let (database, done, ..) = started_after(&swapped).await;
    let changed = |column: &str| format!("changed the expression of {column} in the table boxes");
    assert_eq!(done[..2], [changed("area"), changed("half_way_round")]);
    assert_eq!(computed(&database).await, (12, 7));
}

#[tokio::test]
async fn rows_that_go_to_the_table_together_leave_out_what_nobody_writes() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let row = |product: &str| {
        let mut line = Record::<Line>::new();
        (line.id, line.product, line.price, line.quantity) = (Uuid::now_v7(), product.into(), Decimal::TWO, 3);
        (0..Line::meta().fields.len()).map(|field| line.get(field)).collect::<Vec<_>>()
    };
    // What a provider is given is not always what the operations above it give.
    context.database().unwrap().insert_many(Line::meta(), &[row("a"), row("b")]).await.unwrap();
    let totals = context.run(async { Line::query().select(|l| (l.product, l.total)).await.unwrap() }).await;
    assert_eq!(totals, [("a".to_owned(), Decimal::from(6)), ("b".to_owned(), Decimal::from(6))]);
}
