//! `#[derive(Entity)]`: parse → model → check → expand.

mod attr;
mod check;
mod controller;
mod embed;
mod expand;
mod model;
mod origin;
mod prefilters;
mod relation;
mod source;
mod validators;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::ctxt::Ctxt;

/// What the derive adds beside the struct.
pub fn derive(input: &DeriveInput) -> TokenStream {
    let ctxt = Ctxt::default();
    let output = attr::entity(&ctxt, input).and_then(|mut entity| {
        let complete = check::entity(&ctxt, &mut entity);
        complete.then(|| expand::entity(&entity))
    });
    // Beside errors stands what could be understood, so that they are not followed by errors that they cause.
    let errors = ctxt.finish();
    quote::quote!(#errors #output)
}

/// What the derive of a controller adds beside the struct.
pub fn derive_controller(input: &DeriveInput) -> TokenStream {
    let ctxt = Ctxt::default();
    let output = controller::model(&ctxt, input).and_then(|mut controller| {
        let complete = check::controller(&ctxt, &mut controller);
        complete.then(|| expand::entity(&controller))
    });
    let errors = ctxt.finish();
    quote::quote!(#errors #output)
}
