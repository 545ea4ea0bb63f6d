use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "projects")]
pub struct Project {
    #[field(id)]
    pub id: Uuid,
    pub number: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "comments")]
pub struct Comment {
    #[field(id)]
    pub id: Uuid,
    pub task_id: Uuid,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub without_an_attribute: ToOne<Project>,
    #[relation(project_id)]
    pub not_a_relation: Option<Uuid>,
    #[relation]
    pub without_keys: ToOne<Project>,
    #[relation(projet_id)]
    pub misspelt: ToOne<Project>,
    #[relation(Comment::task_id)]
    pub to_one_from_the_other_side: ToOne<Comment>,
    #[relation(project_id)]
    pub to_many_from_the_wrong_side: ToMany<Comment>,
    #[relation(Comment::task_id, on_delete = cascade)]
    pub deleted_from_the_wrong_side: ToMany<Comment>,
    #[relation(project_id, on_delete = never)]
    pub deleted_how: ToOne<Project>,
    #[relation(through = Comment, Comment::task_id)]
    pub through_with_one_key: ToMany<Project>,
    #[relation(project_id, filter = 3)]
    pub with_a_number_as_filter: ToOne<Project>,
    #[field(label = "Both")]
    #[relation(project_id)]
    pub a_column_too: ToOne<Project>,
}

fn main() {}
