use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub enum Task {
    One,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "notes")]
pub struct Note(Uuid);

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "things")]
pub struct Thing<T> {
    #[field(id)]
    pub id: T,
}

#[derive(Entity)]
#[entity(key = "bares")]
pub struct Bare {
    #[field(id)]
    pub id: Uuid,
}

fn main() {}
