//! How many objects are put at a time, as S3 takes them.
//!
//! A new bucket is one partition, which takes 3,500 PUTs a second, and S3 parts it as requests grow (user guide, "Best
//! practices design patterns: optimizing Amazon S3 performance"). Until then it answers 503 to what is too much. So the
//! number is halved where S3 throttles, and grows again by a few with each page that it took whole.

use std::time::Duration;

/// Objects that are put at a time where S3 takes them.
const MOST: usize = 64;
/// What a page that was taken whole adds.
const GROWTH: usize = 4;
/// How often the objects of a page that were throttled are put again, before the page fails.
const ROUNDS: u32 = 6;
/// The first pause before they are put again; each one behind it is twice as long.
const PAUSE: Duration = Duration::from_millis(100);

/// How many objects are put at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Window(usize);

impl Window {
    /// Returns the number.
    pub(super) fn size(self) -> usize {
        self.0
    }

    /// Tells that a page was taken whole.
    pub(super) fn grow(&mut self) {
        self.0 = (self.0 + GROWTH).min(MOST);
    }

    /// Tells that S3 throttled some in this round, from 0: how long to wait before those are put again; `None` where that was
    /// tried often enough.
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
    fn it_halves_where_s3_throttles_and_grows_with_what_is_taken() {
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
