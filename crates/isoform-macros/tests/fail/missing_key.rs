use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(label = "Notes")]
pub struct Note {
    #[field(id)]
    pub id: Uuid,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "My Things")]
pub struct Thing {
    #[field(id)]
    pub id: Uuid,
}

fn main() {}
