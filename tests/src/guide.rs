//! The pages whose code is compiled, and run where it can be: the README's entity and the chapters of the guide.

/// The README; its component is compiled by the newcomer.
#[doc = include_str!("../../README.md")]
pub mod readme {}

/// The guide: security.
#[doc = include_str!("../../docs/guide/src/security.md")]
pub mod security {}

/// The guide: coming from Remult.
#[doc = include_str!("../../docs/guide/src/coming-from-remult.md")]
pub mod coming_from_remult {}

/// The guide: coming from Backendless.
#[doc = include_str!("../../docs/guide/src/coming-from-backendless.md")]
pub mod coming_from_backendless {}
