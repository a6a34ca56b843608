//! What a setting is, and the same with its types erased.

use std::future::Future;
use std::pin::Pin;

use super::reconcile::Reconciled;
use super::report::SettingReport;
use super::{Aws, SettingName, Settings, Table, reconcile};
use crate::aws::failure::AwsFailure;

/// One kind of setting.
pub trait Setting: Send + Sync + 'static {
    /// Its name.
    const NAME: SettingName;
    /// Whether it is changed by UpdateTable, which DynamoDB takes one at a time and of an active table only.
    const IS_OF_UPDATE_TABLE: bool = false;
    /// What a table has of it, in portable form.
    type Value: Clone + Send + Sync;
    /// One call that changes it.
    type Change: Clone + Send + Sync;

    /// What is known of it.
    fn known(settings: &Settings) -> Option<&Self::Value>;

    /// Where it is written down.
    fn place(settings: &mut Settings) -> &mut Option<Self::Value>;

    /// What the table has.
    fn read(aws: &Aws, table: &Table) -> impl Future<Output = Result<Self::Value, AwsFailure>> + Send;

    /// What has to be changed on the target, which has `actual`, for it to have `wanted`.
    fn compare(wanted: &Self::Value, actual: &Self::Value, target: &Table) -> Comparison<Self::Change>;

    /// Joins changes that one call can make. By default each is made by itself.
    fn joined(planned: Vec<Planned<Self::Change>>) -> Vec<Planned<Self::Change>> {
        planned
    }

    /// Makes one change. Whatever may succeed later (the table is busy) fails as `ResourceBusy`.
    fn make(
        change: &Self::Change,
        aws: &Aws,
        target: &Table,
    ) -> impl Future<Output = Result<(), AwsFailure>> + Send;
}

/// [`Setting::known`] and [`Setting::place`] of a setting that is kept in this field of [`Settings`].
macro_rules! kept_as {
    ($field:ident) => {
        fn known(settings: &$crate::settings::Settings) -> Option<&Self::Value> {
            settings.$field.as_ref()
        }

        fn place(settings: &mut $crate::settings::Settings) -> &mut Option<Self::Value> {
            &mut settings.$field
        }
    };
}
pub(super) use kept_as;

/// How a target differs from what it should be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Comparison<C> {
    /// How many of the wanted things are there already.
    pub same: usize,
    /// What has to be done, in order.
    pub changes: Vec<Planned<C>>,
    /// What the target has beyond what is wanted, and how it would be removed.
    pub extra: Vec<Planned<C>>,
    /// What can be done only once what is extra is gone, in order: behind the removals where they are wanted, and not at
    /// all where they are not.
    pub instead_of_extra: Vec<Planned<C>>,
    /// What is wanted and cannot be: the words say what and why.
    pub left_out: Vec<String>,
    /// What AWS has begun and not yet ended. It differs, and must not be changed again; the words say what to wait for.
    pub under_way: Vec<String>,
}

/// A change, with the words for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Planned<C> {
    /// Such as `set tag pool = billing`.
    pub words: String,
    /// The change.
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
    /// Adds what has to be done.
    pub fn change(&mut self, words: impl Into<String>, change: C) {
        self.changes.push(Planned { words: words.into(), change });
    }

    /// Adds what the target has beyond what is wanted; the words say how it would be removed.
    pub fn extra(&mut self, words: impl Into<String>, change: C) {
        self.extra.push(Planned { words: words.into(), change });
    }

    /// Adds what can be done only once what is extra is gone.
    pub fn instead_of_extra(&mut self, words: impl Into<String>, change: C) {
        self.instead_of_extra.push(Planned { words: words.into(), change });
    }

    /// Adds what AWS has begun and not yet ended; the words say what to wait for.
    pub fn under_way(&mut self, words: impl Into<String>) {
        self.under_way.push(words.into());
    }

    /// Adds what is wanted and cannot be.
    pub fn leave_out(&mut self, words: impl Into<String>) {
        self.left_out.push(words.into());
    }

    /// What is to be done: the changes, the removals where they are wanted, and what these make room for.
    pub fn to_do(&self, remove_extra: bool) -> impl Iterator<Item = &Planned<C>> {
        self.at_once(remove_extra).chain(self.instead(remove_extra))
    }

    /// What can be done whatever becomes of the rest: the changes, and the removals where they are wanted.
    pub fn at_once(&self, remove_extra: bool) -> impl Iterator<Item = &Planned<C>> {
        self.changes.iter().chain(self.extra.iter().filter(move |_| remove_extra))
    }

    /// What the removals make room for, where they are wanted.
    pub fn instead(&self, remove_extra: bool) -> impl Iterator<Item = &Planned<C>> {
        self.instead_of_extra.iter().filter(move |_| remove_extra)
    }
}

/// A future behind a pointer.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A setting with its types erased, as the steps hold it.
pub trait AnySetting: Send + Sync {
    /// Reads it off a table and writes it down.
    fn capture<'a>(
        &'a self,
        aws: &'a Aws,
        table: &'a Table,
        into: &'a mut Settings,
    ) -> Boxed<'a, Result<(), AwsFailure>>;

    /// Whether it is known.
    fn is_known(&self, settings: &Settings) -> bool;

    /// Takes over from other settings what is not known of it; whether something was.
    fn take_over(&self, from: &Settings, into: &mut Settings) -> bool;

    /// What is to be done for the target to have what is wanted; `None` where that is not known.
    fn plan<'a>(
        &'a self,
        wanted: &'a Settings,
        aws: &'a Aws,
        target: &'a Table,
        remove_extra: bool,
    ) -> Boxed<'a, Result<Option<SettingReport>, AwsFailure>>;

    /// Makes the target equal, as far as that can be done at once.
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
            *S::place(into) = Some(S::read(aws, table).await?);
            Ok(())
        })
    }

    fn is_known(&self, settings: &Settings) -> bool {
        S::known(settings).is_some()
    }

    fn take_over(&self, from: &Settings, into: &mut Settings) -> bool {
        let place = S::place(into);
        let known = S::known(from).filter(|_| place.is_none()).cloned();
        let is_known = known.is_some();
        if is_known {
            *place = known;
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
