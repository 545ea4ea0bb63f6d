//! Fields that nobody writes: what the database or the server makes of the others, and how ids are made.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Expr, Ident, LitStr, Path};

use super::model::{Entity, Field, Kind, Role};
use crate::ctxt::Ctxt;
use crate::rule::here;
use crate::{names, symbol};

/// Where the value of a field comes from, where it is not written.
#[derive(Clone)]
pub enum Origin {
    /// `db_read_only`
    Database,
    /// `sql_expression = "{price} * {quantity}"`
    Sql(LitStr),
    /// `related = |o| o.items.count()`
    Related(Expr),
    /// `server_expression = a_function`
    Server(Path),
}

/// Does the server compute it, so that it has no column?
pub fn is_computed(field: &Field) -> bool {
    matches!(field.origins.first(), Some((_, Origin::Server(_))))
}

/// Checks what a field says of where its value comes from.
pub fn check(ctxt: &Ctxt, entity: &Entity, field: &Field) {
    one_origin(ctxt, field);
    nobody_writes_it(ctxt, field);
    database_has_a_value(ctxt, field);
    expression_names_columns(ctxt, entity, field);
    order_names_a_column(ctxt, entity, field);
    nothing_stands_on_it(ctxt, entity, field);
    ids_are_made_once(ctxt, field);
}

/// Has the table no such column?
const fn has_none(origin: &Origin) -> bool {
    matches!(origin, Origin::Server(_) | Origin::Related(_))
}

fn one_origin(ctxt: &Ctxt, field: &Field) {
    if let [(first, _), rest @ ..] = field.origins.as_slice() {
        for (token, _) in rest {
            ctxt.error(token, format!("the field is made by `{first}` already: leave `{token}` out"));
        }
    }
}

fn nobody_writes_it(ctxt: &Ctxt, field: &Field) {
    let Some((origin, kind)) = field.origins.first() else { return };
    let no_column = has_none(kind);
    let others = [
        field.default.as_ref().map(|(token, _)| token),
        field.allow_update.as_ref().map(|(token, _)| token),
        field.saving.as_ref().map(|(token, _)| token),
        field.unique.as_ref().filter(|_| no_column),
        field.column_type.as_ref().map(|(token, _)| token).filter(|_| no_column),
        field.roles.first().map(|(token, _)| token),
    ];
    for token in field.validators.iter().map(|validator| &validator.name).chain(others.into_iter().flatten()) {
        ctxt.error(token, format!("nobody writes a field with `{origin}`: leave `{token}` out"));
    }
    if let Some(column) = field.column_token.as_ref().filter(|_| no_column) {
        ctxt.error(column, format!("a field with `{origin}` has no column"));
    }
}

fn database_has_a_value(ctxt: &Ctxt, field: &Field) {
    let Some((origin, Origin::Database)) = field.origins.first() else { return };
    if !field.optional && field.column_type.is_none() {
        ctxt.error(
            origin,
            "where does its value come from? Make it an `Option`, or say `column_type = \"integer DEFAULT 0\"`",
        );
    }
}

fn expression_names_columns(ctxt: &Ctxt, entity: &Entity, field: &Field) {
    if let Some((_, Origin::Sql(expression))) = field.origins.first()
        && let Err(problem) = sql(entity, field, &expression.value())
    {
        ctxt.error(expression, problem);
    }
}

fn order_names_a_column(ctxt: &Ctxt, entity: &Entity, field: &Field) {
    if !matches!(field.origins.first(), Some((_, Origin::Server(_)))) {
        return;
    }
    for order in entity.order_by.iter().filter(|order| order.field == field.ident) {
        ctxt.error(&order.field, format!("`{}` has no column: rows cannot be sorted by it", field.name));
    }
    for order in entity.indexes.iter().flatten().filter(|order| order.field == field.ident) {
        ctxt.error(&order.field, format!("`{}` has no column that an index could be of", field.name));
    }
    if let Some(index) = &field.index {
        ctxt.error(index, format!("`{}` has no column that an index could be of", field.name));
    }
}

/// The table has no such column: it has no index, and no relation stands on it.
fn nothing_stands_on_it(ctxt: &Ctxt, entity: &Entity, field: &Field) {
    if !field.origins.first().is_some_and(|(_, kind)| has_none(kind)) {
        return;
    }
    let message = format!("`{}` is no column of the table: leave it out", field.name);
    if let Some(index) = &field.index {
        ctxt.error(index, &message);
    }
    let indexed = entity.indexes.iter().flatten().map(|order| &order.field);
    let keys = entity.relations.iter().flat_map(|relation| &relation.keys).filter_map(|key| key.own.as_ref());
    for ident in indexed.chain(keys).filter(|ident| **ident == field.ident) {
        ctxt.error(ident, &message);
    }
}

fn ids_are_made_once(ctxt: &Ctxt, field: &Field) {
    let id = field.role() == Some(Role::Id);
    if let Some(token) = &field.auto_increment {
        if !id {
            ctxt.error(token, "only an id is counted up: write `id, auto_increment`");
        } else if field.optional || !matches!(field.kind, Kind::Int32 | Kind::Int64) {
            ctxt.error(&field.ty, "an id that is counted up is an `i64` or an `i32`");
        }
        if let Some((make, _)) = &field.make {
            ctxt.error(make, "the database makes this id already: leave `make` or `auto_increment` out");
        }
        if let Some((column_type, _)) = &field.column_type {
            ctxt.error(column_type, "a column that is counted up has its own type");
        }
    }
    if let Some((token, _)) = field.make.as_ref().filter(|_| !id) {
        ctxt.error(token, "only an id is made: what else a new record starts with is its `default`");
    }
}

/// The expression with the names of columns in it: `{price}` is the column of the field `price`, `{{` is a brace.
fn sql(entity: &Entity, field: &Field, expression: &str) -> Result<String, String> {
    if expression.trim().is_empty() {
        return Err("an expression of SQL is wanted, such as \"{price} * {quantity}\"".into());
    }
    let mut sql = String::new();
    let mut rest = expression;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        sql.push_str(before);
        if let Some(behind) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
            sql.push_str(&brace[..1]);
            rest = behind;
            continue;
        }
        let Some((name, behind)) = brace.strip_prefix('{').and_then(|inside| inside.split_once('}')) else {
            return Err("a brace without its other half: a field is `{name}`, a brace is `{{` or `}}`".into());
        };
        let known: Vec<_> = entity.fields.iter().map(|field| field.name.as_str()).collect();
        let named = entity.fields.iter().find(|field| field.name == name);
        let named =
            named.ok_or_else(|| format!("`{}` has no field `{name}`; {}", entity.ident, names::known(name, &known)))?;
        if named.name == field.name {
            return Err(format!("`{name}` cannot be computed from itself"));
        }
        if let Some((origin, _)) = named.origins.first().filter(|(_, kind)| has_none(kind)) {
            return Err(match *origin == symbol::RELATED {
                true => format!("`{name}` has no column: it is computed of related rows"),
                false => format!("`{name}` has no column: the server computes it"),
            });
        }
        sql.push('"');
        sql.push_str(&named.column);
        sql.push('"');
        rest = behind;
    }
    sql.push_str(rest);
    Ok(sql)
}

/// What the metadata of a field says of all this.
pub fn meta(entity: &Entity, field: &Field) -> Vec<TokenStream> {
    let private = quote!(::isoform::__private);
    let mut more = Vec::new();
    match field.origins.first().map(|(_, origin)| origin) {
        None => {}
        Some(Origin::Database) => more.push(quote!(origin: #private::Origin::Database)),
        Some(Origin::Related(value)) => {
            let (ident, ty) = (&entity.ident, &field.ty);
            let span = Span::mixed_site().located_at(value.span());
            let declared = quote_spanned! {span=>
                ::isoform::__private::declared::<#ident, #ty, _>(#value)
            };
            // What it is computed of stays on the server.
            more.push(quote! {
                origin: {
                    #[cfg(not(target_arch = "wasm32"))]
                    { #private::Origin::Related(|| #declared) }
                    #[cfg(target_arch = "wasm32")]
                    { #private::Origin::Database }
                }
            });
        }
        Some(Origin::Server(_)) => more.push(quote!(origin: #private::Origin::Server)),
        Some(Origin::Sql(expression)) => {
            let sql = sql(entity, field, &expression.value()).unwrap_or_default();
            // The names of columns stay on the server.
            more.push(quote! {
                origin: {
                    #[cfg(not(target_arch = "wasm32"))]
                    { #private::Origin::Expression(#sql) }
                    #[cfg(target_arch = "wasm32")]
                    { #private::Origin::Database }
                }
            });
        }
    }
    if field.auto_increment.is_some() {
        more.push(quote!(auto_increment: true));
    }
    if let Some((_, path)) = &field.make {
        let ty = &field.ty;
        more.push(quote_spanned! {here(path)=>
            #[cfg(not(target_arch = "wasm32"))]
            make: ::core::option::Option::Some(|| {
                let made: #ty = #path();
                <#ty as ::isoform::__private::FieldValue>::to_value(&made)
            })
        });
    }
    if let Some((_, column_type)) = &field.column_type {
        more.push(quote! {
            #[cfg(not(target_arch = "wasm32"))]
            column_type: ::core::option::Option::Some(#column_type)
        });
    }
    if let Some((_, path)) = &field.display {
        let ty = field.inner_type();
        more.push(quote_spanned! {here(path)=>
            display: ::core::option::Option::Some(|value| {
                ::isoform::__private::display::<#ty, _>(value, |value| #path(value))
            })
        });
    }
    more
}

/// `Entity::run_server_expression`, where a field has one.
pub fn run_server_expression(entity: &Entity) -> TokenStream {
    let record = Ident::new("record", Span::mixed_site());
    let arms: Vec<_> = entity
        .fields
        .iter()
        .enumerate()
        .filter_map(|(index, field)| {
            let Some((_, Origin::Server(path))) = field.origins.first() else { return None };
            let ty = &field.ty;
            let call = quote_spanned! {here(path)=>
                ::std::boxed::Box::pin(async move {
                    let computed: #ty = #path(#record).await?;
                    ::core::result::Result::Ok(<#ty as ::isoform::__private::FieldValue>::to_value(&computed))
                })
            };
            Some(quote!(#index => #call))
        })
        .collect();
    if arms.is_empty() {
        return TokenStream::new();
    }
    quote! {
        #[cfg(not(target_arch = "wasm32"))]
        fn run_server_expression<'a>(
            #record: &'a ::isoform::__private::Record<Self>,
            field: usize,
        ) -> ::isoform::__private::BoxFuture<'a, ::isoform::__private::Result<::isoform::__private::Value>> {
            match field {
                #(#arms,)*
                _ => ::isoform::__private::ready(::core::result::Result::Ok(::isoform::__private::Value::Null)),
            }
        }
    }
}
