use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", hooks)]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
}

#[hooks]
impl Hooks for Task {
    async fn before_save(_: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        Ok(())
    }
    async fn saveing(_: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        Ok(())
    }
    fn saved(_: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() {}
