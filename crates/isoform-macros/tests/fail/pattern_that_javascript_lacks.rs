use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks")]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    #[field(pattern = "(?i)[a-z]+")]
    pub flags: String,
    #[field(pattern = r"\d{4}", required)]
    pub digits: String,
    #[field(pattern = "[[:alpha:]]+")]
    pub posix: String,
    #[field(pattern(r"\bword\b", message = "a word"))]
    pub words: String,
    #[field(pattern = r"\x{E4}")]
    pub hexadecimal: String,
    #[field(pattern = ".+@.+")]
    pub dots: String,
}

fn main() {}
