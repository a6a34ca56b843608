//! Summarizes a report in a few lines, for the history of an execution and for its message.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::page::sentence;
use super::report::{Fleet, Totals};
use crate::text::bounded;

/// Most lines of a list.
const MOST: usize = 10;
/// Longest line, in characters.
const LONGEST: usize = 400;

/// What a report says, in a bounded number of lines.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Summary {
    /// Time at which the inventory began.
    pub began_at: DateTime<Utc>,
    /// The result in a sentence.
    pub sentence: String,
    /// Numbers of tables.
    pub totals: Totals,
    /// Rules that are broken, or not known to be kept. A line for each, at most 10, and the number of the others.
    #[schemars(length(max = 11))]
    pub not_kept: Vec<String>,
    /// What could not be read, and why. At most 10 lines, and the number of the others.
    #[schemars(length(max = 11))]
    pub not_read: Vec<String>,
    /// Location of the document.
    pub document: String,
    /// Location of the page.
    pub page: String,
}

impl Summary {
    /// Summarizes a report, whose document and page are at these locations.
    pub fn new(fleet: &Fleet, document: String, page: String) -> Summary {
        let reasons: Vec<String> = fleet.tables.iter().flat_map(|table| table.reasons()).collect();
        Summary {
            began_at: fleet.began_at,
            sentence: sentence(fleet),
            totals: fleet.totals.clone(),
            not_kept: bounded(reasons.into_iter(), MOST, LONGEST),
            not_read: bounded(not_read(fleet).into_iter(), MOST, LONGEST),
            document,
            page,
        }
    }
}

/// Says what could not be read, what concerns most tables first.
fn not_read(fleet: &Fleet) -> Vec<String> {
    let mut tables = BTreeMap::<(&str, &str), Vec<&str>>::new();
    for table in &fleet.tables {
        for unread in table.facts.unread() {
            tables.entry(unread).or_default().push(&table.name);
        }
    }
    let mut unread: Vec<_> = tables.into_iter().collect();
    unread.sort_by_key(|(_, tables)| std::cmp::Reverse(tables.len()));
    let line = |((what, reason), tables): &((&str, &str), Vec<&str>)| match tables.as_slice() {
        [table] => format!("{what} of {table}: {reason}"),
        tables => format!("{what} of {} tables: {reason}", tables.len()),
    };
    unread.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::fleet::collect::Stores;
    use crate::fleet::rules::Rules;
    use crate::fleet::testing::{Account, collected};

    fn summary(account: &Account) -> Summary {
        let fleet = Fleet::new(collected(account, &Stores::default()).unwrap(), Rules::built_in(), None);
        Summary::new(&fleet, "s3://b/d".to_owned(), "s3://b/p".to_owned())
    }

    #[tokio::test]
    async fn a_summary_says_what_is_broken_and_what_was_not_read() {
        let account = Account::new();
        account.table("orders").backup("orders", TimeDelta::hours(1)).table("sessions");
        let read = summary(&account);
        assert_eq!(read.sentence, "1 of 2 tables break a rule");
        assert_eq!(read.not_kept.len(), 1);
        assert!(read.not_kept[0].starts_with("sessions: built-in: PitrOrBackupWithinDays broken: "));
        assert_eq!((read.totals.tables, read.totals.broken, read.not_read.len()), (2, 1, 0));
        account.aws.refuse("dynamodb:ListBackups", "AccessDeniedException");
        account.aws.response("dynamodb:DescribeContinuousBackups", |call| {
            if call.input["TableName"] == "orders" {
                return crate::testing::fake_aws::refusal("AccessDeniedException");
            }
            (
                200,
                serde_json::json!({ "ContinuousBackupsDescription": { "PointInTimeRecoveryDescription":
                { "PointInTimeRecoveryStatus": "DISABLED" } } }),
            )
        });
        let unread = summary(&account);
        assert_eq!((unread.totals.broken, unread.totals.not_known), (0, 2));
        let start = |line: usize, text: &str| assert!(unread.not_read[line].starts_with(text), "{unread:?}");
        start(0, "backups of 2 tables: dynamodb:ListBackups failed: AccessDenied");
        start(1, "verification of 2 tables: dynamodb:ListBackups failed: AccessDenied");
        start(2, "point-in-time recovery of orders: dynamodb:DescribeContinuousBackups failed: AccessDenied");
    }

    #[tokio::test]
    async fn a_summary_of_many_tables_is_short() {
        let account = Account::new();
        for table in 0..30 {
            account.table(&format!("{}-{table:02}", "x".repeat(240)));
        }
        let summary = summary(&account);
        assert_eq!((summary.not_kept.len(), summary.not_kept[10].as_str()), (11, "and 20 more"));
        assert!(serde_json::to_string(&summary).unwrap().len() < 10_000);
    }
}
