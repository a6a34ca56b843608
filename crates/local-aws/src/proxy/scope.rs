//! State by account and Region.
//!
//! Some of it is locked for the duration of a call. Two calls with one idempotency token then make one job, and no poll
//! sees a table without the record of its restore. Each scope has its own lock, so that accounts do not wait for each
//! other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::identify::Caller;
use crate::upstream::Signed;

/// An account and a Region, within which names are unique.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    pub(crate) account: String,
    pub(crate) region: String,
}

impl Scope {
    pub(crate) fn from_caller(caller: &Caller) -> Self {
        Self { account: caller.account.clone(), region: caller.region.clone() }
    }

    pub(crate) fn signed<'a>(&'a self, service: &'a str) -> Signed<'a> {
        Signed { account: &self.account, region: &self.region, service }
    }
}

/// A state per scope. It starts as the default.
#[derive(Debug)]
pub(crate) struct Scoped<T> {
    states: Mutex<HashMap<Scope, Arc<tokio::sync::Mutex<T>>>>,
}

impl<T> Default for Scoped<T> {
    fn default() -> Self {
        Self { states: Mutex::default() }
    }
}

impl<T: Default> Scoped<T> {
    pub(crate) fn of(&self, scope: &Scope) -> Arc<tokio::sync::Mutex<T>> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(states.entry(scope.clone()).or_default())
    }

    pub(crate) fn forget_all(&self) {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn scopes_do_not_wait_for_each_other() {
        let scope = |account: &str| Scope { account: account.into(), region: "us-east-1".into() };
        let scoped = Scoped::<u32>::default();
        let one = scoped.of(&scope("1"));
        let mut held = one.lock().await;
        *held += 1;
        assert!(scoped.of(&scope("1")).try_lock().is_err());
        assert_eq!(*scoped.of(&scope("2")).try_lock().unwrap(), 0);
        drop(held);
        assert_eq!(*scoped.of(&scope("1")).lock().await, 1);
        scoped.forget_all();
        assert_eq!(*scoped.of(&scope("1")).lock().await, 0);
    }
}
