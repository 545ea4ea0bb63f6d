use isoform::prelude::*;
use isoform::sql::Sql;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "totals", sql = since, arguments(day: NaiveDate, until: std::time::Instant))]
pub struct Total {
    #[field(id)]
    pub id: i64,
}

async fn since(day: String) -> Result<Sql> {
    Ok(sql!("SELECT {} AS id", day))
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "texts", sql = text)]
pub struct Text {
    #[field(id)]
    pub id: i64,
}

fn text() -> String {
    String::new()
}

fn main() {}
