use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", key = "todo", allow(read = true, read = false))]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    #[field(required, len(min = 5, min = 6))]
    #[field(required)]
    pub title: String,
    #[field(column = "TITLE")]
    pub heading: String,
    pub line2: String,
    pub line_2: String,
}

fn main() {}
