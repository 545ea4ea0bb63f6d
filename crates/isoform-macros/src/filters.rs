//! `#[filters]` above `impl Task`: functions that make filters on the server, and elsewhere are calls of them by name.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::visit_mut::VisitMut as _;
use syn::{Attribute, FnArg, ImplItem, ImplItemFn, ItemImpl, PathArguments, Type, Visibility};

use crate::backend::{Argument, SpellOutSelf, argument, output};
use crate::ctxt::Ctxt;
use crate::names;

/// A custom filter.
struct Custom {
    ident: Ident,
    vis: Visibility,
    wire: String,
    /// Documentation and such, for whoever calls it.
    docs: Vec<Attribute>,
    /// `#[cfg(…)]`, for all that is made of it.
    cfgs: Vec<Attribute>,
    arguments: Vec<Argument>,
    /// `Result<Filter<Task>>`, as the user wrote it.
    output: Type,
    syntax: ImplItemFn,
}

/// What stands instead of the `impl`.
pub fn expand(item: &ItemImpl) -> TokenStream {
    let ctxt = Ctxt::default();
    if !stands_right(&ctxt, item) {
        return ctxt.finish();
    }
    let filters = filters(&ctxt, item);
    let errors = ctxt.finish();
    let entity = &item.self_ty;
    let attributes = &item.attrs;
    let bodies = bodies(entity, &filters);
    let calls = filters.iter().map(|filter| call(entity, filter));
    let registered = filters.iter().map(|filter| registered(entity, filter));
    quote! {
        #errors

        const _: () = {
            #bodies

            #(#attributes)*
            impl #entity {
                #(#calls)*

                #[cfg(not(target_arch = "wasm32"))]
                #[doc(hidden)]
                pub const __ISOFORM_FILTERS: &'static [::isoform::__private::CustomFilter] = &[#(#registered),*];
            }
        };
    }
}

fn stands_right(ctxt: &Ctxt, item: &ItemImpl) -> bool {
    let plain = matches!(&*item.self_ty, Type::Path(path)
        if path.path.segments.last().is_some_and(|last| matches!(last.arguments, PathArguments::None)));
    if item.trait_.is_some() || !item.generics.params.is_empty() || !plain {
        ctxt.error(&item.self_ty, "#[filters] stands above the `impl` of an entity, as in `impl Task`");
        return false;
    }
    true
}

fn filters(ctxt: &Ctxt, item: &ItemImpl) -> Vec<Custom> {
    let mut filters: Vec<Custom> = Vec::new();
    for one in &item.items {
        let ImplItem::Fn(function) = one else {
            ctxt.error(one, "#[filters] wants functions only: put this into an `impl` of its own");
            continue;
        };
        let Some(filter) = filter(ctxt, item, function) else { continue };
        if let Some(other) = filters.iter().find(|other| other.wire == filter.wire && other.cfgs.is_empty()) {
            let (ident, wire) = (&other.ident, &filter.wire);
            let message = format!("`{ident}` and `{}` are both `{wire}` on the wire: rename one of them", filter.ident);
            ctxt.error(&filter.ident, message);
        } else {
            filters.push(filter);
        }
    }
    filters
}

fn filter(ctxt: &Ctxt, item: &ItemImpl, function: &ImplItemFn) -> Option<Custom> {
    let mut function = function.clone();
    SpellOutSelf(&item.self_ty).visit_signature_mut(&mut function.sig);
    let signature = &function.sig;
    let mut right = true;
    let mut wrong = |tokens: &dyn quote::ToTokens, message: String| {
        ctxt.error_at(
            tokens.to_token_stream().into_iter().next().map_or_else(Span::call_site, |token| token.span()),
            message,
        );
        right = false;
    };
    if signature.asyncness.is_none() {
        wrong(
            &signature.fn_token,
            format!("the server may have to ask for something: write `async fn {}`", signature.ident),
        );
    }
    if !signature.generics.params.is_empty() {
        wrong(&signature.generics, "what travels has one type: a custom filter cannot be generic".into());
    }
    if let Some(receiver) = signature.receiver() {
        wrong(receiver, "a filter is about many rows and takes no `self`".into());
    }
    let given = signature.inputs.iter().filter(|input| matches!(input, FnArg::Typed(_)));
    let arguments: Vec<_> = given.clone().filter_map(|input| argument(ctxt, input)).collect();
    let (output, _) = output(ctxt, &function)?;
    if !right || arguments.len() != given.count() {
        return None;
    }
    let (mut docs, mut cfgs, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for attribute in std::mem::take(&mut function.attrs) {
        let path = attribute.path();
        if path.is_ident("cfg") {
            cfgs.push(attribute);
        } else if path.is_ident("doc") || path.is_ident("deprecated") {
            docs.push(attribute);
        } else {
            others.push(attribute);
        }
    }
    function.attrs = others;
    let ident = function.sig.ident.clone();
    let wire = names::camel_case(&ident.unraw().to_string());
    Some(Custom { vis: function.vis.clone(), ident, wire, docs, cfgs, arguments, output, syntax: function })
}

impl Custom {
    fn arguments_as_written(&self) -> TokenStream {
        let arguments = self.arguments.iter().map(|argument| {
            let (ident, ty) = (&argument.ident, &argument.ty);
            quote!(#ident: #ty)
        });
        quote!(#(#arguments),*)
    }

    fn body_name(&self) -> Ident {
        format_ident!("__isoform_filter_{}", self.ident.unraw(), span = self.ident.span())
    }

    fn wire_names(&self) -> TokenStream {
        let names = self.arguments.iter().map(|argument| names::camel_case(&argument.ident.unraw().to_string()));
        quote!(&[#(#names),*])
    }
}

/// `<T as Travels>`: a type that serde cannot write and read is reported where the user wrote it.
fn travels(ty: &Type) -> TokenStream {
    quote_spanned!(ty.span()=> <#ty as ::isoform::__private::Travels>)
}

/// The function that everybody calls.
fn call(entity: &Type, filter: &Custom) -> TokenStream {
    let Custom { ident, vis, wire, docs, cfgs, .. } = filter;
    let (arguments, names) = (filter.arguments_as_written(), filter.wire_names());
    let encoded = filter.arguments.iter().map(|argument| {
        let (ident, travels) = (&argument.ident, travels(&argument.ty));
        // What serde cannot write is null, which the server refuses.
        quote!(#travels::encode(&#ident).unwrap_or_default())
    });
    quote! {
        #(#docs)*
        #(#cfgs)*
        #[must_use]
        #vis fn #ident(#arguments) -> ::isoform::__private::Filter<#entity> {
            ::isoform::__private::custom_filter::<#entity>(#wire, #names, ::std::vec::Vec::from([#(#encoded),*]))
        }
    }
}

/// The bodies as the user wrote them, under names that no caller knows.
fn bodies(entity: &Type, filters: &[Custom]) -> TokenStream {
    let declarations = filters.iter().map(|filter| {
        let Custom { cfgs, output, .. } = filter;
        let (name, arguments) = (filter.body_name(), filter.arguments_as_written());
        quote! {
            #(#cfgs)*
            fn #name(#arguments) -> impl ::core::future::Future<Output = #output> + ::core::marker::Send;
        }
    });
    let bodies = filters.iter().map(|filter| {
        let cfgs = &filter.cfgs;
        let mut function = ImplItemFn { vis: Visibility::Inherited, ..filter.syntax.clone() };
        function.sig.ident = filter.body_name();
        quote!(#(#cfgs)* #function)
    });
    quote! {
        #[cfg(not(target_arch = "wasm32"))]
        trait __IsoformFilters {
            #(#declarations)*
        }

        #[cfg(not(target_arch = "wasm32"))]
        impl __IsoformFilters for #entity {
            #(#bodies)*
        }
    }
}

/// The filter as a server knows it: its name, those of its arguments, and a body that takes them from the wire.
fn registered(entity: &Type, filter: &Custom) -> TokenStream {
    let private = quote!(::isoform::__private);
    let Custom { wire, cfgs, output, .. } = filter;
    let (body, names) = (filter.body_name(), filter.wire_names());
    let args = Ident::new("args", Span::mixed_site());
    let takes = filter.arguments.iter().map(|argument| {
        let (ident, travels) = (&argument.ident, travels(&argument.ty));
        let name = names::camel_case(&ident.unraw().to_string());
        quote!(let #ident = #travels::take(&mut #args, #name)?;)
    });
    let given = filter.arguments.iter().map(|argument| &argument.ident);
    // A body that answers something else is reported where it says so.
    let preprocessed = quote_spanned!(output.span()=> ::isoform::__private::preprocessed::<#entity, _>);
    quote! {
        #(#cfgs)*
        #private::CustomFilter {
            wire: #wire,
            arguments: #names,
            body: |#args| {
                #[allow(unused_mut, reason = "a filter without arguments takes none")]
                let mut #args = #args;
                #(#takes)*
                #args.end()?;
                ::core::result::Result::Ok(#preprocessed(<#entity as __IsoformFilters>::#body(#(#given),*)))
            },
        }
    }
}
