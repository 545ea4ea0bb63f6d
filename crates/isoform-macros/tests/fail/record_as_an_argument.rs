use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", allow(crud = true))]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
}

#[backend]
impl Task {
    #[allowed(true)]
    pub async fn merge(tasks: Vec<Record<Task>>) -> Result<u64> {
        Ok(tasks.len() as u64)
    }
}

fn main() {}
