//! `#[hooks]` above `impl Hooks for …`: keeps the bodies that run on the server out of the wasm, and tells the entity
//! which hooks there are.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, format_ident, quote};
use syn::{ImplItem, ImplItemFn, ItemImpl, parse_quote};

use crate::ctxt::Ctxt;
use crate::{names, symbol};

/// The `impl` with `WRITTEN_BY_THE_HOOKS_ATTRIBUTE`, and with each server hook under its `cfg`.
pub fn expand(mut item: ItemImpl) -> TokenStream {
    let ctxt = Ctxt::default();
    if item.trait_.is_none() {
        let self_type = item.self_ty.to_token_stream();
        ctxt.error(&item.self_ty, format!("#[hooks] stands above `impl Hooks for {self_type}`"));
        let errors = ctxt.finish();
        return quote!(#errors #item);
    }
    let mut present = Vec::new();
    let items = std::mem::take(&mut item.items);
    for one in items {
        match one {
            ImplItem::Fn(mut function) if check(&ctxt, &function) => {
                present.push(format_ident!("{}", function.sig.ident.to_string()));
                if function.sig.ident != symbol::HOOK_EVERYWHERE {
                    function.attrs.push(parse_quote!(#[cfg(not(target_arch = "wasm32"))]));
                }
                item.items.push(ImplItem::Fn(function));
            }
            ImplItem::Fn(_) => {}
            other => ctxt.error(&other, "#[hooks] wants hooks only: put this into an `impl` of its own"),
        }
    }
    item.items.insert(
        0,
        parse_quote! {
            #[allow(clippy::needless_update, reason = "with all hooks there is nothing left to be none")]
            const WRITTEN_BY_THE_HOOKS_ATTRIBUTE: ::isoform::__private::HookSet =
                ::isoform::__private::HookSet { #(#present: true,)* ..::isoform::__private::HookSet::NONE };
        },
    );
    let errors = ctxt.finish();
    quote!(#errors #item)
}

fn check(ctxt: &Ctxt, function: &ImplItemFn) -> bool {
    let name = function.sig.ident.to_string();
    let known: Vec<_> =
        std::iter::once(symbol::HOOK_EVERYWHERE).chain(symbol::HOOKS_ON_SERVER.iter().copied()).collect();
    if !known.contains(&name.as_str()) {
        ctxt.error(&function.sig.ident, format!("there is no hook `{name}`; {}", names::known(&name, &known)));
        return false;
    }
    if function.sig.asyncness.is_none() {
        ctxt.error(&function.sig.fn_token, format!("a hook is async: write `async fn {name}`"));
        return false;
    }
    true
}
