use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "numbered")]
pub struct Numbered {
    #[field(id)]
    pub order_id: i64,
    #[field(id, auto_increment)]
    pub number: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "fives")]
pub struct Five {
    #[field(id)]
    pub a: i32,
    #[field(id)]
    pub b: i32,
    #[field(id)]
    pub c: i32,
    #[field(id)]
    pub d: i32,
    #[field(id)]
    pub e: i32,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "remarks")]
pub struct Remark {
    #[field(id)]
    pub id: Uuid,
    pub line_id: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "lines")]
pub struct Line {
    #[field(id)]
    pub order_id: i64,
    #[field(id)]
    pub product: Option<String>,
    #[relation(Remark::line_id)]
    pub remarks: ToMany<Remark>,
    #[relation(through = Remark, Remark::line_id, Remark::id)]
    pub through: ToMany<Remark>,
}

fn main() {}
