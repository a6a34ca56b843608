//! What a rotation would do about an existing table of the new name, by the table and its tag.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TableStatus;
use serde_json::{Value, json};
use tablekeeper_core::aws::{own_tag, table};

/// Adds to the plan of a restore what becomes of an existing table of that name. Reads the table and its tags.
pub(super) async fn check(mut plan: Value, client: &Client) -> anyhow::Result<Value> {
    let text = |field: &str| plan.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (target, recovery_point) = (text("targetTable"), text("recoveryPointArn"));
    if target.is_empty() {
        return Ok(plan);
    }
    let existing = existing(client, &target, &recovery_point).await?;
    if let Some(fields) = plan.as_object_mut() {
        fields.insert("existingTable".to_owned(), json!(existing.name()));
        if let Existing::Refused(reason) = existing {
            fields.insert("error".to_owned(), json!("TargetTableExists"));
            fields.insert("reason".to_owned(), json!(reason));
        }
    }
    Ok(plan)
}

/// Returns the line of a plan about an existing table, from the field that [`check`] adds.
pub(super) fn line(plan: &Value) -> Option<String> {
    let text = |field: &str| plan.get(field).and_then(Value::as_str);
    Some(match text("existingTable")? {
        "adopted" => "exists, and is adopted: it was made from this backup".to_owned(),
        "deleting" => "is being deleted; the rotation waits until its name is free".to_owned(),
        "untagged" => {
            "exists without a tag. It is adopted if a rotation or a restore job made it from this backup and \
                       tags it; otherwise the rotation ends as TargetTableExists after 15 minutes"
                .to_owned()
        }
        "refused" => {
            format!(
                "exists, and the rotation is refused (TargetTableExists): {}",
                text("reason").unwrap_or_default()
            )
        }
        _ => "does not exist yet".to_owned(),
    })
}

enum Existing {
    None,
    Adopted,
    Deleting,
    Untagged,
    /// It was made from something else, which the text says.
    Refused(String),
}

impl Existing {
    fn name(&self) -> &'static str {
        match self {
            Existing::None => "none",
            Existing::Adopted => "adopted",
            Existing::Deleting => "deleting",
            Existing::Untagged => "untagged",
            Existing::Refused(_) => "refused",
        }
    }
}

async fn existing(client: &Client, target: &str, recovery_point: &str) -> anyhow::Result<Existing> {
    let Some(found) = table::describe(client, target).await? else { return Ok(Existing::None) };
    if found.table_status() == Some(&TableStatus::Deleting) {
        return Ok(Existing::Deleting);
    }
    if let Some(summary) = found.restore_summary() {
        return Ok(match summary.source_backup_arn().unwrap_or("a point in time") {
            source if source == recovery_point => Existing::Adopted,
            source => Existing::Refused(format!("it is being restored from {source}")),
        });
    }
    let tag = own_tag::read(client, found.table_arn().unwrap_or_default()).await?;
    Ok(match tag {
        Some(tag) if tag == own_tag::recovery_point_id(recovery_point) => Existing::Adopted,
        Some(tag) => Existing::Refused(format!("its tag {} says {tag}", own_tag::RECOVERY_POINT)),
        None => Existing::Untagged,
    })
}
