//! `tablekeeper plan rotate`: shows what the workflow would do with a notification of AWS Backup, or with one backup.

mod parameters;
mod target;

use std::process::ExitCode;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use clap::Args;
use serde_json::{Value, json};
use tablekeeper_core::error_name::HasErrorName as _;
use tablekeeper_core::rotation::decision::{Decision, DecisionError, decide};
use tablekeeper_core::rotation::execution_input::{BackupSnsMessage, ExecutionInput};
use tablekeeper_core::rotation::naming::{Patterns, Rotation};

use crate::backup::Forms;
use crate::failure::Unusable;
use crate::transfer::check_table_name;
use crate::{backup, console, event_file, session};
use parameters::Parameters;

/// Show what rotate-restore would do with a notification of AWS Backup, or with one backup. Nothing is changed.
///
/// The patterns and the SSM parameter are those of the deployed stack, unless they are given. With a stack, the plan also
/// says whether the new table exists, and then whether it is adopted. With patterns and without --stack, only --backup
/// latest calls AWS, to find the backup. The exit code is 0 if the workflow would restore or skip, 1 if a record of the
/// event or the backup would make it fail, and 2 if the arguments cannot be used.
#[derive(Debug, Args)]
#[command(
    override_usage = "tablekeeper plan rotate [OPTIONS] --event <FILE>\n       \
                      tablekeeper plan rotate [OPTIONS] --backup <ARN|latest>",
    after_help = "Examples:\n  tablekeeper plan rotate --table customer-production --backup latest\n  \
                        tablekeeper plan rotate --event events/rotate-restore/start.sns-live-wording.json \\\n    \
                        --source-pattern '(?i)-production$' --replacement-pattern '-staging'\n  \
                        tablekeeper plan rotate --table customer-production --backup latest \\\n    \
                        --source-pattern '(?i)-production$' --replacement-pattern '-staging'"
)]
pub(crate) struct Arguments {
    /// The event that SNS or EventBridge sends to Lambda: a file, or - for standard input.
    #[arg(long, value_name = "FILE", required_unless_present = "backup", conflicts_with = "backup")]
    event: Option<String>,
    /// The backup to restore: its ARN, or `latest` for the newest available one of --table.
    #[arg(long, value_name = "ARN|latest")]
    backup: Option<String>,
    /// The table that --backup is of.
    #[arg(long, requires = "backup")]
    table: Option<String>,
    #[command(flatten)]
    options: parameters::Options,
    /// Print one line of JSON per record.
    #[arg(long)]
    json: bool,
}

pub(super) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let reads_stack = arguments.options.read_stack();
    let reads_backups = arguments.backup.as_deref() == Some("latest");
    let config = if reads_stack || reads_backups { Some(session::sdk_config().await) } else { None };
    let Parameters { patterns, knows_parameter } = arguments.options.resolve(config.as_ref()).await?;
    let client = config.as_ref().filter(|_| reads_stack).map(Client::new);
    let show = async |plan: Value| -> anyhow::Result<bool> {
        let plan = match &client {
            Some(client) => target::check(plan, client).await?,
            None => plan,
        };
        let text = if arguments.json { plan.to_string() } else { describe(&plan, knows_parameter) };
        console::print_data(&text);
        Ok(plan.get("error").is_none())
    };
    if let Some(backup) = &arguments.backup {
        let plan = of_backup(&arguments, backup, &patterns, config.as_ref()).await?;
        return Ok(if show(plan).await? { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let event = match event_file::read(arguments.event.as_deref().unwrap_or("-")) {
        Ok(event) => event,
        Err(error) if arguments.json => {
            let reason = crate::failure::sentence(&error);
            console::print_data(&json!({ "restore": false, "reason": reason }).to_string());
            return Err(error);
        }
        Err(error) => return Err(error),
    };
    let mut all = true;
    for decision in &decide(&event, &patterns) {
        all &= show(as_json(decision)).await?;
    }
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Plans the rotation of one backup, as an execution that a person starts with it.
async fn of_backup(
    arguments: &Arguments,
    backup: &str,
    patterns: &Patterns,
    config: Option<&SdkConfig>,
) -> anyhow::Result<Value> {
    let table = arguments.table.as_deref();
    table.map_or(Ok(()), check_table_name)?;
    let forms = Forms { has_arn: true, has_message: true };
    // An ARN alone needs no environment of AWS.
    let offline = SdkConfig::builder().build();
    let fields = backup::fields(backup, table, forms, config.unwrap_or(&offline)).await?;
    let input: ExecutionInput = serde_json::from_value(Value::Object(fields))?;
    let backup = input.backup().map_err(|error| Unusable(error.to_string()))?;
    Ok(match Rotation::plan(&backup, patterns) {
        Ok(rotation) => restore(&backup, &rotation, None),
        Err(error) => json!({ "restore": false, "reason": error.to_string(), "error": error.name() }),
    })
}

/// Returns the plan of a restore. Only an execution of the trigger has a name that derives from its backup job.
fn restore(backup: &BackupSnsMessage, rotation: &Rotation, execution_name: Option<&str>) -> Value {
    json!({
        "restore": true,
        "sourceTable": rotation.source_table,
        "recoveryPointArn": backup.recovery_point_arn,
        "recoveryPointKind": rotation.recovery_point_kind,
        "backupJobId": Some(&backup.backup_job_id).filter(|id| !id.is_empty()),
        "targetTable": rotation.target_table,
        "executionName": execution_name,
        "ssmParameterName": rotation.ssm_parameter_name,
    })
}

fn as_json(decision: &Result<Decision, DecisionError>) -> Value {
    match decision {
        Ok(Decision::Restore { backup, rotation, execution_name }) => {
            restore(backup, rotation, Some(execution_name))
        }
        Ok(Decision::Skip(reason)) => json!({ "restore": false, "reason": reason }),
        Err(error) => json!({ "restore": false, "reason": error.to_string(), "error": error.name() }),
    }
}

/// Describes a plan. `knows_parameter` says whether a missing parameter means that none is written.
fn describe(plan: &Value, knows_parameter: bool) -> String {
    let text = |field: &str| plan.get(field).and_then(Value::as_str).unwrap_or("none").to_owned();
    if plan.get("restore") != Some(&json!(true)) {
        let error = plan.get("error").and_then(Value::as_str).map(|name| format!(" ({name})"));
        return format!("no restore{}: {}", error.unwrap_or_default(), text("reason"));
    }
    let service = if text("recoveryPointKind") == "backup" { "AWS Backup" } else { "DynamoDB" };
    let mut lines = vec![
        format!("{} is restored to {}", text("sourceTable"), text("targetTable")),
        format!("  from       {} (by {service})", text("recoveryPointArn")),
    ];
    if plan.get("executionName").is_some_and(Value::is_string) {
        lines.push(format!("  execution  {}", text("executionName")));
    }
    lines.extend(target::line(plan).map(|text| format!("  table      {text}")));
    lines.push(match knows_parameter {
        true => format!("  parameter  {}", text("ssmParameterName")),
        false => "  parameter  not known: no stack was read; give --stack or --ssm-parameter-name".to_owned(),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders-production";

    fn plan(state: &str, replacement: &str) -> Value {
        let attribute = |value: &str| json!({ "Type": "String", "Value": value });
        let message = format!(
            "An AWS Backup job was completed successfully. Recovery point ARN: {TABLE}/backup/015-d3. \
             Resource ARN : {TABLE}. BackupJob ID : JOB-1"
        );
        let event = json!({ "Records": [{ "Sns": { "Message": message, "MessageAttributes": {
            "EventType": attribute("BACKUP_JOB"), "State": attribute(state),
            "StartTime": attribute("2019-09-02T13:48:52.226Z") } } }] });
        let patterns = Patterns::new("-production$", replacement, Some("/p")).unwrap();
        as_json(&decide(&event, &patterns)[0])
    }

    #[test]
    fn a_restore_has_all_its_fields() {
        let plan = plan("COMPLETED", "-staging");
        assert_eq!(
            plan,
            json!({ "restore": true, "sourceTable": "orders-production",
                "recoveryPointArn": format!("{TABLE}/backup/015-d3"), "recoveryPointKind": "dynamodb",
                "backupJobId": "JOB-1", "targetTable": "orders-staging-20190902-13-48-52",
                "executionName": "rot-job-1", "ssmParameterName": "/p" })
        );
        assert!(describe(&plan, true).starts_with("orders-production is restored to orders-staging-2019"));
    }

    #[test]
    fn a_skipped_record_has_its_reason() {
        assert!(
            describe(&plan("FAILED", ""), true).starts_with("no restore: the backup job's state is `FAILED`")
        );
        let refused = plan("COMPLETED", "ü");
        assert_eq!((&refused["restore"], &refused["error"]), (&json!(false), &json!("InvalidTargetName")));
        assert!(describe(&refused, true).starts_with("no restore (InvalidTargetName): "));
    }
}
