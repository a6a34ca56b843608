//! Reads and moves the SSM parameter that points at a copy of a table ([`crate::rotation::pointer`]).
//!
//! The write is the only call here that the SDK does not retry: after a lost response, a retry would make a second
//! version. The step is run again instead, and it reads first.

use aws_config::retry::RetryConfig;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::error::ProvideErrorMetadata;
use aws_sdk_ssm::types::{ParameterHistory, ParameterType};

use super::arn::Arn;
use super::failure::AwsFailure;
use super::own_tag::RETIRING;
use crate::clock::{Clock, utc};
use crate::error_name::{ErrorName, HasErrorName};
use crate::retire::mark::{Retiring, is_retiring};
use crate::rotation::naming::split_time;
use crate::rotation::pointer::{
    Action, Description, Full, Guard, History, Outcome, TableState, Version, Wish,
};

/// How many actions are taken before the wish fails because of other writers.
const ROUNDS: usize = 12;

/// Why the pointer is not as wished.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Others wrote the parameter meanwhile, again and again.
    #[error("the SSM parameter {0} was written by others during all {ROUNDS} attempts to settle it")]
    Contended(String),
    /// SSM cannot drop the oldest version for a new one.
    #[error(
        "the SSM parameter {name} has as many versions as SSM retains, and the oldest, version {version}, cannot be \
         dropped because it has the label {label}; remove the label: aws ssm unlabel-parameter-version --name {name} \
         --parameter-version {version} --labels {label}"
    )]
    VersionsFull {
        /// Name of the parameter.
        name: String,
        /// The label.
        label: String,
        /// The version that has it.
        version: i64,
    },
    /// The table is being retired.
    #[error(
        "table {table_arn} is being retired ({mark}), so the SSM parameter {name} must not point at it; take another \
         copy, or stop that execution, wait five minutes, because a step of it may still be running, remove the tag \
         {RETIRING} of the table and start again"
    )]
    Retiring {
        /// Name of the parameter.
        name: String,
        /// ARN of the table.
        table_arn: String,
        /// The mark: the execution that retires the table, and since when.
        mark: String,
    },
    /// The table does not exist.
    #[error("table {table_arn} does not exist, so the SSM parameter {name} must not point at it")]
    TableMissing {
        /// Name of the parameter.
        name: String,
        /// ARN of the table.
        table_arn: String,
    },
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl Error {
    /// The names that [`settle`] can fail by.
    pub const NAMES: &'static [&'static [ErrorName]] = &[
        AwsFailure::NAMES,
        &[
            ErrorName::PointerContended,
            ErrorName::PointerVersionsFull,
            ErrorName::TableRetiring,
            ErrorName::TargetTableMissing,
        ],
    ];
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Contended(_) => ErrorName::PointerContended,
            Error::VersionsFull { .. } => ErrorName::PointerVersionsFull,
            Error::Retiring { .. } => ErrorName::TableRetiring,
            Error::TableMissing { .. } => ErrorName::TargetTableMissing,
            Error::Aws(failure) => failure.name,
        }
    }
}

/// A wish that ended.
#[derive(Clone, Debug)]
pub struct Settled {
    /// How it ended.
    pub outcome: Outcome,
    /// The history before the first action.
    pub before: History,
    /// The history that was read last.
    pub after: History,
}

/// Acts on a wish until the history shows that nothing is left to do.
///
/// Before each write and each label, it checks that the table of that version is not being retired
/// ([`crate::retire::mark`]). A write is followed by a label, so the check is made after each write, too.
pub async fn settle(
    ssm: &Client,
    dynamodb: &aws_sdk_dynamodb::Client,
    name: &str,
    wish: &Wish,
) -> Result<Settled, Error> {
    let parameter = Parameter { ssm, dynamodb, name };
    let mut before = None;
    let mut written: Option<Version> = None;
    let mut left_out: Vec<Action> = Vec::new();
    for _ in 0..ROUNDS {
        let mut after = history(ssm, name).await?;
        // A read may be older than a write of ours whose number is known.
        if let Some(written) = written.as_ref()
            && after.newest().is_none_or(|newest| newest.number < written.number)
        {
            after.versions.push(written.clone());
        }
        let before = before.get_or_insert_with(|| after.clone());
        let mut seen = after.clone();
        left_out.iter().for_each(|action| action.add_labels(&mut seen));
        let action = wish.next(&seen);
        if let Action::Done(outcome) = action {
            return Ok(Settled { outcome, before: before.clone(), after });
        }
        let (guard, named) = parameter.guard(wish, &action, &after).await?;
        let (name, Named { table_arn, mark }) = (name.to_owned(), named);
        match guard {
            Guard::Act => written = parameter.perform(action, &after).await?.or(written),
            Guard::ReadAgain => {}
            Guard::LeaveOut => left_out.push(action),
            Guard::Withdraw => {
                parameter.withdraw(wish, before).await?;
                return Err(Error::Retiring { name, table_arn, mark });
            }
            Guard::Refuse => return Err(Error::TableMissing { name, table_arn }),
        }
    }
    Err(Error::Contended(name.to_owned()))
}

/// A parameter and the clients of its writer.
struct Parameter<'a> {
    ssm: &'a Client,
    dynamodb: &'a aws_sdk_dynamodb::Client,
    name: &'a str,
}

/// The table that an action names.
#[derive(Default)]
struct Named {
    table_arn: String,
    /// The mark of the execution that retires it; empty if none does.
    mark: String,
}

impl Parameter<'_> {
    /// Returns whether an action may be done now, and what is known of the table that it names.
    async fn guard(
        &self,
        wish: &Wish,
        action: &Action,
        history: &History,
    ) -> Result<(Guard, Named), AwsFailure> {
        let own = wish.own_table();
        let Some(value) = action.names(history).filter(|value| is_checked(value, own)) else {
            return Ok((Guard::Act, Named::default()));
        };
        let (state, mark) = match is_retiring(self.dynamodb, value, Clock::System.now()).await? {
            Retiring::No => (TableState::Free, String::new()),
            Retiring::By(mark) => (TableState::Retiring, mark.value()),
            Retiring::TableMissing => (TableState::Missing, String::new()),
        };
        Ok((action.guard(value, own, state), Named { table_arn: value.to_owned(), mark }))
    }

    /// Does an action. Returns the version that it wrote.
    async fn perform(&self, action: Action, history: &History) -> Result<Option<Version>, Error> {
        let (ssm, name) = (self.ssm, self.name);
        match action {
            Action::Write { value, description } => match write(ssm, name, &value, &description).await? {
                Some(number) => {
                    let description = Some(description);
                    return Ok(Some(Version {
                        number,
                        value,
                        description,
                        labels: Vec::new(),
                        written_at: None,
                    }));
                }
                None => make_room(ssm, name, history).await?,
            },
            Action::Label { version, labels } => label(ssm, name, version, &labels).await?,
            Action::Unlabel { version, label } => unlabel(ssm, name, version, label).await?,
            Action::Done(_) => {}
        }
        Ok(None)
    }

    /// Takes back what the writer wrote, as far as nothing else is being retired.
    async fn withdraw(&self, wish: &Wish, before: &History) -> Result<(), Error> {
        for _ in 0..ROUNDS {
            let history = history(self.ssm, self.name).await?;
            let Some(action) = wish.withdraw(before, &history) else { return Ok(()) };
            if self.guard(wish, &action, &history).await?.0 != Guard::Act {
                return Ok(());
            }
            self.perform(action, &history).await?;
        }
        Ok(())
    }
}

/// Returns whether a value is the ARN of a table that could be retired: its name ends in a time, and it is of the account
/// and Region of the writer's own table.
fn is_checked(value: &str, own: Option<&str>) -> bool {
    let place = |arn: &str| Arn::parse(arn).map(|arn| (arn.region.to_owned(), arn.account.to_owned()));
    let is_copy =
        Arn::parse(value).and_then(|arn| arn.table_name()).is_some_and(|name| split_time(name).is_some());
    is_copy && own.is_none_or(|own| place(own) == place(value))
}

/// Reads all retained versions of a parameter. A parameter that does not exist has none.
pub async fn history(ssm: &Client, name: &str) -> Result<History, AwsFailure> {
    let mut pages = ssm.get_parameter_history().name(name).into_paginator().send();
    let mut versions = Vec::new();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => versions.extend(page.parameters.unwrap_or_default().into_iter().map(version)),
            Err(error) if error.code() == Some("ParameterNotFound") => return Ok(History::default()),
            Err(error) => return Err(AwsFailure::from_call("ssm:GetParameterHistory")(error)),
        }
    }
    versions.sort_by_key(|version| version.number);
    Ok(History { versions })
}

fn version(stored: ParameterHistory) -> Version {
    let written_at = stored.last_modified_date().map(utc);
    let value = stored.value.unwrap_or_default();
    Version {
        number: stored.version,
        description: stored.description.and_then(|text| Description::parse(&text, &value)),
        value,
        labels: stored.labels.unwrap_or_default(),
        written_at,
    }
}

/// Writes a version, without SDK retries. Returns its number, or `None` if the oldest version has a label that keeps SSM
/// from dropping it.
async fn write(
    ssm: &Client,
    name: &str,
    value: &str,
    description: &Description,
) -> Result<Option<i64>, AwsFailure> {
    let once = aws_sdk_ssm::config::Builder::new().retry_config(RetryConfig::disabled());
    let put = ssm
        .put_parameter()
        .name(name)
        .r#type(ParameterType::String)
        .value(value)
        .description(description.text(value))
        .overwrite(true);
    match put.customize().config_override(once).send().await {
        Ok(response) => Ok(Some(response.version())),
        Err(error) if error.code() == Some("ParameterMaxVersionLimitExceeded") => Ok(None),
        Err(error) => Err(AwsFailure::from_call("ssm:PutParameter")(error)),
    }
}

async fn make_room(ssm: &Client, name: &str, history: &History) -> Result<(), Error> {
    match history.make_room() {
        Ok(Action::Label { version, labels }) => Ok(label(ssm, name, version, &labels).await?),
        Ok(_) => Ok(()),
        Err(Full { label, version }) => Err(Error::VersionsFull { name: name.to_owned(), label, version }),
    }
}

/// Moves labels to a version. SSM reports labels that it does not accept in a successful response.
async fn label(ssm: &Client, name: &str, version: i64, labels: &[&str]) -> Result<(), AwsFailure> {
    let action = "ssm:LabelParameterVersion";
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    let call = ssm.label_parameter_version().name(name).parameter_version(version).set_labels(Some(labels));
    match call.send().await {
        Ok(response) if response.invalid_labels().is_empty() => Ok(()),
        Ok(response) => {
            let invalid = response.invalid_labels().join(", ");
            let detail = format!("SSM does not accept these labels for {name}: {invalid}");
            Err(AwsFailure::new(action, ErrorName::RequestRefused, detail))
        }
        // SSM dropped the version meanwhile. The next read shows that.
        Err(error) if error.code() == Some("ParameterVersionNotFound") => Ok(()),
        Err(error) => Err(AwsFailure::from_call(action)(error)),
    }
}

/// Removes a label from a version. It succeeds if another call removed the label before.
async fn unlabel(ssm: &Client, name: &str, version: i64, label: &str) -> Result<(), AwsFailure> {
    let call = ssm.unlabel_parameter_version().name(name).parameter_version(version).labels(label);
    match call.send().await {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("ParameterVersionNotFound") => Ok(()),
        Err(error) => Err(AwsFailure::from_call("ssm:UnlabelParameterVersion")(error)),
    }
}
