//! Finds the account and the identity whose credentials are used.

use super::clients::Clients;
use super::failure::AwsFailure;

/// The caller of AWS.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Caller {
    /// Id of the account; empty if AWS does not say it.
    pub account: String,
    /// ARN of the user or of the session of a role.
    pub arn: Option<String>,
}

/// Returns the caller. GetCallerIdentity needs no permission.
pub async fn identity(clients: &Clients) -> Result<Caller, AwsFailure> {
    let identity = clients.sts().get_caller_identity().send().await;
    let identity = identity.map_err(AwsFailure::from_call("sts:GetCallerIdentity"))?;
    Ok(Caller { account: identity.account.unwrap_or_default(), arn: identity.arn })
}
