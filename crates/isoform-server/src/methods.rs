//! The paths of backend methods, and those that are open to more than their entity is.

use std::collections::HashMap;

use isoform::backend::{Body, Method};
use isoform::meta::{EntityMeta, FieldMeta, FieldRole, Rule};
use isoform::{Entities, Error, Result};

/// What the API uses itself, behind its own prefix.
const RESERVED: [&str; 6] = ["me", "admin", "stream", "jobStatusInQueue", "_liveQueryKeepAlive", "$batch"];

/// Passes a name that stands behind the API's prefix.
///
/// # Errors
/// Where the API uses it itself.
pub(crate) fn free(path: &str, whose: &str) -> Result<()> {
    if RESERVED.contains(&path) {
        return Err(Error::invalid(format!("{whose} and the API itself have one path: \"{path}\".")));
    }
    Ok(())
}

/// A method under a prefix of its own, with the key of its entity.
pub(crate) type Prefixed = HashMap<(&'static str, &'static str), (&'static str, &'static Method)>;

/// The prefix of a method, where that is not its entity's key.
pub(crate) fn prefix_of(meta: &EntityMeta, method: &Method) -> Option<&'static str> {
    method.options.prefix.filter(|prefix| *prefix != meta.key)
}

/// The methods under prefixes of their own.
///
/// # Errors
/// Where two things have one path, with both named.
pub(crate) fn prefixed(entities: &Entities) -> Result<Prefixed> {
    let mut prefixed = Prefixed::new();
    let all = || entities.iter().chain(entities.controllers());
    for entity in all() {
        for method in &entity.methods {
            let Some(prefix) = prefix_of(entity.meta, method) else { continue };
            free(prefix, &format!("The prefix of {}", method.path))?;
            if let Some(other) = all().find(|other| other.meta.key == prefix) {
                return Err(Error::invalid(format!(
                    "The prefix of {} and the key of {} are the same: \"{prefix}\".",
                    method.path, other.meta.rust_name
                )));
            }
            if let Some((_, other)) = prefixed.insert((prefix, method.wire), (entity.meta.key, method)) {
                return Err(Error::invalid(format!(
                    "{} and {} have one path: {prefix}/{}.",
                    other.path, method.path, method.wire
                )));
            }
        }
    }
    Ok(prefixed)
}

/// What is worth a look: a method does what it does for whoever may call it, whatever its entity allows them.
pub(crate) fn warnings(entities: &Entities) -> Vec<String> {
    let open = |entity: &isoform::Registered, method: &Method| {
        let update = &entity.meta.allow.update;
        let (everyone, authenticated) = match method.body {
            Body::Record(rule, _) => (matches!(rule, Rule::Everyone), matches!(rule, Rule::Authenticated)),
            Body::Static(rule, _) => (matches!(rule, Rule::Everyone), matches!(rule, Rule::Authenticated)),
        };
        let who = match update {
            Rule::Everyone => None,
            _ if everyone => Some("everybody"),
            Rule::Authenticated => None,
            _ if authenticated => Some("everybody who is signed in"),
            _ => None,
        };
        who.filter(|_| !method.options.on_purpose)
    };
    let of = |entity: &isoform::Registered| {
        let (key, methods) = (entity.meta.key, entity.methods.clone());
        let warned = methods.into_iter().filter_map(|method| Some((method, open(entity, method)?)));
        let told = warned.map(|(method, who)| {
            format!(
                "{} may be called by {who}, and {key} may not be changed by them.{} Where that is meant, write \
                 `#[allowed(…, on_purpose)]`.",
                method.path,
                taken(entity.meta, method)
            )
        });
        told.collect::<Vec<_>>()
    };
    entities.iter().flat_map(of).collect()
}

/// Which fields of a record its method takes from whoever calls it: those that no rule keeps.
fn taken(meta: &EntityMeta, method: &Method) -> String {
    if !matches!(method.body, Body::Record(..)) {
        return String::new();
    }
    let open = |field: &&FieldMeta| {
        let rules = [&field.allow_update, &field.api_read];
        !field.is_made() && field.role != FieldRole::Id && rules.iter().all(|rule| matches!(rule, Rule::Everyone))
    };
    let names: Vec<_> = meta.fields.iter().filter(open).map(|field| field.name).collect();
    if names.is_empty() {
        return String::new();
    }
    format!(
        " It takes what they send for {}: `#[field(allow_update = …)]` says who may write a field.",
        names.join(", ")
    )
}
