//! Quarantines records that can never be backed up, with the reason.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};

use super::sequence_number::SequenceNumber;
use super::store::Store;
use crate::aws::arn::Arn;
use crate::aws::failure::AwsFailure;

/// Writes a record and the reason to `<prefix><table>/<sequence number>.json`. Repeated deliveries write it once.
pub async fn quarantine(
    store: &Store,
    prefix: &str,
    table: &str,
    sequence_number: &SequenceNumber,
    reason: &str,
    record: &Value,
) -> Result<(), AwsFailure> {
    let table = Arn::parse(table).and_then(|arn| arn.table_name()).unwrap_or(table);
    let key = format!("{prefix}{table}/{sequence_number}.json");
    let body = ByteStream::from(json!({ "reason": reason, "record": record }).to_string().into_bytes());
    let put = store.s3.put_object().bucket(&store.bucket).key(key).content_type("application/json");
    match put.if_none_match("*").body(body).send().await {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("PreconditionFailed") => Ok(()),
        Err(error) => Err(AwsFailure::from_call("s3:PutObject")(error)),
    }
}
