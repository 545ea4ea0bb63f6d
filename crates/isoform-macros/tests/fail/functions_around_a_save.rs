use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", hooks)]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    #[field(validate_async = is_free)]
    pub of_another_type: String,
    #[field(validate_async = is_good)]
    pub not_async: String,
    #[field(saving = trimmed)]
    pub field_of_another_type: String,
    #[field(saving = without_the_field)]
    pub fewer: String,
}

async fn is_free(_: &i64, _: &Record<Task>) -> Result<()> {
    Ok(())
}

fn is_good(_: &str, _: &Record<Task>) -> Result<()> {
    Ok(())
}

async fn trimmed(_: &mut Record<Task>, _: Column<Task, i64>, _: &mut LifecycleEvent<Task>) -> Result<()> {
    Ok(())
}

async fn without_the_field(_: &mut Record<Task>, _: &mut LifecycleEvent<Task>) -> Result<()> {
    Ok(())
}

#[hooks]
impl Hooks for Task {
    async fn saving_many(_: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() {}
