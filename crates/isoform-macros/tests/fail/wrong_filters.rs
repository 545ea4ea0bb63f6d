use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "tasks",
    api_preprocess_filter,
    backend_filter = "a text",
    api_require_id = "",
    backend_prefilter = Filter::all
)]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
}

fn main() {}

#[filters]
impl Task {
    pub fn at_once() -> Result<Filter<Self>> {
        Ok(Filter::all())
    }

    pub async fn of_one(&self) -> Result<Filter<Self>> {
        Ok(Filter::all())
    }

    pub async fn by_reference(title: &str) -> Result<Filter<Self>> {
        Ok(Task::filter(|t| t.title.eq(title)))
    }

    pub async fn generic<T>(title: T) -> Result<Filter<Self>> {
        Ok(Filter::all())
    }

    pub async fn without_result() -> Filter<Self> {
        Filter::all()
    }

    pub async fn by_year(_year: i32) -> Result<Filter<Self>> {
        Ok(Filter::all())
    }

    pub async fn by_Year(_year: i32) -> Result<Filter<Self>> {
        Ok(Filter::all())
    }
}

#[filters]
impl Record<Task> {}
