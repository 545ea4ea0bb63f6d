use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    pub id: Uuid,
    pub title: String,
}

fn main() {}
