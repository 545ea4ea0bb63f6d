//! The controllers that are served: beside the entities, under the same prefix.

use std::collections::HashMap;

use isoform::backend::Method;
use isoform::{Entities, Error, Result};

use crate::api::{Served, ServedEntity};
use crate::methods;

/// The controllers by key, with their methods by name; what stands in another's way, or in that of an entity, is named.
pub(crate) fn served(
    all: &Entities,
    entities: &HashMap<&'static str, ServedEntity>,
) -> Result<HashMap<&'static str, ServedEntity>> {
    let mut served: HashMap<&'static str, ServedEntity> = HashMap::new();
    for controller in all.controllers() {
        let (key, name) = (controller.meta.key, controller.meta.rust_name);
        let mut own: HashMap<&'static str, &'static Method> = HashMap::new();
        methods::free(key, name)?;
        for method in controller.methods.iter().filter(|method| methods::prefix_of(controller.meta, method).is_none()) {
            if let Some(other) = own.insert(method.wire, method) {
                return Err(Error::invalid(format!(
                    "{name}::{} and {name}::{} have one path: {key}/{}.",
                    other.name, method.name, method.wire
                )));
            }
        }
        if let Some(other) = served.get(key).or_else(|| entities.get(key)) {
            return Err(Error::invalid(if std::ptr::eq(other.meta, controller.meta) {
                format!("{name} is registered twice.")
            } else {
                format!("{} and {name} have one key: \"{key}\".", other.meta.rust_name)
            }));
        }
        served.insert(key, ServedEntity { meta: controller.meta, methods: own });
    }
    Ok(served)
}

impl Served {
    /// The entity or the controller that a key addresses.
    pub fn addressed(&self, key: &str) -> Option<&ServedEntity> {
        self.entities.get(key).or_else(|| self.controllers.get(key))
    }
}
