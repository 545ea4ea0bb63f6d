#![deny(warnings, missing_docs, clippy::all)]
//! Every kind of filter that an entity can have, in a crate that asks for documentation.

use isoform::prelude::*;

mod functions {
    use isoform::prelude::*;

    use super::Thing;

    pub async fn narrowed(filter: Filter<Thing>) -> Result<Filter<Thing>> {
        match filter.values_of(|t| t.r#type) {
            Some(_) => Ok(filter),
            None => Err(Error::forbidden("say which type")),
        }
    }

    pub fn may_not(user: &Identity) -> bool {
        user.id.is_empty()
    }
}

/// A thing.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "things",
    allow(crud = true),
    api_preprocess_filter = functions::narrowed,
    backend_preprocess_filter = Self::all_of_it,
    backend_filter = Thing::there,
    api_require_id = functions::may_not,
)]
pub struct Thing {
    /// The id.
    #[field(id)]
    pub id: Uuid,
    /// A raw name.
    pub r#type: String,
}

impl Thing {
    async fn all_of_it(filter: Filter<Self>) -> Result<Filter<Self>> {
        Ok(filter)
    }

    fn there(_: Option<&Identity>) -> Filter<Self> {
        Thing::filter(|t| t.r#type.ne("gone"))
    }
}

type Texts = Vec<String>;

#[filters]
impl Thing {
    /// Of a type.
    pub async fn r#match(r#type: String, mut more: Texts, _unused: Option<i32>) -> Result<Filter<Self>> {
        more.push(r#type);
        Ok(Thing::filter(|t| t.r#type.in_(more)) & Self::every())
    }

    pub(crate) async fn every() -> Result<Filter<Thing>> {
        let t = Thing::FIELDS;
        Ok(Filter::sql(sql!("{} IN {} OR {} = '{{}}'", t.r#type, sql::list(["a", "b"]), t.r#type)))
    }

    #[cfg(any())]
    pub async fn nowhere(absent: Absent) -> Result<Filter<Self>> {
        Ok(Filter::all())
    }
}

fn main() {
    let filter = Thing::r#match("a".into(), vec![], None) & Thing::every();
    assert!(filter.to_json().is_ok());
}
