//! The trait of a setting, and its object-safe counterpart.

use std::future::Future;
use std::pin::Pin;

use super::reconcile::Reconciled;
use super::report::SettingReport;
use super::{Aws, SettingName, Settings, Table, reconcile};
use crate::aws::failure::AwsFailure;

/// A kind of setting.
pub trait Setting: Send + Sync + 'static {
    /// Name of the setting.
    const NAME: SettingName;
    /// Whether UpdateTable changes the setting. DynamoDB takes one UpdateTable at a time, and only for an active table.
    const IS_OF_UPDATE_TABLE: bool = false;
    /// The value of the setting, in portable form.
    type Value: Clone + Send + Sync;
    /// One call that changes the setting.
    type Change: Clone + Send + Sync;

    /// Returns the value in `settings`, if it is known.
    fn known(settings: &Settings) -> Option<&Self::Value>;

    /// Returns the field of `settings` that holds the value.
    fn slot(settings: &mut Settings) -> &mut Option<Self::Value>;

    /// Reads the value of a table.
    fn read(aws: &Aws, table: &Table) -> impl Future<Output = Result<Self::Value, AwsFailure>> + Send;

    /// Compares the target's value `actual` with `wanted`, and returns the changes that make it equal.
    fn compare(wanted: &Self::Value, actual: &Self::Value, target: &Table) -> Comparison<Self::Change>;

    /// Joins changes that one call can make. By default each change is a call.
    fn joined(planned: Vec<Planned<Self::Change>>) -> Vec<Planned<Self::Change>> {
        planned
    }

    /// Makes one change. A failure that may succeed later, such as a busy table, has the name `ResourceBusy`.
    fn make(
        change: &Self::Change,
        aws: &Aws,
        target: &Table,
    ) -> impl Future<Output = Result<(), AwsFailure>> + Send;
}

/// Implements [`Setting::known`] and [`Setting::slot`] with this field of [`Settings`].
macro_rules! stored_as {
    ($field:ident) => {
        fn known(settings: &$crate::settings::Settings) -> Option<&Self::Value> {
            settings.$field.as_ref()
        }

        fn slot(settings: &mut $crate::settings::Settings) -> &mut Option<Self::Value> {
            &mut settings.$field
        }
    };
}
pub(super) use stored_as;

/// The differences between a target and the wanted value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Comparison<C> {
    /// Number of wanted things that the target already has.
    pub same: usize,
    /// Changes to make, in order.
    pub changes: Vec<Planned<C>>,
    /// Removals of what the target has beyond the wanted value.
    pub extra: Vec<Planned<C>>,
    /// Changes that are possible only after the removals in `extra`, in order. They are made only if extras are
    /// removed.
    pub instead_of_extra: Vec<Planned<C>>,
    /// Descriptions of what is wanted but not possible, and why.
    pub left_out: Vec<String>,
    /// Descriptions of changes in progress at AWS, and what to wait for. They count as different but must not be made
    /// again.
    pub under_way: Vec<String>,
}

/// A change and its description.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Planned<C> {
    /// Description of the change, such as `set tag pool = billing`.
    pub text: String,
    /// Change to make.
    pub change: C,
}

impl<C> Default for Comparison<C> {
    fn default() -> Comparison<C> {
        Comparison {
            same: 0,
            changes: Vec::new(),
            extra: Vec::new(),
            instead_of_extra: Vec::new(),
            left_out: Vec::new(),
            under_way: Vec::new(),
        }
    }
}

impl<C> Comparison<C> {
    /// Adds a change.
    pub fn change(&mut self, text: impl Into<String>, change: C) {
        self.changes.push(Planned { text: text.into(), change });
    }

    /// Adds something that the target has beyond the wanted value. `text` describes its removal.
    pub fn extra(&mut self, text: impl Into<String>, change: C) {
        self.extra.push(Planned { text: text.into(), change });
    }

    /// Adds a change that is possible only after the extras are removed.
    pub fn instead_of_extra(&mut self, text: impl Into<String>, change: C) {
        self.instead_of_extra.push(Planned { text: text.into(), change });
    }

    /// Adds a change in progress at AWS. `text` says what to wait for.
    pub fn under_way(&mut self, text: impl Into<String>) {
        self.under_way.push(text.into());
    }

    /// Adds something that is wanted but not possible.
    pub fn leave_out(&mut self, text: impl Into<String>) {
        self.left_out.push(text.into());
    }

    /// Returns the changes to make. With `remove_extra`, they include the removals and the changes that need them.
    pub fn to_do(&self, remove_extra: bool) -> impl Iterator<Item = &Planned<C>> {
        self.at_once(remove_extra).chain(self.instead(remove_extra))
    }

    /// Returns the changes that depend on no other change. With `remove_extra`, they include the removals.
    pub fn at_once(&self, remove_extra: bool) -> impl Iterator<Item = &Planned<C>> {
        self.changes.iter().chain(self.extra.iter().filter(move |_| remove_extra))
    }

    /// Returns the changes that need the removals, or none without `remove_extra`.
    pub fn instead(&self, remove_extra: bool) -> impl Iterator<Item = &Planned<C>> {
        self.instead_of_extra.iter().filter(move |_| remove_extra)
    }
}

/// A boxed future.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A [`Setting`] with its types erased, for the steps.
pub trait AnySetting: Send + Sync {
    /// Reads the setting of a table into `into`.
    fn capture<'a>(
        &'a self,
        aws: &'a Aws,
        table: &'a Table,
        into: &'a mut Settings,
    ) -> Boxed<'a, Result<(), AwsFailure>>;

    /// Checks whether the setting is known.
    fn is_known(&self, settings: &Settings) -> bool;

    /// Copies the setting from `from` if it is unknown in `into`. Returns whether it was copied.
    fn take_over(&self, from: &Settings, into: &mut Settings) -> bool;

    /// Plans the changes that give the target the wanted value. Returns `None` if the wanted value is unknown.
    fn plan<'a>(
        &'a self,
        wanted: &'a Settings,
        aws: &'a Aws,
        target: &'a Table,
        remove_extra: bool,
    ) -> Boxed<'a, Result<Option<SettingReport>, AwsFailure>>;

    /// Makes the target equal, as far as that is possible now.
    fn reconcile<'a>(
        &'a self,
        wanted: &'a Settings,
        aws: &'a Aws,
        target: &'a str,
        remove_extra: bool,
    ) -> Boxed<'a, Result<Reconciled, AwsFailure>>;
}

impl<S: Setting> AnySetting for S {
    fn capture<'a>(
        &'a self,
        aws: &'a Aws,
        table: &'a Table,
        into: &'a mut Settings,
    ) -> Boxed<'a, Result<(), AwsFailure>> {
        Box::pin(async move {
            *S::slot(into) = Some(S::read(aws, table).await?);
            Ok(())
        })
    }

    fn is_known(&self, settings: &Settings) -> bool {
        S::known(settings).is_some()
    }

    fn take_over(&self, from: &Settings, into: &mut Settings) -> bool {
        let slot = S::slot(into);
        let known = S::known(from).filter(|_| slot.is_none()).cloned();
        let is_known = known.is_some();
        if is_known {
            *slot = known;
        }
        is_known
    }

    fn plan<'a>(
        &'a self,
        wanted: &'a Settings,
        aws: &'a Aws,
        target: &'a Table,
        remove_extra: bool,
    ) -> Boxed<'a, Result<Option<SettingReport>, AwsFailure>> {
        Box::pin(async move {
            let Some(wanted) = S::known(wanted) else { return Ok(None) };
            let comparison = S::compare(wanted, &S::read(aws, target).await?, target);
            Ok(Some(SettingReport::from_comparison(S::NAME, &comparison, remove_extra)))
        })
    }

    fn reconcile<'a>(
        &'a self,
        wanted: &'a Settings,
        aws: &'a Aws,
        target: &'a str,
        remove_extra: bool,
    ) -> Boxed<'a, Result<Reconciled, AwsFailure>> {
        Box::pin(async move {
            match S::known(wanted) {
                Some(wanted) => reconcile::reconcile::<S>(wanted, aws, target, remove_extra).await,
                None => Ok(Reconciled::Done { refused: Vec::new() }),
            }
        })
    }
}
