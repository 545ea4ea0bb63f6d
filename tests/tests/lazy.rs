//! Fields that are loaded when they are asked for.

use isoform::prelude::*;
use serde_json::json;
use tests::entities_lazy::{Archive, Book, BookFields, BookMethods, Diary, Paper, Shelf};
use tests::{World, admin, ann, bob, promises};

fn book(title: &str) -> Book {
    let body = Lazy::new(format!("the body of {title}"));
    Book { title: title.into(), body, cover: Lazy::new(vec![1, 2]), ..Book::blank() }
}

async fn stored(world: &World, id: Uuid) -> Record<Book> {
    let found = async { Book::query().filter(|b| b.id.eq(id)).with(|b| (b.body, b.cover)).first().await };
    world.backend().run(found).await.unwrap().unwrap()
}

async fn two(world: &World) -> Vec<Record<Book>> {
    let both = async {
        let shelf = repo::<Shelf>().insert(Shelf { name: "top".into(), ..Shelf::blank() }).await?;
        let on_it = |title| Book { shelf_id: Some(shelf.id), ..book(title) };
        repo::<Book>().insert_many([on_it("one"), on_it("two")]).await
    };
    world.backend().run(both).await.unwrap()
}

fn body(book: &Record<Book>) -> Option<&str> {
    book.body.get().map(String::as_str)
}

promises! {
    async fn lists_leave_it_out_unless_they_ask_for_it(world: World) {
        let books = two(&world).await;
        for context in [world.nobody(), world.backend()] {
            context.run(async {
                for book in Book::query().await.unwrap() {
                    assert!(!book.body.is_loaded() && !book.cover.is_loaded() && !book.is_changed());
                }
                assert_eq!(body(&repo::<Book>().find_id(books[0].id).await.unwrap()), None);
                let with = Book::query().with(|b| b.body).await.unwrap();
                assert_eq!(with.iter().map(body).collect::<Vec<_>>(), [Some("the body of one"), Some("the body of two")]);
                assert!(with.iter().all(|b| !b.cover.is_loaded()));
                let page = Book::query().limit(1).with(|b| (b.body, b.cover)).paginate().await.unwrap();
                assert_eq!((body(&page.items[0]), page.items[0].cover.get().map(Vec::as_slice)), (Some("the body of one"), Some(&[1, 2][..])));
                let next = page.next().await.unwrap().unwrap();
                assert_eq!(body(&next.items[0]), Some("the body of two"));
                assert_eq!(body(&Book::query().paginate().await.unwrap().items[0]), None);
                let selected = Book::query().select(|b| (b.title, b.body)).first().await.unwrap().unwrap();
                assert_eq!(selected, ("one".into(), Lazy::new("the body of one".into())));
                let shelf = Shelf::query().include(|s| s.books).first().await.unwrap().unwrap();
                assert!(shelf.books.iter().all(|b| !b.body.is_loaded()));
                let shelf = Shelf::query().include_with(|s| s.books, |b| b.with(|b| b.body)).first().await.unwrap().unwrap();
                assert!(shelf.books.iter().all(|b| b.body.is_loaded() && !b.cover.is_loaded()));
                assert_eq!(Book::query().filter(|b| b.body.contains("of two")).count().await.unwrap(), 1, "it can be asked about");
                assert_eq!(Book::query().last().await.unwrap().unwrap().body.get(), None);
            }).await;
        }
    }

    async fn it_is_loaded_when_it_is_asked_for(world: World) {
        let books = two(&world).await;
        world.nobody().run(async {
            let mut book = repo::<Book>().find_id(books[0].id).await.unwrap();
            book.title.push('!');
            assert_eq!(book.load(|b| b.body).await.unwrap(), "the body of one");
            assert_eq!(body(&book), Some("the body of one"));
            assert!(!book.changed(|b| b.body) && book.changed(|b| b.title));
            book.body.set("changed".into());
            assert_eq!(book.load(|b| b.body).await.unwrap(), "changed", "what was set is not asked for");
            book.undo();
            assert_eq!((body(&book), book.title.as_str()), (Some("the body of one"), "one"));
            let mut gone = repo::<Book>().find_id(books[1].id).await.unwrap();
            repo::<Book>().delete(books[1].id).await.unwrap();
            assert!(gone.load(|b| b.body).await.unwrap_err().is_not_found());
            let mut new = Record::<Book>::new();
            assert_eq!(new.load(|b| b.body).await.unwrap(), "once upon a time");
        }).await;
    }

    async fn a_save_writes_it_where_it_was_set(world: World) {
        let books = two(&world).await;
        for context in [world.nobody(), world.backend()] {
            let before = stored(&world, books[0].id).await;
            context.run(async {
                let mut book = repo::<Book>().find_id(books[0].id).await.unwrap();
                book.title.push('!');
                book.save().await.unwrap();
                assert_eq!(body(&book), None, "nor is it answered");
                book.body.set("written anew".into());
                assert!(book.is_changed());
                book.save().await.unwrap();
                assert_eq!((body(&book), book.is_changed(), book.cover.is_loaded()), (Some("written anew"), false, false));
                book.title.push('!');
                book.save().await.unwrap();
                assert_eq!(body(&book), Some("written anew"), "what was loaded stays");
                assert!(!book.is_changed());
                book.body.set("x".into());
                let error = book.save().await.unwrap_err();
                assert_eq!(error.field("body"), Some("must have at least 2 characters"));
                book.undo();
                repo::<Book>().update(books[0].id, |b| b.body.set("by assignment")).await.unwrap();
                book.body.set("too late".into());
                assert!(book.save().await.unwrap_err().is_conflict());
                assert_eq!(repo::<Book>().update_many(|b| b.id.eq(books[0].id), |b| b.body.set("by many")).await.unwrap(), 1);
            }).await;
            let now = stored(&world, books[0].id).await;
            assert_eq!((body(&now), now.cover.get(), now.version), (Some("by many"), Some(&vec![1, 2]), before.version + 5));
        }
    }

    async fn an_insert_carries_it(world: World) {
        let made = world.nobody().run(async {
            let made = repo::<Book>().insert(book("new")).await.unwrap();
            assert_eq!((body(&made), made.is_changed()), (Some("the body of new"), false));
            let many = repo::<Book>().insert_many([book("first"), book("second")]).await.unwrap();
            assert_eq!(body(&many[1]), Some("the body of second"));
            let short = Book { body: Lazy::new("x".into()), ..book("short") };
            assert_eq!(repo::<Book>().insert(short).await.unwrap_err().field("body"), Some("must have at least 2 characters"));
            let copy = Book { id: Uuid::nil(), ..(*repo::<Book>().find_id(made.id).await.unwrap()).clone() };
            assert_eq!(repo::<Book>().insert(copy).await.unwrap_err().field("body"), Some("is not loaded"));
            let upserted = repo::<Book>().upsert(|b| b.title.set("new"), |b| b.body.set("upserted")).await.unwrap();
            assert_eq!(upserted.id, made.id);
            made
        }).await;
        assert_eq!(body(&stored(&world, made.id).await), Some("upserted"));
    }

    async fn every_write_answers_what_was_sent_of_it(world: World) {
        let plain = |title: &str| Book { title: title.into(), ..Book::blank() };
        let loaded = |book: &Record<Book>| (book.body.is_loaded(), book.cover.is_loaded());
        world.nobody().run(async {
            let with_body = |title: &str| Book { body: Lazy::new("sent".into()), ..plain(title) };
            assert_eq!(loaded(&repo::<Book>().insert(plain("single")).await.unwrap()), (false, false));
            assert_eq!(loaded(&repo::<Book>().insert(with_body("single too")).await.unwrap()), (true, false));
            let many = repo::<Book>().insert_many([plain("many"), with_body("many too")]).await.unwrap();
            assert_eq!(many.iter().map(loaded).collect::<Vec<_>>(), [(false, false), (true, false)]);
            for body in ["made", "changed"] {
                let row = repo::<Book>().upsert(|b| b.title.set("upserted"), |b| b.body.set(body)).await.unwrap();
                assert_eq!((row.body.get().map(String::as_str), row.cover.is_loaded()), (Some(body), false));
            }
            let found = repo::<Book>().upsert(|b| b.title.set("upserted"), |_| ()).await.unwrap();
            assert_eq!(loaded(&found), (false, false));
            let mut batch = Batch::new();
            let one = batch.repo::<Book>().insert(with_body("batch"));
            let two = batch.repo::<Book>().insert_many([plain("batch too"), with_body("batch three")]);
            let three = batch.repo::<Book>().update(many[0].id, |b| b.cover.set(Lazy::new(vec![7])));
            let four = batch.repo::<Book>().upsert_many([Upsert::by(|b: BookFields| b.title.set("upserted")).set(|b| b.cover.set(Lazy::new(vec![8])))]);
            let mut done = batch.run().await.unwrap();
            assert_eq!(loaded(&done.record(one).unwrap()), (true, false));
            assert_eq!(done.records(two).unwrap().iter().map(loaded).collect::<Vec<_>>(), [(false, false), (true, false)]);
            assert_eq!(loaded(&done.record(three).unwrap()), (false, true));
            assert_eq!(done.records(four).unwrap().iter().map(loaded).collect::<Vec<_>>(), [(false, true)]);
        }).await;
    }

    async fn what_nobody_may_see_cannot_be_loaded_along(world: World) {
        world.backend().run(async {
            let shelf = repo::<Shelf>().insert(Shelf { name: "top".into(), ..Shelf::blank() }).await.unwrap();
            let text = Lazy::new("my own words".into());
            let diary = Diary { owner: "ann".into(), text, shelf_id: Some(shelf.id), ..Diary::blank() };
            repo::<Diary>().insert(diary).await.unwrap();
        }).await;
        for (who, sees) in [(ann(), true), (bob(), false)] {
            world.for_(&who).run(async {
                assert!(Diary::query().with(|d| d.notes).await.unwrap_err().is_invalid());
                assert!(Diary::query().with(|d| d.notes).paginate().await.unwrap_err().is_invalid());
                let notes = Shelf::query().include_with(|s| s.diaries, |d| d.with(|d| d.notes)).await;
                assert!(notes.unwrap_err().is_invalid());
                let shelf = Shelf::query().include_with(|s| s.diaries, |d| d.with(|d| d.text)).first().await.unwrap().unwrap();
                assert_eq!(shelf.diaries.iter().map(|d| d.text.is_loaded()).collect::<Vec<_>>(), [sees]);
            }).await;
        }
    }

    async fn a_method_takes_it_along_where_it_was_set(world: World) {
        let books = two(&world).await;
        world.nobody().run(async {
            let mut book = repo::<Book>().find_id(books[0].id).await.unwrap();
            book.rename("renamed".into()).await.unwrap();
            assert_eq!((body(&book), book.title.as_str(), book.is_changed()), (None, "renamed", false));
            book.body.set("unsaved".into());
            book.rename("again".into()).await.unwrap();
            assert_eq!((body(&book), book.is_changed()), (Some("unsaved"), false));
            let mut other = repo::<Book>().find_id(books[1].id).await.unwrap();
            other.shout().await.unwrap();
            assert_eq!(other.load(|b| b.body).await.unwrap(), "THE BODY OF TWO");
        }).await;
        assert_eq!(body(&stored(&world, books[0].id).await), Some("unsaved"));
    }

    async fn the_guard_is_asked_when_it_is_loaded(world: World) {
        let diary = Diary { owner: "ann".into(), text: Lazy::new("my own words".into()), notes: Lazy::new("n".into()), ..Diary::blank() };
        let id = world.backend().run(repo::<Diary>().insert(diary)).await.unwrap().id;
        world.for_(&ann()).run(async {
            let mut own = repo::<Diary>().find_id(id).await.unwrap();
            assert_eq!((own.words, own.text.get()), (3, None));
            assert_eq!(own.load(|d| d.text).await.unwrap(), "my own words");
            assert!(own.load(|d| d.notes).await.unwrap_err().is_invalid(), "admins see it, and nobody else");
            own.text.set("only two".into());
            own.notes.set("mine".into());
            own.save().await.unwrap();
            assert_eq!((own.words, own.text.get().map(String::as_str)), (2, Some("only two")));
        }).await;
        world.for_(&bob()).run(async {
            let mut anns = repo::<Diary>().find_id(id).await.unwrap();
            assert!(anns.load(|d| d.text).await.unwrap_err().is_forbidden());
            assert!(!anns.text.is_loaded());
            assert_eq!(Diary::query().select(|d| d.text).await.unwrap()[0].get(), None);
            assert!(Diary::query().filter(|d| d.text.contains("two")).await.is_err());
            let with = Diary::query().with(|d| d.text).await.unwrap();
            assert_eq!(with[0].text.get(), None);
        }).await;
        world.for_(&admin()).run(async {
            let mut anns = repo::<Diary>().find_id(id).await.unwrap();
            assert_eq!(anns.load(|d| d.notes).await.unwrap(), "n", "what may not be seen was not written");
        }).await;
    }
}

/// Two papers in an archive, the first of them confidential.
async fn papers(world: &World) {
    let paper = |id, body: &str, summary: &str| {
        let (body, summary) = (Lazy::new(body.to_owned()), summary.to_owned());
        Paper { id, body, summary, archive_id: 1, ..Paper::blank() }
    };
    let both = async {
        repo::<Archive>().insert(Archive { id: 1, ..Archive::blank() }).await?;
        repo::<Paper>().insert_many([paper(1, "confidential a b", "the secret"), paper(2, "a b", "the news")]).await
    };
    world.backend().run(both).await.unwrap();
}

fn seen<'a>(papers: impl IntoIterator<Item = &'a Record<Paper>>) -> Vec<(&'a str, i64, bool)> {
    papers.into_iter().map(|p| (p.summary.as_str(), p.words, p.body.is_loaded())).collect()
}

promises! {
    async fn what_is_seen_and_computed_does_not_depend_on_what_was_loaded(world: World) {
        papers(&world).await;
        let (without, with) = ([("", 3, false), ("the news", 2, false)], [("", 3, true), ("the news", 2, true)]);
        world.for_(&ann()).run(async {
            assert_eq!(seen(&Paper::query().await.unwrap()), without);
            assert_eq!(seen(&Paper::query().with(|p| p.body).await.unwrap()), with);
            assert_eq!(seen([&repo::<Paper>().find_id(1).await.unwrap()]), without[..1]);
            assert_eq!(seen(&Paper::query().paginate().await.unwrap().items), without);
            assert_eq!(seen(&Paper::query().with(|p| p.body).paginate().await.unwrap().items), with);
            let selected = Paper::query().select(|p| (p.summary, p.words)).await.unwrap();
            assert_eq!(selected, [(String::new(), 3), ("the news".into(), 2)]);
            let archive = Archive::query().include(|a| a.papers).first().await.unwrap().unwrap();
            assert_eq!(seen(archive.papers.iter()), without);
            let archive = Archive::query().include_with(|a| a.papers, |p| p.with(|p| p.body)).first().await.unwrap().unwrap();
            assert_eq!(seen(archive.papers.iter()), with);
        }).await;
        world.backend().run(async {
            let mut papers = Paper::query().await.unwrap();
            assert_eq!(seen(&papers), [("the secret", 3, false), ("the news", 2, false)]);
            papers[0].summary.push('!');
            papers[0].save().await.unwrap();
            assert_eq!(seen(&papers[..1]), [("the secret!", 3, false)], "nor on what was loaded before it was saved");
            assert!(!papers[0].is_changed());
        }).await;
    }
}

#[tokio::test]
async fn on_the_wire_what_is_seen_does_not_depend_on_what_was_loaded() {
    let world = World::new(tests::Way::Direct).await;
    papers(&world).await;
    for (address, of) in [
        ("/api/papers", "/0"),
        ("/api/papers?_select=summary,words", "/0"),
        ("/api/papers?__action=first", "/0"),
        ("/api/papers?_cursor=", "/items/0"),
        ("/api/papers?_cursor=&_select=summary,words", "/items/0"),
        ("/api/papers/1", ""),
    ] {
        let answer = world.get(address).by(&ann()).send().await.ok(200);
        let paper = answer.pointer(of).unwrap();
        assert_eq!((paper.get("summary"), &paper["words"], paper.get("body")), (None, &json!(3), None), "{address}");
    }
}

#[tokio::test]
async fn on_the_wire_it_is_there_where_it_was_asked_for() {
    let world = World::new(tests::Way::Direct).await;
    let one = &two(&world).await[0];
    let keys = |row: &serde_json::Value| {
        let mut keys: Vec<_> = row.as_object().unwrap_or_else(|| panic!("{row}")).keys().cloned().collect();
        keys.retain(|key| key == "body" || key == "cover");
        keys.join(",")
    };
    for (address, expected) in [
        ("/api/books", ""),
        ("/api/books?_with=body", "body"),
        ("/api/books?_with=body,cover", "body,cover"),
        ("/api/books?_select=title,cover", "cover"),
        ("/api/books?_include=shelf", ""),
        ("/api/books?_include=shelf&_with=body", "body"),
        ("/api/books?__action=last&_with=cover", "cover"),
    ] {
        assert_eq!(keys(&world.get(address).send().await.ok(200)[0]), expected, "{address}");
    }
    let page = world.get("/api/books?_cursor=&_with=body").send().await.ok(200);
    assert_eq!(keys(&page["items"][0]), "body");
    let shelf = json!({"include": {"books": {"with": ["cover"]}}});
    let shelves = world.post("/api/shelves?__action=get").json(&shelf).send().await.ok(200);
    assert_eq!(keys(&shelves[0]["books"][0]), "cover");
    let address = format!("/api/books/{}", one.id);
    assert_eq!(keys(&world.get(&address).send().await.ok(200)), "");
    assert_eq!(keys(&world.get(&format!("{address}?_with=body")).send().await.ok(200)), "body");
    assert_eq!(keys(&world.put(&address).json(&json!({"title": "changed"})).send().await.ok(200)), "");
    assert_eq!(keys(&world.put(&address).json(&json!({"body": "changed"})).send().await.ok(200)), "body");
    let null = world.put(&address).json(&json!({"body": null})).send().await;
    assert_eq!(null.field("body"), "must not be null");
    let new = json!({"title": "new"});
    let new = world.post("/api/books").json(&new).send().await.ok(201);
    assert_eq!(keys(&new), "");
    let unknown = world.get("/api/books?_with=boddy").send().await.refused(400);
    assert!(unknown.contains("\"boddy\" is not a field of books"), "{unknown}");
}
