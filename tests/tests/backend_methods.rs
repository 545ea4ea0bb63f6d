//! Backend methods: the whole record goes there and back.

use isoform::prelude::*;
use tests::entities::{Account, Article, ArticleMethods, Extra};
use tests::{World, ann, bob, promises};

async fn stored(world: &World, id: Uuid) -> Record<Article> {
    world.backend().run(repo::<Article>().find_id(id)).await.unwrap()
}

async fn draft() -> Record<Article> {
    repo::<Article>().insert(Article { title: "A first draft".into(), ..Article::blank() }).await.unwrap()
}

promises! {
    async fn unsaved_values_go_along_and_the_record_comes_back_clean(world: World) {
        world.for_(&ann()).run(async {
            let mut one = draft().await;
            one.title = "An unsaved title".into();
            let was = one.publish(" (final)".into()).await.unwrap();
            assert_eq!(was, "A first draft", "originals come from the table");
            assert_eq!((one.title.as_str(), one.published, one.version), ("An unsaved title (final)", true, 2));
            assert!(!one.is_changed() && !one.is_new() && one.errors().is_empty());
            assert_eq!(stored(&world, one.id).await.title, "An unsaved title (final)");
        }).await;
    }

    async fn a_record_that_the_method_left_unsaved_comes_back_changed(world: World) {
        world.for_(&ann()).run(async {
            let mut one = draft().await;
            one.title = "Quiet words".into();
            one.shout().await.unwrap();
            assert_eq!(one.title, "QUIET WORDS");
            assert!(one.changed(|a| a.title) && !one.changed(|a| a.published));
            assert_eq!(one.original().title, "A first draft");
            assert_eq!(stored(&world, one.id).await.title, "A first draft");
            one.undo();
            assert_eq!(one.title, "A first draft");
        }).await;
    }

    async fn a_new_record_travels_too_and_is_new_until_it_is_saved(world: World) {
        world.for_(&ann()).run(async {
            let mut new = Record::from(Article { title: "Not there yet".into(), owner: "ann".into(), ..Article::blank() });
            let refused = new.shout().await.unwrap_err();
            assert!(refused.is_forbidden(), "what the caller may not write does not count: {refused:?}");
            new.reviewer = Some("ann".into());
            new.shout().await.unwrap();
            assert!(new.is_new());
            assert_eq!(new.title, "NOT THERE YET");
            new.publish("!".into()).await.unwrap();
            assert!(!new.is_new() && !new.is_changed());
            assert_eq!(stored(&world, new.id).await.title, "NOT THERE YET!");
        }).await;
    }

    async fn errors_that_a_method_sets_arrive_at_their_fields(world: World) {
        world.for_(&ann()).run(async {
            let mut one = draft().await;
            one.complain().await.unwrap();
            assert_eq!(one.error(|a| a.title), Some("is dull"));
        }).await;
    }

    async fn a_record_that_is_wrong_does_not_reach_the_method(world: World) {
        world.for_(&ann()).run(async {
            let mut one = draft().await;
            one.title = "no".into();
            let error = one.publish("!".into()).await.unwrap_err();
            assert_eq!(error.field("title"), Some("must have at least 5 characters"));
            assert_eq!(one.error(|a| a.title), Some("must have at least 5 characters"));
            assert_eq!(one.title, "no", "what was typed stays");
            assert_eq!(stored(&world, one.id).await.title, "A first draft");
        }).await;
    }

    async fn a_method_that_fails_leaves_no_trace(world: World) {
        world.for_(&ann()).run(async {
            let mut one = draft().await;
            one.title = "Typed before the call".into();
            let error = one.save_and_fail().await.unwrap_err();
            assert_eq!((error.status(), error.code(), error.message()), (400, Some("mind"), "changed my mind"));
            assert_eq!((one.title.as_str(), one.is_changed()), ("Typed before the call", true));
            assert_eq!((stored(&world, one.id).await.title.as_str(), stored(&world, one.id).await.version), ("A first draft", 1));
        }).await;
    }

    async fn a_stale_record_with_unsaved_values_is_a_conflict_and_one_without_is_not(world: World) {
        world.for_(&ann()).run(async {
            let mut one = draft().await;
            let mut stale = one.clone();
            let mut unchanged = one.clone();
            one.title = "Changed meanwhile".into();
            one.save().await.unwrap();
            stale.title = "Typed on an old version".into();
            assert!(stale.publish("!".into()).await.unwrap_err().is_conflict());
            unchanged.publish("!".into()).await.unwrap();
            assert_eq!(unchanged.title, "Changed meanwhile!");
        }).await;
    }

    async fn a_method_can_delete_its_record(world: World) {
        world.for_(&ann()).run(async {
            let mut one = draft().await;
            one.discard().await.unwrap();
            assert!(one.is_deleted());
            assert!(repo::<Article>().find_id(one.id).await.unwrap_err().is_not_found());
        }).await;
    }

    async fn arguments_and_results_are_whatever_serde_knows(world: World) {
        world.for_(&ann()).run(async {
            let mut one = draft().await;
            let extra = Extra { tags: vec!["ü".into()], depth: 2 };
            let answer = one.echo(vec![1, -2, i64::from(i32::MAX)], Some(extra.clone())).await.unwrap();
            assert_eq!(answer, (vec![1, -2, i64::from(i32::MAX)], Some(extra)));
            assert_eq!(one.echo(vec![], None).await.unwrap(), (vec![], None));
        }).await;
    }

    async fn a_method_runs_once_per_call(world: World) {
        world.for_(&bob()).run(async {
            let first = Account::count_calls().await.unwrap();
            assert!(Account::count_calls().await.unwrap() > first);
        }).await;
    }
}

#[tokio::test]
async fn a_program_can_call_the_methods_of_another_server() {
    // The same binary is client and server: here the client's context talks to the server's socket.
    let world = World::new(tests::Way::Socket).await;
    let client = world.for_(&ann());
    assert!(client.remote_api().is_some());
    client
        .run(async {
            let mut one = draft().await;
            one.title = "Sent by a program".into();
            one.publish("!".into()).await.unwrap();
            assert_eq!(one.title, "Sent by a program!");
        })
        .await;
}

#[tokio::test]
async fn a_server_that_is_away_is_said_to_be() {
    let context = Context::remote("http://127.0.0.1:9/api");
    let error = context.run(repo::<Article>().count()).await.unwrap_err();
    assert!(error.is_unavailable() && error.message().contains("cannot be reached"), "{error:?}");
}
