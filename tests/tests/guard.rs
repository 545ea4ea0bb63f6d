//! Who may do what: the same, whichever way a request goes.

use isoform::prelude::*;
use tests::entities::{Account, Article, ArticleMethods, Event, Letter, LetterMethods, Log, Sample};
use tests::{World, admin, ann, bob, promises};

/// An article of Ann's, which nobody else may see, with a secret.
async fn anns(world: &World) -> Record<Article> {
    let article = Article {
        title: "Ann's draft".into(),
        owner: "ann".into(),
        secret: Some("hidden".into()),
        note: Some("for admins".into()),
        ..Article::blank()
    };
    world.backend().run(repo::<Article>().insert(article)).await.unwrap()
}

async fn stored(world: &World, id: Uuid) -> Record<Article> {
    world.backend().run(repo::<Article>().find_id(id)).await.unwrap()
}

promises! {
    async fn what_is_not_declared_is_allowed_to_nobody(world: World) {
        for context in [world.nobody(), world.for_(&ann()), world.for_(&admin())] {
            let nobody = context.identity().is_none() && world.is_direct();
            context.run(async {
                let error = Log::query().await.unwrap_err();
                assert!(error.is_forbidden() || error.is_unauthenticated(), "{error:?}");
                assert!(!nobody || error.is_unauthenticated());
                assert!(Log::query().count().await.is_err());
                assert!(repo::<Log>().find_id(Uuid::nil()).await.is_err());
                assert!(repo::<Log>().insert(Log { id: Uuid::nil(), line: "x".into() }).await.is_err());
                assert!(repo::<Log>().delete(Uuid::from_u128(1)).await.is_err());
                assert!(repo::<Event>().insert(Event::blank()).await.is_err());
            }).await;
        }
        assert_eq!(world.backend().run(repo::<Log>().count()).await.unwrap(), 0);
    }

    async fn who_may_write_but_not_read_is_told_which_row_it_was_and_no_more(world: World) {
        let new = Letter { number: 7, text: "Dear all".into(), answer: Some("not yours to see".into()), version: 0 };
        world.backend().run(repo::<Letter>().insert(new)).await.unwrap();
        let seven = world.backend().run(repo::<Letter>().find_id(7)).await.unwrap();
        world.nobody().run(async {
            assert!(Letter::query().await.unwrap_err().is_unauthenticated());
            let long = Letter { number: 9, text: "x".repeat(101), answer: None, version: 0 };
            let error = repo::<Letter>().insert(long).await.unwrap_err();
            assert_eq!(error.field("text"), Some("must have at most 100 characters"), "it is their own");
            let mut mine = Record::from(Letter { number: 8, text: "Hello".into(), answer: None, version: 0 });
            mine.save().await.unwrap();
            assert_eq!((mine.number, mine.version, mine.text.as_str()), (8, 1, ""));
            let mut seven = seven.clone();
            seven.text = "Changed".into();
            seven.save().await.unwrap();
            assert_eq!((seven.number, seven.version, seven.answer.as_deref()), (7, 2, None));
            assert!(seven.seen().await.unwrap());
            assert_eq!((seven.text.as_str(), seven.answer.as_deref()), ("", None));
        }).await;
        let seven = world.backend().run(repo::<Letter>().find_id(7)).await.unwrap();
        assert_eq!((seven.text.as_str(), seven.answer.as_deref()), ("Changed", Some("not yours to see")));
    }

    async fn as_much_may_be_asked_one_way_as_another(world: World) {
        world.nobody().run(async {
            let many = |count: i32| {
                let each = (0..count).map(|n| Sample::filter(|s| s.number.eq(n)));
                Sample::query().filter(|_| each.fold(Filter::nothing(), |any, one| any | one))
            };
            assert!(many(200).await.is_ok());
            let error = many(201).await.unwrap_err();
            assert!(error.is_invalid() && error.message().contains("200 are allowed"), "{error:?}");
            let listed = |count: i32| Sample::query().filter(|s| s.number.in_(0..count));
            assert!(listed(1000).count().await.is_ok());
            let error = listed(1001).count().await.unwrap_err();
            assert!(error.is_invalid() && error.message().contains("1000 are allowed"), "{error:?}");
            let error = Sample::query().filter(|s| s.text.contains("x".repeat(1001))).await.unwrap_err();
            assert!(error.is_invalid() && error.message().contains("1000 characters"), "{error:?}");
        }).await;
        let trusted = Sample::query().filter(|s| s.number.in_(0..5000)).count();
        assert_eq!(world.backend().run(trusted).await.unwrap(), 0, "the server's own code asks as much as it likes");
    }

    async fn nobody_is_told_to_sign_in_and_somebody_that_they_may_not(world: World) {
        let one = anns(&world).await;
        let new = || Article { title: "A new title".into(), ..Article::blank() };
        world.nobody().run(async {
            assert!(repo::<Article>().insert(new()).await.unwrap_err().is_unauthenticated());
            assert!(repo::<Article>().delete(one.id).await.unwrap_err().is_unauthenticated());
            assert!(repo::<Account>().count().await.unwrap_err().is_unauthenticated());
        }).await;
        world.for_(&ann()).run(async {
            assert!(repo::<Article>().delete(one.id).await.unwrap_err().is_forbidden(), "only admins delete");
            repo::<Article>().insert(new()).await.unwrap();
        }).await;
        world.for_(&admin()).run(async { repo::<Article>().delete(one.id).await.unwrap() }).await;
    }

    async fn a_row_that_is_not_for_somebody_is_not_there_for_them(world: World) {
        let one = anns(&world).await;
        let absent = Uuid::from_u128(1);
        world.for_(&bob()).run(async {
            for id in [one.id, absent] {
                assert!(repo::<Article>().find_id(id).await.unwrap_err().is_not_found());
                assert!(repo::<Article>().update(id, |a| a.title.set("mine now")).await.unwrap_err().is_not_found());
            }
            assert_eq!(repo::<Article>().count().await.unwrap(), 0);
            assert_eq!(Article::query().filter(|a| a.id.eq(one.id)).await.unwrap(), []);
            // Whoever has read the record before may no longer call its methods either.
            let mut record = one.clone();
            let error = record.publish("!".into()).await.unwrap_err();
            assert!(error.is_not_found(), "{error:?}");
            let mut gone = one.clone();
            gone.id = absent;
            assert!(record.delete().await.unwrap_err().is_forbidden(), "who may never delete is told that, whatever the id");
        }).await;
        world.for_(&ann()).run(async { assert_eq!(repo::<Article>().count().await.unwrap(), 1) }).await;
        assert_eq!(stored(&world, one.id).await.title, "Ann's draft");
    }

    async fn what_cannot_be_read_is_not_shown_and_cannot_be_asked_for(world: World) {
        let one = anns(&world).await;
        world.for_(&ann()).run(async {
            let mine = repo::<Article>().find_id(one.id).await.unwrap();
            assert_eq!((mine.secret.as_deref(), mine.note.as_deref()), (None, None));
            for error in [
                Article::query().filter(|a| a.secret.eq("hidden")).await.unwrap_err(),
                Article::query().filter(|a| a.secret.is_null()).await.unwrap_err(),
                Article::query().filter(|a| a.title.eq("x") | !a.note.starts_with("f")).await.unwrap_err(),
                Article::query().order_by(|a| a.secret.asc()).await.unwrap_err(),
                Article::query().filter(|a| a.note.gt("f")).count().await.map(|_| Vec::<()>::new()).unwrap_err(),
            ] {
                assert!(error.is_invalid() && error.message().contains("is not a field"), "{error:?}");
            }
        }).await;
        world.for_(&admin()).run(async {
            let seen = repo::<Article>().find_id(one.id).await.unwrap();
            assert_eq!((seen.secret.as_deref(), seen.note.as_deref()), (None, Some("for admins")));
            assert_eq!(Article::query().filter(|a| a.note.starts_with("for")).await.unwrap().len(), 1);
            assert!(Article::query().filter(|a| a.secret.eq("hidden")).await.is_err());
        }).await;
    }

    async fn what_may_not_be_written_keeps_its_stored_value(world: World) {
        let one = anns(&world).await;
        world.for_(&ann()).run(async {
            let mut mine = repo::<Article>().find_id(one.id).await.unwrap();
            mine.title = "A better title".into();
            mine.owner = "bob".into();
            mine.secret = Some("overwritten".into());
            mine.note = Some("overwritten".into());
            mine.created_at = DateTime::UNIX_EPOCH;
            mine.updated_at = DateTime::UNIX_EPOCH;
            mine.save().await.unwrap();
            assert_eq!(mine.owner, "ann", "what is stored is answered");
        }).await;
        let now = stored(&world, one.id).await;
        assert_eq!(now.title, "A better title");
        assert_eq!((now.owner.as_str(), now.secret.as_deref(), now.note.as_deref()), ("ann", Some("hidden"), Some("for admins")));
        assert_eq!((now.created_at, now.version), (one.created_at, 2));
        assert!(now.updated_at > one.updated_at);
        world.for_(&admin()).run(async {
            let moved = repo::<Article>().update(one.id, |a| a.owner.set("bob")).await.unwrap();
            assert_eq!(moved.owner, "bob", "an admin may");
        }).await;
    }

    async fn the_stored_and_the_resulting_record_must_both_pass(world: World) {
        let one = anns(&world).await;
        // Bob would pass the rule on the result that he asks for, but not on what is stored.
        world.backend().run(repo::<Article>().update(one.id, |a| a.published.set(true))).await.unwrap();
        world.for_(&bob()).run(async {
            let mut seen = repo::<Article>().find_id(one.id).await.unwrap();
            seen.reviewer = Some("bob".into());
            assert!(seen.save().await.unwrap_err().is_forbidden());
            let mut seen = repo::<Article>().find_id(one.id).await.unwrap();
            seen.reviewer = Some("bob".into());
            assert!(seen.publish("!".into()).await.unwrap_err().is_forbidden());
        }).await;
        // A reviewer passes on what is stored, but not on a result that leaves the article to others.
        world.backend().run(repo::<Article>().update(one.id, |a| a.reviewer.set("bob"))).await.unwrap();
        world.for_(&bob()).run(async {
            let mut seen = repo::<Article>().find_id(one.id).await.unwrap();
            seen.reviewer = None;
            assert!(seen.save().await.unwrap_err().is_forbidden());
            let mut seen = repo::<Article>().find_id(one.id).await.unwrap();
            seen.reviewer = None;
            assert!(seen.shout().await.unwrap_err().is_forbidden());
            let mut seen = repo::<Article>().find_id(one.id).await.unwrap();
            seen.title = "Reviewed title".into();
            seen.save().await.unwrap();
        }).await;
        assert_eq!(stored(&world, one.id).await.reviewer.as_deref(), Some("bob"));
    }

    async fn a_new_record_cannot_claim_to_be_somebody_elses(world: World) {
        world.for_(&bob()).run(async {
            let new = Article { title: "By Ann, says Bob".into(), owner: "ann".into(), ..Article::blank() };
            let made = repo::<Article>().insert(new).await.unwrap();
            assert_eq!(made.owner, "bob");
        }).await;
    }

    async fn a_conflict_on_a_hidden_field_does_not_tell(world: World) {
        let one = anns(&world).await;
        let error = world.for_(&admin()).run(async {
            let new = Article { title: "Another one".into(), note: one.note.clone(), ..Article::blank() };
            repo::<Article>().insert(new).await.unwrap_err()
        }).await;
        assert_eq!(error.field("note"), Some("already exists"), "an admin may read the note");
        world.for_(&ann()).run(async {
            let new = Article { title: "Another one".into(), note: one.note.clone(), ..Article::blank() };
            repo::<Article>().insert(new).await.unwrap();
        }).await;
    }

    async fn static_methods_ask_who_calls(world: World) {
        assert!(world.nobody().run(Account::audit()).await.unwrap_err().is_unauthenticated());
        assert!(world.for_(&ann()).run(Account::audit()).await.unwrap_err().is_forbidden());
        assert_eq!(world.for_(&admin()).run(Account::audit()).await.unwrap(), 0);
        assert_eq!(world.nobody().run(Account::whoami()).await.unwrap(), None);
        assert_eq!(world.for_(&bob()).run(Account::whoami()).await.unwrap().as_deref(), Some("bob"));
    }
}

#[tokio::test]
async fn a_trusted_context_takes_one_line_and_is_not_guarded() {
    let world = World::new(tests::Way::Direct).await;
    let context = Context::backend(&world.database).with_identity(ann());
    context
        .run(async {
            repo::<Log>().insert(Log { id: Uuid::nil(), line: "from a script".into() }).await.unwrap();
            assert_eq!(Log::query().filter(|l| l.line.contains("script")).await.unwrap().len(), 1);
            assert_eq!(Identity::current().unwrap().id, "ann");
            let inside = Context::spawn(async { Identity::current().map(|who| who.id) }).unwrap();
            assert_eq!(inside.await.unwrap().unwrap(), "ann", "a spawned task is on the same behalf");
        })
        .await;
    let outside = Context::current().unwrap_err();
    assert!(outside.cause().unwrap().to_string().contains("context.run"), "says where to provide one");
}
