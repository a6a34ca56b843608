//! Makes a target equal: compares, changes, and compares again.
//!
//! A change is made only after the target was read and found to differ. A second run, or a repeated step whose response
//! was lost, thus finds nothing to do. If a change is not possible yet (the table is being updated, or Time to Live was
//! changed within the hour), the state machine waits and calls again. The other changes of the setting are still made.

use std::collections::BTreeSet;

use super::{Aws, Setting};
use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;

/// Maximum number of comparisons in one call. The second comparison usually finds the setting equal. The third is for
/// settings that change in two steps (off, then on with another value) and for stale reads.
const ROUNDS: usize = 3;

/// The result of reconciling a setting.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reconciled {
    /// Nothing is left to do, except changes that AWS refused permanently.
    Done {
        /// Refused changes, each with the reason.
        refused: Vec<String>,
    },
    /// Something must finish first.
    Later {
        /// What must finish, as a sentence.
        reason: String,
        /// Whether that is an UpdateTable, which takes seconds.
        table_is_updating: bool,
        /// Changes refused in this call, each with the reason.
        refused: Vec<String>,
    },
    /// The table does not exist.
    TableMissing,
}

/// Makes the target equal, as far as that is possible now.
pub async fn reconcile<S: Setting>(
    wanted: &S::Value,
    aws: &Aws,
    target: &str,
    remove_extra: bool,
) -> Result<Reconciled, AwsFailure> {
    let later = |reason: String, table_is_updating: bool| Reconciled::Later {
        reason,
        table_is_updating,
        refused: Vec::new(),
    };
    let mut made = BTreeSet::new();
    for _ in 0..ROUNDS {
        let Some(table) = aws.describe(target).await? else { return Ok(Reconciled::TableMissing) };
        let actual = S::read(aws, &table).await?;
        let comparison = S::compare(wanted, &actual, &table);
        if comparison.to_do(remove_extra).next().is_none() {
            return Ok(match comparison.under_way.into_iter().next() {
                Some(reason) => later(reason, false),
                None => Reconciled::Done { refused: Vec::new() },
            });
        }
        if S::IS_OF_UPDATE_TABLE && !table.is_active() {
            let status = table.description.table_status().map_or("unknown", |status| status.as_str());
            return Ok(later(format!("table {} is {status}", table.name), true));
        }
        let (mut refused, mut busy) = (Vec::new(), None);
        let first = S::joined(comparison.at_once(remove_extra).cloned().collect());
        let first = first.into_iter().map(|planned| (planned, false));
        let instead = comparison.instead(remove_extra).cloned().map(|planned| (planned, true));
        for (planned, takes_room) in first.chain(instead) {
            // Skips a change if the removal that it needs was refused, or if it was just made and is not visible yet.
            if takes_room && !refused.is_empty() || made.contains(&planned.text) {
                continue;
            }
            match S::make(&planned.change, aws, &table).await {
                Ok(()) if S::IS_OF_UPDATE_TABLE => {
                    return Ok(later(
                        format!("table {} is being updated: {}", table.name, planned.text),
                        true,
                    ));
                }
                Ok(()) => {
                    tracing::info!(setting = %S::NAME, table = %table.name, "{}", planned.text);
                    made.insert(planned.text);
                }
                Err(failure) => match failure.name {
                    ErrorName::ResourceBusy => {
                        busy.get_or_insert_with(|| format!("{}: {failure}", planned.text));
                    }
                    ErrorName::Throttled | ErrorName::ServiceUnavailable => return Err(failure),
                    name => refused.push(format!("{}: {name}: {failure}", planned.text)),
                },
            }
        }
        if let Some(reason) = busy {
            return Ok(Reconciled::Later { reason, table_is_updating: false, refused });
        }
        if !refused.is_empty() {
            return Ok(Reconciled::Done { refused });
        }
    }
    Ok(later(format!("AWS does not show the new value of {} yet", S::NAME), false))
}

#[cfg(test)]
mod tests;
