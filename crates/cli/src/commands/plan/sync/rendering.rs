//! Renders the plan as text: a line for each setting, and below it the changes.

use tablekeeper_core::aws::arn::Arn;
use tablekeeper_core::settings::SettingName;
use tablekeeper_core::settings::report::{Outcome, SettingReport, SourceKind};

use super::Plan;
use crate::commands::plan::time;
use crate::console::Console;

/// Returns the lines of the plan.
pub(super) fn lines(plan: &Plan, console: &Console) -> Vec<String> {
    let (source, target) = names(&plan.source, &plan.target);
    let mut lines = vec![
        console.strong(&format!("Settings of {source} for {target}")),
        console.faint(&origin(plan)),
        String::new(),
    ];
    lines.extend(plan.settings.iter().flat_map(|report| of_setting(report, console)));
    lines.extend([String::new(), console.strong(&summary(plan))]);
    lines
}

/// Returns how to call the tables: by name if both are in one Region and account, or else by ARN.
fn names<'a>(source: &'a str, target: &'a str) -> (&'a str, &'a str) {
    let place = |arn: &Arn<'_>| format!("{}:{}:{}", arn.partition, arn.region, arn.account);
    if let (Some(from), Some(to)) = (Arn::parse(source), Arn::parse(target))
        && place(&from) == place(&to)
        && let (Some(from), Some(to)) = (from.table_name(), to.table_name())
        // A document may be of the target itself, at an earlier time.
        && from != to
    {
        return (from, to);
    }
    (source, target)
}

fn origin(plan: &Plan) -> String {
    let from = &plan.settings_from;
    match from.kind {
        SourceKind::LiveTable => format!("current, {}", time(from.captured_at)),
        _ => format!("as of {}, from {}", time(from.captured_at), from.name),
    }
}

fn of_setting(report: &SettingReport, console: &Console) -> Vec<String> {
    let name = report.setting.as_str();
    let reason = report.reason.as_deref().unwrap_or_default();
    let row = |text: &str| format!("{name:width$}  {text}", width = longest_name());
    let head = match report.outcome {
        Outcome::Planned | Outcome::Applied => console.changed(&format!("~ {name}")),
        Outcome::Unchanged => format!("= {name}"),
        Outcome::Skipped => console.faint(&format!("- {}", row(&format!("skipped: {reason}")))),
        Outcome::Failed => {
            let reason = reason.strip_prefix("it cannot be read: ").unwrap_or(reason);
            console.bad(&format!("! {}", row(&format!("cannot be read: {reason}"))))
        }
    };
    let changes = report.changes.iter().map(|change| {
        let mark = mark(change);
        let line = format!("{mark} {change}");
        let painted = match mark {
            '+' => console.good(&line),
            '-' => console.bad(&line),
            _ => console.changed(&line),
        };
        format!("      {painted}")
    });
    // If nothing can be copied, the first note is the reason, which the line already has.
    let summary = |note: &str| report.outcome == Outcome::Skipped && note == reason;
    let notes = report.notes.iter().filter(|note| !summary(note));
    let notes = notes.map(|note| format!("      {}", console.faint(note)));
    std::iter::once(format!("  {head}")).chain(changes).chain(notes).collect()
}

/// Returns the mark before a change: `+` for an addition, `-` for a removal, `~` for a change or a wait. The text is
/// authoritative; the mark only helps to scan it.
fn mark(change: &str) -> char {
    let verb = change.split(' ').next().unwrap_or_default();
    let takes_away =
        matches!(verb, "remove" | "delete" | "disable" | "stop" | "end") || change == "turn recovery off";
    match verb {
        "change" | "make" | "raise" | "wait" => '~',
        _ if takes_away && change.contains(", to ") => '~',
        _ if takes_away => '-',
        _ => '+',
    }
}

fn summary(plan: &Plan) -> String {
    let count = |outcome| plan.of(outcome).count();
    let (planned, failed) = (count(Outcome::Planned), count(Outcome::Failed));
    let settings = if planned == 1 { "setting" } else { "settings" };
    let (unchanged, skipped) = (count(Outcome::Unchanged), count(Outcome::Skipped));
    let failed = if failed > 0 { format!(", {failed} cannot be read") } else { String::new() };
    format!("Plan: {planned} {settings} to change, {unchanged} unchanged, {skipped} skipped{failed}.")
}

fn longest_name() -> usize {
    SettingName::ALL.iter().map(|name| name.as_str().len()).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tablekeeper_core::settings::report::SettingsFrom;

    use super::*;
    use crate::console::Stream;

    const SOURCE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";

    fn plan(settings: Vec<SettingReport>) -> Plan {
        Plan {
            source: SOURCE.to_owned(),
            target: format!("{SOURCE}-restored"),
            settings_from: SettingsFrom {
                kind: SourceKind::LiveTable,
                name: SOURCE.to_owned(),
                captured_at: "2026-03-01T02:00:00Z".parse().unwrap(),
            },
            differs: true,
            settings,
        }
    }

    fn report(setting: SettingName, outcome: Outcome, changes: &[&str], notes: &[&str]) -> SettingReport {
        let owned = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
        SettingReport { changes: owned(changes), notes: owned(notes), ..SettingReport::new(setting, outcome) }
    }

    fn shown(plan: &Plan, colours: bool) -> String {
        lines(plan, &Console::with_colours(Stream::Stdout, colours)).join("\n")
    }

    #[test]
    fn every_outcome_has_its_mark_and_the_last_line_has_the_counts() {
        let note = "left as it is; RemoveExtra would remove tag own";
        let no_index = "the target has no index gone";
        let plan = plan(vec![
            report(SettingName::Tags, Outcome::Planned, &["set tag team = billing"], &[note]),
            report(SettingName::Stream, Outcome::Unchanged, &[], &[]),
            SettingReport::skipped(SettingName::WarmThroughput, "it is switched off"),
            SettingReport {
                notes: vec![no_index.to_owned()],
                ..SettingReport::skipped(SettingName::AutoScaling, no_index)
            },
            SettingReport::failed(SettingName::TimeToLive, "it cannot be read: AccessDenied: no"),
        ]);
        assert_eq!(
            shown(&plan, false),
            "Settings of orders for orders-restored\n\
             current, 2026-03-01 02:00:00 UTC\n\
             \n  ~ Tags\n      \
             + set tag team = billing\n      \
             left as it is; RemoveExtra would remove tag own\n  \
             = Stream\n  \
             - WarmThroughput       skipped: it is switched off\n  \
             - AutoScaling          skipped: the target has no index gone\n  \
             ! TimeToLive           cannot be read: AccessDenied: no\n\
             \nPlan: 1 setting to change, 1 unchanged, 2 skipped, 1 cannot be read."
        );
    }

    #[test]
    fn colours_do_not_change_the_text() {
        let plan = plan(vec![
            report(SettingName::Tags, Outcome::Planned, &["set tag a = b", "remove tag c"], &["a note"]),
            SettingReport::failed(SettingName::TimeToLive, "no"),
        ]);
        let (coloured, plain) = (shown(&plan, true), shown(&plan, false));
        assert!(coloured.contains('\u{1b}') && !plain.contains('\u{1b}'));
        let uncoloured: String = coloured
            .split('\u{1b}')
            .map(|part| part.split_once('m').map_or(part, |(_, text)| text))
            .collect();
        assert_eq!(uncoloured, plain);
    }

    #[test]
    fn a_document_has_its_time_and_tables_of_two_regions_their_arns() {
        let mut plan = plan(Vec::new());
        plan.settings_from.kind = SourceKind::SettingsDocument;
        plan.settings_from.name = "orders.json".to_owned();
        plan.target = SOURCE.replace("eu-west-1", "eu-west-2");
        let shown = shown(&plan, false);
        assert!(
            shown.starts_with(&format!(
                "Settings of {SOURCE} for {}\nas of 2026-03-01 02:00:00 UTC, from orders.json\n",
                plan.target
            )),
            "{shown}"
        );
        assert!(shown.ends_with("\nPlan: 0 settings to change, 0 unchanged, 0 skipped."));
        assert_eq!(names(SOURCE, SOURCE), (SOURCE, SOURCE));
    }

    #[test]
    fn a_change_has_the_mark_of_its_verb() {
        for (expected, change) in [
            ('+', "set tag team = billing"),
            ('+', "turn recovery on, for 7 days"),
            ('~', "change the table class from STANDARD to STANDARD_INFREQUENT_ACCESS"),
            ('~', "change tag team from web to billing"),
            ('~', "change the scaling of reads of the table from between 2 and 20 to between 1 and 10"),
            ('~', "change policy hold of reads of the table"),
            (
                '~',
                "change the limit of the table from 1 reads and 2 writes a second to 3 reads and 2 writes a second",
            ),
            ('~', "change how index by-day is watched from ACCESSED_AND_THROTTLED_KEYS to THROTTLED_KEYS"),
            ('~', "change the policy of the table"),
            ('~', "change alarm slow"),
            ('~', "wait for arn:aws:kinesis:eu-west-1:1:stream/s, which is ENABLING"),
            ('~', "stop expiring items by old, to expire them by expires"),
            ('-', "stop expiring items by old"),
            ('-', "remove tag own"),
            ('-', "turn recovery off"),
        ] {
            assert_eq!(mark(change), expected, "{change}");
        }
    }
}
