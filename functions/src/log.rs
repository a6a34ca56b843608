//! The log of the functions.
//!
//! If a function logs JSON, Lambda filters its lines by `level` and `timestamp`. Lambda treats a line without an RFC
//! 3339 timestamp as INFO, so a `LogLevel` of WARN or ERROR drops it. The subscriber of `lambda_runtime` writes no
//! timestamps. <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>

use tracing::Dispatch;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The environment variables that Lambda sets from a function's `LoggingConfig`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings<'a> {
    /// `AWS_LAMBDA_LOG_FORMAT`: `JSON` writes each line as a JSON object; any other value writes text.
    pub format: &'a str,
    /// `AWS_LAMBDA_LOG_LEVEL`: the least severe level that is written; `INFO` if it is empty or unknown.
    pub level: &'a str,
}

impl Settings<'_> {
    /// Creates the subscriber that writes to `writer`.
    pub fn dispatch<W>(self, writer: W) -> Dispatch
    where
        W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    {
        // An empty string would parse as ERROR.
        let level = Some(self.level).filter(|level| !level.is_empty());
        let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
        let lines = tracing_subscriber::fmt().with_max_level(level).with_target(false).with_writer(writer);
        if self.format.eq_ignore_ascii_case("json") {
            Dispatch::new(lines.json().finish())
        } else {
            Dispatch::new(lines.finish())
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex, OnceLock};

    use serde_json::Value;

    use tracing::subscriber::NoSubscriber;

    use super::*;

    /// Captured log lines.
    #[derive(Clone, Default)]
    pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        /// Creates the subscriber that writes these lines, as JSON.
        ///
        /// While a process has one subscriber, tracing asks only the thread that first reaches an event whether the
        /// event is wanted, and caches the result. A parallel test without a subscriber would turn the event off. With
        /// two subscribers, tracing asks all of them.
        pub(crate) fn dispatch(&self, level: &str) -> Dispatch {
            static ANOTHER: OnceLock<Dispatch> = OnceLock::new();
            ANOTHER.get_or_init(|| Dispatch::new(NoSubscriber::default()));
            let lines = self.clone();
            Settings { format: "JSON", level }.dispatch(move || lines.clone())
        }

        /// Returns the text of the lines.
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }

        /// Returns the lines, each parsed as JSON.
        pub(crate) fn json(&self) -> Vec<Value> {
            self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    }

    /// Returns the levels that are written if one event of each level occurs.
    fn levels(level: &str) -> Vec<String> {
        let lines = Lines::default();
        tracing::dispatcher::with_default(&lines.dispatch(level), || {
            tracing::error!("e");
            tracing::warn!("w");
            tracing::info!("i");
            tracing::debug!("d");
            tracing::trace!("t");
        });
        lines.json().iter().map(|line| line["level"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_line_has_level_and_timestamp_for_lambdas_filter() {
        let lines = Lines::default();
        tracing::dispatcher::with_default(&lines.dispatch("INFO"), || {
            tracing::info_span!("step", step = "a.b")
                .in_scope(|| tracing::warn!(table = "orders", "too slow"));
        });
        let lines = lines.json();
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let time = chrono::DateTime::parse_from_rfc3339(line["timestamp"].as_str().unwrap()).unwrap();
        assert_eq!(time.offset().local_minus_utc(), 0);
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["fields"]["message"], "too slow");
        assert_eq!(line["fields"]["table"], "orders");
        assert_eq!(line["span"]["step"], "a.b");
    }

    #[test]
    fn the_level_filters_like_lambda() {
        let all = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];
        for (level, written) in [("ERROR", 1), ("WARN", 2), ("INFO", 3), ("DEBUG", 4), ("TRACE", 5)] {
            assert_eq!(levels(level), all[..written], "{level}");
        }
        assert_eq!(levels(""), all[..3]);
        assert_eq!(levels("loud"), all[..3]);
    }

    #[test]
    fn lines_are_text_unless_the_format_is_json() {
        let lines = Lines::default();
        let writer = lines.clone();
        let text = Settings::default().dispatch(move || writer.clone());
        tracing::dispatcher::with_default(&text, || tracing::info!(count = 1, "done"));
        assert!(lines.text().ends_with(" INFO done count=1\n"), "{}", lines.text());
    }
}
