//! `#[derive(FieldEnum)]`: an enum without fields as a field of an entity.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{Data, DeriveInput, Fields, Ident, LitStr, Meta};

use crate::ctxt::Ctxt;
use crate::{items, names, symbol};

struct Variant {
    ident: Ident,
    value: String,
    value_token: Option<LitStr>,
    label: String,
    /// Where it says `#[default]`.
    initial: Option<syn::Path>,
}

/// What the derive adds beside the enum.
pub fn derive(input: &DeriveInput) -> TokenStream {
    let ctxt = Ctxt::default();
    let variants = parse(&ctxt, input);
    let output = variants.filter(|variants| !variants.is_empty()).map(|variants| {
        distinct_values(&ctxt, &variants);
        one_initial(&ctxt, &variants);
        expand(&input.ident, &variants)
    });
    let errors = ctxt.finish();
    quote!(#errors #output)
}

fn parse(ctxt: &Ctxt, input: &DeriveInput) -> Option<Vec<Variant>> {
    let Data::Enum(data) = &input.data else {
        ctxt.error(
            &input.ident,
            "#[derive(FieldEnum)] is for enums; any other serde type can be stored in a `Json<…>`",
        );
        return None;
    };
    if !input.generics.params.is_empty() {
        ctxt.error(&input.generics, "an enum that is stored by the name of its variant cannot be generic");
        return None;
    }
    if data.variants.is_empty() {
        ctxt.error(&input.ident, "the enum has no variant");
    }
    let mut fieldless = true;
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            ctxt.error(
                &variant.fields,
                format!("`{}` is stored as its name, which has no place for fields; an enum with fields can be stored in a `Json<…>`", variant.ident),
            );
            fieldless = false;
        }
    }
    let variants: Vec<_> = data.variants.iter().map(|variant| self::variant(ctxt, variant)).collect();
    fieldless.then_some(variants)
}

fn variant(ctxt: &Ctxt, syntax: &syn::Variant) -> Variant {
    let snake = names::snake_case(&syntax.ident.unraw().to_string());
    let (mut value, mut label) = (None, None);
    let (_, items) = items::of_attributes(ctxt, &syntax.attrs, symbol::FIELD_ENUM);
    for item in &items {
        match item.name.to_string().as_str() {
            symbol::VALUE => value = item.text(ctxt),
            symbol::LABEL => label = item.text(ctxt),
            _ => items::unknown(ctxt, item, "#[field_enum(…)]", symbol::IN_FIELD_ENUM),
        }
    }
    if let Some(value) = value.as_ref().filter(|value| value.value().is_empty() || value.value().contains('\0')) {
        ctxt.error(value, "a variant is stored as some text: it cannot be empty");
    }
    let initial = syntax.attrs.iter().find(|attribute| attribute.path().is_ident(symbol::DEFAULT));
    if let Some(attribute) = initial.filter(|attribute| !matches!(attribute.meta, Meta::Path(_))) {
        ctxt.error(attribute, "write just #[default]");
    }
    Variant {
        ident: syntax.ident.clone(),
        label: label.map_or_else(|| names::sentence(&snake), |label| label.value()),
        value: value.as_ref().map_or(snake, LitStr::value),
        value_token: value,
        initial: initial.map(|attribute| attribute.path().clone()),
    }
}

fn distinct_values(ctxt: &Ctxt, variants: &[Variant]) {
    for (index, variant) in variants.iter().enumerate() {
        if let Some(other) = variants.iter().take(index).find(|other| other.value == variant.value) {
            let message =
                format!("`{}` is stored as \"{}\" already: give this one another `value`", other.ident, other.value);
            match &variant.value_token {
                Some(token) => ctxt.error(token, message),
                None => ctxt.error(&variant.ident, message),
            }
        }
    }
}

fn one_initial(ctxt: &Ctxt, variants: &[Variant]) {
    let mut initial = variants.iter().filter_map(|variant| Some((variant, variant.initial.as_ref()?)));
    if let Some((first, _)) = initial.next() {
        for (_, token) in initial {
            ctxt.error(token, format!("new records start with `{}` already", first.ident));
        }
    }
}

fn expand(ident: &Ident, variants: &[Variant]) -> TokenStream {
    let private = quote!(::isoform::__private);
    let data = variants.iter().map(|variant| {
        let Variant { value, label, .. } = variant;
        quote!(#private::Variant { value: #value, label: #label })
    });
    let idents: Vec<_> = variants.iter().map(|variant| &variant.ident).collect();
    let indexes: Vec<_> = (0..variants.len()).collect();
    let initial = variants
        .iter()
        .find(|variant| variant.initial.is_some())
        .or_else(|| variants.first())
        .map(|variant| &variant.ident);
    quote! {
        #[automatically_derived]
        impl #private::FieldEnum for #ident {
            const VARIANTS: &'static [#private::Variant] = &[#(#data),*];

            fn index(self) -> usize {
                match self {
                    #(Self::#idents => #indexes),*
                }
            }

            fn from_index(index: usize) -> ::core::option::Option<Self> {
                ::core::option::Option::Some(match index {
                    #(#indexes => Self::#idents,)*
                    _ => return ::core::option::Option::None,
                })
            }

            fn initial() -> Self {
                Self::#initial
            }
        }

        #[automatically_derived]
        impl #private::Ordered for #ident {
            type Plain = Self;
        }

        #[automatically_derived]
        impl #private::ChoiceValue for #ident {}

        #[automatically_derived]
        impl #private::FieldValue for #ident {
            const TYPE: #private::FieldType = #private::FieldType::Enum(<Self as #private::FieldEnum>::VARIANTS);

            fn to_value(&self) -> #private::Value {
                #private::enum_to_value(*self)
            }

            fn from_value(value: #private::Value) -> ::core::result::Result<Self, #private::ValueError> {
                #private::enum_from_value(value)
            }

            fn blank() -> Self {
                <Self as #private::FieldEnum>::initial()
            }
        }

        #[automatically_derived]
        impl #private::serde::Serialize for #ident {
            fn serialize<S: #private::serde::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(#private::FieldEnum::value(*self))
            }
        }

        #[automatically_derived]
        impl<'de> #private::serde::Deserialize<'de> for #ident {
            fn deserialize<D: #private::serde::Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                #private::enum_from_serde(deserializer)
            }
        }
    }
}
