//! How many functions of the application a question runs: its calls of custom filters.

use super::QueryLimits;
use crate::filter::{Condition, Custom};
use crate::meta::EntityMeta;
use crate::provider::Find;
use crate::relation::{OrderKey, RelatedValue, ValueOf};
use crate::{Error, Result};

/// Passes a bearable number of calls of custom filters.
///
/// # Errors
/// 400 with the number.
pub fn check_calls(count: usize) -> Result<()> {
    let allowed = QueryLimits::current().calls;
    if count > allowed {
        return Err(Error::invalid(format!(
            "{count} custom filters are called, with all that is included; {allowed} are allowed."
        )));
    }
    Ok(())
}

/// How many calls of custom filters there are in a question with all that it includes. Equal ones in one filter are one.
#[must_use]
pub fn calls(meta: &EntityMeta, find: &Find) -> usize {
    let mut different = Vec::new();
    collect(meta, &find.filter, &mut different);
    for (key, _) in &find.order {
        if let OrderKey::Related(value) = key {
            collect_of_value(value, &mut different);
        }
    }
    let included = find.include.iter().map(|include| calls(include.relation.target(), &include.find));
    different.len() + included.sum::<usize>()
}

/// A call, and the entity whose filter it is.
type Called<'a> = (&'a EntityMeta, &'a Custom);

fn collect<'a>(meta: &'a EntityMeta, filter: &'a Condition, different: &mut Vec<Called<'a>>) {
    match filter {
        Condition::Custom(call) => {
            let same = |(other, known): &Called<'_>| std::ptr::eq(*other, meta) && **known == **call;
            if !different.iter().any(same) {
                different.push((meta, &**call));
            }
        }
        Condition::Related(related) => collect(related.relation.target(), &related.target, different),
        Condition::Measured(measured) => collect_of_value(&measured.value, different),
        Condition::And(list) | Condition::Or(list) => list.iter().for_each(|one| collect(meta, one, different)),
        Condition::Not(inner) => collect(meta, inner, different),
        _ => {}
    }
}

fn collect_of_value<'a>(value: &'a RelatedValue, different: &mut Vec<Called<'a>>) {
    collect(value.relation.target(), &value.target, different);
    if let ValueOf::Key(OrderKey::Related(of)) = &value.of {
        collect_of_value(of, different);
    }
}
