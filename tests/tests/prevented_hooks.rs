//! Hooks that come after what was prevented know that it was.

use isoform::prelude::*;
use tests::entities_prevented::{Heirloom, all};
use tests::entities_proofs::noted;
use tests::{Way, World, ann, promises};

async fn empty(way: Way) -> World {
    World::with(way, all()).await
}

/// Rows 1 (nothing prevents anything), 2 (kept) and 3 (sealed), past their hooks; and who is told of them.
async fn filled(world: &World) -> String {
    let heir = Uuid::now_v7().to_string();
    world
        .backend()
        .run(async {
            repo::<Heirloom>()
                .insert_many((1..4).map(|id| Heirloom { id, heir: heir.clone(), ..Heirloom::blank() }))
                .await
                .unwrap();
            let (table, id) = (sql::table::<Heirloom>(), sql::name(Heirloom::FIELDS.id));
            let (kept, sealed) = (sql::name(Heirloom::FIELDS.kept), sql::name(Heirloom::FIELDS.sealed));
            sql!("UPDATE {} SET {} = ({} = 2), {} = ({} = 3)", table, kept, id.clone(), sealed, id)
                .execute()
                .await
                .unwrap();
        })
        .await;
    noted(&heir);
    heir
}

promises! {
    in empty;

    async fn saved_knows_whether_anything_was_written(world: World) {
        let heir = filled(&world).await;
        for (id, said) in [
            (1, ["saving false", "saved false"]),
            (2, ["saving false", "saved true"]),
            (3, ["saving true", "saved true"]),
        ] {
            world.for_(&ann()).run(async {
                let mut one = repo::<Heirloom>().find_id(id).await.unwrap();
                // So that there is something to write.
                let (kept, sealed) = (one.kept, one.sealed);
                one.kept = true;
                one.kept = kept;
                one.sealed = sealed;
                one.save().await.unwrap();
            }).await;
            assert_eq!(noted(&heir), said, "{id}");
        }
        world.backend().run(async {
            let new = Heirloom { id: 4, kept: true, heir: heir.clone(), ..Heirloom::blank() };
            repo::<Heirloom>().insert(new).await.unwrap();
        }).await;
        assert_eq!(noted(&heir), ["saving false", "saved true"], "of a new row too");
    }

    async fn deleted_knows_whether_anything_was_deleted(world: World) {
        let heir = filled(&world).await;
        for (id, prevented) in [(1, false), (2, true), (3, true)] {
            world.for_(&ann()).run(async {
                let mut one = repo::<Heirloom>().find_id(id).await.unwrap();
                one.delete().await.unwrap();
                assert_eq!(one.is_deleted(), !prevented);
            }).await;
            assert_eq!(noted(&heir), ["deleting false".to_owned(), format!("deleted {prevented}")], "{id}");
        }
    }
}
