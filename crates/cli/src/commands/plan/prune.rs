//! `tablekeeper plan prune`: shows which backups of a table `backup-prune` would delete, and which rules keep the
//! others.
//!
//! It lists and decides with the code of the workflow, and only calls DescribeTable and ListBackups. A run decides
//! after its new backup is available, so a backup made now counts here, too. Without it, the plan would keep one backup
//! more than the run.
//!
//! The exit code is 0 if nothing would be deleted, 3 if something would be, 1 if the table or its backups cannot be
//! read, and 2 if the arguments cannot be used.

mod rendering;

use std::process::ExitCode;

use anyhow::bail;
use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;
use tablekeeper_core::aws::table as table_description;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::input::InvalidInput;
use tablekeeper_core::prune::execution_input::{Defaults, ExecutionInput, SelectionError};
use tablekeeper_core::prune::list;
use tablekeeper_core::prune::retention::{Backup, Others, Retention, Scope, backup_name};

use super::DIFFERS;
use crate::failure::Unusable;
use crate::session;
use crate::transfer::check_table_name_in;

/// Show which backups of a table backup-prune would delete, and why it keeps the others. Nothing is changed.
///
/// A run makes a backup first, so the plan counts one made now, unless --without-new-backup is given. A backup that no
/// rule keeps would be deleted.
///
/// The exit code is 0 if nothing would be deleted, 3 if something would be, 1 if the table or its backups cannot be
/// read, and 2 if the arguments cannot be used.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper plan prune --table Movies --keep 3\n  \
                        tablekeeper plan prune --table Movies --keep 1 --daily 7 --weekly 4 --monthly 12 --json")]
pub(crate) struct Arguments {
    /// The table's name.
    #[arg(long, value_name = "TABLE")]
    table: String,
    /// Keep the newest N backups (MaxBackups).
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    keep: i64,
    /// Keep backups younger than this number of days (MaxAgeDays).
    #[arg(long, value_name = "DAYS", default_value_t = 0, allow_negative_numbers = true)]
    max_age_days: i64,
    /// Keep the newest backup of each of the last N days that have a backup (DailyBackups).
    #[arg(long, value_name = "NUMBER", default_value_t = 0, allow_negative_numbers = true)]
    daily: i64,
    /// Keep the newest backup of each of the last N weeks that have a backup (WeeklyBackups).
    #[arg(long, value_name = "NUMBER", default_value_t = 0, allow_negative_numbers = true)]
    weekly: i64,
    /// Keep the newest backup of each of the last N months that have a backup (MonthlyBackups).
    #[arg(long, value_name = "NUMBER", default_value_t = 0, allow_negative_numbers = true)]
    monthly: i64,
    /// Keep the newest backup of each of the last N years that have a backup (YearlyBackups).
    #[arg(long, value_name = "NUMBER", default_value_t = 0, allow_negative_numbers = true)]
    yearly: i64,
    /// Treat backups of the former system (TABLE-YYYYMMDDHHMMSS) as the workflow's own, and delete them too
    /// (IncludeFormer).
    #[arg(long)]
    include_former: bool,
    /// Treat backups made by hand as the workflow's own, and delete them too (IncludeManual).
    #[arg(long)]
    include_manual: bool,
    /// Plan with the existing backups, without the one that a run makes first.
    #[arg(long)]
    without_new_backup: bool,
    /// Print the plan as one JSON object.
    #[arg(long)]
    json: bool,
}

/// The plan that `--json` prints. Each list has the newest backup first.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Plan {
    table: String,
    table_id: String,
    keep: Vec<Kept>,
    delete: Vec<BackupSummary>,
    left: Vec<Left>,
    /// Time of the plan.
    #[serde(skip)]
    now: DateTime<Utc>,
    #[serde(skip)]
    with_new_backup: bool,
}

/// A backup in a plan.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BackupSummary {
    /// ARN of the backup; `None` for the one that a run makes now.
    backup_arn: Option<String>,
    backup_name: String,
    created_at: DateTime<Utc>,
}

/// A backup that is kept, with the rules that keep it.
#[derive(Debug, Serialize)]
struct Kept {
    #[serde(flatten)]
    backup: BackupSummary,
    rules: Vec<&'static str>,
}

/// A backup that does not count, with the reason.
#[derive(Debug, Serialize)]
struct Left {
    #[serde(flatten)]
    backup: BackupSummary,
    reason: &'static str,
}

pub(super) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let retention = arguments.retention()?;
    check_table_name_in("--table", &arguments.table)?;
    let plan = plan(&arguments, retention).await?;
    super::print_plan(&plan, arguments.json, rendering::lines)?;
    Ok(if plan.delete.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERS) })
}

async fn plan(arguments: &Arguments, retention: Retention) -> anyhow::Result<Plan> {
    let (table, now) = (&arguments.table, Clock::System.now());
    let dynamodb = session::clients("tablekeeper").await.dynamodb();
    let region = session::region_of(&dynamodb)?;
    let described = table_description::describe(&dynamodb, table).await?;
    let Some(table_id) = described.as_ref().and_then(|described| described.table_id()) else {
        bail!(Unusable(format!("table {table} does not exist in {region}")));
    };
    let mut backups = list::backups(&dynamodb, table).await?;
    if !arguments.without_new_backup {
        backups.push(new_backup(table, table_id, now));
    }
    let others = Others { former: arguments.include_former, manual: arguments.include_manual };
    let scope = Scope { table_name: table, table_id, others };
    let plan = retention.plan(&backups, scope, now);
    let with_rules =
        |(backup, rules): (&Backup, _)| Kept { backup: BackupSummary::from_backup(backup), rules };
    let with_reason =
        |(backup, reason): (&Backup, _)| Left { backup: BackupSummary::from_backup(backup), reason };
    Ok(Plan {
        table: table.clone(),
        table_id: table_id.to_owned(),
        keep: plan.keep.into_iter().map(with_rules).collect(),
        delete: plan.delete.into_iter().map(BackupSummary::from_backup).collect(),
        left: plan.ignored.into_iter().map(with_reason).collect(),
        now,
        with_new_backup: !arguments.without_new_backup,
    })
}

/// Returns the backup that a run makes now. It has no ARN yet.
fn new_backup(table: &str, table_id: &str, now: DateTime<Utc>) -> Backup {
    Backup {
        arn: String::new(),
        name: backup_name(table, now),
        created_at: now,
        available: true,
        table_id: table_id.to_owned(),
    }
}

impl BackupSummary {
    fn from_backup(backup: &Backup) -> BackupSummary {
        BackupSummary {
            backup_arn: (!backup.arn.is_empty()).then(|| backup.arn.clone()),
            backup_name: backup.name.clone(),
            created_at: backup.created_at,
        }
    }
}

impl Arguments {
    /// Returns the rules. Fails where an execution would fail, with the names of the options.
    fn retention(&self) -> anyhow::Result<Retention> {
        let input = ExecutionInput {
            max_backups: Some(self.keep),
            max_age_days: Some(self.max_age_days),
            daily_backups: Some(self.daily),
            weekly_backups: Some(self.weekly),
            monthly_backups: Some(self.monthly),
            yearly_backups: Some(self.yearly),
            ..ExecutionInput::default()
        };
        let refused = |error| match error {
            SelectionError::Field(InvalidInput { field, reason }) => {
                Unusable(format!("{} {reason}", option_of(field)))
            }
            other => Unusable(other.to_string()),
        };
        // The template's parameters do not apply: the command line gives all rules.
        Ok(input.retention(&Defaults::default()).map_err(refused)?)
    }
}

/// Returns the option for a field of the execution input.
fn option_of(field: &str) -> &str {
    match field {
        "MaxBackups" => "--keep",
        "MaxAgeDays" => "--max-age-days",
        "DailyBackups" => "--daily",
        "WeeklyBackups" => "--weekly",
        "MonthlyBackups" => "--monthly",
        "YearlyBackups" => "--yearly",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn retention(line: &str) -> Result<Retention, String> {
        let line = Line::try_parse_from(["prune", "--table", "Movies"].into_iter().chain(line.split(' ')));
        line.unwrap().arguments.retention().map_err(|error| {
            assert!(error.downcast_ref::<Unusable>().is_some());
            error.to_string()
        })
    }

    #[test]
    fn only_the_given_rules_are_on() {
        let off = Retention { max_backups: 3, max_age_days: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
        assert_eq!(retention("--keep 3"), Ok(off));
        let all = Retention { max_backups: 1, max_age_days: 2, daily: 3, weekly: 4, monthly: 5, yearly: 6 };
        let line = "--keep 1 --max-age-days 2 --daily 3 --weekly 4 --monthly 5 --yearly 6";
        assert_eq!(retention(line), Ok(all));
    }

    #[test]
    fn an_invalid_rule_is_refused_with_its_option() {
        for (line, expected) in [
            ("--keep 0", "--keep is `0`; it must be between 1 and 10000"),
            ("--keep -1", "--keep is `-1`; it must be between 1 and 10000"),
            ("--keep 1 --max-age-days -2", "--max-age-days is `-2`; it must be between 0 and 10000"),
            ("--keep 1 --daily 10001", "--daily is `10001`; it must be between 0 and 10000"),
            ("--keep 1 --weekly -1", "--weekly is `-1`; it must be between 0 and 10000"),
            ("--keep 1 --monthly -1", "--monthly is `-1`; it must be between 0 and 10000"),
            ("--keep 1 --yearly -1", "--yearly is `-1`; it must be between 0 and 10000"),
        ] {
            assert_eq!(retention(line), Err(expected.to_owned()));
        }
    }

    #[test]
    fn keep_is_required_because_it_decides_what_is_deleted() {
        assert!(Line::try_parse_from(["prune", "--table", "Movies"]).is_err());
    }
}
