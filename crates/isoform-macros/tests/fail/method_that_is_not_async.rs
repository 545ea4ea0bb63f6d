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
    pub fn toggle(&mut self) -> Result<()> {
        Ok(())
    }
    #[allowed(true)]
    async fn hidden(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
