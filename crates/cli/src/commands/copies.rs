//! `tablekeeper copies`: lists the tables that rotations made, and the SSM parameters that point at them.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::bail;
use aws_sdk_dynamodb::Client;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _};
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;
use tablekeeper_core::aws::arn::{Arn, backed_up_table};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::own_tag;
use tablekeeper_core::aws::pointer::history;
use tablekeeper_core::aws::table::{TableDescription, describe};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::rotation::naming::split_time;
use tablekeeper_core::rotation::pointer::{Description, History, PINNED};

use crate::console::{Console, Stream};
use crate::failure::Unusable;
use crate::machines::stack_name;
use crate::{console, session, stack};

/// How many tables are described at a time.
const AT_A_TIME: usize = 8;

/// List the copies that rotations made, and what points at them.
///
/// Each line is a copy: its name, the time of its backup, its age, its items and bytes as DynamoDB last counted them,
/// how it was verified, and the parameters that point at it: `current`, `previous` or `pinned`. A copy is a table whose
/// name ends in a time (-YYYYMMDD-HH-mm-ss) and that has the tag tablekeeper:recovery-point.
///
/// The parameters are those of the stack `tablekeeper-rotate-restore`. If their name has a placeholder such as $1, all
/// parameters under the path before it are looked through. The exit code is 0, even if there are none, 1 if AWS refused, and 2 if a parameter does not exist.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper copies\n  tablekeeper copies customer-staging\n  \
                        tablekeeper copies customer-production --parameter /staging/customer/table-arn --json")]
pub(crate) struct Arguments {
    /// Only copies of this name, without the time, or of this source table, which a parameter's history knows.
    table: Option<String>,
    /// Name of an SSM parameter. May be repeated.
    #[arg(long, value_name = "NAME")]
    parameter: Vec<String>,
    /// Name of the stack whose parameter is shown [default: tablekeeper-rotate-restore].
    #[arg(long = "stack", alias = "stack-name", value_name = "NAME")]
    stack_name: Option<String>,
    /// Print each copy as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// A copy as `--json` prints it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    table: String,
    table_arn: String,
    status: String,
    backup_time: Option<NaiveDateTime>,
    created_at: DateTime<Utc>,
    item_count: i64,
    bytes: i64,
    recovery_point: String,
    source_table: Option<String>,
    verified: Option<String>,
    parameters: Vec<Mark>,
}

/// What a parameter says of a copy.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Mark {
    name: String,
    current: bool,
    previous: bool,
    pinned: bool,
}

/// Runs `tablekeeper copies`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = session::sdk_config().await;
    let clients = Clients::new(config.clone());
    let mut names = arguments.parameter.clone();
    if names.is_empty() {
        names = of_stack(&config, &clients.ssm(), arguments.stack_name.as_deref()).await?;
    }
    let mut pointers = BTreeMap::new();
    for name in names {
        let history = history(&clients.ssm(), &name).await?;
        if history.newest().is_none() && !arguments.parameter.is_empty() {
            bail!(Unusable(format!("there is no SSM parameter {name} {}", clients.place())));
        }
        pointers.insert(name, history);
    }
    let dynamodb = clients.dynamodb();
    let tables = copies(&dynamodb).await?;
    let lines = futures::stream::iter(tables.iter().map(|table| line(&dynamodb, table, &pointers)));
    let lines: Vec<Option<Line>> = lines.buffered(AT_A_TIME).try_collect().await?;
    let wanted = |line: &Line| {
        arguments.table.as_deref().is_none_or(|wanted| {
            let base = split_time(&line.table).map(|(base, _)| base);
            [Some(line.table.as_str()), base, line.source_table.as_deref()].contains(&Some(wanted))
        })
    };
    let (lines, others): (Vec<Line>, Vec<Line>) = lines.into_iter().flatten().partition(wanted);
    if let (Some(table), []) = (&arguments.table, lines.as_slice()) {
        let mut names: Vec<&str> =
            others.iter().filter_map(|line| split_time(&line.table)).map(|(name, _)| name).collect();
        names.dedup();
        let known = if names.is_empty() {
            String::new()
        } else {
            format!("; there are some of {}", names.join(", "))
        };
        console::print_remark(&format!("there is no copy of {table}{known}"));
        return Ok(ExitCode::SUCCESS);
    }
    print(&lines, arguments.json)
}

/// Returns the parameters of a stack; none without such a stack or without a parameter.
async fn of_stack(
    config: &aws_config::SdkConfig,
    ssm: &aws_sdk_ssm::Client,
    name: Option<&str>,
) -> anyhow::Result<Vec<String>> {
    let default = stack_name("rotate-restore");
    let found = stack::find(config, name.unwrap_or(&default), "give --parameter or --stack").await;
    let stack = match (found, name) {
        (Ok(stack), _) => stack,
        (Err(error), Some(_)) => return Err(error),
        (Err(error), None) => {
            console::print_remark(&format!("no parameter is shown: {error}"));
            return Ok(Vec::new());
        }
    };
    let Some(parameter) = stack::parameter(&stack, "SSMParameterName").filter(|name| !name.is_empty()) else {
        return Ok(Vec::new());
    };
    let Some((before, _)) = parameter.split_once('$') else { return Ok(vec![parameter.to_owned()]) };
    let Some((path, _)) = before.rsplit_once('/').filter(|(path, _)| !path.is_empty()) else {
        console::print_remark("the stack has a parameter for each table; give theirs with --parameter");
        return Ok(Vec::new());
    };
    under(ssm, path).await
}

/// Returns the names of the parameters under a path that name a copy.
async fn under(ssm: &aws_sdk_ssm::Client, path: &str) -> anyhow::Result<Vec<String>> {
    let mut pages = ssm.get_parameters_by_path().path(path).recursive(true).into_paginator().send();
    let mut parameters = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(AwsFailure::from_call("ssm:GetParametersByPath"))?;
        parameters.extend(page.parameters.unwrap_or_default());
    }
    let is_copy = |value: &str| {
        Arn::parse(value).and_then(|arn| arn.table_name()).is_some_and(|name| split_time(name).is_some())
    };
    let copies = parameters.into_iter().filter(|parameter| parameter.value().is_some_and(is_copy));
    Ok(copies.filter_map(|parameter| parameter.name).collect())
}

/// Returns the names of the tables that end in a time.
async fn copies(dynamodb: &Client) -> anyhow::Result<Vec<String>> {
    let pages = dynamodb.list_tables().into_paginator().items().send();
    let names: Vec<String> =
        pages.try_collect().await.map_err(AwsFailure::from_call("dynamodb:ListTables"))?;
    Ok(names.into_iter().filter(|name| split_time(name).is_some()).collect())
}

/// Describes a copy. Returns `None` if the table is gone or no rotation tagged it.
async fn line(
    dynamodb: &Client,
    table: &str,
    pointers: &BTreeMap<String, History>,
) -> anyhow::Result<Option<Line>> {
    let Some(described) = describe(dynamodb, table).await? else { return Ok(None) };
    let described = TableDescription::from(&described);
    let arn = described.table_arn;
    let Some(recovery_point) = own_tag::read(dynamodb, &arn).await? else { return Ok(None) };
    let known = pointers.values().find_map(|history| description(history, &arn));
    let source = known
        .and_then(|known| known.backup.as_deref())
        .and_then(|backup| backed_up_table(&Arn::parse(backup)?).map(str::to_owned));
    let marks = pointers.iter().filter_map(|(name, history)| mark(name, history, &arn));
    let time =
        split_time(table).and_then(|(_, time)| NaiveDateTime::parse_from_str(time, "-%Y%m%d-%H-%M-%S").ok());
    Ok(Some(Line {
        table: described.table_name,
        status: described.table_status,
        backup_time: time,
        created_at: described.creation_date_time,
        item_count: described.item_count,
        bytes: described.table_size_bytes,
        recovery_point,
        source_table: source,
        verified: known.map(|known| known.verified.clone()),
        parameters: marks.collect(),
        table_arn: arn,
    }))
}

fn description<'a>(history: &'a History, arn: &str) -> Option<&'a Description> {
    let mut versions = history.versions.iter().rev().filter(|version| version.value == arn);
    versions.find_map(|version| version.description.as_ref())
}

fn mark(name: &str, history: &History, arn: &str) -> Option<Mark> {
    let is_it = |version: Option<&tablekeeper_core::rotation::pointer::Version>| {
        version.is_some_and(|version| version.value == arn)
    };
    let (current, previous) = (is_it(history.newest()), is_it(history.previous()));
    let pinned = is_it(history.labeled(PINNED));
    (current || previous || pinned).then(|| Mark { name: name.to_owned(), current, previous, pinned })
}

fn print(lines: &[Line], json: bool) -> anyhow::Result<ExitCode> {
    let console = Console::new(Stream::Stdout);
    let width = lines.iter().map(|line| line.table.len()).max().unwrap_or_default();
    let columns = |[table, time, age, items, bytes, verified, parameters]: [&str; 7]| {
        let row = format!(
            "{table:<width$}  {time:<19}  {age:>5}  {items:>13}  {bytes:>11}  {verified:<8}  {parameters}"
        );
        row.trim_end().to_owned()
    };
    if lines.is_empty() {
        console::print_remark("there is no copy");
    } else if !json {
        let titles = ["TABLE", "BACKUP", "AGE", "ITEMS", "BYTES", "VERIFIED", "PARAMETERS"];
        console.line(&console.strong(&columns(titles)));
    }
    let now = Clock::System.now();
    for line in lines {
        if json {
            console::print_data(&serde_json::to_string(line)?);
            continue;
        }
        let time =
            line.backup_time.map(|time| time.format("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default();
        let items = HumanCount(line.item_count.unsigned_abs()).to_string();
        let bytes = HumanBytes(line.bytes.unsigned_abs()).to_string();
        let verified = line.verified.as_deref().unwrap_or("-");
        let marks: Vec<String> = line.parameters.iter().map(shown).collect();
        let age = age(now - line.created_at);
        console.line(&columns([&line.table, &time, &age, &items, &bytes, verified, &marks.join("; ")]));
    }
    Ok(ExitCode::SUCCESS)
}

/// Describes the mark of a copy: `current, pinned in /p`.
fn shown(mark: &Mark) -> String {
    let marks = [("current", mark.current), ("previous", mark.previous), ("pinned", mark.pinned)];
    let marks: Vec<&str> = marks.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
    format!("{} in {}", marks.join(", "), mark.name)
}

/// Describes an age by its largest unit.
fn age(age: TimeDelta) -> String {
    match (age.num_days(), age.num_hours(), age.num_minutes()) {
        (days @ 1.., ..) => format!("{days} d"),
        (_, hours @ 1.., _) => format!("{hours} h"),
        (.., minutes) => format!("{} min", minutes.max(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_its_largest_unit() {
        for (seconds, expected) in
            [(-5, "0 min"), (59, "0 min"), (7_199, "1 h"), (86_400, "1 d"), (900_000, "10 d")]
        {
            assert_eq!(age(TimeDelta::seconds(seconds)), expected);
        }
    }

    #[test]
    fn a_mark_names_its_parameter() {
        let mark = Mark { name: "/p".to_owned(), current: true, previous: false, pinned: true };
        assert_eq!(shown(&mark), "current, pinned in /p");
    }
}
