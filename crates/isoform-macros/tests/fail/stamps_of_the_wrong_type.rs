use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Option<Uuid>,
    #[field(version)]
    pub version: i32,
    #[field(created_at)]
    pub created_at: NaiveDate,
    #[field(updated_at, required)]
    pub updated_at: DateTime<Utc>,
    #[field(version)]
    pub another: i64,
}

fn main() {}
