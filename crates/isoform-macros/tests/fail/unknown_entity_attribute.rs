use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", lable = "Tasks", colour = "red", allow(wirte = true))]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
}

fn main() {}
