//! Hooks that ask whether it was prevented.

use isoform::prelude::*;

use crate::entities_proofs::note;

/// All of them.
pub fn all() -> Entities {
    entities![Heirloom]
}

/// An heirloom, with whoever is told of it: what is kept is neither written nor deleted.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "heirlooms", allow(crud = true), hooks)]
pub struct Heirloom {
    #[field(id)]
    pub id: i64,
    pub kept: bool,
    /// Kept by the hook of this field.
    #[field(saving = unless_sealed)]
    pub sealed: bool,
    /// Who is told.
    #[field(allow_update = false)]
    pub heir: String,
}

async fn unless_sealed(
    one: &mut Record<Heirloom>,
    _: Column<Heirloom, bool>,
    e: &mut LifecycleEvent<Heirloom>,
) -> Result<()> {
    if one.sealed {
        e.prevent_default();
    }
    Ok(())
}

#[hooks]
impl Hooks for Heirloom {
    async fn saving(one: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        note(&one.heir, format!("saving {}", e.is_prevented()));
        if one.kept {
            e.prevent_default();
        }
        Ok(())
    }

    async fn saved(one: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        note(&one.heir, format!("saved {}", e.is_prevented()));
        Ok(())
    }

    async fn deleting(one: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        note(&one.heir, format!("deleting {}", e.is_prevented()));
        if one.kept || one.sealed {
            e.prevent_default();
        }
        Ok(())
    }

    async fn deleted(one: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        note(&one.heir, format!("deleted {}", e.is_prevented()));
        Ok(())
    }
}
