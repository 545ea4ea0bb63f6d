//! What the data plane promises where values, keys, rules and lists meet their bounds.

mod always_included;
mod custom_calls;
mod judged_lazily;
mod keys;
mod listed;
mod sums;
mod tags;
