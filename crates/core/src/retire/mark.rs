//! The tag that marks a table before its deletion, for the writers of pointers.
//!
//! SSM and DynamoDB have no transaction, so a parameter could be pointed at a table between the last look at the
//! parameters and the deletion. The mark closes that gap: whoever names a table in a parameter checks its mark first,
//! and a marked table is deleted only [`WAIT_SECONDS`] later, after all parameters were read again.
//!
//! A mark expires, because an execution may be stopped and leave it behind. Its own execution stops using it long before
//! others stop respecting it.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::aws::failure::AwsFailure;
use crate::aws::own_tag::{self, RETIRING};

/// Seconds between the mark and the last look at the parameters. A writer that had not seen the mark has written by
/// then: its invocation ends within a minute.
pub const WAIT_SECONDS: u32 = 300;

/// Time after which writers of pointers no longer respect a mark.
pub const EXPIRES_AFTER: TimeDelta = TimeDelta::hours(24);

/// Time after which an execution no longer deletes a table by its own mark.
pub const USABLE_FOR: TimeDelta = TimeDelta::hours(12);

/// The greatest length of a tag's value.
const LONGEST_VALUE: usize = 256;

/// A mark: which execution retires a table, and since when.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mark {
    /// ARN of the execution, as far as a tag can hold it.
    pub execution: String,
    /// Time at which the table was marked; `None` if the tag does not say, because a person wrote it.
    pub since: Option<DateTime<Utc>>,
}

/// Whether a table is being retired.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Retiring {
    /// The table is not marked, or its mark has expired.
    No,
    /// The table is marked.
    By(Mark),
    /// The table does not exist.
    TableMissing,
}

impl Mark {
    /// Creates the mark of an execution at a time.
    pub fn new(execution_arn: &str, now: DateTime<Utc>) -> Mark {
        Mark { execution: as_tag(execution_arn), since: Some(now) }
    }

    /// Reads the value of the tag.
    pub fn parse(value: &str) -> Mark {
        let parts = value.rsplit_once(' ').and_then(|(execution, time)| {
            Some((execution, DateTime::parse_from_rfc3339(time).ok()?.with_timezone(&Utc)))
        });
        match parts {
            Some((execution, time)) => Mark { execution: execution.to_owned(), since: Some(time) },
            None => Mark { execution: value.to_owned(), since: None },
        }
    }

    /// Returns the value of the tag: `EXECUTION TIME`.
    pub fn value(&self) -> String {
        let time = self.since.map(|since| since.to_rfc3339_opts(SecondsFormat::Secs, true));
        [Some(self.execution.clone()), time].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Returns whether an execution set this mark.
    pub fn is_of(&self, execution_arn: &str) -> bool {
        self.execution == as_tag(execution_arn)
    }

    /// Returns whether the mark is younger than this. A mark without a time always is.
    pub fn is_younger_than(&self, age: TimeDelta, now: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| now - since < age)
    }
}

/// Returns a text with the letters that the value of a tag may have, cut to leave room for the time.
fn as_tag(text: &str) -> String {
    let allowed = |letter: char| letter.is_alphanumeric() || " +-=._:/@".contains(letter);
    let letters = text.chars().map(|letter| if allowed(letter) { letter } else { '_' });
    letters.take(LONGEST_VALUE - " 2026-03-01T02:00:00Z".len()).collect()
}

/// Returns whether a table is being retired. Call it right before a parameter is pointed at the table.
pub async fn is_retiring(
    dynamodb: &aws_sdk_dynamodb::Client,
    table_arn: &str,
    now: DateTime<Utc>,
) -> Result<Retiring, AwsFailure> {
    let Some(tags) = own_tag::own(dynamodb, table_arn).await? else { return Ok(Retiring::TableMissing) };
    let mark = tags.get(RETIRING).map(|value| Mark::parse(value));
    Ok(match mark.filter(|mark| mark.is_younger_than(EXPIRES_AFTER, now)) {
        Some(mark) => Retiring::By(mark),
        None => Retiring::No,
    })
}

/// Marks a table. Returns `false` if the table does not exist.
pub async fn set(
    dynamodb: &aws_sdk_dynamodb::Client,
    table_arn: &str,
    mark: &Mark,
) -> Result<bool, AwsFailure> {
    own_tag::set(dynamodb, table_arn, RETIRING, &mark.value()).await
}

/// Removes the mark of a table. It succeeds if the table has none, or does not exist.
pub async fn remove(dynamodb: &aws_sdk_dynamodb::Client, table_arn: &str) -> Result<(), AwsFailure> {
    match dynamodb.untag_resource().resource_arn(table_arn).tag_keys(RETIRING).send().await {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(()),
        Err(error) => Err(AwsFailure::from_call("dynamodb:UntagResource")(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fake_aws::{FakeAws, arn};

    const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:retire-copies:nightly-1";

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_mark_is_read_back_and_belongs_to_its_execution() {
        let now = time("2026-03-01T02:00:00Z");
        let mark = Mark::new(EXECUTION, now);
        assert_eq!(mark.value(), format!("{EXECUTION} 2026-03-01T02:00:00Z"));
        assert_eq!(Mark::parse(&mark.value()), mark);
        assert!(mark.is_of(EXECUTION) && !mark.is_of("arn:aws:states:eu-west-1:1:execution:m:other"));
        let longest = format!(
            "arn:aws-us-gov:states:us-gov-northwest-11:1:execution:{}!:{}",
            "m".repeat(120),
            "e".repeat(80)
        );
        let mark = Mark::new(&longest, now);
        assert!(mark.value().chars().count() <= LONGEST_VALUE && mark.is_of(&longest));
        assert!(!mark.value().contains('!'));
    }

    #[tokio::test]
    async fn a_mark_holds_until_it_expires() {
        let aws = FakeAws::default().with_table("t");
        let (dynamodb, set_at) = (aws.clients().dynamodb(), time("2026-03-01T02:00:00Z"));
        let at =
            async |hours| is_retiring(&dynamodb, &arn("t"), set_at + TimeDelta::hours(hours)).await.unwrap();
        assert_eq!(at(0).await, Retiring::No);
        let mark = Mark::new(EXECUTION, set_at);
        assert!(set(&dynamodb, &arn("t"), &mark).await.unwrap());
        assert_eq!((at(0).await, at(23).await), (Retiring::By(mark.clone()), Retiring::By(mark)));
        assert_eq!(at(24).await, Retiring::No);
        remove(&dynamodb, &arn("t")).await.unwrap();
        assert_eq!(at(0).await, Retiring::No);
    }

    #[tokio::test]
    async fn a_mark_without_a_time_never_expires() {
        let aws = FakeAws::default().with_table("t").with_tag("t", RETIRING, "by hand");
        let far = time("2036-03-01T02:00:00Z");
        let found = is_retiring(&aws.clients().dynamodb(), &arn("t"), far).await.unwrap();
        assert_eq!(found, Retiring::By(Mark { execution: "by hand".to_owned(), since: None }));
    }

    #[tokio::test]
    async fn a_missing_table_is_distinguished_from_an_unmarked_one() {
        let aws = FakeAws::default();
        for action in ["dynamodb:ListTagsOfResource", "dynamodb:TagResource", "dynamodb:UntagResource"] {
            aws.refuse(action, "ResourceNotFoundException");
        }
        let (dynamodb, now) = (aws.clients().dynamodb(), time("2026-03-01T02:00:00Z"));
        assert_eq!(is_retiring(&dynamodb, &arn("t"), now).await.unwrap(), Retiring::TableMissing);
        assert!(!set(&dynamodb, &arn("t"), &Mark::new(EXECUTION, now)).await.unwrap());
        remove(&dynamodb, &arn("t")).await.unwrap();
    }
}
