//! Entities that are only read: over a view, a `SELECT`, or a function that answers one.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Ident, LitStr, Path, Token, Type};

use super::model::{Entity, Field, Role};
use super::origin::Origin;
use crate::ctxt::Ctxt;
use crate::items::{self, Given, Item};
use crate::names;
use crate::rule::{here, without_self};

/// What rows are read from, where that is not the entity's own table.
pub enum Source {
    /// `view = "order_totals"`
    View(LitStr),
    /// `sql = "SELECT …"`
    Sql(LitStr),
    /// `sql = a_function`
    Function(Path),
}

/// One of `arguments(from: NaiveDate)`.
pub struct Argument {
    pub ident: Ident,
    pub name: String,
    pub wire: String,
    pub ty: Type,
}

/// What an entity says of where its rows come from.
#[derive(Default)]
pub struct Sources {
    /// At most one, or it is an error.
    pub named: Vec<(Ident, Source)>,
    /// Where it says `arguments`.
    pub arguments_token: Option<Ident>,
    pub arguments: Vec<Argument>,
    /// Where it says who may write.
    pub writers: Vec<Ident>,
}

impl Sources {
    pub fn view(&mut self, ctxt: &Ctxt, item: &Item) {
        let view = item.text(ctxt).map(|text| (item.name.clone(), Source::View(text)));
        self.named.extend(view);
    }

    pub fn sql(&mut self, ctxt: &Ctxt, entity: &Ident, item: &Item) {
        let source = match &item.given {
            Given::Value(Expr::Path(path)) if path.qself.is_none() => {
                Some(Source::Function(without_self(path.path.clone(), entity)))
            }
            Given::Value(value @ Expr::Lit(_)) => items::text(ctxt, &item.name, value).map(Source::Sql),
            _ => {
                ctxt.error(
                    &item.name,
                    "`sql` wants a text, `sql = \"SELECT …\"`, or a function, `sql = name_of_the_function`",
                );
                None
            }
        };
        self.named.extend(source.map(|source| (item.name.clone(), source)));
    }

    pub fn arguments(&mut self, ctxt: &Ctxt, item: &Item) {
        self.arguments_token = Some(item.name.clone());
        let Given::List(tokens) = &item.given else {
            return ctxt.error(&item.name, "write `arguments(from: NaiveDate, to: NaiveDate)`");
        };
        let parsed = (|input: ParseStream| {
            let mut arguments = Vec::new();
            while !input.is_empty() {
                let ident = input.parse::<Ident>()?;
                input.parse::<Token![:]>()?;
                let name = syn::ext::IdentExt::unraw(&ident).to_string();
                arguments.push(Argument { wire: names::camel_case(&name), name, ty: input.parse()?, ident });
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(arguments)
        })
        .parse2(tokens.clone());
        self.arguments = ctxt.ok(parsed).unwrap_or_default();
    }
}

/// Checks what an entity says of what it is read from.
pub fn check(ctxt: &Ctxt, entity: &Entity) {
    arguments_have_a_function(ctxt, entity);
    let Some((token, source)) = entity.sources.named.first() else { return };
    for (other, _) in entity.sources.named.iter().skip(1) {
        ctxt.error(other, format!("the rows come from `{token}` already: leave `{other}` out"));
    }
    if let Some(table) = &entity.table_token {
        ctxt.error(table, format!("an entity with `{token}` has no table of its own"));
    }
    for writer in &entity.sources.writers {
        ctxt.error(
            writer,
            format!("an entity with `{token}` can only be read: write `allow(read = …)`, and nothing else"),
        );
    }
    if let Some(hooks) = entity.hooks {
        ctxt.error_at(hooks, format!("an entity with `{token}` can only be read: no hook would run"));
    }
    for first in entity.indexes.iter().filter_map(|index| index.first()) {
        ctxt.error(&first.field, format!("an entity with `{token}` has no table that an index could be of"));
    }
    entity.fields.iter().filter(|field| field.within.is_none()).for_each(|field| only_read(ctxt, token, field));
    match source {
        Source::Sql(text) => {
            if let Err(problem) = parts(entity, text) {
                ctxt.error(text, problem);
            }
        }
        Source::View(name) => super::check::is_a_name(ctxt, name),
        Source::Function(_) => {}
    }
}

fn arguments_have_a_function(ctxt: &Ctxt, entity: &Entity) {
    let Some(token) = &entity.sources.arguments_token else { return };
    if !matches!(entity.sources.named.first(), Some((_, Source::Function(_)))) {
        ctxt.error(token, "arguments are given to a function: say `sql = name_of_the_function` too");
    }
    for (index, argument) in entity.sources.arguments.iter().enumerate() {
        if entity.sources.arguments.iter().take(index).any(|other| other.wire == argument.wire) {
            ctxt.error(&argument.ident, format!("`{}` is there twice", argument.name));
        }
    }
}

/// What only a field has that is written, or a column that the framework makes.
fn only_read(ctxt: &Ctxt, source: &Ident, field: &Field) {
    let others = [
        field.unique.as_ref(),
        field.index.as_ref(),
        field.auto_increment.as_ref(),
        field.default.as_ref().map(|(token, _)| token),
        field.allow_update.as_ref().map(|(token, _)| token),
        field.saving.as_ref().map(|(token, _)| token),
        field.make.as_ref().map(|(token, _)| token),
        field.column_type.as_ref().map(|(token, _)| token),
    ];
    let roles = field.roles.iter().filter(|(_, role)| *role != Role::Id).map(|(token, _)| token);
    let origins = field.origins.iter().filter(|(_, origin)| !matches!(origin, Origin::Server(_)));
    let validators = field.validators.iter().map(|validator| &validator.name);
    let all = others.into_iter().flatten().chain(roles).chain(origins.map(|(token, _)| token)).chain(validators);
    for token in all {
        ctxt.error(token, format!("an entity with `{source}` can only be read: leave `{token}` out"));
    }
}

/// A part of the text of a `SELECT`.
enum Part {
    Text(String),
    Rows(Path),
    Column(Path, Ident),
}

/// `{Order}` is what the rows of an entity are read from, `{Order.total}` a column of it, `{total}` one of the entity's own, `{{` a
/// brace.
fn parts(entity: &Entity, literal: &LitStr) -> Result<Vec<Part>, String> {
    let sql = literal.value();
    if sql.contains('?') {
        return Err(
            "nothing is bound here, so that a `?` has no value: let a function answer the SQL, `sql = name`".into()
        );
    }
    if !sql.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"))
        && !sql.trim_start().get(..4).is_some_and(|word| word.eq_ignore_ascii_case("with"))
    {
        return Err("a SELECT is wanted, such as \"SELECT {Order.customer} AS {customer} FROM {Order}\"".into());
    }
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = sql.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        text.push_str(before);
        if let Some(behind) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
            text.push_str(&brace[..1]);
            rest = behind;
            continue;
        }
        let Some((name, behind)) = brace.strip_prefix('{').and_then(|inside| inside.split_once('}')) else {
            return Err(
                "a brace without its other half: an entity is `{Name}`, a field `{Name.field}`, a brace is `{{` or `}}`"
                    .into(),
            );
        };
        rest = behind;
        let known: Vec<_> = entity.fields.iter().map(|field| field.name.as_str()).collect();
        match name.split_once('.') {
            None if name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.contains("::") => {
                let field = entity.fields.iter().find(|field| field.name == name);
                let field = field.ok_or_else(|| {
                    format!("`{}` has no field `{name}`; {}", entity.ident, names::known(name, &known))
                })?;
                text.push('"');
                text.push_str(&field.column);
                text.push('"');
                continue;
            }
            None => {
                let rows = other(entity, literal, name)?;
                if rows.is_ident(&entity.ident) {
                    return Err(format!("the rows of `{name}` cannot be read from themselves"));
                }
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(Part::Rows(rows));
            }
            Some((owner, field)) => {
                let path = other(entity, literal, owner)?;
                let field = LitStr::new(field, literal.span()).parse::<Ident>();
                let field = field.map_err(|_| format!("`{name}` is no field: write `{{Order.total}}`"))?;
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(Part::Column(path, field));
            }
        }
    }
    text.push_str(rest);
    parts.push(Part::Text(text));
    Ok(parts)
}

fn other(entity: &Entity, literal: &LitStr, name: &str) -> Result<Path, String> {
    let path = LitStr::new(name, literal.span()).parse::<Path>();
    let path = path.map_err(|_| format!("`{name}` is no entity: write `{{Order}}`"))?;
    Ok(without_self(path, &entity.ident))
}

/// What the metadata says of it.
pub fn meta(entity: &Entity) -> TokenStream {
    let private = quote!(::isoform::__private);
    match entity.sources.named.first() {
        None if entity.controller => quote!(#private::Source::Nothing),
        None => quote!(#private::Source::Table),
        Some((_, Source::View(_))) => quote!(#private::Source::View),
        Some((_, Source::Sql(literal))) => {
            let span = here_at(literal.span());
            let parts = parts(entity, literal).unwrap_or_default().into_iter().map(|part| match part {
                Part::Text(text) => quote!(#private::SqlPart::Text(#text)),
                Part::Rows(path) => {
                    quote_spanned!(span=> ::isoform::__private::SqlPart::Rows(<#path as ::isoform::__private::Entity>::meta))
                }
                Part::Column(path, field) => quote_spanned! {span=>
                    ::isoform::__private::SqlPart::Field(
                        <#path as ::isoform::__private::Entity>::meta,
                        <#path as ::isoform::__private::Entity>::FIELDS.#field.index(),
                    )
                },
            });
            quote!(#private::Source::Sql(&[#(#parts),*]))
        }
        Some((_, Source::Function(path))) => function(entity, path),
    }
}

fn here_at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// The name on the wire of the filter that gives arguments.
const GIVEN: &str = "given";

/// The function, as a custom filter whose arguments are its own.
fn function(entity: &Entity, path: &Path) -> TokenStream {
    let private = quote!(::isoform::__private);
    let names = wire_names(entity);
    let args = Ident::new("args", Span::mixed_site());
    let takes = entity.sources.arguments.iter().map(|Argument { ident, wire, ty, .. }| {
        let travels = travels(ty);
        quote!(let #ident = #travels::take(&mut #args, #wire)?;)
    });
    let given = entity.sources.arguments.iter().map(|argument| &argument.ident);
    // The call is written out, so that a wrong signature is reported at the function's name.
    let call = quote_spanned!(here(path)=> ::isoform::__private::source(#path(#(#given),*)));
    quote! {
        #private::Source::Function(#private::CustomFilter {
            wire: #GIVEN,
            arguments: #names,
            body: |#args| {
                #[allow(unused_mut, reason = "a function without arguments takes none")]
                let mut #args = #args;
                #(#takes)*
                #args.end()?;
                ::core::result::Result::Ok(#call)
            },
        })
    }
}

fn wire_names(entity: &Entity) -> TokenStream {
    let names = entity.sources.arguments.iter().map(|argument| &argument.wire);
    quote!(&[#(#names),*])
}

/// `<T as Travels>`: a type that serde cannot write and read is reported where the user wrote it.
fn travels(ty: &Type) -> TokenStream {
    quote_spanned!(syn::spanned::Spanned::span(ty)=> <#ty as ::isoform::__private::Travels>)
}

/// `OrderTotals::given(from, to)` and `OrderTotals::query_with(from, to)`, where there are arguments.
pub fn given(entity: &Entity) -> TokenStream {
    if entity.sources.arguments.is_empty() {
        return TokenStream::new();
    }
    let private = quote!(::isoform::__private);
    let Entity { ident, vis, .. } = entity;
    let names: Vec<_> = entity.sources.arguments.iter().map(|argument| &argument.ident).collect();
    let types: Vec<_> = entity.sources.arguments.iter().map(|argument| &argument.ty).collect();
    let encoded = names.iter().zip(&types).map(|(name, ty)| {
        let travels = travels(ty);
        // What serde cannot write is null, which the server refuses.
        quote!(#travels::encode(&#name).unwrap_or_default())
    });
    let wire = wire_names(entity);
    quote! {
        impl #ident {
            /// The rows for these arguments, as a filter: of a query, of an include, or over a relation.
            #[allow(dead_code, reason = "one of the two is enough")]
            #[must_use]
            #vis fn given(#(#names: #types),*) -> #private::Filter<Self> {
                #private::custom_filter::<Self>(#GIVEN, #wire, ::std::vec::Vec::from([#(#encoded),*]))
            }

            /// A query for the rows for these arguments.
            #[allow(dead_code, reason = "one of the two is enough")]
            #vis fn query_with(#(#names: #types),*) -> #private::Query<Self> {
                <Self as #private::Entity>::query().filter(|_| Self::given(#(#names),*))
            }
        }
    }
}
