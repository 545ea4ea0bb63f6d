//! How SQLite goes about what stands behind a row: by an index, without a sort.

use std::str::FromStr as _;

use isoform::meta::Direction::{Asc, Desc};
use isoform::meta::{Direction, EntityMeta};
use isoform::prelude::*;
use isoform::provider::Find;
use isoform::relation::OrderBy;
use isoform::{Condition, Value};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _, SqliteConnection};

use super::dialect::{Bound, Sqlite};
use super::schema;
use crate::sql::{self, Statement};

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "things", index(rank desc, title))]
struct Thing {
    #[field(id)]
    id: Uuid,
    #[field(index)]
    title: String,
    #[field(index)]
    due: Option<NaiveDate>,
    rank: i32,
    plain: i32,
    or_null: Option<i32>,
}

async fn things() -> SqliteConnection {
    let options = SqliteConnectOptions::from_str("sqlite::memory:").unwrap_or_default();
    let mut connection = options.connect().await.unwrap_or_else(|error| panic!("{error}"));
    schema::ensure(&mut connection, &[Thing::meta()]).await.unwrap_or_else(|error| panic!("{error:?}"));
    connection
}

async fn plan(connection: &mut SqliteConnection, statement: Statement<'_>) -> Vec<String> {
    let explained = Statement { text: format!("EXPLAIN QUERY PLAN {}", statement.text).into(), ..statement };
    let rows = Bound::new(explained)
        .unwrap_or_else(|error| panic!("{error}"))
        .query(("".into(), ""))
        .fetch_all(connection)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    rows.iter().map(|row| row.get::<String, _>("detail")).collect()
}

fn of_fields(order: &[(usize, Direction)]) -> OrderBy {
    order.iter().map(|(field, direction)| ((*field).into(), *direction)).collect()
}

async fn behind(order: &[(usize, Direction)], after: Vec<Value>) -> Vec<String> {
    let meta: &'static EntityMeta = Thing::meta();
    let find = Find {
        order: of_fields(&meta.complete_order(order)),
        limit: Some(26),
        after: Some(after),
        ..Find::matching(Condition::All)
    };
    let statement = sql::select::<Sqlite>(meta, &find, meta.all_fields()).unwrap_or_else(|error| panic!("{error:?}"));
    plan(&mut things().await, statement).await
}

fn assert_ranges(plan: &[String], ranges: &[&str]) {
    let found: Vec<_> = plan.iter().filter(|step| step.starts_with("SEARCH") || step.starts_with("SCAN")).collect();
    assert_eq!(found.len(), ranges.len(), "{plan:#?}");
    for range in ranges {
        assert!(found.iter().any(|step| step.starts_with("SEARCH") && step.ends_with(range)), "{range}: {plan:#?}");
    }
    assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "no sort: {plan:#?}");
}

#[tokio::test]
async fn each_branch_behind_a_row_is_a_range_of_the_index() {
    let (title, id) = (Value::Text("x".into()), Value::Uuid(Uuid::nil()));
    let day = Value::Date(NaiveDate::default());
    let (title_at, due_at, rank_at) =
        (Thing::FIELDS.title.index(), Thing::FIELDS.due.index(), Thing::FIELDS.rank.index());
    let plan = behind(&[], vec![id.clone()]).await;
    assert_ranges(&plan, &["(id>?)"]);
    let plan = behind(&[(title_at, Asc)], vec![title.clone(), id.clone()]).await;
    assert_ranges(&plan, &["(title=? AND id>?)", "(title>?)"]);
    let plan = behind(&[(title_at, Desc)], vec![title.clone(), id.clone()]).await;
    assert_ranges(&plan, &["(title=? AND id<?)", "(title<?)"]);
    let plan = behind(&[(due_at, Asc)], vec![day.clone(), id.clone()]).await;
    assert_ranges(&plan, &["(due=? AND id>?)", "(due>?)", "(due=?)"]);
    let plan = behind(&[(due_at, Desc)], vec![Value::Null, id.clone()]).await;
    assert_ranges(&plan, &["(due=? AND id<?)", "(due>?)"]);
    let plan = behind(&[(due_at, Desc)], vec![day, id.clone()]).await;
    assert_ranges(&plan, &["(due=? AND id<?)", "(due<?)"]);
    let plan = behind(&[(rank_at, Desc), (title_at, Asc)], vec![Value::Int(1), title, id]).await;
    assert_ranges(&plan, &["(rank=? AND title=? AND id>?)", "(rank=? AND title>?)", "(rank<?)"]);
}

#[tokio::test]
async fn without_an_index_what_is_behind_a_row_is_one_scan() {
    let (plain, or_null) = (Thing::FIELDS.plain.index(), Thing::FIELDS.or_null.index());
    let id = Value::Uuid(Uuid::nil());
    for (order, after) in [
        (vec![(plain, Asc), (or_null, Desc)], vec![Value::Int(1), Value::Int(2), id.clone()]),
        (vec![(or_null, Asc), (plain, Asc)], vec![Value::Int(1), Value::Int(2), id.clone()]),
        (vec![(or_null, Desc)], vec![Value::Null, id]),
    ] {
        let plan = behind(&order, after).await;
        assert_eq!(plan.iter().filter(|step| step.contains("things")).count(), 1, "{plan:#?}");
    }
}

#[tokio::test]
async fn the_first_page_is_read_from_the_index() {
    let meta = Thing::meta();
    let mut connection = things().await;
    for (field, direction) in [("title", Asc), ("title", Desc), ("due", Asc), ("due", Desc)] {
        let index = meta.field_by_wire(field).unwrap_or_default();
        let find = Find { order: of_fields(&[(index, direction)]), limit: Some(26), ..Find::default() };
        let statement =
            sql::select::<Sqlite>(meta, &find, meta.all_fields()).unwrap_or_else(|error| panic!("{error:?}"));
        let plan = plan(&mut connection, statement).await;
        assert_eq!(plan, [format!("SCAN things USING INDEX things_{field}_index")], "{direction:?}");
    }
    // So that the text of a plan is known to be what it is taken for.
    let sql = AssertSqlSafe("EXPLAIN QUERY PLAN SELECT * FROM things ORDER BY rank, due".to_owned());
    let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(rows.iter().any(|row| row.get::<String, _>("detail").contains("TEMP B-TREE")), "a sort is told");
}
