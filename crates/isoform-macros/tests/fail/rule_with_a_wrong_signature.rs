use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", allow(read = judges_a_record, update = judges_nobody))]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
}

fn judges_a_record(_: &Identity, _: &Record<Task>) -> bool {
    true
}

fn judges_nobody(_: &Identity) -> bool {
    true
}

fn main() {}
