//! Fields with each validator and of each type, of which something is said; and what is not to be told.

use isoform::prelude::*;

/// All of them.
pub fn all() -> Entities {
    entities![Plain, Worded, Hall, Typed, Grid, Strongbox, Locker, Guest]
}

fn odd(number: &i64) -> Result<(), String> {
    if number % 2 == 1 { Ok(()) } else { Err("is not odd".into()) }
}

async fn known<E: Entity>(name: &str, _: &Record<E>) -> Result<()> {
    if name == "nobody" { Err(Error::invalid("is not known")) } else { Ok(()) }
}

async fn known_plain(name: &str, record: &Record<Plain>) -> Result<()> {
    known(name, record).await
}

async fn known_worded(name: &str, record: &Record<Worded>) -> Result<()> {
    known(name, record).await
}

/// Each validator with what it says by itself.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "plain", allow(crud = true))]
pub struct Plain {
    #[field(id)]
    pub id: Uuid,
    #[field(required)]
    pub required: String,
    #[field(not_null)]
    pub not_null: Option<String>,
    #[field(len(min = 2, max = 4))]
    pub len: String,
    #[field(range(min = 2, max = 4))]
    pub range: i64,
    #[field(email)]
    pub email: String,
    #[field(url)]
    pub url: String,
    #[field(pattern = "[a-z]+")]
    pub pattern: String,
    #[field(one_of("a", "b"))]
    pub one_of: String,
    #[field(validate = odd)]
    pub custom: i64,
    #[field(validate_async = known_plain)]
    pub custom_async: String,
    #[field(unique)]
    pub unique: String,
    pub hall: Option<Uuid>,
    #[relation(hall, exists)]
    pub of: ToOne<Hall>,
}

/// Each validator with a message of its own.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "worded", allow(crud = true))]
pub struct Worded {
    #[field(id)]
    pub id: Uuid,
    #[field(required(message = "say it"))]
    pub required: String,
    #[field(not_null(message = "give it"))]
    pub not_null: Option<String>,
    #[field(len(min = 2, max = 4, message = "has {min} to {max} letters"))]
    pub len: String,
    #[field(range(min = 2, max = 4, message = "is from {min} to {max}"))]
    pub range: i64,
    #[field(email(message = "is no address"))]
    pub email: String,
    #[field(url(message = "is no link"))]
    pub url: String,
    #[field(pattern("[a-z]+", message = "is not like {pattern}"))]
    pub pattern: String,
    #[field(one_of("a", "b", message = "is none of {values}"))]
    pub one_of: String,
    #[field(validate(odd, message = "is even"))]
    pub custom: i64,
    #[field(validate_async(known_worded, message = "is a stranger"))]
    pub custom_async: String,
    #[field(unique(message = "is taken"))]
    pub unique: String,
    pub hall: Option<Uuid>,
    #[relation(hall, exists(message = "is no hall"))]
    pub of: ToOne<Hall>,
}

/// What others lead to.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "halls", allow(insert = true, read = "admin"))]
pub struct Hall {
    #[field(id)]
    pub id: Uuid,
}

/// One of two.
#[derive(FieldEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    #[default]
    Left,
    Right,
}

/// What is in a field of JSON.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Shape {
    pub corners: u8,
}

/// A field of each type, without validators.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "typed", allow(crud = true))]
pub struct Typed {
    #[field(id)]
    pub id: i64,
    pub text: String,
    pub flag: bool,
    pub small: i32,
    pub large: i64,
    pub float: f64,
    pub uuid: Uuid,
    pub time: DateTime<Utc>,
    pub day: NaiveDate,
    pub exact: Decimal,
    pub list: Vec<i64>,
    pub side: Side,
    pub shape: Json<Shape>,
    pub body: Lazy<String>,
    pub hall: Option<Uuid>,
    #[relation(hall)]
    pub of: ToOne<Hall>,
}

/// An id of two parts.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "grid", allow(crud = true))]
pub struct Grid {
    #[field(id)]
    pub row: String,
    #[field(id)]
    pub column: String,
    pub text: String,
}

/// Its hook speaks of what is said, and of what nobody sees.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "strongboxes", allow(crud = true), hooks)]
pub struct Strongbox {
    #[field(id)]
    pub id: Uuid,
    pub name: String,
    #[field(api_read = false)]
    pub combination: String,
}

#[hooks]
impl Hooks for Strongbox {
    async fn saving(strongbox: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        strongbox.combination = "1-2-3".into();
        match strongbox.name.as_str() {
            "hidden" => e.error(|s| s.combination, "1-2-3 is guessed"),
            "both" => {
                e.error(|s| s.name, "is guessed");
                e.error(|s| s.combination, "1-2-3 is guessed");
            }
            "returned" => {
                let fields = vec![("name".to_owned(), "is guessed".to_owned())];
                return Err(Error::invalid("It is guessed.").with_fields(fields));
            }
            _ => {}
        }
        Ok(())
    }
}

#[backend]
impl Record<Strongbox> {
    /// Says something of the name, and fails or not.
    #[allowed(true)]
    pub async fn shake(&mut self, fails: bool) -> Result<()> {
        self.set_error(|s| s.name, "is guessed");
        if fails { Err(Error::invalid("It is guessed.")) } else { Ok(()) }
    }
}

/// Whoever is signed in gets one; only admins see them, and a number is there once.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "lockers", allow(insert = authenticated, read = "admin"))]
pub struct Locker {
    #[field(id)]
    pub id: Uuid,
    #[field(unique)]
    pub number: i64,
}

/// Everybody sees the guests, and admins alone their codes; whose hall they are in nobody else may ask.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "guests", allow(crud = true))]
pub struct Guest {
    #[field(id)]
    pub id: Uuid,
    #[field(unique, api_read = "admin")]
    pub code: Option<String>,
    pub hall: Option<Uuid>,
    #[relation(hall, exists)]
    pub of: ToOne<Hall>,
}
