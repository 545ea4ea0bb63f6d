use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", allow(crud = 5, read = [], update = is_owner(), delete = ["a", 1]))]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    #[field(allow_update)]
    pub title: String,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "notes", allow(crud = anybody))]
pub struct Note {
    #[field(id)]
    pub id: Uuid,
}

fn main() {}
