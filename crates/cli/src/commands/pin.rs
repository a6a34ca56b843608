//! `tablekeeper pin` and `tablekeeper unpin`: whether rotations may move an SSM parameter.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde::Serialize;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::pointer::settle;
use tablekeeper_core::rotation::pointer::{PINNED, Wish};

use crate::console::{Console, Stream};
use crate::failure::Unusable;
use crate::{caller, console, session};

/// Keep rotations from moving an SSM parameter.
///
/// The version that is current gets the label `pinned`. A rotation then makes its copy and leaves the parameter alone.
/// A parameter that is pinned already stays pinned to its value. The exit code is 0 if the parameter is pinned, 1 if
/// AWS refused, and 2 if there is no such parameter.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tablekeeper pin /staging/customer/table-arn")]
pub(crate) struct PinArguments {
    #[command(flatten)]
    common: Common,
}

/// Let rotations move an SSM parameter again.
///
/// The label `pinned` is removed. The parameter keeps its value until the next rotation. The exit code is 0 if the
/// parameter is not pinned, 1 if AWS refused, and 2 if there is no such parameter.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tablekeeper unpin /staging/customer/table-arn")]
pub(crate) struct UnpinArguments {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Common {
    /// Name of the SSM parameter.
    parameter: String,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// The report that `--json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    parameter: &'a str,
    value: &'a str,
    version: i64,
    pinned: bool,
}

/// Runs `tablekeeper pin`.
pub(crate) async fn pin(arguments: PinArguments) -> anyhow::Result<ExitCode> {
    act(arguments.common, &Wish::Pin).await
}

/// Runs `tablekeeper unpin`.
pub(crate) async fn unpin(arguments: UnpinArguments) -> anyhow::Result<ExitCode> {
    act(arguments.common, &Wish::Unpin).await
}

async fn act(arguments: Common, wish: &Wish) -> anyhow::Result<ExitCode> {
    let clients = Clients::new(session::sdk_config().await);
    caller::announce(&clients, &clients.place(), &Console::new(Stream::Stderr)).await;
    let name = &arguments.parameter;
    let settled = settle(&clients.ssm(), &clients.dynamodb(), name, wish).await?;
    let Some(newest) = settled.after.newest() else {
        bail!(Unusable(format!("there is no SSM parameter {name} {}", clients.place())));
    };
    let pinned = settled.after.labeled(PINNED).is_some();
    if arguments.json {
        let report = Report { parameter: name, value: &newest.value, version: newest.number, pinned };
        console::print_json(&report)?;
    } else {
        let table = newest.value.rsplit('/').next().unwrap_or_default();
        let state = if pinned { "pinned" } else { "not pinned" };
        console::print_data(&format!("{name}: {table} (version {}), {state}", newest.number));
    }
    Ok(ExitCode::SUCCESS)
}
