//! `#[field(embed)]` on a `PersistenceItem`: its fields become fields of the entity.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Ident, Type, Visibility};

use super::attr;
use super::model::{Entity, Field, Role};
use crate::ctxt::Ctxt;
use crate::items;
use crate::symbol;

/// What can be embedded: a macro sees no other type's fields, so that it knows them by heart.
const PERSISTENCE_ITEM: &str = "PersistenceItem";

/// A field of the struct that is several of the entity.
pub struct Embedded {
    pub ident: Ident,
    pub vis: Visibility,
    pub ty: Type,
}

impl Embedded {
    /// The position of its first field.
    fn first(&self, entity: &Entity) -> usize {
        entity.fields.iter().position(|field| field.within.as_ref() == Some(&self.ident)).unwrap_or_default()
    }
}

fn is_persistence_item(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == PERSISTENCE_ITEM),
        Type::Group(group) => is_persistence_item(&group.elem),
        _ => false,
    }
}

/// Does a field say that it is embedded, or has it a type that can only be that?
pub fn is_one(syntax: &syn::Field) -> bool {
    let says = |attribute: &syn::Attribute| {
        let quiet = Ctxt::default();
        let (_, items) = items::of_attributes(&quiet, std::slice::from_ref(attribute), symbol::FIELD);
        // What is wrong with the others is said where they are read.
        drop(quiet.finish());
        items.iter().any(|item| item.is(symbol::EMBED))
    };
    is_persistence_item(&syntax.ty) || syntax.attrs.iter().any(says)
}

/// Puts the fields of an embedded struct into those of the entity.
pub fn parse(ctxt: &Ctxt, entity: &Ident, syntax: &syn::Field, fields: &mut Vec<Field>) -> Option<Embedded> {
    let ident = syntax.ident.clone()?;
    let (_, items) = items::of_attributes(ctxt, &syntax.attrs, symbol::FIELD);
    if items.iter().all(|item| !item.is(symbol::EMBED)) {
        ctxt.error(&syntax.ty, "a `PersistenceItem` is several columns: write #[field(embed)] above it");
    }
    for item in &items {
        if item.is(symbol::EMBED) {
            item.flag(ctxt);
        } else {
            ctxt.error(&item.name, "the server keeps all of it: `embed` stands alone");
        }
    }
    if !is_persistence_item(&syntax.ty) {
        ctxt.error(&syntax.ty, "only a `PersistenceItem` can be embedded; what belongs together can be a `Json<…>`");
        return None;
    }
    let span = ident.span();
    let private = quote_spanned!(span=> ::isoform::__private);
    let time = quote_spanned!(span=> #private::DateTime<#private::Utc>);
    let parts = [
        ("object_id", quote!(), quote_spanned!(span=> #private::Uuid), true),
        ("created", quote_spanned!(span=> #[field(created_at)]), time.clone(), false),
        ("updated", quote_spanned!(span=> #[field(updated_at)]), time, false),
        ("owner_id", quote!(), quote_spanned!(span=> ::core::option::Option<::std::string::String>), true),
    ];
    for (name, attributes, ty, kept) in parts {
        let (name, vis) = (Ident::new(name, span), &syntax.vis);
        let field = attr::field(ctxt, entity, &syn::parse_quote!(#attributes #vis #name: #ty));
        fields.extend(field.map(|field| Field { within: Some(ident.clone()), kept, ..field }));
    }
    Some(Embedded { ident, vis: syntax.vis.clone(), ty: syntax.ty.clone() })
}

/// The identifier is the id, where no other field is.
pub fn settle(ctxt: &Ctxt, entity: &mut Entity) {
    for second in entity.embedded.drain(1.min(entity.embedded.len())..) {
        ctxt.error(&second.ident, "there is a `PersistenceItem` already: an entity has one");
        entity.unfit.push(second.ident);
    }
    let Some(first) = entity.embedded.first().map(|first| first.ident.clone()) else { return };
    entity.fields.retain(|field| field.within.is_none() || field.within.as_ref() == Some(&first));
    names_are_free(ctxt, entity);
    if let Some((token, _)) = entity.sources.named.first() {
        ctxt.error(
            &first,
            format!("an entity with `{token}` can only be read: there is nothing that the server keeps"),
        );
    }
    let has_an_id = entity.with_role(Role::Id).next().is_some();
    if let Some(object_id) = entity.fields.iter_mut().find(|field| field.kept) {
        let token = object_id.ident.clone();
        if has_an_id {
            object_id.unique = Some(token);
        } else {
            object_id.roles.push((token, Role::Id));
        }
    }
}

/// No other field has the name of one that is embedded.
fn names_are_free(ctxt: &Ctxt, entity: &mut Entity) {
    let taken: Vec<_> =
        entity.fields.iter().filter(|field| field.within.is_some()).map(|field| field.name.clone()).collect();
    let unfit = &mut entity.unfit;
    entity.fields.retain(|field| {
        let free = field.within.is_some() || !taken.contains(&field.name);
        if !free {
            ctxt.error(
                &field.ident,
                format!("the `PersistenceItem` has a field `{}` already: rename this one", field.name),
            );
            unfit.push(field.ident.clone());
        }
        free
    });
}

/// The fields of the columns' struct, and their values.
pub fn columns(entity: &Entity) -> (TokenStream, TokenStream) {
    let fields = entity.embedded.iter().map(|Embedded { ident, vis, .. }| {
        let docs = format!("The columns of `{ident}`.");
        quote!(#[doc = #docs] #vis #ident: ::isoform::__private::PersistenceItemFields<P>,)
    });
    let values = entity.embedded.iter().map(|embedded| {
        let (ident, first) = (&embedded.ident, embedded.first(entity));
        quote!(#ident: ::isoform::__private::PersistenceItemFields::at(#first),)
    });
    (quote!(#(#fields)*), quote!(#(#values)*))
}

/// What a new record holds of it.
pub fn blanks(entity: &Entity) -> TokenStream {
    let blanks = entity.embedded.iter().map(|Embedded { ident, ty, .. }| {
        // A type that cannot be embedded is reported where the user wrote it.
        let blank = quote_spanned!(ty.span()=> ::isoform::__private::embedded::<#ty>());
        quote!(#ident: #blank,)
    });
    quote!(#(#blanks)*)
}

/// What the metadata of the entity says of it.
pub fn meta(entity: &Entity) -> TokenStream {
    match entity.embedded.first() {
        Some(embedded) => {
            let first = embedded.first(entity);
            let owner = first + 3;
            quote!(::core::option::Option::Some(::isoform::__private::Kept { object_id: #first, owner_id: #owner }))
        }
        None => quote!(::core::option::Option::None),
    }
}

/// Where the value of a field stands in the struct.
pub fn place(field: &Field) -> TokenStream {
    let ident = &field.ident;
    field.within.as_ref().map_or_else(|| quote!(#ident), |within| quote!(#within.#ident))
}
