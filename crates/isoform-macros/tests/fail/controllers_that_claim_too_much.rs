use isoform::prelude::*;

#[derive(Controller, Clone, PartialEq)]
#[controller(key = "report", hooks)]
pub struct Report {
    pub owner: String,
    #[field(api_read = own)]
    pub total: i64,
    #[field(allow_update = is_boss)]
    pub rate: i64,
}

fn own(user: &Identity, report: &Record<Report>) -> bool {
    report.owner == user.id
}

fn is_boss(user: &Identity) -> bool {
    user.has_role("boss")
}

#[hooks]
impl Hooks for Report {
    async fn saving(_: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() {}
