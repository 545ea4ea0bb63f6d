//! What must hold of a backend method: each rule is a function.

use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{FnArg, ImplItemFn, Receiver, Type};

use super::model::{Block, is_pub};
use crate::ctxt::Ctxt;

/// The rest of it can be expanded all the same.
pub fn is_public(ctxt: &Ctxt, function: &ImplItemFn) {
    if !is_pub(&function.vis) {
        let name = &function.sig.ident;
        ctxt.error(name, format!("the API reaches backend methods, so they are public: write `pub async fn {name}`"));
    }
}

pub fn is_async(ctxt: &Ctxt, function: &ImplItemFn) -> bool {
    if function.sig.asyncness.is_none() {
        let message = format!("a call takes its time: write `pub async fn {}`", function.sig.ident);
        ctxt.error(&function.sig.fn_token, message);
    }
    function.sig.asyncness.is_some()
}

pub fn is_plain(ctxt: &Ctxt, function: &ImplItemFn) -> bool {
    let signature = &function.sig;
    if !signature.generics.params.is_empty() {
        ctxt.error(&signature.generics, "what travels has one type: a backend method cannot be generic");
        return false;
    }
    if let Some(unsafety) = &signature.unsafety {
        ctxt.error(unsafety, "a backend method cannot be unsafe");
        return false;
    }
    true
}

pub fn takes_the_record(ctxt: &Ctxt, function: &ImplItemFn) -> bool {
    match function.sig.receiver() {
        Some(Receiver { reference: Some(_), mutability: Some(_), colon_token: None, .. }) => true,
        Some(other) => {
            ctxt.error(other, "the record travels there and back: write `&mut self`");
            false
        }
        None => {
            ctxt.error(
                &function.sig.ident,
                "a method of a record takes `&mut self`; what needs no record stands in `#[backend] impl` of the entity itself",
            );
            false
        }
    }
}

pub fn takes_no_receiver(ctxt: &Ctxt, function: &ImplItemFn) -> bool {
    if let Some(FnArg::Receiver(receiver)) = function.sig.inputs.first() {
        ctxt.error_at(
            receiver.span(),
            "a method of a record stands in `#[backend] impl Record<…>`; one of the entity takes no `self`",
        );
        return false;
    }
    true
}

pub fn distinct_names(ctxt: &Ctxt, block: &Block) {
    for (index, method) in block.methods.iter().enumerate() {
        if let Some(other) =
            block.methods.iter().take(index).find(|other| other.wire == method.wire && other.cfgs.is_empty())
        {
            let message = format!(
                "`{}` and `{}` are both `{}` on the wire: rename one of them",
                other.name, method.name, method.wire
            );
            ctxt.error(&method.ident, message);
        }
    }
}

/// The owned type beside a borrowed one.
pub fn owned(ty: &Type) -> String {
    match ty {
        Type::Path(path) if path.path.is_ident("str") => "String".into(),
        Type::Slice(slice) => format!("Vec<{}>", slice.elem.to_token_stream()),
        other => other.to_token_stream().to_string(),
    }
}
