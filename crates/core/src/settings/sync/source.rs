//! Where the source's settings are taken from: the table itself, else a document, else its backup.
//!
//! A table that was made after the point in time that was restored is another one, even if it has the
//! source's name: its settings are not those that were lost.

use chrono::{DateTime, Utc};

use super::origin::Origin;
use super::plan::Error;
use crate::aws::arn::Arn;
use crate::aws::backup_description;
use crate::aws::clients::Clients;
use crate::aws::failure::AwsFailure;
use crate::clock::utc;
use crate::settings::report::{SettingReport, SettingsFrom, SourceKind};
use crate::settings::{Aws, SettingName, SettingsDocument, Table, report, setting, store};

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The settings.
    pub document: SettingsDocument,
    /// Where they were found.
    pub from: SettingsFrom,
    /// Settings that could not be read off the table.
    pub failed: Vec<SettingReport>,
    /// Settings that an older document told, as the newest does not, and of when it is.
    pub older: Vec<(SettingName, DateTime<Utc>)>,
}

/// How many documents before the newest are read for what that one does not tell.
const MOST_OLDER: usize = 30;

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The source's ARN.
    pub source_arn: &'a str,
    /// What the target was restored from, if it was this source.
    pub origin: Option<&'a Origin>,
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
        let moment = self.moment(clients).await?;
        if let Some(found) = self.live(clients, moment, switched_on).await? {
            return Ok(found);
        }
        let restored = moment.unwrap_or(self.now);
        let s3 = clients.s3();
        let kept = store::kept(&s3, self.bucket, self.source_arn, restored).await?;
        if let Some(newest) = kept.first() {
            let document = store::get(&s3, newest).await?;
            let mut found = Found::from_document(document, SourceKind::SettingsDocument, newest.to_string());
            for older in kept.iter().skip(1).take(MOST_OLDER) {
                if SettingName::ALL.iter().all(|name| setting(*name).is_known(&found.document.settings)) {
                    break;
                }
                match store::get(&s3, older).await {
                    Ok(older) => found.fill_from(&older),
                    // The newest one would have done by itself.
                    Err(error) => tracing::warn!(%error, "an older settings document is passed over"),
                }
            }
            return Ok(found);
        }
        if let Some(found) = self.backup(clients).await? {
            return Ok(found);
        }
        Err(Error::SourceTableMissing {
            source_arn: self.source_arn.to_owned(),
            restored: restored.to_rfc3339(),
        })
    }

    /// The moment that the target's items are of; `None` where nothing says that it was restored from this source.
    pub async fn moment(&self, clients: &Clients) -> Result<Option<DateTime<Utc>>, Error> {
        match self.origin {
            Some(origin) => Ok(origin.moment(clients, self.source_arn).await?),
            None => Ok(None),
        }
    }

    /// The table as it is; `None` where it is gone, or is another one by now, as it was made after that moment. For
    /// whoever has no bucket of documents to fall back on: it is not looked into.
    pub async fn live(
        &self,
        clients: &Clients,
        moment: Option<DateTime<Utc>>,
        switched_on: impl Fn(SettingName) -> bool,
    ) -> Result<Option<Found>, Error> {
        let region = Arn::parse(self.source_arn).map_or("", |arn| arn.region);
        let there = clients.in_region(region);
        let there = if self.role_arn.is_empty() { there } else { there.assuming(self.role_arn).await };
        let aws = there.settings();
        let Some(table) = aws.describe(self.source_arn).await? else { return Ok(None) };
        if moment.is_some_and(|moment| is_another(&table, moment)) {
            return Ok(None);
        }
        let mut document = SettingsDocument::from_table(&table, self.now);
        let (settings, failed) = report::capture(&aws, &table, switched_on).await?;
        document.settings = settings;
        let found = Found::from_document(document, SourceKind::LiveTable, table.arn);
        let failed = failed.into_iter().map(|unread| unread.report).collect();
        Ok(Some(Found { failed, ..found }))
    }

    /// What the backup tells that was restored; `None` where there is none that tells anything.
    async fn backup(&self, clients: &Clients) -> Result<Option<Found>, Error> {
        let Some(arn) = self.origin.and_then(Origin::dynamodb_backup) else { return Ok(None) };
        let there = clients.in_region(Arn::parse(arn).map_or("", |arn| arn.region));
        let backup = backup_description::describe(&there.dynamodb(), arn).await?;
        let document = backup.as_ref().and_then(SettingsDocument::from_backup);
        Ok(document.map(|document| Found::from_document(document, SourceKind::Backup, arn.to_owned())))
    }
}

impl Found {
    /// What a document holds that was found there.
    pub fn from_document(document: SettingsDocument, kind: SourceKind, name: String) -> Found {
        let from = SettingsFrom { kind, name, captured_at: document.captured_at };
        Found { document, from, failed: Vec::new(), older: Vec::new() }
    }

    /// Takes over what an older document of the same table tells and this one does not: what could not be read on the day
    /// on which this one was written.
    fn fill_from(&mut self, older: &SettingsDocument) {
        if older.table_id != self.document.table_id {
            return;
        }
        for name in SettingName::ALL.iter().copied() {
            if setting(name).take_over(&older.settings, &mut self.document.settings) {
                self.older.push((name, older.captured_at));
            }
        }
    }

    /// What is to be done for the target to have it, setting by setting; what could not be read has failed.
    pub async fn plan(
        &self,
        aws: &Aws,
        target: &Table,
        why_off: impl Fn(SettingName) -> Option<&'static str>,
        remove_extra: bool,
    ) -> Result<Vec<SettingReport>, AwsFailure> {
        let wanted = &self.document.settings;
        let target = match why_off(SettingName::Stream) {
            None => report::with_stream_to_come(wanted, target),
            Some(_) => target.clone(),
        };
        let mut plan = report::plan(wanted, aws, &target, why_off, remove_extra).await?;
        for report in &mut plan {
            if let Some(failed) = self.failed.iter().find(|failed| failed.setting == report.setting) {
                report.clone_from(failed);
            }
            if let Some((_, time)) = self.older.iter().find(|(name, _)| *name == report.setting) {
                report.notes.push(format!(
                    "as it was at {}; the newest document does not tell it",
                    time.to_rfc3339()
                ));
            }
        }
        Ok(plan)
    }
}

fn is_another(table: &Table, moment: DateTime<Utc>) -> bool {
    let created = table.description.creation_date_time().map(utc);
    created.is_some_and(|created| created > moment)
}

#[cfg(test)]
mod tests;
