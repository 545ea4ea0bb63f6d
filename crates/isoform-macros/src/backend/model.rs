//! What an `impl` under `#[backend]` says. A method that is wrong is noted and left out.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::visit_mut::VisitMut;
use syn::{
    Attribute, Expr, FnArg, GenericArgument, Ident, ImplItem, ImplItemFn, ItemImpl, Meta, Pat, PathArguments,
    ReturnType, Token, Type, Visibility,
};

use super::check;
use super::options::Options;
use crate::ctxt::Ctxt;
use crate::rule::Rule;
use crate::{names, symbol};

/// The methods of an entity's records, or of the entity itself.
pub struct Block {
    /// The entity.
    pub entity: Type,
    /// The entity's name.
    pub name: Ident,
    /// `Record<Task>`, where it is about records.
    pub record: Option<Type>,
    /// The documentation and the like of the block.
    pub attributes: Vec<Attribute>,
    pub methods: Vec<Method>,
}

/// A backend method.
pub struct Method {
    pub ident: Ident,
    /// The name in Rust, without `r#`.
    pub name: String,
    pub wire: String,
    /// Documentation and such, for whoever calls it.
    pub docs: Vec<Attribute>,
    /// `#[cfg(…)]`, for all that is made of it.
    pub cfgs: Vec<Attribute>,
    /// Whatever else, for its body.
    pub attributes: Vec<Attribute>,
    pub rule: Rule,
    pub options: Options,
    pub arguments: Vec<Argument>,
    /// `Result<T>`, as the user wrote it.
    pub output: Type,
    /// `T`.
    pub result: Type,
    pub syntax: ImplItemFn,
}

pub struct Argument {
    pub ident: Ident,
    pub ty: Type,
}

/// The block, as far as it can be understood.
pub fn block(ctxt: &Ctxt, item: &ItemImpl, options: &Options) -> Option<Block> {
    if let Some((_, path, _)) = &item.trait_ {
        ctxt.error(path, "#[backend] stands above `impl Record<Task>` or `impl Task`, not above the `impl` of a trait");
        return None;
    }
    if !item.generics.params.is_empty() {
        ctxt.error(&item.generics, "an entity is one table: its methods cannot be generic");
        return None;
    }
    let record = record_of(&item.self_ty);
    let entity = record.unwrap_or(&item.self_ty).clone();
    let Some(name) = name_of(&entity) else {
        ctxt.error(&entity, "the name of an entity is wanted here, as in `impl Record<Task>` or `impl Task`");
        return None;
    };
    let record = record.map(|_| (*item.self_ty).clone());
    let mut methods = Vec::new();
    for one in &item.items {
        match one {
            ImplItem::Fn(function) => methods.extend(method(ctxt, item, record.is_some(), function, options)),
            other => ctxt.error(other, "#[backend] wants methods only: put this into an `impl` of its own"),
        }
    }
    Some(Block { entity, name, record, attributes: item.attrs.clone(), methods })
}

/// The `Task` of `Record<Task>`.
fn record_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    (last.ident == "Record").then(|| only_argument(&last.arguments)).flatten()
}

fn only_argument(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(list) = arguments else { return None };
    match (list.args.len(), list.args.first()) {
        (1, Some(GenericArgument::Type(ty))) => Some(ty),
        _ => None,
    }
}

fn name_of(ty: &Type) -> Option<Ident> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    last.arguments.is_none().then(|| last.ident.clone())
}

fn method(ctxt: &Ctxt, item: &ItemImpl, of_record: bool, function: &ImplItemFn, options: &Options) -> Option<Method> {
    let mut function = function.clone();
    SpellOutSelf(&item.self_ty).visit_signature_mut(&mut function.sig);
    check::is_public(ctxt, &function);
    let right = [
        check::is_async(ctxt, &function),
        check::is_plain(ctxt, &function),
        if of_record { check::takes_the_record(ctxt, &function) } else { check::takes_no_receiver(ctxt, &function) },
    ];
    let arguments: Vec<_> = function.sig.inputs.iter().filter_map(|input| argument(ctxt, input)).collect();
    let taken = function.sig.inputs.iter().filter(|input| matches!(input, FnArg::Typed(_))).count();
    let output = output(ctxt, &function);
    let name = function.sig.ident.unraw().to_string();
    let (rule, options) = allowed(ctxt, &function, options.clone());
    let (mut docs, mut cfgs, mut attributes) = (Vec::new(), Vec::new(), Vec::new());
    for attribute in &function.attrs {
        let path = attribute.path();
        if path.is_ident("cfg") {
            cfgs.push(attribute.clone());
        } else if path.is_ident("doc") || path.is_ident("deprecated") || path.is_ident("must_use") {
            docs.push(attribute.clone());
        } else if !path.is_ident(symbol::ALLOWED) {
            attributes.push(attribute.clone());
        }
    }
    let (output, result) = output?;
    if right.contains(&false) || arguments.len() != taken {
        return None;
    }
    let ident = function.sig.ident.clone();
    Some(Method {
        wire: names::camel_case(&name),
        ident,
        name,
        docs,
        cfgs,
        attributes,
        rule,
        options,
        arguments,
        output,
        result,
        syntax: function,
    })
}

const ONE_RULE: &str =
    "one rule is wanted, such as [\"admin\", \"editor\"], and behind it at most options, such as `transaction = false`";

/// `#[allowed(rule)]`, `#[allowed(rule, transaction = false)]`.
fn allowed(ctxt: &Ctxt, function: &ImplItemFn, options: Options) -> (Rule, Options) {
    let mut attributes = function.attrs.iter().filter(|attribute| attribute.path().is_ident(symbol::ALLOWED));
    let Some(first) = attributes.next() else {
        ctxt.error(
            &function.sig.ident,
            format!("who may call `{}`? Write #[allowed(…)] above it: `authenticated`, \"a role\", a function, `true` for everybody", function.sig.ident),
        );
        return (Rule::Nobody, options);
    };
    for second in attributes {
        ctxt.error(second.path(), "`allowed` is there twice: leave one of them out");
    }
    let Meta::List(list) = &first.meta else {
        ctxt.error(first, "write #[allowed(…)], with a rule such as `authenticated`");
        return (Rule::Nobody, options);
    };
    let parsed = (|input: ParseStream| {
        let rule: Expr = input.parse()?;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        if !input.is_empty() && !input.peek(Ident) {
            return Err(input.error(ONE_RULE));
        }
        Ok((rule, input.parse::<TokenStream>()?))
    })
    .parse2(list.tokens.clone());
    match ctxt.ok(parsed) {
        Some((rule, rest)) => (Rule::of(ctxt, &rule), options.with(ctxt, rest)),
        None => (Rule::Nobody, options),
    }
}

/// An argument that can travel.
pub fn argument(ctxt: &Ctxt, input: &FnArg) -> Option<Argument> {
    let FnArg::Typed(typed) = input else { return None };
    let Pat::Ident(pattern) = &*typed.pat else {
        ctxt.error(
            &typed.pat,
            "an argument of a backend method has a name, by which errors call it: take it apart in the body",
        );
        return None;
    };
    if let Some(by_ref) = &pattern.by_ref {
        ctxt.error(by_ref, "arguments travel by value: leave `ref` out");
        return None;
    }
    match &*typed.ty {
        Type::Reference(reference) => {
            let owned = check::owned(&reference.elem);
            ctxt.error(reference, format!("arguments travel by value: take an owned type, such as `{owned}`"));
            return None;
        }
        Type::ImplTrait(generic) => {
            ctxt.error(generic, "what travels has one type: name it");
            return None;
        }
        ty => {
            if let Some(record) = record_within(ty) {
                ctxt.error(
                    record,
                    "a record does not travel as an argument, for its caller could write into it what they may not: take the id \
                     and find the record, or make this a method of the record",
                );
                return None;
            }
        }
    }
    Some(Argument { ident: pattern.ident.clone(), ty: (*typed.ty).clone() })
}

/// The `Record<…>` in a type.
fn record_within(ty: &Type) -> Option<&syn::PathSegment> {
    let Type::Path(path) = ty else { return None };
    path.path.segments.iter().find_map(|segment| {
        let PathArguments::AngleBracketed(inner) = &segment.arguments else { return None };
        if segment.ident == "Record" {
            return Some(segment);
        }
        inner.args.iter().find_map(|one| if let GenericArgument::Type(ty) = one { record_within(ty) } else { None })
    })
}

/// The type of what a function answers, and what is in its `Result`.
pub fn output(ctxt: &Ctxt, function: &ImplItemFn) -> Option<(Type, Type)> {
    let wrong = |span: Span| {
        ctxt.error_at(span, "a call can fail: the method answers `Result<T>`, with isoform's `Result`");
        None
    };
    let ReturnType::Type(_, output) = &function.sig.output else { return wrong(function.sig.ident.span()) };
    let Type::Path(path) = &**output else { return wrong(output.span()) };
    match path.path.segments.last() {
        Some(last) if last.ident == "Result" => match only_argument(&last.arguments) {
            Some(result) => Some(((**output).clone(), result.clone())),
            None => wrong(output.span()),
        },
        _ => wrong(output.span()),
    }
}

/// The visibility that a method must have.
pub fn is_pub(vis: &Visibility) -> bool {
    matches!(vis, Visibility::Public(_))
}

/// Signatures are repeated where `Self` is another type.
pub struct SpellOutSelf<'a>(pub &'a Type);

impl VisitMut for SpellOutSelf<'_> {
    fn visit_receiver_mut(&mut self, _: &mut syn::Receiver) {}

    fn visit_type_mut(&mut self, ty: &mut Type) {
        match ty {
            Type::Path(path) if path.path.is_ident("Self") => *ty = self.0.clone(),
            other => syn::visit_mut::visit_type_mut(self, other),
        }
    }
}
