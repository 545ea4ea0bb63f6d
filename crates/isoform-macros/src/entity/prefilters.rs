//! What the server does to the filters of an entity: `backend_filter`, the functions that preprocess filters, `api_require_id`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Ident, Path};

use super::model::Entity;
use crate::ctxt::Ctxt;
use crate::items::Item;
use crate::rule::{Rule, here, without_self};
use crate::symbol;

/// The functions and the rule that an entity names.
#[derive(Default)]
pub struct Prefilters {
    api_preprocess: Option<Path>,
    backend_preprocess: Option<Path>,
    backend: Option<Path>,
    require_id: Option<Rule>,
}

impl Prefilters {
    /// Takes over what an item of `#[entity(…)]` says.
    pub fn take(&mut self, ctxt: &Ctxt, entity: &Ident, item: &Item) {
        if item.is(symbol::API_REQUIRE_ID) {
            self.require_id = item.value(ctxt).map(|value| Rule::of(ctxt, value).without_self(entity));
            return;
        }
        let path = item.path(ctxt).map(|path| without_self(path, entity));
        match item.name.to_string().as_str() {
            symbol::API_PREPROCESS_FILTER => self.api_preprocess = path,
            symbol::BACKEND_PREPROCESS_FILTER => self.backend_preprocess = path,
            _ => self.backend = path,
        }
    }
}

/// The `Prefilters` of the metadata.
pub fn expand(entity: &Entity) -> TokenStream {
    let private = quote!(::isoform::__private);
    let ident = &entity.ident;
    let Prefilters { api_preprocess, backend_preprocess, backend, require_id } = &entity.prefilters;
    let mut said = Vec::new();
    if let Some(path) = api_preprocess {
        let function = preprocess(ident, path);
        said.push(quote!(api_preprocess: #function));
    }
    if let Some(path) = backend_preprocess {
        let function = preprocess(ident, path);
        said.push(quote!(backend_preprocess: #function));
    }
    if let Some(path) = backend {
        said.push(quote_spanned! {here(path)=>
            backend: ::core::option::Option::Some(|identity| {
                let filter: fn(::core::option::Option<&::isoform::__private::Identity>)
                    -> ::isoform::__private::Filter<#ident> = #path;
                filter(identity).into_condition()
            })
        });
    }
    if let Some(rule) = require_id {
        let rule = rule.identity();
        said.push(quote!(require_id: #rule));
    }
    quote! {
        #private::Prefilters {
            #(#said,)*
            // An inherent constant comes first, where `#[filters]` has made one.
            custom: {
                #[allow(unused_imports, reason = "an entity with custom filters does not need the fallback")]
                use #private::NoFilters as _;
                <#ident>::__ISOFORM_FILTERS
            },
            ..#private::Prefilters::NONE
        }
    }
}

/// The call is written out, so that a wrong signature is reported at the function's name.
fn preprocess(entity: &Ident, path: &Path) -> TokenStream {
    quote_spanned! {here(path)=>
        ::core::option::Option::Some(|condition| {
            ::isoform::__private::preprocessed::<#entity, _>(#path(::isoform::__private::Filter::from_condition(condition)))
        })
    }
}
