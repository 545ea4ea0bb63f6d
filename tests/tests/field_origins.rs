//! Fields that nobody writes, and ids that are made: by the database, by the server, by a function.

use isoform::prelude::*;
use serde_json::json;
use tests::entities::Color;
use tests::entities_fields::{Capped, Endless, Line, Measure, Stub, Ticket, Voucher};
use tests::{Way, World, admin, promises};

fn line(product: &str, price: &str, quantity: i32) -> Record<Line> {
    let mut line = Record::<Line>::new();
    line.product = product.into();
    line.price = price.parse().unwrap();
    line.quantity = quantity;
    line
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

async fn products(query: Query<Line>) -> Vec<String> {
    query.await.unwrap().iter().map(|line| line.product.clone()).collect()
}

promises! {
    async fn many_rows_are_counted_up_and_decimals_and_durations_are_summed(world: World) {
        world.nobody().run(async {
            let stubs: Vec<_> = ["a", "b", "c"].map(|text| Stub { text: text.into(), ..Stub::blank() }).into();
            let ids: Vec<_> = repo::<Stub>().insert_many(stubs).await.unwrap().iter().map(|stub| stub.id).collect();
            assert_eq!(ids, [1, 2, 3]);
            for (name, amount, seconds) in [("a", "0.10", 60), ("b", "0.25", 30), ("b", "-1000000.000001", 1)] {
                let mut measure = Record::<Measure>::new();
                measure.name = name.into();
                measure.amount = decimal(amount);
                measure.takes = TimeDelta::seconds(seconds);
                measure.save().await.unwrap();
            }
            let (sum, least, takes) =
                Measure::query().aggregate(|m| (m.amount.sum(), m.amount.min(), m.takes.sum())).await.unwrap();
            assert_eq!(sum, Some(decimal("-999999.650001")), "to the last digit");
            assert_eq!((least, takes), (Some(decimal("-1000000.000001")), Some(TimeDelta::seconds(91))));
            let groups = Measure::query().group_by(|m| m.amount, |_| count()).await.unwrap();
            assert_eq!(groups.iter().map(|(amount, n)| (amount.to_string(), *n)).collect::<Vec<_>>(), [
                ("-1000000.000001".to_owned(), 1), ("0.1".to_owned(), 1), ("0.25".to_owned(), 1),
            ]);
            let page = Measure::query().order_by(|m| m.amount.desc()).limit(1).paginate().await.unwrap();
            let next = page.next().await.unwrap().unwrap();
            assert_eq!((page.items[0].amount, next.items[0].amount), (decimal("0.25"), decimal("0.10")));
        }).await;
    }

    async fn the_database_counts_ids_up_and_an_insert_answers_them(world: World) {
        world.nobody().run(async {
            for number in 1..=3 {
                let ticket = repo::<Ticket>().insert(Ticket { number: 0, title: format!("ticket {number}"), seen: None }).await.unwrap();
                assert_eq!((ticket.number, ticket.is_new(), ticket.is_changed()), (number, false, false));
            }
            let mut third = repo::<Ticket>().find_id(3).await.unwrap();
            third.seen = Some("yes".into());
            third.save().await.unwrap();
            third.delete().await.unwrap();
            let fourth = repo::<Ticket>().insert(Ticket { number: 0, title: "next".into(), seen: None }).await.unwrap();
            assert_eq!(fourth.number, 4, "a number is never given twice");
        }).await;
    }

    async fn an_id_is_counted_up_where_no_hook_is_asked_too(world: World) {
        world.nobody().run(async {
            for number in 1..=2 {
                let stub = repo::<Stub>().insert(Stub { id: 0, text: format!("stub {number}") }).await.unwrap();
                assert_eq!(stub.id, number);
            }
            let twice = repo::<Stub>().insert(Stub { id: 0, text: "stub 1".into() }).await.unwrap_err();
            assert_eq!(twice.status(), 409);
            let next = repo::<Stub>().insert(Stub { id: 0, text: "next".into() }).await.unwrap();
            assert_eq!(repo::<Stub>().find_id(next.id).await.unwrap(), next);
        }).await;
    }

    async fn an_expression_that_asks_for_itself_is_an_error_and_not_without_end(world: World) {
        world.nobody().run(async {
            let error = repo::<Endless>().insert(Endless { id: Uuid::nil(), of_all: 0 }).await.unwrap_err();
            assert_eq!(error.status(), 500);
        }).await;
    }

    async fn a_client_does_not_choose_an_id_that_is_counted_up(world: World) {
        world.nobody().run(async {
            let ticket = repo::<Ticket>().insert(Ticket { number: 77, title: "mine".into(), seen: None }).await.unwrap();
            assert_eq!(ticket.number, 1);
        }).await;
        world.backend().run(async {
            let ticket = repo::<Ticket>().insert(Ticket { number: 77, title: "imported".into(), seen: None }).await.unwrap();
            assert_eq!(ticket.number, 77);
        }).await;
    }

    async fn a_hook_sees_the_number_and_can_undo_the_insert(world: World) {
        world.nobody().run(async {
            let refused = repo::<Ticket>().insert(Ticket { number: 0, title: "refused".into(), seen: None }).await;
            assert_eq!(refused.unwrap_err().message(), "not ticket 1");
            assert_eq!(repo::<Ticket>().count().await.unwrap(), 0);
        }).await;
    }

    async fn an_id_is_made_by_the_entitys_own_function_unless_it_is_given(world: World) {
        world.nobody().run(async {
            let made = repo::<Voucher>().insert(Record::new()).await.unwrap();
            assert!(made.code.starts_with("V-") && made.code.len() == 34, "{}", made.code);
            let mut given = Record::<Voucher>::new();
            given.code = "V-1".into();
            given.save().await.unwrap();
            assert_eq!(given.code, "V-1");
        }).await;
    }

    async fn an_expression_of_sql_is_known_after_each_save(world: World) {
        world.nobody().run(async {
            let mut new = line("apple", "1.25", 3);
            new.total = decimal("1000000");
            new.save().await.unwrap();
            assert_eq!((new.total, new.letters, new.made.as_str()), (decimal("3.75"), Some(5), "by the database"));
            assert!(!new.is_changed());
            new.quantity = 4;
            new.made = "by me".into();
            new.save().await.unwrap();
            assert_eq!((new.total, new.made.as_str(), new.version), (decimal("5"), "by the database", 2));
            let read = repo::<Line>().find_id(new.id).await.unwrap();
            assert_eq!(read, new);
        }).await;
    }

    async fn rows_are_filtered_and_sorted_by_an_expression_of_sql(world: World) {
        world.nobody().run(async {
            for (product, price, quantity) in [("a", "10", 1), ("bb", "1", 20), ("ccc", "0.5", 3), ("{}", "1", 1)] {
                line(product, price, quantity).save().await.unwrap();
            }
            assert_eq!(products(Line::query().order_by(|l| l.total.desc())).await, ["bb", "a", "ccc", "{}"]);
            assert_eq!(products(Line::query().filter(|l| l.total.gt(decimal("1.49")) & l.total.lt(decimal("20")))).await, ["a", "ccc"]);
            assert_eq!(products(Line::query().filter(|l| l.letters.is_null())).await, ["{}"]);
            assert_eq!(Line::query().filter(|l| l.total.gte(decimal("10"))).count().await.unwrap(), 2);
        }).await;
    }

    async fn what_the_server_computes_comes_with_every_row_and_is_never_taken_from_a_client(world: World) {
        world.nobody().run(async {
            let mut new = line("apple", "1", 2);
            new.description = "mine".into();
            new.save().await.unwrap();
            assert_eq!((new.description.as_str(), new.of_all), ("2 × apple", Some(1)));
            line("pear", "1", 3).save().await.unwrap();
            let rows = Line::query().await.unwrap();
            let shown: Vec<_> = rows.iter().map(|row| (row.description.as_str(), row.of_all)).collect();
            assert_eq!(shown, [("2 × apple", Some(2)), ("3 × pear", Some(2))]);
            new.quantity = 5;
            new.save().await.unwrap();
            assert_eq!(new.description, "5 × apple");
            assert_eq!(repo::<Line>().find_id(new.id).await.unwrap().description, "5 × apple");
        }).await;
    }

    async fn one_cannot_ask_by_what_the_server_computes(world: World) {
        world.nobody().run(async {
            line("apple", "1", 2).save().await.unwrap();
            for error in [
                Line::query().filter(|l| l.description.contains("a")).await.unwrap_err(),
                Line::query().order_by(|l| l.description.asc()).await.unwrap_err(),
                Line::query().filter(|l| !l.of_all.is_null()).count().await.unwrap_err(),
            ] {
                assert_eq!(error.status(), 400);
                assert!(error.message().contains("one cannot filter or sort by it"), "{error}");
            }
            // A hidden one answers as one that is not there.
            let hidden = Line::query().filter(|l| l.margin.gt(decimal("1"))).await.unwrap_err();
            assert_eq!(hidden.message(), "\"margin\" is not a field of lines.");
        }).await;
    }

    async fn what_the_server_computes_is_shown_to_whom_it_is_for(world: World) {
        world.nobody().run(async {
            let mut new = line("apple", "10", 2);
            new.save().await.unwrap();
            assert_eq!(new.margin, Decimal::ZERO);
            assert_eq!(Line::query().await.unwrap()[0].margin, Decimal::ZERO);
        }).await;
        let rows = world.for_(&admin()).run(async { Line::query().await.unwrap() }).await;
        assert_eq!(rows[0].margin, decimal("2"));
    }

    async fn a_row_cannot_be_put_out_of_reach_by_what_the_database_makes_of_it(world: World) {
        world.nobody().run(async {
            let capped = |price, quantity| Capped { id: Uuid::nil(), price, quantity, total: 0 };
            let error = repo::<Capped>().insert(capped(50, 2)).await.unwrap_err();
            assert!(matches!(error.status(), 401 | 403), "{error}");
            let mut row = repo::<Capped>().insert(capped(50, 1)).await.unwrap();
            assert_eq!(row.total, 50);
            row.quantity = 2;
            row.save().await.unwrap_err();
            assert_eq!(repo::<Capped>().find_id(row.id).await.unwrap().quantity, 1);
            row.quantity = 0;
            row.save().await.unwrap();
            assert_eq!(row.total, 0);
        }).await;
        assert_eq!(world.backend().run(async { repo::<Capped>().count().await.unwrap() }).await, 1);
    }

    async fn people_read_what_display_says(world: World) {
        world.nobody().run(async {
            let mut new = line("apple", "1.5", 2);
            new.color = Color::DarkBlue;
            new.save().await.unwrap();
            assert_eq!((new.display(|l| l.price), new.display(|l| l.total)), ("1.50 €".into(), "3.00 €".into()));
            assert_eq!((new.display(|l| l.color), new.display(|l| l.quantity)), ("Navy blue".into(), "2".into()));
            assert_eq!((new.display(|l| l.letters), new.display(|l| l.product)), ("5".into(), "apple".into()));
            new.letters = None;
            assert_eq!(new.display(|l| l.letters), "");
        }).await;
    }
}

#[tokio::test]
async fn clients_may_send_along_what_nobody_writes() {
    let world = World::new(Way::InProcess).await;
    let sent = json!({
        "product": "apple", "price": "2", "quantity": 3, "total": "1", "letters": 99, "description": "x", "ofAll": 9,
        "margin": "9", "made": "by me",
    });
    let row = world.post("/api/lines").json(&sent).send().await.ok(201);
    let uri = format!("/api/lines/{}", row["id"].as_str().unwrap());
    let put = world.put(&uri).json(&sent).send().await.ok(200);
    let got = world.get(&uri).send().await.ok(200);
    let listed = world.get("/api/lines").send().await.ok(200);
    for row in [&row, &put, &got, &listed[0]] {
        assert_eq!(row["total"], "6", "{row}");
        assert_eq!(row["letters"], 5);
        assert_eq!(row["description"], "3 × apple");
        assert_eq!(row["ofAll"], 1);
        assert_eq!(row["made"], "by the database");
        assert!(row.get("margin").is_none());
    }
    let selected = world.get("/api/lines?_select=product,description&_sort=total").send().await.ok(200);
    assert_eq!(selected, json!([{"product": "apple", "description": "3 × apple"}]));
    let plain = world.get("/api/lines?_select=product,total").send().await.ok(200);
    assert_eq!(plain, json!([{"product": "apple", "total": "6"}]));
    for query in ["description=x", "_sort=description", "ofAll.null=true", "margin=1", "_sort=margin"] {
        world.get(&format!("/api/lines?{query}")).send().await.refused(400);
    }
    let ticket = world.post("/api/tickets").json(&json!({"number": 5, "title": "t"})).send().await.ok(201);
    assert_eq!(ticket["number"], 1);
    let rows = world.post("/api/tickets").json(&json!([{"title": "a"}, {"title": "b"}])).send().await.ok(201);
    assert_eq!((&rows[0]["number"], &rows[1]["number"]), (&json!(2), &json!(3)));
}

#[tokio::test]
async fn a_column_has_the_type_that_was_written_by_hand() {
    let world = World::new(Way::Direct).await;
    world.backend().run(async { line("Apple", "1", 1).save().await.unwrap() }).await;
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", world.file().display())).await.unwrap();
    let found: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM lines WHERE product_name = 'aPPLE'").fetch_one(&pool).await.unwrap();
    assert_eq!(found, 1);
    let columns: Vec<(String, i64)> =
        sqlx::query_as("SELECT name, hidden FROM pragma_table_xinfo('lines')").fetch_all(&pool).await.unwrap();
    let generated: Vec<_> = columns.iter().filter(|(_, hidden)| *hidden > 0).map(|(name, _)| name.as_str()).collect();
    assert_eq!(generated, ["total", "letters"]);
    assert!(!columns.iter().any(|(name, _)| name == "description"), "{columns:?}");
}

/// The table of `Capped` as it was, and what the next start says of it.
async fn started_after(table: &str) -> (isoform_server::Database, Result<Vec<String>>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db?mode=rwc", folder.path().display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(table.to_owned())).execute(&pool).await.unwrap();
    sqlx::query("INSERT INTO capped (id, price, quantity) VALUES (?, 6, 7)")
        .bind(vec![1_u8; 16])
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    let database = isoform_server::Database::connect(&url).await.unwrap();
    let done = database.ensure_schema(&[Capped::meta()]).await;
    (database, done, folder)
}

const BEFORE: &str = "CREATE TABLE capped (id blob PRIMARY KEY, price bigint NOT NULL, quantity bigint NOT NULL";

#[tokio::test]
async fn an_expression_is_added_and_changed_at_the_next_start() {
    for (before, says) in [
        (format!("{BEFORE})"), "added the column total to the table capped"),
        (
            format!(
                "{BEFORE}, total bigint GENERATED ALWAYS AS (price + quantity) VIRTUAL); CREATE UNIQUE INDEX capped_total_unique ON capped (total)"
            ),
            "changed the expression of total in the table capped",
        ),
    ] {
        let (database, done, _folder) = started_after(&before).await;
        assert_eq!(done.unwrap(), [says]);
        let total = database.context().run(async { Capped::query().await.unwrap()[0].total }).await;
        assert_eq!(total, 42);
        let again = database.ensure_schema(&[Capped::meta()]).await.unwrap();
        assert_eq!(again, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_column_with_values_is_not_replaced_by_an_expression() {
    let (_, done, _folder) = started_after(&format!("{BEFORE}, total bigint)")).await;
    let message = done.unwrap_err().to_string();
    assert!(message.contains("total") && message.contains("drop the column"), "{message}");
}
