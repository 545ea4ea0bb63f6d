//! Entities over a `SELECT` or a view: read like any other, written by nobody.

use isoform::prelude::*;
use serde_json::json;
use tests::entities_views::{
    BOSS, Courier, CourierRelations as _, CourierTotal, Delivery, EarlyDelivery, Earned, Greedy, OwnDelivery, Payroll,
    Tally, TripCount, Twin,
};
use tests::{Way, World, admin, ann, promises};

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, day).unwrap()
}

/// Three couriers and the boss, who have delivered.
async fn deliveries(world: &World) {
    let couriers = [(1, "Ada"), (2, "Bob"), (3, "Cy"), (BOSS, "Boss")];
    let trips = [
        (1, "1.5", 1, false),
        (1, "2.25", 2, false),
        (1, "100", 3, true),
        (2, "4", 4, false),
        (3, "5", 5, false),
        (BOSS, "9", 6, false),
    ];
    world
        .backend()
        .run(async {
            let courier = |(id, name): (i64, &str)| Courier { id, name: name.into(), ..Courier::blank() };
            repo::<Courier>().insert_many(couriers.map(courier).to_vec()).await.unwrap();
            let trip = |(courier_id, fee, on, secret)| Delivery {
                courier_id,
                fee: decimal(fee),
                day: day(on),
                secret,
                ..Delivery::blank()
            };
            repo::<Delivery>().insert_many(trips.map(trip).to_vec()).await.unwrap();
        })
        .await;
}

fn ids(totals: &[Record<CourierTotal>]) -> Vec<i64> {
    totals.iter().map(|total| total.courier_id).collect()
}

promises! {
    async fn rows_of_a_select_are_found_filtered_sorted_and_counted(world: World) {
        deliveries(&world).await;
        world.for_(&ann()).run(async {
            let all = CourierTotal::query().await.unwrap();
            assert_eq!(ids(&all), [1, 3, 2], "in the entity's own order, without the boss, whom the API's filter hides");
            assert_eq!((all[0].trips, all[0].fees, all[0].label.as_str()), (2, decimal("3.75"), "2 trips"));
            assert_eq!(all[0].last_day, NaiveDate::default(), "hidden");
            let rich = CourierTotal::query().filter(|t| t.fees.gte(decimal("4"))).order_by(|t| t.fees.desc()).await.unwrap();
            assert_eq!(ids(&rich), [3, 2]);
            assert_eq!(CourierTotal::query().filter(|t| t.courier_id.in_([2, 3, BOSS])).count().await.unwrap(), 2);
            assert_eq!(repo::<CourierTotal>().find_id(2).await.unwrap().fees, decimal("4"));
            assert_eq!(repo::<CourierTotal>().find_id(BOSS).await.unwrap_err().status(), 404);
            let selected = CourierTotal::query().order_by(|t| t.courier_id.desc()).limit(2).select(|t| (t.courier_id, t.trips)).await.unwrap();
            assert_eq!(selected, [(3, 1), (2, 1)]);
            let hidden = CourierTotal::query().filter(|t| t.last_day.eq(day(1))).await.unwrap_err();
            assert_eq!(hidden.status(), 400);
        }).await;
        world.for_(&admin()).run(async {
            assert_eq!(repo::<CourierTotal>().find_id(1).await.unwrap().last_day, day(2));
        }).await;
        assert_eq!(world.nobody().run(async { CourierTotal::query().await.unwrap_err().status() }).await, 401);
        world.backend().run(async {
            assert_eq!(CourierTotal::query().count().await.unwrap(), 4, "trusted code sees the boss too");
        }).await;
    }

    async fn rows_of_a_select_are_aggregated_and_paged(world: World) {
        deliveries(&world).await;
        world.for_(&ann()).run(async {
            let (trips, fees) = CourierTotal::query().aggregate(|t| (t.trips.sum(), t.fees.max())).await.unwrap();
            assert_eq!((trips, fees), (Some(4), Some(decimal("5"))));
            let groups = CourierTotal::query().group_by(|t| t.trips, |_| isoform::aggregate::count()).await.unwrap();
            assert_eq!(groups.iter().map(|(trips, n)| (*trips, *n)).collect::<Vec<_>>(), [(1, 2), (2, 1)]);
            let mut page = CourierTotal::query().order_by(|t| t.trips.asc()).limit(1).paginate().await.unwrap();
            let mut seen = ids(&page.items);
            while let Some(next) = page.next().await.unwrap() {
                seen.extend(ids(&next.items));
                page = next;
            }
            assert_eq!(seen, [2, 3, 1]);
        }).await;
    }

    async fn a_select_reads_from_another_one(world: World) {
        deliveries(&world).await;
        world.nobody().run(async {
            let counts = TripCount::query().await.unwrap();
            assert_eq!(counts.iter().map(|c| (c.trips, c.couriers)).collect::<Vec<_>>(), [(1, 3), (2, 1)]);
        }).await;
    }

    async fn relations_go_to_and_from_rows_without_a_table(world: World) {
        deliveries(&world).await;
        world.for_(&ann()).run(async {
            let couriers = Courier::query().include(|c| c.total).order_by(|c| c.id.asc()).await.unwrap();
            let trips: Vec<_> = couriers.iter().map(|c| c.total.get().map(|total| total.trips)).collect();
            assert_eq!(trips, [Some(2), Some(1), Some(1), None], "each with its own guard");
            let busy = Courier::query().filter(|c| c.total.trips.gt(1)).await.unwrap();
            assert_eq!(busy.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["Ada"]);
            let totals = CourierTotal::query().include(|t| t.courier).include(|t| t.deliveries).await.unwrap();
            assert_eq!(totals[0].courier.get().unwrap().name, "Ada");
            assert_eq!(totals[0].deliveries.iter().count(), 3);
            // Nothing keeps watch over a key to what has no table.
            repo::<Courier>().insert(Courier { id: 20, name: "New".into(), ..Courier::blank() }).await.unwrap();
            let ada = CourierTotal::query().filter(|t| t.courier.name.eq("Ada")).await.unwrap();
            assert_eq!(ids(&ada), [1]);
            let with_cheap = CourierTotal::query().filter(|t| t.deliveries.any(|d| d.fee.lt(decimal("2")))).count().await.unwrap();
            assert_eq!(with_cheap, 1);
            let courier = couriers[0].total().await.unwrap().unwrap();
            assert_eq!(courier.fees, decimal("3.75"));
        }).await;
    }

    async fn arguments_are_given_with_the_question(world: World) {
        deliveries(&world).await;
        world.for_(&ann()).run(async {
            let january = Earned::query_with(day(2), Some(day(4))).await.unwrap();
            let rows = |earned: &[Record<Earned>]| earned.iter().map(|one| (one.courier_id, one.fees.to_string())).collect::<Vec<_>>();
            assert_eq!(rows(&january), [(1, "102.25".into()), (2, "4".into())]);
            assert_eq!(january[0].asked_by.as_deref(), Some("ann"), "the function knows who asks");
            let since = Earned::query_with(day(5), None).order_by(|e| e.fees.desc()).include(|e| e.courier).await.unwrap();
            assert_eq!(rows(&since), [(BOSS, "9".into()), (3, "5".into())]);
            assert_eq!(since[0].courier.get().unwrap().name, "Boss");
            let narrow = Earned::query_with(day(1), None).filter(|e| e.fees.gt(decimal("8")) & !e.courier_id.eq(1));
            assert_eq!(narrow.clone().count().await.unwrap(), 1);
            assert_eq!(narrow.aggregate(|e| e.fees.sum()).await.unwrap(), Some(decimal("9")));
            let mut page = Earned::query_with(day(1), None).order_by(|e| e.fees.asc()).limit(2).paginate().await.unwrap();
            let mut seen = rows(&page.items);
            while let Some(next) = page.next().await.unwrap() {
                seen.extend(rows(&next.items));
                page = next;
            }
            assert_eq!(seen.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [2, 3, BOSS, 1]);
            assert_eq!(Earned::query_with(day(1), None).filter(|_| Filter::nothing()).count().await.unwrap(), 0);
        }).await;
    }

    async fn arguments_go_over_relations_and_into_includes(world: World) {
        deliveries(&world).await;
        world.for_(&ann()).run(async {
            let rich = |from| move |c: <Courier as Entity>::Fields| c.earned.any(|e| Earned::given(day(from), None) & e.fees.gt(decimal("4")));
            let names = async |from| Courier::query().filter(rich(from)).await.unwrap().iter().map(|c| c.name.clone()).collect::<Vec<_>>();
            assert_eq!(names(1).await, ["Ada", "Cy", "Boss"]);
            assert_eq!(names(4).await, ["Cy", "Boss"]);
            let couriers = Courier::query().order_by(|c| c.id.asc()).include_with(|c| c.earned, |earned| earned.filter(|_| Earned::given(day(3), Some(day(5))))).await.unwrap();
            let fees: Vec<_> = couriers.iter().map(|c| c.earned.get().map(|earned| earned.fees.to_string())).collect();
            assert_eq!(fees, [Some("100".into()), Some("4".into()), Some("5".into()), None]);
        }).await;
    }

    async fn without_its_arguments_nothing_is_asked(world: World) {
        deliveries(&world).await;
        world.for_(&ann()).run(async {
            let wanted = "earned is asked with its arguments, as the filter \"$custom$given\": {\"from\": …, \"to\": …}.";
            assert_eq!(Earned::query().await.unwrap_err().message(), wanted);
            assert_eq!(repo::<Earned>().find_id(1).await.unwrap_err().message(), wanted);
            assert_eq!(Courier::query().include(|c| c.earned).await.unwrap_err().message(), wanted);
            for wrong in [
                Earned::query().filter(|e| Earned::given(day(1), None) | e.courier_id.eq(1)),
                Earned::query().filter(|_| !Earned::given(day(1), None)),
            ] {
                let message = wrong.await.unwrap_err().message().to_owned();
                assert!(message.contains("cannot stand under \"OR\" or \"NOT\""), "{message}");
            }
            let twice = Earned::query_with(day(1), None).filter(|_| Earned::given(day(2), None)).await.unwrap_err();
            assert_eq!((twice.status(), twice.message()), (400, "earned: arguments are given twice, and differ."));
            let backwards = Earned::query_with(day(2), Some(day(1))).await.unwrap_err();
            assert_eq!((backwards.status(), backwards.message()), (400, "the days end before they begin"));
        }).await;
    }

    async fn a_filter_that_gives_the_arguments_and_says_more_stands_beside_others(world: World) {
        deliveries(&world).await;
        world.for_(&ann()).run(async {
            let earned = |filter: Filter<Earned>| Earned::query().filter(|_| filter.clone());
            let not_first = || Earned::filter(|e| e.courier_id.ne(1));
            assert_eq!(earned(Earned::well_paid()).count().await.unwrap(), 2);
            assert_eq!(earned(Earned::well_paid() & not_first()).count().await.unwrap(), 1);
            assert_eq!(earned(not_first() & Earned::well_paid()).await.unwrap()[0].courier_id, BOSS);
            let well_paid = Courier::query().filter(|c| c.earned.any(|_| Earned::well_paid() & not_first()));
            assert_eq!(well_paid.count().await.unwrap(), 1);
            let either = earned(Earned::well_paid() | not_first()).await.unwrap_err();
            assert!(either.message().contains("cannot stand under \"OR\" or \"NOT\""), "{either:?}");
        }).await;
    }

    async fn a_limit_holds_where_an_id_is_there_twice(world: World) {
        world.nobody().run(async {
            let first = Twin::query().filter(|t| t.id.eq(1)).limit(1).await.unwrap();
            assert_eq!(first.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["a"]);
            assert_eq!(Twin::query().filter(|t| t.id.eq(1)).await.unwrap().len(), 2);
        }).await;
    }

    async fn a_function_without_arguments_asks_the_context(world: World) {
        deliveries(&world).await;
        let first = Identity::new("1", "Ada");
        let fees = world.for_(&first).run(async { OwnDelivery::query().order_by(|d| d.fee.asc()).await.unwrap() }).await;
        assert_eq!(fees.iter().map(|own| own.fee.to_string()).collect::<Vec<_>>(), ["1.5", "2.25", "100"]);
        let id = fees[0].id;
        world.for_(&Identity::new("2", "Bob")).run(async {
            assert_eq!(OwnDelivery::query().count().await.unwrap(), 1);
            assert_eq!(repo::<OwnDelivery>().find_id(id).await.unwrap_err().status(), 404);
        }).await;
    }

    async fn nobody_writes_what_has_no_table_not_even_trusted_code(world: World) {
        deliveries(&world).await;
        for context in [world.for_(&admin()), world.backend()] {
            context.run(async {
                let new = || CourierTotal { courier_id: 7, trips: 1, ..CourierTotal::blank() };
                let mut total = repo::<CourierTotal>().find_id(1).await.unwrap();
                total.trips = 5;
                let errors = [
                    ("save", total.save().await.err()),
                    ("delete", total.delete().await.err()),
                    ("insert", repo::<CourierTotal>().insert(new()).await.err()),
                    ("insert many", repo::<CourierTotal>().insert_many(vec![new(), new()]).await.err()),
                    ("update many", repo::<CourierTotal>().update_many(|t| t.trips.gt(0), |t| t.trips.set(1)).await.err()),
                    ("delete many", repo::<CourierTotal>().delete_many(|t| t.trips.gt(0)).await.err()),
                    ("upsert", repo::<CourierTotal>().upsert(|t| t.courier_id.set(1), |t| t.trips.set(1)).await.err()),
                ];
                for (write, error) in errors {
                    let error = error.unwrap_or_else(|| panic!("{write} went through"));
                    assert_eq!(error.status(), 400, "{write}: {error:?}");
                    assert_eq!(error.message(), "The rows of courier-totals can only be read: they have no table of their own.", "{write}");
                }
            }).await;
        }
    }
}

#[tokio::test]
async fn over_http_it_is_a_list_like_any_other() {
    let world = World::new(Way::InProcess).await;
    deliveries(&world).await;
    let listed =
        world.get("/api/courier-totals?_sort=fees&_select=courierId,fees&_limit=2").by(&ann()).send().await.ok(200);
    assert_eq!(listed, json!([{"courierId": 1, "fees": "3.75"}, {"courierId": 2, "fees": "4"}]));
    let given = "%7B%22from%22%3A%222026-01-03%22%7D";
    let earned = world
        .get(&format!("/api/earned?$custom$given={given}&courierId=1&_select=courierId,fees"))
        .by(&ann())
        .send()
        .await
        .ok(200);
    assert_eq!(earned, json!([{"courierId": 1, "fees": "100"}]));
    let posted = json!({"where": {"$custom$given": {"from": "2026-01-03", "to": "2026-01-04"}}});
    assert_eq!(world.post("/api/earned?__action=count").json(&posted).by(&ann()).send().await.ok(200)["count"], 2);
    for wrong in
        [json!({}), json!({"from": "soon"}), json!({"form": "2026-01-03"}), json!(1), json!({"from": "' OR 1=1"})]
    {
        let asked = json!({"where": {"$custom$given": wrong}});
        let message =
            world.post("/api/earned?__action=get").json(&asked).by(&ann()).send().await.refused_echoing(400, "soon");
        assert!(message.contains("$custom$given"), "{message}");
    }
    let row = json!({"courierId": 7, "trips": 1});
    for asked in [
        world.post("/api/courier-totals").json(&row),
        world.put("/api/courier-totals/1").json(&row),
        world.delete("/api/courier-totals/1"),
        world.post("/api/courier-totals?__action=updateMany").json(&json!({"set": {"trips": 1}, "where": "all"})),
        world.post("/api/courier-totals?__action=deleteMany").json(&json!({"where": "all"})),
        world
            .post("/api/courier-totals?__action=upsertMany")
            .json(&json!([{"where": {"courierId": 1}, "set": {"trips": 1}}])),
    ] {
        let message = asked.by(&ann()).send().await.refused(400);
        assert!(message.contains("can only be read"), "{message}");
    }
    let batch = json!([{"delete": "courier-totals", "id": 1}]);
    assert!(world.post("/api/$batch").json(&batch).by(&ann()).send().await.refused(400).contains("can only be read"));
}

#[tokio::test]
async fn only_trusted_code_says_what_is_read_from() {
    let world = World::new(Way::Direct).await;
    deliveries(&world).await;
    let made_up = || {
        let rows = isoform::sql!("SELECT 1 AS courier_id, 2000000 AS fees, 'me' AS asked_by");
        Earned::query().filter(move |_| Filter::from_condition(isoform::Condition::From(Box::new(rows))))
    };
    assert_eq!(world.for_(&ann()).run(async { made_up().await.unwrap_err().status() }).await, 400);
    assert_eq!(world.backend().run(async { made_up().await.unwrap()[0].fees }).await, decimal("2"));
}

/// A start with the view as it is made there.
async fn started_with(sql: &str) -> (isoform_server::Database, Result<Vec<String>>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db?mode=rwc", folder.path().display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&pool).await.unwrap();
    pool.close().await;
    let database = isoform_server::Database::connect(&url).await.unwrap();
    let done = database.ensure_schema(&[EarlyDelivery::meta()]).await;
    (database, done, folder)
}

#[tokio::test]
async fn a_view_that_somebody_else_made_is_read_and_left_alone() {
    let rows = "CREATE TABLE raw (n integer, at text, paid integer); INSERT INTO raw VALUES (2, '2026-01-02', NULL), (1, '2026-01-01', 1500000)";
    let (database, done, _folder) =
        started_with(&format!("{rows}; CREATE VIEW early AS SELECT n AS id, at AS day, paid FROM raw")).await;
    assert_eq!(done.unwrap(), Vec::<String>::new(), "nothing is made");
    database
        .context()
        .run(async {
            let rows = EarlyDelivery::query().await.unwrap();
            assert_eq!(
                rows.iter().map(|early| (early.id, early.fee)).collect::<Vec<_>>(),
                [(1, Some(decimal("1.5"))), (2, None)]
            );
            assert_eq!(repo::<EarlyDelivery>().delete_many(|_| all()).await.unwrap_err().status(), 400);
        })
        .await;
}

#[tokio::test]
async fn a_view_that_is_missing_or_lacks_a_column_stops_the_start_with_its_name() {
    let (_, done, _folder) = started_with("CREATE TABLE other (id integer)").await;
    let message = done.unwrap_err().message().to_owned();
    assert_eq!(message, "EarlyDelivery is read from the view \"early\": no such table: early.");
    let (_, done, _folder) = started_with("CREATE TABLE early (id integer, DAY text)").await;
    let message = done.unwrap_err().message().to_owned();
    assert_eq!(message, "EarlyDelivery is read from the view \"early\": it has no column paid; there are id, DAY.");
}

mod wrong {
    use super::*;

    /// Its SQL is none.
    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(key = "wrongs", sql = "SELECT 1 AS {id} FROM nowhere", allow(read = true))]
    pub struct Wrong {
        #[field(id)]
        pub id: i64,
    }

    /// These two read from each other.
    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(key = "hens", sql = "SELECT {Egg.id} AS {id} FROM {Egg}", allow(read = true))]
    pub struct Hen {
        #[field(id)]
        pub id: i64,
    }

    /// These two read from each other.
    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(key = "eggs", sql = "SELECT {Hen.id} AS {id} FROM {Hen}", allow(read = true))]
    pub struct Egg {
        #[field(id)]
        pub id: i64,
    }
}

#[tokio::test]
async fn sql_that_is_wrong_stops_the_start() {
    for (entity, says) in [
        (entities![wrong::Wrong], "Wrong is read from its SQL: no such table: nowhere."),
        (entities![wrong::Hen], "Hen is read from its SQL: no such table: "),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let database =
            isoform_server::Database::connect(&format!("sqlite://{}/test.db", folder.path().display())).await.unwrap();
        let error = isoform_server::Api::new(database).entities(entity).ensure_schema().await.unwrap_err();
        assert!(error.message().starts_with(says), "{error}");
    }
}

mod related {
    use super::*;

    /// Related by what has no column in the other.
    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(key = "folders", allow(read = true))]
    pub struct Folder {
        #[field(id)]
        pub id: i64,
        #[relation(Sheet::folder)]
        pub sheets: ToMany<Sheet>,
    }

    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(key = "sheets", allow(read = true))]
    pub struct Sheet {
        #[field(id)]
        pub id: i64,
        #[field(server_expression = folder)]
        pub folder: i64,
    }

    async fn folder(sheet: &Record<Sheet>) -> Result<i64> {
        Ok(sheet.id)
    }
}

#[tokio::test]
async fn a_relation_by_what_has_no_column_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let database =
        isoform_server::Database::connect(&format!("sqlite://{}/test.db", folder.path().display())).await.unwrap();
    let api = isoform_server::Api::new(database).entities(entities![related::Folder, related::Sheet]);
    let error = api.into_router().unwrap_err();
    let says = "Folder.sheets is related by Sheet.folder, which has no column: the server computes it.";
    assert_eq!(error.message(), says);
}

#[tokio::test]
async fn a_field_that_is_declared_over_a_functions_rows_stops_the_start() {
    let says = |entity: &str, field: &str| {
        format!(
            "{entity}: the field `{field}` of {entity} is computed of rows of Earned, which a function answers: a query asks for them, \
             a declared value cannot."
        )
    };
    for (entities, says) in [
        (entities![Courier, Delivery, CourierTotal, Earned, Tally], says("Tally", "fees")),
        (entities![Courier, Delivery, CourierTotal, Earned, Payroll], says("Payroll", "paid")),
    ] {
        let database = isoform_server::Database::connect("sqlite::memory:").await.unwrap();
        let api = isoform_server::Api::new(database).entities(entities);
        assert_eq!(api.ensure_schema().await.unwrap_err().message(), says);
        assert_eq!(api.into_router().unwrap_err().message(), says);
    }
}

#[tokio::test]
async fn rows_for_arguments_that_nobody_gives_are_not_always_included() {
    let database = isoform_server::Database::connect("sqlite::memory:").await.unwrap();
    let api = isoform_server::Api::new(database).entities(entities![Courier, CourierTotal, Delivery, Earned, Greedy]);
    let says =
        "Greedy: the relation `earned` is always included, but nobody gives the arguments that Earned is asked with";
    for error in [api.ensure_schema().await.unwrap_err(), api.into_router().unwrap_err()] {
        assert!(error.message().starts_with(says), "{error:?}");
    }
}
