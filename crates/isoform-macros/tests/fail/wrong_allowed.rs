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
    #[allowed]
    pub async fn one() -> Result<()> {
        Ok(())
    }
    #[allowed("a", "b")]
    pub async fn two() -> Result<()> {
        Ok(())
    }
    #[allowed(true)]
    #[allowed(false)]
    pub async fn three() -> Result<()> {
        Ok(())
    }
    #[allowed(true, transaction = "no")]
    pub async fn four() -> Result<()> {
        Ok(())
    }
    #[allowed(judges_a_record)]
    pub async fn five() -> Result<()> {
        Ok(())
    }
}

fn judges_a_record(_: &Identity, _: &Record<Task>) -> bool {
    true
}

fn main() {}
