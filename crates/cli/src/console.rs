//! What a person sees. Lines that stay, and on a terminal one line that moves (a spinner or a bar)
//! beneath them; elsewhere the lines alone, so that a log reads like the screen.

use std::{
    fmt,
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// Where lines go: `Stdout` where they are the data, `Stderr` where they accompany it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// One teller of lines, with a running clock.
#[derive(Debug)]
pub(crate) struct Console {
    stream: Stream,
    started: Instant,
    colours: bool,
    moving: ProgressBar,
}

impl Console {
    /// A console whose clock starts now. The moving line is shown only if both streams are terminals.
    pub(crate) fn new(stream: Stream) -> Self {
        Self::with_colours(stream, colours(stream))
    }

    /// The same, with colours or without them whatever the stream is.
    pub(crate) fn with_colours(stream: Stream, colours: bool) -> Self {
        let live = io::stdout().is_terminal() && io::stderr().is_terminal();
        let target = if live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let moving = ProgressBar::with_draw_target(None, target);
        Self { stream, started: Instant::now(), colours, moving }
    }

    /// Time since this console was made.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// A line as it is.
    pub(crate) fn line(&self, text: &str) {
        let stream = self.stream;
        self.moving.suspend(|| print(stream, text));
    }

    /// A heading, set apart.
    pub(crate) fn heading(&self, text: &str) {
        self.line(&format!("\n{}", self.styled(BOLD, text)));
    }

    /// A line with the time at which it happened: now.
    pub(crate) fn event(&self, text: &str) {
        self.event_at(self.elapsed().as_secs_f64(), text);
    }

    /// A line with the time at which it happened, in seconds.
    pub(crate) fn event_at(&self, seconds: f64, text: &str) {
        let clock = format!("{seconds:7.1} s");
        self.line(&format!("{}  {text}", self.styled(DIM, &clock)));
    }

    /// An event's continuation, under it.
    pub(crate) fn detail(&self, text: &str) {
        self.line(&format!("             {text}"));
    }

    /// Text that reports something good.
    pub(crate) fn good(&self, text: &str) -> String {
        self.styled(GOOD, text)
    }

    /// Text that reports something that changes.
    pub(crate) fn changed(&self, text: &str) -> String {
        self.styled(CHANGED, text)
    }

    /// Text that stands out.
    pub(crate) fn strong(&self, text: &str) -> String {
        self.styled(BOLD, text)
    }

    /// Text that reports something bad.
    pub(crate) fn bad(&self, text: &str) -> String {
        self.styled(BAD, text)
    }

    /// Text that may be overlooked.
    pub(crate) fn faint(&self, text: &str) -> String {
        self.styled(DIM, text)
    }

    /// Shows what is going on until [`Console::idle`] or the next call; nothing is left of it.
    pub(crate) fn busy(&self, text: &str) {
        self.moving.unset_length();
        self.style("           {spinner} {msg} {elapsed:.dim}");
        self.moving.reset_elapsed();
        self.moving.set_message(text.to_owned());
        self.moving.enable_steady_tick(Duration::from_millis(100));
    }

    /// Whether there is a line that moves.
    pub(crate) fn moves(&self) -> bool {
        !self.moving.is_hidden()
    }

    /// Writes the moving line anew. Where there is none nothing is written.
    pub(crate) fn moving(&self, text: &str) {
        self.style("           {spinner} {msg} {elapsed:.dim}");
        self.moving.set_message(text.to_owned());
        self.moving.tick();
    }

    /// Shows how much of `total` is done; [`Console::advance`] moves it.
    pub(crate) fn counting(&self, text: &str, total: u64) {
        self.moving.set_length(total);
        self.moving.set_position(0);
        self.style("           {bar:30} {pos}/{len} {msg}");
        self.moving.set_message(text.to_owned());
    }

    /// Moves the bar that [`Console::counting`] shows.
    pub(crate) fn advance(&self, by: u64) {
        self.moving.inc(by);
    }

    /// Takes the moving line away.
    pub(crate) fn idle(&self) {
        self.moving.disable_steady_tick();
        self.style("");
        self.moving.set_message("");
    }

    fn style(&self, template: &str) {
        // A template that does not parse would leave the former one in place, which is harmless.
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.moving.set_style(style);
        }
    }

    fn styled(&self, style: Style, text: &str) -> String {
        if self.colours { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // The moving line must not outlive the story, whichever way it ends.
        self.moving.disable_steady_tick();
        self.moving.finish_and_clear();
    }
}

/// Whether data on stdout is for a person at a terminal, who likes colours.
pub(crate) fn data_is_coloured() -> bool {
    colours(Stream::Stdout)
}

/// Prints data: one block on stdout.
pub(crate) fn print_data(data: &str) {
    print(Stream::Stdout, data);
}

/// Prints a value as JSON on stdout, indented for whoever reads it.
pub(crate) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print_data(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints a remark on stderr.
pub(crate) fn print_remark(text: &str) {
    print(Stream::Stderr, text);
}

/// Prints `error: …` on stderr.
pub(crate) fn print_error(text: &str) {
    let label = if colours(Stream::Stderr) { format!("{BAD}error{BAD:#}") } else { "error".to_owned() };
    print(Stream::Stderr, &format!("{label}: {text}"));
}

/// Asks a person, who has to answer `y` or `yes` for it to be true. `None` where there is no terminal to ask on.
pub(crate) fn ask(question: &str) -> anyhow::Result<Option<bool>> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(None);
    }
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    let mut response = String::new();
    io::stdin().read_line(&mut response)?;
    Ok(Some(matches!(response.trim().to_ascii_lowercase().as_str(), "y" | "yes")))
}

/// A duration as people say it.
pub(crate) fn duration(seconds: f64) -> impl fmt::Display {
    match seconds {
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s => format!("{:.0} min", s / 60.0),
    }
}

/// Whoever reads may stop reading (`| head`): that is no failure of ours, so the result is dropped.
fn print(stream: Stream, text: &str) {
    let _ = match stream {
        Stream::Stdout => writeln!(io::stdout().lock(), "{text}"),
        Stream::Stderr => writeln!(io::stderr().lock(), "{text}"),
    };
}

fn colours(stream: Stream) -> bool {
    let terminal = match stream {
        Stream::Stdout => io::stdout().is_terminal(),
        Stream::Stderr => io::stderr().is_terminal(),
    };
    terminal && !set("NO_COLOR") && !is_dumb()
}

#[expect(clippy::disallowed_methods, reason = "the command line is an edge: the terminal's own variables")]
fn set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "the command line is an edge: the terminal's own variables")]
fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|value| value == "dumb")
}
