use isoform::prelude::*;

#[derive(Controller, Clone, PartialEq)]
#[controller(key = "signIn")]
pub struct SignIn {
    pub name: String,
}

#[derive(Entity, Clone, PartialEq)]
#[entity(key = "persons", allow(crud = true))]
pub struct Person {
    #[field(id)]
    pub id: String,
    #[relation(id = SignIn::name)]
    pub sign_in: ToOne<SignIn>,
}

async fn rows(mut sign_in: Record<SignIn>) -> Result<()> {
    repo::<SignIn>().count().await?;
    SignIn::query().await?;
    sign_in.save().await?;
    sign_in.delete().await?;
    Batch::new().repo::<SignIn>();
    Ok(())
}

fn main() {}
