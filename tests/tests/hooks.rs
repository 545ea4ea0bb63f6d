//! Lifecycle hooks: their order, what they see, what they refuse, and where they run.

use isoform::prelude::*;
use tests::entities_hooks::{Knot, Leg, Voyage, VoyageMethods as _, VoyageRelations as _, steps};
use tests::{World, ann, promises};

/// Saves a new voyage that does in its hooks what its order says.
async fn save(name: &str, order: &str) -> Result<Record<Voyage>> {
    repo::<Voyage>().insert(Voyage::named(name, order)).await
}

/// Voyages in the table.
async fn voyages(world: &World) -> Vec<String> {
    world.backend().run(async { Voyage::query().select(|v| v.name).await.unwrap() }).await
}

promises! {
    async fn hooks_run_in_remults_order(world: World) {
        world.for_(&ann()).run(async {
            let name = format!("order{}", Uuid::now_v7());
            let mut voyage = save(&name, "").await.unwrap();
            let before = ["field validation", "validation", "field saving seen true", &format!("saving {name}")];
            // What hooks have made of the record is validated before it is written.
            let expected: Vec<_> = before.iter().copied().chain(["field validation", "saved, was \"\""]).collect();
            assert_eq!(steps(&name), expected);

            voyage.seen = "a port".into();
            voyage.save().await.unwrap();
            assert_eq!(voyage.seen, "a_port");
            assert_eq!(steps(&name).last(), Some(&format!("saved, was {name:?}")));

            voyage.delete().await.unwrap();
            assert_eq!(steps(&name), ["deleting", "deleted"]);
        }).await;
    }

    async fn the_event_says_what_happens_to_which_row(world: World) {
        world.for_(&ann()).run(async {
            let mut voyage = save("a", "tell").await.unwrap();
            // is new, another id than in the table, other rows, the entity, trusted and in a transaction
            assert_eq!(voyage.seen, "true true 0 voyages true");
            voyage.seen.clear();
            voyage.save().await.unwrap();
            assert_eq!(voyage.seen, "false false 1 voyages true");
        }).await;
        // Only trusted code changes an id.
        world.backend().run(async {
            let mut voyage = Voyage::query().first().await.unwrap().unwrap();
            voyage.id = Uuid::now_v7();
            voyage.seen.clear();
            voyage.save().await.unwrap();
            assert_eq!(voyage.seen, "false true 1 voyages true");
        }).await;
    }

    async fn the_fields_of_the_record_are_known_and_set(world: World) {
        world.for_(&ann()).run(async {
            let voyage = save("a", "look at fields").await.unwrap();
            assert_eq!(voyage.seen, "Name:>a;Order:>look at fields");
            let mut voyage = repo::<Voyage>().find_id(voyage.id).await.unwrap();
            voyage.name = "b".into();
            voyage.seen.clear();
            voyage.save().await.unwrap();
            assert_eq!(voyage.seen, "Name:a>b;What was seen:Name:>a;Order:>look at fields>");
        }).await;
    }

    async fn a_fields_own_saving_gets_the_record_the_field_and_the_event(world: World) {
        world.for_(&ann()).run(async {
            let name = format!("field{}", Uuid::now_v7());
            let voyage = repo::<Voyage>().insert(Voyage { seen: "x y z".into(), ..Voyage::named(&name, "") }).await.unwrap();
            assert_eq!(voyage.seen, "x_y_z");
            assert!(steps(&name).contains(&"field saving seen true".to_owned()));
        }).await;
    }

    async fn what_saving_prevents_is_not_written_and_the_record_is_read_anew(world: World) {
        world.for_(&ann()).run(async {
            let name = format!("prevent{}", Uuid::now_v7());
            let mut voyage = save(&name, "").await.unwrap();
            steps(&name);
            voyage.order = "prevent".into();
            voyage.seen = "changed".into();
            voyage.save().await.unwrap();
            assert_eq!((voyage.order.as_str(), voyage.seen.as_str()), ("", ""), "as in the table");
            assert!(!voyage.is_changed());
            // `saved` runs all the same.
            assert!(steps(&name).last().unwrap().starts_with("saved"));

            let new = save("never", "prevent").await.unwrap();
            assert_eq!(Voyage::query().count().await.unwrap(), 1, "{new:?}");
        }).await;
    }

    async fn what_deleting_prevents_is_not_deleted(world: World) {
        world.for_(&ann()).run(async {
            let name = format!("keep{}", Uuid::now_v7());
            let mut voyage = save(&name, "keep").await.unwrap();
            steps(&name);
            voyage.delete().await.unwrap();
            assert_eq!(Voyage::query().count().await.unwrap(), 1);
            assert_eq!(steps(&name), ["deleting", "deleted"]);
        }).await;
    }

    async fn the_repositories_of_the_records_relations_are_in_the_same_transaction(world: World) {
        world.for_(&ann()).run(async {
            // Also of a record that has just been inserted.
            let name = format!("legs{}", Uuid::now_v7());
            let voyage = save(&name, "legs").await.unwrap();
            assert!(steps(&name).contains(&"2 legs".to_owned()));
            assert_eq!(voyage.legs().query().count().await.unwrap(), 2);
            save("gone", "legs, and fail").await.unwrap_err();
            assert_eq!(repo::<Leg>().count().await.unwrap(), 2);
            assert_eq!(Voyage::query().count().await.unwrap(), 1);
        }).await;
    }

    async fn an_error_at_a_field_is_400_with_model_state_and_nothing_is_written(world: World) {
        world.for_(&ann()).run(async {
            for (order, field, message) in [
                ("field", "name", "is not for today"),
                ("field of the record", "name", "is not for tomorrow"),
                ("invalid", "name", "is no voyage"),
            ] {
                let error = save("a", order).await.unwrap_err();
                assert_eq!((error.status(), error.field(field)), (400, Some(message)), "{order}: {error:?}");
                assert_eq!(error.message(), format!("Name {message}"));
            }
            let mut voyage = save("kept", "").await.unwrap();
            voyage.order = "field".into();
            voyage.save().await.unwrap_err();
            assert_eq!(voyage.error(|v| v.name), Some("is not for today"), "the message stands at the field");
        }).await;
        assert_eq!(voyages(&world).await, ["kept"]);
    }

    async fn an_error_of_the_record_is_400_and_comes_first_in_the_message(world: World) {
        world.for_(&ann()).run(async {
            let error = save("a", "record").await.unwrap_err();
            assert_eq!((error.status(), error.message(), error.fields().len()), (400, "No voyages today.", 0));
            let error = save("a", "both").await.unwrap_err();
            assert_eq!(error.message(), "No voyages today.; Name is not for today");
            assert_eq!(error.field("name"), Some("is not for today"));

            let mut voyage = save("a", "").await.unwrap();
            for (order, message) in [("record", "Nobody deletes this voyage."), ("field", "Name is not deleted today")] {
                set_order(&world, voyage.id, order).await;
                let error = voyage.delete().await.unwrap_err();
                assert_eq!((error.status(), error.message()), (400, message));
            }
        }).await;
        assert_eq!(voyages(&world).await, ["a"]);
    }

    async fn a_hook_chooses_the_status_and_the_code(world: World) {
        world.for_(&ann()).run(async {
            let error = save("a", "forbid").await.unwrap_err();
            assert_eq!((error.status(), error.code(), error.message()), (403, Some("not_yours"), "This voyage is not yours."));
            // What was said of a field goes along.
            let error = save("a", "forbid at a field").await.unwrap_err();
            assert_eq!((error.status(), error.code(), error.field("name")), (403, Some("not_yours"), Some("is somebody else's")));

            let mut voyage = save("a", "").await.unwrap();
            set_order(&world, voyage.id, "forbid").await;
            let error = voyage.delete().await.unwrap_err();
            assert_eq!((error.status(), error.code()), (403, Some("not_yours")));
        }).await;
        assert_eq!(voyages(&world).await, ["a"]);
    }

    async fn what_saved_writes_is_undone_with_it(world: World) {
        world.for_(&ann()).run(async {
            let error = save("a", "legs, and fail").await.unwrap_err();
            assert_eq!(error.message(), "Failed at last.");
            assert_eq!(repo::<Leg>().count().await.unwrap(), 0);
        }).await;
        assert!(voyages(&world).await.is_empty());
    }

    async fn hooks_run_whatever_writes(world: World) {
        let ran = |name: &str| {
            let steps = steps(name);
            let count = |what: &str| steps.iter().filter(|step| step.starts_with(what)).count();
            (count("saving"), count("saved"), count("deleting"), count("deleted"))
        };
        let id = Uuid::now_v7();
        let name = |kind: &str| format!("{kind} {id}");
        world.for_(&ann()).run(async {
            // One.
            let mut one = save(&name("one"), "").await.unwrap();
            one.save().await.unwrap();
            assert_eq!(ran(&name("one")), (2, 2, 0, 0));
            // Many.
            let many = [name("many1"), name("many2")].map(|name| Voyage::named(&name, "many"));
            repo::<Voyage>().insert_many(many).await.unwrap();
            repo::<Voyage>().update_many(|v| v.order.eq("many"), |v| v.seen.set("x")).await.unwrap();
            repo::<Voyage>().delete_many(|v| v.order.eq("many")).await.unwrap();
            assert_eq!(ran(&name("many1")), (2, 2, 1, 1));
            assert_eq!(ran(&name("many2")), (2, 2, 1, 1));
            // An upsert.
            let upsert = || Upsert::<Voyage>::by(|v| v.name.set(name("upsert"))).set(|v| v.seen.set("y"));
            repo::<Voyage>().upsert_many([upsert(), upsert()]).await.unwrap();
            assert_eq!(ran(&name("upsert")), (2, 2, 0, 0));
            // A batch.
            let mut batch = Batch::new();
            batch.repo::<Voyage>().insert(Voyage { id, ..Voyage::named(&name("batch"), "") });
            batch.repo::<Voyage>().update(id, |v| v.seen.set("z"));
            batch.repo::<Voyage>().delete(id);
            batch.run().await.unwrap();
            assert_eq!(ran(&name("batch")), (2, 2, 1, 1));
            // A save in a hook.
            let mut leg = repo::<Leg>().insert(Leg { voyage: Some(one.id), ..Leg::to("Rome") }).await.unwrap();
            leg.place = "its voyage".into();
            leg.save().await.unwrap();
            assert_eq!(ran(&name("one")), (1, 1, 0, 0));
            assert_eq!(repo::<Voyage>().find_id(one.id).await.unwrap().seen, "!");
            // Backend methods.
            Voyage::depart(name("method")).await.unwrap();
            assert_eq!(ran(&name("method")), (1, 1, 0, 0));
            one.reload().await.unwrap();
            one.rename(name("renamed")).await.unwrap();
            assert_eq!(ran(&name("renamed")), (1, 1, 0, 0));
        }).await;
    }

    async fn a_hook_that_saves_its_own_record_ends_with_a_clear_error(world: World) {
        world.backend().run(async {
            for (order, hook) in [("save itself", "saving"), ("save a copy", "saving"), ("save in validation", "validation"), ("update again", "saved")] {
                let error = save("a", order).await.unwrap_err();
                let cause = error.cause().map(ToString::to_string).unwrap_or_default();
                assert!(error.is_internal(), "{order}: {error:?}");
                assert!(cause.contains(&format!("the hook `{hook}` of voyages")), "{order}: {cause}");
            }
        }).await;
        // Over the API too it is an answer.
        world.for_(&ann()).run(async {
            let error = save("a", "save itself").await.unwrap_err();
            assert_eq!(error.status(), 500);
            save("a", "").await.unwrap();
        }).await;
        assert_eq!(voyages(&world).await, ["a"]);
    }

    async fn hooks_that_save_each_others_records_end_with_a_clear_error(world: World) {
        world.backend().run(async {
            let knots = [(1, 2), (2, 1)].map(|(id, other)| Knot { id, other, pulls: 0 });
            repo::<Knot>().insert_many(knots).await.unwrap();
            let error = repo::<Knot>().update(1, |k| k.pulls.set(1)).await.unwrap_err();
            let cause = error.cause().map(ToString::to_string).unwrap_or_default();
            assert!(cause.contains("the hook `saved` of knots makes itself run again for the same record"), "{cause}");
            assert!(cause.ends_with("`saved` of knots 1, `saved` of knots 2, `saved` of knots 1"), "{cause}");
            // Rows that go on and on end somewhere too.
            let error = save("long", "clone").await.unwrap_err();
            let cause = error.cause().map(ToString::to_string).unwrap_or_default();
            assert!(cause.contains("the hook `validation` of voyages runs in 16 others already"), "{cause}");
            assert_eq!(Knot::query().filter(|k| k.pulls.gt(0)).count().await.unwrap(), 0);
        }).await;
        assert!(voyages(&world).await.is_empty());
    }

    async fn rows_may_save_other_rows(world: World) {
        world.for_(&ann()).run(async {
            let knots: Vec<_> = (0..10).map(|id| Knot { id: id + 1, other: id, pulls: 0 }).collect();
            repo::<Knot>().insert_many(knots).await.unwrap();
            repo::<Knot>().update(1, |k| k.other.set(1)).await.unwrap();
            // Each pulls the one before it; the first one pulls itself, which is the end.
            assert!(repo::<Knot>().update(10, |k| k.pulls.set(1)).await.is_err());
            repo::<Leg>().insert(Leg::to("Rome")).await.unwrap();
        }).await;
    }

    async fn validation_is_async_uses_other_repositories_and_sees_unsaved_values(world: World) {
        world.for_(&ann()).run(async {
            let mut voyage = Record::from(Voyage { seen: "Rome".into(), ..Voyage::named("a", "needs a leg") });
            let error = voyage.save().await.unwrap_err();
            assert_eq!(error.field("seen"), Some("is no place of a leg"));
            repo::<Leg>().insert(Leg::to("Rome")).await.unwrap();
            voyage.save().await.unwrap();
            voyage.seen = "Oslo".into();
            assert!(voyage.validate().await.is_err());
            assert_eq!(voyage.error(|v| v.seen), Some("is no place of a leg"));
        }).await;
    }

    async fn validation_runs_where_the_record_is_and_nothing_wrong_is_sent(world: World) {
        world.for_(&ann()).run(async {
            let name = format!("both{}", Uuid::now_v7());
            let error = save(&name, "invalid").await.unwrap_err();
            assert_eq!(error.field("name"), Some("is no voyage"));
            let on_the_server = steps(&name).iter().filter(|step| *step == "validation").count();
            assert_eq!(on_the_server, usize::from(world.is_direct()));
            // And again on the server, whoever sends it.
            let answer = world.post("/api/voyages").json(&serde_json::json!({"name": name, "order": "invalid"})).send().await;
            assert_eq!(answer.status, 400);
            assert_eq!(steps(&name).iter().filter(|step| *step == "validation").count(), 1);
        }).await;
    }
}

/// Past the hooks, as somebody else's program would.
async fn set_order(world: &World, id: Uuid, order: &str) {
    let text = order.to_owned();
    let set = async {
        let (table, order, key) =
            (sql::table::<Voyage>(), sql::name(Voyage::FIELDS.order), sql::name(Voyage::FIELDS.id));
        sql!("UPDATE {} SET {} = {} WHERE {} = {}", table, order, text, key, id).execute().await
    };
    assert_eq!(world.backend().run(set).await.unwrap(), 1);
}
