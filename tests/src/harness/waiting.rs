//! Waits for conditions.

use std::time::{Duration, Instant};

/// The time limit of any operation on the local stack. It is generous, since it only bounds a hang.
const PATIENCE: Duration = Duration::from_secs(120);

/// The pauses between polls. They grow, because a dozen runs that poll all the time would slow down the emulator that
/// they wait for.
struct Pauses(Duration);

impl Pauses {
    const SHORTEST: Duration = Duration::from_millis(25);
    const LONGEST: Duration = Duration::from_millis(200);

    fn new() -> Pauses {
        Pauses(Pauses::SHORTEST)
    }

    async fn pause(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 3 / 2).min(Pauses::LONGEST);
    }
}

/// Polls until there is a value and returns it. Panics with `what` after the time limit.
pub async fn until_some<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let (began, mut pauses) = (Instant::now(), Pauses::new());
    loop {
        if let Some(found) = condition().await {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        pauses.pause().await;
    }
}

/// Polls until the condition is true. Panics with `what` after the time limit.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    until_some(what, async || condition().await.then_some(())).await;
}

/// Polls a synchronous condition until it is true, for use in a separate task.
pub async fn until_seen(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        tokio::time::sleep(Pauses::SHORTEST).await;
    }
}
