use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "lines", order_by(shown))]
pub struct Line {
    #[field(id, auto_increment, make = code)]
    pub id: String,
    #[field(auto_increment)]
    pub count: i64,
    #[field(make = code)]
    pub code: String,
    #[field(sql_expression = "{pricee} * 2")]
    pub misspelt: i64,
    #[field(sql_expression = "{shown} || 'x'")]
    pub of_no_column: String,
    #[field(sql_expression = "{itself} + 1", default = 3)]
    pub itself: i64,
    #[field(sql_expression = "{price * 2")]
    pub unclosed: i64,
    #[field(sql_expression = "")]
    pub empty: i64,
    #[field(server_expression = shown, unique, column = "shown_at", required)]
    pub shown: String,
    #[field(db_read_only, sql_expression = "1")]
    pub both: Option<i64>,
    #[field(db_read_only)]
    pub from_nowhere: i64,
    pub price: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "blobs")]
pub struct Blob {
    #[field(id)]
    pub id: Vec<u8>,
}

fn code() -> String {
    String::new()
}

async fn shown(_: &Record<Line>) -> Result<String> {
    Ok(String::new())
}

fn main() {}
