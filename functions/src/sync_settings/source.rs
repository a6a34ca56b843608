//! Where the source's settings are taken from: the table itself, else a document, else its backup.
//!
//! A table that was made after the point in time that was restored is another one, even if it has the
//! source's name: its settings are not those that were lost.

use aws_sdk_dynamodb::types::RestoreSummary;
use chrono::{DateTime, Utc};

use super::plan_settings::Error;
use crate::arn::Arn;
use crate::aws_failure::AwsFailure;
use crate::backup_description;
use crate::clients::Clients;
use crate::clock::utc;
use crate::settings::report::{self, SettingReport, SettingsFrom, SourceKind};
use crate::settings::{Aws, SettingName, SettingsDocument, Table, store};

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The settings.
    pub document: SettingsDocument,
    /// Where they were found.
    pub from: SettingsFrom,
    /// Settings that could not be read off the table.
    pub failed: Vec<SettingReport>,
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The source's ARN.
    pub source_arn: &'a str,
    /// The restore that made the target of this source, if one did.
    pub restore: Option<&'a RestoreSummary>,
    /// The role that the source is read with; empty for the step's own.
    pub role_arn: &'a str,
    /// The bucket of documents.
    pub bucket: &'a str,
    /// The time now.
    pub now: DateTime<Utc>,
}

impl Wanted<'_> {
    /// Finds it.
    pub async fn find(
        &self,
        clients: &Clients,
        switched_on: impl Fn(SettingName) -> bool,
    ) -> Result<Found, Error> {
        if let Some(found) = self.live(clients, switched_on).await? {
            return Ok(found);
        }
        let restored = self.restore.map_or(self.now, |restore| utc(restore.restore_date_time()));
        let s3 = clients.s3();
        if let Some(location) = store::newest(&s3, self.bucket, self.source_arn, restored).await? {
            let document = store::get(&s3, &location).await?;
            return Ok(Found::of(document, SourceKind::SettingsDocument, location.to_string()));
        }
        if let Some(found) = self.backup(clients).await? {
            return Ok(found);
        }
        Err(Error::SourceTableMissing {
            source_arn: self.source_arn.to_owned(),
            restored: restored.to_rfc3339(),
        })
    }

    /// The table as it is; `None` where it is gone, or another one by now. For whoever has no bucket of
    /// documents to fall back on: it is not looked into.
    pub async fn live(
        &self,
        clients: &Clients,
        switched_on: impl Fn(SettingName) -> bool,
    ) -> Result<Option<Found>, Error> {
        let region = Arn::parse(self.source_arn).map_or("", |arn| arn.region);
        let there = clients.in_region(region);
        let there = if self.role_arn.is_empty() { there } else { there.assuming(self.role_arn).await };
        let aws = there.settings();
        let Some(table) = aws.describe(self.source_arn).await? else { return Ok(None) };
        if self.restore.is_some_and(|restore| is_another(&table, restore)) {
            return Ok(None);
        }
        let mut document = SettingsDocument::of(&table, self.now);
        let (settings, failed) = report::capture(&aws, &table, switched_on).await?;
        document.settings = settings;
        let found = Found::of(document, SourceKind::LiveTable, table.arn);
        Ok(Some(Found { failed, ..found }))
    }

    /// What the backup tells that was restored; `None` where there is none that tells anything.
    async fn backup(&self, clients: &Clients) -> Result<Option<Found>, Error> {
        let arn = self.restore.and_then(|restore| restore.source_backup_arn());
        // AWS Backup's own recovery points are not DynamoDB's to describe.
        let Some(arn) = arn.filter(|arn| Arn::parse(arn).is_some_and(|arn| arn.service == "dynamodb")) else {
            return Ok(None);
        };
        let backup = backup_description::describe(&clients.dynamodb(), arn).await?;
        let document = backup.as_ref().and_then(SettingsDocument::of_backup);
        Ok(document.map(|document| Found::of(document, SourceKind::Backup, arn.to_owned())))
    }
}

impl Found {
    /// What a document holds that was found there.
    pub fn of(document: SettingsDocument, kind: SourceKind, name: String) -> Found {
        let from = SettingsFrom { kind, name, captured_at: document.captured_at };
        Found { document, from, failed: Vec::new() }
    }

    /// What is to be done for the target to have it, setting by setting; what could not be read has failed.
    pub async fn plan(
        &self,
        aws: &Aws,
        target: &Table,
        switched_on: impl Fn(SettingName) -> bool,
        remove_extra: bool,
    ) -> Result<Vec<SettingReport>, AwsFailure> {
        let wanted = &self.document.settings;
        let target = match switched_on(SettingName::Stream) {
            true => report::with_stream_to_come(wanted, target),
            false => target.clone(),
        };
        let mut plan = report::plan(wanted, aws, &target, switched_on, remove_extra).await?;
        for report in &mut plan {
            if let Some(failed) = self.failed.iter().find(|failed| failed.setting == report.setting) {
                report.clone_from(failed);
            }
        }
        Ok(plan)
    }
}

/// The restore that made the target, if it was one of this source: it says nothing of a table that somebody
/// named instead.
pub fn restore_of<'a>(target: &'a Table, source_arn: &str) -> Option<&'a RestoreSummary> {
    let restore = target.description.restore_summary()?;
    restore.source_table_arn().is_none_or(|arn| arn == source_arn).then_some(restore)
}

fn is_another(table: &Table, restore: &RestoreSummary) -> bool {
    let created = table.description.creation_date_time().map(utc);
    created.is_some_and(|created| created > utc(restore.restore_date_time()))
}

#[cfg(test)]
mod tests;
