use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub tags: std::collections::BTreeMap<String, String>,
    pub size: Option<u64>,
}

fn main() {}
