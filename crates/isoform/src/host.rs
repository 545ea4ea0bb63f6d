//! Where a server and a framework that renders pages meet without knowing each other.

/// A server that pages can be added to.
///
/// `isoform-server` implements it for its `Api`, `isoform-leptos` adds pages to whatever implements it. Both name the
/// same router type, which this crate does not know.
pub trait Host: Sized {
    /// The router of the web framework.
    type Router;

    /// Adds pages and files.
    ///
    /// Requests to `pages` carry a [`Context`](crate::Context) of scope `Api` in their extensions, and run inside it.
    /// Requests to `files`, the fallback, carry none: nobody is looked up for a static file.
    #[must_use]
    fn with_pages(self, pages: Self::Router, files: Self::Router) -> Self;
}
