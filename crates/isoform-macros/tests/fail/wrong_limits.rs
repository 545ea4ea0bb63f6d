use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    #[field(len(min = 9, max = 5))]
    pub title: String,
    #[field(len(1..5))]
    pub note: String,
    #[field(range(min = 0.5))]
    pub count: i64,
    #[field(range)]
    pub size: i32,
    #[field(range("a"..="z"))]
    pub letter: f64,
}

fn main() {}
