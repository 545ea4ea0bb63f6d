//! From the model to Rust.
//!
//! The output is data and one call per field: whatever can be written once for all entities is in `isoform` itself, so
//! that an entity costs little wasm and little compile time.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Expr, Ident, Lit, Type};

use super::model::{Check, Entity, Field, Kind, Order, Relation, Role, Validator};
use super::{embed, origin, source};
use crate::rule::here;

pub fn entity(entity: &Entity) -> TokenStream {
    let columns = columns(entity);
    let implementation = implementation(entity);
    let hooks = declares_hooks(entity);
    let repositories = repositories(entity);
    let given = source::given(entity);
    quote!(#columns #implementation #repositories #given #hooks)
}

fn columns_name(entity: &Entity) -> Ident {
    format_ident!("{}Fields", entity.ident)
}

/// `TaskFields`, with a column for each field.
fn columns(entity: &Entity) -> TokenStream {
    let Entity { ident, vis, .. } = entity;
    let name = columns_name(entity);
    let docs =
        format!("The columns of [`{ident}`]: what the closures of filters and orders are given, as in `|t| t.id`.");
    let fields = entity.fields.iter().map(|field| {
        let Field { ident: field_ident, vis, ty, name, .. } = field;
        let docs = format!("The column of `{name}`.");
        quote!(#[doc = #docs] #vis #field_ident: ::isoform::__private::Column<P, #ty>)
    });
    let links = entity.relations.iter().enumerate().map(|(index, relation)| {
        let Relation { ident: field_ident, vis, name, target, .. } = relation;
        let docs = format!("The relation `{name}`.");
        let link = link(relation);
        quote!(#[doc = #docs] #vis #field_ident: ::isoform::__private::#link<P, #target, #index>)
    });
    let columns = entity.fields.iter().enumerate().map(|(index, field)| {
        let field = &field.ident;
        quote!(#field: ::isoform::__private::Column::at(#index))
    });
    let new_links = entity.relations.iter().map(|relation| {
        let (field, link) = (&relation.ident, link(relation));
        quote!(#field: ::isoform::__private::#link::NEW)
    });
    let (embedded, new_embedded) = embed::columns(entity);
    quote! {
        #[doc = #docs]
        #[allow(dead_code, reason = "not every field is asked about")]
        #vis struct #name<P = #ident> { #(#fields,)* #(#links,)* #embedded }

        #[automatically_derived]
        impl<P> ::core::clone::Clone for #name<P> {
            #[inline]
            fn clone(&self) -> Self {
                *self
            }
        }

        #[automatically_derived]
        impl<P> ::core::marker::Copy for #name<P> {}

        #[automatically_derived]
        impl<P: ::isoform::__private::Path> ::isoform::__private::Fixed for #name<P> {
            const FIXED: &'static Self = &Self { #(#columns,)* #(#new_links,)* #new_embedded };
        }
    }
}

fn link(relation: &Relation) -> Ident {
    format_ident!("{}", if relation.many { "ManyLink" } else { "OneLink" })
}

fn implementation(entity: &Entity) -> TokenStream {
    let ident = &entity.ident;
    let name = columns_name(entity);
    let private = quote!(::isoform::__private);
    let ids: Vec<_> = entity.ids().collect();
    let id_types: Vec<_> = ids.iter().map(|(_, field)| &field.ty).collect();
    let id_type = match id_types.as_slice() {
        // Of a controller, which has none.
        [] => quote!(#private::Id),
        [one] => quote!(#one),
        several => quote!((#(#several),*)),
    };
    let id = ids.first().map_or(0, |(index, _)| *index);
    let (controller, stored) = super::controller::implementation(entity);
    let related = entity.relations.iter().map(|relation| &relation.ident).chain(&entity.unfit);
    let relation_blanks = related.map(|ident| quote!(#ident: ::core::default::Default::default()));
    let relations = relations(entity);
    let embedded_blanks = embed::blanks(entity);
    let blanks = entity.fields.iter().filter(|field| field.within.is_none()).map(|field| {
        let (ident, value) = (&field.ident, blank(field));
        quote!(#ident: #value)
    });
    let gets = entity.fields.iter().enumerate().map(|(index, field)| {
        let place = embed::place(field);
        let to_value = as_value(&field.ty, "to_value");
        quote!(#index => #to_value(&self.#place))
    });
    let sets = entity.fields.iter().enumerate().map(|(index, field)| {
        let place = embed::place(field);
        let assign = as_value(&field.ty, "assign");
        quote!(#index => #assign(&mut self.#place, value))
    });
    let meta = meta(entity);
    let run_hook = run_hook(entity);
    let run_field_saving = run_field_saving(entity);
    let run_server_expression = origin::run_server_expression(entity);
    quote! {
        #[automatically_derived]
        impl #private::Entity for #ident {
            #controller
            type Id = #id_type;
            type Fields = #name;
            type FieldsVia<P: #private::Path> = #name<P>;
            const FIELDS: Self::Fields = *<#name as #private::Fixed>::FIXED;
            const ID: #private::Column<Self, Self::Id> = #private::Column::at(#id);

            fn meta() -> &'static #private::EntityMeta {
                static META: #private::EntityMeta = #meta;
                &META
            }

            fn blank() -> Self {
                Self { #(#blanks,)* #(#relation_blanks,)* #embedded_blanks }
            }

            fn get(&self, index: usize) -> #private::Value {
                match index {
                    #(#gets,)*
                    _ => #private::Value::Null,
                }
            }

            fn set(&mut self, index: usize, value: #private::Value) -> ::core::result::Result<(), #private::ValueError> {
                match index {
                    #(#sets,)*
                    _ => #private::no_such_field(),
                }
            }

            #relations
            #run_hook
            #run_field_saving
            #run_server_expression
        }

        #stored
    }
}

/// What is loaded of relations.
fn relations(entity: &Entity) -> TokenStream {
    if entity.relations.is_empty() {
        return TokenStream::new();
    }
    let private = quote!(::isoform::__private);
    let fields: Vec<_> = entity.relations.iter().map(|relation| &relation.ident).collect();
    let index = 0..entity.relations.len();
    let (relate, related, take) = (index.clone(), index.clone(), index);
    quote! {
        fn relate(&mut self, relation: usize, related: ::std::vec::Vec<::std::sync::Arc<dyn #private::AnyRecord>>) {
            match relation {
                #(#relate => #private::RelationField::relate(&mut self.#fields, related),)*
                _ => {}
            }
        }

        fn related(&self, relation: usize) -> ::core::option::Option<::std::vec::Vec<&dyn #private::AnyRecord>> {
            match relation {
                #(#related => #private::RelationField::related(&self.#fields),)*
                _ => ::core::option::Option::None,
            }
        }

        fn take_related(&mut self, relation: usize, from: &mut Self) {
            match relation {
                #(#take => self.#fields = ::core::mem::take(&mut from.#fields),)*
                _ => {}
            }
        }
    }
}

fn relation_meta(entity: &Entity, index: usize, relation: &Relation) -> TokenStream {
    let private = quote!(::isoform::__private);
    let Relation { name, wire, label, many, target, include, .. } = relation;
    let ident = &entity.ident;
    let keys: Vec<_> = relation
        .keys
        .iter()
        .map(|key| {
            let own = key
                .own
                .as_ref()
                .map_or_else(|| id_of(&quote!(#ident), relation), |own| column_of(&quote!(#ident), own));
            (own, key.other.as_ref())
        })
        .collect();
    let (keys, through) = match (&relation.through, keys.as_slice()) {
        (Some(between), [(own, Some(first)), (_, Some(second))]) => {
            let (first, second) = (path_column(first), path_column(second));
            let target_id = id_of(&quote!(#target), relation);
            let joined = quote_spanned!(here(between)=> ::isoform::__private::joined);
            let through = quote! {
                ::core::option::Option::Some(#private::Through {
                    entity: <#between as #private::Entity>::meta,
                    keys: &[#joined::<#between, _, #target, _>(#second, #target_id)],
                })
            };
            (vec![quote!(#joined::<#ident, _, #between, _>(#own, #first))], through)
        }
        (_, keys) => {
            let joined = keys.iter().zip(&relation.keys).map(|((own, other), key)| {
                // Types that do not fit are reported at the field that the user named.
                let span = key.own.as_ref().map(Ident::span).or_else(|| other.map(here));
                let other = other.map_or_else(|| id_of(&quote!(#target), relation), path_column);
                quote_spanned!(span.unwrap_or_else(Span::call_site)=>
                    ::isoform::__private::joined::<#ident, _, #target, _>(#own, #other))
            });
            (joined.collect(), quote!(::core::option::Option::None))
        }
    };
    let filter = match &relation.filter {
        Some(path) => quote_spanned! {here(path)=>
            ::core::option::Option::Some(|| {
                let filter: fn() -> ::isoform::__private::Filter<#target> = #path;
                filter().into_condition()
            })
        },
        None => quote!(::core::option::Option::None),
    };
    let api_read =
        relation.api_read.as_ref().map_or_else(|| quote!(#private::Rule::Everyone), crate::rule::Rule::identity);
    let on_delete = match relation.on_delete.as_ref().map(ToString::to_string).as_deref() {
        Some("cascade") => quote!(Cascade),
        Some("set_null") => quote!(SetNull),
        Some("unwatched") => quote!(Unwatched),
        _ => quote!(Restrict),
    };
    quote! {
        #private::RelationMeta {
            index: #index,
            name: #name,
            wire: #wire,
            label: #label,
            many: #many,
            target: <#target as #private::Entity>::meta,
            keys: &[#(#keys),*],
            through: #through,
            filter: #filter,
            included: #include,
            api_read: #api_read,
            on_delete: #private::OnDelete::#on_delete,
            travel: &#private::TRAVEL,
        }
    }
}

/// The column of an entity's field, reported where the user names it.
fn column_of(entity: &TokenStream, field: &Ident) -> TokenStream {
    quote_spanned!(field.span()=> <#entity as ::isoform::__private::Entity>::FIELDS.#field)
}

fn id_of(entity: &TokenStream, relation: &Relation) -> TokenStream {
    quote_spanned!(relation.ident.span()=> <#entity as ::isoform::__private::Entity>::ID)
}

/// The column that `Comment::task_id` names.
fn path_column(path: &syn::Path) -> TokenStream {
    let mut entity = path.clone();
    let Some(field) = entity.segments.pop() else { return TokenStream::new() };
    entity.segments.pop_punct();
    column_of(&quote!(#entity), &field.value().ident)
}

/// `TaskRelations`, with a method for each relation: its repository.
fn repositories(entity: &Entity) -> TokenStream {
    let Entity { ident, vis, relations, .. } = entity;
    let private = quote!(::isoform::__private);
    if relations.is_empty() {
        return TokenStream::new();
    }
    let name = format_ident!("{ident}Relations");
    let docs = format!("The repositories of the relations of a [`Record`](::isoform::Record) of [`{ident}`].");
    let repository = |relation: &Relation| match (&relation.through, relation.many) {
        (Some(_), _) => format_ident!("RelatedThrough"),
        (None, true) => format_ident!("RelatedMany"),
        (None, false) => format_ident!("RelatedOne"),
    };
    let signatures: Vec<_> = relations
        .iter()
        .map(|relation| {
            let (Relation { ident, target, .. }, related) = (relation, repository(relation));
            quote!(fn #ident(&self) -> #private::#related<#target>)
        })
        .collect();
    let documented = relations.iter().zip(&signatures).map(|(relation, signature)| {
        let docs = format!("The relation `{}`.", relation.name);
        quote!(#[doc = #docs] #signature;)
    });
    let bodies = relations.iter().zip(&signatures).enumerate().map(|(index, (relation, signature))| {
        let related = repository(relation);
        quote!(#signature { #private::#related::of(self, #index) })
    });
    quote! {
        #[doc = #docs]
        #[allow(dead_code, reason = "not every relation is used by itself")]
        #vis trait #name { #(#documented)* }

        #[automatically_derived]
        impl #name for #private::Record<#ident> { #(#bodies)* }
    }
}

/// `<T as FieldValue>::name`, so that a type that cannot be stored is reported where the user wrote it.
pub(super) fn as_value(ty: &Type, name: &str) -> TokenStream {
    let span = ty.span();
    let name = Ident::new(name, span);
    quote_spanned!(span=> <#ty as ::isoform::__private::FieldValue>::#name)
}

/// What a field of a new record holds.
fn blank(field: &Field) -> TokenStream {
    let Some((_, default)) = &field.default else {
        let blank = as_value(&field.ty, "blank");
        return quote!(#blank());
    };
    let span = default.span();
    let mut value = quote!(#default);
    if is_literal(default) {
        if matches!(default, Expr::Lit(literal) if matches!(literal.lit, Lit::Str(_))) && field.kind == Kind::Text {
            value = quote_spanned!(span=> ::std::string::String::from(#value));
        }
        if super::model::lazy_of(&field.ty).is_some() {
            value = quote_spanned!(span=> ::core::convert::From::from(#value));
        }
        if field.optional {
            value = quote_spanned!(span=> ::core::option::Option::Some(#value));
        }
    }
    value
}

fn is_literal(value: &Expr) -> bool {
    match value {
        Expr::Lit(_) => true,
        Expr::Unary(unary) => is_literal(&unary.expr),
        _ => false,
    }
}

fn meta(entity: &Entity) -> TokenStream {
    let private = quote!(::isoform::__private);
    let Entity { ident, key, table, label, .. } = entity;
    let rust_name = syn::ext::IdentExt::unraw(ident).to_string();
    let ty: Type = syn::parse_quote!(#ident);
    let fields = entity.fields.iter().map(|field| field_meta(entity, field));
    let relations = entity.relations.iter().enumerate().map(|(index, relation)| relation_meta(entity, index, relation));
    let ids = entity.ids().map(|(index, _)| index);
    let version = match entity.with_role(Role::Version).next() {
        Some((index, _)) => quote!(::core::option::Option::Some(#index)),
        None => quote!(::core::option::Option::None),
    };
    let (read, insert) = (entity.allow.read.identity(), entity.allow.insert.record(&ty));
    let (update, delete) = (entity.allow.update.record(&ty), entity.allow.delete.record(&ty));
    let (order_by, indexes) = (orders(entity, &entity.order_by), indexes(entity));
    let hooks = match entity.hooks {
        Some(span) => {
            let hooks = hooks(entity, span);
            quote!(#hooks::WRITTEN_BY_THE_HOOKS_ATTRIBUTE)
        }
        None => quote!(#private::HookSet::NONE),
    };
    let saving_many = match entity.hooks {
        Some(span) => {
            let hooks = self::hooks(entity, span);
            quote!(::core::option::Option::Some(#hooks::SAVING_MANY))
        }
        None => quote!(::core::option::Option::None),
    };
    let api_filter = match &entity.api_filter {
        Some(path) => {
            quote_spanned! {here(path)=>
                ::core::option::Option::Some(|identity| {
                    let filter: fn(::core::option::Option<&::isoform::__private::Identity>)
                        -> ::isoform::__private::Filter<#ident> = #path;
                    filter(identity).into_condition()
                })
            }
        }
        None => quote!(::core::option::Option::None),
    };
    let filters = super::prefilters::expand(entity);
    let source = source::meta(entity);
    let kept = embed::meta(entity);
    let plain = quote! {
        #private::EntityMeta {
            key: #key,
            table: #table,
            label: #label,
            rust_name: #rust_name,
            fields: &[#(#fields),*],
            relations: &[#(#relations),*],
            ids: &[#(#ids),*],
            version: #version,
            allow: #private::Allow { read: #read, insert: #insert, update: #update, delete: #delete },
            order_by: &[#order_by],
            hooks: #hooks,
            new_record: #private::new_record::<#ident>,
            kept: #kept,
            #[cfg(not(target_arch = "wasm32"))]
            indexes: &[#indexes],
            #[cfg(not(target_arch = "wasm32"))]
            api_filter: #api_filter,
            #[cfg(not(target_arch = "wasm32"))]
            filters: #filters,
            #[cfg(not(target_arch = "wasm32"))]
            source: #source,
            #[cfg(not(target_arch = "wasm32"))]
            saving_many: #saving_many,
            masks: #private::Masks::NONE,
        }
    };
    // A constant of its own: what stands in a call would not be there for ever.
    quote!({
        const PLAIN: #private::EntityMeta = #plain;
        PLAIN.with_masks()
    })
}

fn orders(entity: &Entity, orders: &[Order]) -> TokenStream {
    let orders = orders.iter().filter_map(|order| {
        let index = entity.field(&syn::ext::IdentExt::unraw(&order.field).to_string())?;
        let direction = if order.descending { quote!(Desc) } else { quote!(Asc) };
        Some(quote!((#index, ::isoform::__private::Direction::#direction)))
    });
    quote!(#(#orders),*)
}

/// Those of single fields, then those over several.
fn indexes(entity: &Entity) -> TokenStream {
    let fields = entity.fields.iter().enumerate().filter(|(_, field)| field.index.is_some());
    let single = fields.map(|(index, _)| quote!((#index, ::isoform::__private::Direction::Asc)));
    let several = entity.indexes.iter().map(|index| orders(entity, index));
    let indexes = single.chain(several);
    quote!(#(&[#indexes]),*)
}

fn field_meta(entity: &Entity, field: &Field) -> TokenStream {
    let private = quote!(::isoform::__private);
    let Field { name, wire, label, column, .. } = field;
    let (field_type, nullable) = (as_value(&field.ty, "TYPE"), as_value(&field.ty, "NULLABLE"));
    let mut more = origin::meta(entity, field);
    if column != name {
        more.push(quote!(column: #column));
    }
    if let Some(role) = field.role() {
        let role = match role {
            Role::Id => quote!(Id),
            Role::CreatedAt => quote!(CreatedAt),
            Role::UpdatedAt => quote!(UpdatedAt),
            Role::Version => quote!(Version),
        };
        more.push(quote!(role: #private::FieldRole::#role));
    }
    // Of the types that a macro knows by their names, only JSON and lists take less than they are sent.
    if matches!(field.kind, Kind::Json | Kind::Vec | Kind::Other) {
        let converts = as_value(&field.ty, "CONVERTS");
        more.push(quote!(converts: #converts));
    }
    if super::model::lazy_of(&field.ty).is_some() {
        let lazy = as_value(&field.ty, "LAZY");
        more.push(quote!(lazy: #lazy));
    }
    if field.unique.is_some() {
        more.push(quote!(unique: true));
    }
    if let Some((_, rule)) = &field.api_read {
        let rule = rule.field(&entity.ident);
        more.push(quote!(api_read: #rule));
    }
    if let Some((_, rule)) = &field.allow_update {
        let rule = rule.field(&entity.ident);
        more.push(quote!(allow_update: #rule));
    }
    let part_of_id = (field.role() == Some(Role::Id) && entity.ids().count() > 1)
        .then(|| quote!(#private::Validator::new(#private::Check::PartOfId)));
    let exist: Vec<_> = existing(entity, field).collect();
    // What the database computes is not known before it is there.
    let unique = field.unique_validator.as_ref().filter(|_| field.origins.is_empty());
    if !field.validators.is_empty() || part_of_id.is_some() || !exist.is_empty() || unique.is_some() {
        let own = field.validators.iter().chain(unique).chain(&exist).map(|one| validator(entity, field, one));
        let validators = own.chain(part_of_id);
        more.push(quote!(validators: &[#(#validators),*]));
    }
    if !exist.is_empty() || field.validators.iter().any(|one| matches!(one.check, Check::CustomAsync(_))) {
        more.push(quote!(asks: true));
    }
    if field.saving.is_some() {
        more.push(quote!(has_saving: true));
    }
    if field.kept {
        more.push(quote!(kept: true));
    }
    for (name, text) in [("input", &field.input), ("placeholder", &field.placeholder), ("help", &field.help)] {
        if let Some(text) = text {
            let name = format_ident!("{name}");
            more.push(quote!(#name: ::core::option::Option::Some(#text)));
        }
    }
    let new = quote!(#private::FieldMeta::new(#name, #wire, #label, #field_type, #nullable));
    if more.is_empty() { new } else { quote!(#private::FieldMeta { #(#more,)* ..#new }) }
}

/// What is asked of relations whose first key a field is.
fn existing(entity: &Entity, field: &Field) -> impl Iterator<Item = Validator> {
    let relations = entity.relations.iter().enumerate().filter(|(_, relation)| {
        let own = relation.keys.first().and_then(|key| key.own.as_ref());
        own.is_some_and(|own| syn::ext::IdentExt::unraw(own) == field.name)
    });
    relations.filter_map(|(index, relation)| {
        let Validator { name, message, .. } = relation.exists.as_ref()?;
        Some(Validator { name: name.clone(), check: Check::Exists(index), message: message.clone() })
    })
}

fn validator(entity: &Entity, field: &Field, validator: &Validator) -> TokenStream {
    let private = quote!(::isoform::__private);
    let check = match &validator.check {
        Check::Required => quote!(Required),
        Check::Email => quote!(Email),
        Check::Url => quote!(Url),
        Check::Len { min, max } => {
            let min = min.as_ref().map_or_else(|| quote!(0), |min| quote!(#min));
            let max = max.as_ref().map_or_else(|| quote!(::core::primitive::usize::MAX), |max| quote!(#max));
            quote!(Len { min: #min, max: #max })
        }
        Check::Range { min, max } => {
            let (min, max) = (number(field, min.as_ref()), number(field, max.as_ref()));
            quote!(Range { min: #min, max: #max })
        }
        Check::Pattern(pattern) => quote!(Pattern(#pattern)),
        Check::NotNull => quote!(NotNull),
        Check::Unique => quote!(Unique(#private::unique)),
        Check::Exists(relation) => quote!(Exists(|record, _| #private::exists(record, #relation))),
        Check::CustomAsync(path) => {
            let (entity, ty) = (&entity.ident, field.inner_type());
            // As below.
            quote_spanned! {here(path)=>
                CustomAsync(|record, field| ::isoform::__private::own_function::<#entity, #ty>(
                    record,
                    field,
                    |value, record| ::std::boxed::Box::pin(async move { #path(value, record).await }),
                ))
            }
        }
        Check::OneOf(values) => quote!(OneOf(&[#(#values),*])),
        Check::Custom(path) => {
            let ty = field.inner_type();
            // The call is written out, so that `fn(&str)` fits a `String`; a wrong signature is reported at its name.
            let message = validator.message.as_ref().map(|message| quote!(.map_err(|_| #message)));
            quote_spanned! {here(path)=>
                Custom(|value| ::isoform::__private::custom::<#ty, _>(value, |value| #path(value) #message))
            }
        }
    };
    match &validator.message {
        Some(message) if !matches!(validator.check, Check::Custom(_)) => {
            quote!(#private::Validator { check: #private::Check::#check, message: ::core::option::Option::Some(#message) })
        }
        _ => quote!(#private::Validator::new(#private::Check::#check)),
    }
}

fn number(field: &Field, limit: Option<&Expr>) -> TokenStream {
    let Some(limit) = limit else { return quote!(::core::option::Option::None) };
    let span = limit.span();
    let number = match field.kind {
        // A decimal's limit is written as a whole number, or with a point; a constant is of the type `f64`.
        Kind::Decimal if matches!(super::check::number(limit), Ok(Some(literal)) if literal.whole) => {
            quote_spanned!(span=> Int(#limit))
        }
        Kind::Float | Kind::Decimal => quote_spanned!(span=> Float({ const LIMIT: f64 = #limit; LIMIT })),
        // The type of the field's own value, so that what does not fit it is an error here.
        Kind::Int32 => quote_spanned!(span=> Int({ const LIMIT: i32 = #limit; LIMIT as i64 })),
        _ => quote_spanned!(span=> Int(#limit)),
    };
    quote!(::core::option::Option::Some(::isoform::__private::Number::#number))
}

fn run_hook(entity: &Entity) -> TokenStream {
    let Some(span) = entity.hooks else { return TokenStream::new() };
    let hooks = hooks(entity, span);
    quote! {
        fn run_hook<'a>(
            record: &'a mut ::isoform::__private::Record<Self>,
            hook: ::isoform::__private::Hook,
            event: &'a mut ::isoform::__private::LifecycleEvent<Self>,
        ) -> ::isoform::__private::BoxFuture<'a, ::isoform::__private::Result<()>> {
            #hooks::dispatch(record, hook, event)
        }
    }
}

/// `<Task as Hooks>`, reported where it says `hooks`.
pub(super) fn hooks(entity: &Entity, span: Span) -> TokenStream {
    let mut ident = entity.ident.clone();
    ident.set_span(span);
    quote_spanned!(span=> <#ident as ::isoform::__private::Hooks>)
}

fn run_field_saving(entity: &Entity) -> TokenStream {
    let mut arms = entity.fields.iter().enumerate().filter_map(|(index, field)| {
        let (_, path) = field.saving.as_ref()?;
        let column = Ident::new("column", here(path));
        // The column is made here, so that a function of another type is reported at its name.
        let ty = &field.ty;
        let call = quote_spanned! {here(path)=> {
            let #column: ::isoform::__private::Column<Self, #ty> = ::isoform::__private::Column::at(#index);
            #path(record, #column, event)
        }};
        Some(quote!(#index => ::std::boxed::Box::pin(#call)))
    });
    let Some(first) = arms.next() else { return TokenStream::new() };
    let (record, event) = (Ident::new("record", Span::mixed_site()), Ident::new("event", Span::mixed_site()));
    quote! {
        #[cfg(not(target_arch = "wasm32"))]
        fn run_field_saving<'a>(
            #record: &'a mut ::isoform::__private::Record<Self>,
            field: usize,
            #event: &'a mut ::isoform::__private::LifecycleEvent<Self>,
        ) -> ::isoform::__private::BoxFuture<'a, ::isoform::__private::Result<()>> {
            match field {
                #first,
                #(#arms,)*
                _ => ::isoform::__private::ready(::core::result::Result::Ok(())),
            }
        }
    }
}

fn declares_hooks(entity: &Entity) -> TokenStream {
    let ident = &entity.ident;
    match entity.hooks {
        Some(_) => quote!(#[automatically_derived] impl ::isoform::__private::DeclaresHooks for #ident {}),
        None => TokenStream::new(),
    }
}
