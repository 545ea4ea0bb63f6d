//! How many rows a guarded query answers that names no limit: by itself, since it is set for the whole program.

use isoform::prelude::*;
use isoform::{DEFAULT_LIMIT, default_limit, set_default_limit};
use tests::entities::Sample;
use tests::{Way, World};

#[tokio::test]
async fn a_query_without_a_limit_answers_as_many_rows_as_is_set() {
    assert_eq!((default_limit(), DEFAULT_LIMIT), (100, 100));
    for way in [Way::Direct, Way::InProcess, Way::Socket] {
        let world = World::new(way).await;
        world.backend().run(repo::<Sample>().insert_many(vec![Sample::blank(); 101]).into_future()).await.unwrap();
        let found = async || world.nobody().run(Sample::query().into_future()).await.unwrap().len();
        let page = async || world.nobody().run(Sample::query().paginate().into_future()).await.unwrap().items.len();
        for rows in [100, 7, 101, 200] {
            set_default_limit(rows);
            let expected = usize::try_from(rows.min(101)).unwrap();
            assert_eq!((found().await, page().await), (expected, expected), "{way:?} {rows}");
        }
        let trusted = world
            .backend()
            .run(async {
                set_default_limit(7);
                Sample::query().await
            })
            .await
            .unwrap();
        assert_eq!(trusted.len(), 101, "trusted code gets all");
    }
    set_default_limit(0);
    assert_eq!(default_limit(), 1);
}
