//! Says in which account a command writes, and as whom.

use std::time::Duration;

use tablekeeper_core::aws::caller;
use tablekeeper_core::aws::caller::Caller;
use tablekeeper_core::aws::clients::Clients;

use crate::console::Console;

/// Longest time to wait for the account. The command does not depend on it.
const LONGEST: Duration = Duration::from_secs(3);

/// Prints the account, the Region or endpoint, and the identity, and returns the account. Call it first in a command
/// that writes. If STS does not respond, as next to a DynamoDB of one's own, the line says so, and the result is `None`.
pub(crate) async fn announce(clients: &Clients, place: &str, console: &Console) -> Option<String> {
    let asked = tokio::time::timeout(LONGEST, caller::identity(clients)).await;
    let (line, account) = match asked {
        Ok(Ok(Caller { account, arn })) => {
            let account = Some(account).filter(|account| !account.is_empty());
            let identity = arn.map(|arn| format!(", as {}", identity(&arn))).unwrap_or_default();
            let named = account.as_deref().unwrap_or("unknown");
            (format!("account {named} {place}{identity}"), account)
        }
        Ok(Err(failure)) => (format!("account unknown {place}: {failure}"), None),
        Err(_) => {
            let line = format!("account unknown {place}: STS did not respond within {} s", LONGEST.as_secs());
            (line, None)
        }
    };
    console.line(&console.faint(&line));
    account
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
