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
    pub async fn toggle(&mut self) -> Result<()> {
        self.save().await
    }
}

fn main() {}
