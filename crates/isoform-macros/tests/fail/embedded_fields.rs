use isoform::prelude::*;

/// Without the attribute.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "notes")]
pub struct Note {
    pub item: PersistenceItem,
}

/// Twice, and with more beside it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "letters")]
pub struct Letter {
    #[field(embed, api_read = false)]
    pub item: PersistenceItem,
    #[field(embed)]
    pub another: PersistenceItem,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Address {
    pub street: String,
}

/// Another struct, and names that are taken.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "people")]
pub struct Person {
    #[field(embed)]
    pub address: Address,
    #[field(embed)]
    pub item: PersistenceItem,
    pub created: NaiveDate,
    #[field(column = "owner_id")]
    pub owner: String,
}

/// Of what nobody writes.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "totals", view = "totals")]
pub struct Total {
    #[field(id)]
    pub id: i64,
    #[field(embed)]
    pub item: PersistenceItem,
}

mod other {
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct PersistenceItem {
        pub object_id: isoform::prelude::Uuid,
        pub created: isoform::prelude::DateTime<isoform::prelude::Utc>,
        pub updated: isoform::prelude::DateTime<isoform::prelude::Utc>,
        pub owner_id: Option<String>,
    }
}

/// One that only has the name.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "fakes")]
pub struct Fake {
    #[field(embed)]
    pub item: other::PersistenceItem,
}

/// Orders name the fields of the item, and no others.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "sorted", order_by(created desc, made))]
pub struct Sorted {
    #[field(embed)]
    pub item: PersistenceItem,
}

fn main() {}
