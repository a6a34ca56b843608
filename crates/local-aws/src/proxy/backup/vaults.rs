use hyper::{HeaderMap, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::{Call, invalid, missing, not_found};
use crate::upstream::ApiError;

/// The topic and the events of a vault's notifications.
#[derive(Clone, Debug)]
pub(super) struct Notifications {
    pub(super) topic_arn: String,
    pub(super) events: Vec<String>,
}

pub(super) fn vault_arn(call: &Call<'_>, vault: &str) -> String {
    format!("arn:aws:backup:{}:{}:backup-vault:{vault}", call.scope.region, call.scope.account)
}

/// Fails unless the emulator knows the vault.
pub(super) async fn require_vault(call: &Call<'_>, vault: &str) -> Result<(), ApiError> {
    let path = format!("/backup-vaults/{}", utf8_percent_encode(vault, NON_ALPHANUMERIC));
    let uri: Uri = path.parse().map_err(|_| invalid(format!("Invalid backup vault name: {vault}")))?;
    let headers: HeaderMap = call.scope.signed("backup").headers();
    let response =
        call.shared.upstream.forward(&hyper::Method::GET, &uri, &headers, bytes::Bytes::new()).await;
    match response {
        Ok(response) if response.status().is_success() => Ok(()),
        Ok(_) => Err(not_found(format!("Backup vault {vault} does not exist."))),
        Err(error) => Err(ApiError::new("ServiceUnavailableException", error.to_string())),
    }
}

pub(super) async fn put_notifications(call: &Call<'_>) -> Result<Value, ApiError> {
    let vault = call.segment(1);
    require_vault(call, vault).await?;
    let topic_arn = call.required("SNSTopicArn")?.to_owned();
    let events = call.input.get("BackupVaultEvents").and_then(Value::as_array);
    let events: Vec<String> =
        events.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    if events.is_empty() {
        return Err(missing("BackupVaultEvents"));
    }
    call.state().lock().await.notifications.insert(vault.to_owned(), Notifications { topic_arn, events });
    Ok(Value::Null)
}

pub(super) async fn get_notifications(call: &Call<'_>) -> Result<Value, ApiError> {
    let vault = call.segment(1);
    require_vault(call, vault).await?;
    let state = call.state();
    let state = state.lock().await;
    let Some(Notifications { topic_arn, events }) = state.notifications.get(vault) else {
        return Err(not_found(format!("No notifications are configured for backup vault {vault}.")));
    };
    Ok(json!({
        "BackupVaultName": vault,
        "BackupVaultArn": vault_arn(call, vault),
        "SNSTopicArn": topic_arn,
        "BackupVaultEvents": events,
    }))
}

pub(super) async fn delete_notifications(call: &Call<'_>) -> Result<Value, ApiError> {
    require_vault(call, call.segment(1)).await?;
    call.state().lock().await.notifications.remove(call.segment(1));
    Ok(Value::Null)
}

pub(super) async fn update_region_settings(call: &Call<'_>) -> Result<Value, ApiError> {
    let state = call.state();
    let mut state = state.lock().await;
    state.management.extend(switches(call.input.get("ResourceTypeManagementPreference")));
    state.opt_in.extend(switches(call.input.get("ResourceTypeOptInPreference")));
    Ok(Value::Null)
}

pub(super) async fn describe_region_settings(call: &Call<'_>) -> Result<Value, ApiError> {
    let state = call.state();
    let state = state.lock().await;
    Ok(json!({
        "ResourceTypeManagementPreference": state.management,
        "ResourceTypeOptInPreference": state.opt_in,
    }))
}

fn switches(input: Option<&Value>) -> impl Iterator<Item = (String, bool)> {
    let members: Option<&Map<String, Value>> = input.and_then(Value::as_object);
    members.into_iter().flatten().filter_map(|(name, value)| Some((name.clone(), value.as_bool()?)))
}
