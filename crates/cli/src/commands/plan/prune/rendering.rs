//! Renders the plan as text: a line for each backup, the newest first.

use tablekeeper_core::prune::report::MOST_DELETIONS;

use super::{BackupSummary, Plan};
use crate::commands::plan::time;
use crate::console::Console;

/// The line of a backup.
struct Line<'a> {
    backup: &'a BackupSummary,
    fate: Fate,
    text: String,
}

#[derive(Clone, Copy)]
enum Fate {
    Kept,
    Deleted,
    Left,
}

/// Returns the lines of the plan.
pub(super) fn lines(plan: &Plan, console: &Console) -> Vec<String> {
    let summary = newest_first(plan);
    let widest = summary.iter().map(|line| line.backup.backup_name.chars().count()).max().unwrap_or_default();
    let with = if plan.with_new_backup { ", with the backup that a run makes now" } else { "" };
    let mut lines = vec![
        console.strong(&format!("Backups of {}", plan.table)),
        console.faint(&format!("{}{with}", time(plan.now))),
        String::new(),
    ];
    lines.extend(summary.iter().map(|line| line.painted(widest, console)));
    lines.extend((!summary.is_empty()).then(String::new));
    if plan.delete.len() > MOST_DELETIONS {
        let most = format!("One run deletes {MOST_DELETIONS}, the oldest first; the next run continues.");
        lines.push(console.faint(&most));
    }
    let (kept, deleted, left) = (plan.keep.len(), plan.delete.len(), plan.left.len());
    lines.push(console.strong(&format!("Plan: {kept} kept, {deleted} to delete, {left} ignored.")));
    lines
}

fn newest_first(plan: &Plan) -> Vec<Line<'_>> {
    let kept = plan.keep.iter().map(|kept| {
        let text = format!("kept by {}", kept.rules.join(", "));
        Line { backup: &kept.backup, fate: Fate::Kept, text }
    });
    let deleted = plan.delete.iter().map(|backup| {
        let text = "would be deleted: no rule keeps it".to_owned();
        Line { backup, fate: Fate::Deleted, text }
    });
    let left = plan.left.iter().map(|left| {
        let text = format!("ignored: {}", left.reason);
        Line { backup: &left.backup, fate: Fate::Left, text }
    });
    let mut lines: Vec<Line<'_>> = kept.chain(deleted).chain(left).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.backup.created_at));
    lines
}

impl Line<'_> {
    fn painted(&self, widest: usize, console: &Console) -> String {
        let BackupSummary { backup_arn, backup_name: name, created_at } = self.backup;
        let columns = format!("{name:widest$}  {}  {}", time(*created_at), self.text);
        let line = match self.fate {
            Fate::Kept if backup_arn.is_none() => console.good(&format!("+ {columns}")),
            Fate::Kept => format!("= {columns}"),
            Fate::Deleted => console.bad(&format!("- {columns}")),
            Fate::Left => console.faint(&format!("  {columns}")),
        };
        format!("  {line}")
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use tablekeeper_core::prune::retention::{Backup, backup_name};

    use super::*;
    use crate::commands::plan::prune::{Kept, Left};
    use crate::console::Stream;

    fn summary(day: u32) -> BackupSummary {
        let created_at: DateTime<Utc> = format!("2026-03-{day:02}T02:00:00Z").parse().unwrap();
        let backup = Backup {
            arn: format!("arn-{day}"),
            name: backup_name("Movies", created_at),
            created_at,
            available: true,
            table_id: "id".to_owned(),
        };
        BackupSummary::from_backup(&backup)
    }

    fn plan() -> Plan {
        let by_hand = BackupSummary { backup_name: "before".to_owned(), ..summary(3) };
        Plan {
            table: "Movies".to_owned(),
            table_id: "id".to_owned(),
            keep: vec![
                Kept { backup: BackupSummary { backup_arn: None, ..summary(5) }, rules: vec!["MaxBackups"] },
                Kept { backup: summary(4), rules: vec!["MaxBackups", "DailyBackups"] },
            ],
            delete: vec![summary(2), summary(1)],
            left: vec![Left { backup: by_hand, reason: "it was not made by this workflow" }],
            now: "2026-03-05T02:00:00Z".parse().unwrap(),
            with_new_backup: true,
        }
    }

    fn shown(plan: &Plan, colours: bool) -> String {
        lines(plan, &Console::with_colours(Stream::Stdout, colours)).join("\n")
    }

    #[test]
    fn every_backup_has_a_line_and_the_last_line_has_the_counts() {
        assert_eq!(
            shown(&plan(), false),
            "Backups of Movies\n\
             2026-03-05 02:00:00 UTC, with the backup that a run makes now\n\
             \n  + Movies-20260305T020000Z  2026-03-05 02:00:00 UTC  kept by MaxBackups\n  \
             = Movies-20260304T020000Z  2026-03-04 02:00:00 UTC  kept by MaxBackups, DailyBackups\n    \
             before                   2026-03-03 02:00:00 UTC  ignored: it was not made by this workflow\n  \
             - Movies-20260302T020000Z  2026-03-02 02:00:00 UTC  would be deleted: no rule keeps it\n  \
             - Movies-20260301T020000Z  2026-03-01 02:00:00 UTC  would be deleted: no rule keeps it\n\
             \nPlan: 2 kept, 2 to delete, 1 ignored."
        );
    }

    #[test]
    fn a_plan_without_backups_has_no_lines_for_them() {
        let none =
            Plan { keep: Vec::new(), delete: Vec::new(), left: Vec::new(), with_new_backup: false, ..plan() };
        let expected = "Backups of Movies\n2026-03-05 02:00:00 UTC\n\nPlan: 0 kept, 0 to delete, 0 ignored.";
        assert_eq!(shown(&none, false), expected);
    }

    #[test]
    fn the_limit_of_one_run_is_shown() {
        let many = Plan { delete: vec![summary(1); MOST_DELETIONS], ..plan() };
        assert!(!shown(&many, false).contains("One run"));
        let more = Plan { delete: vec![summary(1); MOST_DELETIONS + 1], ..plan() };
        let expected =
            "\nOne run deletes 200, the oldest first; the next run continues.\nPlan: 2 kept, 201 to delete";
        assert!(shown(&more, false).contains(expected));
    }

    #[test]
    fn colours_do_not_change_the_text() {
        let (coloured, plain) = (shown(&plan(), true), shown(&plan(), false));
        assert!(coloured.contains('\u{1b}') && !plain.contains('\u{1b}'));
        let uncoloured: String = coloured
            .split('\u{1b}')
            .map(|part| part.split_once('m').map_or(part, |(_, text)| text))
            .collect();
        assert_eq!(uncoloured, plain);
    }
}
