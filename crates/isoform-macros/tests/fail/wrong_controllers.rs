use isoform::prelude::*;

#[derive(Controller, Clone, PartialEq)]
pub struct SignIn {
    pub name: String,
}

#[derive(Controller, Clone, PartialEq)]
#[controller(label = "Sign in")]
pub struct Second {
    pub name: String,
}

#[derive(Controller, Clone, PartialEq)]
#[controller(key = "me")]
pub struct Third {
    pub name: String,
}

#[derive(Controller, Clone, PartialEq)]
#[controller(key = "SignIn", allow(read = true))]
pub struct Fourth {
    pub name: String,
}

#[derive(Controller, Clone, PartialEq)]
#[controller(key = "fifth")]
pub struct Fifth(String);

#[derive(Controller, Clone, PartialEq)]
#[controller(key = "sixth")]
pub struct Sixth {
    #[field(id)]
    pub id: Uuid,
    #[field(unique, index, column = "elsewhere")]
    pub name: String,
    #[field(created_at)]
    pub at: DateTime<Utc>,
    #[field(sql_expression = "{name}")]
    pub upper: String,
    pub body: Lazy<String>,
    #[field(allow_update = false, len(max = 5))]
    pub answer: String,
    #[field(len(max = 5), input = "pasword")]
    pub number: i32,
}

#[derive(Entity, Clone, PartialEq)]
#[entity(key = "persons", allow(crud = true))]
pub struct Person {
    #[field(id)]
    pub id: String,
}

#[derive(Controller, Clone, PartialEq)]
#[controller(key = "seventh")]
pub struct Seventh {
    pub person_id: String,
    #[relation(person_id)]
    pub person: ToOne<Person>,
}

#[derive(Controller, Clone, PartialEq)]
#[controller(key = "eighth")]
pub struct Eighth {}

#[derive(Controller, Clone, PartialEq)]
#[controller(key = "ninth")]
pub struct Ninth {
    pub first_name: String,
    pub first__name: String,
}

fn main() {}
