use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", api_filter = visible)]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    #[field(validate = even)]
    pub title: String,
    #[field(saving = hash)]
    pub hash: String,
}

fn visible(_: &Identity) -> Filter<Task> {
    Filter::all()
}

fn even(_: &i64) -> std::result::Result<(), String> {
    Ok(())
}

async fn hash(_: &mut Task) -> Result<()> {
    Ok(())
}

fn main() {}
