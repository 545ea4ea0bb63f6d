use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
}

#[hooks]
impl Hooks for Task {
    async fn saving(_: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() {}
