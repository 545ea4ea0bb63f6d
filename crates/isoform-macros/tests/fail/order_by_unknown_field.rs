use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", order_by(titel desc, id, id, created_at up))]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "notes", order_by(titel desc, id, id))]
pub struct Note {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
}

fn main() {}
