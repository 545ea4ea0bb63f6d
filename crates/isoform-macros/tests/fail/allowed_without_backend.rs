use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", allow(crud = autenticated))]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
}

impl Task {
    #[allowed("admin")]
    pub async fn forget() -> Result<()> {
        Ok(())
    }
}

fn main() {}
