//! The output for people: permanent lines and, on a terminal, one moving line (a spinner or a bar) below them.
//! Elsewhere only the permanent lines are written, so that a log has the same content as the screen.

use std::{
    fmt,
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

mod lost;
mod screen;

pub(crate) use lost::{end, note};
pub(crate) use screen::Screen;

use crate::session;
use anstyle::{AnsiColor, Style};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// The stream for lines: `Stdout` if they are the data, `Stderr` if they accompany it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// A printer of lines with a running clock.
#[derive(Debug)]
pub(crate) struct Console {
    stream: Stream,
    started: Instant,
    colours: bool,
    quiet: bool,
    /// Whether there may be a moving line. It is drawn from the first text on.
    live: bool,
    moving: ProgressBar,
}

impl Console {
    /// Creates a console whose clock starts now. The moving line is shown only if both streams are terminals.
    pub(crate) fn new(stream: Stream) -> Self {
        Self::with_colours(stream, colours(stream))
    }

    /// Creates a console with or without colours, whatever the stream is.
    pub(crate) fn with_colours(stream: Stream, colours: bool) -> Self {
        let quiet = matches!(stream, Stream::Stderr) && session::is_quiet();
        let live = io::stdout().is_terminal() && io::stderr().is_terminal() && !session::is_quiet();
        let moving = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self { stream, started: Instant::now(), colours, quiet, live, moving }
    }

    /// Returns the time since this console was created.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Prints a line. Does nothing with `--quiet` if the lines accompany the data.
    pub(crate) fn line(&self, text: &str) {
        if !self.quiet {
            self.always(text);
        }
    }

    /// Prints a note that people need, also with `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        self.always(&format!("note: {text}"));
    }

    /// Prints a line that people need, also with `--quiet`.
    pub(crate) fn always(&self, text: &str) {
        let stream = self.stream;
        self.moving.suspend(|| print(stream, text));
    }

    /// Prints a heading after an empty line.
    pub(crate) fn heading(&self, text: &str) {
        self.line(&format!("\n{}", self.styled(BOLD, text)));
    }

    /// Prints a line with the current time of the console's clock.
    pub(crate) fn event(&self, text: &str) {
        self.event_at(self.elapsed().as_secs_f64(), text);
    }

    /// Prints a line with a time in seconds.
    pub(crate) fn event_at(&self, seconds: f64, text: &str) {
        let clock = format!("{seconds:7.1} s");
        self.line(&format!("{}  {text}", self.styled(DIM, &clock)));
    }

    /// Prints a continuation below an event.
    pub(crate) fn detail(&self, text: &str) {
        let text = text.replace('\n', "\n             ");
        self.line(&format!("             {text}"));
    }

    /// Styles text that reports success.
    pub(crate) fn good(&self, text: &str) -> String {
        self.styled(GOOD, text)
    }

    /// Styles text that reports a change.
    pub(crate) fn changed(&self, text: &str) -> String {
        self.styled(CHANGED, text)
    }

    /// Styles text that stands out.
    pub(crate) fn strong(&self, text: &str) -> String {
        self.styled(BOLD, text)
    }

    /// Styles text that reports a failure.
    pub(crate) fn bad(&self, text: &str) -> String {
        self.styled(BAD, text)
    }

    /// Styles text of minor importance.
    pub(crate) fn faint(&self, text: &str) -> String {
        self.styled(DIM, text)
    }

    /// Shows the current activity in the moving line, until [`Console::idle`] or the next call.
    pub(crate) fn busy(&self, text: &str) {
        self.moving.unset_length();
        self.style("           {spinner} {msg} {elapsed:.dim}");
        self.moving.reset_elapsed();
        self.moving.set_message(text.to_owned());
        self.draw();
        self.moving.enable_steady_tick(Duration::from_millis(100));
    }

    /// Returns whether there is a moving line.
    pub(crate) fn moves(&self) -> bool {
        self.live
    }

    /// Replaces the text of the moving line. Does nothing without one.
    pub(crate) fn moving(&self, text: &str) {
        self.style("           {spinner} {msg} {elapsed:.dim}");
        self.moving.set_message(text.to_owned());
        self.draw();
        self.moving.tick();
    }

    /// Shows a bar with `total` steps; [`Console::advance`] moves it.
    pub(crate) fn counting(&self, text: &str, total: u64) {
        self.moving.set_length(total);
        self.moving.set_position(0);
        self.style("           {bar:30} {pos}/{len} {msg}");
        self.moving.set_message(text.to_owned());
        self.draw();
    }

    /// Moves the bar of [`Console::counting`].
    pub(crate) fn advance(&self, by: u64) {
        self.moving.inc(by);
    }

    /// Removes the moving line.
    pub(crate) fn idle(&self) {
        self.moving.disable_steady_tick();
        self.moving.finish_and_clear();
        self.moving.set_draw_target(ProgressDrawTarget::hidden());
        self.moving.reset();
    }

    /// Lets the moving line be drawn from now on.
    fn draw(&self) {
        if self.live && self.moving.is_hidden() {
            self.moving.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    fn style(&self, template: &str) {
        // An invalid template leaves the previous one in place, which is harmless.
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
        // Remove the moving line however the command ends.
        self.moving.disable_steady_tick();
        self.moving.finish_and_clear();
    }
}

/// Returns whether data on stdout is coloured: on a terminal, unless the environment disables colours.
pub(crate) fn data_is_coloured() -> bool {
    colours(Stream::Stdout)
}

/// Prints a block of data on stdout.
pub(crate) fn print_data(data: &str) {
    print(Stream::Stdout, data);
}

/// Prints a value as indented JSON on stdout.
pub(crate) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print_data(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints a remark on stderr. Does nothing with `--quiet`.
pub(crate) fn print_remark(text: &str) {
    if !session::is_quiet() {
        print(Stream::Stderr, text);
    }
}

/// Prints a line on stderr, also with `--quiet`.
pub(crate) fn print_always(text: &str) {
    print(Stream::Stderr, text);
}

/// Prints `note: …` on stderr, also with `--quiet`.
pub(crate) fn print_note(text: &str) {
    print_always(&format!("note: {text}"));
}

/// Prints `error: …` on stderr.
pub(crate) fn print_error(text: &str) {
    let label = if colours(Stream::Stderr) { format!("{BAD}error{BAD:#}") } else { "error".to_owned() };
    print(Stream::Stderr, &format!("{label}: {text}"));
}

/// Prints `help: …` on stderr.
pub(crate) fn print_help(text: &str) {
    print(Stream::Stderr, &format!("help: {text}"));
}

/// Asks a yes-or-no question. Returns true for `y` or `yes`, and `None` if there is no terminal.
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

/// Formats a number of things: `1 item`, `198,051 items`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", HumanCount(count), if count == 1 { "" } else { "s" })
}

/// Formats a duration for people.
pub(crate) fn duration(seconds: f64) -> impl fmt::Display {
    match seconds {
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s => format!("{:.0} min", s / 60.0),
    }
}

/// Prints a line. Data that cannot be written is remembered for [`end`]. Without stderr there is nobody to report to.
fn print(stream: Stream, text: &str) {
    match stream {
        Stream::Stdout => note(writeln!(io::stdout().lock(), "{text}")),
        Stream::Stderr => drop(writeln!(io::stderr().lock(), "{text}")),
    }
}

fn colours(stream: Stream) -> bool {
    match stream {
        Stream::Stdout => session::is_colored(&io::stdout()),
        Stream::Stderr => session::is_colored(&io::stderr()),
    }
}
