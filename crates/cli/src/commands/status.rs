//! `tablekeeper status`: shows what the executions of the deployed workflows do now, and what failed today.

mod shown;

use std::process::ExitCode;
use std::time::Duration;

use aws_sdk_sfn::Client;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use clap::Args;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::status::model::Status;
use tablekeeper_core::status::rates::least_interval;
use tablekeeper_core::status::reader::{Machine, Reader};
use tokio::time::{Instant, sleep_until};

use crate::console::{Console, Screen, Stream};
use crate::failure::Unusable;
use crate::layout::terminal_size;
use crate::machines::Deployed;
use crate::moment::Moment;
use crate::transfer::until_interrupted;
use crate::{console, machines, session};
use shown::Live;

/// The exit code if an execution failed, or it is not known whether one did.
const BAD: u8 = 3;
/// How often the ages and the times to wait are written anew.
const TICK: Duration = Duration::from_secs(1);

/// Show what the executions of the deployed workflows do now, and what failed today.
///
/// Of each execution that runs it says how long it runs, its tables and its state: until when it waits, which task it runs,
/// or which failure is followed by another try and when. Then come the executions that failed, timed out or were aborted
/// since midnight in UTC, each with its error, and the number of those that succeeded.
///
/// On a terminal the screen is refreshed until Ctrl-C, which is the usual end: the exit code is 0. With --once or --json, or
/// without a terminal, it is printed once. Then the exit code is 0 if no execution failed, and 3 if one did, or if it is not
/// known whether one did. It is 1 if the state machines cannot be found, and 2 if the arguments cannot be used.
///
/// The calls stay within half of the rates that AWS documents, so many state machines are refreshed less often. At most 50
/// running and 50 failed executions are shown. What cannot be read is "not known".
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper status\n  tablekeeper status --once --since -24h\n  \
                        tablekeeper status --workflow rotate-restore --json")]
pub(crate) struct Arguments {
    /// Only executions of this workflow.
    #[arg(long, value_parser = machines::workflow())]
    workflow: Option<String>,
    /// Count executions that ended since this time, such as 02:00, -24h or 2026-11-30 [default: the last midnight in UTC].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,
    /// How often to refresh the screen [default: 5s]. Many state machines are refreshed less often.
    #[arg(long, value_name = "TIME", value_parser = interval, conflicts_with_all = ["once", "json"])]
    every: Option<Duration>,
    /// Print once, also on a terminal.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    deployed: Deployed,
    /// Print once, as one JSON object (schemas/status.json).
    #[arg(long)]
    json: bool,
}

/// Runs `tablekeeper status`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let since = arguments.since.as_deref().map(since).transpose()?;
    let config = session::sdk_config().await;
    let machines = arguments.deployed.all(arguments.workflow.as_deref(), &config).await?;
    let machines = machines.into_iter().map(|of| Machine { workflow: of.workflow, arn: of.arn });
    let mut reader = Reader::new(Client::new(&config), machines.collect());
    let is_once = arguments.once || arguments.json;
    match Screen::new().filter(|_| !is_once) {
        Some(screen) => {
            let every = arguments.every.unwrap_or(Duration::from_secs(5));
            until_interrupted(refresh(&mut reader, since, every, &screen)).await?;
            Ok(ExitCode::SUCCESS)
        }
        None => once(&mut reader, since, arguments.json).await,
    }
}

/// Reads the status, and prints it.
async fn once(reader: &mut Reader, since: Option<DateTime<Utc>>, json: bool) -> anyhow::Result<ExitCode> {
    let progress = Console::new(Stream::Stderr);
    progress.busy("reading the executions");
    let status = read(reader, since).await;
    progress.idle();
    if json {
        console::print_json(&status)?;
    } else {
        let console = Console::new(Stream::Stdout);
        let lines = shown::lines(&status, status.read_at, None);
        lines.iter().for_each(|line| console.line(&line.styled(&console, None)));
    }
    Ok(if status.is_bad() { ExitCode::from(BAD) } else { ExitCode::SUCCESS })
}

/// Reads and shows the status for ever.
async fn refresh(reader: &mut Reader, since: Option<DateTime<Utc>>, every: Duration, screen: &Screen) {
    let console = Console::new(Stream::Stdout);
    screen.show(&["reading the executions".to_owned()]);
    loop {
        let status = read(reader, since).await;
        let next = Instant::now() + every.max(least_interval(&status.calls));
        loop {
            let (width, height) = terminal_size();
            let rest = next.saturating_duration_since(Instant::now()).as_secs();
            let note = format!("refreshed in {rest} s; Ctrl-C ends");
            let lines = shown::lines(&status, Clock::System.now(), Some(Live { width, note: &note }));
            let lines = shown::fitting(lines, height);
            screen.show(&lines.iter().map(|line| line.styled(&console, Some(width))).collect::<Vec<_>>());
            if Instant::now() >= next {
                break;
            }
            sleep_until(next.min(Instant::now() + TICK)).await;
        }
    }
}

async fn read(reader: &mut Reader, since: Option<DateTime<Utc>>) -> Status {
    let now = Clock::System.now();
    reader.read(now, since.unwrap_or_else(|| now.date_naive().and_time(NaiveTime::MIN).and_utc())).await
}

/// Parses the time of `--since`.
fn since(text: &str) -> Result<DateTime<Utc>, Unusable> {
    let Moment { at, understood } =
        Moment::parse(text).map_err(|reason| Unusable(format!("--since {reason}")))?;
    if at > Clock::System.now() + TimeDelta::seconds(1) {
        return Err(Unusable("--since is in the future; it must be a time in the past".to_owned()));
    }
    if let Some(understood) = understood {
        console::print_remark(&format!("--since {understood}"));
    }
    Ok(at)
}

/// Parses the time of `--every`.
fn interval(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).ok();
    let is_right = |time: &Duration| (1..=3_600).contains(&time.as_secs());
    time.filter(is_right).ok_or_else(|| "it must be a time from 1s to 1h, such as 10s or 1m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_from_a_second_to_an_hour() {
        assert_eq!(interval("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(interval("1h"), Ok(Duration::from_secs(3_600)));
        for wrong in ["0s", "10", "2h", "often"] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_time_to_count_from_is_in_the_past() {
        let refused = since("2999-01-01T00:00:00Z").unwrap_err().0;
        assert_eq!(refused, "--since is in the future; it must be a time in the past");
        assert!(since("tomorrow").unwrap_err().0.starts_with("--since is `tomorrow`; it must be a time"));
    }
}
