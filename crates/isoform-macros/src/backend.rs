//! `#[backend]` above `impl Record<Task>` or `impl Task`: async functions that run on the server, and are remote calls
//! everywhere else.

mod check;
mod expand;
mod model;
mod options;

pub use model::{Argument, SpellOutSelf, argument, output};
use options::Options;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemImpl;

use crate::ctxt::Ctxt;

/// What stands instead of the `impl`.
pub fn expand(options: TokenStream, item: &ItemImpl) -> TokenStream {
    let ctxt = Ctxt::default();
    let options = Options::default().with(&ctxt, options);
    let output = model::block(&ctxt, item, &options).map(|block| {
        check::distinct_names(&ctxt, &block);
        expand::block(&block)
    });
    let errors = ctxt.finish();
    quote!(#errors #output)
}
