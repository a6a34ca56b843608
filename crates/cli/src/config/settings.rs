//! What the commands of an incremental backup go by: a file (`--config`) over the environment, and a stack (`--stack`) that
//! has to agree with both.
//!
//! The names and their meanings are those of the system that this succeeds; a value that the file has beats that of the
//! environment, as there. What differs is what was wrong there: prefixes may be left out, a Region is needed only where
//! the AWS environment names none, and a port counts with TLS too.

mod file;
mod stack;

use std::path::Path;

use anyhow::bail;
use file::{File, Given};
use stack::OfStack;
use tablekeeper_core::aws::arn::is_table_name;
use tablekeeper_core::item_history::Items;
use tablekeeper_core::storage::{as_prefix, bucket_and_key};
use tablekeeper_core::text::quoted;

use crate::failure::Unusable;
use crate::transfer::Aws;

/// What HTTPS takes, and no other.
const HTTPS_PORT: u16 = 443;
/// Where the items lie, unless it is said: as the template has it.
const ITEMS_PREFIX: &str = "items/";
/// The same of what is set aside.
const FAILURES_PREFIX: &str = "failures/";
/// The same of snapshots.
const SNAPSHOTS_PREFIX: &str = "snapshots/";
/// Requests of DynamoDB at a time, unless it is said.
const PARALLELISM: u32 = 32;
const MOST_PARALLELISM: u32 = 1_024;

/// The settings, each checked.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Settings {
    /// The table that is backed up, where the file or the stack names one.
    pub(crate) table: Option<String>,
    /// The table that the stack follows, where one is named.
    followed: Option<String>,
    items: Option<Items>,
    snapshots: Option<Snapshots>,
    given_up: Option<String>,
    region: Option<String>,
    endpoint: Option<String>,
    /// Requests of DynamoDB at a time.
    pub(crate) parallelism: u32,
    /// The file, if there is one.
    file: Option<String>,
}

/// Where snapshots lie.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Snapshots {
    pub(crate) bucket: String,
    /// Empty, or ending in `/`.
    pub(crate) prefix: String,
}

impl Settings {
    /// Reads the file, if there is one, and the environment: the one place that does.
    #[expect(clippy::disallowed_methods, reason = "the command line is an edge: its own variables")]
    pub(crate) async fn read(
        path: Option<&Path>,
        stack: Option<&str>,
        table: Option<&str>,
    ) -> anyhow::Result<Settings> {
        let text = path.map(file::text).transpose()?;
        let name = path.map(|path| path.display().to_string());
        let of_stack = match stack {
            Some(name) => {
                let config = crate::stack::environment().await;
                OfStack::read(
                    name,
                    &crate::stack::find(&config, name, "--stack names one that is there").await?,
                    table,
                )?
            }
            None => OfStack::default(),
        };
        Settings::new(name.zip(text), &of_stack, &|variable| std::env::var(variable).ok())
    }

    /// Of a file's name and text, of what the stack says, and of what the environment has.
    fn new(
        named: Option<(String, String)>,
        of_stack: &OfStack,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Settings> {
        let file = match &named {
            Some((name, text)) => File::parse(name, text)?,
            None => File::default(),
        };
        let given = |key: &'static str, variable: &str| {
            let set = || environment(variable).filter(|value| !value.is_empty());
            let said =
                file.get(key).or_else(|| set().map(|text| Given { text, origin: variable.to_owned() }));
            of_stack.beside(variable, said)
        };
        let bucket = |key, variable| given(key, variable)?.map(bucket).transpose();
        let items_prefix = given("s3.incremental.prefix", "INCREMENTAL_PREFIX")?;
        let failures_prefix = given("s3.incremental.failures-prefix", "FAILURES_PREFIX")?;
        let snapshot_prefix = given("s3.snapshot.prefix", "SNAPSHOT_PREFIX")?;
        let prefix = |given: &Option<Given>, default: &str| {
            as_prefix(given.as_ref().map_or(default, |given| &given.text))
        };
        let origin =
            |given: Option<Given>| given.map(|given| format!(" ({})", given.origin)).unwrap_or_default();

        let items = match bucket("s3.incremental.bucket", "INCREMENTAL_BUCKET")? {
            Some(Given { text: bucket, .. }) => {
                let failures = prefix(&failures_prefix, FAILURES_PREFIX);
                let (prefix, folder) = (prefix(&items_prefix, ITEMS_PREFIX), of_stack.folder.clone());
                let items = Items { bucket, prefix, failures_prefix: failures, folder };
                let Items { prefix, failures_prefix: failures, .. } = &items;
                if failures.is_empty() || (!prefix.is_empty() && failures.starts_with(prefix)) {
                    bail!(Unusable(format!(
                        "what is set aside would lie at {}{}, under the items at {}{}, and would be taken for one; \
                         another prefix may be given",
                        quoted(failures),
                        origin(failures_prefix),
                        quoted(prefix),
                        origin(items_prefix)
                    )));
                }
                Some(items)
            }
            None => None,
        };
        let snapshots = bucket("s3.snapshot.bucket", "SNAPSHOT_BUCKET")?;
        let snapshots = snapshots.map(|given| Snapshots {
            bucket: given.text,
            prefix: prefix(&snapshot_prefix, SNAPSHOTS_PREFIX),
        });
        if let (Some(items), Some(snapshots)) = (&items, &snapshots)
            && items.bucket == snapshots.bucket
            && snapshots.prefix.starts_with(&items.prefix)
        {
            bail!(Unusable(format!(
                "snapshots would lie at s3://{}/{}{}, under the items at s3://{}/{}{}, and be taken for items; another \
                 bucket or prefix may be given",
                snapshots.bucket,
                snapshots.prefix,
                origin(snapshot_prefix),
                items.bucket,
                items.prefix,
                origin(items_prefix)
            )));
        }
        let given_up = bucket("s3.incremental.given-up-bucket", "GIVEN_UP_BUCKET")?;
        let table = file.get("table").map(|table| match is_table_name(&table.text) {
            true => Ok(table),
            false => Err(table.refused("a table's name may be given")),
        });
        let table = match (table.transpose()?, &of_stack.table) {
            (Some(said), Some(followed)) if said.text != followed.text => {
                bail!(
                    said.refused(&format!("{} is {}; leave one of them out", followed.origin, followed.text))
                )
            }
            (said, followed) => said.or_else(|| followed.clone()).map(|table| table.text),
        };
        let region = given("dynamodb.region", "DYNAMODB_REGION")?.map(|region| {
            let is_region =
                region.text.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-');
            if is_region {
                Ok(region.text)
            } else {
                Err(region.refused("a Region may be given, as eu-west-1"))
            }
        });
        let parallelism = given("dynamodb.parallelism", "DYNAMODB_PARALLELISM")?;
        Ok(Settings {
            table,
            followed: of_stack.table.as_ref().map(|followed| followed.text.clone()),
            items,
            snapshots,
            given_up: given_up.map(|given| given.text),
            region: region.transpose()?,
            endpoint: endpoint(
                given("dynamodb.host", "DYNAMODB_HOST")?,
                given("dynamodb.port", "DYNAMODB_PORT")?,
                given("dynamodb.tls", "DYNAMODB_USETLS")?,
            )?,
            parallelism: match parallelism {
                Some(given) => {
                    let number =
                        given.text.parse().ok().filter(|number| (1..=MOST_PARALLELISM).contains(number));
                    number.ok_or_else(|| given.refused(&format!("1 to {MOST_PARALLELISM} may be given")))?
                }
                None => PARALLELISM,
            },
            file: named.map(|(name, _)| name),
        })
    }

    /// Where the items' versions lie.
    pub(crate) fn items(&self) -> Result<&Items, Unusable> {
        let missing =
            || self.missing("INCREMENTAL_BUCKET", "s3.incremental.bucket", "the bucket of the items");
        self.items.as_ref().ok_or_else(missing)
    }

    /// Where snapshots lie.
    pub(crate) fn snapshots(&self) -> Result<&Snapshots, Unusable> {
        let missing = || self.missing("SNAPSHOT_BUCKET", "s3.snapshot.bucket", "the bucket of the snapshots");
        self.snapshots.as_ref().ok_or_else(missing)
    }

    /// The bucket with the changes that were given up.
    pub(crate) fn given_up(&self) -> Result<&str, Unusable> {
        let (variable, key) = ("GIVEN_UP_BUCKET", "s3.incremental.given-up-bucket");
        let missing = || self.missing(variable, key, "the bucket of the changes that were given up");
        self.given_up.as_deref().ok_or_else(missing)
    }

    /// The table that is backed up: the argument, or what the file or the stack says.
    pub(crate) fn table(&self, argument: Option<&str>) -> anyhow::Result<Option<String>> {
        if let Some(table) = argument {
            crate::transfer::check_table_name(table)?;
        }
        if let (Some(table), Some(followed)) = (argument, &self.followed)
            && table != followed
        {
            bail!(Unusable(format!(
                "TABLE is {table}, but the stack is of {followed}; leave TABLE out, or name with --stack-table which of the \
                 stack's tables is meant"
            )));
        }
        Ok(argument.map(str::to_owned).or_else(|| self.table.clone()))
    }

    /// The clients, with DynamoDB where the settings have it.
    pub(crate) async fn aws(&self) -> anyhow::Result<Aws> {
        Aws::with_dynamodb(self.region.as_deref(), self.endpoint.as_deref()).await
    }

    fn missing(&self, variable: &str, key: &str, what: &str) -> Unusable {
        Unusable(match &self.file {
            Some(file) => {
                format!(
                    "{file} has no {key}, and {variable} is not set; one of them, or --stack, has to name {what}"
                )
            }
            None => format!(
                "{variable} is missing; it names {what}. Set it, or give --stack NAME, the stack that follows the table, or \
                 --config FILE, a file that has {key}"
            ),
        })
    }
}

fn bucket(given: Given) -> Result<Given, Unusable> {
    match bucket_and_key(&format!("s3://{}", given.text)) {
        Some((_, key)) if key.is_empty() && !given.text.contains('/') => Ok(given),
        _ => Err(given.refused("the name of a bucket may be given, as backup-of-orders")),
    }
}

/// DynamoDB's address; `None` for AWS's own.
fn endpoint(
    host: Option<Given>,
    port: Option<Given>,
    tls: Option<Given>,
) -> Result<Option<String>, Unusable> {
    let is_tls = match &tls {
        None => true,
        Some(tls) => match tls.text.to_ascii_lowercase().as_str() {
            "true" => true,
            "false" => false,
            _ => return Err(tls.refused("true or false may be given")),
        },
    };
    let number = match &port {
        None => None,
        Some(port) => match port.text.parse::<u16>() {
            Ok(number) if number > 0 => Some(number),
            _ => return Err(port.refused("1 to 65535 may be given")),
        },
    };
    let Some(host) = host else {
        let usual = [port.filter(|_| number != Some(HTTPS_PORT)), tls.filter(|_| !is_tls)];
        return match usual.into_iter().flatten().next() {
            Some(given) => Err(given.refused(
                "that is for a host of one's own, and DYNAMODB_HOST (dynamodb.host) is missing; set it, or leave this out",
            )),
            None => Ok(None),
        };
    };
    let is_host = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'.' | b'-');
    if !host.text.bytes().all(is_host) {
        return Err(host.refused(
            "a host alone may be given, as localhost; its port is DYNAMODB_PORT (dynamodb.port), and whether it takes TLS \
             DYNAMODB_USETLS (dynamodb.tls)",
        ));
    }
    let host = host.text;
    match (is_tls, number, tls) {
        (true, None | Some(HTTPS_PORT), _) => Ok(Some(format!("https://{host}"))),
        (true, Some(port), _) => Ok(Some(format!("https://{host}:{port}"))),
        (false, Some(port), _) => Ok(Some(format!("http://{host}:{port}"))),
        (false, None, tls) => {
            let origin = tls.map(|tls| tls.origin).unwrap_or_default();
            Err(Unusable(format!(
                "{origin} is false, and DYNAMODB_PORT (dynamodb.port) is missing: 443, which it is otherwise, is for TLS; \
                 set it, as 8000"
            )))
        }
    }
}

#[cfg(test)]
mod tests;
