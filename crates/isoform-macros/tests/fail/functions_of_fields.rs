use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "lines")]
pub struct Line {
    #[field(id, make = number)]
    pub id: String,
    #[field(server_expression = not_async)]
    pub shown: String,
    #[field(server_expression = another_type)]
    pub another: String,
    #[field(display = of_a_text)]
    pub price: Decimal,
    #[field(range(min = "a"))]
    pub wrong: Decimal,
    #[field(range(min = 0.5))]
    pub whole: i64,
}

fn number() -> i64 {
    1
}

fn not_async(_: &Record<Line>) -> Result<String> {
    Ok(String::new())
}

async fn another_type(_: &Record<Line>) -> Result<i64> {
    Ok(1)
}

fn of_a_text(text: &str) -> String {
    text.to_owned()
}

fn main() {}
