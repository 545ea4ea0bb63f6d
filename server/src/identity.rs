//! Who asks.

use isoform_server::IdentityRequest;
use shared::prelude::*;

/// Whoever signed in to the request's session, with the roles that they have now.
pub(crate) async fn of_session(request: IdentityRequest) -> Result<Option<Identity>> {
    let Some(id) = request.session_id().await? else { return Ok(None) };
    let user = User::query().filter(|u| u.id.eq(id)).first().await?;
    Ok(user.map(|user| user.identity()))
}
