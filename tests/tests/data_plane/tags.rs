//! The application's tags: a task has each once.

use serde_json::json;
use shared::prelude::*;
use tests::{World, ann, promises};

async fn office(way: tests::Way) -> World {
    World::with(way, shared::entities()).await
}

promises! {
    in office;

    async fn a_tag_that_a_task_has_is_not_added_again(world: World) {
        let fill = async {
            let tag = repo::<Tag>().insert(Tag { name: "urgent".into(), ..Tag::blank() }).await?;
            let task = Task { title: "Water the plants".into(), owner: "ann".into(), ..Task::blank() };
            Ok::<_, Error>((repo::<Task>().insert(task).await?.id, tag.id))
        };
        let (task_id, tag_id) = world.backend().run(fill).await.unwrap();
        world.for_(&ann()).run(async {
            let task = repo::<Task>().find_id(task_id).await.unwrap();
            let tag = repo::<Tag>().find_id(tag_id).await.unwrap();
            task.tags().add(&tag).await.unwrap();
            task.tags().add(&tag).await.unwrap();
            assert_eq!(task.tags().count().await.unwrap(), 1);
            task.tags().set([&tag, &tag]).await.unwrap();
            assert_eq!(repo::<TaskTag>().count().await.unwrap(), 1);
            // A row by hand is another way to say the same.
            let again = repo::<TaskTag>().insert(TaskTag { task_id, tag_id, ..TaskTag::blank() }).await.unwrap_err();
            assert!(again.is_conflict() && again.message() == "Task, Tag already exist together", "{again:?}");
            repo::<TaskTag>().find_id((task_id, tag_id)).await.unwrap();
            task.tags().remove(&tag).await.unwrap();
            task.tags().remove(&tag).await.unwrap();
            assert_eq!(task.tags().count().await.unwrap(), 0);
        }).await;
    }
}

#[tokio::test]
async fn a_pair_that_is_there_is_a_conflict_that_names_both() {
    let world = office(tests::Way::InProcess).await;
    let fill = async {
        let tag = repo::<Tag>().insert(Tag { name: "urgent".into(), ..Tag::blank() }).await?;
        let task = Task { title: "Water the plants".into(), owner: "ann".into(), ..Task::blank() };
        Ok::<_, Error>((repo::<Task>().insert(task).await?.id, tag.id))
    };
    let (task, tag) = world.backend().run(fill).await.unwrap();
    let post =
        async || world.post("/api/task-tags").by(&ann()).json(&json!({"taskId": task, "tagId": tag})).send().await;
    post().await.ok(201);
    let again = post().await;
    again.refused(409);
    assert!(again.json()["modelState"]["taskId"].is_string() && again.json()["modelState"]["tagId"].is_string());
}
