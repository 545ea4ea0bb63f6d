use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
}

pub struct Opaque;

#[backend]
impl Task {
    #[allowed(true)]
    pub async fn takes(opaque: Opaque) -> Result<()> {
        let _ = opaque;
        Ok(())
    }
    #[allowed(true)]
    pub async fn answers() -> Result<Opaque> {
        Ok(Opaque)
    }
    #[allowed(true)]
    pub async fn never_fails() -> u64 {
        0
    }
    #[allowed(true)]
    pub async fn generic<T>(value: T) -> Result<()> {
        Ok(())
    }
}

fn main() {}
