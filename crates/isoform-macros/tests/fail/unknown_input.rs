use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    #[field(input = "emial", column = "")]
    pub title: String,
    #[field(default = 5)]
    pub note: String,
}

fn main() {}
