use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", allow(crud = true))]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    #[field(api_read = asks_for_too_much)]
    pub title: String,
    #[field(allow_update = judges_another)]
    pub owner: String,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "notes", allow(crud = true))]
pub struct Note {
    #[field(id)]
    pub id: Uuid,
}

fn asks_for_too_much(_: &Identity, _: &Record<Task>, _: bool) -> bool {
    true
}

fn judges_another(_: &Identity, _: &Record<Note>) -> bool {
    true
}

fn main() {}
