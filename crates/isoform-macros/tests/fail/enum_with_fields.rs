use isoform::prelude::*;

#[derive(FieldEnum, Clone, Copy, PartialEq)]
pub enum State {
    Open,
    Done(i64),
}

#[derive(FieldEnum, Clone, Copy, PartialEq)]
pub enum Size {
    #[field_enum(value = "s")]
    #[default]
    Small,
    #[field_enum(value = "s", lable = "Large")]
    #[default]
    Large,
}

#[derive(FieldEnum, Clone, Copy, PartialEq)]
pub struct NotAnEnum;

fn main() {}
