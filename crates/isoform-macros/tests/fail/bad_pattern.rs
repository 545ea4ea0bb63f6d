use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    #[field(pattern = "[a-z")]
    pub title: String,
    #[field(pattern)]
    pub note: String,
    #[field(pattern = LETTERS)]
    pub other: String,
}

fn main() {}
