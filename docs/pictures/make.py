#!/usr/bin/env python3
"""Draws the diagrams of README.md, docs/architecture.md and docs/incremental.md: `python3 docs/pictures/make.py`."""

from svg import Picture


def workflows():
    """The sixteen workflows around a table."""
    p = Picture(1160, 592, "The sixteen workflows of tablekeeper around a DynamoDB table")
    column = lambda number: 174 + 164 * number
    row = lambda number: 72 + 68 * number
    box = lambda c, r, kind, title, caption: p.box(column(c), row(r), 146, 48, kind, title, caption)

    def arrow(c, r, to, start=None):
        """From the right of one column to the left of another."""
        p.line((start if start is not None else column(c) + 146, row(r) + 24), (to, row(r) + 24))

    left, right = 144, 1016
    p.box(16, row(0), 128, row(6) - row(0) + 48, "store", "Your table", "in DynamoDB")
    p.box(right, row(0), 128, row(6) - row(0) + 48, "store", "Other tables", "rotated copies,", "existing tables", "that you restore", "or import into")
    p.box(right, 4, 128, 44, "aws", "SSM parameter", "newest copy")
    p.line((right + 64, 48), (right + 64, row(0)))

    box(0, 0, "aws", "AWS Backup", "backs up the table")
    box(2, 0, "workflow", "rotate-restore", "new table per backup")
    arrow(0, 0, column(0), left), arrow(0, 0, column(2)), arrow(2, 0, right)
    p.line((column(2) + 73, row(0)), (column(2) + 73, 26), (right, 26))
    box(2, 1, "workflow", "sync-settings", "copies the settings")
    arrow(0, 1, column(2), left), arrow(2, 1, right)
    box(0, 2, "workflow", "backup-prune", "scheduled or manual")
    box(2, 2, "aws", "Backups", "in DynamoDB")
    arrow(0, 2, column(0), left), arrow(0, 2, column(2))
    box(4, 2, "workflow", "rollback", "to an earlier copy")
    p.line((column(4) + 146, row(2) + 24), (right - 20, row(2) + 24), (right - 20, 40), (right, 40), dashed=True)
    box(0, 3, "workflow", "export-table", "all items, in files")
    box(3, 3, "store", "Exports", "in S3")
    box(4, 3, "workflow", "import-table", "writes the items")
    arrow(0, 3, column(0), left), arrow(0, 3, column(3)), arrow(3, 3, column(4)), arrow(4, 3, right)
    box(0, 4, "workflow", "backfill", "the existing items")
    box(0, 5, "workflow", "incremental", "each stream record")
    p.box(column(1), row(4), 146, row(5) - row(4) + 48, "store", "Versioned S3", "one object per item,", "one version", "per change")
    middle = (row(4) + row(5)) / 2
    p.box(column(2), middle, 146, 48, "workflow", "snapshot", "items of one second")
    p.box(column(3), middle, 146, 48, "store", "Snapshots", "in S3")
    p.box(column(4), middle, 146, 48, "workflow", "restore-snapshot", "writes the items")
    for r in (4, 5):
        arrow(0, r, column(0), left), arrow(0, r, column(1))
    for c, to in ((1, column(2)), (2, column(3)), (3, column(4)), (4, right)):
        p.line((column(c) + 146, middle + 24), (to, middle + 24))
    box(0, 6, "store", "Failed changes", "in S3")
    box(1, 6, "workflow", "replay", "applies them later")
    box(4, 1, "workflow", "retire-copies", "deletes old copies")
    arrow(4, 1, right)
    p.line((column(0) + 73, row(5) + 48), (column(0) + 73, row(6)))
    arrow(0, 6, column(1))
    p.line((column(1) + 73, row(6)), (column(1) + 73, row(5) + 48))
    box(4, 6, "workflow", "verify-table", "checks every item")
    box(3, 6, "workflow", "restore-test", "AWS's restore tests")
    box(2, 6, "workflow", "report-execution", "how each one ended")
    box(3, 2, "workflow", "fleet", "rules about protection")
    arrow(3, 6, column(4))
    arrow(4, 6, right)
    for x, kind, label in ((330, "workflow", "workflow of tablekeeper"), (550, "store", "your data"), (680, "aws", "AWS service")):
        p.rect(x, 562, 16, 16, kind, f"{kind}-edge", 3)
        p.text(x + 24, 575, label, 13, "muted", "start")
    p.write("workflows")


def rotation():
    """One notification, from AWS Backup to the SSM parameter."""
    p = Picture(1120, 394, "One backup notification, from AWS Backup to the SSM parameter")
    p.box(16, 16, 136, 60, "aws", "AWS Backup", "backup job", "COMPLETED")
    p.box(196, 16, 150, 60, "aws", "SNS, EventBridge", "one notification", "per backup job")
    p.box(390, 16, 196, 60, "workflow", "start", "rotate_restore/start.rs", "Lambda function")
    p.box(646, 16, 196, 60, "aws", "Dead-letter queue", "what could not", "be read or started")
    p.line((152, 46), (196, 46)), p.line((346, 46), (390, 46)), p.line((586, 46), (646, 46), dashed=True)
    p.text(616, 38, "fails", 12, "muted")
    p.rect(16, 122, 912, 256, "group", "group-edge", 8)
    p.text(30, 146, "execution rot-<backup job id>", 14, anchor="start", bold=True)
    p.text(30, 164, "statemachines/rotate-restore.asl.json", 12, "muted", "start")
    p.line((488, 76), (488, 184))
    p.text(498, 106, "StartExecution", 12, "muted", "start")
    p.box(390, 184, 196, 60, "workflow", "Restore Backup", "restore_backup.rs", "starts or adopts a restore")
    p.box(646, 184, 110, 60, "group", "Wait", "1 to 10", "minutes")
    p.box(646, 298, 196, 60, "workflow", "Check Restore", "check_restore.rs", "is the table usable?")
    p.box(484, 298, 116, 60, "workflow", "Verify Table", "optional:", "verify-table")
    p.box(334, 298, 120, 60, "workflow", "Sync Settings", "optional:", "sync-settings")
    p.box(128, 298, 176, 60, "workflow", "Publish Pointer", "publish_pointer.rs", "writes and reads back")
    p.line((586, 214), (646, 214)), p.line((700, 244), (700, 298)), p.line((800, 298), (800, 214), (756, 214))
    p.text(808, 276, "PENDING", 12, "muted", "start")
    p.line((646, 328), (600, 328)), p.line((484, 328), (454, 328)), p.line((334, 328), (304, 328))
    p.text(623, 320, "READY", 12, "muted")
    p.box(960, 298, 144, 60, "store", "SSM parameter", "ARN of the", "new table")
    p.box(960, 184, 144, 60, "store", "New table", "restored from", "the backup")
    p.line((216, 358), (216, 370), (1032, 370), (1032, 358))
    p.line((540, 184), (540, 168), (1032, 168), (1032, 184))
    p.line((1032, 298), (1032, 244), dashed=True)
    p.write("rotation")


def crates():
    """Which crate depends on which."""
    p = Picture(1000, 424, "The crates of tablekeeper and their dependencies")
    p.box(150, 16, 260, 62, "workflow", "crates/cli", "the command tablekeeper")
    p.box(590, 16, 260, 62, "store", "tests", "every workflow end to end", "on the local stack")
    p.rect(16, 120, 968, 288, "group", "group-edge", 8)
    p.line((280, 78), (280, 120)), p.line((720, 78), (720, 120))
    p.text(500, 104, "both depend on all of these", 13, "muted")
    p.box(36, 140, 260, 62, "workflow", "functions", "one step per Lambda function,", "one binary")
    p.box(36, 234, 220, 62, "workflow", "crates/core", "the domain, without Lambda", "and command line")
    p.box(290, 234, 176, 62, "workflow", "crates/item-compare", "two sets of items")
    p.box(500, 234, 176, 62, "workflow", "crates/item-formats", "the lines of exports")
    p.box(36, 328, 220, 62, "workflow", "crates/execution-report", "the page about an", "execution")
    p.box(700, 140, 260, 62, "workflow", "crates/local-aws", "the local stack:", "emulator and proxy")
    p.box(700, 234, 260, 62, "workflow", "crates/contracts", "type checker of", "state machines")
    p.box(700, 328, 260, 62, "workflow", "crates/asl-check", "the check as a small", "binary"), p.line((830, 296), (830, 328))
    p.line((146, 202), (146, 234)), p.line((256, 265), (290, 265)), p.line((466, 265), (500, 265))
    p.line((296, 171), (588, 171), (588, 234)), p.line((110, 296), (110, 328)), p.line((182, 296), (182, 312), (588, 312), (588, 296))
    p.write("crates")


def timeline():
    """The versions of one item, and which of them a reading as of a second finds."""
    p = Picture(1120, 400, "The versions of one item over time, and what a reading as of a second finds")
    x = lambda second: 80 + 56 * (second - 5)
    versions = [(7, 13, "BACKFILL", "title: Film 42", "workflow"), (13, 16, "MODIFY", "title: Film forty-two", "workflow"),
                (16, 19, "REMOVE", "tombstone, 61 bytes", "aws"), (19, 22, "INSERT", "title: Film forty-two", "workflow")]
    p.text(20, 30, "One object in S3, one version per change", 15, anchor="start", bold=True)
    for begin, end, event, body, kind in versions:
        p.box(x(begin), 60, 56 * (end - begin) - 8, 64, kind, event, body)
        p.line((x(begin), 124), (x(begin), 196), arrow=False, dashed=True)
    p.text(x(22) + 8, 97, "current", 12, "muted", "start")
    p.line((40, 196), (1090, 196))
    for second in range(6, 22):
        p.line((x(second), 191), (x(second), 201), arrow=False)
        if second not in (10, 17):
            p.text(x(second), 218, f":{second:02}", 12, "muted")
    p.text(1090, 240, "time of the change, 23:01 UTC", 12, "muted", "end")
    for second, title, caption in ((10, "as of 23:01:10", "the BACKFILL version: title is Film 42"),
                                   (17, "as of 23:01:17", "the tombstone: no such item")):
        p.line((x(second), 330), (x(second), 132), color="accent", thick=2)
        p.text(x(second), 350, title, 14, "accent", bold=True)
        p.text(x(second), 370, caption, 13)
    p.text(30, 300, "before the backfill:", 12, "muted", "start")
    p.text(30, 316, "not known", 12, "muted", "start")
    p.line((95, 286), (95, 232), dashed=True)
    p.write("timeline")


if __name__ == "__main__":
    workflows()
    rotation()
    crates()
    timeline()
