//! The settings of the commands of an incremental backup. A file (`--config`) overrides the environment, and a stack
//! (`--stack`) must agree with both.
//!
//! The names and their meanings are those of the former system, and so is the precedence of the file. Three things
//! differ: prefixes are optional, a Region is required only if the AWS environment has none, and the port also applies
//! with TLS.

mod stack;

use anyhow::bail;
use stack::OfStack;
use tablekeeper_core::aws::arn::{TABLE_NAME, is_table_name};
use tablekeeper_core::item_history::Items;
use tablekeeper_core::storage::{as_prefix, bucket_and_key};
use tablekeeper_core::text::quoted;

use crate::config_file::{File, Given};
use crate::failure::Unusable;
use crate::session;
use crate::transfer::Aws;

/// The only port that HTTPS uses by default.
const HTTPS_PORT: u16 = 443;
/// Default prefix of the items, as in the template.
const ITEMS_PREFIX: &str = "items/";
/// Default prefix of quarantined records.
const FAILURES_PREFIX: &str = "failures/";
/// Default prefix of snapshots.
const SNAPSHOTS_PREFIX: &str = "snapshots/";
/// Default number of parallel requests to DynamoDB.
const PARALLELISM: u32 = 32;
const MOST_PARALLELISM: u32 = 1_024;

/// The checked settings.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Settings {
    /// The table that is backed up, if the file or the stack names one.
    pub(crate) table: Option<String>,
    /// The table that the stack follows, if there is a stack.
    followed: Option<String>,
    items: Option<Items>,
    snapshots: Option<Snapshots>,
    given_up: Option<String>,
    region: Option<String>,
    endpoint: Option<String>,
    /// Maximum number of parallel requests to DynamoDB.
    pub(crate) parallelism: u32,
    /// Name of the file; `None` without one.
    file: Option<String>,
}

/// The location of snapshots.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Snapshots {
    pub(crate) bucket: String,
    /// Key prefix: empty, or ending in `/`.
    pub(crate) prefix: String,
}

impl Settings {
    /// Reads the file, the stack and the environment. Nothing else reads the environment for these settings.
    #[expect(clippy::disallowed_methods, reason = "the command line is an edge: its own variables")]
    pub(crate) async fn read(stack: Option<&str>, table: Option<&str>) -> anyhow::Result<Settings> {
        let file = session::file();
        let stack = stack.map(str::to_owned).or_else(|| file.get("stack").map(|given| given.text));
        let of_stack = match &stack {
            Some(name) => {
                let config = session::sdk_config().await;
                OfStack::read(
                    name,
                    &crate::stack::find(&config, name, "give an existing stack with --stack").await?,
                    table,
                )?
            }
            None => OfStack::default(),
        };
        Settings::new(file, &of_stack, &|variable| std::env::var(variable).ok())
    }

    /// Creates the settings from a file, the values of a stack, and the environment.
    fn new(
        file: &File,
        of_stack: &OfStack,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Settings> {
        let given = |key: &'static str, variable: &str| {
            let set = || environment(variable).filter(|value| !value.is_empty());
            let value =
                file.get(key).or_else(|| set().map(|text| Given { text, origin: variable.to_owned() }));
            of_stack.reconcile(variable, value)
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
                        "quarantined records would be at {}{}, under the items at {}{}, and would be read as items; \
                         choose another prefix",
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
                "snapshots would be at s3://{}/{}{}, under the items at s3://{}/{}{}, and would be read as items; \
                 choose another bucket or prefix",
                snapshots.bucket,
                snapshots.prefix,
                origin(snapshot_prefix),
                items.bucket,
                items.prefix,
                origin(items_prefix)
            )));
        }
        let given_up = bucket("s3.incremental.given-up-bucket", "GIVEN_UP_BUCKET")?;
        Ok(Settings {
            table: table(file, of_stack)?,
            followed: of_stack.table.as_ref().map(|followed| followed.text.clone()),
            items,
            snapshots,
            given_up: given_up.map(|given| given.text),
            region: region(given("dynamodb.region", "DYNAMODB_REGION")?)?,
            endpoint: endpoint(
                given("dynamodb.host", "DYNAMODB_HOST")?,
                given("dynamodb.port", "DYNAMODB_PORT")?,
                given("dynamodb.tls", "DYNAMODB_USETLS")?,
            )?,
            parallelism: parallelism(given("dynamodb.parallelism", "DYNAMODB_PARALLELISM")?)?,
            file: file.name.clone(),
        })
    }

    /// Returns the location of the versions of items.
    pub(crate) fn items(&self) -> Result<&Items, Unusable> {
        let missing =
            || self.missing("INCREMENTAL_BUCKET", "s3.incremental.bucket", "the bucket of the items");
        self.items.as_ref().ok_or_else(missing)
    }

    /// Returns the location of snapshots.
    pub(crate) fn snapshots(&self) -> Result<&Snapshots, Unusable> {
        let missing = || self.missing("SNAPSHOT_BUCKET", "s3.snapshot.bucket", "the bucket of the snapshots");
        self.snapshots.as_ref().ok_or_else(missing)
    }

    /// Returns the bucket of the changes that Lambda discarded.
    pub(crate) fn given_up(&self) -> Result<&str, Unusable> {
        let (variable, key) = ("GIVEN_UP_BUCKET", "s3.incremental.given-up-bucket");
        let missing = || self.missing(variable, key, "the bucket of the changes that Lambda discarded");
        self.given_up.as_deref().ok_or_else(missing)
    }

    /// Returns the table that is backed up: the argument, or that of the file or the stack.
    pub(crate) fn table(&self, argument: Option<&str>) -> anyhow::Result<Option<String>> {
        if let Some(table) = argument {
            crate::transfer::check_table_name(table)?;
        }
        if let (Some(table), Some(followed)) = (argument, &self.followed)
            && table != followed
        {
            bail!(Unusable(format!(
                "TABLE is {table}, but the table of the stack is {followed}; leave TABLE out, or choose one of the \
                 stack's tables with --stack-table"
            )));
        }
        Ok(argument.map(str::to_owned).or_else(|| self.table.clone()))
    }

    /// Returns the table of the argument, or that of the file or the stack. Refuses a table whose items are not in the
    /// bucket, and fails without any.
    pub(crate) fn own_table(&self, argument: Option<&str>) -> anyhow::Result<String> {
        let Some(table) = self.table(argument)? else {
            bail!(Unusable("TABLE is missing; give it, or set `table` in the file of --config".to_owned()));
        };
        self.check_own(&table)?;
        Ok(table)
    }

    /// Refuses a table whose items are not in the bucket, as far as the stack or the file says which table's are.
    pub(crate) fn check_own(&self, table: &str) -> Result<(), Unusable> {
        match self.followed.as_ref().or(self.table.as_ref()) {
            Some(own) if own != table => Err(Unusable(format!(
                "TABLE is {table}, but the backup is of {own}; choose another stack with --stack, or another of the \
                 stack's tables with --stack-table"
            ))),
            _ => Ok(()),
        }
    }

    /// Returns the clients. Region and endpoint of DynamoDB come from the settings.
    pub(crate) async fn aws(&self) -> anyhow::Result<Aws> {
        Aws::with_dynamodb(self.region.as_deref(), self.endpoint.as_deref()).await
    }

    fn missing(&self, variable: &str, key: &str, what: &str) -> Unusable {
        Unusable(match &self.file {
            Some(file) => {
                format!(
                    "{file} has no {key}, and {variable} is not set; one of them or --stack must name {what}"
                )
            }
            None => format!(
                "{variable} is missing; it names {what}. Set it, give --stack NAME for the stack that follows the \
                 table, or set `stack` or {key} in the settings file"
            ),
        })
    }
}

/// Returns the table that the file or the stack names. Fails if they name two.
fn table(file: &File, of_stack: &OfStack) -> anyhow::Result<Option<String>> {
    let in_file = file.get("table");
    if let Some(table) = in_file.as_ref().filter(|table| !is_table_name(&table.text)) {
        bail!(table.refused(&format!("it must be {TABLE_NAME}")));
    }
    match (in_file, &of_stack.table) {
        (Some(table), Some(followed)) if table.text != followed.text => {
            bail!(table.refused(&format!("{} is {}; leave one of them out", followed.origin, followed.text)))
        }
        (table, followed) => Ok(table.or_else(|| followed.clone()).map(|table| table.text)),
    }
}

fn region(given: Option<Given>) -> Result<Option<String>, Unusable> {
    let Some(region) = given else { return Ok(None) };
    match region.text.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-') {
        true => Ok(Some(region.text)),
        false => Err(region.refused("it must be a Region, such as eu-west-1")),
    }
}

/// Returns how many segments or shards are worked on at a time.
fn parallelism(given: Option<Given>) -> Result<u32, Unusable> {
    let Some(given) = given else { return Ok(PARALLELISM) };
    let number = given.text.parse().ok().filter(|number| (1..=MOST_PARALLELISM).contains(number));
    number.ok_or_else(|| given.refused(&format!("it must be between 1 and {MOST_PARALLELISM}")))
}

fn bucket(given: Given) -> Result<Given, Unusable> {
    match bucket_and_key(&format!("s3://{}", given.text)) {
        Some((_, key)) if key.is_empty() && !given.text.contains('/') => Ok(given),
        _ => Err(given.refused("it must be a bucket name, such as backup-of-orders")),
    }
}

/// Returns DynamoDB's endpoint; `None` for that of AWS.
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
            _ => return Err(tls.refused("it must be true or false")),
        },
    };
    let number = match &port {
        None => None,
        Some(port) => match port.text.parse::<u16>() {
            Ok(number) if number > 0 => Some(number),
            _ => return Err(port.refused("it must be between 1 and 65535")),
        },
    };
    let Some(host) = host else {
        let usual = [port.filter(|_| number != Some(HTTPS_PORT)), tls.filter(|_| !is_tls)];
        return match usual.into_iter().flatten().next() {
            Some(given) => Err(given.refused(
                "it needs DYNAMODB_HOST (dynamodb.host), which is missing; set that, or leave this out",
            )),
            None => Ok(None),
        };
    };
    let is_host = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'.' | b'-');
    if !host.text.bytes().all(is_host) {
        return Err(host.refused(
            "it must be a host without scheme and port, such as localhost; set the port with DYNAMODB_PORT \
             (dynamodb.port), and TLS with DYNAMODB_USETLS (dynamodb.tls)",
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
                "{origin} is false, but DYNAMODB_PORT (dynamodb.port) is missing; the default, 443, needs TLS; set \
                 another port, such as 8000"
            )))
        }
    }
}

#[cfg(test)]
mod tests;
