//! What is said to names that nobody knows. Only what the asker may know is suggested.

use isoform::backend::Body as Callable;
use isoform::meta::Rule;
use isoform::{Context, EntityMeta, Error, Identity, did_you_mean, guard, shown};

use crate::api::{Served, ServedEntity};

/// What `__action` can be.
const ACTIONS: [&str; 11] = [
    "get",
    "count",
    "groupBy",
    "query",
    "first",
    "last",
    "describe",
    "updateMany",
    "deleteMany",
    "upsertMany",
    "emptyId",
];

/// 404 for a key that is no entity's.
pub(super) fn entity(served: &Served, context: &Context, key: &str) -> Error {
    let identity = context.identity();
    let known = served.entities.values().map(|entity| entity.meta).filter(|meta| is_known(meta, identity));
    let meant = did_you_mean(key, known.map(|meta| meta.key));
    Error::not_found(format!("There is no entity \"{}\".{meant}", shown(key)))
}

/// May somebody do anything at all with an entity?
fn is_known(meta: &EntityMeta, identity: Option<&Identity>) -> bool {
    use guard::Write::{Delete, Insert, Update};
    guard::read(meta, identity).is_ok()
        || [Insert, Update, Delete].into_iter().any(|write| guard::write(meta, identity, write).is_ok())
}

/// 404 for a name that is no method's.
pub(super) fn method(entity: &ServedEntity, context: &Context, name: &str) -> Error {
    let identity = context.identity();
    let callable = |body: &Callable| match body {
        Callable::Static(rule, _) => guard::allows(rule, identity),
        // Which records it may be called on is not asked here.
        Callable::Record(Rule::Check(_), _) => identity.is_some(),
        Callable::Record(Rule::Everyone, _) => true,
        Callable::Record(Rule::Nobody, _) => false,
        Callable::Record(Rule::Authenticated, _) => identity.is_some(),
        Callable::Record(Rule::Roles(roles), _) => identity.is_some_and(|identity| identity.has_any_role(roles)),
    };
    let known = entity.methods.values().filter(|method| callable(&method.body));
    let meant = did_you_mean(name, known.map(|method| method.wire));
    Error::not_found(format!("{} has no method \"{}\".{meant}", entity.meta.key, shown(name)))
}

/// 400 for an `__action` that a row does not have.
pub(super) fn action_of_a_row(name: &str) -> Error {
    let meant = did_you_mean(name, ["loadRelations", "addRelation", "setRelation", "removeRelation"]);
    Error::invalid(format!("Unknown __action \"{}\".{meant}", shown(name)))
}

/// 400 for an `__action` that there is not.
pub(super) fn action(name: &str) -> Error {
    let meant = did_you_mean(name, ACTIONS);
    Error::invalid(format!("Unknown __action \"{}\".{meant}", shown(name)))
}
