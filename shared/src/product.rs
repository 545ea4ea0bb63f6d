//! Products: what can be ordered.

use isoform::prelude::*;

use crate::user::ADMIN;

/// Something that can be ordered.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "products", label = "Products", allow(read = authenticated, crud = ADMIN), order_by(name))]
pub struct Product {
    /// Made on the server.
    #[field(id)]
    pub id: Uuid,
    /// What it is called.
    #[field(required, len(max = 120), unique)]
    pub name: String,
    /// What one costs today; what it cost when it was ordered is with the item of the order.
    #[field(range(min = 0))]
    pub price: Decimal,
}
