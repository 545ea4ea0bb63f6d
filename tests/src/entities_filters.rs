//! What filters are tried on: some that the server makes, some that it adds.

use isoform::prelude::*;

/// All of them.
pub fn all() -> Entities {
    entities![Payer, Invoice, Delivery, Parcel, Sealed, Plot, Bound, Drop, Swapped]
}

/// Who pays.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "payers", allow(crud = true), order_by(id))]
pub struct Payer {
    #[field(id)]
    pub id: String,
    pub known: bool,
    #[relation(Invoice::payer_id)]
    pub invoices: ToMany<Invoice>,
    #[relation(Delivery::payer_id)]
    pub deliveries: ToMany<Delivery>,
    #[relation(Parcel::payer_id)]
    pub parcels: ToMany<Parcel>,
}

/// What is to be paid. Nobody sees the hidden ones.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "invoices", allow(crud = true), api_filter = not_hidden, order_by(id))]
pub struct Invoice {
    #[field(id)]
    pub id: i64,
    #[field(column = "paid_by")]
    pub payer_id: String,
    pub issued: DateTime<Utc>,
    pub total: Decimal,
    pub paid: bool,
    pub hidden: bool,
    #[field(api_read = false)]
    pub clerk: Option<String>,
    #[field(server_expression = shown)]
    pub shown: String,
    #[relation(payer_id, on_delete = unwatched)]
    pub payer: ToOne<Payer>,
}

async fn shown(invoice: &Record<Invoice>) -> Result<String> {
    Ok(format!("#{}", invoice.id))
}

fn not_hidden(_: Option<&Identity>) -> Filter<Invoice> {
    Invoice::filter(|i| i.hidden.eq(false))
}

/// Where an invoice stands: something that serde writes.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Span {
    pub from: i64,
    pub to: i64,
}

#[filters]
impl Invoice {
    /// Those of a year.
    pub async fn by_year(year: i32) -> Result<Filter<Self>> {
        Ok(Filter::sql(sql!("strftime('%Y', {}) = {}", Invoice::FIELDS.issued, format!("{year:04}"))))
    }

    /// Those whose numbers are between two.
    pub async fn between(from: i64, up_to: Option<i64>) -> Result<Filter<Self>> {
        Ok(Invoice::filter(|i| i.id.gte(from) & i.id.lte(up_to.unwrap_or(i64::MAX))))
    }

    /// Those with one of these numbers.
    pub async fn numbered(numbers: Vec<i64>) -> Result<Filter<Self>> {
        Ok(Invoice::filter(|i| i.id.in_(numbers)))
    }

    /// The same, as something that serde writes.
    pub async fn within(span: Span) -> Result<Filter<Self>> {
        Ok(Self::between(span.from, Some(span.to)))
    }

    /// Those that whoever asks has written: a field that nobody may ask about.
    pub async fn own() -> Result<Filter<Self>> {
        let who = Identity::current()?;
        Ok(Invoice::filter(|i| i.clerk.eq(who.id)))
    }

    /// Those of payers that are known, who are asked for first.
    pub async fn of_known() -> Result<Filter<Self>> {
        let known = Payer::query().filter(|p| p.known.eq(true)).await?;
        let ids: Vec<_> = known.iter().map(|payer| payer.id.clone()).collect();
        Ok(Invoice::filter(|i| i.payer_id.in_(ids)))
    }

    /// All of them.
    pub async fn every() -> Result<Filter<Self>> {
        Ok(Filter::all())
    }

    /// None of anybody's business.
    pub async fn refused(why: String) -> Result<Filter<Self>> {
        Err(Error::forbidden(format!("refused: {why}")))
    }

    /// It never ends.
    pub async fn endless() -> Result<Filter<Self>> {
        Ok(Self::endless())
    }
}

/// A delivery: whoever asks says whose. Trusted code does not have to; archived ones there are for nobody.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "deliveries", allow(crud = true), api_preprocess_filter = of_some_payers, backend_filter = not_archived, order_by(id))]
pub struct Delivery {
    #[field(id)]
    pub id: i64,
    pub payer_id: String,
    pub archived: bool,
    pub lost: bool,
    #[relation(payer_id, on_delete = unwatched)]
    pub payer: ToOne<Payer>,
}

async fn of_some_payers(filter: Filter<Delivery>) -> Result<Filter<Delivery>> {
    let Some(payers) = filter.values_of(|d| d.payer_id).or_else(|| filter.values_of(|d| d.id).map(|_| Vec::new()))
    else {
        return Err(Error::forbidden("Say whose deliveries: payerId=…").with_code("whose"));
    };
    if payers.iter().any(|payer| payer == "nobody") {
        return Err(Error::invalid("nobody has no deliveries"));
    }
    // Others see no lost ones.
    let who = Context::current()?;
    let is_admin = who.identity().is_some_and(|who| who.has_role("admin"));
    Ok(if is_admin { filter } else { filter & Delivery::filter(|d| d.lost.eq(false)) })
}

fn not_archived(_: Option<&Identity>) -> Filter<Delivery> {
    Delivery::filter(|d| d.archived.eq(false))
}

#[filters]
impl Delivery {
    /// Those of a payer.
    pub async fn of(payer: String) -> Result<Filter<Self>> {
        Ok(Delivery::filter(|d| d.payer_id.eq(payer)))
    }
}

/// A parcel: what is asked for is narrowed for trusted code too, unless it says which weight is meant.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "parcels_of", allow(crud = true), backend_preprocess_filter = light, order_by(id))]
pub struct Parcel {
    #[field(id)]
    pub id: i64,
    pub payer_id: String,
    pub weight: i32,
    #[relation(payer_id, on_delete = unwatched)]
    pub payer: ToOne<Payer>,
}

async fn light(filter: Filter<Parcel>) -> Result<Filter<Parcel>> {
    Ok(match filter.values_of(|p| p.weight) {
        Some(_) => filter,
        None => filter & Parcel::filter(|p| p.weight.lt(10)),
    })
}

/// A letter that only those open who know its id; admins list them.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "sealed", label = "Sealed letters", allow(crud = authenticated), api_require_id = is_no_admin, order_by(id))]
pub struct Sealed {
    #[field(id)]
    pub id: i64,
    pub text: String,
    pub answers: Option<i64>,
    #[relation(answers, on_delete = unwatched)]
    pub answered: ToOne<Sealed>,
    #[relation(Sealed::answers)]
    pub answered_by: ToMany<Sealed>,
}

fn is_no_admin(who: &Identity) -> bool {
    !who.has_role("admin")
}

/// A plot of land: those whose name is short are for everybody, which only the database can tell.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "plots", allow(crud = true), api_filter = short, order_by(name))]
pub struct Plot {
    #[field(id)]
    pub id: Uuid,
    pub name: String,
    pub size: Option<f64>,
    pub bought: Option<DateTime<Utc>>,
}

fn short(_: Option<&Identity>) -> Filter<Plot> {
    let p = Plot::FIELDS;
    Filter::sql(sql!("length({}) <= {} AND ({} IS NULL OR {} < {})", p.name, 5, p.size, p.size, 100.0))
}

#[backend]
impl Record<Plot> {
    /// Saves it as it is.
    #[allowed(true)]
    pub async fn keep(&mut self) -> Result<()> {
        self.save().await
    }
}

/// Its API filter is a custom one, and its own filters are asked of related rows.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "bounds", allow(crud = true), api_filter = custom_one, order_by(id))]
pub struct Bound {
    #[field(id)]
    pub id: i64,
    pub invoice_id: i64,
    #[relation(invoice_id, on_delete = unwatched)]
    pub invoice: ToOne<Invoice>,
}

fn custom_one(_: Option<&Identity>) -> Filter<Bound> {
    Bound::small()
}

#[filters]
impl Bound {
    /// Those with small ids.
    pub async fn small() -> Result<Filter<Self>> {
        Ok(Bound::filter(|b| b.id.lt(100)))
    }
}

/// Anybody changes one, and only admins see them.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "drops", allow(read = "admin", update = true, delete = true), order_by(id))]
pub struct Drop {
    #[field(id)]
    pub id: i64,
    pub text: String,
    pub seen: bool,
}

#[filters]
impl Drop {
    /// Those with a text.
    pub async fn about(text: String) -> Result<Filter<Self>> {
        Ok(Drop::filter(|d| d.text.contains(text)))
    }
}

/// Whatever is asked for, something else is answered.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "swapped", allow(crud = true), api_preprocess_filter = another, order_by(id))]
pub struct Swapped {
    #[field(id)]
    pub id: i64,
    pub kind: i32,
}

async fn another(_: Filter<Swapped>) -> Result<Filter<Swapped>> {
    Ok(Swapped::filter(|s| s.kind.eq(1)))
}
