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
    pub async fn find(text: &str, ids: &[Uuid]) -> Result<()> {
        Ok(())
    }
    #[allowed(true)]
    pub async fn pair((a, b): (i64, i64)) -> Result<()> {
        Ok(())
    }
}

fn main() {}
