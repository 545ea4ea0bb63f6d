//! From the methods to a trait or to inherent functions, to the bodies, and to what a server registers.
//!
//! A call runs its body at once where the context is trusted; everywhere else its arguments, and the record, go through
//! the guard or over the wire. The bodies stand in a trait of their own, so that `self` is what the user wrote, and are
//! not compiled for the browser.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{ImplItemFn, Type, Visibility};

use super::model::{Block, Method};

pub fn block(block: &Block) -> TokenStream {
    match &block.record {
        Some(record) => of_records(block, record),
        None => of_entity(block),
    }
}

/// A trait, for inherent methods of `Record` would have to stand in isoform.
fn of_records(block: &Block, record: &Type) -> TokenStream {
    let entity = &block.entity;
    let name = format_ident!("{}Methods", block.name);
    let docs = if block.attributes.iter().any(|attribute| attribute.path().is_ident("doc")) {
        TokenStream::new()
    } else {
        let docs = format!("The backend methods of a record of [`{}`].", block.name);
        quote!(#[doc = #docs])
    };
    let attributes = &block.attributes;
    let declarations = block.methods.iter().map(|method| {
        let Method { docs, cfgs, .. } = method;
        let signature = signature(method, &method.ident, &method.arguments_as_written());
        quote!(#(#docs)* #(#cfgs)* #signature;)
    });
    let calls = block.methods.iter().map(|method| {
        let Method { cfgs, .. } = method;
        let signature = signature(method, &method.ident, &method.arguments_as_written());
        let call = record_call(block, method, record);
        quote!(#(#cfgs)* #signature { #call })
    });
    let bodies = bodies(block, record);
    let methods = block.methods.iter().map(|method| registered(block, method, record));
    quote! {
        #docs
        #(#attributes)*
        pub trait #name {
            #(#declarations)*
        }

        const _: () = {
            #bodies

            impl #name for #record {
                #(#calls)*
            }

            #[cfg(not(target_arch = "wasm32"))]
            impl #entity {
                #[doc(hidden)]
                pub const __ISOFORM_RECORD_METHODS: &'static [::isoform::__private::Method] = &[#(#methods),*];
            }
        };
    }
}

/// Functions of the entity itself.
fn of_entity(block: &Block) -> TokenStream {
    let entity = &block.entity;
    let attributes = &block.attributes;
    let calls = block.methods.iter().map(|method| {
        let Method { docs, cfgs, .. } = method;
        let signature = signature(method, &method.ident, &method.arguments_as_written());
        let call = static_call(block, method);
        quote!(#(#docs)* #(#cfgs)* pub #signature { #call })
    });
    let bodies = bodies(block, entity);
    let methods = block.methods.iter().map(|method| registered(block, method, entity));
    quote! {
        const _: () = {
            #bodies

            #(#attributes)*
            impl #entity {
                #(#calls)*

                #[cfg(not(target_arch = "wasm32"))]
                #[doc(hidden)]
                pub const __ISOFORM_STATIC_METHODS: &'static [::isoform::__private::Method] = &[#(#methods),*];
            }
        };
    }
}

impl Method {
    fn arguments_as_written(&self) -> TokenStream {
        let arguments = self.arguments.iter().map(|argument| {
            let (ident, ty) = (&argument.ident, &argument.ty);
            quote!(#ident: #ty)
        });
        quote!(#(#arguments),*)
    }

    fn argument_names(&self) -> Vec<&Ident> {
        self.arguments.iter().map(|argument| &argument.ident).collect()
    }

    fn body_name(&self) -> Ident {
        Ident::new(&format!("__isoform_body_of_{}", self.name), self.ident.span())
    }
}

/// `fn name(&mut self, …) -> impl Future<Output = Result<T>> + Send`.
fn signature(method: &Method, name: &Ident, arguments: &TokenStream) -> TokenStream {
    let output = &method.output;
    let receiver = method.syntax.sig.receiver().map(|_| quote!(&mut self,));
    quote!(fn #name(#receiver #arguments) -> impl ::core::future::Future<Output = #output> + ::core::marker::Send)
}

/// `<T as Travels>`: a type that serde cannot write and read is reported where the user wrote it.
fn travels(ty: &Type) -> TokenStream {
    quote_spanned!(ty.span()=> <#ty as ::isoform::__private::Travels>)
}

/// The arguments as a list of JSON.
fn encoded(method: &Method) -> TokenStream {
    let encoded = method.arguments.iter().map(|argument| {
        let (ident, travels) = (&argument.ident, travels(&argument.ty));
        quote!(#travels::encode(&#ident)?)
    });
    quote!(::std::vec::Vec::from([#(#encoded),*]))
}

fn record_call(block: &Block, method: &Method, record: &Type) -> TokenStream {
    let private = quote!(::isoform::__private);
    let (wire, transaction) = (&method.wire, method.options.transaction);
    let entity = &block.entity;
    let (names, body, encoded, result) =
        (method.argument_names(), method.body_name(), encoded(method), travels(&method.result));
    let this = Ident::new("this", Span::mixed_site());
    let (called, method_called) = called(entity, method, &quote!(__ISOFORM_RECORD_METHODS));
    quote! {
        async move {
            #[cfg(not(target_arch = "wasm32"))]
            if let #private::Way::Direct = #private::way()? {
                return #private::direct_record(self, #transaction, |#this| {
                    ::std::boxed::Box::pin(<#record as __IsoformBodies>::#body(#this, #(#names),*))
                }).await;
            }
            #called
            #result::decode(#private::call_record::<#entity>(self, #method_called, #encoded).await?, #wire)
        }
    }
}

fn static_call(block: &Block, method: &Method) -> TokenStream {
    let private = quote!(::isoform::__private);
    let (wire, transaction) = (&method.wire, method.options.transaction);
    let entity = &block.entity;
    let (names, body, encoded, result) =
        (method.argument_names(), method.body_name(), encoded(method), travels(&method.result));
    let (called, method_called) = called(entity, method, &quote!(__ISOFORM_STATIC_METHODS));
    quote! {
        async move {
            #[cfg(not(target_arch = "wasm32"))]
            if let #private::Way::Direct = #private::way()? {
                return #private::direct(#transaction, <#entity as __IsoformBodies>::#body(#(#names),*)).await;
            }
            #called
            #result::decode(#private::call_static::<#entity>(#method_called, #encoded).await?, #wire)
        }
    }
}

/// Which method a call means: where there are bodies, one of these methods, else a name. Answers what says so, and its name.
fn called(entity: &Type, method: &Method, methods: &TokenStream) -> (TokenStream, Ident) {
    let private = quote!(::isoform::__private);
    let called = Ident::new("called", Span::mixed_site());
    let (wire, prefix) = (&method.wire, method.options.prefix());
    let say = quote! {
        #[cfg(not(target_arch = "wasm32"))]
        let #called = #private::Called { wire: #wire, prefix: #prefix, methods: <#entity>::#methods };
        #[cfg(target_arch = "wasm32")]
        let #called = #private::Called { wire: #wire, prefix: #prefix };
    };
    (say, called)
}

/// The bodies as the user wrote them, under names that no caller knows.
fn bodies(block: &Block, target: &Type) -> TokenStream {
    let declarations = block.methods.iter().map(|method| {
        let cfgs = &method.cfgs;
        let signature = signature(method, &method.body_name(), &method.arguments_as_written());
        quote!(#(#cfgs)* #signature;)
    });
    let bodies = block.methods.iter().map(|method| {
        let Method { cfgs, attributes, .. } = method;
        let mut function = ImplItemFn { attrs: Vec::new(), vis: Visibility::Inherited, ..method.syntax.clone() };
        function.sig.ident = method.body_name();
        quote!(#(#cfgs)* #(#attributes)* #function)
    });
    quote! {
        #[cfg(not(target_arch = "wasm32"))]
        trait __IsoformBodies {
            #(#declarations)*
        }

        #[cfg(not(target_arch = "wasm32"))]
        impl __IsoformBodies for #target {
            #(#bodies)*
        }
    }
}

/// The method as a server knows it: a name, a rule, and a body that takes its arguments from the wire.
fn registered(block: &Block, method: &Method, target: &Type) -> TokenStream {
    let private = quote!(::isoform::__private);
    let Method { name, wire, cfgs, .. } = method;
    let (options, path) = (method.options.expand(), format!("::{}::{name}", block.name));
    let entity = &block.entity;
    let (names, body) = (method.argument_names(), method.body_name());
    let (record, args) = (Ident::new("record", Span::mixed_site()), Ident::new("args", Span::mixed_site()));
    let takes = method.arguments.iter().map(|argument| {
        let (ident, travels) = (&argument.ident, travels(&argument.ty));
        let name = ident.unraw().to_string();
        quote!(let #ident = #travels::take(&mut #args, #name)?;)
    });
    let result = travels(&method.result);
    let receiver = block.record.as_ref().map(|_| quote!(#record,));
    let run = quote! {
        async move {
            let mut #args = #args;
            #(#takes)*
            #args.end()?;
            #result::encode(&<#target as __IsoformBodies>::#body(#receiver #(#names),*).await?)
        }
    };
    let body = if block.record.is_some() {
        let rule = method.rule.record(entity);
        quote!(Record(#rule, |#record, #args| #private::with_record::<#entity, _>(#record, |#record| #run)))
    } else {
        let rule = method.rule.identity();
        quote!(Static(#rule, |#args| ::std::boxed::Box::pin(#run)))
    };
    quote! {
        #(#cfgs)*
        #private::Method {
            name: #name,
            wire: #wire,
            path: ::core::concat!(::core::module_path!(), #path),
            options: #options,
            body: #private::Body::#body,
        }
    }
}
