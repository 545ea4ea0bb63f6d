use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
}

#[backend]
impl Record<Task> {
    #[allowed(true)]
    pub async fn shared(&self) -> Result<()> {
        Ok(())
    }
    #[allowed(true)]
    pub async fn owned(mut self) -> Result<()> {
        Ok(())
    }
    #[allowed(true)]
    pub async fn none(count: i64) -> Result<()> {
        Ok(())
    }
}

#[backend]
impl Task {
    #[allowed(true)]
    pub async fn not_static(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
