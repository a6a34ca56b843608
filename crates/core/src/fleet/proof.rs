//! Finds what belongs to one table in what was read for all tables together.

use std::collections::{BTreeMap, HashMap};

use super::exports::Exports;
use super::facts::{Description, Export, RestoreTimes, Saved, Verification};
use super::finding::Finding;
use super::listings::{Backups, RestoreJob};
use super::protected::Points;
use super::stores::Tested;
use crate::aws::failure::AwsFailure;

/// What was read for all tables together.
pub(super) struct Listed {
    pub(super) backups: Result<Backups, AwsFailure>,
    pub(super) points: Result<Points, AwsFailure>,
    pub(super) exports: Result<Exports, AwsFailure>,
    pub(super) jobs: Result<Vec<RestoreJob>, AwsFailure>,
}

impl Listed {
    /// Returns the backups of this table, and not of an earlier one of its name.
    pub(super) fn backups_of(&self, table: &Description) -> Finding<Saved> {
        let backups = match &self.backups {
            Ok(backups) => backups.get(&table.arn),
            Err(failure) => return Finding::from_failure(failure),
        };
        let own = backups.into_iter().flatten().filter(|backup| backup.table_id == table.id);
        Finding::from_value(Saved::from_all(own.map(|backup| (backup.created_at, backup.arn.as_str()))))
    }

    pub(super) fn points_of(&self, table: &Description) -> Finding<Saved> {
        let points = match &self.points {
            Ok(points) => points.get(&table.arn),
            Err(failure) => return Finding::from_failure(failure),
        };
        match points {
            None => Finding::None {},
            Some(Err(failure)) => Finding::from_failure(failure),
            Some(Ok(points)) => {
                let own = points.iter().filter(|point| point.created_at >= table.created_at);
                Finding::from_value(Saved::from_all(own.map(|point| (point.created_at, point.arn.as_str()))))
            }
        }
    }

    pub(super) fn export_of(&self, table: &Description) -> Finding<Export> {
        let exports = match &self.exports {
            Ok(exports) => exports.get(&table.arn),
            Err(failure) => return Finding::from_failure(failure),
        };
        match exports {
            None | Some(Ok(None)) => Finding::None {},
            Some(Err(failure)) => Finding::from_failure(failure),
            Some(Ok(Some((id, export)))) => Finding::from_value((*id == table.id).then(|| export.clone())),
        }
    }
}

/// What shows that tables can be restored.
pub(super) struct Proof<'a> {
    /// The verified copies of each table, by ARN.
    pub(super) copies: HashMap<String, Vec<Verification>>,
    /// Why there may be other verified copies.
    pub(super) unseen: Option<String>,
    pub(super) evidence: Option<&'a Result<HashMap<String, Tested>, String>>,
    pub(super) listed: &'a Listed,
}

impl Proof<'_> {
    fn jobs(&self, table: &Description) -> impl Iterator<Item = &RestoreJob> {
        let (arn, created_at) = (table.arn.clone(), table.created_at);
        let jobs = self.listed.jobs.iter().flatten();
        jobs.filter(move |job| job.source_arn == arn && job.ended_at >= created_at)
    }

    fn tested(&self, table: &Description) -> Option<&Tested> {
        self.evidence?.as_ref().ok()?.get(&table.arn)
    }

    /// Returns the newest proof that a table can be restored.
    pub(super) fn verified(&self, table: &Description) -> Finding<Verification> {
        let copies = self.copies.get(&table.arn).into_iter().flatten().cloned();
        let jobs = self.jobs(table).filter(|job| job.is_validated).map(|job| Verification {
            at: job.ended_at,
            how: "restore test".to_owned(),
            by: job.id.clone(),
        });
        let tested = self.tested(table).and_then(|tested| tested.verified.found()).cloned();
        let proofs = copies.chain(jobs).chain(tested).filter(|proof| proof.at >= table.created_at);
        if let Some(value) = proofs.max_by_key(|proof| proof.at) {
            return Finding::Found { value };
        }
        let listed = &self.listed;
        let failures =
            [listed.backups.as_ref().err(), listed.points.as_ref().err(), listed.jobs.as_ref().err()];
        let failed = failures.into_iter().flatten().next().map(ToString::to_string);
        let evidence = self.evidence.and_then(|evidence| evidence.as_ref().err()).cloned();
        let tested = self.tested(table).and_then(|tested| tested.verified.reason()).map(str::to_owned);
        match failed.or(evidence).or(tested).or_else(|| self.unseen.clone()) {
            Some(reason) => Finding::NotKnown { reason },
            None => Finding::None {},
        }
    }

    /// Returns how long restores of a table took.
    pub(super) fn restores(&self, table: &Description) -> Finding<RestoreTimes> {
        let tested = self.tested(table).into_iter().flat_map(|tested| tested.restores.iter().cloned());
        let jobs = self.jobs(table).map(|job| (job.id.clone(), job.seconds));
        let by_id: BTreeMap<String, u64> = tested.chain(jobs).collect();
        match (RestoreTimes::from_seconds(by_id.into_values().collect()), &self.listed.jobs) {
            (Some(value), _) => Finding::Found { value },
            (None, Err(failure)) => Finding::from_failure(failure),
            (None, Ok(_)) => Finding::None {},
        }
    }
}
