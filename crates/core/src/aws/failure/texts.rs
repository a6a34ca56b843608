//! Sorts errors of DynamoDB by their text, where the code does not say whether the error is transient.
//!
//! Texts are matched by their beginnings. Names of tables and times follow, and for global tables a suffix about the
//! service that refused the request.

/// Beginnings of `ValidationException`s about a transient state (DDB-TABLE-442, 449 of the measurements). Any other
/// ValidationException is about the request and is permanent.
const STATES_THAT_PASS: &[&str] = &[
    // It clears about 31 minutes after the last change.
    "Time to live has been modified multiple times within a fixed interval",
    "Cannot describe time to live while table is in ",
    // "TableStatus must be ACTIVE", or IndexStatus.
    "Table or Index is not in a valid state to update Key Access Insights: ",
    // Enable, Update and Disable share this text: another destination is live, or this one is not ACTIVE.
    "Table is not in a valid state to enable Kinesis Streaming Destination: ",
    "Operation cannot be performed while replica server-side encryption status is in ",
    "Create/Update/Delete of replica is not allowed while the replica is being added",
];

/// Beginnings of `LimitExceededException`s about a quota (DDB-TABLE-443 of the measurements). Such a request is refused
/// for hours, for 30 days, or until the quota is raised.
const QUOTAS: &[&str] = &[
    // Quota: 4 per day, then one per hour.
    "Subscriber limit exceeded: Provisioned throughput decreases are limited",
    // Quota: 4 in 24 hours, then one in 6 hours.
    "Subscriber limit exceeded: Encryption mode changes are limited",
    // Quota: 2 in 30 days.
    "Subscriber limit exceeded: Updates to TableClass are limited",
    "Limit exceeded for replica in ",
    "Subscriber limit exceeded: Number of global secondary indexes exceeds",
    // Quota: the maximum of the table or the account.
    "Subscriber limit exceeded: Requested ",
    "The requested ReadCapacityUnits",
    "The requested WriteCapacityUnits",
    "This request would have caused the ",
];

/// Returns whether a ValidationException with this text is transient.
pub(super) fn is_transient_state(message: &str) -> bool {
    begins_with_one_of(message, STATES_THAT_PASS)
}

/// Returns whether a LimitExceededException with this text is about a quota. Other texts are about concurrent
/// operations: a tag update, an index being created, 50 restores. An unknown text is treated as transient.
pub(super) fn is_quota(message: &str) -> bool {
    begins_with_one_of(message, QUOTAS)
}

fn begins_with_one_of(message: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| message.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_kinds_of_validation_errors_are_transient() {
        for message in [
            "Time to live has been modified multiple times within a fixed interval",
            "Time to live has been modified multiple times within a fixed interval (Service: AmazonDynamoDBv2)",
            "Cannot describe time to live while table is in CREATING state: Current table state is CREATING",
            "Cannot describe time to live while table is in DELETING state: Current table state is DELETING",
            "Table or Index is not in a valid state to update Key Access Insights: TableStatus must be ACTIVE to enable \
             ContributorInsights.",
            "Table or Index is not in a valid state to update Key Access Insights: IndexStatus must be ACTIVE to enable \
             ContributorInsights.",
            "Table is not in a valid state to enable Kinesis Streaming Destination: EnableKinesisStreamingDestination \
             must be DISABLED or ENABLE_FAILED to perform ENABLE operation.",
            "Table is not in a valid state to enable Kinesis Streaming Destination: KinesisStreamingDestination must be \
             ACTIVE to perform DISABLE operation.",
            "Table is not in a valid state to enable Kinesis Streaming Destination: Kinesis streaming is not in ACTIVE \
             state. Updates are only allowed in ACTIVE state. TableName: t, kdsArn: a",
            "Operation cannot be performed while replica server-side encryption status is in UPDATING state. Please \
             retry the request after the status is updated to ENABLED.",
            "Create/Update/Delete of replica is not allowed while the replica is being added to table with name: t",
        ] {
            assert!(is_transient_state(message), "{message}");
        }
        for message in [
            "TimeToLive is already enabled",
            "One or more parameter values were invalid: You cannot modify stream status while updating table IOPS",
            "Invalid Request: Precision is already set to the desired value of MICROSECOND for tableId: i, kdsArn: a",
            "Replica cannot be deleted because it has acted as a source region for new replica(s)",
            "",
        ] {
            assert!(!is_transient_state(message), "{message}");
        }
    }

    #[test]
    fn quotas_differ_from_limits_on_concurrent_operations() {
        for message in [
            "Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 day(s).",
            "Limit exceeded for replica in eu-west-1. Updates to TableClass are limited to 2 times in 30 day(s)",
            "Subscriber limit exceeded: Encryption mode changes are limited in the 24h window ending at 2026-10-09",
            "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day.",
            "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of 20",
            "Subscriber limit exceeded: Requested MaxReadRequestUnits for OnDemandThroughput for table exceeds \
             TableMaxReadCapacityUnits of the account in region eu-west-1",
            "The requested ReadCapacityUnits, 50000, is above the per table maximum for the account in EU-WEST-1.",
            "The requested WriteCapacityUnits for index i, 50000, is above the per index maximum",
            "This request would have caused the ReadCapacityUnits limit to be exceeded for the account in EU-WEST-1.",
        ] {
            assert!(is_quota(message), "{message}");
        }
        for message in [
            "Subscriber limit exceeded: Table tags are being updated: orders",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
            "Subscriber limit exceeded: Only 50 restore operations can be done simultaneously",
            "Subscriber limit exceeded: Only 10 tables can be created, updated, or deleted simultaneously",
            "something new",
            "",
        ] {
            assert!(!is_quota(message), "{message}");
        }
    }
}
