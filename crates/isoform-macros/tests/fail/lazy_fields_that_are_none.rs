use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", allow(crud = true))]
pub struct Task {
    #[field(id)]
    pub id: Lazy<String>,
    pub body: Option<Lazy<String>>,
    pub notes: Lazy<Option<String>>,
    #[field(version)]
    pub version: Lazy<i64>,
    #[field(server_expression = lines)]
    pub lines: Lazy<i64>,
}

async fn lines(_: &Record<Task>) -> Result<Lazy<i64>> {
    Ok(Lazy::new(1))
}

fn main() {}
