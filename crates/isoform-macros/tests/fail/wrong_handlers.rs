use isoform::handlers::{Create, Find, Handlers, Next, Outcome, Request};
use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tasks", allow(crud = true))]
pub struct Task {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "notes", allow(crud = true))]
pub struct Note {
    #[field(id)]
    pub id: Uuid,
    pub text: String,
}

fn is_not_async() -> Handlers {
    Handlers::new().before::<Create, Task>(|_| Ok(Next::Continue))
}

fn is_not_async_either() -> Handlers {
    Handlers::new().after::<Create, Task>(|_, _| Ok(()))
}

fn answers_nothing() -> Handlers {
    Handlers::new().before::<Create, Task>(async |_| Ok(()))
}

fn answers_what_the_event_does_not() -> Handlers {
    Handlers::new().before::<Find, Task>(async |_| Ok(Next::Answer(Record::<Task>::new())))
}

fn answers_a_record_of_another_entity() -> Handlers {
    Handlers::new().before::<Create, Task>(async |_| Ok(Next::Answer(Record::<Note>::new())))
}

async fn of_notes(_: &mut Request<Create, Note>) -> Result<Next<Record<Note>>> {
    Ok(Next::Continue)
}

fn takes_the_request_of_another_entity() -> Handlers {
    Handlers::new().before::<Create, Task>(of_notes)
}

async fn of_finds(_: &mut Request<Find, Task>, _: &mut Outcome<Find, Task>) -> Result<()> {
    Ok(())
}

fn takes_the_request_of_another_event() -> Handlers {
    Handlers::new().after::<Create, Task>(of_finds)
}

fn takes_too_little() -> Handlers {
    Handlers::new().after::<Create, Task>(async |_| Ok(()))
}

fn names_a_field_that_is_not_there() -> Handlers {
    Handlers::new().before::<Create, Task>(async |request| {
        request.trust(|t| t.text);
        Ok(Next::Continue)
    })
}

fn main() {}
