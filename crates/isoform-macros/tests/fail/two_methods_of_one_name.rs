use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
}

#[backend]
impl Task {
    #[allowed(true)]
    pub async fn set_all() -> Result<()> {
        Ok(())
    }
    #[allowed(true)]
    pub async fn set__all() -> Result<()> {
        Ok(())
    }
}

fn main() {}
