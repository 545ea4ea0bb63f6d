//! SQL of the application's own: with the names that the compiler knows, everything bound, inside the open transaction.

use isoform::prelude::*;
use tests::Way;
use tests::World;
use tests::entities_filters::{Invoice, Payer, Plot, all};

async fn world() -> World {
    World::with(Way::Direct, all()).await
}

fn invoice(id: i64, payer: &str, year: i32) -> Invoice {
    let issued = format!("{year}-06-01T00:00:00Z").parse().unwrap();
    Invoice { id, payer_id: payer.into(), issued, total: Decimal::new(id * 1050, 2), ..Invoice::blank() }
}

async fn filled() -> World {
    let world = world().await;
    world
        .backend()
        .run(async {
            for (id, payer, year) in [(1, "ann", 2023), (2, "bob", 2024), (3, "ann", 2024), (4, "o'neil \"x\"", 2024)] {
                repo::<Invoice>().insert(invoice(id, payer, year)).await.unwrap();
            }
        })
        .await;
    world
}

#[tokio::test]
async fn rows_are_typed_tuples_and_values_are_bound() {
    filled()
        .await
        .backend()
        .run(async {
            let i = Invoice::FIELDS;
            let per_year: Vec<(String, i64, Option<String>)> = sql!(
            "SELECT strftime('%Y', {}) AS year, COUNT(*), MIN({}) FROM {} WHERE {} <> {} GROUP BY year ORDER BY year",
            i.issued, i.clerk, sql::table::<Invoice>(), i.payer_id, "bob",
        ).fetch().await.unwrap();
            assert_eq!(per_year, [("2023".to_owned(), 1, None), ("2024".to_owned(), 2, None)]);
            let odd =
                sql!("SELECT {} FROM {} WHERE {} = {}", i.id, sql::table::<Invoice>(), i.payer_id, "o'neil \"x\"");
            assert_eq!(odd.fetch::<(i64,)>().await.unwrap(), [(4,)]);
            let values =
                sql!("SELECT {}, {}, {}, {}, {}", Decimal::new(125, 2), Uuid::from_u128(7), true, 1.5, vec![1_u8, 2]);
            let back: Option<(Decimal, Uuid, bool, f64, Vec<u8>)> = values.fetch_first().await.unwrap();
            assert_eq!(back, Some((Decimal::new(125, 2), Uuid::from_u128(7), true, 1.5, vec![1, 2])));
            let some: Option<(f64,)> = sql!("SELECT 1 WHERE 1 = 0").fetch_first().await.unwrap();
            assert_eq!(some, None);
            assert_eq!(
                sql!("SELECT 2").fetch_first::<(f64,)>().await.unwrap(),
                Some((2.0,)),
                "a whole number is a number"
            );
            let among = |ids: Vec<i64>| {
                sql!("SELECT COUNT(*) FROM {} WHERE {} IN {}", sql::table::<Invoice>(), i.id, sql::list(ids))
            };
            assert_eq!(among(vec![1, 2, 9]).fetch::<(i64,)>().await.unwrap(), [(2,)]);
            assert_eq!(among(Vec::new()).fetch::<(i64,)>().await.unwrap(), [(0,)]);
        })
        .await;
}

#[tokio::test]
async fn rows_are_records_too_whose_columns_are_found_by_name() {
    filled()
        .await
        .backend()
        .run(async {
            let i = Invoice::FIELDS;
            let dear = sql!(
                "SELECT {} FROM {} WHERE {} > {} ORDER BY {}",
                sql::columns::<Invoice>(),
                sql::table::<Invoice>(),
                i.total,
                Decimal::new(2150, 2),
                i.id,
            );
            let found: Vec<Record<Invoice>> = dear.fetch().await.unwrap();
            assert_eq!(
                found.iter().map(|one| (one.id, one.shown.as_str())).collect::<Vec<_>>(),
                [(3, "#3"), (4, "#4")]
            );
            assert_eq!(*found[0], *repo::<Invoice>().find_id(3).await.unwrap());
            let star: Vec<Record<Invoice>> =
                sql!("SELECT 7 AS other, * FROM {} AS i WHERE i.{} = 1", sql::table::<Invoice>(), sql::name(i.id))
                    .fetch()
                    .await
                    .unwrap();
            assert_eq!(star[0].total, Decimal::new(1050, 2));
            let mut one = star.into_iter().next().unwrap();
            one.paid = true;
            one.save().await.unwrap();
            assert!(repo::<Invoice>().find_id(1).await.unwrap().paid, "they are saved as others are");
            let error =
                sql!("SELECT {} FROM {}", i.id, sql::table::<Invoice>()).fetch::<Record<Invoice>>().await.unwrap_err();
            assert!(error.cause().unwrap().to_string().contains("no column \"paid_by\" for Invoice"), "{error:?}");
        })
        .await;
}

#[tokio::test]
async fn it_runs_inside_the_open_transaction() {
    let world = filled().await;
    let context = world.backend();
    let undone: Result<()> = context
        .transaction(async |_| {
            let i = Invoice::FIELDS;
            let paid = sql!(
                "UPDATE {} SET {} = {} WHERE {} = {}",
                sql::table::<Invoice>(),
                sql::name(i.paid),
                true,
                i.payer_id,
                "ann"
            );
            assert_eq!(paid.execute().await.unwrap(), 2);
            repo::<Payer>().insert(Payer { id: "new".into(), ..Payer::blank() }).await?;
            let seen = sql!("SELECT COUNT(*) FROM {}", sql::table::<Payer>()).fetch::<(i64,)>().await.unwrap();
            assert_eq!(seen, [(1,)], "what was written inside is seen");
            let returned =
                sql!("DELETE FROM {} WHERE {} = 2 RETURNING {}", sql::table::<Invoice>(), i.id, sql::name(i.payer_id));
            assert_eq!(returned.fetch::<(String,)>().await.unwrap(), [("bob".to_owned(),)]);
            assert_eq!(Invoice::query().filter(|i| i.paid.eq(true)).count().await?, 2);
            Err(Error::invalid("no"))
        })
        .await;
    assert_eq!(undone.unwrap_err().message(), "no");
    context
        .run(async {
            assert_eq!(Invoice::query().filter(|i| i.paid.eq(true)).count().await.unwrap(), 0, "all of it was undone");
            assert_eq!((Payer::query().count().await.unwrap(), Invoice::query().count().await.unwrap()), (0, 4));
            let all = sql!("UPDATE {} SET {} = 1", sql::table::<Invoice>(), sql::name(Invoice::FIELDS.paid));
            assert_eq!(all.execute().await.unwrap(), 4);
            assert_eq!(
                Invoice::query().filter(|i| i.paid.eq(true)).count().await.unwrap(),
                4,
                "and outside it is done at once"
            );
        })
        .await;
}

#[tokio::test]
async fn what_does_not_fit_is_said_with_its_column() {
    filled()
        .await
        .backend()
        .run(async {
            let cause = |error: Error| {
                assert!(error.is_internal(), "{error:?}");
                error.cause().unwrap().to_string()
            };
            let told = cause(sql!("SELECT 1, 2").fetch::<(i64,)>().await.unwrap_err());
            assert_eq!(told, "the answer has 2 columns; 1 were asked for, by the type of its rows");
            let told = cause(sql!("SELECT 1, 'x' AS name").fetch::<(i64, i64)>().await.unwrap_err());
            assert_eq!(told, "column 2 of the answer (\"name\") is TEXT and not a whole number");
            let told = cause(sql!("SELECT 1, NULL").fetch::<(i64, i64)>().await.unwrap_err());
            assert_eq!(told, "column 2 of the answer must not be null");
            let told = cause(sql!("SELECT 'soon'").fetch::<(DateTime<Utc>,)>().await.unwrap_err());
            assert!(told.contains("not a time"), "{told}");
            let told = cause(sql!("SELECT 5000000000").fetch::<(i32,)>().await.unwrap_err());
            assert!(told.starts_with("column 1 of the answer must be a whole number between"), "{told}");
            let told = cause(sql!("SELECT nonsense FROM nowhere").fetch::<(i64,)>().await.unwrap_err());
            assert!(told.contains("nowhere"), "{told}");
            let told = cause(
                sql!("SELECT {} FROM {}", Invoice::FIELDS.shown, sql::table::<Invoice>())
                    .fetch::<(String,)>()
                    .await
                    .unwrap_err(),
            );
            assert_eq!(told, "invoices.shown is computed by the server and has no column");
            for end in [sql!("COMMIT"), sql!(" rollback"), sql!("Begin")] {
                assert!(cause(end.execute().await.unwrap_err()).contains("`Context::transaction`"));
            }
            let twice = sql!(
                "INSERT INTO {} SELECT * FROM {} WHERE {} = 1",
                sql::table::<Invoice>(),
                sql::table::<Invoice>(),
                Invoice::FIELDS.id
            );
            assert!(twice.execute().await.unwrap_err().is_conflict());
        })
        .await;
}

#[tokio::test]
async fn only_trusted_code_has_it() {
    let world = filled().await;
    for context in [world.nobody(), world.for_(&tests::admin())] {
        context
            .run(async {
                let error = sql!("SELECT 1").fetch::<(i64,)>().await.unwrap_err();
                assert!(error.is_forbidden() && error.message().contains("trusted code"), "{error:?}");
                assert!(sql!("DELETE FROM {}", sql::table::<Invoice>()).execute().await.unwrap_err().is_forbidden());
                let asked = Invoice::query().matching(Filter::sql(sql!("{} = 1", Invoice::FIELDS.id)));
                let error = asked.clone().await.unwrap_err();
                assert!(error.is_invalid() && error.message().contains("custom filter"), "{error:?}");
                assert!(asked.clone().count().await.unwrap_err().is_invalid());
                assert!(repo::<Invoice>().delete_many(|_| Filter::sql(sql!("1 = 1"))).await.unwrap_err().is_invalid());
                let across =
                    Payer::query().filter(|p| p.invoices.any(|_| Filter::sql(sql!("1 = 1")))).await.unwrap_err();
                assert!(across.is_invalid(), "{across:?}");
            })
            .await;
    }
    assert_eq!(world.backend().run(Invoice::query().count()).await.unwrap(), 4);
}

#[tokio::test]
async fn a_filter_in_sql_combines_with_others_and_goes_across_relations() {
    let world = filled().await;
    world
        .backend()
        .run(async {
            repo::<Payer>().insert(Payer { id: "ann".into(), ..Payer::blank() }).await.unwrap();
            repo::<Payer>().insert(Payer { id: "bob".into(), ..Payer::blank() }).await.unwrap();
            let i = Invoice::FIELDS;
            let ids = async |filter: Filter<Invoice>| {
                Invoice::query().matching(filter).await.unwrap().iter().map(|one| one.id).collect::<Vec<_>>()
            };
            let of = |year: &str| Filter::<Invoice>::sql(sql!("strftime('%Y', {}) = {}", i.issued, year));
            assert_eq!(ids(of("2024")).await, [2, 3, 4]);
            assert_eq!(ids(!of("2024")).await, [1]);
            assert_eq!(ids(of("2023") | Invoice::filter(|i| i.id.eq(4))).await, [1, 4]);
            assert_eq!(ids(of("2024") & Invoice::filter(|i| i.payer_id.eq("ann"))).await, [3]);
            // What it says stays together, whatever stands beside it.
            let either: Filter<Invoice> = Filter::sql(sql!("{} = 1 OR {} = 2", i.id, i.id));
            assert_eq!(ids(either.clone() & of("2024")).await, [2]);
            assert_eq!(ids(!either).await, [3, 4]);
            // A subquery on the same table sees the row that is asked about by its own name.
            let latest = sql!(
                "NOT EXISTS (SELECT 1 FROM {} AS later WHERE later.{} = {} AND later.{} > {})",
                sql::table::<Invoice>(),
                sql::name(i.payer_id),
                i.payer_id,
                sql::name(i.id),
                i.id,
            );
            assert_eq!(ids(Filter::sql(latest.clone())).await, [2, 3, 4]);
            let payers = Payer::query().filter(|p| p.invoices.any(|_| Filter::sql(latest) & of("2024"))).await.unwrap();
            assert_eq!(payers.len(), 2);
            assert_eq!(Payer::query().filter(|p| p.invoices.none(|_| of("2023"))).await.unwrap()[0].id, "bob");
            let page = Invoice::query().matching(of("2024")).limit(2).paginate().await.unwrap();
            assert_eq!(page.next().await.unwrap().unwrap().items[0].id, 4);
            assert_eq!(Invoice::query().matching(of("2024")).aggregate(|i| i.id.sum()).await.unwrap(), Some(9));
            assert_eq!(repo::<Invoice>().update_many(|_| of("2024"), |i| i.paid.set(true)).await.unwrap(), 3);
            assert_eq!(repo::<Invoice>().delete_many(|_| of("2023")).await.unwrap(), 1);
            let error = Invoice::query().matching(Filter::sql(sql!("{} = '#1'", i.shown))).await.unwrap_err();
            assert!(error.is_internal(), "{error:?}");
        })
        .await;
}

#[tokio::test]
async fn an_api_filter_in_sql_holds_for_what_is_written_too() {
    let world = world().await;
    let new = |name: &str, size: Option<f64>| Plot { name: name.into(), size, ..Plot::blank() };
    let (hidden, mut seen) = world
        .backend()
        .run(async {
            (
                repo::<Plot>().insert(new("a long name", None)).await.unwrap(),
                repo::<Plot>().insert(new("hill", Some(2.5))).await.unwrap(),
            )
        })
        .await;
    world
        .for_(&tests::ann())
        .run(async {
            assert_eq!(Plot::query().await.unwrap().len(), 1);
            assert!(repo::<Plot>().find_id(hidden.id).await.unwrap_err().is_not_found());
            assert!(repo::<Plot>().delete(hidden.id).await.unwrap_err().is_not_found());
            assert!(repo::<Plot>().insert(new("meadow", None)).await.unwrap_err().is_forbidden());
            assert!(repo::<Plot>().insert(new("wood", Some(100.0))).await.unwrap_err().is_forbidden());
            repo::<Plot>().insert(new("wood", Some(99.5))).await.unwrap();
            seen.name = "hillside".into();
            assert!(seen.save().await.unwrap_err().is_forbidden(), "out of one's own reach");
            assert!(
                tests::entities_filters::PlotMethods::keep(&mut seen).await.unwrap_err().is_forbidden(),
                "nor by a method"
            );
            seen.name = "dale".into();
            seen.save().await.unwrap();
            assert!(
                repo::<Plot>()
                    .update_many(|p| p.name.eq("wood"), |p| p.size.set(500.0))
                    .await
                    .unwrap_err()
                    .is_forbidden()
            );
            assert_eq!(repo::<Plot>().update_many(|_| isoform::all(), |p| p.size.set(5.0)).await.unwrap(), 2);
        })
        .await;
    assert_eq!(world.backend().run(Plot::query().filter(|p| p.size.eq(5.0)).count()).await.unwrap(), 2);
}
