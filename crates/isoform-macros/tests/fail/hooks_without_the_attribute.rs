use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", allow(crud = true), hooks)]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
}

impl Hooks for Task {
    async fn saving(task: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        task.title.push('!');
        Ok(())
    }
}

fn main() {}
