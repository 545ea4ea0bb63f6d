use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", hooks)]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
}

fn main() {}
