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
    pub async fn toggle(&mut self) -> Result<()> {
        let shared = std::rc::Rc::new(5);
        self.save().await?;
        drop(shared);
        Ok(())
    }
}

fn main() {}
