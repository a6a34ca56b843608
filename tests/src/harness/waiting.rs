//! Waiting for conditions.

use std::time::{Duration, Instant};

/// How long anything on the local stack may take. Generous: it bounds a hang, it measures nothing.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long until a condition is looked at again: soon at first, and then less often, since a dozen runs that ask all the
/// time would keep the emulator from what they wait for.
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

/// Looks until there is something, and answers it. Panics, naming `what`, when patience ends.
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

/// Looks until it is so.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    until_some(what, async || condition().await.then_some(())).await;
}

/// The same where looking takes no waiting, for use in a task of its own.
pub async fn until_seen(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        tokio::time::sleep(Pauses::SHORTEST).await;
    }
}
