//! Several lines on a terminal that are replaced in place.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Lines at the end of the terminal that [`Screen::show`] replaces. The last ones stay when the screen is dropped.
#[derive(Debug)]
pub(crate) struct Screen {
    area: ProgressBar,
}

impl Screen {
    /// Creates a screen; `None` if stdout is no terminal, or one that cannot replace lines.
    pub(crate) fn new() -> Option<Screen> {
        let area = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
        area.set_style(ProgressStyle::with_template("{msg}").ok()?);
        (!area.is_hidden()).then_some(Screen { area })
    }

    /// Replaces the lines. They should fit into the terminal.
    pub(crate) fn show(&self, lines: &[String]) {
        self.area.set_message(lines.join("\n"));
        self.area.tick();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.area.abandon();
    }
}
