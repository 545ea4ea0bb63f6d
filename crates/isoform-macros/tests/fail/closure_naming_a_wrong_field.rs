use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
}

fn main() {
    let _ = Task::filter(|t| t.titel.eq("tax"));
    let _ = Task::filter(|t| t.title.eq(5));
    let _ = Task::query().order_by(|t| t.titel.desc());
}
