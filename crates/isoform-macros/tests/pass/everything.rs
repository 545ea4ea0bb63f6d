#![deny(warnings, missing_docs, clippy::all)]
//! Everything that the macros accept, in a crate that asks for documentation.

use isoform::prelude::*;

/// A role.
pub const EDITOR: &str = "editor";
const MOST: usize = 200;

mod functions {
    use isoform::prelude::*;

    use super::Thing;

    pub fn visible(user: Option<&Identity>) -> Filter<Thing> {
        user.map_or_else(Filter::nothing, |user| Thing::filter(|t| t.r#type.eq(&user.id)))
    }

    pub fn may_read(user: &Identity) -> bool {
        !user.id.is_empty()
    }

    pub async fn lower_case(thing: &mut Record<Thing>, _: Column<Thing, String>, _: &mut LifecycleEvent<Thing>) -> Result<()> {
        thing.r#type = thing.r#type.to_lowercase();
        Ok(())
    }

    pub fn new_id() -> Uuid {
        Uuid::from_u128(7)
    }

    pub fn money(price: &Decimal) -> String {
        format!("{price:.2}")
    }

    pub fn no_digits(text: &str) -> std::result::Result<(), &'static str> {
        if text.contains(|c: char| c.is_ascii_digit()) { Err("has digits") } else { Ok(()) }
    }
}

/// A thing.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "things",
    table = "all_things",
    label = "Things",
    allow(crud = authenticated, read = functions::may_read, update = Self::may_update, delete = [EDITOR, "admin"]),
    api_filter = functions::visible,
    order_by(created_at desc, r#type asc, id),
    hooks,
)]
pub struct Thing {
    /// The id.
    #[field(id, make = functions::new_id)]
    pub id: Uuid,
    /// A raw name.
    #[field(
        required,
        len(min = 1, max = MOST, message = "too long"),
        pattern = "[^\n]+",
        validate(functions::no_digits, message = "no digits, please"),
        unique,
        saving = functions::lower_case
    )]
    pub r#type: String,
    #[field(email, url(message = "an address"), one_of("a@b.c", EDITOR), column = "mail", input = "email", placeholder = "you@…", help = "…")]
    pub(crate) email: Option<String>,
    #[field(range(-5..=5), default = -1, allow_update = "admin")]
    count: i32,
    #[field(range(min = 0.5, message = "more"), default = 1.5)]
    ratio: Option<f64>,
    #[field(range = 1.., default = i64::MAX - 1)]
    big: i64,
    #[field(default = true, api_read = false)]
    flag: bool,
    #[field(default = "none")]
    text: Option<String>,
    #[field(default = Json(vec![1, 2]))]
    list: Json<Vec<i64>>,
    day: Option<NaiveDate>,
    #[field(range(min = 0.01, max = 1000), default = Decimal::ONE, display = functions::money)]
    price: Decimal,
    #[field(sql_expression = "{price} * {count} || '{{}}'", unique)]
    total: Decimal,
    #[field(server_expression = Self::shown, api_read = "admin", label = "Shown")]
    shown: Option<String>,
    #[field(db_read_only)]
    seen: Option<NaiveTime>,
    #[field(db_read_only, column_type = "integer DEFAULT 3")]
    level: i32,
    #[field(range(min = -5))]
    offer: Option<Decimal>,
    opens: NaiveTime,
    takes: Option<TimeDelta>,
    data: Vec<u8>,
    names: Vec<String>,
    days: Option<Vec<NaiveDate>>,
    kind: Kind,
    #[field(api_read = Self::may_update, allow_update = functions::may_read)]
    aside: String,
    #[field(api_read = functions::may_read, allow_update = Thing::may_update, len(max = 90), validate = functions::no_digits, default = "…")]
    body: Lazy<String>,
    #[field(range(min = 0))]
    size: Lazy<i64>,
    #[field(created_at)]
    created_at: DateTime<Utc>,
    #[field(updated_at)]
    updated_at: DateTime<Utc>,
    #[field(version)]
    version: i64,
}

impl Thing {
    async fn shown(thing: &Record<Self>) -> Result<Option<String>> {
        Ok(thing.text.clone())
    }

    fn may_update(user: &Identity, thing: &Record<Self>) -> bool {
        thing.r#type == user.id
    }
}

/// A kind, with the std's `Default` beside.
#[derive(FieldEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// One.
    One,
    /// Two.
    #[default]
    #[field_enum(value = "2", label = "Second")]
    Two,
}

#[hooks]
impl Hooks for Thing {
    async fn validation(thing: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if thing.r#type == "?" {
            e.error(|t| t.r#type, "is a question");
        }
        Ok(())
    }

    /// With documentation and a pattern.
    async fn deleting(_: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        e.prevent_default();
        Ok(())
    }
}

#[backend]
impl Record<Thing> {
    /// Arguments may be changed, `self` is the record, other methods are at hand.
    #[allowed(Thing::may_update)]
    pub async fn rename(&mut self, mut name: String, times: Option<u32>) -> Result<Vec<String>> {
        name.push('!');
        self.r#type = name.repeat(times.unwrap_or(1) as usize);
        self.again().await?;
        self.save().await?;
        Ok(vec![self.original().r#type.clone()])
    }

    /// No transaction.
    #[allowed([EDITOR, "admin"], transaction = false)]
    #[allow(clippy::unused_async, reason = "attributes of a method stay where they are")]
    pub async fn again(&mut self) -> Result<()> {
        Thing::how_many(self.kind.index() as u64).await?;
        Ok(())
    }
}

#[backend]
impl Thing {
    /// Counts.
    #[allowed(functions::may_read)]
    pub async fn how_many(r#type: u64) -> Result<u64> {
        let all = Self::query().count().await?;
        Ok(all + r#type)
    }
}

/// Its ids are counted up.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "counted")]
pub struct Counted {
    /// The id.
    #[field(id, auto_increment)]
    pub id: i64,
}

fn is_send<T: Send>(_: T) {}

fn main() {
    let mut thing = Record::<Thing>::new();
    is_send(thing.rename("a".into(), None));
    is_send(Thing::how_many(1));
    assert_eq!(entities![Thing].iter().map(|entity| entity.methods.len()).sum::<usize>(), 3);
}
