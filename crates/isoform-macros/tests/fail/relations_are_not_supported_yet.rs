use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    #[relation(project_id)]
    pub project: Option<Uuid>,
    pub comments: ToMany<Comment>,
}

fn main() {}
