use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
}

#[backend(prefix = "")]
impl Record<Task> {
    #[allowed(true, time_limt = 5)]
    pub async fn one(&mut self) -> Result<()> {
        Ok(())
    }
}

#[backend(anything)]
impl Task {
    #[allowed(true, time_limit = "5 s")]
    pub async fn two() -> Result<()> {
        Ok(())
    }
    #[allowed(true, rate_limit(10 / minute))]
    pub async fn three() -> Result<()> {
        Ok(())
    }
    #[allowed(true, rate_limit(0 per minute))]
    pub async fn four() -> Result<()> {
        Ok(())
    }
    #[allowed(true, rate_limit(10 per fortnight))]
    pub async fn five() -> Result<()> {
        Ok(())
    }
    #[allowed(true, prefix = "a/b")]
    pub async fn six() -> Result<()> {
        Ok(())
    }
    #[allowed(true, prefix = "a", prefix = "b")]
    pub async fn seven() -> Result<()> {
        Ok(())
    }
    #[allowed(true, on_purpose = true)]
    pub async fn eight() -> Result<()> {
        Ok(())
    }
    #[allowed(true, time_limit = 0)]
    pub async fn nine() -> Result<()> {
        Ok(())
    }
}

fn main() {}
