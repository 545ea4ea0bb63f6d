use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "projects")]
pub struct Project {
    #[field(id)]
    pub id: Uuid,
    pub owner: Option<Uuid>,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    #[field(not_null)]
    pub never_null: String,
    #[field(not_null = true)]
    pub with_a_value: Option<String>,
    #[field(unique = true)]
    pub unique_with_a_value: i64,
    #[field(unique(messag = "taken"))]
    pub misspelt: i64,
    #[field(validate_async)]
    pub without_a_function: i64,
    #[field(validate_async = "is_free")]
    pub with_a_text: i64,
    #[field(exists)]
    pub not_a_relation: Uuid,
    pub project_id: Uuid,
    #[relation(project_id, exists = true)]
    pub exists_with_a_value: ToOne<Project>,
    #[relation(Project::owner, exists)]
    pub from_the_other_side: ToMany<Project>,
}

fn main() {}
