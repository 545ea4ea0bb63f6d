use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "tasks",
    api_preprocess_filter = not_async,
    backend_preprocess_filter = of_another,
    backend_filter = asks_too_much,
)]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "notes")]
pub struct Note {
    #[field(id)]
    pub id: Uuid,
}

fn not_async(filter: Filter<Task>) -> Result<Filter<Task>> {
    Ok(filter)
}

async fn of_another(filter: Filter<Note>) -> Result<Filter<Note>> {
    Ok(filter)
}

fn asks_too_much(_: &Identity, _: i32) -> Filter<Task> {
    Filter::all()
}

struct NotSerde;

#[filters]
impl Task {
    pub async fn of_notes() -> Result<Filter<Note>> {
        Ok(Filter::all())
    }

    pub async fn by_something(something: NotSerde) -> Result<Filter<Self>> {
        drop(something);
        Ok(Filter::all())
    }
}

fn main() {
    let _ = sql!("{}", Identity::new("1", "Ann"));
}
