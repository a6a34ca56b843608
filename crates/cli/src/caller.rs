//! Says in which account a command writes, and as whom.

use std::time::Duration;

use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;

use crate::console::Console;

/// Longest time to wait for the account. The command does not depend on it.
const LONGEST: Duration = Duration::from_secs(3);

/// Prints the account, the Region or endpoint, and the identity. Call it first in a command that writes. If STS does
/// not respond, as next to a DynamoDB of one's own, the line says so and the command goes on.
pub(crate) async fn announce(clients: &Clients, place: &str, console: &Console) {
    let asked = tokio::time::timeout(LONGEST, clients.sts().get_caller_identity().send()).await;
    let line = match asked {
        Ok(Ok(caller)) => {
            let account = caller.account().unwrap_or("unknown");
            let identity = caller.arn().map(|arn| format!(", as {}", identity(arn))).unwrap_or_default();
            format!("account {account} {place}{identity}")
        }
        Ok(Err(error)) => {
            let failure = AwsFailure::from_call("sts:GetCallerIdentity")(error);
            format!("account unknown {place}: {failure}")
        }
        Err(_) => format!("account unknown {place}: STS did not respond within {} s", LONGEST.as_secs()),
    };
    console.line(&console.faint(&line));
}

/// Returns the identity in the ARN of a caller: `user/ann`, or `role/op` for a session of a role.
fn identity(arn: &str) -> String {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    match resource.strip_prefix("assumed-role/") {
        Some(session) => format!("role/{}", session.split('/').next().unwrap_or(session)),
        None => resource.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::identity;

    #[test]
    fn a_session_is_shown_as_its_role() {
        assert_eq!(identity("arn:aws:sts::123456789012:assumed-role/op/ann@example.com"), "role/op");
        assert_eq!(identity("arn:aws:iam::123456789012:user/team/ann"), "user/team/ann");
        assert_eq!(identity("arn:aws:iam::123456789012:root"), "root");
    }
}
