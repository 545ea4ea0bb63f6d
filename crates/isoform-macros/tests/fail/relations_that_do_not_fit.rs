use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "projects")]
pub struct Project {
    #[field(id)]
    pub id: Uuid,
    pub number: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub project_number: i64,
    #[relation(project_number)]
    pub of_another_type: ToOne<Project>,
    #[relation(project_number = Project::numbr)]
    pub misspelt: ToOne<Project>,
    #[relation(project_number = Task::project_number)]
    pub of_another_entity: ToOne<Project>,
    #[relation(project_number = Project::number, filter = done)]
    pub filtered_by_another_type: ToOne<Project>,
}

fn done() -> Filter<Task> {
    Task::filter(|t| t.project_number.eq(1))
}

fn main() {}
