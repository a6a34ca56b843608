//! Keeps the calls of an inventory within the rates that AWS documents.
//!
//! | Call | Documented rate |
//! | --- | --- |
//! | `DescribeContinuousBackups` | 10 per second (API reference) |
//! | `ListTagsOfResource` | 10 per second and account (API reference) |
//! | `ListBackups` | 5 per second (API reference) |
//! | other calls of DynamoDB's control plane | 2,500 per second together ("Best practices for managing the control plane in DynamoDB") |
//! | AWS Backup | none is documented |
//! | Lambda's control plane | 15 per second together ("Lambda quotas") |
//! | `GetMetricStatistics` | 400 per second ("CloudWatch service quotas") |
//!
//! Others in the account need these rates, too, so an inventory takes nine tenths of a rate, and far less of the shared
//! one. The SDK repeats a call at once without counting it. So the clients here have no retries: a call is repeated here,
//! after its turn, and a throttled call delays all calls of its API.

use std::fmt::Debug;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::aws::failure::{AwsFailure, NO_CREDENTIALS};
use crate::aws::rate_limiter::RateLimiter;
use crate::error_name::ErrorName;

/// Number of times that a call is repeated that was throttled, or that failed in AWS or on its way.
const REPEATS: u32 = 6;
/// Number of times that the first call is repeated if it failed in AWS or on its way. More would not help if AWS cannot be
/// reached.
const REPEATS_OF_THE_FIRST: u32 = 2;

/// Calls per second of the APIs that are called once for each table and have a low rate.
const PER_TABLE: f64 = 9.0;

/// Returns the seconds that the calls for this many tables take at least.
pub fn least_seconds(tables: usize) -> u64 {
    (tables as f64 / PER_TABLE) as u64
}

/// The time that limiters wait by. Tests simulate it.
pub trait Timer: Debug + Send + Sync {
    /// Returns the current time.
    fn now(&self) -> Instant;
    /// Waits for this time.
    fn wait(&self, time: Duration) -> BoxFuture<'static, ()>;
}

/// The timer of the runtime.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeTimer;

impl Timer for RuntimeTimer {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wait(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// One API, the rate of its calls and their number.
#[derive(Debug)]
pub(super) struct Api {
    action: &'static str,
    per_second: f64,
    repeats_of_failures: u32,
    limiter: Mutex<RateLimiter>,
    calls: AtomicU64,
    timer: Arc<dyn Timer>,
}

impl Api {
    fn new(action: &'static str, per_second: f64, timer: &Arc<dyn Timer>) -> Api {
        Api {
            action,
            per_second,
            repeats_of_failures: REPEATS,
            limiter: Mutex::new(RateLimiter::new(Some(per_second), timer.now())),
            calls: AtomicU64::new(0),
            timer: Arc::clone(timer),
        }
    }

    fn limiter(&self) -> MutexGuard<'_, RateLimiter> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a call when its turn comes, and again if it was throttled or failed in AWS.
    pub(super) async fn call<T, E, F>(&self, send: impl Fn() -> F) -> Result<T, AwsFailure>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let mut failed = 0;
        loop {
            let wait = self.limiter().take(1.0, self.timer.now());
            if !wait.is_zero() {
                self.timer.wait(wait).await;
            }
            self.calls.fetch_add(1, Ordering::Relaxed);
            let failure = match send().await {
                Ok(response) => return Ok(response),
                Err(error) => AwsFailure::from_call(self.action)(error),
            };
            if failed >= self.repeats(&failure) {
                return Err(failure);
            }
            self.limiter().owe(self.per_second * f64::from(1_u32 << failed.min(4)));
            failed += 1;
        }
    }

    fn repeats(&self, failure: &AwsFailure) -> u32 {
        match failure.name {
            ErrorName::Throttled => REPEATS,
            ErrorName::ServiceUnavailable if !failure.detail.starts_with(NO_CREDENTIALS) => {
                self.repeats_of_failures
            }
            _ => 0,
        }
    }

    /// Returns the action and the number of its calls.
    pub(super) fn counted(&self) -> (String, u64) {
        (self.action.to_owned(), self.calls.load(Ordering::Relaxed))
    }
}

/// Repeats the reading of a bucket if it was throttled or failed in AWS, although the SDK has repeated its calls. `name`
/// returns the name of an error.
pub(super) async fn patiently<T, E, F>(
    timer: &Arc<dyn Timer>,
    name: impl Fn(&E) -> ErrorName,
    read: impl Fn() -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    for failed in 0..REPEATS {
        match read().await {
            Err(error) if name(&error).is_transient() => {
                timer.wait(Duration::from_secs(1 << failed.min(4))).await;
            }
            result => return result,
        }
    }
    read().await
}

/// The APIs that an inventory calls.
#[derive(Debug)]
pub(super) struct Apis {
    pub(super) list_tables: Api,
    pub(super) describe_table: Api,
    pub(super) describe_continuous_backups: Api,
    pub(super) list_tags: Api,
    pub(super) list_backups: Api,
    pub(super) list_exports: Api,
    pub(super) describe_export: Api,
    pub(super) list_protected_resources: Api,
    pub(super) list_recovery_points: Api,
    pub(super) list_restore_jobs: Api,
    pub(super) list_mappings: Api,
    pub(super) get_metric_statistics: Api,
}

impl Apis {
    pub(super) fn new(timer: &Arc<dyn Timer>) -> Apis {
        let api = |action, per_second| Api::new(action, per_second, timer);
        Apis {
            list_tables: Api {
                repeats_of_failures: REPEATS_OF_THE_FIRST,
                ..api("dynamodb:ListTables", 10.0)
            },
            describe_table: api("dynamodb:DescribeTable", 50.0),
            describe_continuous_backups: api("dynamodb:DescribeContinuousBackups", PER_TABLE),
            list_tags: api("dynamodb:ListTagsOfResource", PER_TABLE),
            list_backups: api("dynamodb:ListBackups", 4.5),
            list_exports: api("dynamodb:ListExports", 10.0),
            describe_export: api("dynamodb:DescribeExport", 20.0),
            list_protected_resources: api("backup:ListProtectedResources", 5.0),
            list_recovery_points: api("backup:ListRecoveryPointsByResource", 10.0),
            list_restore_jobs: api("backup:ListRestoreJobs", 5.0),
            list_mappings: api("lambda:ListEventSourceMappings", 5.0),
            get_metric_statistics: api("cloudwatch:GetMetricStatistics", 20.0),
        }
    }

    /// Returns all of them.
    pub(super) fn all(&self) -> [&Api; 12] {
        [
            &self.list_tables,
            &self.describe_table,
            &self.describe_continuous_backups,
            &self.list_tags,
            &self.list_backups,
            &self.list_exports,
            &self.describe_export,
            &self.list_protected_resources,
            &self.list_recovery_points,
            &self.list_restore_jobs,
            &self.list_mappings,
            &self.get_metric_statistics,
        ]
    }
}
