use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "lines")]
pub struct Line {
    #[field(id)]
    pub order_id: i64,
    #[field(id)]
    pub product: String,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "remarks")]
pub struct Remark {
    #[field(id)]
    pub id: Uuid,
    pub line_id: i64,
    #[relation(line_id)]
    pub line: ToOne<Line>,
}

fn wrong() {
    drop(repo::<Line>().find_id(7));
    drop(repo::<Remark>().delete("7"));
}

fn main() {}
