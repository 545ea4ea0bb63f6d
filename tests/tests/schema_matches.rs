//! Entities are held against the tables that are there when the server starts, and differences are named.

use isoform::prelude::*;
use isoform_server::{Api, Database, SchemaCheck};

/// Who makes goods.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "makers", allow(crud = true))]
pub struct Maker {
    #[field(id)]
    pub id: String,
}

/// Something of nearly everything.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "goods", allow(crud = true))]
pub struct Good {
    #[field(id)]
    pub id: String,
    pub weight: i64,
    pub note: Option<String>,
    pub price: f64,
    pub ready: bool,
    #[field(unique)]
    pub code: Option<String>,
    pub label: String,
    pub maker_id: Option<String>,
    #[relation(maker_id)]
    pub maker: ToOne<Maker>,
}

/// It is counted up.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tickets", allow(crud = true))]
pub struct Ticket {
    #[field(id, auto_increment)]
    pub id: i64,
    #[field(column_type = "varchar(20) COLLATE NOCASE")]
    pub seat: String,
}

struct Start {
    url: String,
    _folder: tempfile::TempDir,
}

impl Start {
    /// A database in which somebody has made tables before.
    async fn after(made: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let start = Self { url: format!("sqlite://{}/test.db?mode=rwc", folder.path().display()), _folder: folder };
        start.sql(made).await;
        start
    }

    async fn sql(&self, sql: &str) {
        let pool = sqlx::SqlitePool::connect(&self.url).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&pool).await.unwrap();
        pool.close().await;
    }

    async fn tables(&self) -> Vec<(String, String)> {
        let pool = sqlx::SqlitePool::connect(&self.url).await.unwrap();
        let sql = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name";
        let found = sqlx::query_as(sql).fetch_all(&pool).await.unwrap();
        pool.close().await;
        found
    }

    async fn said(&self, check: SchemaCheck) -> Result<Vec<String>> {
        let database = Database::connect(&self.url).await.unwrap();
        let api = Api::new(database).entities(entities![Good, Maker, Ticket]).schema_check(check);
        let mut said = api.ensure_schema().await?;
        // The server has tables of its own.
        said.retain(|sentence| !sentence.starts_with("created the table"));
        Ok(said)
    }
}

const ALL_WRONG: &str = "
    CREATE TABLE others (id text PRIMARY KEY);
    CREATE TABLE makers (id text, nick text);
    CREATE TABLE goods (
        number integer PRIMARY KEY, id text NOT NULL, weight text NOT NULL, note text NOT NULL, price double NOT NULL,
        ready boolean NOT NULL, code text, label text, old text, must text NOT NULL,
        maker_id text REFERENCES others (id)
    );
    CREATE TABLE tickets (id bigint PRIMARY KEY, seat text NOT NULL);
    INSERT INTO goods (id, weight, note, price, ready, code, must) VALUES
        ('a', '1', '', 1, 1, 'same', ''), ('b', '2', '', 1, 0, 'same', '');
";

const DIFFERENCES: [&str; 9] = [
    "table goods, column must: it must not be null, and no field of Good has it: nothing could be inserted. Where a field was renamed, \
     say #[field(column = \"must\")]; else drop the column.",
    "table goods: its primary key is number, the id of Good is id. Make the table anew with PRIMARY KEY (id), or add a unique index over \
     that; or say which fields are the id.",
    "table goods, column weight: it is for texts (text), the field Good.weight for integers. Convert the column (bigint would be right), \
     or change the field's type; where the values fit, say #[field(column_type = \"text\")].",
    "table goods, column note: it must not be null, and Good.note may be. Make the table anew with a column that may be null, or the \
     field one that is no `Option`.",
    "table goods, column code: rows share a value, and Good.code is to be unique. Change the rows that share a value of code first.",
    "table goods, column label: rows have null in it, and Good.label is never null. Fill those rows, or make the field an `Option`.",
    "table goods, column maker_id: its foreign key leads to the table others, the relation Good.maker to makers. Make the table anew with \
     the right key, or without one.",
    "table makers: it has no primary key, the id of Maker is id. Make the table anew with PRIMARY KEY (id), or add a unique index over that; \
     or say which fields are the id.",
    "table tickets, column id: its type is bigint, and Ticket.id is counted up by the database. Make the table anew with this column as \
     `integer PRIMARY KEY AUTOINCREMENT`, or leave `auto_increment` out.",
];

#[tokio::test]
async fn tables_that_do_not_match_stop_the_start_with_all_differences_named() {
    let start = Start::after(ALL_WRONG).await;
    let before = start.tables().await;
    let error = start.said(SchemaCheck::Refuse).await.unwrap_err();
    let lines: Vec<_> = error.message().lines().collect();
    assert!(lines[0].contains("do not match their entities") && lines[0].contains("SchemaCheck::Warn"), "{}", lines[0]);
    let named: Vec<_> = lines[1..].iter().map(|line| line.strip_prefix("- ").unwrap()).collect();
    assert_eq!(named, DIFFERENCES);
    assert_eq!(start.tables().await, before, "nothing was changed");
}

#[tokio::test]
async fn differences_can_be_warnings_only() {
    let start = Start::after(ALL_WRONG).await;
    let said = start.said(SchemaCheck::Warn).await.unwrap();
    assert_eq!(said[..DIFFERENCES.len()], DIFFERENCES);
    let rest = &said[DIFFERENCES.len()..];
    assert!(rest.contains(&"left the column old of the table goods: no field of Good has it".to_owned()), "{rest:?}");
    assert!(
        rest.contains(&"left the column code of the table goods without a unique index: rows share a value".to_owned())
    );
}

#[tokio::test]
async fn what_is_spelled_otherwise_and_means_the_same_matches() {
    let start = Start::after(
        "CREATE TABLE makers (ID varchar(30) NOT NULL PRIMARY KEY);
         CREATE TABLE Goods (
            id CHARACTER(20), Weight INT NOT NULL, note CLOB, price DOUBLE PRECISION NOT NULL, ready INTEGER NOT NULL, code nvarchar(9) UNIQUE,
            label text DEFAULT 'x', extra text, counted integer NOT NULL DEFAULT 0,
            maker_id text REFERENCES makers (id)
         );
         CREATE UNIQUE INDEX by_somebody ON goods (id);
         INSERT INTO goods (id, weight, price, ready) VALUES ('a', 7, 1.5, 1);
         CREATE TABLE tickets (id INTEGER PRIMARY KEY, seat int NOT NULL);",
    )
    .await;
    let said = start.said(SchemaCheck::Refuse).await.unwrap();
    assert_eq!(
        said,
        [
            "left the column extra of the table goods: no field of Good has it",
            "left the column counted of the table goods: no field of Good has it",
        ],
        "what no field has and needs no value is said and stays"
    );
    let database = Database::connect(&start.url).await.unwrap();
    database
        .context()
        .run(async {
            let good = repo::<Good>().find_id("a").await.unwrap();
            assert_eq!((good.weight, good.price, good.ready, good.label.as_str()), (7, 1.5, true, "x"));
            let new = Good { id: "b".into(), ready: true, ..Good::blank() };
            assert!(repo().insert(new).await.unwrap().ready);
        })
        .await;
}

#[tokio::test]
async fn a_key_that_is_watched_otherwise_is_said_and_left() {
    let start = Start::after(
        "CREATE TABLE makers (id text PRIMARY KEY NOT NULL);
         CREATE TABLE goods (id text PRIMARY KEY NOT NULL, weight bigint NOT NULL, note text, price double NOT NULL, ready boolean NOT NULL,
            code text, label text NOT NULL, maker_id text REFERENCES makers (id) ON DELETE CASCADE);",
    )
    .await;
    let said = start.said(SchemaCheck::Refuse).await.unwrap();
    assert_eq!(
        said[0],
        "left the foreign key of the column maker_id of the table goods as it is: ON DELETE CASCADE, where the relation maker says NO ACTION"
    );
}

#[tokio::test]
async fn tables_that_the_program_made_itself_match() {
    for entities in [
        tests::entities::all(),
        tests::entities_related::all(),
        tests::entities_related_values::all(),
        tests::entities_described::all(),
        tests::entities_kept::all(),
        entities![Good, Maker, Ticket],
    ] {
        let metas: Vec<_> = entities.iter().map(|entity| entity.meta).collect();
        // Some share a table: each kind gets a database of its own.
        let folder = tempfile::tempdir().unwrap();
        let database = Database::connect(&format!("sqlite://{}/test.db", folder.path().display())).await.unwrap();
        database.ensure_schema(&metas).await.unwrap();
        assert_eq!(database.ensure_schema(&metas).await.unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_column_that_would_be_unique_and_the_same_in_all_rows_is_named() {
    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(key = "seats", allow(crud = true))]
    struct Seat {
        #[field(id)]
        id: String,
        #[field(unique)]
        number: i64,
    }
    let start = Start::after("CREATE TABLE seats (id text PRIMARY KEY NOT NULL); INSERT INTO seats VALUES ('a')").await;
    let database = Database::connect(&start.url).await.unwrap();
    start.sql("INSERT INTO seats VALUES ('b')").await;
    let error = database.ensure_schema(&[Seat::meta()]).await.unwrap_err();
    assert!(
        error.message().contains("column number: it is missing in a table with rows, and Seat.number is to be unique"),
        "{error}"
    );
    start.sql("DELETE FROM seats WHERE id = 'b'").await;
    database.ensure_schema(&[Seat::meta()]).await.unwrap();
}

#[tokio::test]
async fn rows_that_are_there_get_identifiers_where_an_entity_begins_to_keep_them() {
    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(key = "shelves", allow(crud = true))]
    struct Shelf {
        #[field(id)]
        id: String,
        #[field(embed)]
        item: PersistenceItem,
    }
    let start =
        Start::after("CREATE TABLE shelves (id text PRIMARY KEY NOT NULL); INSERT INTO shelves VALUES ('a'), ('b')")
            .await;
    let database = Database::connect(&start.url).await.unwrap();
    database.ensure_schema(&[Shelf::meta()]).await.unwrap();
    let shelves = database.context().run(Shelf::query().order_by(|s| s.id.asc())).await.unwrap();
    let ids: Vec<_> = shelves.iter().map(|shelf| shelf.item.object_id).collect();
    assert!(ids.len() == 2 && ids[0] != ids[1] && ids.iter().all(|id| !id.is_nil()), "{ids:?}");
    assert_eq!(database.ensure_schema(&[Shelf::meta()]).await.unwrap(), Vec::<String>::new());
    let again = database.context().run(Shelf::query().order_by(|s| s.id.asc())).await.unwrap();
    assert_eq!(again[0].item.object_id, ids[0]);
}
