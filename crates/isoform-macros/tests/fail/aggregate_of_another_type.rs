use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
    pub done: Option<bool>,
    pub json: Json<Vec<String>>,
}

fn aggregates() {
    let _ = Task::query().aggregate(|t| t.title.sum());
    let _ = Task::query().aggregate(|t| (count(), t.done.avg()));
    let _ = Task::query().aggregate(|t| t.json.max());
    let _ = Task::query().group_by(|t| t.json, |_| count());
    let _ = Task::query().group_by(|t| t.title, |t| t.done);
}

fn main() {}
