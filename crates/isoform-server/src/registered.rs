//! Entities that others are related to are served too: what nobody has listed has no table, and is found by nobody.

use isoform::meta::EntityMeta;
use isoform::{Error, Result};

/// Passes entities whose relations lead to entities that are among them.
///
/// # Errors
/// 400 with the relation and the entity that is missing.
pub(crate) fn check(entities: &[&'static EntityMeta]) -> Result<()> {
    for meta in entities {
        for relation in meta.relations {
            let between = relation.through.map(|through| (through.entity)());
            let ends = [Some(relation.target()), between];
            let is_missing = |end: &&'static EntityMeta| !entities.iter().any(|entity| std::ptr::eq(*entity, *end));
            if let Some(missing) = ends.into_iter().flatten().find(is_missing) {
                let way = if between.is_some_and(|between| std::ptr::eq(between, missing)) { "through" } else { "to" };
                return Err(Error::invalid(format!(
                    "{}.{} is a relation {way} {missing}, which is not served: list {missing} in `entities![…]` too.",
                    meta.rust_name,
                    relation.name,
                    missing = missing.rust_name
                )));
            }
        }
    }
    Ok(())
}
