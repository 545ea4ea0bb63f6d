//! An entity inside a function, private, and beside names that the output might trip over.

#![allow(dead_code)]

fn main() {
    use isoform::prelude::Entity;

    struct Option;
    struct Vec;
    struct Box;
    struct Some;
    trait Clone {}
    type Result = ();

    #[derive(isoform::Entity, std::clone::Clone, Debug, PartialEq)]
    #[entity(key = "private-things", allow(crud = true))]
    struct Private {
        #[field(id)]
        id: std::string::String,
        #[field(default = "x", one_of("x", "y"), api_read = "admin")]
        index: std::string::String,
        #[field(default = 1)]
        value: i64,
        record: std::option::Option<isoform::Json<std::vec::Vec<String>>>,
    }

    assert_eq!(Private::meta().label, "Private Things");
    assert_eq!(Private::blank().index, "x");
    let _: (std::option::Option<Option>, Vec, Box, Some, Result) = (None, Vec, Box, Some, ());
}
