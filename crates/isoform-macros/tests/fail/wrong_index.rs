use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", index(titel, id), index(title, title), index)]
pub struct Task {
    #[field(id, index)]
    pub id: Uuid,
    #[field(index = true)]
    pub title: String,
    #[field(index)]
    pub extra: Json<Vec<String>>,
}

fn main() {}
