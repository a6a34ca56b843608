//! Reads the settings of a sync's source from the table itself, or else from a document, or else from its backup.
//!
//! A table that was created after the restored moment is another table, even if it has the source's name. Its settings
//! are not those of the source.

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

/// The settings that were found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The settings, as a document.
    pub document: SettingsDocument,
    /// Source of the settings.
    pub from: SettingsFrom,
    /// Settings of the table that could not be read.
    pub failed: Vec<SettingReport>,
    /// Settings that the newest document lacks and an older one has, and the time of that document.
    pub older: Vec<(SettingName, DateTime<Utc>)>,
}

/// Maximum number of older documents that are read for settings that the newest one lacks.
const MOST_OLDER: usize = 30;

/// A request for the settings of a source.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// ARN of the source.
    pub source_arn: &'a str,
    /// Origin of the target, if it was restored from this source.
    pub origin: Option<&'a Origin>,
    /// ARN of the role for reading the source; empty for the step's own role.
    pub role_arn: &'a str,
    /// Name of the bucket with documents.
    pub bucket: &'a str,
    /// The current time.
    pub now: DateTime<Utc>,
}

impl Wanted<'_> {
    /// Finds the settings.
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
        let locations = store::list(&s3, self.bucket, self.source_arn, restored).await?;
        if let Some(newest) = locations.first() {
            let document = store::get(&s3, newest).await?;
            let mut found = Found::from_document(document, SourceKind::SettingsDocument, newest.to_string());
            for older in locations.iter().skip(1).take(MOST_OLDER) {
                if SettingName::ALL.iter().all(|name| setting(*name).is_known(&found.document.settings)) {
                    break;
                }
                match store::get(&s3, older).await {
                    Ok(older) => found.fill_from(&older),
                    // The newest document is enough, so a failure here is not an error.
                    Err(error) => {
                        tracing::warn!(%error, "an older settings document cannot be read, and is skipped")
                    }
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

    /// Returns the moment of the target's items, or `None` if nothing shows that it was restored from this source.
    pub async fn moment(&self, clients: &Clients) -> Result<Option<DateTime<Utc>>, Error> {
        match self.origin {
            Some(origin) => Ok(origin.moment(clients, self.source_arn).await?),
            None => Ok(None),
        }
    }

    /// Reads the table itself. Returns `None` if it does not exist, or was created after that moment and so is another
    /// table. Does not use the bucket of documents, so it suits callers without one.
    pub async fn live(
        &self,
        clients: &Clients,
        moment: Option<DateTime<Utc>>,
        switched_on: impl Fn(SettingName) -> bool,
    ) -> Result<Option<Found>, Error> {
        let region = Arn::parse(self.source_arn).map_or("", |arn| arn.region);
        let regional = clients.in_region(region);
        let regional =
            if self.role_arn.is_empty() { regional } else { regional.assuming(self.role_arn).await };
        let aws = regional.settings();
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

    /// Returns the settings in the restored backup, or `None` if there is no backup that has them.
    async fn backup(&self, clients: &Clients) -> Result<Option<Found>, Error> {
        let Some(arn) = self.origin.and_then(Origin::dynamodb_backup) else { return Ok(None) };
        let regional = clients.in_region(Arn::parse(arn).map_or("", |arn| arn.region));
        let backup = backup_description::describe(&regional.dynamodb(), arn).await?;
        let document = backup.as_ref().and_then(SettingsDocument::from_backup);
        Ok(document.map(|document| Found::from_document(document, SourceKind::Backup, arn.to_owned())))
    }
}

impl Found {
    /// Returns the settings in a document of this source.
    pub fn from_document(document: SettingsDocument, kind: SourceKind, name: String) -> Found {
        let from = SettingsFrom { kind, name, captured_at: document.captured_at };
        Found { document, from, failed: Vec::new(), older: Vec::new() }
    }

    /// Copies the settings that this document lacks from an older document of the same table. A setting is missing if
    /// it could not be read when the document was written.
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

    /// Plans the changes of each setting. A setting that could not be read has failed.
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
                    "as it was at {}; the newest document does not contain it",
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
