//! Pages by a cursor, streams, first and last rows, and a few columns instead of whole rows.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use futures::{StreamExt as _, TryStreamExt as _};
use isoform::prelude::*;
use isoform::{ErrorKind, Page};
use serde_json::json;
use tests::entities::Color;
use tests::entities_paging::{Entry, Memo, Tag};
use tests::{Way, World, ann, bob, promises};

/// Trusted, in one transaction.
async fn insert<E: isoform::Stored>(world: &World, rows: impl IntoIterator<Item = E> + Send) -> Vec<Record<E>> {
    let rows: Vec<E> = rows.into_iter().collect();
    let work = async move |_| {
        let mut stored = Vec::new();
        for row in rows {
            stored.push(repo::<E>().insert(row).await?);
        }
        Ok(stored)
    };
    world.backend().transaction(work).await.unwrap()
}

/// Ranks 0 to 9, ten of each title `a` to `j`, some due, of three colours.
async fn entries(world: &World, count: i32) -> Vec<Record<Entry>> {
    let entry = |n: i32| {
        let mut entry = Entry::of(n % 10, &char::from(b'a' + u8::try_from(n / 10 % 10).unwrap()).to_string());
        entry.due = (n % 3 != 0).then(|| NaiveDate::from_ymd_opt(2026, 1, u32::try_from(n % 7 + 1).unwrap()).unwrap());
        entry.color = [Color::DarkBlue, Color::Red, Color::Green][usize::try_from(n % 3).unwrap()];
        entry.color_or = (n % 4 != 0).then_some(entry.color);
        entry
    };
    insert(world, (0..count).map(entry)).await
}

async fn all_pages<E: Entity>(query: Query<E>) -> Vec<Page<E>> {
    let mut pages = vec![query.paginate().await.unwrap()];
    while let Some(next) = pages.last().unwrap().next().await.unwrap() {
        pages.push(next);
    }
    pages
}

fn ids<E: Entity>(rows: &[Record<E>]) -> Vec<isoform::Id> {
    rows.iter().map(Record::id).collect()
}

fn ids_of<E: Entity>(pages: &[Page<E>]) -> Vec<isoform::Id> {
    pages.iter().flat_map(|page| ids(&page.items)).collect()
}

fn memo(title: &str, secret: &str, owner: &str, published: bool) -> Memo {
    Memo { title: title.into(), secret: secret.into(), owner: owner.into(), published, ..Memo::blank() }
}

promises! {
    async fn pages_together_are_the_list(world: World) {
        entries(&world, 60).await;
        world.nobody().run(async {
            let q = Entry::query;
            for query in [
                q(),
                q().order_by(|e| e.id.desc()),
                q().order_by(|e| e.rank.asc()),
                q().order_by(|e| e.rank.desc()),
                q().order_by(|e| e.due.asc()),
                q().order_by(|e| e.due.desc()),
                q().order_by(|e| e.color.desc()),
                q().order_by(|e| (e.color_or.asc(), e.due.desc(), e.title.asc())),
                q().order_by(|e| (e.color_or.desc(), e.due.asc(), e.rank.desc())),
                q().order_by(|e| (e.title.desc(), e.rank.asc(), e.id.desc())),
                q().order_by(|e| (e.due.asc(), e.rank.asc())).filter(|e| e.rank.gt(2) & e.color.ne(Color::Red)),
            ] {
                let whole = query.clone().limit(100).await.unwrap();
                let pages = all_pages(query.clone().limit(7)).await;
                assert_eq!(ids_of(&pages), ids(&whole), "{query:?}");
                let (last, full) = pages.split_last().unwrap();
                assert!(full.iter().all(|page| page.items.len() == 7 && page.has_next()), "{query:?}");
                assert!(!last.has_next() && !last.items.is_empty(), "{query:?}");
            }
        }).await;
    }

    async fn a_page_that_is_full_is_the_last_where_nothing_follows(world: World) {
        entries(&world, 10).await;
        world.nobody().run(async {
            let pages = all_pages(Entry::query().limit(5)).await;
            assert_eq!(pages.iter().map(|page| page.items.len()).collect::<Vec<_>>(), [5, 5]);
            let nothing = Entry::query().filter(|e| e.rank.gt(100)).paginate().await.unwrap();
            assert!(nothing.items.is_empty() && !nothing.has_next() && nothing.next().await.unwrap().is_none());
            assert_eq!(Entry::query().paginate().await.unwrap().items.len(), 10);
        }).await;
    }

    async fn a_page_without_a_limit_has_a_hundred_rows(world: World) {
        entries(&world, 101).await;
        world.nobody().run(async {
            let page = Entry::query().paginate().await.unwrap();
            assert_eq!((page.items.len(), page.has_next()), (100, true));
            assert_eq!(page.next().await.unwrap().unwrap().items.len(), 1);
        }).await;
    }

    async fn the_total_counts_every_page_and_stays(world: World) {
        entries(&world, 30).await;
        world.nobody().run(async {
            let few = || Entry::query().filter(|e| e.rank.lt(5)).limit(4);
            let page = few().paginate().with_total().await.unwrap();
            assert_eq!((page.total, page.items.len()), (Some(15), 4));
            assert_eq!(page.next().await.unwrap().unwrap().total, Some(15));
            assert_eq!(few().paginate().await.unwrap().total, None);
        }).await;
    }

    async fn what_happens_in_between_neither_repeats_nor_skips(world: World) {
        let rows = entries(&world, 10).await;
        world.nobody().run(async {
            let first = Entry::query().order_by(|e| e.rank.asc()).limit(4).paginate().await.unwrap();
            // One before, and the very row at which the page ended.
            insert(&world, [Entry::of(-1, "new")]).await;
            repo::<Entry>().delete(first.items[3].id).await.unwrap();
            let next = first.next().await.unwrap().unwrap();
            assert_eq!(ids(&next.items), ids(&rows[4..8]));
        }).await;
    }

    async fn a_cursor_that_was_kept_goes_on(world: World) {
        let rows = entries(&world, 10).await;
        world.nobody().run(async {
            let query = || Entry::query().order_by(|e| e.rank.asc()).limit(4);
            let kept = query().paginate().await.unwrap().cursor().unwrap().to_owned();
            assert_eq!(ids(&query().paginate().after(&*kept).await.unwrap().items), ids(&rows[4..8]));
            // Pages of another size are of the same question.
            assert_eq!(ids(&query().limit(2).paginate().after(kept).await.unwrap().items), ids(&rows[4..6]));
        }).await;
    }

    async fn pages_can_begin_anywhere(world: World) {
        let rows = entries(&world, 10).await;
        world.nobody().run(async {
            let page = Entry::query().order_by(|e| e.rank.asc()).page(2).limit(3).paginate().await.unwrap();
            assert_eq!(ids(&page.items), ids(&rows[3..6]));
            assert_eq!(ids(&page.next().await.unwrap().unwrap().items), ids(&rows[6..9]));
        }).await;
    }

    async fn a_cursor_of_another_question_is_refused(world: World) {
        entries(&world, 10).await;
        insert(&world, [memo("a", "x", "ann", true), memo("b", "y", "ann", true)]).await;
        world.nobody().run(async {
            let query = || Entry::query().filter(|e| e.rank.lt(9)).order_by(|e| e.rank.asc()).limit(2);
            let cursor = query().paginate().await.unwrap().cursor().unwrap().to_owned();
            let memos = Memo::query().limit(1).paginate().await.unwrap().cursor().unwrap().to_owned();
            for (query, cursor) in [
                (query().filter(|e| e.rank.gt(1)), cursor.clone()),
                (query().order_by(|e| e.title.asc()), cursor.clone()),
                (Entry::query().filter(|e| e.rank.lt(8)).order_by(|e| e.rank.asc()), cursor.clone()),
                (Entry::query().filter(|e| e.rank.lt(9)).order_by(|e| e.rank.desc()), cursor.clone()),
                (query(), memos),
                (query(), "made up".into()),
                (query(), "W10".into()),
                (query(), cursor[..cursor.len() - 2].into()),
                (query(), BASE64.encode("[\"0\",\"1\",\"2\"]")),
            ] {
                let error = query.clone().paginate().after(cursor).await.unwrap_err();
                assert_eq!(error.status(), 400, "{query:?}: {error}");
                assert!(error.message().contains("cursor"), "{error}");
            }
        }).await;
    }

    async fn a_made_up_cursor_shows_what_a_filter_would(world: World) {
        insert(&world, [
            memo("a", "", "ann", true), memo("b", "", "bob", false), memo("c", "", "ann", false), memo("d", "", "ann", true),
        ]).await;
        let query = || Memo::query().order_by(|m| m.title.asc()).limit(1);
        // Ann's cursor in Bob's hands.
        let anns = world.for_(&ann()).run(async { query().paginate().await.unwrap().cursor().unwrap().to_owned() }).await;
        let titles = async |cursor: String| {
            let page = query().limit(10).paginate().after(cursor).await.unwrap();
            page.items.iter().map(|memo| memo.title.clone()).collect::<Vec<_>>()
        };
        assert_eq!(world.for_(&bob()).run(titles(anns.clone())).await, ["b", "d"]);
        assert_eq!(world.nobody().run(titles(anns.clone())).await, ["d"]);
        // With values that were never answered.
        let mut parts: Vec<Option<String>> = serde_json::from_slice(&BASE64.decode(&anns).unwrap()).unwrap();
        parts[1] = Some("b'; --".into());
        let forged = BASE64.encode(serde_json::to_string(&parts).unwrap());
        assert_eq!(world.nobody().run(titles(forged)).await, ["d"]);
        for wrong in [json!([parts[0], null, parts[2]]), json!([parts[0], "a", "no uuid"]), json!([parts[0], "a"]), json!({})] {
            let cursor = BASE64.encode(wrong.to_string());
            let error = world.nobody().run(async { query().paginate().after(cursor).await }).await.unwrap_err();
            assert_eq!(error.status(), 400, "{wrong}");
        }
    }

    async fn a_cursor_tells_no_hidden_field(world: World) {
        insert(&world, [memo("a", "hush-1", "ann", true), memo("b", "hush-2", "ann", true), memo("c", "hush-3", "ann", true)]).await;
        world.nobody().run(async {
            let pages = all_pages(Memo::query().limit(1)).await;
            // The entity's own order, without what is hidden.
            let titles: Vec<_> = pages.iter().map(|page| page.items[0].title.clone()).collect();
            assert_eq!(titles, ["a", "b", "c"]);
            for cursor in pages.iter().filter_map(Page::cursor) {
                let text = String::from_utf8(BASE64.decode(cursor).unwrap()).unwrap();
                assert!(!text.contains("hush"), "{text}");
            }
            assert_eq!(Memo::query().last().await.unwrap().unwrap().title, "c");
            for error in [
                Memo::query().order_by(|m| m.secret.asc()).paginate().await.unwrap_err(),
                Memo::query().filter(|m| m.note.eq("x")).paginate().with_total().await.unwrap_err(),
                Memo::query().order_by(|m| m.note.asc()).last().await.unwrap_err(),
                Memo::query().select(|m| (m.id, m.secret)).await.unwrap_err(),
                Memo::query().order_by(|m| m.secret.asc()).stream().try_next().await.unwrap_err(),
            ] {
                assert_eq!(error.status(), 400);
                assert!(error.message().contains("is not a field of memos"), "{error}");
            }
        }).await;
        // Trusted code sees it all.
        let all = world.backend().run(async { Memo::query().last().await.unwrap().unwrap().secret.clone() }).await;
        assert_eq!(all, "hush-1");
    }

    async fn what_a_page_cannot_be_is_said(world: World) {
        world.nobody().run(async {
            for (error, word) in [
                (Entry::query().limit(1001).paginate().await.unwrap_err(), "1000"),
                (Entry::query().limit(0).paginate().await.unwrap_err(), "0"),
                (Entry::query().order_by(|e| e.extra.asc()).paginate().await.unwrap_err(), "JSON"),
                (Entry::query().page(2).limit(5).stream().try_next().await.unwrap_err(), "page"),
            ] {
                assert_eq!(error.status(), 400, "{error}");
                assert!(error.message().contains(word), "{error}");
            }
            Entry::query().limit(1000).paginate().await.unwrap();
        }).await;
    }

    async fn as_many_fields_as_an_order_may_have(world: World) {
        use tests::entities::Sample;
        insert(&world, (0..5).map(|n| Sample { number: n, ..Sample::blank() })).await;
        world.nobody().run(async {
            let eight = || {
                Sample::query()
                    .order_by(|s| (s.flag.asc(), s.text.desc(), s.text_or.asc(), s.color.desc()))
                    .order_by(|s| (s.flag_or.asc(), s.color_or.desc(), s.day.asc(), s.number.asc()))
            };
            let numbers: Vec<_> = eight().limit(2).stream().map_ok(|row| row.number).try_collect().await.unwrap();
            assert_eq!(numbers, [0, 1]);
            assert_eq!(ids_of(&all_pages(eight().limit(2)).await).len(), 5);
            assert_eq!(eight().last().await.unwrap().unwrap().number, 4);
            let nine = eight().order_by(|s| s.big.asc());
            assert_eq!(nine.clone().paginate().await.unwrap_err().status(), 400);
            assert_eq!(nine.last().await.unwrap_err().status(), 400);
        }).await;
    }

    async fn who_may_not_read_gets_no_page_and_no_stream(world: World) {
        world.for_(&ann()).run(async {
            use tests::entities::Log;
            assert_eq!(Log::query().paginate().await.unwrap_err().status(), 403);
            assert_eq!(Log::query().stream().try_next().await.unwrap_err().status(), 403);
            assert_eq!(Log::query().last().await.unwrap_err().status(), 403);
            assert_eq!(Log::query().select(|l| l.line).await.unwrap_err().status(), 403);
        }).await;
        world.nobody().run(async {
            assert_eq!(tests::entities::Log::query().paginate().await.unwrap_err().status(), 401);
        }).await;
    }

    async fn a_stream_brings_every_row_once(world: World) {
        let mut rows = entries(&world, 1_203).await;
        world.nobody().run(async {
            let all: Vec<_> = Entry::query().stream().try_collect().await.unwrap();
            rows.sort_by_key(|row| row.id);
            assert!(ids(&all) == ids(&rows) && all == rows);
            let by_title: Vec<_> = Entry::query().order_by(|e| (e.title.asc(), e.due.desc())).stream().try_collect().await.unwrap();
            assert_eq!(by_title.len(), 1_203);
            assert!(by_title.is_sorted_by_key(|row| row.title.clone()));
            for (limit, expected) in [(0, 0), (1, 1), (500, 500), (501, 501), (5_000, 1_203)] {
                assert_eq!(Entry::query().limit(limit).stream().count().await, expected);
            }
            let few = Entry::query().filter(|e| e.rank.eq(3)).stream().count().await;
            assert_eq!(few, 120);
        }).await;
    }

    async fn a_loop_over_a_stream_may_write(world: World) {
        entries(&world, 1_100).await;
        let by = if world.is_direct() { world.backend() } else { world.nobody() };
        by.run(async {
            let mut stream = Entry::query().stream();
            let mut seen = 0;
            while let Some(mut entry) = stream.try_next().await.unwrap() {
                seen += 1;
                if seen % 200 == 0 {
                    entry.title = "changed".into();
                    entry.save().await.unwrap();
                } else if seen % 201 == 0 {
                    entry.delete().await.unwrap();
                }
            }
            assert_eq!(seen, 1_100);
            assert_eq!(Entry::query().filter(|e| e.title.eq("changed")).count().await.unwrap(), 5);
            assert_eq!(Entry::query().count().await.unwrap(), 1_095);
        }).await;
    }

    async fn a_few_columns_are_typed_tuples(world: World) {
        let rows = entries(&world, 12).await;
        world.nobody().run(async {
            let few = Entry::query().order_by(|e| e.rank.asc()).limit(3);
            let read: Vec<(String, Uuid, Option<NaiveDate>)> = few.clone().select(|e| (e.title, e.id, e.due)).await.unwrap();
            let expected: Vec<_> = few.clone().await.unwrap().iter().map(|e| (e.title.clone(), e.id, e.due)).collect();
            assert_eq!(read, expected);
            let ranks: Vec<i32> = few.clone().page(2).select(|e| e.rank).await.unwrap();
            assert_eq!(ranks, [1, 2, 3]);
            let nested = few.clone().select(|e| ((e.rank, e.rank), (e.color,), e.color_or)).await.unwrap();
            assert_eq!(nested[0], ((0, 0), (Color::DarkBlue,), None));
            // What it is ordered by need not be among it.
            let dues = Entry::query().order_by(|e| (e.color.desc(), e.rank.desc())).select(|e| e.extra).await.unwrap();
            assert_eq!(dues.len(), rows.len());
            let first = Entry::query().order_by(|e| e.rank.desc()).select(|e| e.rank).first().await.unwrap();
            assert_eq!(first, Some(9));
            let none = Entry::query().filter(|e| e.rank.gt(99)).select(|e| e.rank).first().await.unwrap();
            assert_eq!(none, None);
        }).await;
    }

    async fn the_last_row_is_the_end_of_the_order(world: World) {
        entries(&world, 25).await;
        world.nobody().run(async {
            let q = Entry::query;
            for query in [
                q(),
                q().order_by(|e| e.due.asc()),
                q().order_by(|e| (e.color_or.desc(), e.rank.asc())),
                q().order_by(|e| e.id.desc()),
                q().filter(|e| e.rank.lt(5)).page(2).limit(3),
            ] {
                let whole = query.clone().page(1).limit(100).await.unwrap();
                assert_eq!(query.clone().last().await.unwrap().as_ref(), whole.last(), "{query:?}");
                assert_eq!(query.clone().page(1).first().await.unwrap().as_ref(), whole.first(), "{query:?}");
            }
            assert_eq!(q().filter(|e| e.rank.gt(99)).last().await.unwrap(), None);
        }).await;
    }

    async fn a_row_is_found_or_made(world: World) {
        world.for_(&ann()).run(async {
            let tax = || Tag::query().filter(|t| t.name.eq("tax") & t.year.eq(2026) & t.color.is_null());
            let made = tax().first_or_create(|_| {}).await.unwrap();
            assert_eq!((made.name.as_str(), made.year, made.is_new()), ("tax", 2026, false));
            let found = tax().first_or_create(|new| new.color = Some("never asked".into())).await.unwrap();
            assert_eq!(found, made);
            let filled = Tag::query().filter(|t| t.name.eq("home")).first_or_create(|new| new.color = Some("red".into())).await;
            assert_eq!(filled.unwrap().color.as_deref(), Some("red"));
            assert_eq!(repo::<Tag>().count().await.unwrap(), 2);
            let wrong = Tag::query().filter(|t| t.name.eq("x")).first_or_create(|_| {}).await.unwrap_err();
            assert_eq!((wrong.status(), wrong.field("name").is_some()), (400, true));
        }).await;
        let refused = world.nobody().run(async { Tag::query().filter(|t| t.name.eq("new")).first_or_create(|_| {}).await }).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unauthenticated);
    }

    async fn a_row_is_made_once_however_many_ask(world: World) {
        let context = world.for_(&ann());
        let ask = |_| context.run(async { Tag::query().filter(|t| t.name.eq("tax")).first_or_create(|_| {}).await.unwrap().id });
        let ids = futures::future::join_all((0..8).map(ask)).await;
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }
}

#[tokio::test]
async fn a_page_on_the_wire_has_items_a_cursor_and_a_total() {
    let world = World::new(Way::InProcess).await;
    entries(&world, 5).await;
    let first = world.get("/api/entries?_sort=rank&_select=rank&_limit=2&_cursor=&_total=true").send().await.ok(200);
    let cursor = first["cursor"].as_str().unwrap();
    assert_eq!(first, json!({"items": [{"rank": 0}, {"rank": 1}], "cursor": cursor, "total": 5}));
    assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "stands in an address");
    let next = world.get(&format!("/api/entries?_sort=rank&_select=title,rank&_limit=3&_cursor={cursor}")).send().await;
    let item = |rank: i32| json!({"title": "a", "rank": rank});
    assert_eq!(next.ok(200), json!({"items": [item(2), item(3), item(4)]}));
    let posted = world.post("/api/entries?__action=get&_sort=rank&_select=rank&_limit=1&_cursor=");
    let posted = posted.json(&json!({"where": {"rank.gt": 2}})).send().await.ok(200);
    assert_eq!(posted["items"], json!([{"rank": 3}]));
    for (address, word) in [
        ("_cursor=x", "cursor"),
        ("_total=true", "_cursor"),
        ("_cursor=&_total=yes", "_total"),
        ("_cursor=&_sort=extra", "extra"),
        (&*format!("_sort=rank&_limit=2&_page=2&_cursor={cursor}"), "_page"),
        (&*format!("_sort=rank&_order=desc&_cursor={cursor}"), "cursor"),
        ("_cursor=&_limit=1001", "_limit"),
    ] {
        let message = world.get(&format!("/api/entries?{address}")).send().await.refused_echoing(400, cursor);
        assert!(message.contains(word), "{address}: {message}");
    }
    let empty = world.get("/api/entries?rank=99&_cursor=&_total=true").send().await.ok(200);
    assert_eq!(empty, json!({"items": [], "total": 0}));
}

#[tokio::test]
async fn the_first_and_the_last_row_on_the_wire() {
    let world = World::new(Way::InProcess).await;
    entries(&world, 5).await;
    let rank = async |address: &str| world.get(&format!("/api/entries?{address}")).send().await.ok(200);
    assert_eq!(rank("__action=first&_sort=rank&_select=rank").await, json!([{"rank": 0}]));
    assert_eq!(rank("__action=last&_sort=rank&_select=rank").await, json!([{"rank": 4}]));
    assert_eq!(rank("__action=last&_select=rank").await, json!([{"rank": 0}]), "its own order is descending");
    assert_eq!(rank("__action=last&rank.gt=9").await, json!([]));
    let posted = world.post("/api/entries?__action=last&_sort=rank&_select=rank");
    assert_eq!(posted.json(&json!({"where": {"rank.lt": 3}})).send().await.ok(200), json!([{"rank": 2}]));
    world.get("/api/memos?__action=last&_sort=secret").send().await.refused(400);
}

#[tokio::test]
async fn a_text_that_is_too_long_for_a_cursor_is_said() {
    let world = World::new(Way::InProcess).await;
    insert(&world, [Entry::of(1, &"x".repeat(20_000)), Entry::of(2, "y")]).await;
    let message = world.get("/api/entries?_sort=title&_limit=1&_cursor=").send().await.refused(400);
    assert!(message.contains("too long"), "{message}");
    // Without HTTP there is no address that it has to fit.
    let all = world.backend().run(Entry::query().order_by(|e| e.title.asc()).stream().try_collect::<Vec<_>>()).await;
    assert_eq!(all.unwrap().len(), 2);
}

#[tokio::test]
async fn a_stream_in_a_transaction_sees_what_it_wrote() {
    let world = World::new(Way::Direct).await;
    entries(&world, 600).await;
    let work = async |_| {
        let mut stream = Entry::query().stream();
        while let Some(mut entry) = stream.try_next().await? {
            entry.rank += 1_000;
            entry.save().await?;
        }
        Entry::query().filter(|e| e.rank.gte(1_000)).count().await
    };
    let changed = tokio::time::timeout(std::time::Duration::from_secs(60), world.backend().transaction(work)).await;
    assert_eq!(changed.expect("does not wait for itself").unwrap(), 600);
}

#[tokio::test]
async fn a_stream_belongs_to_the_context_that_made_it() {
    let world = World::new(Way::Direct).await;
    entries(&world, 3).await;
    let stream = world.nobody().run(async { Entry::query().stream() }).await;
    assert_eq!(stream.count().await, 3);
    let error = Entry::query().stream().try_next().await.unwrap_err();
    assert_eq!(error.status(), 500, "without a context there is none");
}

#[tokio::test]
async fn a_database_in_memory_is_streamed_and_written_too() {
    let database = isoform_server::Database::connect("sqlite::memory:").await.unwrap();
    let api = isoform_server::Api::new(database.clone()).entities(tests::entities_paging::all());
    api.ensure_schema().await.unwrap();
    let work = async {
        for n in 0..501 {
            repo::<Entry>().insert(Entry::of(n, "a")).await?;
        }
        let mut stream = Entry::query().stream();
        while let Some(entry) = stream.try_next().await? {
            repo::<Entry>().delete(entry.id).await?;
        }
        repo::<Entry>().count().await
    };
    let left = tokio::time::timeout(std::time::Duration::from_secs(60), database.context().run(work)).await;
    assert_eq!(left.expect("does not wait for itself").unwrap(), 0);
}

#[tokio::test]
async fn a_declared_index_is_made_and_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite://{}", folder.path().join("test.db").display());
    let database = isoform_server::Database::connect(&address).await.unwrap();
    let api = || isoform_server::Api::new(database.clone()).entities(tests::entities_paging::all());
    let said = api().ensure_schema().await.unwrap();
    for sentence in [
        "created an index on title, id of the table entries",
        "created an index on due, title, id of the table entries",
        "created an index on rank, title, id of the table entries",
    ] {
        assert!(said.iter().any(|one| one == sentence), "{said:?}");
    }
    let again = api().ensure_schema().await.unwrap();
    assert!(again.is_empty(), "{again:?}");
    let pool = sqlx::SqlitePool::connect(&address).await.unwrap();
    let sql = "SELECT sql FROM sqlite_schema WHERE name = 'entries_due_desc_title_index'";
    let made: String = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
    assert!(made.ends_with("ON \"entries\" (\"due\" DESC, \"title\" ASC, \"id\" ASC)"), "{made}");
}
