//! The state that a run leaves behind, in a form that can be compared between accounts.

mod objects;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, TableDescription, TableStatus};
use aws_sdk_ssm::types::ParameterHistory;
use chrono::NaiveDateTime;
use local_aws::Call;
use serde::Serialize;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::own_tag;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::settings::Table as SettingsTable;
use tablekeeper_core::settings::report::capture;

pub use objects::{Object, lines};

use crate::Deployed;

/// The part of an account's state that a workflow may change.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct FinalState {
    /// The tables, by name.
    pub tables: BTreeMap<String, Table>,
    /// The values of all versions of each SSM parameter, by name.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// The version with each label of each SSM parameter, by name.
    pub labels: BTreeMap<String, BTreeMap<String, i64>>,
    /// The status of each execution, by name.
    pub executions: BTreeMap<String, String>,
    /// Number of AWS Backup's restore jobs.
    pub restore_jobs: usize,
    /// Number of on-demand backups by table and by `name: status`.
    pub backups: BTreeMap<String, BTreeMap<String, usize>>,
    /// The objects of the buckets that the workflow writes to.
    pub objects: Vec<Object>,
    /// The versions in the bucket of the table's items, each as its key and its metadata without the time.
    pub versions: Vec<String>,
    /// The keys of incomplete multipart uploads to those buckets.
    pub open_uploads: Vec<String>,
}

/// A table of a [`FinalState`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Table {
    /// Whether a tag on the table names the recovery point that it was made from.
    pub has_origin_tag: bool,
    /// What a tag on the table says that was verified, without the time.
    pub verified: Option<String>,
    /// The billing mode, if DynamoDB shows one.
    pub billing_mode: Option<String>,
    /// The global and local indexes, sorted.
    pub indexes: Vec<String>,
    /// The items, sorted.
    pub items: Vec<String>,
    /// The settings in portable form.
    pub settings: String,
}

impl FinalState {
    /// Returns the state with the files of each export merged into one. Use it if a step may have split its file.
    pub fn with_files_together(&self) -> FinalState {
        FinalState { objects: objects::with_files_together(&self.objects), ..self.clone() }
    }

    /// Reads the whole state.
    pub async fn capture(deployed: &Deployed) -> FinalState {
        FinalState::read(deployed, |_| None).await
    }

    /// Reads the state after these calls of steps, given the state `before`. Reads the settings of a table that existed
    /// before only if one of the calls can have changed some. All calls pass through the proxy, so the settings are
    /// unchanged otherwise.
    pub async fn after(deployed: &Deployed, before: &FinalState, calls: &[Call]) -> FinalState {
        let changed = calls.iter().any(may_change_settings);
        let known = |table: &str| before.tables.get(table).filter(|_| !changed);
        FinalState::read(deployed, |table| known(table).map(|table| table.settings.clone())).await
    }

    async fn read(deployed: &Deployed, known_settings: impl Fn(&str) -> Option<String>) -> FinalState {
        let blank = |text: &str| blank(text, &deployed.account);
        let mut tables = BTreeMap::new();
        let names = deployed.dynamodb.list_tables().send().await.unwrap().table_names.unwrap_or_default();
        for name in names {
            let table = table(deployed, &name, known_settings(&name)).await;
            tables.insert(name, table);
        }
        let (mut parameters, mut labels) = (BTreeMap::new(), BTreeMap::new());
        let known = deployed.ssm.describe_parameters().send().await.unwrap().parameters.unwrap_or_default();
        for name in known.into_iter().filter_map(|parameter| parameter.name) {
            let pages = deployed.ssm.get_parameter_history().name(&name).into_paginator().send();
            let pages: Vec<_> = pages.try_collect().await.unwrap();
            let versions: Vec<_> =
                pages.into_iter().flat_map(|page| page.parameters.unwrap_or_default()).collect();
            let of_version = |version: &ParameterHistory| {
                let number = version.version();
                version.labels().iter().map(move |label| (label.clone(), number)).collect::<Vec<_>>()
            };
            labels.insert(name.clone(), versions.iter().flat_map(of_version).collect());
            let values = versions.iter().map(|version| blank(version.value().unwrap_or_default())).collect();
            parameters.insert(name, values);
        }
        let executions = deployed.sfn.list_executions().state_machine_arn(deployed.machine());
        let executions = executions.send().await.unwrap().executions;
        let executions = executions
            .into_iter()
            .map(|execution| (without_ids(&execution.name), execution.status.to_string()))
            .collect();
        let restore_jobs = deployed.backup.list_restore_jobs().send().await.unwrap().restore_jobs().len();
        let backups = backups(deployed).await;
        let items = deployed.outputs.get("ItemBucketName");
        let versions = match items {
            Some(bucket) => objects::versions(deployed, bucket).await,
            None => Vec::new(),
        };
        let (mut objects, mut open_uploads) = (Vec::new(), Vec::new());
        let written = deployed.outputs.get("ExportBucketName").into_iter().chain(items);
        let written = written.chain(deployed.outputs.get("GivenUpBucketName"));
        let written = written.chain(deployed.outputs.get("EvidenceBucketName"));
        let written = written.chain(deployed.outputs.get("SnapshotBucketName"));
        for bucket in written.chain(deployed.outputs.get("ReportBucketName")) {
            objects.extend(objects::of(deployed, bucket).await);
            open_uploads.extend(objects::open_uploads(deployed, bucket).await);
        }
        FinalState {
            tables,
            parameters,
            labels,
            executions,
            restore_jobs,
            backups,
            objects,
            versions,
            open_uploads,
        }
    }
}

/// Lists all pages of backups without those of AWS Backup.
async fn backups(deployed: &Deployed) -> BTreeMap<String, BTreeMap<String, usize>> {
    let mut backups: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let mut start = None;
    loop {
        let list = deployed.dynamodb.list_backups().set_exclusive_start_backup_arn(start);
        let page = list.send().await.unwrap();
        for backup in page.backup_summaries() {
            let name = without_new_time(backup.backup_name().unwrap());
            let name = format!("{name}: {}", backup.backup_status().unwrap().as_str());
            let of_table = backups.entry(backup.table_name().unwrap().to_owned()).or_default();
            *of_table.entry(name).or_default() += 1;
        }
        start = page.last_evaluated_backup_arn;
        if start.is_none() {
            return backups;
        }
    }
}

/// Replaces the time at the end of a name by `TIME` if it is of this run, that is within the last hour.
fn without_new_time(name: &str) -> String {
    let an_hour_ago = (Clock::System.now() - Duration::from_secs(3_600)).naive_utc();
    let new = name.rsplit_once('-').filter(|(_, time)| {
        NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ").is_ok_and(|time| time > an_hour_ago)
    });
    new.map_or_else(|| name.to_owned(), |(table, _)| format!("{table}-TIME"))
}

/// Returns whether a call can have changed a setting of a table. Calls that are not known to change none count.
fn may_change_settings(call: &Call) -> bool {
    const SERVICES_WITHOUT: &[&str] = &["backup", "s3", "sns", "ssm", "states"];
    const OPERATIONS_WITHOUT: &[&str] = &[
        "BatchWriteItem",
        "CreateBackup",
        "DeleteBackup",
        "ExportTableToPointInTime",
        "PutItem",
        "Query",
        "RestoreTableFromBackup",
        "Scan",
        "UpdateItem",
    ];
    let (service, operation) = call.action.split_once(':').unwrap();
    // A rotation and a verification write only their own tags, which are no settings.
    let own = matches!(
        (call.step.as_deref(), operation),
        (Some("rotate-restore.check-restore" | "verify-table.finish-verification"), "TagResource")
    );
    let changes_none = own || SERVICES_WITHOUT.contains(&service) || OPERATIONS_WITHOUT.contains(&operation);
    !call.only_reads() && !changes_none
}

async fn table(deployed: &Deployed, name: &str, known_settings: Option<String>) -> Table {
    let described = described(deployed, name).await;
    let is_creating = described.table_status() == Some(&TableStatus::Creating);
    let arn = described.table_arn().unwrap();
    let tags = if is_creating { Vec::new() } else { own_tag::all(&deployed.dynamodb, arn).await.unwrap() };
    let has_origin_tag = tags.iter().any(|tag| tag.key == own_tag::RECOVERY_POINT);
    let verified = tags.iter().find(|tag| tag.key == own_tag::VERIFIED);
    let verified = verified.and_then(|tag| tag.value.split(' ').next()).map(str::to_owned);
    let billing_mode = described.billing_mode_summary().and_then(|summary| summary.billing_mode());
    let billing_mode = billing_mode.map(|mode| mode.as_str().to_owned());
    let global = described.global_secondary_indexes().iter().map(|index| ("global", index.index_name()));
    let local = described.local_secondary_indexes().iter().map(|index| ("local", index.index_name()));
    let named = global.chain(local).map(|(kind, name)| format!("{kind} {}", name.unwrap_or_default()));
    let indexes = named.collect::<BTreeSet<_>>().into_iter().collect();
    let scanned = deployed.dynamodb.scan().table_name(name).into_paginator().items().send();
    let mut items: Vec<String> = scanned.try_collect().await.unwrap().iter().map(shown).collect();
    items.sort();
    let settings = match known_settings {
        Some(settings) => settings,
        // DynamoDB shows no settings of a table that is being created.
        None if is_creating => "CREATING".to_owned(),
        None => without_suffixes(&settings(deployed, described).await.replace(&deployed.account, "ACCOUNT")),
    };
    Table { has_origin_tag, verified, billing_mode, indexes, items, settings }
}

/// Describes a table once it is created, if that takes at most ten polls.
async fn described(deployed: &Deployed, name: &str) -> TableDescription {
    let mut polls = 0;
    loop {
        let described = deployed.dynamodb.describe_table().table_name(name).send().await.unwrap();
        let described = described.table.unwrap();
        polls += 1;
        if described.table_status() != Some(&TableStatus::Creating) || polls == 10 {
            return described;
        }
    }
}

/// Reads the settings that `sync-settings` may change, in the way in which it reads them.
async fn settings(deployed: &Deployed, table: TableDescription) -> String {
    let aws = Clients::new(deployed.config.clone()).settings();
    // A table whose restore never ends has no tags that can be read.
    let is_creating = table.table_status() == Some(&TableStatus::Creating);
    let (settings, failed) = capture(&aws, &SettingsTable::new(table), |_| true).await.unwrap();
    assert!(failed.is_empty() || is_creating, "{failed:?}");
    serde_json::to_string(&settings).unwrap()
}

/// Replaces CloudFormation's suffixes of resource names: 13 hexadecimal digits.
fn without_suffixes(text: &str) -> String {
    let is_suffix = |part: &&str| part.len() == 13 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let suffixes = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(is_suffix);
    suffixes.fold(text.to_owned(), |text, suffix| text.replace(suffix, "SUFFIX"))
}

/// Replaces an id at the end of a text by `ID`: 36 characters of hexadecimal digits and dashes.
fn without_ids(text: &str) -> String {
    let is_id =
        |id: &&str| id.len() == 36 && id.chars().all(|letter| letter.is_ascii_hexdigit() || letter == '-');
    match text.get(text.len().saturating_sub(36)..).filter(is_id) {
        Some(id) => text.replace(id, "ID"),
        None => text.to_owned(),
    }
}

fn shown(item: &std::collections::HashMap<String, AttributeValue>) -> String {
    format!("{:?}", item.iter().collect::<BTreeMap<_, _>>())
}

/// Replaces what differs between accounts: the account id, and the ids of backups.
fn blank(text: &str, account: &str) -> String {
    let text = text.replace(account, "ACCOUNT");
    match text.split_once("/backup/").or_else(|| text.split_once(":recovery-point:")) {
        Some((before, _)) => format!("{before}/BACKUP"),
        None => text,
    }
}
