use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "lines", index(id, shown))]
pub struct Line {
    #[field(id)]
    pub id: Uuid,
    #[field(server_expression = shown, index)]
    pub shown: Uuid,
    #[relation(shown)]
    pub next: ToOne<Line>,
    #[relation(shown = Line::id)]
    pub others: ToMany<Line>,
}

async fn shown(_: &Record<Line>) -> Result<Uuid> {
    Ok(Uuid::nil())
}

fn main() {}
