use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    #[field(len(max = 5))]
    pub count: i64,
    #[field(range(1..=5))]
    pub title: String,
    #[field(email)]
    pub done: bool,
    #[field(one_of("a"))]
    pub json: Json<Vec<String>>,
}

fn main() {}
