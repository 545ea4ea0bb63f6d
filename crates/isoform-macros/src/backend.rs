//! `#[backend]` above `impl Record<Task>` or `impl Task`: async functions that run on the server, and are remote calls
//! everywhere else.

mod check;
mod expand;
mod model;

pub use model::{Argument, SpellOutSelf, argument, output};
use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemImpl;

use crate::ctxt::Ctxt;

/// What stands instead of the `impl`.
pub fn expand(item: &ItemImpl) -> TokenStream {
    let ctxt = Ctxt::default();
    let output = model::block(&ctxt, item).map(|block| {
        check::distinct_names(&ctxt, &block);
        expand::block(&block)
    });
    let errors = ctxt.finish();
    quote!(#errors #output)
}
