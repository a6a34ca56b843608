//! Runs N shares of a job in parallel tasks of this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::ErrorName;
use tokio::task::JoinSet;

/// The running tasks. Dropping the pool ends them.
pub(crate) struct WorkerPool<E> {
    tasks: JoinSet<Result<(), E>>,
    action: &'static str,
}

impl<E: From<AwsFailure> + Send + 'static> WorkerPool<E> {
    /// Starts the shares 0 to `shares` - 1, at most `concurrency` at a time. `action` is the AWS action that they
    /// mainly call, for errors.
    pub(crate) fn of<F>(
        action: &'static str,
        shares: u32,
        concurrency: u32,
        work: impl Fn(u32) -> F + Clone + Send + 'static,
    ) -> WorkerPool<E>
    where
        F: Future<Output = Result<(), E>> + Send,
    {
        let mut tasks = JoinSet::new();
        let next = Arc::new(AtomicU32::new(0));
        for _ in 0..concurrency.clamp(1, shares.max(1)) {
            let (work, next) = (work.clone(), Arc::clone(&next));
            tasks.spawn(async move {
                loop {
                    let share = next.fetch_add(1, Ordering::Relaxed);
                    if share >= shares {
                        return Ok(());
                    }
                    work(share).await?;
                }
            });
        }
        WorkerPool { tasks, action }
    }

    /// Waits until all shares have finished or one has failed.
    pub(crate) async fn finished(&mut self) -> Result<(), E> {
        while let Some(ended) = self.tasks.join_next().await {
            let broken = |error: tokio::task::JoinError| {
                AwsFailure::new(
                    self.action,
                    ErrorName::ServiceUnavailable,
                    format!("the task ended early: {error}"),
                )
            };
            ended.map_err(broken)??;
        }
        Ok(())
    }

    /// Stops the tasks that still run.
    pub(crate) async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn each_share_runs_once_and_a_failure_ends_the_pool() {
        let done = Arc::new(Mutex::new(Vec::new()));
        let work = {
            let done = Arc::clone(&done);
            move |share: u32| {
                let done = Arc::clone(&done);
                async move {
                    done.lock().unwrap().push(share);
                    Ok::<_, AwsFailure>(())
                }
            }
        };
        WorkerPool::of("s3:GetObject", 7, 3, work).finished().await.unwrap();
        let mut shares = done.lock().unwrap().clone();
        shares.sort_unstable();
        assert_eq!(shares, [0, 1, 2, 3, 4, 5, 6]);
        let failing = |share: u32| async move {
            let failure = AwsFailure::new("s3:GetObject", ErrorName::AccessDenied, share.to_string());
            if share == 2 { Err(failure) } else { Ok(()) }
        };
        let error = WorkerPool::of("s3:GetObject", 7, 1, failing).finished().await.unwrap_err();
        assert_eq!(error.detail, "2");
    }
}
