//! Finds the account whose credentials are used.

use super::clients::Clients;
use super::failure::AwsFailure;

/// Returns the id of the caller's account. GetCallerIdentity needs no permission.
pub async fn account(clients: &Clients) -> Result<String, AwsFailure> {
    let identity = aws_sdk_sts::Client::new(clients.sdk()).get_caller_identity().send().await;
    let identity = identity.map_err(AwsFailure::from_call("sts:GetCallerIdentity"))?;
    Ok(identity.account.unwrap_or_default())
}
