use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "totals", sql = "SELECT 1 AS {id} FROM {Ordre}", allow(read = true))]
pub struct Total {
    #[field(id)]
    pub id: i64,
}

fn main() {}
