use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    #[field(requird)]
    pub title: String,
    #[field(len(minimum = 5))]
    pub note: String,
}

fn main() {}
