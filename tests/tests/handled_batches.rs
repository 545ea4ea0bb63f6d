//! Handlers of batches: what they set, and what they answer.

use isoform::handlers::{Handlers, Next, RunBatch, Update, UpdateMany, UpsertMany};
use isoform::operations::Done;
use isoform::prelude::*;
use isoform::{Batch as Writes, Step, Upsert, Value};
use serde_json::json;
use tests::entities_handled::{Deal, audit};
use tests::entities_rules::{self, Folder, Memo};
use tests::handled::{audits, new, stored};
use tests::{Way, World, ann, promises};

fn who(wants: &str) -> Identity {
    Identity::new(wants, wants)
}

fn wants(context: &Context) -> &str {
    context.identity().map_or("", |who| &who.id)
}

/// Puts a total, which is the server's, into all values of a batch, or a title, which is anybody's.
async fn setting(way: Way) -> World {
    let handlers = Handlers::new().before_any::<RunBatch>(async |request| {
        let (total, title) = (Deal::FIELDS.total.index(), Deal::FIELDS.title.index());
        let one = match wants(&request.context) {
            "total" => (total, Value::Int(99)),
            "trusted" => {
                request.trust_fields([total].into_iter().collect());
                (total, Value::Int(99))
            }
            "title" => (title, Value::Text("theirs".into())),
            _ => return Ok(Next::Continue),
        };
        let put = |values: &mut Vec<(usize, Value)>| {
            assert!(values.iter().all(|(field, _)| *field != total), "what they may not write is not there");
            values.retain(|(field, _)| *field != one.0);
            values.push(one.clone());
        };
        for (_, step) in &mut request.steps {
            match step {
                Step::Insert(values) | Step::Update(_, values) | Step::UpdateMany(_, values) => put(values),
                Step::InsertMany(rows) => rows.iter_mut().for_each(put),
                Step::UpsertMany(rows) => rows.iter_mut().for_each(|row| put(row.set.get_or_insert_default())),
                _ => {}
            }
        }
        Ok(Next::Continue)
    });
    tests::handled::world(way, handlers).await
}

/// A batch of one write of each kind that sets values.
fn one_of_each() -> Vec<(&'static str, Writes)> {
    let kinds = ["insert", "insert many", "update", "update many", "upsert", "upsert what is there"];
    let batch = |kind: &'static str| {
        let mut batch = Writes::new();
        let deals = batch.repo::<Deal>();
        let mine = Deal { total: 7, ..new(10) };
        match kind {
            "insert" => drop(deals.insert(mine)),
            "insert many" => drop(deals.insert_many([mine])),
            "update" => drop(deals.update(1, |d| (d.title.set("mine"), d.total.set(7)))),
            "update many" => drop(deals.update_many(|d| d.number.eq(1), |d| (d.title.set("mine"), d.total.set(7)))),
            "upsert" => drop(deals.upsert_many([Upsert::<Deal>::by(|d| d.number.set(10)).set(|d| d.total.set(7))])),
            _ => drop(deals.upsert_many([Upsert::<Deal>::by(|d| d.number.set(1)).set(|d| d.total.set(7))])),
        }
        (kind, batch)
    };
    kinds.map(batch).into()
}

promises! {
    in setting;

    async fn what_a_batch_handler_sets_and_the_asker_may_not_write_is_refused(world: World) {
        for wanted in ["total", "trusted"] {
            for (kind, batch) in one_of_each() {
                let error = world.for_(&who(wanted)).run(batch.run()).await.unwrap_err();
                assert!(error.is_forbidden(), "{kind}: {error}");
                assert!(error.message().starts_with("Operation 1: ") && error.message().contains("total"), "{kind}: {error}");
            }
        }
        assert!(stored(&world, 10).await.is_none());
        assert_eq!(stored(&world, 1).await.unwrap().title, "deal 1");
    }

    async fn what_the_asker_of_a_batch_may_not_write_is_passed_over_and_what_they_may_is_the_handlers_to_change(world: World) {
        for (wanted, title) in [("nothing", ["new", "mine", ""]), ("title", ["theirs"; 3])] {
            for (kind, batch) in one_of_each() {
                world.for_(&who(wanted)).run(batch.run()).await.unwrap();
                let (number, title) = match kind {
                    "insert" | "insert many" => (10, title[0]),
                    "upsert" => (10, title[2]),
                    "update" | "update many" => (1, title[1]),
                    _ if wanted == "title" => (1, "theirs"),
                    _ => (1, "mine"),
                };
                let deal = stored(&world, number).await.unwrap();
                assert_eq!((deal.title.as_str(), deal.total), (title, 0), "{wanted}: {kind}");
                world.backend().run(async { repo::<Deal>().delete_many(|d| d.number.eq(10)).await.unwrap() }).await;
            }
        }
    }
}

/// Sets an amount, which may be changed while a memo is open.
async fn judging(way: Way) -> World {
    fn nine(values: &mut Vec<(usize, Value)>) {
        values.retain(|(field, _)| *field != Memo::FIELDS.amount.index());
        values.push((Memo::FIELDS.amount.index(), Value::Int(9)));
    }
    let handlers = Handlers::new().before_any::<RunBatch>(async |request| {
        let wanted = wants(&request.context) == "amount";
        for (_, step) in request.steps.iter_mut().filter(|(meta, _)| wanted && std::ptr::eq(*meta, Memo::meta())) {
            match step {
                Step::Insert(values) | Step::Update(_, values) | Step::UpdateMany(_, values) => nine(values),
                Step::UpsertMany(rows) => rows.iter_mut().for_each(|row| nine(row.set.get_or_insert_default())),
                _ => {}
            }
        }
        Ok(Next::Continue)
    });
    let handlers = handlers
        .before_any::<UpdateMany>(async |request| {
            if wants(&request.context) == "amount of many" {
                nine(&mut request.set.values);
            }
            Ok(Next::Continue)
        })
        .before_any::<UpsertMany>(async |request| {
            if wants(&request.context) == "amount of many" {
                request.rows.iter_mut().for_each(|row| nine(row.set.get_or_insert_default()));
            }
            Ok(Next::Continue)
        });
    World::handled(way, entities_rules::all(), handlers).await
}

promises! {
    in judging;

    async fn a_rule_on_the_record_judges_what_a_batch_handler_sets(world: World) {
        let memo = |title: &str, open| Memo { title: title.into(), open, owner: "ann".into(), ..Memo::blank() };
        let rows = async {
            let open = repo::<Memo>().insert(memo("open", true)).await.unwrap().id;
            (open, repo::<Memo>().insert(memo("closed", false)).await.unwrap().id)
        };
        let (open, closed) = world.backend().run(rows).await;
        let update = async |wanted: &str, id: Uuid, amount: i64| {
            let mut batch = Writes::new();
            let _ = batch.repo::<Folder>().insert(Folder { name: "before".into(), ..Folder::blank() });
            let _ = batch.repo::<Memo>().update(id, |m| m.amount.set(amount));
            world.for_(&who(wanted)).run(batch.run()).await.map(drop)
        };
        let amount = async |id: Uuid| world.backend().run(async { repo::<Memo>().find_id(id).await.unwrap().amount }).await;
        update("nothing", open, 5).await.unwrap();
        update("nothing", closed, 5).await.unwrap();
        assert_eq!((amount(open).await, amount(closed).await), (5, 0), "what was sent is passed over");
        update("amount", open, 5).await.unwrap();
        assert_eq!(amount(open).await, 9);
        let error = update("amount", closed, 5).await.unwrap_err();
        assert!(error.is_forbidden() && error.message().starts_with("Operation 2: "), "{error}");
        let insert = async |wanted: &str, open| {
            let mut batch = Writes::new();
            let _ = batch.repo::<Memo>().insert(Memo { amount: 3, ..memo("inserted", open) });
            world.for_(&who(wanted)).run(batch.run()).await.map(drop)
        };
        assert!(insert("amount", false).await.unwrap_err().is_forbidden());
        insert("nothing", false).await.unwrap();
        let folders = world.backend().run(async { repo::<Folder>().count().await.unwrap() }).await;
        assert_eq!(folders, 3, "of what was refused nothing is left");
    }
}

promises! {
    in judging;

    async fn a_rule_on_each_record_judges_what_handlers_of_many_rows_set(world: World) {
        let memo = |title: &str, open| Memo { title: title.into(), open, owner: "ann".into(), ..Memo::blank() };
        world.backend().run(repo::<Memo>().insert_many([memo("open", true), memo("closed", false)]).into_future()).await.unwrap();
        let amounts = async || world.backend().run(async {
            let all = Memo::query().order_by(|m| m.title.desc()).await.unwrap();
            all.iter().map(|memo| memo.amount).collect::<Vec<_>>()
        }).await;
        let upsert = |title: &str| Upsert::<Memo>::by(|m| m.title.set(title)).set(|m| m.amount.set(5));
        let asked = async |who: &Identity, batched: bool, kind: &str, title: &str| world.for_(who).run(async {
            let mut batch = Writes::new();
            let memos = batch.repo::<Memo>();
            match (batched, kind) {
                (false, "update") => repo::<Memo>().update_many(|m| m.title.eq(title), |m| m.amount.set(5)).await.map(drop),
                (false, _) => repo::<Memo>().upsert_many([upsert(title)]).await.map(drop),
                (true, "update") => {
                    memos.update_many(|m| m.title.eq(title), |m| m.amount.set(5));
                    batch.run().await.map(drop)
                }
                (true, _) => {
                    memos.upsert_many([upsert(title)]);
                    batch.run().await.map(drop)
                }
            }
        }).await;
        for (wanted, batched) in [("amount", true), ("amount of many", true), ("amount of many", false)] {
            for kind in ["update", "upsert"] {
                asked(&who("nothing"), batched, kind, "open").await.unwrap();
                asked(&who("nothing"), batched, kind, "closed").await.unwrap();
                assert_eq!(amounts().await, [5, 0], "{batched} {kind}: what was sent is passed over");
                asked(&who(wanted), batched, kind, "open").await.unwrap();
                assert_eq!(amounts().await, [9, 0], "{wanted} {batched} {kind}");
                let error = asked(&who(wanted), batched, kind, "closed").await.unwrap_err();
                assert!(error.is_forbidden(), "{wanted} {batched} {kind}: {error}");
            }
            // A new one is not open.
            asked(&who("nothing"), batched, "upsert", "another").await.unwrap();
            assert!(asked(&who(wanted), batched, "upsert", "one more").await.unwrap_err().is_forbidden());
            assert_eq!(amounts().await, [9, 0, 0]);
            world.backend().run(async { repo::<Memo>().delete_many(|m| m.title.eq("another")).await.unwrap() }).await;
        }
    }
}

/// Answers what cannot have come of the steps.
async fn answering(way: Way) -> World {
    fn wrong(wanted: &str) -> Option<Vec<Done>> {
        let row = vec![Value::Null; Deal::meta().fields.len()];
        Some(match wanted {
            "count" => vec![Done::Count(1)],
            "none" => vec![Done::Count(0)],
            "deleted" => vec![Done::Deleted],
            "row" => vec![Done::Row(row)],
            "rows" => vec![Done::Rows(vec![row])],
            "short row" => vec![Done::Row(vec![Value::Null])],
            "two" => vec![Done::Count(1), Done::Count(1)],
            "nothing" => Vec::new(),
            _ => return None,
        })
    }
    let handlers = Handlers::new()
        .before_any::<RunBatch>(async |request| Ok(wrong(wants(&request.context)).map_or(Next::Continue, Next::Answer)))
        .after_any::<RunBatch>(async |request, outcome| {
            if let Some(instead) = wants(&request.context).strip_prefix("late ").and_then(wrong) {
                *outcome = Ok(instead);
            }
            Ok(())
        });
    tests::handled::world(way, handlers).await
}

promises! {
    in answering;

    async fn an_answer_that_cannot_have_come_of_a_batch_is_the_handlers_error_and_nothing_is_written(world: World) {
        let cases: [(&str, &[&str]); 4] = [
            ("insert", &["count", "none", "deleted", "rows", "short row", "two", "nothing"]),
            ("insert many", &["count", "deleted", "row"]),
            ("update many", &["deleted", "row", "rows", "nothing"]),
            ("delete", &["count", "row", "rows", "two"]),
        ];
        let batch = |kind: &str| {
            let mut batch = Writes::new();
            let deals = batch.repo::<Deal>();
            match kind {
                "insert" => drop(deals.insert(new(10))),
                "insert many" => drop(deals.insert_many([new(10)])),
                "update many" => drop(deals.update_many(|d| d.number.eq(1), |d| d.title.set("x"))),
                _ => drop(deals.delete(1)),
            }
            batch
        };
        for (kind, wrong) in cases {
            for wrong in wrong {
                for wanted in [(*wrong).to_owned(), format!("late {wrong}")] {
                    let error = world.for_(&who(&wanted)).run(batch(kind).run()).await.map(drop).unwrap_err();
                    assert_eq!(error.status(), 500, "{wanted} for {kind}: {error}");
                }
            }
        }
        assert!(stored(&world, 10).await.is_none());
        assert_eq!(stored(&world, 1).await.unwrap().title, "deal 1");
    }

    async fn a_deletion_of_a_batch_is_answered_by_whether_it_was(world: World) {
        for (wanted, expected) in [("deleted", true), ("none", false), ("late none", false)] {
            let mut batch = Writes::new();
            let deleted = batch.repo::<Deal>().delete(1);
            let mut done = world.for_(&who(wanted)).run(batch.run()).await.unwrap();
            assert_eq!(done.deleted(deleted).unwrap(), expected, "{wanted}");
        }
    }
}

#[tokio::test]
async fn a_handler_of_a_batch_writes_by_itself_what_is_the_servers() {
    let handlers = Handlers::new()
        .before_any::<RunBatch>(async |request| {
            let steps = request.steps.len();
            repo::<Deal>().update(2, |d| d.total.set(steps as i64)).await.map(drop)?;
            Ok(Next::Continue)
        })
        .before::<Update, Deal>(async |request| {
            request.item.total = 50;
            request.trust(|d| d.total);
            audit("trusted").await?;
            Ok(Next::Continue)
        });
    let world = tests::handled::world(Way::InProcess, handlers).await;
    let steps = json!([{"update": "deals", "id": 1, "set": {"title": "x", "total": 7}}, {"delete": "deals", "id": 3}]);
    world.post("/api/$batch").by(&ann()).json(&steps).send().await.ok(200);
    assert_eq!((stored(&world, 1).await.unwrap().total, stored(&world, 2).await.unwrap().total), (50, 2));
    assert_eq!(audits(&world).await, ["trusted"]);
}
