//! Limits the number of concurrent PUTs to what S3 accepts.
//!
//! A new bucket is one partition, which accepts 3,500 PUTs per second. S3 splits partitions as requests grow (user
//! guide, "Best practices design patterns: optimizing Amazon S3 performance"). Until then it responds 503 to excess
//! requests. The number of concurrent PUTs is halved when S3 throttles, and grows by a few with each page that was not
//! throttled.

use std::time::Duration;

/// Maximum number of concurrent PUTs.
const MOST: usize = 64;
/// Number of concurrent PUTs that are added after each page.
const GROWTH: usize = 4;
/// Number of times that the throttled objects of a page are put again before the page fails.
const ROUNDS: u32 = 6;
/// The first pause before objects are put again. Each later pause is twice as long.
const PAUSE: Duration = Duration::from_millis(100);

/// The number of concurrent PUTs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Window(usize);

impl Window {
    /// Returns the number of concurrent PUTs.
    pub(super) fn size(self) -> usize {
        self.0
    }

    /// Raises the number of concurrent PUTs after a page.
    pub(super) fn grow(&mut self) {
        self.0 = (self.0 + GROWTH).min(MOST);
    }

    /// Halves the number of concurrent PUTs after S3 throttled some of them in this round, starting at 0. Returns how
    /// long to wait before they are put again, or `None` after the last round.
    pub(super) fn shrink(&mut self, round: u32) -> Option<Duration> {
        self.0 = (self.0 / 2).max(1);
        (round < ROUNDS).then(|| PAUSE * 2_u32.pow(round))
    }
}

impl Default for Window {
    fn default() -> Window {
        Window(MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_halves_when_s3_throttles_and_grows_with_each_page() {
        let mut window = Window::default();
        let pauses: Vec<_> =
            (0..9).map(|round| window.shrink(round).map(|pause| pause.as_millis())).collect();
        assert_eq!(pauses[..6], [100, 200, 400, 800, 1_600, 3_200].map(Some));
        assert_eq!(pauses[6..], [None; 3]);
        assert_eq!(window.size(), 1);
        window.grow();
        assert_eq!(window.size(), 5);
        (0..100).for_each(|_| window.grow());
        assert_eq!(window, Window::default());
    }
}
